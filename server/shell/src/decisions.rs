//! The messenger of decisions: tells clients at the backchannel that they may ask, or gives them what they waited for
//! (OpenID Connect CIBA §10.2, §10.3, §12).
//!
//! What is pushed is made by the walk of the token endpoint, once: it is kept, sealed, before it is sent, and a second attempt sends
//! the same. A node that stops in between leaves a spent grant, and the client hears that the transaction failed.

use std::sync::Arc;

use bytes::Bytes;
use claimsmith_issuer::client_auth::AuthenticatedClient;
use claimsmith_issuer::grants::{Request, ciba};
use claimsmith_jose::Secret;
use claimsmith_protocol::error::ErrorCode;
use claimsmith_protocol::form::Form;
use claimsmith_protocol::registration::DeliveryMode;
use claimsmith_store::DueNotice;
use claimsmith_vault::VaultFault;
use serde_json::json;
use tokio::sync::watch;

use crate::authorize::backchannel::Told;
use crate::court::Docket;
use crate::desk::Caller;
use crate::directory::Entry;
use crate::endpoints::serve_tokens;
use crate::failure::{Failure, Fault};
use crate::fetch::{FetchRefusal, Fetcher};
use crate::http::Arrival;
use crate::messenger::{self, LEASE};
use crate::report::Report;
use crate::rooms::Rooms;
use crate::seals;

/// Attempts before a client is given up.
const ATTEMPTS: u32 = 5;
/// The wait after the first attempt, seconds; twice that after the second, and so on.
const FIRST_WAIT: u32 = 5;

/// Why a client could not be told.
#[derive(Debug, thiserror::Error)]
enum Untold {
    /// It answers nothing, or not what it should.
    #[error(transparent)]
    Unanswered(#[from] FetchRefusal),
    /// There is nothing to send.
    #[error(transparent)]
    Failed(#[from] Fault),
    /// There is nothing to send yet.
    #[error("what is pushed cannot be made: {0}")]
    Unmade(&'static str),
}

impl Untold {
    /// Whether another attempt could end otherwise (§10.2): redirects are not followed, and who does not want to hear it is not
    /// told again.
    const fn is_final(&self) -> bool {
        match self {
            Self::Unanswered(refusal) => match refusal {
                FetchRefusal::Status(status) => *status < 500,
                FetchRefusal::Connection(_)
                | FetchRefusal::TimedOut
                | FetchRefusal::Unresolvable(_)
                | FetchRefusal::Busy
                | FetchRefusal::Stopped => false,
                _ => true,
            },
            Self::Failed(_) | Self::Unmade(_) => false,
        }
    }
}

/// Tells clients until the node stops.
pub async fn tell(rooms: &Arc<Rooms>, fetcher: Fetcher, stopped: watch::Receiver<bool>) {
    let take = |most| rooms.store.take_notices(most, LEASE);
    messenger::run("decisions", take, |notice| attempt(Arc::clone(rooms), fetcher.clone(), notice), stopped).await;
}

/// One attempt, and what becomes of the notice.
async fn attempt(rooms: Arc<Rooms>, fetcher: Fetcher, notice: DueNotice) {
    let (client, attempt) = (notice.client_id.as_str(), notice.attempt);
    let settled = match send(&rooms, &fetcher, &notice).await {
        Ok(()) => rooms.store.settle_notice(notice.grant).await,
        Err(untold) if untold.is_final() || attempt >= ATTEMPTS => {
            tracing::warn!(%client, attempt, %untold, "a client was not told of a decision, and will not be");
            rooms.store.settle_notice(notice.grant).await
        }
        Err(untold) => {
            tracing::info!(%client, attempt, %untold, "a client was not told of a decision yet");
            rooms.store.postpone_notice(notice.grant, attempt, FIRST_WAIT << attempt.saturating_sub(1)).await
        }
    };
    if let Err(fault) = settled {
        tracing::warn!(%fault, %client, "what became of a client's notice could not be written; it is told again");
    }
}

/// Tells a client. One that is gone, or has registered otherwise since, is owed nothing.
async fn send(rooms: &Rooms, fetcher: &Fetcher, notice: &DueNotice) -> Result<(), Untold> {
    let Some(entry) = rooms.directory.client(&notice.client_id).await.map_err(Failure::into_fault)? else { return Ok(()) };
    let registration = &entry.client.registration;
    let Some(uri) = registration.backchannel_client_notification_endpoint.as_deref() else { return Ok(()) };
    let told = told(rooms, notice)?;
    let body = match registration.backchannel_token_delivery_mode {
        Some(DeliveryMode::Ping) => Secret::new(said(&json!({ "auth_req_id": told.auth_req_id }))),
        Some(DeliveryMode::Push) => pushed(rooms, &entry, notice, &told.auth_req_id).await?,
        Some(DeliveryMode::Poll) | None => return Ok(()),
    };
    Ok(fetcher.post_json(uri, body, Secret::new(told.token)).await?)
}

/// What was kept of the request.
fn told(rooms: &Rooms, notice: &DueNotice) -> Result<Told, Fault> {
    let opened = rooms.sealer.open(&seals::backchannel_request(&notice.grant.to_string()), &notice.sealed_request);
    let text = opened.map_err(|fault| Fault::Vault(VaultFault::Sealing(fault)))?;
    // Only what this server wrote opens, and it wrote this.
    serde_json::from_slice(text.expose()).map_err(|_| Fault::NoKey("a notice that is none"))
}

/// What is pushed: tokens, or why there are none (§10.3.1, §12).
async fn pushed(rooms: &Rooms, entry: &Arc<Entry>, notice: &DueNotice, id: &str) -> Result<Secret<Vec<u8>>, Untold> {
    let row = notice.grant.to_string();
    let place = seals::backchannel_tokens(&row);
    if let Some(sealed) = &notice.sealed_tokens {
        return Ok(rooms.sealer.open(&place, sealed).map_err(|fault| Fault::Vault(VaultFault::Sealing(fault)))?);
    }
    let tokens = match made(rooms, entry, id).await {
        Ok(tokens) => Secret::new(with_id(id, &tokens)),
        Err(code) if is_passing(code) && notice.attempt < ATTEMPTS => return Err(Untold::Unmade(code.as_str())),
        Err(code) => return Ok(Secret::new(said(&json!({ "auth_req_id": id, "error": as_pushed(code).as_str() })))),
    };
    let sealed = rooms.sealer.seal(&place, tokens.expose()).map_err(|fault| Fault::Vault(VaultFault::Sealing(fault)))?;
    rooms.store.keep_pushed_tokens(notice.grant, sealed).await.map_err(Fault::from)?;
    Ok(tokens)
}

/// The walk of the token endpoint, in the client's place.
async fn made(rooms: &Rooms, entry: &Arc<Entry>, id: &str) -> Result<Bytes, ErrorCode> {
    let arrival = Arrival::unasked();
    let mut report = Report::begin("backchannel_push", &arrival);
    let client = AuthenticatedClient::when_it_asked(Arc::clone(&entry.client));
    report.client(&entry.client.id, true);
    report.grant(ciba::TYPE);
    let (caller, request, form) = (Caller { client, entry: Arc::clone(entry) }, Request::Ciba(ciba::pushed(id)), Form::default());
    let docket = Docket {
        caller: &caller,
        request: &request,
        arrival: &arrival,
        form: &form,
        grant: ciba::TYPE,
        proof: None,
        now: rooms.clock.now(),
    };
    let walked = serve_tokens(rooms, docket, &mut report).await;
    let made = walked.as_ref().map(|answer| answer.body.clone()).map_err(Failure::code);
    report.finish(rooms, &arrival, walked).await;
    made
}

/// Whether it may end otherwise the next time.
const fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::AuthorizationPending
            | ErrorCode::SlowDown
            | ErrorCode::TemporarilyUnavailable
            | ErrorCode::ServerError
            | ErrorCode::TooManyRequests
    )
}

/// §12 has three words.
const fn as_pushed(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::AccessDenied | ErrorCode::ExpiredToken => code,
        _ => ErrorCode::TransactionFailed,
    }
}

