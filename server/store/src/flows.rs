//! `flows` and `pushed_requests`: authorization requests whose answer is still to come.

use claimsmith_issuer::grants::GrantRecord;
use claimsmith_jose::Digest;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::consents::{self, ConsentRecord};
use crate::deferred;
use crate::fault::Fault;
use crate::grants;
use crate::instant;
use crate::schema::{flows, pushed_requests};
use crate::sessions;
use crate::signed_requests;
use crate::store::Store;

/// A request whose person is on the way.
#[derive(Debug, Clone)]
pub struct Flow {
    /// SHA-256 of its id, which stands in the URL.
    pub flow_digest: Digest,
    /// SHA-256 of the cookie of the one browser that it belongs to.
    pub browser_digest: Digest,
    /// The client; none where the person came by themselves, to look after their account.
    pub client_id: Option<ClientId>,
    /// The request, a JSON object.
    pub request: Box<str>,
    /// How far the person is, a JSON object.
    pub progress: Box<str>,
    /// Counts the steps, so that two of them cannot be taken at once.
    pub version: i64,
    /// When it is too late.
    pub expires_at: Timestamp,
}

/// A pushed request.
#[derive(Debug, Clone)]
pub struct PushedRequest {
    /// SHA-256 of its `request_uri`.
    pub request_digest: Digest,
    /// The client that pushed it.
    pub client_id: ClientId,
    /// The request, a JSON object.
    pub request: Box<str>,
    /// When it is too late.
    pub expires_at: Timestamp,
}

/// Everything that becomes true when a request is answered with a code or tokens.
#[derive(Debug, Clone)]
pub struct Completion {
    /// What was allowed.
    pub grant: GrantRecord,
    /// What is remembered of the consent.
    pub consent: Option<ConsentRecord>,
    /// The session that the client got something of.
    pub session_id: Box<str>,
    /// The object that the client signed, to be kept.
    pub signed_request: Option<Box<str>>,
    /// The pushed request that is used up.
    pub pushed: Option<Digest>,
    /// The flow that ends.
    pub flow: Option<Digest>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Begins a flow.
    pub async fn begin_flow(&self, flow: Flow) -> Result<(), Fault> {
        self.boundary
            .write(move |tx| {
                diesel::insert_into(flows::table)
                    .values((
                        flows::flow_digest.eq(&flow.flow_digest.as_bytes()[..]),
                        flows::browser_digest.eq(&flow.browser_digest.as_bytes()[..]),
                        flows::client_id.eq(flow.client_id.as_ref().map(ClientId::as_str)),
                        flows::request.eq(&*flow.request),
                        flows::progress.eq(&*flow.progress),
                        flows::version.eq(flow.version),
                        flows::expires_at.eq(instant::to_sql(flow.expires_at)),
                    ))
                    .execute(tx)?;
                Ok(())
            })
            .await
    }

    /// The live flow of an id.
    pub async fn load_flow(&self, flow_digest: Digest, now: Timestamp) -> Result<Option<Flow>, Fault> {
        type Row = (Vec<u8>, Option<String>, String, String, i64, diesel::data_types::PgTimestamp);
        self.boundary
            .read(move |tx| {
                let row: Option<Row> = flows::table
                    .find(&flow_digest.as_bytes()[..])
                    .filter(flows::expires_at.gt(instant::to_sql(now)))
                    .select((flows::browser_digest, flows::client_id, flows::request, flows::progress, flows::version, flows::expires_at))
                    .first(tx)
                    .optional()?;
                let Some((browser_digest, client_id, request, progress, version, expires_at)) = row else { return Ok(None) };
                let corrupt = |column| Fault::corrupt("flows", column, flow_digest.to_hex());
                Ok(Some(Flow {
                    flow_digest,
                    browser_digest: Digest::try_from(browser_digest.as_slice()).map_err(|_| corrupt("browser_digest"))?,
                    client_id: client_id.as_deref().map(ClientId::parse).transpose().map_err(|_| corrupt("client_id"))?,
                    request: request.into(),
                    progress: progress.into(),
                    version,
                    expires_at: instant::from_sql(expires_at),
                }))
            })
            .await
    }

