//! Tokens of other issuers: their keys are found here, what is believed is decided in `issuer::trust`.

use claimsmith_issuer::trust::{Assured, Expected, Keys, Purpose, TrustRefusal, TrustedIssuer, judge};
use claimsmith_jose::Jws;
use claimsmith_protocol::time::Timestamp;

use crate::directory::Visit;
use crate::rooms::Rooms;

/// The longest token that is looked at, in bytes.
const TOKEN_LENGTH_MAX: usize = 16 * 1024;

/// A token that is believed, and why.
#[derive(Debug)]
pub struct Believed {
    /// What it says.
    pub assured: Assured,
    /// Whose it is.
    pub trusted: std::sync::Arc<TrustedIssuer>,
}

/// Believes a token of another issuer, or says in the log why not.
pub async fn believe(rooms: &Rooms, visit: &Visit, text: &str, purpose: Purpose, now: Timestamp) -> Result<Believed, TrustRefusal> {
    let outcome = weigh(rooms, visit, text, purpose, now).await;
    if let Err(refusal) = &outcome {
        tracing::info!(purpose = purpose.as_str(), %refusal, "a token of another issuer is not believed");
    }
    outcome
}

async fn weigh(rooms: &Rooms, visit: &Visit, text: &str, purpose: Purpose, now: Timestamp) -> Result<Believed, TrustRefusal> {
    let token = Jws::parse_within(text, TOKEN_LENGTH_MAX).map_err(|_| TrustRefusal::Signature)?;
    // Security: the issuer that it names chooses the entry, and the entry alone its keys (RFC 8725 §3.8).
    let trusted = match (token.alleged_issuer(), token.alleged_subject()) {
        (None, Some(subject)) if purpose == Purpose::ClientAttestation => visit.attester_of(subject),
        (issuer, _) => issuer.and_then(|issuer| visit.trusted(issuer)).filter(|trusted| trusted.is_for(purpose)),
    };
    let trusted = trusted.cloned().ok_or(TrustRefusal::Issuer)?;
    let keys = match trusted.keys().ok_or(TrustRefusal::Keys)? {
        Keys::Inline(jwks) => rooms.client_keys.inline(&jwks.to_string()),
        Keys::Uri(uri) => rooms.client_keys.fetched(&trusted.issuer, uri, token.header().kid()).await,
    };
    let keys = keys.ok_or(TrustRefusal::Keys)?;
    let token = token.verify_among(&keys, &trusted.algs()).map_err(|_| TrustRefusal::Signature)?;
    let token_endpoint = rooms.urls.url("/oauth2/token");
    let ourselves = [rooms.urls.as_str(), token_endpoint.as_str()];
    let assured = judge(&trusted, token, &Expected { purpose, ourselves: &ourselves, now })?;
    Ok(Believed { assured, trusted })
}
