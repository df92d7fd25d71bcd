//! Authenticated encryption of the content (RFC 7518 §5.2, §5.3).

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::symm::{Cipher, decrypt, decrypt_aead, encrypt, encrypt_aead};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::ContentEnc;
use crate::alg::HashAlg;
use crate::error::JweRefusal;

/// What travels of a content that was encrypted.
pub(super) struct Sealed<'a> {
    pub(super) iv: &'a [u8],
    pub(super) text: &'a [u8],
    pub(super) tag: &'a [u8],
}

/// A content key of chance.
pub(super) fn fresh_key(enc: ContentEnc) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    let mut key = Zeroizing::new(vec![0; enc.key_len()]);
    openssl::rand::rand_priv_bytes(&mut key)?;
    Ok(key)
}

/// Encrypts `plain`: the initialisation vector, the text and the tag. `protected` is the header as it is sent.
// Invariant: `key` has `enc.key_len()` bytes and is used once, so a vector of chance never meets itself.
pub(super) fn seal(enc: ContentEnc, key: &[u8], protected: &[u8], plain: &[u8]) -> Result<[Vec<u8>; 3], ErrorStack> {
    let mut iv = vec![0; enc.iv_len()];
    openssl::rand::rand_bytes(&mut iv)?;
    let (text, tag) = match parts(enc, key) {
        Parts::Gcm(cipher) => {
            let mut tag = vec![0; enc.tag_len()];
            (encrypt_aead(cipher, key, Some(&iv), protected, plain, &mut tag)?, tag)
        }
        Parts::CbcHmac { cipher, hash, mac_key, cipher_key } => {
            let text = encrypt(cipher, cipher_key, Some(&iv), plain)?;
            let tag = mac(hash, mac_key, protected, &Sealed { iv: &iv, text: &text, tag: &[] })?;
            (text, tag)
        }
    };
    Ok([iv, text, tag])
}

/// Decrypts what [`seal`] made.
pub(super) fn open(enc: ContentEnc, key: &[u8], protected: &[u8], sealed: &Sealed<'_>) -> Result<Vec<u8>, JweRefusal> {
    let wrong = |_| JweRefusal::Undecipherable;
    // Security: OpenSSL would take a shorter tag for the beginning of the right one.
    if sealed.iv.len() != enc.iv_len() || sealed.tag.len() != enc.tag_len() {
        return Err(JweRefusal::Undecipherable);
    }
    match parts(enc, key) {
        Parts::Gcm(cipher) => decrypt_aead(cipher, key, Some(sealed.iv), protected, sealed.text, sealed.tag).map_err(wrong),
        Parts::CbcHmac { cipher, hash, mac_key, cipher_key } => {
            // Security: the tag before the text, or padding would be an oracle (RFC 7518 §5.2.2.2).
            let expected = mac(hash, mac_key, protected, sealed).map_err(wrong)?;
            if !bool::from(expected.ct_eq(sealed.tag)) {
                return Err(JweRefusal::Undecipherable);
            }
            decrypt(cipher, cipher_key, Some(sealed.iv), sealed.text).map_err(wrong)
        }
    }
}

enum Parts<'k> {
    Gcm(Cipher),
    CbcHmac { cipher: Cipher, hash: HashAlg, mac_key: &'k [u8], cipher_key: &'k [u8] },
}

fn parts(enc: ContentEnc, key: &[u8]) -> Parts<'_> {
    let (mac_key, cipher_key) = key.split_at(key.len() / 2);
    match enc {
        ContentEnc::A128Gcm => Parts::Gcm(Cipher::aes_128_gcm()),
        ContentEnc::A256Gcm => Parts::Gcm(Cipher::aes_256_gcm()),
        ContentEnc::A128CbcHs256 => Parts::CbcHmac { cipher: Cipher::aes_128_cbc(), hash: HashAlg::Sha256, mac_key, cipher_key },
        ContentEnc::A256CbcHs512 => Parts::CbcHmac { cipher: Cipher::aes_256_cbc(), hash: HashAlg::Sha512, mac_key, cipher_key },
    }
}

/// RFC 7518 §5.2.2.1: over header, vector, text and the header's length in bits; half of it is the tag.
fn mac(hash: HashAlg, key: &[u8], protected: &[u8], sealed: &Sealed<'_>) -> Result<Vec<u8>, ErrorStack> {
    let key = PKey::hmac(key)?;
    let mut signer = Signer::new(hash.message_digest(), &key)?;
    for part in [protected, sealed.iv, sealed.text, &(protected.len() as u64 * 8).to_be_bytes()] {
        signer.update(part)?;
    }
    let mut tag = signer.sign_to_vec()?;
    tag.truncate(hash.len() / 2);
    Ok(tag)
}
