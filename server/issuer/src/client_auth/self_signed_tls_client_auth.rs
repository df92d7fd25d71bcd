//! `self_signed_tls_client_auth` ([RFC 8705 §2.2](https://www.rfc-editor.org/rfc/rfc8705#section-2.2)): a certificate that stands in the
//! client's key set. Keys are compared; who signed it, and for how long, says nothing about a certificate that its owner made.

use claimsmith_jose::JwkSet;
use claimsmith_protocol::error::{Reason, Refusal};

use super::ReplayGuard;
use crate::certificate::Certificate;

/// The handshake has proved the key anew, so there is nothing to replay.
pub(super) fn verify(certificate: Option<&Certificate>, keys: Option<&JwkSet>) -> Result<Option<ReplayGuard>, Refusal> {
    let keys = keys.ok_or(Refusal::invalid_client(Reason::KeysUnavailable))?;
    match certificate.and_then(|certificate| certificate.key.as_ref()) {
        Some(key) if keys.certifies(key) => Ok(None),
        _ => Err(Refusal::invalid_client(Reason::WrongCertificate)),
    }
}
