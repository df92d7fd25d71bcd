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
    /// The one use of a DPoP proof: unique for its key, whoever presents it (RFC 9449 §11.1). `digest` is over target and `jti`.
    // Invariant: a thumbprint has the characters of a client identifier. A client of that very name whose assertion had that very
    // digest could only keep a proof from being used at all.
    pub fn of_key(jkt: &Digest, digest: Digest, expires_at: Timestamp) -> Self {
        let client_id = ClientId::parse(&jkt.to_base64url()).expect("base64url is printable");
        Self { client_id, jti_digest: digest, expires_at }
    }

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

#[cfg(test)]
mod tests {
    use diesel::RunQueryDsl;

    use super::*;
    use crate::connection::Connector;
    use crate::settings::Settings;
    use crate::testing::TestDatabase;

    #[test]
    fn batches_of_any_size_share_one_prepared_statement() {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            statement: String,
        }
        let database = TestDatabase::migrated();
        let mut conn = Connector::new(database.url(), &Settings::default()).open().unwrap();
        let guard = |number: u8| ReplayGuard {
            client_id: ClientId::parse("c").unwrap(),
            jti_digest: Digest::of(&[number]),
            expires_at: Timestamp::from_seconds(4_000_000_000),
        };
        for (first, size) in [(0, 1), (1, 3), (4, 20)] {
            let guards: Vec<ReplayGuard> = (first..first + size).map(guard).collect();
            let rows: Vec<_> = guards.iter().map(|guard| (guard, &[7; 16])).collect();
            assert_eq!(settle(&mut conn, &rows).unwrap().len(), usize::from(size));
        }
        let prepared: Vec<Row> =
            diesel::sql_query("SELECT statement FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO replay_guards%'")
                .load(&mut conn)
                .unwrap();
        assert_eq!(prepared.len(), 1);
        assert!(prepared[0].statement.contains(&format!("interval '{MARGIN} s'")), "the sweeper and the statement agree");
    }
}
