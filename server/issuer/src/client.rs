//! A registered client, as decisions see it.

use claimsmith_jose::{Digest, MacAlg, SigningAlg};
use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::registration::Registration;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::{Lifetime, Timestamp};

/// A client of this server (RFC 7591 §2 names the metadata; tags, metadata and lifetimes are ours).
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// `client_name`.
    pub name: Option<Box<str>>,
    /// A disabled client is answered like an unknown one, and its tokens are inactive.
    pub enabled: bool,
    /// How it proves who it is.
    pub authentication: Authentication,
    /// `grant_types`.
    pub grants: Vec<GrantType>,
    /// `scope`: what it may ask for.
    pub scopes: ScopeSet,
    /// What it gets when it asks for nothing; a subset of `scopes`.
    pub default_scopes: ScopeSet,
    /// Identifiers of the resources it may ask for.
    pub resources: Vec<Box<str>>,
    /// Tags: bindings may hang on them.
    pub tags: Vec<Box<str>>,
    /// Custom metadata, a compact JSON object; plugins read it.
    pub metadata: Box<str>,
    /// Lifetime of its access tokens, instead of the server's default.
    pub access_token_lifetime: Option<Lifetime>,
    /// `access_token_format`: what it gets where the resource does not say.
    pub access_token_format: Option<TokenFormat>,
    /// `access_token_signed_response_alg`: the algorithm of its JWT access tokens where the resource does not say.
    pub access_token_alg: Option<SigningAlg>,
    /// Lifetime of its refresh tokens, instead of the server's default.
    pub refresh_token_lifetime: Option<Lifetime>,
    /// Lifetime of its ID tokens, instead of the server's default.
    pub id_token_lifetime: Option<Lifetime>,
    /// What only the flows of people read.
    pub registration: Box<Registration>,
}

/// The `client_id` under which plugins meet the server's own pages; no client can have it.
pub const OWN_CLIENT_ID: &str = "claimsmith-account";

impl Client {
    /// An enabled client that is entitled to nothing yet.
    pub fn new(id: ClientId, authentication: Authentication) -> Self {
        Self {
            id,
            name: None,
            enabled: true,
            authentication,
            grants: Vec::new(),
            scopes: ScopeSet::default(),
            default_scopes: ScopeSet::default(),
            resources: Vec::new(),
            tags: Vec::new(),
            metadata: "{}".into(),
            access_token_lifetime: None,
            access_token_format: None,
            access_token_alg: None,
            refresh_token_lifetime: None,
            id_token_lifetime: None,
            registration: Box::default(),
        }
    }

    /// Its public keys: those it authenticates with, or those it registered beside, for request objects and encryption.
    pub fn keys(&self) -> Option<ClientKeys> {
        match &self.authentication {
            Authentication::PrivateKeyJwt { keys, .. } | Authentication::SelfSigned { keys } => Some(keys.clone()),
            _ => {
                let inline = self.registration.jwks.as_ref().map(|jwks| ClientKeys::Inline(jwks.to_string().into()));
                inline.or_else(|| self.registration.jwks_uri.clone().map(ClientKeys::Uri))
            }
        }
    }
}

