//! The clock that ends slow calls: one thread that advances the engine's epoch every millisecond while calls run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::Engine;

/// Length of an epoch.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// The thread that ticks. Dropping it stops the thread.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// A call began or went on since the last tick.
    used: AtomicBool,
    parked: AtomicBool,
    stop: AtomicBool,
}

impl Ticker {
    /// Starts the thread. It parks when nothing called [`Self::touch`] for `linger`, which must be longer than any call.
    pub(crate) fn start(engine: Engine, linger: Duration) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("plugin-clock".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            let linger = u32::try_from(linger.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX);
            move || tick(&engine, &shared, linger)
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Says that a call is about to run. Costs two loads, and a wake-up after a pause.
    pub(crate) fn touch(&self) {
        if !self.shared.used.load(Ordering::SeqCst) {
            self.shared.used.store(true, Ordering::SeqCst);
        }
        if self.shared.parked.load(Ordering::SeqCst)
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread cannot panic: it only sleeps and counts.
            let _ = thread.join();
        }
    }
}

fn tick(engine: &Engine, shared: &Shared, linger: u32) {
    let mut idle = 0;
    while !shared.stop.load(Ordering::SeqCst) {
        idle = if shared.used.swap(false, Ordering::SeqCst) { 0 } else { idle + 1 };
        if idle <= linger {
            thread::sleep(TICK);
            engine.increment_epoch();
            continue;
        }
        // Invariant: `parked` is set before `used` is read, `touch` sets `used` before it reads `parked`, so one sees the other.
        shared.parked.store(true, Ordering::SeqCst);
        while !shared.used.load(Ordering::SeqCst) && !shared.stop.load(Ordering::SeqCst) {
            thread::park();
        }
        shared.parked.store(false, Ordering::SeqCst);
        idle = 0;
    }
}
