//! Where plugins run that are slow as a habit: threads of their own, of low priority.
//!
//! A guest on a thread that serves has that thread to itself until the next tick, so one that burns a thousand times what
//! others need makes everybody wait who shares the thread with it, whether it answers in the end or not. Here it takes what
//! the serving threads leave over: all there is when they are idle, and next to nothing when they are not.

use std::sync::Arc;

use rustix::process::setpriority_process;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Niceness of the threads: the scheduler gives them a seventieth of what it gives a serving thread, and interrupts them at
/// once for one.
const NICENESS: i32 = 19;

/// The threads for slow plugins.
#[derive(Debug)]
pub(crate) struct SlowLane {
    /// Present until it is dropped.
    runtime: Option<Runtime>,
    /// One guest per thread.
    turns: Arc<Semaphore>,
}

impl SlowLane {
    /// Starts a thread for each two cores, at least one.
    pub(crate) fn start(cores: usize) -> std::io::Result<Self> {
        let threads = (cores / 2).max(1);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(1)
            .enable_time()
            .thread_name("slow-plugins")
            .on_thread_start(lower)
            .build()?;
        Ok(Self { runtime: Some(runtime), turns: Arc::new(Semaphore::new(threads)) })
    }

    /// Waits for one of the threads to be free.
    pub(crate) async fn turn(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.turns).acquire_owned().await.expect("the semaphore of turns is never closed")
    }

    /// The threads.
    pub(crate) fn threads(&self) -> &Handle {
        self.runtime.as_ref().expect("there until it is dropped").handle()
    }
}

impl Drop for SlowLane {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A runtime must not be waited for within another one; its guests yield at the next tick and are gone.
            runtime.shutdown_background();
        }
    }
}

/// Lowers the priority of the calling thread; on Linux the "process" 0 is the thread that asks.
fn lower() {
    if let Err(error) = setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "slow plugins run at the priority of all others");
    }
}

/// CPU time of the calling thread.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}
