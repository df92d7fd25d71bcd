//! Grouped writes: what gathers while one commit runs is written by the next, in one statement per kind.
//!
//! Two lanes, each one thread with one connection and a bounded queue:
//! - the settle lane, on which requests wait. It never lingers, and a full queue is an answer: 503;
//! - the audit lane, on which nobody waits unless `audit.tokens = "sync"`. It lets records gather for [`LINGER`], and a full
//!   queue makes requests wait for room, so that no record is dropped.
//!
//! Rows are sorted by key, so that two batches cannot deadlock. A batch that fails is written row by row, so no row fails its
//! neighbours. Every row carries an id of its own: after a connection was lost during a commit the batch is simply written
//! again, and a row that is there already under that id is this row. A waiter that goes away changes nothing: its row
//! travels with the batch.

mod audit_lane;
mod settle_lane;
mod statement;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::pg::PgConnection;
use tokio::sync::{mpsc, oneshot};

use crate::connection::Connector;
use crate::fault::Fault;
use crate::settings::{AuditMode, Settings};
use crate::token_audit::TokenRecord;

pub use settle_lane::{Claim, Outcome};
pub(crate) use statement::{Column, Statement};

/// How long issuance records gather before they are written, unless many have.
pub(crate) const LINGER: Duration = Duration::from_millis(50);

/// The most rows of one statement.
pub(crate) const BATCH_MAX: usize = 512;

/// How long closing waits for a database that does not answer.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// The writer of this node.
pub(crate) struct Writer {
    settles: Option<mpsc::Sender<settle_lane::Job>>,
    records: Option<mpsc::Sender<audit_lane::Job>>,
    mode: AuditMode,
    wait: Duration,
    patience: Duration,
    lanes: Vec<JoinHandle<()>>,
    counts: Arc<Counts>,
    closing: Arc<AtomicBool>,
    ids: Arc<RowIds>,
}

/// Running totals of the writer.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    settled: AtomicU64,
    settle_commits: AtomicU64,
    recorded: AtomicU64,
    record_commits: AtomicU64,
    lost_records: AtomicU64,
}

/// What the writer has done since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriterCounts {
    /// Rows that were settled, won or lost.
    pub settled: u64,
    /// Commits that settled them.
    pub settle_commits: u64,
    /// Issuance records written.
    pub recorded: u64,
    /// Commits that wrote them.
    pub record_commits: u64,
    /// Issuance records that could not be written, each logged as an error.
    pub lost_records: u64,
    /// Settles that wait now.
    pub settle_queue: u64,
    /// Records that wait now.
    pub record_queue: u64,
}

/// Ids for rows: unique in the deployment, growing within a process so that an index on them stays compact.
#[derive(Debug)]
pub(crate) struct RowIds {
    prefix: [u8; 8],
    next: AtomicU64,
}

impl RowIds {
    fn new() -> Result<Self, Fault> {
        use std::io::Read;
        let mut prefix = [0; 8];
        let mut source = std::fs::File::open("/dev/urandom").map_err(|error| Fault::Settings(format!("/dev/urandom: {error}")))?;
        source.read_exact(&mut prefix).map_err(|error| Fault::Settings(format!("/dev/urandom: {error}")))?;
        Ok(Self { prefix, next: AtomicU64::new(0) })
    }

    pub(crate) fn next(&self) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.prefix);
        id[8..].copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        id
    }
}

impl Writer {
    /// Starts both lanes. They connect when they first have something to write.
    pub(crate) fn start(connector: Connector, settings: &Settings) -> Result<Self, Fault> {
        let (settles, settle_jobs) = mpsc::channel(settings.settle_queue);
        let (records, record_jobs) = mpsc::channel(settings.audit_queue);
        let (counts, closing) = (Arc::new(Counts::default()), Arc::new(AtomicBool::new(false)));
        let line = |connector| Line { connector, conn: None, counts: Arc::clone(&counts), closing: Arc::clone(&closing) };
        let settle_line = line(connector.clone());
        let audit_line = line(connector);
        let mode = settings.audit_mode;
        let lanes = vec![
            spawn("store-settle", move || settle_lane::run(settle_jobs, settle_line))?,
            spawn("store-audit", move || audit_lane::run(record_jobs, audit_line, mode))?,
        ];
        let (settles, records) = (Some(settles), Some(records));
        let ids = Arc::new(RowIds::new()?);
        let (wait, patience) = (settings.permit_timeout, settings.patience());
        Ok(Self { settles, records, mode, wait, patience, lanes, counts, closing, ids })
    }

