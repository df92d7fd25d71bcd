//! A signing key as the database keeps it: plain data, the private half sealed.

use std::fmt;

use claimsmith_jose::{SigningAlg, SigningKey};

use crate::fault::VaultFault;
use crate::sealing::{Place, Sealer};

/// A signing key at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name, a JWK thumbprint: 43 characters.
    pub kid: String,
    /// The one algorithm it is for.
    pub alg: SigningAlg,
    /// PKCS #8 in DER, sealed for [`StoredKey::place`].
    pub sealed_private: Vec<u8>,
    /// Where it is in its life.
    pub state: KeyState,
}

/// The life of a signing key. Instants are seconds since 1970.
///
/// From its first day on a key is published; it signs from `active_from` on, as long as no newer key of its algorithm
/// does; once retired it is published until everything it signed has expired; then its row goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// In use, or published ahead of its first use (RFC 7517 has no word for it; OIDC Core §10.1.1 describes it).
    Current {
        /// When it may start to sign. Verifiers that cache the set have learnt of it by then.
        active_from: i64,
    },
    /// Signs no more.
    Retired {
        /// When it stopped.
        retired_at: i64,
        /// When the last token it signed has expired.
        published_until: i64,
    },
}

impl StoredKey {
    /// Makes a new key and seals it. It signs from `active_from` (seconds since 1970) on. `rsa_bits` matters to RSA only.
    pub fn generate(alg: SigningAlg, rsa_bits: u32, sealer: &Sealer, active_from: i64) -> Result<Self, VaultFault> {
        Self::seal(&SigningKey::generate(alg, rsa_bits)?, sealer, active_from)
    }

    /// Seals a key that was made elsewhere.
    pub fn seal(key: &SigningKey, sealer: &Sealer, active_from: i64) -> Result<Self, VaultFault> {
        let private = key.to_pkcs8()?;
        let sealed_private = sealer.seal(&Self::place(key.kid()), private.expose()).map_err(VaultFault::Sealing)?;
        let state = KeyState::Current { active_from };
        Ok(Self { kid: key.kid().to_owned(), alg: key.alg(), sealed_private, state })
    }

    /// Where the private half of the key `kid` is kept: what its sealing is bound to.
    pub const fn place(kid: &str) -> Place<'_> {
        Place { table: "signing_keys", column: "sealed_private", row: kid }
    }

    /// The key, retired at `retired_at`, published until its tokens with at most `longest_lifetime` seconds have expired.
    pub fn retired(mut self, retired_at: i64, longest_lifetime: i64) -> Self {
        self.state = KeyState::Retired { retired_at, published_until: retired_at.saturating_add(longest_lifetime) };
        self
    }

    pub(crate) fn open(&self, sealer: &Sealer) -> Result<SigningKey, VaultFault> {
        let kid = || self.kid.clone();
        let private =
            sealer.open(&Self::place(&self.kid), &self.sealed_private).map_err(|source| VaultFault::Sealed { kid: kid(), source })?;
        let key = SigningKey::from_pkcs8(self.alg, &private).map_err(|source| VaultFault::Unusable { kid: kid(), source })?;
        if key.kid() == self.kid { Ok(key) } else { Err(VaultFault::OtherKey { kid: kid() }) }
    }
}

impl KeyState {
    /// Whether the key is in the JWK set at `now`, and its signatures are believed.
    pub const fn is_published(self, now: i64) -> bool {
        match self {
            Self::Current { .. } => true,
            Self::Retired { published_until, .. } => now < published_until,
        }
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StoredKey").field("kid", &self.kid).field("alg", &self.alg).field("state", &self.state).finish_non_exhaustive()
    }
}
