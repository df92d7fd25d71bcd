//! Ephemeral Diffie-Hellman on elliptic curves, and the key that comes of it (RFC 7518 §4.6).

use openssl::derive::Deriver;
use openssl::ec::EcKey;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private, Public};
use openssl::sha::Sha256;
use zeroize::Zeroizing;

use super::{ContentEnc, KeyAlg};

/// What both sides put into the derivation beside the agreed secret.
pub(super) struct Parties<'a> {
    pub(super) apu: &'a [u8],
    pub(super) apv: &'a [u8],
}

/// The key that `own` and `peer` agree on: the content key for `ECDH-ES`, else the one that wraps it.
// Invariant: both keys are on the same curve, and `peer` was checked to be a point of it.
pub(super) fn agree(
    (alg, enc): (KeyAlg, ContentEnc),
    own: &PKey<Private>,
    peer: &EcKey<Public>,
    parties: &Parties<'_>,
) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    let peer = PKey::from_ec_key(peer.clone())?;
    let mut deriver = Deriver::new(own)?;
    deriver.set_peer(&peer)?;
    let shared = Zeroizing::new(deriver.derive_to_vec()?);
    let (name, length) = match alg.wrapping_len() {
        Some(length) => (alg.as_str(), length),
        None => (enc.as_str(), enc.key_len()),
    };
    Ok(derive(&shared, name, length, parties))
}

/// The Concat KDF of NIST SP 800-56A §5.8.1 with SHA-256, as RFC 7518 §4.6.2 feeds it.
fn derive(shared: &[u8], name: &str, length: usize, parties: &Parties<'_>) -> Zeroizing<Vec<u8>> {
    let prefix = |bytes: &[u8]| u32::try_from(bytes.len()).expect("headers are shorter than 64 KiB").to_be_bytes();
    let bits = u32::try_from(length * 8).expect("keys are short").to_be_bytes();
    let mut key = Zeroizing::new(Vec::with_capacity(length + 32));
    let mut round = 1_u32;
    while key.len() < length {
        let mut hash = Sha256::new();
        hash.update(&round.to_be_bytes());
        hash.update(shared);
        for part in [name.as_bytes(), parties.apu, parties.apv] {
            hash.update(&prefix(part));
            hash.update(part);
        }
        hash.update(&bits);
        key.extend_from_slice(&hash.finish());
        round += 1;
    }
    key.truncate(length);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7518 Appendix C.
    #[test]
    fn the_key_of_alice_and_bob() {
        let shared = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128, 106, 72, 246, 218, 167,
            121, 140, 254, 144, 196,
        ];
        let key = derive(&shared, "A128GCM", 16, &Parties { apu: b"Alice", apv: b"Bob" });
        assert_eq!(crate::base64url::encode(&*key), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn a_long_key_takes_two_rounds() {
        let key = derive(&[7; 32], "A256CBC-HS512", 64, &Parties { apu: b"", apv: b"" });
        assert_eq!(key.len(), 64);
        assert_ne!(key[..32], key[32..]);
    }
}
