//! `deferred`: what clients wait for while somebody decides on another device.

use claimsmith_issuer::grants::{DeferredKind, DeferredState, Polled};
use claimsmith_issuer::person::UserId;
use claimsmith_jose::Digest;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::schema::{backchannel_notices, deferred, users};
use crate::store::Store;

/// How much longer a client waits each time it was too fast, seconds (RFC 8628 §3.5).
const SLOWER: i32 = 5;

/// The longest that it ever has to, seconds.
const SLOWEST: i32 = 300;

/// Something that a client waits for.
#[derive(Debug, Clone)]
pub struct Deferred {
    /// The grant that an approval makes.
    pub grant: GrantId,
    /// SHA-256 of the code with which the client asks.
    pub code_digest: Digest,
    /// The digest of what the person types.
    pub user_code_digest: Option<Digest>,
    /// The client.
    pub client_id: ClientId,
    /// The request, a JSON object.
    pub request: Box<str>,
    /// Seconds between two questions of the client.
    pub interval: u32,
    /// How it began.
    pub kind: DeferredKind,
    /// Who is to decide, where the client named them.
    pub user_id: Option<UserId>,
    /// When it is too late.
    pub expires_at: Timestamp,
}

/// What is owed to a client that is told of the decision.
#[derive(Debug, Clone)]
pub struct Notice {
    /// What has to be known to tell it, sealed.
    pub sealed_request: Vec<u8>,
    /// Whether it is told where nobody decides, too.
    pub of_expiry: bool,
}

/// How long anybody tries to tell a client of a decision, seconds after it would be too late to decide.
const NOTICE_LIFE: i64 = 3_600;

const PENDING: &str = "pending";

impl Store {
    /// Begins to wait; false where something else that is waited for has the same user code.
    pub async fn defer(&self, waiting: Deferred) -> Result<bool, Fault> {
        self.boundary.write(move |tx| insert(tx, &waiting)).await
    }

    /// Begins to wait for a person whom the client named; false where as many as `most` wait for them already.
    pub async fn defer_for_person(&self, waiting: Deferred, notice: Option<Notice>, most: u32, now: Timestamp) -> Result<bool, Fault> {
        self.boundary
            .write(move |tx| {
                let user_id = waiting.user_id.as_ref().map(UserId::as_str);
                // Those who ask at the same moment are counted one after the other.
                let held: Option<String> =
                    users::table.find(user_id.unwrap_or_default()).select(users::user_id).for_no_key_update().first(tx).optional()?;
                let waiting_now: i64 = deferred::table
                    .filter(deferred::user_id.eq(user_id))
                    .filter(deferred::state.eq(PENDING))
                    .filter(deferred::expires_at.gt(instant::to_sql(now)))
                    .count()
                    .get_result(tx)?;
                if held.is_none() || waiting_now >= i64::from(most) {
                    return Ok(false);
                }
                insert(tx, &waiting)?;
                if let Some(notice) = notice {
                    let due = notice.of_expiry.then(|| instant::to_sql(waiting.expires_at));
                    diesel::insert_into(backchannel_notices::table)
                        .values((
                            backchannel_notices::grant_id.eq(&waiting.grant.as_bytes()[..]),
                            backchannel_notices::client_id.eq(waiting.client_id.as_str()),
                            backchannel_notices::sealed_request.eq(notice.sealed_request),
                            backchannel_notices::attempt_at.eq(due),
                            backchannel_notices::expires_at
                                .eq(instant::to_sql(Timestamp::from_seconds(waiting.expires_at.seconds() + NOTICE_LIFE))),
                        ))
                        .execute(tx)?;
                }
                Ok(true)
            })
            .await
    }

    /// What waits for a person, the oldest first.
    pub async fn deferred_of_person(&self, user: &UserId, now: Timestamp) -> Result<Vec<Deferred>, Fault> {
        let user = user.clone();
        self.boundary
            .read(move |tx| {
                let rows: Vec<Row> = deferred::table
                    .filter(deferred::user_id.eq(user.as_str()))
                    .filter(deferred::state.eq(PENDING))
                    .filter(deferred::expires_at.gt(instant::to_sql(now)))
                    .order((deferred::created_at, deferred::grant_id))
                    .select(COLUMNS)
                    .load(tx)?;
                rows.into_iter().map(read).collect()
            })
            .await
    }

    /// What a person means who types a code, while it can be decided.
    pub async fn deferred_by_user_code(&self, digest: Digest, now: Timestamp) -> Result<Option<Deferred>, Fault> {
        self.boundary
            .read(move |tx| {
                let row: Option<Row> = deferred::table
                    .filter(deferred::user_code_digest.eq(&digest.as_bytes()[..]))
                    .filter(deferred::state.eq(PENDING))
                    .filter(deferred::expires_at.gt(instant::to_sql(now)))
                    .select(COLUMNS)
                    .first(tx)
                    .optional()?;
                row.map(read).transpose()
            })
            .await
    }

