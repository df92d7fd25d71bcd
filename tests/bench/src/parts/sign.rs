//! The vault: a payload of about 900 bytes rendered and signed, once for each algorithm; and a signature verified.

use std::sync::Arc;

use claimsmith_jose::{Jws, SignableClaims, SigningAlg, SigningKey};
use claimsmith_vault::Signer;

use crate::cpu::best_of_five;
use crate::sample;

/// Bits of the RSA keys that are measured: what the server makes by default.
pub const RSA_BITS: u32 = 3_072;

/// The sample's payload, in bytes.
pub fn payload() -> usize {
    let mut out = Vec::new();
    sample::shaped().render(&mut out);
    out.len()
}

/// CPU microseconds of one signed token.
///
/// # Panics
/// When OpenSSL refuses.
pub fn measure(alg: SigningAlg) -> f64 {
    let signer = Signer::new(Arc::new(SigningKey::generate(alg, RSA_BITS).expect("a key")), "at+jwt");
    let claims = sample::shaped();
    let turns = match alg {
        _ if alg.is_rsa() => 100,
        SigningAlg::Es384 | SigningAlg::Es512 => 300,
        _ => 8_000,
    };
    best_of_five(turns, |turns| {
        for _ in 0..turns {
            let mut out = Vec::with_capacity(2_048);
            signer.sign_compact(std::hint::black_box(claims), &mut out).expect("signed");
            std::hint::black_box(out);
        }
    })
}

/// CPU microseconds of reading and verifying one token of the sample, as introspection does.
///
/// # Panics
/// When OpenSSL refuses.
pub fn measure_verify() -> f64 {
    let key = Arc::new(SigningKey::generate(SigningAlg::Es256, RSA_BITS).expect("a key"));
    let mut token = Vec::new();
    Signer::new(Arc::clone(&key), "at+jwt").sign_compact(sample::shaped(), &mut token).expect("signed");
    let token = String::from_utf8(token).expect("ASCII");
    best_of_five(4_000, |turns| {
        for _ in 0..turns {
            let jws = Jws::parse(std::hint::black_box(&token)).expect("a JWS");
            std::hint::black_box(jws.verify(key.verifying_key(), &[SigningAlg::Es256]).expect("our signature").into_claims());
        }
    })
}
