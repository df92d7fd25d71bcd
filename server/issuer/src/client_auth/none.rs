//! `none`: a public client identifies itself and proves nothing (RFC 6749 §3.2.1).
//!
//! That it sent neither secret nor assertion has been seen in `recognise`.

use claimsmith_protocol::error::Refusal;

use super::ReplayGuard;

/// Nothing to check, and no mark to leave.
pub(super) const fn verify() -> Result<Option<ReplayGuard>, Refusal> {
    Ok(None)
}
