//! The lane of issuance records.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::{BATCH_MAX, CLOSE_LIMIT, LINGER, Line};
use crate::fault::Fault;
use crate::settings::AuditMode;
use crate::token_audit::{self, TokenRecord};

/// So many waiting records end the lingering.
const ENOUGH: usize = BATCH_MAX / 2;

/// Between attempts while the database is away.
const PAUSE: Duration = Duration::from_millis(200);

/// One record on its way.
pub(crate) struct Job {
    pub(crate) id: [u8; 16],
    pub(crate) record: TokenRecord,
    pub(crate) reply: Option<oneshot::Sender<Result<(), Fault>>>,
}

pub(crate) fn run(mut jobs: mpsc::Receiver<Job>, mut line: Line, mode: AuditMode) {
    let mut batch = Vec::new();
    while jobs.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        if mode == AuditMode::Grouped {
            linger(&jobs, batch.len());
            while batch.len() < BATCH_MAX {
                let Ok(job) = jobs.try_recv() else { break };
                batch.push(job);
            }
        }
        write(&mut line, std::mem::take(&mut batch));
    }
}

fn linger(jobs: &mpsc::Receiver<Job>, taken: usize) {
    let since = Instant::now();
    while taken + jobs.len() < ENOUGH && since.elapsed() < LINGER && !jobs.is_closed() {
        std::thread::sleep(LINGER / 5);
    }
}

/// Writes the batch, however long the database is away; only closing ends the patience.
fn write(line: &mut Line, jobs: Vec<Job>) {
    let mut closing_since = None;
    loop {
        let rows: Vec<(&[u8; 16], &TokenRecord)> = jobs.iter().map(|job| (&job.id, &job.record)).collect();
        let fault = match line.with_connection(|conn| token_audit::append(conn, &rows)) {
            Ok(()) => {
                line.counts.record_commits.fetch_add(1, Ordering::Relaxed);
                line.counts.recorded.fetch_add(jobs.len() as u64, Ordering::Relaxed);
                return answer(jobs, &Ok(()));
            }
            Err(fault) => fault,
        };
        let passing = fault.ends_connection() || matches!(fault, Fault::Timeout { .. });
        if !passing && jobs.len() > 1 {
            return jobs.into_iter().for_each(|job| write(line, vec![job]));
        }
        if line.is_closing() {
            closing_since.get_or_insert_with(Instant::now);
        }
        let awaited = jobs.iter().any(|job| job.reply.is_some());
        if !passing || awaited || closing_since.is_some_and(|since| since.elapsed() > CLOSE_LIMIT) {
            tracing::error!(%fault, records = jobs.len(), "issuance records could not be written");
            line.counts.lost_records.fetch_add(jobs.len() as u64, Ordering::Relaxed);
            return answer(jobs, &Err(fault));
        }
        std::thread::sleep(PAUSE);
    }
}

fn answer(jobs: Vec<Job>, result: &Result<(), Fault>) {
    for reply in jobs.into_iter().filter_map(|job| job.reply) {
        let _ = reply.send(result.clone());
    }
}
