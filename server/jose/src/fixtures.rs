//! Keys and tokens for the tests of this crate.

use std::sync::{Arc, LazyLock};

use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde_json::Value;

use crate::alg::{MacAlg, SigningAlg};
use crate::base64url;
use crate::key::{SigningKey, VerifyingKey};

pub(crate) static ES256: LazyLock<SigningKey> = LazyLock::new(|| key(SigningAlg::Es256));
pub(crate) static OTHER_ES256: LazyLock<SigningKey> = LazyLock::new(|| key(SigningAlg::Es256));
pub(crate) static RS256: LazyLock<SigningKey> = LazyLock::new(|| key(SigningAlg::Rs256));
pub(crate) static ED25519: LazyLock<SigningKey> = LazyLock::new(|| key(SigningAlg::EdDsa));

fn key(alg: SigningAlg) -> SigningKey {
    SigningKey::generate(alg, 2048).unwrap()
}

pub(crate) fn public(key: &SigningKey) -> Arc<VerifyingKey> {
    Arc::clone(key.verifying_key())
}

/// The key as it would come from outside, changed by `change`.
pub(crate) fn jwk(key: &SigningKey, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Value {
    let mut members = key.verifying_key().public_jwk();
    change(&mut members);
    Value::Object(members)
}

pub(crate) fn joined(header: &str, payload: &str) -> String {
    format!("{}.{}", base64url::encode(header), base64url::encode(payload))
}

/// A token with exactly this header and payload, signed by `key`, whatever the header says.
pub(crate) fn signed(key: &SigningKey, header: &str, payload: &str) -> String {
    let mut compact = joined(header, payload).into_bytes();
    key.append_signature(&mut compact, 0).unwrap();
    String::from_utf8(compact).unwrap()
}

/// As [`signed`], with a MAC.
pub(crate) fn maced(alg: MacAlg, secret: &[u8], header: &str, payload: &str) -> String {
    let input = joined(header, payload);
    let key = PKey::hmac(secret).unwrap();
    let mut signer = Signer::new(alg.hash().message_digest(), &key).unwrap();
    let tag = signer.sign_oneshot_to_vec(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url::encode(tag))
}
