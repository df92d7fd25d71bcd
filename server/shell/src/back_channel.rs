//! The messenger: tells clients that a session has ended (OpenID Connect Back-Channel Logout 1.0).
//!
//! What is owed stands in the database since the session ended, whoever ended it. What fails is tried again, ever more rarely, and
//! given up after `ATTEMPTS`.

use std::sync::Arc;

use claimsmith_issuer::logout::{LOGOUT_TOKEN_TYP, LogoutToken};
use claimsmith_issuer::subject::sid;
use claimsmith_store::LogoutDelivery;
use tokio::sync::watch;

use crate::companions::alg_of;
use crate::envelope::{self, Content, Letter};
use crate::failure::{Failure, Fault};
use crate::fetch::{FetchRefusal, Fetcher};
use crate::issue;
use crate::messenger::{self, LEASE};
use crate::rooms::Rooms;

/// Attempts before a client is given up.
const ATTEMPTS: u32 = 8;
/// The wait after the first attempt, seconds; twice that after the second, and so on.
const FIRST_WAIT: u32 = 5;

/// Why a client could not be told.
#[derive(Debug, thiserror::Error)]
enum Undelivered {
    /// It answers nothing, or not what it should.
    #[error(transparent)]
    Refused(#[from] FetchRefusal),
    /// Nothing could be sent.
    #[error(transparent)]
    Failed(#[from] Fault),
}

/// Delivers until the node stops.
pub async fn deliver(rooms: &Arc<Rooms>, fetcher: Fetcher, stopped: watch::Receiver<bool>) {
    let take = |most| rooms.store.take_logout_deliveries(most, LEASE);
    messenger::run("logout tokens", take, |delivery| attempt(Arc::clone(rooms), fetcher.clone(), delivery), stopped).await;
}

/// One attempt, and what becomes of the delivery.
async fn attempt(rooms: Arc<Rooms>, fetcher: Fetcher, delivery: LogoutDelivery) {
    let (client, attempt) = (delivery.client_id.as_str(), delivery.attempt);
    let settled = match send(&rooms, &fetcher, &delivery).await {
        Ok(()) => rooms.store.settle_logout_delivery(&delivery).await,
        Err(undelivered) if attempt >= ATTEMPTS => {
            tracing::warn!(%client, attempt, %undelivered, "a client was not told of the end of a session, and will not be");
            rooms.store.settle_logout_delivery(&delivery).await
        }
        Err(undelivered) => {
            tracing::info!(%client, attempt, %undelivered, "a client was not told of the end of a session yet");
            rooms.store.postpone_logout_delivery(&delivery, wait_after(attempt)).await
        }
    };
    if let Err(fault) = settled {
        tracing::warn!(%fault, %client, "what became of a logout token could not be written; it is sent again");
    }
}

/// Seconds from one attempt to the next: 5 s after the first, over ten minutes in all.
const fn wait_after(attempt: u32) -> u32 {
    FIRST_WAIT << attempt.saturating_sub(1)
}

/// Sends a logout token (§2.5). A client that is gone, or has no address for it any more, is owed nothing.
async fn send(rooms: &Rooms, fetcher: &Fetcher, delivery: &LogoutDelivery) -> Result<(), Undelivered> {
    let Some(entry) = rooms.directory.client(&delivery.client_id).await.map_err(Failure::into_fault)? else { return Ok(()) };
    let registration = &entry.client.registration;
    let Some(uri) = registration.backchannel_logout_uri.as_deref() else { return Ok(()) };
    let issued_at = rooms.clock.now().timestamp();
    let token = LogoutToken {
        issuer: rooms.urls.as_str(),
        client_id: &delivery.client_id,
        subject: &rooms.shared.subjects.subject(&entry.client, &delivery.user_id),
        sid: &sid(&delivery.session_id, &delivery.client_id),
        // A fresh one each time: a client that took the last one, whose answer was lost, would call it a replay.
        jti: &issue::fresh_jti(),
        issued_at,
    };
    let alg = alg_of(rooms, registration.id_token_signed_response_alg.as_deref())?;
    let visit = rooms.directory.visit()?;
    let text = issue::sign_beside(rooms, &visit, (alg, Some(LOGOUT_TOKEN_TYP)), &token, issued_at.seconds()).await?;
    let text = envelope::enclose(rooms, &entry, Letter::IdToken, (Content::Jwt, text)).await.map_err(Fault::from)?;
    let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &text).finish();
    Ok(fetcher.post_form(uri, form).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bcl_007_attempts_are_bounded_and_ever_rarer() {
        let waits: Vec<u32> = (1..ATTEMPTS).map(wait_after).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320]);
        assert!(waits.iter().sum::<u32>() + ATTEMPTS * LEASE < 3_600, "before the delivery itself expires");
    }
}
