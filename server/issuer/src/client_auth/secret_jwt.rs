//! `client_secret_jwt` (OpenID Connect Core §9): an assertion with a MAC under the client's secret, taken as UTF-8 (§10.1).
//!
//! Refused when the algorithm is not allowed, when no live secret made the MAC, and for what `assertion` refuses.

use claimsmith_jose::{Jws, MacAlg, Secret, Unverified};
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::time::Timestamp;

use super::assertion::{self, Expected};
use super::{Need, ReplayGuard};
use crate::client::StoredSecret;

pub(super) fn need(secrets: &[StoredSecret], now: Timestamp) -> Need<'_> {
    let live = |secret: &&StoredSecret| secret.sealed.is_some() && secret.expires_at.is_none_or(|end| now < end);
    Need::Unsealed { secrets: secrets.iter().filter(live).collect() }
}

pub(super) fn verify(
    jws: Jws<Unverified>,
    registered: Option<MacAlg>,
    secrets: &[Secret<Vec<u8>>],
    expected: &Expected<'_>,
) -> Result<ReplayGuard, Refusal> {
    let allowed = assertion::allowed(&expected.policy.mac_algs, registered);
    let wrong = || Refusal::invalid_client(Reason::WrongSignature);
    let verified = jws.verify_mac_among(secrets, &allowed).map_err(|_| wrong())?;
    assertion::check(&verified, expected)
}
