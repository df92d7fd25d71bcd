//! Threads and runtimes: one for the door, which accepts, and N that serve, each with a single-threaded runtime.
//!
//! A connection lives on one thread from its handshake to its end; nothing it does wakes another core. That
//! costs a tenth to a seventh less CPU per request than one runtime over all cores. One socket is accepted in
//! one place and each connection goes to the thread that holds the fewest: with a socket per thread the kernel
//! spreads them by chance, and a second server could bind the same port unnoticed.

use crate::listen::DoorFault;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The threads of a server. Dropping them ends the threads and all that runs on them.
#[derive(Debug)]
pub struct Workers {
    door: Thread,
    serving: Vec<Worker>,
}

#[derive(Debug)]
struct Worker {
    thread: Thread,
    load: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Thread {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One connection's weight on its worker.
#[derive(Debug)]
struct Load(Arc<AtomicUsize>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Workers {
    /// Starts the door's thread and `count` serving threads (at least one), each of which may add
    /// `blocking_threads` for blocking calls.
    pub fn start(count: usize, blocking_threads: usize) -> Result<Workers, DoorFault> {
        let door = Thread::start("door".to_owned(), 1)?;
        let serving = (0..count.max(1))
            .map(|number| {
                let thread = Thread::start(format!("serve-{number}"), blocking_threads)?;
                Ok(Worker { thread, load: Arc::default() })
            })
            .collect::<Result<_, DoorFault>>()?;
        Ok(Workers { door, serving })
    }

    /// The runtime that accepts.
    pub(crate) fn door(&self) -> &Handle {
        &self.door.handle
    }

    /// How the accept loops reach the serving threads.
    pub(crate) fn roster(&self) -> Roster {
        let serving = self.serving.iter().map(|worker| (worker.thread.handle.clone(), Arc::clone(&worker.load)));
        Roster { serving: serving.collect() }
    }

    /// Handles of the serving runtimes, for what has to run on each of them.
    pub fn handles(&self) -> impl Iterator<Item = &Handle> {
        self.serving.iter().map(|worker| &worker.thread.handle)
    }
}

/// The serving threads and what each carries.
#[derive(Debug, Clone)]
pub(crate) struct Roster {
    serving: Vec<(Handle, Arc<AtomicUsize>)>,
}

impl Roster {
    /// Runs a connection on the thread that has the fewest.
    pub(crate) fn hand_over(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let (handle, load) = self.serving.iter().min_by_key(|(_, load)| load.load(Relaxed)).expect("there is at least one worker");
        load.fetch_add(1, Relaxed);
        let load = Load(Arc::clone(load));
        handle.spawn(async move {
            let _load = load;
            connection.await;
        });
    }
}

impl Thread {
    fn start(name: String, blocking_threads: usize) -> Result<Thread, DoorFault> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(blocking_threads.max(1))
            .thread_name(format!("{name}-blocking"))
            .build()
            .map_err(DoorFault::Threads)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let run = move || {
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name(name).spawn(run).map_err(DoorFault::Threads)?;
        Ok(Thread { handle, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
