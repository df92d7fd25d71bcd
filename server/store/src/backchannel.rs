//! `backchannel_notices` and `request_codes`: what clients at the backchannel are told, and the codes with which people let them ask.

use claimsmith_issuer::grants::DeferredState;
use claimsmith_issuer::person::UserId;
use claimsmith_jose::Digest;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryableByName, RunQueryDsl};

use crate::fault::Fault;
use crate::schema::{backchannel_notices, request_codes};
use crate::store::Store;

/// A client that is to be told. Whoever holds it has it for themselves until the lease is over.
#[derive(Debug, Clone)]
pub struct DueNotice {
    /// What it is about.
    pub grant: GrantId,
    /// The client.
    pub client_id: ClientId,
    /// What has to be known to tell it, sealed.
    pub sealed_request: Vec<u8>,
    /// What is pushed, sealed, where it was made before.
    pub sealed_tokens: Option<Vec<u8>>,
    /// What became of it; pending where nobody decided in time.
    pub state: DeferredState,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// Fewest attempts first, so that clients which never answer do not hold up those that do.
const TAKE: &str = "UPDATE backchannel_notices n SET attempts = n.attempts + 1, attempt_at = now() + $2 * interval '1 s' \
     FROM (SELECT grant_id, d.state FROM backchannel_notices JOIN deferred d USING (grant_id) \
           WHERE attempt_at <= now() AND backchannel_notices.expires_at > now() \
           ORDER BY attempts, attempt_at LIMIT $1 FOR UPDATE OF backchannel_notices SKIP LOCKED) due \
     WHERE n.grant_id = due.grant_id \
     RETURNING n.grant_id, n.client_id, n.sealed_request, n.sealed_tokens, due.state, n.attempts";

const POSTPONE: &str = "UPDATE backchannel_notices SET attempt_at = now() + $3 * interval '1 s' WHERE grant_id = $1 AND attempts = $2";

impl Store {
    /// Takes notices that are due, at most `limit`, for `lease` seconds: no other node attempts them meanwhile, and if this one goes
    /// down with them, another does afterwards.
    pub async fn take_notices(&self, limit: u32, lease: u32) -> Result<Vec<DueNotice>, Fault> {
        self.boundary
            .write(move |tx| {
                let rows: Vec<Row> =
                    diesel::sql_query(TAKE).bind::<BigInt, _>(i64::from(limit)).bind::<BigInt, _>(i64::from(lease)).load(tx)?;
                rows.into_iter().map(DueNotice::try_from).collect()
            })
            .await
    }

    /// Keeps the tokens that will be pushed, so that a second attempt pushes the same.
    pub async fn keep_pushed_tokens(&self, grant: GrantId, sealed: Vec<u8>) -> Result<(), Fault> {
        self.boundary
            .write(move |tx| {
                diesel::update(backchannel_notices::table.find(&grant.as_bytes()[..]))
                    .set(backchannel_notices::sealed_tokens.eq(sealed))
                    .execute(tx)?;
                Ok(())
            })
            .await
    }

    /// Ends a notice: the client knows, or nobody tries any more.
    pub async fn settle_notice(&self, grant: GrantId) -> Result<(), Fault> {
        self.boundary
            .write(move |tx| {
                diesel::delete(backchannel_notices::table.find(&grant.as_bytes()[..])).execute(tx)?;
                Ok(())
            })
            .await
    }

    /// Has a notice attempted again after `seconds`, unless somebody else has it by now.
    pub async fn postpone_notice(&self, grant: GrantId, attempt: u32, seconds: u32) -> Result<(), Fault> {
        self.boundary
            .write(move |tx| {
                diesel::sql_query(POSTPONE)
                    .bind::<Binary, _>(&grant.as_bytes()[..])
                    .bind::<Integer, _>(i32::try_from(attempt).unwrap_or(i32::MAX))
                    .bind::<BigInt, _>(i64::from(seconds))
                    .execute(tx)?;
                Ok(())
            })
            .await
    }

    /// The digest of a person's code for requests.
    pub async fn request_code(&self, user: &UserId) -> Result<Option<Digest>, Fault> {
        let user = user.clone();
        self.boundary
            .read(move |tx| {
                let held: Option<Vec<u8>> =
                    request_codes::table.find(user.as_str()).select(request_codes::code_digest).first(tx).optional()?;
                let corrupt = |_| Fault::corrupt("request_codes", "code_digest", user.to_string());
                held.map(|bytes| Digest::try_from(bytes.as_slice()).map_err(corrupt)).transpose()
            })
            .await
    }

    /// Sets a person's code for requests, or takes it away.
    pub async fn set_request_code(&self, user: &UserId, code: Option<Digest>) -> Result<(), Fault> {
        let user = user.clone();
        self.boundary
            .write(move |tx| {
                match code {
                    None => diesel::delete(request_codes::table.find(user.as_str())).execute(tx)?,
                    Some(code) => {
                        let digest = &code.as_bytes()[..];
                        diesel::insert_into(request_codes::table)
                            .values((request_codes::user_id.eq(user.as_str()), request_codes::code_digest.eq(digest)))
                            .on_conflict(request_codes::user_id)
                            .do_update()
                            .set((request_codes::code_digest.eq(digest), request_codes::updated_at.eq(diesel::dsl::now)))
                            .execute(tx)?
                    }
                };
                Ok(())
            })
            .await
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Binary)]
    grant_id: Vec<u8>,
    #[diesel(sql_type = Text)]
    client_id: String,
    #[diesel(sql_type = Binary)]
    sealed_request: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    sealed_tokens: Option<Vec<u8>>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Integer)]
    attempts: i32,
}

impl TryFrom<Row> for DueNotice {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let corrupt = |column| Fault::corrupt("backchannel_notices", column, String::new());
        Ok(Self {
            grant: GrantId::from_bytes(row.grant_id.as_slice().try_into().map_err(|_| corrupt("grant_id"))?),
            client_id: ClientId::parse(&row.client_id).map_err(|_| corrupt("client_id"))?,
            sealed_request: row.sealed_request,
            sealed_tokens: row.sealed_tokens,
            state: crate::deferred::state_of(&row.state).ok_or_else(|| corrupt("state"))?,
            attempt: u32::try_from(row.attempts).map_err(|_| corrupt("attempts"))?,
        })
    }
}
