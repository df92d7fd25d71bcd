//! RSA signatures: PKCS #1 v1.5 and PSS with a salt as long as the hash (RFC 7518 §3.3, §3.5).

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer, Verifier};

use crate::alg::{HashAlg, SigningAlg};
use crate::error::{JoseFault, JwsRefusal};

pub(super) fn sign(alg: SigningAlg, key: &PKey<Private>, input: &[u8]) -> Result<Vec<u8>, JoseFault> {
    let hash = hash(alg).message_digest();
    let mut signer = Signer::new(hash, key)?;
    if alg.is_pss() {
        signer.set_rsa_padding(Padding::PKCS1_PSS)?;
        signer.set_rsa_mgf1_md(hash)?;
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    } else {
        signer.set_rsa_padding(Padding::PKCS1)?;
    }
    Ok(signer.sign_oneshot_to_vec(input)?)
}

pub(super) fn verify(alg: SigningAlg, key: &PKey<Public>, input: &[u8], signature: &[u8]) -> Result<(), JwsRefusal> {
    if signature.len() != key.size() {
        return Err(JwsRefusal::SignatureLength);
    }
    match check(alg, key, input, signature) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(JwsRefusal::BadSignature),
    }
}

fn check(alg: SigningAlg, key: &PKey<Public>, input: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
    let hash = hash(alg).message_digest();
    let mut verifier = Verifier::new(hash, key)?;
    if alg.is_pss() {
        verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
        verifier.set_rsa_mgf1_md(hash)?;
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    } else {
        verifier.set_rsa_padding(Padding::PKCS1)?;
    }
    verifier.verify_oneshot(signature, input)
}

fn hash(alg: SigningAlg) -> HashAlg {
    alg.hash().expect("every RSA algorithm names its hash")
}
