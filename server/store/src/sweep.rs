//! The sweeper: removes what has expired, in small batches, until nothing is left.

use std::time::Duration;

use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;

use crate::connection::Tx;
use crate::fault::Fault;
use crate::replay_guards::MARGIN;
use crate::store::Store;

/// Rows of one statement: few milliseconds, so that writers beside it hardly notice.
const BATCH: i64 = 2000;

/// How long the record of changes is kept: far longer than any node may lag and still be ready.
const CHANGES_KEPT: i64 = 3600;

/// How long grants are kept beyond their end: no access token lives longer than a year (`lifetimes.access_token_ceiling`), and hardly
/// any longer than this. One that does ends with its grant's row.
const GRANTS_KEPT: i64 = 7 * 86_400;

/// What one round removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Replay guards.
    pub guards: u64,
    /// Reference tokens.
    pub tokens: u64,
    /// Revocations.
    pub revocations: u64,
    /// Issuance records, and requests that clients signed.
    pub records: u64,
    /// Records of what changed.
    pub changes: u64,
    /// Nodes that have not been seen for an hour.
    pub nodes: u64,
    /// Grants that nothing can come of any more.
    pub grants: u64,
    /// Sessions that are over, and what clients could not be told of them.
    pub sessions: u64,
    /// Authorization requests that were not finished, pushed ones, and those that clients waited for.
    pub requests: u64,
    /// Failures to sign in that weigh nothing any more.
    pub failures: u64,
}

impl Swept {
    /// All of them together.
    pub const fn total(&self) -> u64 {
        self.guards
            + self.tokens
            + self.revocations
            + self.records
            + self.changes
            + self.nodes
            + self.failures
            + self.grants
            + self.sessions
            + self.requests
    }
}

/// A table with what expires in it. Rows are skipped while another node's sweeper has them.
struct Broom {
    sql: &'static str,
}

const GUARDS: Broom = Broom {
    sql: "DELETE FROM replay_guards WHERE (client_id, jti_digest) IN (SELECT client_id, jti_digest FROM replay_guards \
          WHERE expires_at < now() - $1 * interval '1 s' ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const TOKENS: Broom = Broom {
    sql: "DELETE FROM opaque_tokens WHERE token_digest IN (SELECT token_digest FROM opaque_tokens \
          WHERE expires_at < now() - $1 * interval '1 s' ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const REVOCATIONS: Broom = Broom {
    sql: "DELETE FROM revocations WHERE jti_digest IN (SELECT jti_digest FROM revocations \
          WHERE expires_at < now() - $1 * interval '1 s' ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const RECORDS: Broom = Broom {
    sql: "DELETE FROM token_audit WHERE record_id IN (SELECT record_id FROM token_audit \
          WHERE happened_at < now() - $1 * interval '1 s' ORDER BY happened_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const SIGNED: Broom = Broom {
    sql: "DELETE FROM signed_requests WHERE grant_id IN (SELECT grant_id FROM signed_requests \
          WHERE answered_at < now() - $1 * interval '1 s' ORDER BY answered_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const NODES: Broom = Broom {
    sql: "DELETE FROM nodes WHERE node_id IN (SELECT node_id FROM nodes \
          WHERE seen_at < now() - $1 * interval '1 s' LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const FAILURES: Broom = Broom {
    sql: "DELETE FROM sign_in_failures WHERE bucket_digest IN (SELECT bucket_digest FROM sign_in_failures \
          WHERE drained_at < now() - $1 * interval '1 s' ORDER BY drained_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
/// A grant outlives its end by the longest life of an access token, for those lead to it: one whose grant is not there has ended.
const GRANTS: Broom = Broom {
    sql: "DELETE FROM grants WHERE grant_id IN (SELECT grant_id FROM grants \
          WHERE expires_at < now() - $1 * interval '1 s' ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const SESSIONS: Broom = Broom {
    sql: "DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions \
          WHERE expires_at < now() - $1 * interval '1 s' ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const DELIVERIES: Broom = Broom {
    sql: "DELETE FROM logout_deliveries WHERE (client_id, session_id) IN (SELECT client_id, session_id FROM logout_deliveries \
          WHERE expires_at < now() - $1 * interval '1 s' ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const FLOWS: Broom = Broom {
    sql: "DELETE FROM flows WHERE flow_digest IN (SELECT flow_digest FROM flows \
          WHERE expires_at < now() - $1 * interval '1 s' ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const PUSHED: Broom = Broom {
    sql: "DELETE FROM pushed_requests WHERE request_digest IN (SELECT request_digest FROM pushed_requests \
          WHERE expires_at < now() - $1 * interval '1 s' ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
const DEFERRED: Broom = Broom {
    sql: "DELETE FROM deferred WHERE grant_id IN (SELECT grant_id FROM deferred \
          WHERE expires_at < now() - $1 * interval '1 s' ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
};
/// Says first how far it has swept, so that a node which had not read that far reloads everything.
const CHANGES: Broom = Broom {
    sql: "WITH old AS (SELECT generation, entity_kind, entity_key FROM changes WHERE changed_at < now() - $1 * interval '1 s' \
          ORDER BY generation LIMIT $2 FOR UPDATE SKIP LOCKED), \
          said AS (UPDATE generation SET swept_through = greatest(swept_through, (SELECT max(generation) FROM old)) WHERE EXISTS (SELECT 1 FROM old)) \
          DELETE FROM changes c USING old WHERE (c.generation, c.entity_kind, c.entity_key) = (old.generation, old.entity_kind, old.entity_key)",
};

impl Store {
    /// Removes everything that has expired by the database's clock. Batches are separate transactions, and each takes its
    /// turn at a connection like any request.
    pub async fn sweep(&self) -> Result<Swept, Fault> {
        let mut swept = Swept {
            guards: self.sweep_table(&GUARDS, MARGIN).await?,
            tokens: self.sweep_table(&TOKENS, MARGIN).await?,
            revocations: self.sweep_table(&REVOCATIONS, MARGIN).await?,
            changes: self.sweep_table(&CHANGES, CHANGES_KEPT).await?,
            nodes: self.sweep_table(&NODES, CHANGES_KEPT).await?,
            failures: self.sweep_table(&FAILURES, 0).await?,
            records: 0,
            grants: self.sweep_table(&GRANTS, GRANTS_KEPT).await?,
            sessions: self.sweep_table(&SESSIONS, CHANGES_KEPT).await? + self.sweep_table(&DELIVERIES, MARGIN).await?,
            requests: self.sweep_table(&FLOWS, MARGIN).await?
                + self.sweep_table(&PUSHED, MARGIN).await?
                + self.sweep_table(&DEFERRED, CHANGES_KEPT).await?,
        };
        if let Some(kept) = self.audit_retention.map(|kept: Duration| i64::try_from(kept.as_secs()).unwrap_or(i64::MAX)) {
            swept.records = self.sweep_table(&RECORDS, kept).await? + self.sweep_table(&SIGNED, kept).await?;
        }
        Ok(swept)
    }

    async fn sweep_table(&self, broom: &'static Broom, older_than: i64) -> Result<u64, Fault> {
        let mut total = 0;
        loop {
            let swept = self.boundary.write(move |tx| sweep_batch(tx, broom, older_than)).await?;
            total += swept as u64;
            if (swept as i64) < BATCH {
                return Ok(total);
            }
        }
    }
}

fn sweep_batch(tx: &mut Tx, broom: &Broom, older_than: i64) -> Result<usize, Fault> {
    Ok(diesel::sql_query(broom.sql).bind::<BigInt, _>(older_than).bind::<BigInt, _>(BATCH).execute(tx)?)
}