    /// Writes the claims in one transaction and answers one outcome each, in their order.
    pub(crate) async fn settle(&self, claims: Vec<Claim>) -> Result<Vec<Outcome>, Fault> {
        let (reply, answer) = oneshot::channel();
        let queue = self.settles.as_ref().ok_or(Fault::Closed)?;
        let job = settle_lane::Job::new(claims, &self.ids, reply);
        queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Fault::Full { what: "the settle queue" },
            mpsc::error::TrySendError::Closed(_) => Fault::Closed,
        })?;
        self.answered(answer).await
    }

    /// Hands over an issuance record; waits for room, and in sync mode for the commit.
    pub(crate) async fn record(&self, record: TokenRecord) -> Result<(), Fault> {
        let queue = self.records.as_ref().ok_or(Fault::Closed)?;
        let (reply, answer) = match self.mode {
            AuditMode::Grouped => (None, None),
            AuditMode::Sync => {
                let (reply, answer) = oneshot::channel();
                (Some(reply), Some(answer))
            }
        };
        let job = audit_lane::Job { id: self.ids.next(), record, reply };
        match queue.try_send(job) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(Fault::Closed),
            Err(mpsc::error::TrySendError::Full(job)) => match tokio::time::timeout(self.wait, queue.send(job)).await {
                Ok(sent) => sent.map_err(|_| Fault::Closed)?,
                Err(_) => return Err(Fault::Full { what: "the audit queue" }),
            },
        }
        match answer {
            None => Ok(()),
            Some(answer) => self.answered(answer).await,
        }
    }

    /// Waits for a lane, but not for ever. Who gives up does not know whether the rows will be written after all.
    async fn answered<T>(&self, answer: oneshot::Receiver<Result<T, Fault>>) -> Result<T, Fault> {
        match tokio::time::timeout(self.patience, answer).await {
            Ok(answered) => answered.map_err(|_| Fault::Closed)?,
            Err(_) => Err(Fault::silent()),
        }
    }

    pub(crate) fn counts(&self) -> WriterCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let waiting = |max: usize, free: usize| (max - free) as u64;
        WriterCounts {
            settled: read(&self.counts.settled),
            settle_commits: read(&self.counts.settle_commits),
            recorded: read(&self.counts.recorded),
            record_commits: read(&self.counts.record_commits),
            lost_records: read(&self.counts.lost_records),
            settle_queue: self.settles.as_ref().map_or(0, |queue| waiting(queue.max_capacity(), queue.capacity())),
            record_queue: self.records.as_ref().map_or(0, |queue| waiting(queue.max_capacity(), queue.capacity())),
        }
    }

    /// Lets the lanes write what is queued, and waits for them.
    pub(crate) fn finish(mut self) {
        self.close();
    }

    fn close(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        self.settles = None;
        self.records = None;
        for lane in self.lanes.drain(..) {
            if lane.join().is_err() {
                tracing::error!("a lane of the writer panicked");
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

fn spawn(name: &str, lane: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Fault> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(lane)
        .map_err(|error| Fault::Settings(format!("cannot start a thread: {error}")))
}

/// One lane's connection and what it shares with the writer.
pub(crate) struct Line {
    connector: Connector,
    conn: Option<PgConnection>,
    counts: Arc<Counts>,
    closing: Arc<AtomicBool>,
}

impl Line {
    /// Runs idempotent work; when the connection breaks under it, once more on a new one.
    fn with_connection<T>(&mut self, work: impl Fn(&mut PgConnection) -> Result<T, Fault>) -> Result<T, Fault> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.connector.open()?,
        };
        match self.run(conn, &work) {
            Err(_) if self.conn.is_none() => {
                let conn = self.connector.open()?;
                self.run(conn, &work)
            }
            result => result,
        }
    }

    fn run<T>(&mut self, mut conn: PgConnection, work: &impl Fn(&mut PgConnection) -> Result<T, Fault>) -> Result<T, Fault> {
        let result = work(&mut conn);
        // Only a connection that is known to be good is kept: after anything unclear the next batch opens another.
        if !result.as_ref().is_err_and(|fault| fault.ends_connection() || fault.is_unclear()) {
            self.conn = Some(conn);
        }
        result
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}
