//! Envelopes: what was signed for a client is encrypted to it, where it registered that (OpenID Connect Core §10.2, JARM §2.2).
//!
//! Security: a client that counts on encryption gets nothing rather than something readable. So whoever has no key to encrypt to
//! is refused, before anything is spent.

use std::sync::Arc;

use claimsmith_issuer::client::{Authentication, Client, ClientKeys};
use claimsmith_jose::{Encryption, JwkSet, Secret};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::registration::Registration;

use crate::directory::Entry;
use crate::failure::{Failure, Fault};
use crate::rooms::Rooms;
use crate::seals;

/// What can be encrypted to a client, each with metadata of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letter {
    /// `id_token_encrypted_response_alg`: ID tokens and logout tokens (OpenID Connect Back-Channel Logout §2.4).
    IdToken,
    /// `userinfo_encrypted_response_alg`.
    Userinfo,
    /// `authorization_encrypted_response_alg`.
    Authorization,
    /// `introspection_encrypted_response_alg` (RFC 9701 §6).
    Introspection,
}

/// What is inside an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A signed token (RFC 7519 §5.2: `cty` says so).
    Jwt,
    /// Claims without a signature.
    Claims,
}

/// There is no key to encrypt to. Holds the member that asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoKey(&'static str);

impl From<NoKey> for Failure {
    fn from(_: NoKey) -> Self {
        let description = "the client wants encryption, and no key of its own for that can be had";
        Refusal::new(ErrorCode::InvalidRequest, Reason::KeysUnavailable, description).into()
    }
}

impl From<NoKey> for Fault {
    fn from(missing: NoKey) -> Self {
        Self::NoKey(missing.0)
    }
}

impl Letter {
    const fn member(self) -> &'static str {
        match self {
            Self::IdToken => "id_token_encrypted_response_alg",
            Self::Userinfo => "userinfo_encrypted_response_alg",
            Self::Authorization => "authorization_encrypted_response_alg",
            Self::Introspection => "introspection_encrypted_response_alg",
        }
    }

    /// How the client registered it; nothing where it goes as it is.
    fn wish(self, registration: &Registration) -> Result<Option<Encryption<'static>>, NoKey> {
        let (alg, enc) = match self {
            Self::IdToken => (&registration.id_token_encrypted_response_alg, &registration.id_token_encrypted_response_enc),
            Self::Userinfo => (&registration.userinfo_encrypted_response_alg, &registration.userinfo_encrypted_response_enc),
            Self::Authorization => (&registration.authorization_encrypted_response_alg, &registration.authorization_encrypted_response_enc),
            Self::Introspection => (&registration.introspection_encrypted_response_alg, &registration.introspection_encrypted_response_enc),
        };
        Encryption::registered(alg.as_deref(), enc.as_deref()).map_err(|_| NoKey(self.member()))
    }

    /// Whether the client wants it encrypted.
    pub fn is_sealed(self, client: &Client) -> bool {
        !matches!(self.wish(&client.registration), Ok(None))
    }
}

/// Encrypts to a client what it wants encrypted; anything else stays as it is.
pub async fn enclose(rooms: &Rooms, entry: &Entry, letter: Letter, (content, text): (Content, String)) -> Result<String, NoKey> {
    let client = &entry.client;
    let Some(mut wish) = letter.wish(&client.registration)? else { return Ok(text) };
    if content == Content::Claims {
        wish.cty = None;
    }
    let missing = || NoKey(letter.member());
    if wish.alg.is_symmetric() {
        let secret = shared_secret(rooms, client).ok_or_else(missing)?;
        return wish.to_secret(&secret, text.as_bytes()).map_err(|_| missing());
    }
    let keys = keys(rooms, client, None).await.ok_or_else(missing)?;
    let key = keys.encryption_key(wish.alg).ok_or_else(missing)?;
    wish.to_key(key, text.as_bytes()).map_err(|_| missing())
}

/// The public keys of a client: those it authenticates with, or those it registered beside.
pub async fn keys(rooms: &Rooms, client: &Client, kid: Option<&str>) -> Option<Arc<JwkSet>> {
    match client.keys()? {
        ClientKeys::Inline(text) => rooms.client_keys.inline(&text),
        ClientKeys::Uri(uri) => rooms.client_keys.fetched(&client.id, &uri, kid).await,
    }
}

/// The newest good secret of a client whose secrets can be recovered: of the method `client_secret_jwt`.
pub fn shared_secret(rooms: &Rooms, client: &Client) -> Option<Secret<String>> {
    let Authentication::SecretJwt { secrets, .. } = &client.authentication else { return None };
    let now = rooms.clock.now().timestamp();
    let live = secrets.iter().filter(|secret| secret.expires_at.is_none_or(|end| now < end));
    let newest = live.max_by_key(|secret| secret.id)?;
    let opened = rooms.sealer.open(&seals::client_secret(&newest.id.to_string()), newest.sealed.as_deref()?).ok()?;
    std::str::from_utf8(opened.expose()).ok().map(|text| Secret::new(text.to_owned()))
}
