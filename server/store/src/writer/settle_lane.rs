//! The lane on which requests wait.

use std::sync::atomic::Ordering;

use claimsmith_issuer::grants::GrantRecord;
use diesel::Connection;
use diesel::pg::PgConnection;
use tokio::sync::{mpsc, oneshot};

use super::{BATCH_MAX, Line, RowIds};
use crate::fault::Fault;
use crate::grants::{self, GrantAdvance, GrantTouch};
use crate::opaque_tokens::{self, OpaqueToken};
use crate::replay_guards::{self, ReplayGuard};
use crate::revocations::{self, Revocation};

/// Something that must be in the database before its request is answered.
#[derive(Debug, Clone)]
pub enum Claim {
    /// The one use of an assertion.
    Guard(ReplayGuard),
    /// A reference token.
    Token(OpaqueToken),
    /// The end of a token.
    Revocation(Revocation),
    /// A grant that begins with its first tokens.
    Grant(Box<GrantRecord>),
    /// The use of a code or of a refresh token.
    Advance(Box<GrantAdvance>),
    /// The use of a refresh token that stays.
    Touch(GrantTouch),
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is committed.
    Settled,
    /// Somebody else was first.
    LostRace,
}

/// The claims of one request, and where its answer goes.
pub(crate) struct Job {
    claims: Vec<(Claim, [u8; 16])>,
    reply: oneshot::Sender<Result<Vec<Outcome>, Fault>>,
}

impl Job {
    pub(crate) fn new(claims: Vec<Claim>, ids: &RowIds, reply: oneshot::Sender<Result<Vec<Outcome>, Fault>>) -> Self {
        Self { claims: claims.into_iter().map(|claim| (claim, ids.next())).collect(), reply }
    }
}

pub(crate) fn run(mut jobs: mpsc::Receiver<Job>, mut line: Line) {
    let mut batch = Vec::new();
    while jobs.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        settle(&mut line, std::mem::take(&mut batch));
    }
}

fn settle(line: &mut Line, jobs: Vec<Job>) {
    match write(line, &jobs) {
        Ok(outcomes) => {
            for (job, outcomes) in jobs.into_iter().zip(outcomes) {
                // The waiter may have gone; what it asked for is committed all the same.
                let _ = job.reply.send(Ok(outcomes));
            }
        }
        // Away or slow, it would be so for every row.
        Err(fault) if jobs.len() == 1 || fault.ends_connection() || matches!(fault, Fault::Timeout { .. }) => {
            for job in jobs {
                let _ = job.reply.send(Err(fault.clone()));
            }
        }
        Err(fault) => {
            tracing::warn!(%fault, rows = jobs.len(), "a batch failed and is written row by row");
            for job in jobs {
                settle(line, vec![job]);
            }
        }
    }
}

/// Writes the batch; one transaction, and where there is only one kind, one statement.
fn write(line: &mut Line, jobs: &[Job]) -> Result<Vec<Vec<Outcome>>, Fault> {
    let mut batch = Batch::default();
    for job in jobs {
        for (claim, id) in &job.claims {
            match claim {
                Claim::Guard(guard) => batch.guards.push((guard, id)),
                Claim::Token(token) => batch.tokens.push(token),
                Claim::Revocation(revocation) => batch.revocations.push(revocation),
                Claim::Grant(grant) => batch.grants.push(grant),
                Claim::Advance(advance) => batch.advances.push((advance, id)),
                Claim::Touch(touch) => batch.touches.push(touch),
            }
        }
    }
    // Invariant: two batches that meet take their rows in the same order, so neither waits for the other.
    batch.guards.sort_by_key(|(guard, id)| (guard.key(), **id));
    batch.tokens.sort_by_key(|token| *token.token_digest.as_bytes());
    batch.revocations.sort_by_key(|revocation| *revocation.jti_digest.as_bytes());
    batch.grants.sort_by_key(|grant| grant.id);
    batch.advances.sort_by_key(|(advance, id)| (advance.grant, **id));
    batch.touches.sort_by_key(|touch| touch.grant);

    let winners = line.with_connection(|conn| batch.write(conn))?;
    line.counts.settle_commits.fetch_add(1, Ordering::Relaxed);
    line.counts.settled.fetch_add(jobs.iter().map(|job| job.claims.len() as u64).sum(), Ordering::Relaxed);
    let outcome = |(claim, id): &(Claim, [u8; 16])| match claim {
        Claim::Guard(_) | Claim::Advance(_) if !winners.contains(&id[..]) => Outcome::LostRace,
        Claim::Guard(_) | Claim::Advance(_) => Outcome::Settled,
        Claim::Grant(_) | Claim::Token(_) | Claim::Revocation(_) | Claim::Touch(_) => Outcome::Settled,
    };
    Ok(jobs.iter().map(|job| job.claims.iter().map(outcome).collect()).collect())
}

#[derive(Default)]
struct Batch<'a> {
    guards: Vec<(&'a ReplayGuard, &'a [u8; 16])>,
    tokens: Vec<&'a OpaqueToken>,
    revocations: Vec<&'a Revocation>,
    grants: Vec<&'a GrantRecord>,
    advances: Vec<(&'a GrantAdvance, &'a [u8; 16])>,
    touches: Vec<&'a GrantTouch>,
}

impl Batch<'_> {
    /// Answers the settle ids of the guards and advances that won.
    fn write(&self, conn: &mut PgConnection) -> Result<std::collections::HashSet<Vec<u8>>, Fault> {
        let kinds = [
            self.guards.is_empty(),
            self.tokens.is_empty(),
            self.revocations.is_empty(),
            self.grants.is_empty(),
            self.advances.is_empty(),
            self.touches.is_empty(),
        ];
        if kinds.iter().filter(|empty| !**empty).count() <= 1 {
            return self.statements(conn);
        }
        conn.transaction(|conn| self.statements(conn))
    }

    fn statements(&self, conn: &mut PgConnection) -> Result<std::collections::HashSet<Vec<u8>>, Fault> {
        let mut winners = if self.guards.is_empty() { Vec::new() } else { replay_guards::settle(conn, &self.guards)? };
        if !self.grants.is_empty() {
            grants::begin(conn, &self.grants)?;
        }
        if !self.advances.is_empty() {
            winners.extend(grants::advance(conn, &self.advances)?);
        }
        if !self.touches.is_empty() {
            grants::touch(conn, &self.touches)?;
        }
        if !self.tokens.is_empty() {
            opaque_tokens::settle(conn, &self.tokens)?;
        }
        if !self.revocations.is_empty() {
            revocations::settle(conn, &self.revocations)?;
        }
        Ok(winners.into_iter().collect())
    }
}
