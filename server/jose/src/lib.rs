//! *Comes in*: bytes and text that claim to be keys or signed tokens; claims that are ready to be signed.
//! *Goes out*: keys fixed to one algorithm, `Jws<Verified>` with its claims, compact tokens, digests.
//! *May fail*: [`JwsRefusal`], [`JweRefusal`] and [`KeyRefusal`] (the sender's doing), [`JoseFault`] (ours: OpenSSL said no).
//! *Must never know*: clients, grants, the clock, the network, SQL, or why a token is issued.
//!
//! ```text
//! &str ── Jws::parse ──► Jws<Unverified> ── verify(key, allowed) ──► Jws<Verified> ── claims()
//! ```
//!
//! `alg: none` and HMAC with a public key are not errors here: there is no value that could say them.

pub mod base64url;

mod alg;
mod digest;
mod error;
mod half_hash;
mod jwe;
mod jwk;
mod jwk_set;
mod jws;
mod key;
mod mac;
mod numeric_date;
mod secret;
mod signable;
mod strict_json;

pub use alg::{Curve, HashAlg, MacAlg, SigningAlg};
pub use digest::{Digest, MalformedDigest, hmac_sha256};
pub use error::{JoseFault, JweRefusal, JwsRefusal, KeyRefusal};
pub use half_hash::left_half_hash;
pub use jwe::{ContentEnc, Decrypted, DecryptionKey, DecryptionKind, Encrypted, Encryption, EncryptionKey, Jwe, JweHeader, KeyAlg};
pub use jwk_set::{JwkSet, JwkSetRefusal, SkippedKey};
pub use jws::{Header, HeaderAlg, Jws, Unverified, Verified, is_reserved_header};
pub use key::{SigningKey, VerifyingKey};
pub use mac::sign_mac;
pub use numeric_date::{NumericDateRefusal, numeric_date};
pub use secret::Secret;
pub use signable::SignableClaims;
pub use strict_json::{StrictJsonRefusal, parse_object};

#[cfg(test)]
mod fixtures;
