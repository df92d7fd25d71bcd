//! `tls_client_auth` ([RFC 8705 §2.1](https://www.rfc-editor.org/rfc/rfc8705#section-2.1)): a certificate of an authority that the operator
//! trusts, with the name that the client registered.

use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::registration::Registration;

use super::ReplayGuard;
use crate::certificate::{Certificate, is_expected};

/// The handshake has proved the key anew, so there is nothing to replay.
pub(super) fn verify(certificate: Option<&Certificate>, registration: &Registration) -> Result<Option<ReplayGuard>, Refusal> {
    match certificate {
        Some(certificate) if is_expected(certificate, registration) => Ok(None),
        _ => Err(Refusal::invalid_client(Reason::WrongCertificate)),
    }
}