    /// A client asks what became of it: counted, and slowed down where it comes too soon. Nothing for another client or with another
    /// code, which slow nobody down.
    pub async fn poll_deferred(
        &self,
        (kind, grant): (DeferredKind, GrantId),
        code: Digest,
        client_id: ClientId,
        now: Timestamp,
    ) -> Result<Option<Polled>, Fault> {
        type Held = (String, i32, Option<PgTimestamp>, PgTimestamp);
        self.boundary
            .write(move |tx| {
                let held: Option<Held> = deferred::table
                    .find(&grant.as_bytes()[..])
                    .filter(deferred::kind.eq(kind.as_str()))
                    .filter(deferred::client_id.eq(client_id.as_str()))
                    .filter(deferred::code_digest.eq(&code.as_bytes()[..]))
                    .select((deferred::state, deferred::poll_interval, deferred::last_polled_at, deferred::expires_at))
                    .for_update()
                    .first(tx)
                    .optional()?;
                let Some((state, interval, before, expires_at)) = held else { return Ok(None) };
                let corrupt = |column| Fault::corrupt("deferred", column, grant.to_string());
                // The first question may come at once.
                let too_fast = before.is_some_and(|before| now.since(instant::from_sql(before)) < i64::from(interval));
                let interval = if too_fast { (interval + SLOWER).min(SLOWEST) } else { interval };
                diesel::update(deferred::table.find(&grant.as_bytes()[..]))
                    .set((deferred::last_polled_at.eq(instant::to_sql(now)), deferred::poll_interval.eq(interval)))
                    .execute(tx)?;
                let state = state_of(&state).ok_or_else(|| corrupt("state"))?;
                Ok(Some(Polled { digest: code, state, too_fast, expires_at: instant::from_sql(expires_at) }))
            })
            .await
    }

    /// Somebody says no; false where it was decided before, or it is too late.
    pub async fn deny_deferred(&self, grant: GrantId, now: Timestamp) -> Result<bool, Fault> {
        self.boundary.write(move |tx| decide(tx, grant, "denied", now)).await
    }
}

pub(crate) fn state_of(text: &str) -> Option<DeferredState> {
    match text {
        PENDING => Some(DeferredState::Pending),
        "approved" => Some(DeferredState::Approved),
        "denied" => Some(DeferredState::Denied),
        _ => None,
    }
}

fn insert(tx: &mut Tx, waiting: &Deferred) -> Result<bool, Fault> {
    let inserted = diesel::insert_into(deferred::table)
        .values((
            deferred::kind.eq(waiting.kind.as_str()),
            deferred::user_id.eq(waiting.user_id.as_ref().map(UserId::as_str)),
            deferred::grant_id.eq(&waiting.grant.as_bytes()[..]),
            deferred::code_digest.eq(&waiting.code_digest.as_bytes()[..]),
            deferred::user_code_digest.eq(waiting.user_code_digest.as_ref().map(|digest| &digest.as_bytes()[..])),
            deferred::client_id.eq(waiting.client_id.as_str()),
            deferred::request.eq(&*waiting.request),
            deferred::poll_interval.eq(i32::try_from(waiting.interval).unwrap_or(SLOWEST)),
            deferred::expires_at.eq(instant::to_sql(waiting.expires_at)),
        ))
        .on_conflict(deferred::user_code_digest)
        .do_nothing()
        .execute(tx)?;
    Ok(inserted == 1)
}

/// Somebody says yes; false where it was decided before, or it is too late.
pub(crate) fn approve(tx: &mut Tx, grant: GrantId, now: Timestamp) -> Result<bool, Fault> {
    decide(tx, grant, "approved", now)
}

fn decide(tx: &mut Tx, grant: GrantId, state: &str, now: Timestamp) -> Result<bool, Fault> {
    let decided = diesel::update(deferred::table.find(&grant.as_bytes()[..]))
        .filter(deferred::state.eq(PENDING))
        .filter(deferred::expires_at.gt(instant::to_sql(now)))
        .set(deferred::state.eq(state))
        .execute(tx)?;
    if decided == 0 {
        return Ok(false);
    }
    // Who is told is told now.
    diesel::update(backchannel_notices::table.find(&grant.as_bytes()[..]).filter(backchannel_notices::attempts.eq(0)))
        .set(backchannel_notices::attempt_at.eq(diesel::dsl::now))
        .execute(tx)?;
    Ok(true)
}

type Row = (Vec<u8>, Vec<u8>, Option<Vec<u8>>, String, String, i32, PgTimestamp, String, Option<String>);

type Columns = (
    deferred::grant_id,
    deferred::code_digest,
    deferred::user_code_digest,
    deferred::client_id,
    deferred::request,
    deferred::poll_interval,
    deferred::expires_at,
    deferred::kind,
    deferred::user_id,
);

const COLUMNS: Columns = (
    deferred::grant_id,
    deferred::code_digest,
    deferred::user_code_digest,
    deferred::client_id,
    deferred::request,
    deferred::poll_interval,
    deferred::expires_at,
    deferred::kind,
    deferred::user_id,
);

fn read((grant, code, user_code, client_id, request, interval, expires_at, kind, user_id): Row) -> Result<Deferred, Fault> {
    let Ok(id) = <[u8; 16]>::try_from(grant.as_slice()) else { return Err(Fault::corrupt("deferred", "grant_id", String::new())) };
    let grant = GrantId::from_bytes(id);
    let corrupt = |column| Fault::corrupt("deferred", column, grant.to_string());
    let digest = |column, bytes: &[u8]| Digest::try_from(bytes).map_err(|_| corrupt(column));
    Ok(Deferred {
        grant,
        code_digest: digest("code_digest", &code)?,
        user_code_digest: user_code.as_deref().map(|bytes| digest("user_code_digest", bytes)).transpose()?,
        client_id: ClientId::parse(&client_id).map_err(|_| corrupt("client_id"))?,
        request: request.into(),
        interval: u32::try_from(interval).map_err(|_| corrupt("poll_interval"))?,
        kind: match kind.as_str() {
            "device" => DeferredKind::Device,
            "ciba" => DeferredKind::Backchannel,
            _ => return Err(corrupt("kind")),
        },
        user_id: user_id.map(|id| UserId::parse(&id).map_err(|_| corrupt("user_id"))).transpose()?,
        expires_at: instant::from_sql(expires_at),
    })
}
