//! Client authentication: the one place where a proof becomes an [`AuthenticatedClient`].
//!
//! ```text
//! Presented ── recognise ──► Candidate ── (evidence is fetched) ── verify ──► Proof ── admit ──► AuthenticatedClient
//! ```
//!
//! Here lives what no method may do alone: the client's registered method is enforced, an unknown client is answered like
//! a wrong secret, a disabled one like an unknown one, and an assertion counts once.

use std::sync::Arc;

use claimsmith_jose::{Digest, Jws, MacAlg, Secret, SigningAlg, Unverified};
use claimsmith_protocol::credentials::{AuthMethod, Presented};
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::time::Timestamp;

use crate::attestation::{self, Attested};
use crate::certificate::Certificate;
use crate::client::{AssertionAudience, Authentication, Client, ClientKeys, SecretMethod, StoredSecret};
use crate::confirmation::Confirmation;

mod assertion;
mod none;
mod private_key_jwt;
mod secret;
mod secret_jwt;
mod self_signed_tls_client_auth;
mod tls_client_auth;

pub use assertion::{ASSERTION_LIFETIME_MAX, SKEW};

/// What this server accepts from clients.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The issuer's identifier: the strict audience of assertions.
    pub issuer: Box<str>,
    /// The URLs of the token endpoint, aliases included: the legacy audiences of assertions.
    pub token_endpoints: Vec<Box<str>>,
    /// The methods that are switched on.
    pub methods: Vec<AuthMethod>,
    /// The algorithms of `private_key_jwt`.
    pub signing_algs: Vec<SigningAlg>,
    /// The algorithms of `client_secret_jwt`.
    pub mac_algs: Vec<MacAlg>,
}

/// A client that has proved who it is, or is public and needs no proof.
#[derive(Debug, Clone)]
pub struct AuthenticatedClient {
    client: Arc<Client>,
    method: AuthMethod,
    instance: Option<Digest>,
    is_unasked: bool,
}

