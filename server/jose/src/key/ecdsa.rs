//! ECDSA in JOSE's form: `r || s`, each as long as the field (RFC 7518 §3.4).

use openssl::bn::BigNum;
use openssl::ec::EcKey;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::{Private, Public};
use openssl::sha::{Sha384, Sha512};

use crate::alg::Curve;
use crate::digest::Digest;
use crate::error::{JoseFault, JwsRefusal};

/// Room for the longest signature, P-521's.
pub(super) type Buffer = [u8; 132];

/// The hash of an input, in place: nothing is allocated, and no algorithm is looked up.
enum Hashed {
    Short(Digest),
    Middle([u8; 48]),
    Long([u8; 64]),
}

impl AsRef<[u8]> for Hashed {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Short(digest) => digest.as_bytes(),
            Self::Middle(bytes) => bytes,
            Self::Long(bytes) => bytes,
        }
    }
}

fn hash(curve: Curve, input: &[u8]) -> Hashed {
    match curve {
        Curve::P256 => Hashed::Short(Digest::of(input)),
        Curve::P384 => {
            let mut hash = Sha384::new();
            hash.update(input);
            Hashed::Middle(hash.finish())
        }
        Curve::P521 => {
            let mut hash = Sha512::new();
            hash.update(input);
            Hashed::Long(hash.finish())
        }
    }
}

/// Signs into the front of `buffer`; returns the signature's length. This is the hottest code of the server: the key is
/// parsed already, no context is made per call.
pub(super) fn sign(curve: Curve, key: &EcKey<Private>, input: &[u8], buffer: &mut Buffer) -> Result<usize, JoseFault> {
    let half = curve.field_len();
    let signature = EcdsaSig::sign(hash(curve, input).as_ref(), key)?;
    buffer[..half].copy_from_slice(&signature.r().to_vec_padded(half as i32)?);
    buffer[half..2 * half].copy_from_slice(&signature.s().to_vec_padded(half as i32)?);
    Ok(2 * half)
}

pub(super) fn verify(curve: Curve, key: &EcKey<Public>, input: &[u8], signature: &[u8]) -> Result<(), JwsRefusal> {
    let half = curve.field_len();
    if signature.len() != 2 * half {
        return Err(JwsRefusal::SignatureLength);
    }
    let bad = |_| JwsRefusal::BadSignature;
    let (r, s) = signature.split_at(half);
    let (r, s) = (BigNum::from_slice(r).map_err(bad)?, BigNum::from_slice(s).map_err(bad)?);
    // Security: a signature of zeros verified everything in more than one library. OpenSSL checks this as well; the rule
    // does not depend on it.
    let mut order = BigNum::new().map_err(bad)?;
    let mut context = openssl::bn::BigNumContext::new().map_err(bad)?;
    key.group().order(&mut order, &mut context).map_err(bad)?;
    if r.num_bits() == 0 || s.num_bits() == 0 || r >= order || s >= order {
        return Err(JwsRefusal::SignatureRange);
    }
    let signature = EcdsaSig::from_private_components(r, s).map_err(bad)?;
    match signature.verify(hash(curve, input).as_ref(), key) {
        Ok(true) => Ok(()),
        Ok(false) => {
            // Invariant: the thread's error queue is empty when we leave. `verify` does not see to it, and what stays
            // there ends the next TLS connection that this thread reads.
            drop(ErrorStack::get());
            Err(JwsRefusal::BadSignature)
        }
        Err(_) => Err(JwsRefusal::BadSignature),
    }
}
