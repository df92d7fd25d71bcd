//! `replay_guards`: each assertion once, on all nodes (RFC 7523 §3 item 7).

use claimsmith_jose::Digest;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use diesel::pg::PgConnection;

use crate::fault::Fault;
use crate::instant;
use crate::writer::{Column, Statement};

/// How long a guard stays beyond the end of its assertion, in seconds: longer than any skew between a node's clock and the
/// database's, so that no node still believes an assertion whose guard has gone.
pub(crate) const MARGIN: i64 = 600;

/// The one use of an assertion. The scope of uniqueness is the client and the `jti`.
#[derive(Debug, Clone)]
pub struct ReplayGuard {
    /// The client that made the assertion.
    pub client_id: ClientId,
    /// SHA-256 of its `jti`.
    pub jti_digest: Digest,
    /// When the assertion would be refused anyway: its `exp` and the allowed skew.
    pub expires_at: Timestamp,
}

impl ReplayGuard {
    pub(crate) fn key(&self) -> (&str, [u8; 32]) {
        (self.client_id.as_str(), *self.jti_digest.as_bytes())
    }
}

/// Inserts the guards, each with the settle id of its row, and answers the settle ids that are in the table now: the winners.
///
/// Of equal keys in the batch the first wins. A guard whose assertion has long expired is overwritten. A row that is there
/// under the same settle id was written by an attempt whose answer was lost, and has won.
pub(crate) fn settle(conn: &mut PgConnection, rows: &[(&ReplayGuard, &[u8; 16])]) -> Result<Vec<Vec<u8>>, Fault> {
    let statement = Statement::<1> {
        sql: &[
            "INSERT INTO replay_guards AS held (client_id, jti_digest, settle_id, expires_at) \
             SELECT DISTINCT ON (client_id, jti_digest) client_id, jti_digest, settle_id, expires_at FROM unnest(",
            ", ",
            ", ",
            ", ",
            ", ",
            ") AS claimed (client_id, jti_digest, settle_id, expires_at, ordinal) ORDER BY client_id, jti_digest, ordinal \
             ON CONFLICT (client_id, jti_digest) DO UPDATE SET settle_id = excluded.settle_id, expires_at = excluded.expires_at \
             WHERE held.expires_at < now() - interval '600 s' OR held.settle_id = excluded.settle_id \
             RETURNING settle_id",
        ],
        columns: vec![
            Column::Text(rows.iter().map(|(guard, _)| guard.client_id.as_str()).collect()),
            Column::Bytes(rows.iter().map(|(guard, _)| &guard.jti_digest.as_bytes()[..]).collect()),
            Column::Bytes(rows.iter().map(|(_, id)| &id[..]).collect()),
            Column::Instant(rows.iter().map(|(guard, _)| instant::to_sql(guard.expires_at)).collect()),
            Column::Number((0..).take(rows.len()).collect()),
        ],
    };
    Ok(statement.run(conn)?)
}
