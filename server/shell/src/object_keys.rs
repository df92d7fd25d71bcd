//! The keys that clients encrypt request objects to (RFC 9101 §6.1): one of each kind, shared by all nodes, made when they are first
//! wanted and sealed like every secret.

use claimsmith_jose::{DecryptionKey, DecryptionKind};
use claimsmith_store::Store;
use claimsmith_vault::{Sealer, VaultFault};
use serde_json::{Value, json};

use crate::failure::Fault;
use crate::shared_secret::held_or_made;

/// The name of each in the database, and its kind.
const KEYS: [(&str, DecryptionKind); 2] =
    [("request objects, P-256", DecryptionKind::P256), ("request objects, RSA", DecryptionKind::Rsa(3_072))];

/// The keys; none where encrypted objects are switched off.
#[derive(Debug, Default)]
pub struct ObjectKeys(Vec<DecryptionKey>);

impl ObjectKeys {
    /// Reads the keys; where there are none yet, one of the nodes makes them.
    pub async fn open(store: &Store, sealer: &Sealer) -> Result<Self, Fault> {
        let mut keys = Vec::new();
        for (name, kind) in KEYS {
            keys.push(key(store, sealer, name, kind).await?);
        }
        Ok(Self(keys))
    }

    /// All of them.
    pub fn all(&self) -> &[DecryptionKey] {
        &self.0
    }

    /// A JWK set with these keys behind those that it has.
    pub fn join(&self, jwks: &[u8]) -> Vec<u8> {
        let public = self.0.iter().filter_map(|key| key.public_jwk().ok()).map(Value::Object);
        let Ok(Value::Object(mut set)) = serde_json::from_slice(jwks) else { return jwks.to_vec() };
        if self.0.is_empty() {
            return jwks.to_vec();
        }
        if let Some(keys) = set.get_mut("keys").and_then(Value::as_array_mut) {
            keys.extend(public);
        }
        json!(set).to_string().into_bytes()
    }
}

async fn key(store: &Store, sealer: &Sealer, name: &'static str, kind: DecryptionKind) -> Result<DecryptionKey, Fault> {
    let fresh = async || {
        // An RSA key takes a second to find: not on a thread that others wait for.
        let made = tokio::task::spawn_blocking(move || DecryptionKey::generate(kind)?.to_pkcs8()).await;
        // Invariant: making a key does not panic; if it did, so do we.
        Ok(made.expect("making a key does not panic").map_err(VaultFault::from)?)
    };
    let private = held_or_made(store, sealer, name, fresh).await?;
    Ok(DecryptionKey::from_pkcs8(&private).map_err(VaultFault::from)?)
}
