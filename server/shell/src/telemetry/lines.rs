//! Lines on their way to a file descriptor: gathered by whoever logs, written by a thread of its own, many at a time.
//!
//! A queue that hands over one line at a time costs the token path a wake-up and the server a system call for each; here a
//! request appends to a buffer, and the thread writes whole buffers at most [`PERIOD`] later. What is urgent is not kept.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line that is not urgent may be kept.
const PERIOD: Duration = Duration::from_millis(20);

/// Where lines are handed in. Handing in never waits for a write: what does not fit is dropped and counted.
#[derive(Debug, Clone)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    gathered: Mutex<Gathered>,
    arrived: Condvar,
    dropped: AtomicU64,
    limit: usize,
}

#[derive(Debug, Default)]
struct Gathered {
    bytes: Vec<u8>,
    lines: usize,
    /// The thread waits for a first line.
    idle: bool,
    urgent: bool,
    ended: bool,
}

/// Ends the thread, after it has written everything, when dropped.
#[derive(Debug)]
pub(super) struct Guard {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread; it keeps at most `limit` lines.
pub(super) fn start(limit: usize, to: impl Write + Send + 'static) -> io::Result<(Lines, Guard)> {
    let (gathered, arrived, dropped) = Default::default();
    let shared = Arc::new(Shared { gathered, arrived, dropped, limit });
    let write = {
        let shared = Arc::clone(&shared);
        move || shared.write_to(to)
    };
    let thread = std::thread::Builder::new().name("log".to_owned()).spawn(write)?;
    Ok((Lines(Arc::clone(&shared)), Guard { shared, thread: Some(thread) }))
}

impl Lines {
    /// How many lines were dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_in(&self, line: &[u8], urgent: bool) {
        let mut gathered = self.gathered();
        if gathered.lines >= self.limit {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        gathered.bytes.extend_from_slice(line);
        gathered.lines += 1;
        gathered.urgent |= urgent;
        if urgent || std::mem::take(&mut gathered.idle) {
            self.arrived.notify_one();
        }
    }

    fn write_to(&self, mut to: impl Write) {
        let mut taken = Vec::new();
        while let Some(()) = self.take(&mut taken) {
            // Nobody is left to tell when the log itself cannot be written.
            let _ = to.write_all(&taken).and_then(|()| to.flush());
            taken.clear();
        }
    }

    /// Waits for lines and swaps them into `taken`; none once it has ended and all was taken.
    fn take(&self, taken: &mut Vec<u8>) -> Option<()> {
        let mut gathered = self.gathered();
        gathered.idle = gathered.bytes.is_empty();
        let wait = |gathered: &mut Gathered| gathered.bytes.is_empty() && !gathered.ended;
        gathered = self.arrived.wait_while(gathered, wait).unwrap_or_else(PoisonError::into_inner);
        let more = |gathered: &mut Gathered| !gathered.urgent && !gathered.ended;
        (gathered, _) = self.arrived.wait_timeout_while(gathered, PERIOD, more).unwrap_or_else(PoisonError::into_inner);
        gathered.urgent = false;
        gathered.lines = 0;
        std::mem::swap(&mut gathered.bytes, taken);
        (!taken.is_empty() || !gathered.ended).then_some(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.gathered().ended = true;
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Takes one event's line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    shared: &'a Shared,
    urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.shared.hand_in(bytes, self.urgent);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { shared: &self.0, urgent: false }
    }

    /// Warnings and errors may be the last words of a process: they are written at once.
    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line<'a> {
        Line { shared: &self.0, urgent: *of.level() <= Level::WARN }
    }
}
