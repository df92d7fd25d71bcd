//! `revocations`: access tokens that end before they expire (RFC 7009), read at every introspection.

use claimsmith_jose::Digest;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use diesel::pg::PgConnection;
use diesel::sql_types::{Binary, Bool, Nullable, Text, Timestamptz};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use crate::changes::{Change, EntityKind, Written, change};
use crate::fault::Fault;
use crate::instant;
use crate::schema::revocations;
use crate::store::Store;
use crate::writer::{Claim, Column, Outcome, Statement};

/// The end of a token.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// SHA-256 of the token's `jti`.
    pub jti_digest: Digest,
    /// The client whose token it was.
    pub client_id: ClientId,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// When it would have expired anyway.
    pub expires_at: Timestamp,
}

impl Store {
    /// Commits the claims, grouped with those of other requests; one outcome each, in their order. All are in one transaction,
    /// and a guard that lost its race does not undo the others.
    pub async fn settle(&self, claims: Vec<Claim>) -> Result<Vec<Outcome>, Fault> {
        self.writer.settle(claims).await
    }

    /// Ends a token by an administrator's hand: with the record of who did it, in one transaction. Its key there is `jti`,
    /// by which records of issuance know it.
    pub async fn revoke_as(&self, actor: &str, jti: &str, client_id: ClientId, life: (Timestamp, Timestamp)) -> Result<Written, Fault> {
        let (actor, jti, (revoked_at, expires_at)) = (actor.to_owned(), jti.to_owned(), life);
        let end = Revocation { jti_digest: Digest::of(jti.as_bytes()), client_id, revoked_at, expires_at };
        self.boundary.write(move |tx| change(tx, Change::of(&actor, "revoke", EntityKind::Token, &jti), |tx| settle(tx, &[&end]))).await
    }

    /// Of these digests of `jti`, those of revoked tokens.
    pub async fn revoked(&self, jti_digests: Vec<Digest>) -> Result<Vec<Digest>, Fault> {
        self.boundary.read(move |tx| load(tx, &jti_digests)).await
    }

    /// Whether an access token has ended before its time: revoked itself, by its `jti`; with the grant that it came of; or with
    /// everything that its client had been given until then. One statement.
    ///
    /// Tokens tell their time in whole seconds: one of the very second in which everything ended is over.
    pub async fn is_over(&self, jti: &str, client_id: &str, issued_at: Timestamp) -> Result<bool, Fault> {
        let (digest, grant) = (Digest::of(jti.as_bytes()), GrantId::of_jti(jti));
        let (client_id, issued_at) = (client_id.to_owned(), instant::to_sql(issued_at));
        self.boundary
            .read(move |tx| {
                let row: OverRow = diesel::sql_query(
                    "SELECT EXISTS (SELECT 1 FROM revocations WHERE jti_digest = $1) \
                     OR ($2 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM grants WHERE grant_id = $2 AND revoked_at IS NULL)) \
                     OR EXISTS (SELECT 1 FROM clients WHERE client_id = $3 AND tokens_ended_at >= $4) AS over",
                )
                .bind::<Binary, _>(&digest.as_bytes()[..])
                .bind::<Nullable<Binary>, _>(grant.as_ref().map(|grant| &grant.as_bytes()[..]))
                .bind::<Text, _>(&client_id)
                .bind::<Timestamptz, _>(issued_at)
                .get_result(tx)?;
                Ok(row.over)
            })
            .await
    }
}

#[derive(diesel::QueryableByName)]
struct OverRow {
    #[diesel(sql_type = Bool)]
    over: bool,
}

fn load(conn: &mut PgConnection, jti_digests: &[Digest]) -> Result<Vec<Digest>, Fault> {
    let wanted: Vec<&[u8]> = jti_digests.iter().map(|digest| &digest.as_bytes()[..]).collect();
    let rows: Vec<Vec<u8>> =
        revocations::table.filter(revocations::jti_digest.eq_any(wanted)).select(revocations::jti_digest).load(conn)?;
    rows.iter()
        .map(|bytes| Digest::try_from(bytes.as_slice()).map_err(|_| Fault::corrupt("revocations", "jti_digest", format!("{bytes:02x?}"))))
        .collect()
}

/// Inserts the revocations; a token revoked twice stays revoked.
pub(crate) fn settle(conn: &mut PgConnection, rows: &[&Revocation]) -> Result<(), Fault> {
    let statement = Statement::<3> {
        sql: &[
            "INSERT INTO revocations (jti_digest, client_id, revoked_at, expires_at) SELECT * FROM unnest(",
            ", ",
            ", ",
            ", ",
            ") ON CONFLICT DO NOTHING RETURNING jti_digest",
        ],
        columns: vec![
            Column::Bytes(rows.iter().map(|row| &row.jti_digest.as_bytes()[..]).collect()),
            Column::Text(rows.iter().map(|row| row.client_id.as_str()).collect()),
            Column::Instant(rows.iter().map(|row| instant::to_sql(row.revoked_at)).collect()),
            Column::Instant(rows.iter().map(|row| instant::to_sql(row.expires_at)).collect()),
        ],
    };
    statement.run(conn)?;
    Ok(())
}
