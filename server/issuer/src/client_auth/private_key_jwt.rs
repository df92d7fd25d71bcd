//! `private_key_jwt` (OpenID Connect Core §9): an assertion signed with the client's own key.
//!
//! Refused when the client's keys cannot be had, when the algorithm is not allowed, when none of the client's keys made the
//! signature, and for what `assertion` refuses. Header members that carry or point to a key are never looked at.

use claimsmith_jose::{JwkSet, Jws, SigningAlg, Unverified};
use claimsmith_protocol::error::{Reason, Refusal};

use super::ReplayGuard;
use super::assertion::{self, Expected};

pub(super) fn verify(
    jws: Jws<Unverified>,
    allowed: &[SigningAlg],
    keys: Option<&JwkSet>,
    expected: &Expected<'_>,
) -> Result<ReplayGuard, Refusal> {
    let keys = keys.ok_or(Refusal::invalid_client(Reason::KeysUnavailable))?;
    let verified = jws.verify_among(keys, allowed).map_err(|_| Refusal::invalid_client(Reason::WrongSignature))?;
    assertion::check(&verified, expected)
}
