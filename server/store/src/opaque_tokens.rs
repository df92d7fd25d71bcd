//! `opaque_tokens`: reference access tokens.

use claimsmith_jose::Digest;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::pg::PgConnection;
use diesel::{ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::fault::Fault;
use crate::instant;
use crate::schema::{opaque_tokens, revocations};
use crate::store::Store;
use crate::writer::{Column, Statement};

/// A reference token as it is kept.
#[derive(Debug, Clone)]
pub struct OpaqueToken {
    /// SHA-256 of the token.
    pub token_digest: Digest,
    /// SHA-256 of its `jti`, under which it can be revoked.
    pub jti_digest: Digest,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// Its claims, a JSON object.
    pub claims: Box<str>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A reference token that was found.
#[derive(Debug, Clone)]
pub struct FoundToken {
    /// The token.
    pub token: OpaqueToken,
    /// Whether it has been revoked.
    pub revoked: bool,
}

impl Store {
    /// The reference token of a digest; expired ones may or may not be found.
    pub async fn opaque_token(&self, token_digest: Digest) -> Result<Option<FoundToken>, Fault> {
        self.boundary.read(move |tx| load(tx, &token_digest)).await
    }
}

type Row = (Vec<u8>, String, String, PgTimestamp, PgTimestamp, Option<PgTimestamp>);

fn load(conn: &mut PgConnection, token_digest: &Digest) -> Result<Option<FoundToken>, Fault> {
    let row: Option<Row> = opaque_tokens::table
        .left_join(revocations::table.on(revocations::jti_digest.eq(opaque_tokens::jti_digest)))
        .filter(opaque_tokens::token_digest.eq(&token_digest.as_bytes()[..]))
        .select((
            opaque_tokens::jti_digest,
            opaque_tokens::client_id,
            opaque_tokens::claims,
            opaque_tokens::issued_at,
            opaque_tokens::expires_at,
            revocations::revoked_at.nullable(),
        ))
        .first(conn)
        .optional()?;
    let Some((jti_digest, client_id, claims, issued_at, expires_at, revoked_at)) = row else { return Ok(None) };
    let corrupt = |column| Fault::corrupt("opaque_tokens", column, token_digest.to_hex());
    let token = OpaqueToken {
        token_digest: *token_digest,
        jti_digest: Digest::try_from(jti_digest.as_slice()).map_err(|_| corrupt("jti_digest"))?,
        client_id: ClientId::parse(&client_id).map_err(|_| corrupt("client_id"))?,
        claims: claims.into(),
        issued_at: instant::from_sql(issued_at),
        expires_at: instant::from_sql(expires_at),
    };
    Ok(Some(FoundToken { token, revoked: revoked_at.is_some() }))
}

/// Inserts the tokens. One that is there already was written by an attempt whose answer was lost.
pub(crate) fn settle(conn: &mut PgConnection, rows: &[&OpaqueToken]) -> Result<(), Fault> {
    let statement = Statement::<2> {
        sql: &[
            "INSERT INTO opaque_tokens (token_digest, jti_digest, client_id, claims, issued_at, expires_at) SELECT * FROM unnest(",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ") ON CONFLICT DO NOTHING RETURNING token_digest",
        ],
        columns: vec![
            Column::Bytes(rows.iter().map(|token| &token.token_digest.as_bytes()[..]).collect()),
            Column::Bytes(rows.iter().map(|token| &token.jti_digest.as_bytes()[..]).collect()),
            Column::Text(rows.iter().map(|token| token.client_id.as_str()).collect()),
            Column::Text(rows.iter().map(|token| &*token.claims).collect()),
            Column::Instant(rows.iter().map(|token| instant::to_sql(token.issued_at)).collect()),
            Column::Instant(rows.iter().map(|token| instant::to_sql(token.expires_at)).collect()),
        ],
    };
    statement.run(conn)?;
    Ok(())
}
