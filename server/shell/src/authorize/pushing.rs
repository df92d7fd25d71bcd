//! A request that its client pushes before its person comes (RFC 9126).

use claimsmith_issuer::authorize::Column;
use claimsmith_jose::Digest;
use claimsmith_protocol::authorize::Parameters;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::PushedRequest;

use super::arriving::{PUSHED, resolve, shape};
use super::{Entry, Stop, flow};
use crate::browser;
use crate::directory::Visit;
use crate::failure::Failure;
use crate::http::Arrival;
use crate::report::Report;
use crate::rooms::Rooms;

/// FAPI 2.0 Security Profile §5.3.2.2: less than ten minutes.
const FAPI_LIFETIME_MAX: u32 = 599;

/// Whose request it is, and how it came.
pub struct Pushing<'a> {
    /// The client's request.
    pub arrival: &'a Arrival,
    /// The policy it is held against.
    pub visit: &'a Visit,
    /// The client, which has authenticated.
    pub entry: &'a Entry,
    /// The thumbprint of the key of its proof, where there is one.
    pub jkt: Option<String>,
    /// The thumbprint of its instance's key, where an attestation names it.
    pub instance: Option<String>,
}

/// What the client is told.
pub struct Pushed {
    /// What stands for the request from now on.
    pub request_uri: String,
    /// For how long, in seconds.
    pub expires_in: u32,
}

/// Checks a request and keeps it. What would be told to the client by way of the browser is told here (RFC 9126 §2.3).
pub async fn push(rooms: &Rooms, pushing: Pushing<'_>, sent: Parameters, report: &mut Report) -> Result<Pushed, Failure> {
    let Pushing { arrival, visit, entry, jkt, instance } = pushing;
    let now = rooms.clock.now();
    let mut kept = resolve(rooms, (visit, entry), sent, Column::Par, now).await.map_err(told)?;
    shape(rooms, arrival, (visit, entry), &mut kept, report).await.map_err(told)?;
    let asked = flow::ask_at(rooms, visit, entry, &kept, Column::Par).map_err(|refusal| told(refusal.into()))?;
    // RFC 9449 §10.1: both ways of naming the key must name the same.
    if let (Some(named), Some(shown)) = (&asked.dpop_jkt, &jkt)
        && **named != **shown
    {
        return Err(Refusal::new(ErrorCode::InvalidDpopProof, Reason::WrongProof, "dpop_jkt is not the key of the proof").into());
    }
    kept.dpop_jkt = jkt;
    kept.instance = instance;
    let most = if entry.client.registration.is_fapi() { FAPI_LIFETIME_MAX } else { u32::MAX };
    let expires_in = rooms.settings.people.pushed_request_lifetime.seconds().min(most);
    let request_uri = format!("{PUSHED}{}", browser::fresh_secret());
    let pushed = PushedRequest {
        request_digest: Digest::of(request_uri.as_bytes()),
        client_id: entry.client.id.clone(),
        // Invariant: strings and lists of them can always be written.
        request: serde_json::to_string(&kept).expect("a request is JSON").into(),
        expires_at: Timestamp::from_seconds(now.timestamp().seconds() + i64::from(expires_in)),
    };
    rooms.store.push_request(pushed).await?;
    Ok(Pushed { request_uri, expires_in })
}

/// A stop, as the client itself hears of it.
pub(super) fn told(stop: Stop) -> Failure {
    match stop {
        Stop::Refused(refusal) => Failure::Refused(refusal.into_refusal()),
        Stop::Failed(fault) | Stop::FailedTo(fault, _) => Failure::Failed(fault),
        Stop::Shown(kind) => Failure::Refused(Refusal::invalid_request(Reason::MalformedForm, kind.name())),
    }
}
