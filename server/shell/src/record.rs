//! Records, in: what must be known to the ledger before anything leaves.

use std::sync::Arc;

use claimsmith_issuer::claims::{Claims, Recorded, Shaped};
use claimsmith_issuer::introspect::KnownToken;
use claimsmith_jose::Digest;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::id::ClientId;
use claimsmith_store::{Claim, Fault, OpaqueToken, Revocation, TokenRecord};

use crate::desk::Caller;
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
}

/// Settles a reference token, and hands the issuance record to its queue.
pub async fn settle(
    rooms: &Rooms,
    caller: &Caller,
    reference: Option<Reference>,
    claims: Claims<Shaped>,
    circumstances: Circumstances,
) -> Result<(), Failure> {
    let client_id = &caller.client.client().id;
    if let Some(reference) = reference {
        let row = OpaqueToken {
            token_digest: reference.digest,
            jti_digest: Digest::of(claims.jti().as_bytes()),
            client_id: client_id.clone(),
            claims: reference.claims.into(),
            issued_at: claims.issued_at(),
            expires_at: claims.expires_at(),
        };
        rooms.store.settle(vec![Claim::Token(row)]).await?;
    }
    rooms.store.record(issuance(rooms, client_id, claims.into_record(), circumstances)).await?;
    Ok(())
}

fn issuance(rooms: &Rooms, client_id: &ClientId, token: Recorded, circumstances: Circumstances) -> TokenRecord {
    let Circumstances { grant, shaped_by, request } = circumstances;
    let place = |binding: i64| shaped_by.iter().position(|(shaper, _)| *shaper == binding);
    let sources = token.provenance.into_iter().filter_map(|entry| Some((entry.what, place(entry.binding)?)));
    TokenRecord {
        happened_at: token.issued_at,
        token_id: Some(token.jti),
        client_id: client_id.clone(),
        grant_type: grant.as_str().into(),
        outcome: "issued".into(),
        subject: Some(client_id.as_str().into()),
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
