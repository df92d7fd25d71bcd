//! Content keys under other keys: RSAES-OAEP and AES key wrap (RFC 7518 §4.3, §4.4).

use openssl::aes::{AesKey, unwrap_key, wrap_key};
use openssl::encrypt::{Decrypter, Encrypter};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::Padding;
use zeroize::Zeroizing;

use super::KeyAlg;

/// What AES key wrap adds.
const WRAP_OVERHEAD: usize = 8;

/// A key that could not be unwrapped.
#[derive(Debug)]
pub(super) struct Unwrappable;

fn oaep_hash(alg: KeyAlg) -> MessageDigest {
    if alg == KeyAlg::RsaOaep { MessageDigest::sha1() } else { MessageDigest::sha256() }
}

pub(super) fn wrap_rsa(alg: KeyAlg, key: &PKey<Public>, content_key: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut encrypter = Encrypter::new(key)?;
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    encrypter.set_rsa_oaep_md(oaep_hash(alg))?;
    encrypter.set_rsa_mgf1_md(oaep_hash(alg))?;
    let mut wrapped = vec![0; encrypter.encrypt_len(content_key)?];
    let length = encrypter.encrypt(content_key, &mut wrapped)?;
    wrapped.truncate(length);
    Ok(wrapped)
}

pub(super) fn unwrap_rsa(alg: KeyAlg, key: &PKey<Private>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    let mut decrypter = Decrypter::new(key)?;
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    decrypter.set_rsa_oaep_md(oaep_hash(alg))?;
    decrypter.set_rsa_mgf1_md(oaep_hash(alg))?;
    let mut content_key = Zeroizing::new(vec![0; decrypter.decrypt_len(wrapped)?]);
    let length = decrypter.decrypt(wrapped, &mut content_key)?;
    content_key.truncate(length);
    Ok(content_key)
}

// Invariant: `key` has the length of an AES key, `content_key` is 16, 32 or 64 bytes.
pub(super) fn wrap_aes(key: &[u8], content_key: &[u8]) -> Vec<u8> {
    let key = AesKey::new_encrypt(key).expect("the key has the length of an AES key");
    let mut wrapped = vec![0; content_key.len() + WRAP_OVERHEAD];
    wrap_key(&key, None, &mut wrapped, content_key).expect("a content key is a multiple of 8 bytes");
    wrapped
}

pub(super) fn unwrap_aes(key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unwrappable> {
    // RFC 3394 §2.2: at least two blocks of 64 bits, and their integrity value.
    if wrapped.len() < 24 || !wrapped.len().is_multiple_of(8) {
        return Err(Unwrappable);
    }
    let key = AesKey::new_decrypt(key).map_err(|_| Unwrappable)?;
    let mut content_key = Zeroizing::new(vec![0; wrapped.len() - WRAP_OVERHEAD]);
    unwrap_key(&key, None, &mut content_key, wrapped).map_err(|_| Unwrappable)?;
    Ok(content_key)
}