    /// Notes how far the person is; false when another step of the same flow was faster.
    pub async fn step_flow(&self, flow: &Flow, progress: Box<str>) -> Result<bool, Fault> {
        let (flow_digest, version) = (flow.flow_digest, flow.version);
        self.boundary
            .write(move |tx| {
                let stepped = diesel::update(flows::table.find(&flow_digest.as_bytes()[..]))
                    .filter(flows::version.eq(version))
                    .set((flows::progress.eq(&*progress), flows::version.eq(version + 1)))
                    .execute(tx)?;
                Ok(stepped == 1)
            })
            .await
    }

    /// Ends a flow without an answer of ours.
    pub async fn end_flow(&self, flow_digest: Digest) -> Result<(), Fault> {
        self.boundary
            .write(move |tx| {
                diesel::delete(flows::table.find(&flow_digest.as_bytes()[..])).execute(tx)?;
                Ok(())
            })
            .await
    }

    /// Keeps a pushed request.
    pub async fn push_request(&self, pushed: PushedRequest) -> Result<(), Fault> {
        self.boundary
            .write(move |tx| {
                diesel::insert_into(pushed_requests::table)
                    .values((
                        pushed_requests::request_digest.eq(&pushed.request_digest.as_bytes()[..]),
                        pushed_requests::client_id.eq(pushed.client_id.as_str()),
                        pushed_requests::request.eq(&*pushed.request),
                        pushed_requests::expires_at.eq(instant::to_sql(pushed.expires_at)),
                    ))
                    .execute(tx)?;
                Ok(())
            })
            .await
    }

    /// The pushed request of a `request_uri`, unless it is over or used up.
    pub async fn pushed_request(&self, request_digest: Digest, now: Timestamp) -> Result<Option<PushedRequest>, Fault> {
        self.boundary
            .read(move |tx| {
                let row: Option<(String, String, diesel::data_types::PgTimestamp)> = pushed_requests::table
                    .find(&request_digest.as_bytes()[..])
                    .filter(pushed_requests::spent_at.is_null())
                    .filter(pushed_requests::expires_at.gt(instant::to_sql(now)))
                    .select((pushed_requests::client_id, pushed_requests::request, pushed_requests::expires_at))
                    .first(tx)
                    .optional()?;
                let Some((client_id, request, expires_at)) = row else { return Ok(None) };
                let client_id =
                    ClientId::parse(&client_id).map_err(|_| Fault::corrupt("pushed_requests", "client_id", request_digest.to_hex()))?;
                Ok(Some(PushedRequest { request_digest, client_id, request: request.into(), expires_at: instant::from_sql(expires_at) }))
            })
            .await
    }

    /// Makes true what an answer says, in one transaction; false when the request has been answered before, or what a client
    /// waited for has been decided.
    pub async fn complete(&self, completion: Completion) -> Result<bool, Fault> {
        self.boundary
            .write(move |tx| {
                if let Some(pushed) = completion.pushed {
                    let spent = diesel::update(pushed_requests::table.find(&pushed.as_bytes()[..]))
                        .filter(pushed_requests::spent_at.is_null())
                        .set(pushed_requests::spent_at.eq(instant::to_sql(completion.at)))
                        .execute(tx)?;
                    if spent == 0 {
                        return Ok(false);
                    }
                }
                // Whoever decides first has decided.
                if completion.grant.allowed.deferred && !deferred::approve(tx, completion.grant.id, completion.at)? {
                    return Ok(false);
                }
                grants::insert(tx, &completion.grant)?;
                if let Some(object) = &completion.signed_request {
                    signed_requests::keep(tx, &completion.grant, object)?;
                }
                if let Some(consent) = &completion.consent {
                    consents::remember(tx, consent)?;
                }
                sessions::note_client(tx, &completion.session_id, &completion.grant.client_id)?;
                if let Some(flow) = completion.flow {
                    diesel::delete(flows::table.find(&flow.as_bytes()[..])).execute(tx)?;
                }
                Ok(true)
            })
            .await
    }
}
