//! The settings of attestations of clients.

use super::check::ServeConfig;
use super::rooms::lifetime;
use super::table::{Descriptor, Reader, Section, full_name, settings, within};
use super::value::Setting;
use claimsmith_issuer::attestation::Policy;
use std::time::Duration;

settings! {
    /// Attestations of clients (draft-ietf-oauth-attestation-based-client-auth), where `client_auth.methods` has `attest_jwt_client_auth` or
    /// `attest_jwt_client_auth_dpop`. Attesters are trusted issuers with the purpose `client_attestation`.
    ClientAttestation at "client_attestation" {
        /// Whether every proof of an attested key must carry a challenge of this server.
        require_challenge: bool = "false";
        /// How old such a proof may be.
        proof_lifetime: Duration = "60 s" in "10 s" ..= "10 min";
        /// How old an attestation may be, by its `iat`; as old as it says when not set.
        age_max: Option<Duration> = "" in "1 s" ..= "3650 d";
    }
}

impl ServeConfig {
    /// What is wanted of attestations.
    pub(super) fn attestation_policy(&self) -> Policy {
        let client_attestation = &self.client_attestation;
        Policy {
            is_on: self.client_auth.methods.iter().any(|method| method.is_attestation()),
            algs: self.client_auth.signing_algs.clone(),
            requires_challenge: client_attestation.require_challenge,
            proof_lifetime: lifetime(client_attestation.proof_lifetime).seconds().into(),
            age_max: client_attestation.age_max.map(|age| lifetime(age).seconds().into()),
        }
    }
}
