//! Attestations of clients: what has to be fetched and waited for. What is decided is decided in `issuer::attestation`.

use claimsmith_issuer::attestation::{self, Attested, Carried, Expected, Instance};
use claimsmith_issuer::dpop::{self, Space};
use claimsmith_issuer::trust::Purpose;
use claimsmith_protocol::error::Refusal;
use http::{HeaderName, HeaderValue};

use crate::failure::Failure;
use crate::http::{Answer, Arrival};
use crate::rooms::Rooms;
use crate::trust;

/// The header of attestations (draft-ietf-oauth-attestation-based-client-auth §4.1).
const ATTESTATION: HeaderName = HeaderName::from_static("oauth-client-attestation");

/// The header of proofs (§5.1).
const PROOF: HeaderName = HeaderName::from_static("oauth-client-attestation-pop");

/// The header of challenges (§6).
const CHALLENGE: HeaderName = HeaderName::from_static("oauth-client-attestation-challenge");

/// The attestation that came with a request; nothing where there is none, or this server looks at none.
pub fn carried<'a>(rooms: &Rooms, arrival: &'a Arrival) -> Result<Option<Carried<'a>>, Refusal> {
    if !rooms.settings.attestation.is_on {
        return Ok(None);
    }
    let values = |name| arrival.headers.get_all(name).iter().map(|value: &HeaderValue| value.as_bytes());
    attestation::carried(values(ATTESTATION), values(PROOF))
}

/// Believes the attester, and checks the proof of the instance's key. Nothing is used up yet.
///
/// It comes before the client is looked for, so that what is said of an attestation says nothing of who is registered here.
pub async fn verify(rooms: &Rooms, carried: Carried<'_>, dpop: Option<&dpop::Proof>) -> Result<Attested, Failure> {
    let policy = &rooms.settings.attestation;
    let (visit, now) = (rooms.directory.visit()?, rooms.clock.now().timestamp());
    let believed = trust::believe(rooms, &visit, carried.attestation, Purpose::ClientAttestation, now).await;
    let believed = believed.map_err(attestation::unbelieved)?;
    // Security: an attester vouches for the clients that the operator lets it, and for no others.
    if !believed.trusted.admits(&believed.assured.subject) {
        return Err(attestation::refused("the attestation is not of an attester that is trusted for this client").into());
    }
    let instance = Instance::read(believed.assured, policy, now)?;
    let attested = match carried.proof {
        Some(proof) => {
            let expected = Expected { issuer: rooms.urls.as_str(), nonces: &rooms.dpop_nonces, now };
            instance.prove(proof, policy, &expected)?
        }
        None => instance.combine(dpop, policy)?,
    };
    Ok(attested)
}

/// A challenge; the same text is a nonce of DPoP proofs (§5.2).
pub fn challenge(rooms: &Rooms) -> String {
    rooms.dpop_nonces.latest(Space::AuthorizationServer, rooms.clock.now().timestamp())
}

/// The answer with a challenge for the next proof.
pub fn with_challenge(rooms: &Rooms, answer: Answer) -> Answer {
    // Invariant: a challenge is base64url.
    answer.with(CHALLENGE, HeaderValue::from_str(&challenge(rooms)).expect("a challenge is ASCII"))
}
