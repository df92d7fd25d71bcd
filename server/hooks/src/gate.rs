//! Who may run when. A call that ends within two ticks passes untouched; one that overruns them needs a place.
//!
//! Calls are made on the threads of the server, one per core, and a call that never yields has its core to itself. So
//! calls of one plugin can only stand in the way of others once one of them overruns. From that moment its calls need a
//! place: one per core, and at most half of all cores for one plugin. Waiting is first come, first served, and bounded.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::fault::HookFault;
use crate::settings::Settings;

/// The gate of one plugin.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Calls that overran and have not ended.
    long: AtomicU32,
    waiting: AtomicUsize,
    /// One place on each core.
    cores: Box<[Arc<Semaphore>]>,
    /// Half of all cores.
    share: Arc<Semaphore>,
    queue: usize,
    queue_wait: Duration,
}

/// A place among the calls of a plugin that may run long.
#[derive(Debug)]
pub(crate) struct Place {
    _core: OwnedSemaphorePermit,
    _share: OwnedSemaphorePermit,
}

impl Gate {
    pub(crate) fn new(settings: &Settings) -> Self {
        let cores = settings.cores.max(1);
        Self {
            long: AtomicU32::new(0),
            waiting: AtomicUsize::new(0),
            cores: (0..cores).map(|_| Arc::new(Semaphore::new(1))).collect(),
            share: Arc::new(Semaphore::new((cores / 2).max(1))),
            queue: settings.queue,
            queue_wait: settings.queue_wait,
        }
    }

    /// Waits for a turn. `None`: nothing of this plugin runs long, and no place is needed yet.
    pub(crate) async fn enter(&self) -> Result<Option<Place>, HookFault> {
        if self.long.load(Ordering::Relaxed) == 0 && self.waiting.load(Ordering::Relaxed) == 0 {
            return Ok(None);
        }
        let _waiter = self.queue()?;
        match timeout_at(Instant::now() + self.queue_wait, self.place()).await {
            Ok(place) => Ok(Some(place)),
            Err(_) => Err(HookFault::Busy),
        }
    }

    /// Joins those who wait; refused when they are too many.
    pub(crate) fn queue(&self) -> Result<Waiter<'_>, HookFault> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(HookFault::Busy);
        }
        Ok(Waiter(self))
    }

    /// Waits for a share of the cores, without a place on one of them.
    pub(crate) async fn share(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.share).acquire_owned().await.expect("the semaphores of a gate are never closed")
    }

    /// A place, if there is one right now.
    fn place_now(&self) -> Option<Place> {
        let core = Arc::clone(self.core()).try_acquire_owned().ok()?;
        let share = Arc::clone(&self.share).try_acquire_owned().ok()?;
        Some(Place { _core: core, _share: share })
    }

    fn core(&self) -> &Arc<Semaphore> {
        &self.cores[ordinal() % self.cores.len()]
    }

    async fn place(&self) -> Place {
        // Invariant: the core before the share, everywhere, so that two calls never wait for each other.
        let core = Arc::clone(self.core()).acquire_owned().await.expect("the semaphores of a gate are never closed");
        let share = self.share().await;
        Place { _core: core, _share: share }
    }
}

/// A call that overran its first two ticks. Ends with the call's store.
#[derive(Debug)]
pub(crate) struct Overrun {
    gate: Arc<Gate>,
    place: Mutex<Option<Place>>,
}

impl Overrun {
    pub(crate) fn begin(gate: &Arc<Gate>, place: Option<Place>) -> Arc<Self> {
        gate.long.fetch_add(1, Ordering::Relaxed);
        // Before it yields: whoever runs comes before those who have not begun.
        let place = place.or_else(|| gate.place_now());
        Arc::new(Self { gate: Arc::clone(gate), place: Mutex::new(place) })
    }

    /// Lets others run, and waits for a place if the call has none. Returns at `deadline` in any case.
    pub(crate) async fn pause(self: Arc<Self>, deadline: std::time::Instant) {
        tokio::task::yield_now().await;
        if !self.has_place()
            && let Ok(place) = timeout_at(deadline.into(), self.gate.place()).await
        {
            *self.place.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(place);
        }
    }

    /// Whether the call may go on.
    pub(crate) fn has_place(&self) -> bool {
        self.place.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_some()
    }
}

impl Drop for Overrun {
    fn drop(&mut self) {
        self.gate.long.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One that waits.
#[derive(Debug)]
pub(crate) struct Waiter<'a>(&'a Gate);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A number of this thread; the server's runtimes have one thread each.
fn ordinal() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static MINE: Cell<Option<usize>> = const { Cell::new(None) });
    MINE.with(|mine| {
        mine.get().unwrap_or_else(|| {
            let ordinal = NEXT.fetch_add(1, Ordering::Relaxed);
            mine.set(Some(ordinal));
            ordinal
        })
    })
}
