//! Records, in: what must be known to the ledger before anything leaves.

use std::sync::Arc;

use claimsmith_issuer::claims::Recorded;
use claimsmith_issuer::grants::{Entitled, From, Remedy};
use claimsmith_issuer::introspect::KnownToken;
use claimsmith_jose::Digest;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_store::{Claim, Ending, Fault, OpaqueToken, Outcome, Revocation, TokenRecord};

use crate::failure::Failure;
use crate::http::RequestId;
use crate::issue::Reference;
use crate::rooms::Rooms;

/// What the ledger learns beside the token itself.
pub struct Circumstances {
    /// The grant.
    pub grant: GrantType,
    /// The bindings whose plugins shaped it, each with its digest, in order.
    pub shaped_by: Vec<(i64, Digest)>,
    /// The request.
    pub request: RequestId,
    /// The subject of the token.
    pub subject: Box<str>,
    /// Whose grant it hangs on, where it does.
    pub of_person: Option<OfPerson>,
    /// The use of a code or refresh token; it must still be good.
    pub advance: Option<Claim>,
}

/// What the ledger learns of a person's grant.
pub struct OfPerson {
    /// The grant.
    pub grant: GrantId,
    /// Whether a code was used.
    pub is_code: bool,
}

impl OfPerson {
    /// Of an entitlement, where it is for a person.
    pub fn of(entitled: &Entitled) -> Option<Self> {
        let person = entitled.person.as_ref()?;
        let is_code = matches!(person.from, From::Code(_));
        Some(Self { grant: person.grant.id, is_code })
    }
}

/// What the loser of a race is told: the same as everybody whose code or token is no good.
const LOST: &str = "the code or token is invalid, expired, revoked, or another client's";

/// Settles a reference token, and hands the issuance record to its queue.
pub async fn settle(
    rooms: &Rooms,
    client_id: &ClientId,
    reference: Option<Reference>,
    token: Recorded,
    mut circumstances: Circumstances,
) -> Result<(), Failure> {
    let mut rows: Vec<Claim> = circumstances.advance.take().into_iter().collect();
    let advances = !rows.is_empty();
    if let Some(reference) = reference {
        let row = OpaqueToken {
            token_digest: reference.digest,
            jti_digest: Digest::of(token.jti.as_bytes()),
            client_id: client_id.clone(),
            claims: reference.claims.into(),
            issued_at: token.issued_at,
            expires_at: token.expires_at,
        };
        rows.push(Claim::Token(row));
    }
    if !rows.is_empty() {
        let outcomes = rooms.store.settle(rows).await?;
        if advances && outcomes.first() == Some(&Outcome::LostRace) {
            return Err(lost(rooms, &circumstances).await);
        }
    }
    rooms.store.record(issuance(rooms, client_id, token, circumstances)).await?;
    Ok(())
}

/// Somebody else has used the code or refresh token in the meantime.
async fn lost(rooms: &Rooms, circumstances: &Circumstances) -> Failure {
    let Some((grant, is_code)) = circumstances.of_person.as_ref().map(|person| (person.grant, person.is_code)) else {
        return Refusal::new(ErrorCode::InvalidGrant, Reason::UnknownGrantHandle, LOST).into();
    };
    // A code that comes twice is in two hands (RFC 6749 §4.1.2). A refresh token that lost a race may be a retry: the winner's live.
    if is_code && let Err(failure) = remedy(rooms, Remedy::Revoke(grant)).await {
        return failure;
    }
    let reason = if is_code { Reason::SpentCode } else { Reason::ReplayedRefreshToken };
    Refusal::new(ErrorCode::InvalidGrant, reason, LOST).into()
}

/// A refusal of the court, whose remedy is done.
pub async fn refused(rooms: &Rooms, refusal: Refusal, wanted: Option<Remedy>) -> Failure {
    match wanted {
        None => refusal.into(),
        Some(wanted) => remedy(rooms, wanted).await.err().unwrap_or_else(|| refusal.into()),
    }
}

/// Does what a refusal wants done, before it leaves.
pub async fn remedy(rooms: &Rooms, remedy: Remedy) -> Result<(), Failure> {
    let now = rooms.clock.now().timestamp();
    match remedy {
        Remedy::Revoke(grant) => {
            rooms.store.end_grants(Ending::Grant(grant), now).await?;
        }
        Remedy::Spend(grant, digest) => rooms.store.spend_code(grant, digest, now).await?,
    }
    Ok(())
}

fn issuance(rooms: &Rooms, client_id: &ClientId, token: Recorded, circumstances: Circumstances) -> TokenRecord {
    let Circumstances { grant, shaped_by, request, subject, .. } = circumstances;
    let place = |binding: i64| shaped_by.iter().position(|(shaper, _)| *shaper == binding);
    let sources = token.provenance.into_iter().filter_map(|entry| Some((entry.what, place(entry.binding)?)));
    TokenRecord {
        happened_at: token.issued_at,
        token_id: Some(token.jti),
        client_id: client_id.clone(),
        grant_type: grant.as_str().into(),
        outcome: "issued".into(),
        subject: Some(subject),
        scopes: token.scopes,
        audience: token.audience,
        claim_sources: sources.collect(),
        plugin_digests: shaped_by.iter().map(|(_, digest)| *digest).collect(),
        request_id: request.to_string().into(),
        node_id: Arc::clone(&rooms.node_id),
        expires_at: Some(token.expires_at),
    }
}

/// Hands the record of a refusal or a failure to its queue (SEC-010). Nobody waits for it, and where the queue is full it
/// is not worth a request's time: the log and the counters have it too.
pub async fn refusal(rooms: &Rooms, client_id: &str, endpoint: &'static str, reason: &'static str, request: RequestId) {
    let Ok(client_id) = ClientId::parse(client_id) else { return };
    let record = TokenRecord {
        happened_at: rooms.clock.now().timestamp(),
        token_id: None,
        client_id,
        grant_type: endpoint.into(),
        outcome: reason.into(),
        subject: None,
        scopes: Vec::new(),
        audience: Vec::new(),
        claim_sources: Vec::new(),
        plugin_digests: Vec::new(),
        request_id: request.to_string().into(),
        node_id: Arc::clone(&rooms.node_id),
        expires_at: None,
    };
    if let Err(fault) = rooms.store.record(record).await {
        tracing::warn!(%fault, "the record of a refusal was not written");
    }
}

/// Ends a token, on every node: introspection reads the same row.
pub async fn revoke(rooms: &Rooms, token: &KnownToken) -> Result<(), Failure> {
    let corrupt = || Failure::from(Fault::Corrupt { table: "opaque_tokens", column: "client_id", id: String::new() });
    let revocation = Revocation {
        jti_digest: Digest::of(token.jti.as_bytes()),
        client_id: ClientId::parse(&token.client_id).map_err(|_| corrupt())?,
        revoked_at: rooms.clock.now().timestamp(),
        expires_at: token.expires_at,
    };
    rooms.store.settle(vec![Claim::Revocation(revocation)]).await?;
    Ok(())
}