impl AuthenticatedClient {
    /// The client that proved who it was when it asked for what it is given now, unasked (OpenID Connect CIBA §10.3).
    ///
    /// Security: what is made for it goes to the address that it registered, and to nobody who could have said its name.
    pub fn when_it_asked(client: Arc<Client>) -> Self {
        let method = client.authentication.method();
        Self { client, method, instance: None, is_unasked: true }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How it proved who it is.
    pub const fn method(&self) -> AuthMethod {
        self.method
    }

    /// The JWK thumbprint of the key of the client's instance, where an attestation names it.
    pub const fn instance(&self) -> Option<&Digest> {
        self.instance.as_ref()
    }

    /// What its refresh tokens are bound to, as it is kept: the key of an instance (draft-ietf-oauth-attestation-based-client-auth
    /// §9.3); of public clients what their tokens are bound to (RFC 9449 §5, RFC 8705 §4). Others prove themselves anyway.
    /// `named` is the instance that is known already.
    pub fn refresh_binding(&self, named: Option<&str>, confirmation: Option<&Confirmation>) -> Option<String> {
        match self.instance.map(|held| held.to_base64url()).or_else(|| named.map(str::to_owned)) {
            Some(instance) => Some(format!(r#"{{"instance":"{instance}"}}"#)),
            None => confirmation.filter(|_| !self.is_confidential()).map(Confirmation::to_json),
        }
    }

    /// Whether it is the instance that something was given to; any where none is named (§9.4).
    pub fn is_instance(&self, named: Option<&str>) -> bool {
        self.is_unasked || named.is_none_or(|named| self.instance.is_some_and(|held| held.to_base64url() == named))
    }

    /// Whether it is confidential (RFC 6749 §2.1).
    pub fn is_confidential(&self) -> bool {
        self.method != AuthMethod::None
    }
}

/// A client that offers the right kind of proof; whether it is good is not known yet.
pub struct Candidate {
    client: Arc<Client>,
    offer: Offer,
    attested: Option<Attested>,
}

enum Offer {
    Secret(Secret<String>),
    Assertion(Box<Jws<Unverified>>),
    Certificate,
    Attestation,
    Nothing,
}

/// What must be fetched before a candidate's proof can be checked.
#[derive(Debug)]
pub enum Need<'a> {
    /// Nothing.
    Nothing,
    /// Whether the presented secret matches one of these PHC strings (Argon2id), each with the number of its secret.
    Argon2id {
        /// What was presented.
        presented: &'a Secret<String>,
        /// What it may match.
        secrets: Vec<(i64, &'a str)>,
    },
    /// The client's public keys; `kid` says which one the assertion names.
    Keys {
        /// Where they are.
        keys: &'a ClientKeys,
        /// The key that the assertion names.
        kid: Option<&'a str>,
    },
    /// The certificate that the caller proved to hold, and where `keys` is there, the client's public keys.
    Certificate {
        /// Where they are.
        keys: Option<&'a ClientKeys>,
    },
    /// The client's secrets, unsealed.
    Unsealed {
        /// The secrets, each with its sealed value.
        secrets: Vec<&'a StoredSecret>,
    },
}

/// What was fetched.
#[derive(Debug)]
pub enum Evidence {
    /// Nothing was needed.
    Nothing,
    /// Whether an Argon2id secret matched.
    Argon2id(bool),
    /// The client's public keys, or none where they could not be had.
    Keys(Option<Arc<claimsmith_jose::JwkSet>>),
    /// The caller's certificate, and the client's public keys where they were needed and could be had.
    Certificate(Option<Box<Certificate>>, Option<Arc<claimsmith_jose::JwkSet>>),
    /// The client's secrets.
    Unsealed(Vec<Secret<Vec<u8>>>),
}

/// A proof that is good, but for the question whether it was used before.
#[derive(Debug)]
pub struct Proof {
    client: Arc<Client>,
    replay: Option<ReplayGuard>,
    attested: Option<Attested>,
}

/// The mark that an assertion leaves, so that it counts once (RFC 7523 §3 item 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayGuard {
    /// SHA-256 of the `jti`; unique per client.
    pub jti_digest: Digest,
    /// When the assertion is refused anyway.
    pub expires_at: Timestamp,
}

/// The `client_id` that credentials claim, before anything is believed. Assertions name it in `sub` or beside themselves.
pub fn alleged_client_id(presented: &Presented) -> Result<String, Refusal> {
    match presented {
        Presented::Basic { client_id, .. } | Presented::Post { client_id, .. } | Presented::Identified { client_id } => {
            Ok(client_id.clone())
        }
        Presented::Assertion { client_id: Some(client_id), .. } => Ok(client_id.clone()),
        Presented::Assertion { client_id: None, assertion } => {
            let jws = assertion::parse(assertion)?;
            let named = jws.alleged_subject().or_else(|| jws.alleged_issuer());
            named.map(str::to_owned).ok_or(Refusal::invalid_client(Reason::WrongAssertionClaims))
        }
    }
}

/// Holds the offer against what the client registered. `client` is absent when there is none of that name.
///
/// Security: every refusal here is the same `invalid_client`, and a secret is hashed even when there is nothing to hold it
/// against.
pub fn recognise(presented: Presented, client: Option<Arc<Client>>, policy: &Policy) -> Result<Candidate, Refusal> {
    let client = match client {
        None => {
            secret::spend(&presented);
            return Err(Refusal::invalid_client(Reason::UnknownClient));
        }
        Some(client) if !client.enabled => {
            secret::spend(&presented);
            return Err(Refusal::invalid_client(Reason::DisabledClient));
        }
        Some(client) => client,
    };
    if !policy.methods.contains(&client.authentication.method()) {
        return Err(Refusal::invalid_client(Reason::MethodOff));
    }
    let offer = match (&client.authentication, presented) {
        (Authentication::Secret { method: SecretMethod::Basic, .. }, Presented::Basic { secret, .. })
        | (Authentication::Secret { method: SecretMethod::Post, .. }, Presented::Post { secret, .. }) => Offer::Secret(secret),
        (Authentication::SecretJwt { .. } | Authentication::PrivateKeyJwt { .. }, Presented::Assertion { assertion, .. }) => {
            Offer::Assertion(Box::new(assertion::parse(&assertion)?))
        }
        (Authentication::Public, Presented::Identified { .. }) => Offer::Nothing,
        (Authentication::Certificate | Authentication::SelfSigned { .. }, Presented::Identified { .. }) => Offer::Certificate,
        (Authentication::Attested { .. }, Presented::Identified { .. }) => Offer::Attestation,
        (_, presented) => {
            secret::spend(&presented);
            return Err(Refusal::invalid_client(Reason::WrongMethod));
        }
    };
    Ok(Candidate { client, offer, attested: None })
}

impl Candidate {
    /// The client it would be.
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// With the attestation that came with the request and is good: the client's whole proof, or beside it
    /// (draft-ietf-oauth-attestation-based-client-auth §7.6).
    pub fn with(self, attested: Option<Attested>) -> Self {
        Self { attested, ..self }
    }

    /// What must be fetched to check the proof.
    pub fn need(&self, now: Timestamp) -> Need<'_> {
        match (&self.client.authentication, &self.offer) {
            (Authentication::Secret { secrets, .. }, Offer::Secret(presented)) => secret::need(secrets, presented, now),
            (Authentication::SecretJwt { secrets, .. }, _) => secret_jwt::need(secrets, now),
            (Authentication::PrivateKeyJwt { keys, .. }, Offer::Assertion(jws)) => Need::Keys { keys, kid: jws.header().kid() },
            (Authentication::Certificate, Offer::Certificate) => Need::Certificate { keys: None },
            (Authentication::SelfSigned { keys }, Offer::Certificate) => Need::Certificate { keys: Some(keys) },
            _ => Need::Nothing,
        }
    }

    /// Checks the proof.
    pub fn verify(self, evidence: Evidence, policy: &Policy, now: Timestamp) -> Result<Proof, Refusal> {
        let Self { client, offer, attested } = self;
        if let Some(attested) = &attested {
            attested.check_client(&client.id)?;
        } else if client.registration.client_attestation_required {
            return Err(attestation::refused("this client needs an attestation beside its credentials"));
        }
        let replay = match (&client.authentication, offer, evidence) {
            (Authentication::Public, Offer::Nothing, _) => none::verify()?,
            (Authentication::Attested { combined }, Offer::Attestation, _) => {
                attested.as_ref().ok_or(Refusal::invalid_client(Reason::NoCredentials))?.check_possession(*combined)?;
                None
            }
            (Authentication::Secret { secrets, .. }, Offer::Secret(presented), evidence) => {
                secret::verify(secrets, &presented, &evidence, now)?
            }
            (Authentication::SecretJwt { alg, audience, .. }, Offer::Assertion(jws), Evidence::Unsealed(secrets)) => {
                let expected = assertion::Expected { client_id: &client.id, audience: *audience, policy, now };
                Some(secret_jwt::verify(*jws, *alg, &secrets, &expected)?)
            }
            (Authentication::PrivateKeyJwt { alg, audience, .. }, Offer::Assertion(jws), Evidence::Keys(keys)) => {
                // FAPI 2.0 Security Profile §5.3.2.1 and §5.4.1: the issuer alone, and strong algorithms.
                let audience = if client.registration.is_fapi() { AssertionAudience::Strict } else { *audience };
                let expected = assertion::Expected { client_id: &client.id, audience, policy, now };
                let allowed = client.registration.algs_of(&assertion::allowed(&policy.signing_algs, *alg));
                Some(private_key_jwt::verify(*jws, &allowed, keys.as_deref(), &expected)?)
            }
            (Authentication::Certificate, Offer::Certificate, Evidence::Certificate(certificate, _)) => {
                tls_client_auth::verify(certificate.as_deref(), &client.registration)?
            }
            (Authentication::SelfSigned { .. }, Offer::Certificate, Evidence::Certificate(certificate, keys)) => {
                self_signed_tls_client_auth::verify(certificate.as_deref(), keys.as_deref())?
            }
            // The evidence is not what `need` asked for: nobody is let in on that.
            _ => return Err(Refusal::invalid_client(Reason::MalformedCredentials)),
        };
        Ok(Proof { client, replay, attested })
    }
}

impl Proof {
    /// The client it proves.
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// The attestation that came with it.
    pub const fn attested(&self) -> Option<&Attested> {
        self.attested.as_ref()
    }

    /// The mark that must be settled before the client is let in.
    pub const fn replay(&self) -> Option<&ReplayGuard> {
        self.replay.as_ref()
    }

    /// Lets the client in. `first` says that the mark was settled, and by nobody before; it is not looked at where there is
    /// no mark.
    pub fn admit(self, first: bool) -> Result<AuthenticatedClient, Refusal> {
        if self.replay.is_some() && !first {
            return Err(Refusal::invalid_client(Reason::ReplayedAssertion));
        }
        let method = self.client.authentication.method();
        Ok(AuthenticatedClient {
            client: self.client,
            method,
            instance: self.attested.as_ref().map(Attested::instance).copied(),
            is_unasked: false,
        })
    }
}

#[cfg(test)]
mod tests;