/// How a client proves who it is.
#[derive(Debug, Clone)]
pub enum Authentication {
    /// `none`: a public client, which proves nothing.
    Public,
    /// `client_secret_basic` or `client_secret_post`: it sends a secret.
    Secret {
        /// Where the secret is sent.
        method: SecretMethod,
        /// The secrets that are good now or were; at most a few while one replaces another.
        secrets: Vec<StoredSecret>,
    },
    /// `client_secret_jwt`: it sends an assertion with a MAC under its secret.
    SecretJwt {
        /// `token_endpoint_auth_signing_alg`, when the client is held to one.
        alg: Option<MacAlg>,
        /// Which audiences its assertions may name.
        audience: AssertionAudience,
        /// The secrets, each with the sealed value.
        secrets: Vec<StoredSecret>,
    },
    /// `private_key_jwt`: it sends an assertion signed with its private key.
    PrivateKeyJwt {
        /// `token_endpoint_auth_signing_alg`, when the client is held to one.
        alg: Option<SigningAlg>,
        /// Which audiences its assertions may name.
        audience: AssertionAudience,
        /// Its public keys.
        keys: ClientKeys,
    },
    /// `tls_client_auth`: it holds a certificate of a trusted authority, with the name in its registration.
    Certificate,
    /// `attest_jwt_client_auth`, or `attest_jwt_client_auth_dpop` where `combined`: its attester says who it is.
    Attested {
        /// Whether the proof of its key is a DPoP proof.
        combined: bool,
    },
    /// `self_signed_tls_client_auth`: it holds a certificate that stands in its key set.
    SelfSigned {
        /// Its public keys, each with a certificate.
        keys: ClientKeys,
    },
}

impl Authentication {
    /// The registered `token_endpoint_auth_method`.
    pub const fn method(&self) -> AuthMethod {
        match self {
            Self::Public => AuthMethod::None,
            Self::Secret { method: SecretMethod::Basic, .. } => AuthMethod::ClientSecretBasic,
            Self::Secret { method: SecretMethod::Post, .. } => AuthMethod::ClientSecretPost,
            Self::SecretJwt { .. } => AuthMethod::ClientSecretJwt,
            Self::PrivateKeyJwt { .. } => AuthMethod::PrivateKeyJwt,
            Self::Certificate => AuthMethod::TlsClientAuth,
            Self::Attested { combined: false } => AuthMethod::AttestJwtClientAuth,
            Self::Attested { combined: true } => AuthMethod::AttestJwtClientAuthDpop,
            Self::SelfSigned { .. } => AuthMethod::SelfSignedTlsClientAuth,
        }
    }
}

/// Where a secret is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretMethod {
    /// In the `Authorization` header.
    Basic,
    /// In the body.
    Post,
}

/// Which `aud` a client's assertions may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The issuer, as a single string.
    Strict,
    /// The issuer or the token endpoint, alone or in an array.
    Legacy,
}

/// Public keys of a client.
#[derive(Debug, Clone)]
pub enum ClientKeys {
    /// `jwks`: the JSON text of the set.
    Inline(Box<str>),
    /// `jwks_uri`: where the set is fetched.
    Uri(Box<str>),
}

/// A client secret as it is kept.
#[derive(Debug, Clone)]
pub struct StoredSecret {
    /// Its number, unique among all secrets.
    pub id: i64,
    /// What a presented secret is held against.
    pub verifier: SecretVerifier,
    /// The sealed secret, where HMAC needs it back.
    pub sealed: Option<Box<[u8]>>,
    /// `client_secret_expires_at`; never when absent.
    pub expires_at: Option<Timestamp>,
}

/// What a presented secret is held against.
#[derive(Debug, Clone)]
pub enum SecretVerifier {
    /// SHA-256 of a secret of 256 random bits.
    Sha256(Digest),
    /// Argon2id in PHC string format, for a secret that somebody else chose.
    Argon2id(Box<str>),
}

/// The form of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFormat {
    /// Self-contained, per RFC 9068.
    Jwt,
    /// A reference, looked up by introspection.
    Opaque,
}

impl TokenFormat {
    /// The name in metadata and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Opaque => "opaque",
        }
    }

    /// The format of a name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Jwt, Self::Opaque].into_iter().find(|format| format.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_formats_lead_back_to_them() {
        for (format, name) in [(TokenFormat::Jwt, "jwt"), (TokenFormat::Opaque, "opaque")] {
            assert_eq!((format.as_str(), TokenFormat::parse(name)), (name, Some(format)));
        }
        assert_eq!(TokenFormat::parse("JWT"), None);
    }
}