/// The token response, with the request that it answers. The identifier is base64url, as all codes are.
fn with_id(id: &str, tokens: &[u8]) -> Vec<u8> {
    let mut out = format!("{{\"auth_req_id\":\"{id}\",").into_bytes();
    // Invariant: a token response is an object with members.
    out.extend_from_slice(tokens.get(1..).unwrap_or_default());
    out
}

fn said(document: &serde_json::Value) -> Vec<u8> {
    document.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cib_023_who_refuses_to_hear_is_not_told_again() {
        for status in [201, 302, 400, 401, 403, 404] {
            assert!(Untold::Unanswered(FetchRefusal::Status(status)).is_final(), "{status}");
        }
        for again in [FetchRefusal::Status(500), FetchRefusal::Status(503), FetchRefusal::TimedOut, FetchRefusal::Connection("x".into())] {
            assert!(!Untold::Unanswered(again).is_final());
        }
        assert!(Untold::Unanswered(FetchRefusal::OutOfBounds).is_final());
    }

    #[test]
    fn cib_025_what_is_pushed_names_its_request() {
        assert_eq!(with_id("q", br#"{"access_token":"a"}"#), br#"{"auth_req_id":"q","access_token":"a"}"#);
    }

    #[test]
    fn cib_027_a_push_knows_three_errors() {
        for (code, pushed) in [
            (ErrorCode::AccessDenied, "access_denied"),
            (ErrorCode::ExpiredToken, "expired_token"),
            (ErrorCode::InvalidGrant, "transaction_failed"),
            (ErrorCode::ServerError, "transaction_failed"),
        ] {
            assert_eq!(as_pushed(code).as_str(), pushed);
        }
    }
}
