//! Requests to the authorization endpoint (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1), read but not judged.

mod claims;
mod parameters;
mod pkce;
mod prompt;

pub use claims::{ClaimWish, ClaimsRequest, InvalidClaims};
pub use parameters::{InvalidObject, Parameters};
pub use pkce::{Challenge, InvalidChallenge, is_verifier};
pub use prompt::Prompt;

/// The longest `state`, `nonce` or other parameter that is handed back, in bytes.
pub const ECHO_MAX: usize = 2048;

/// The most parameters of a request, and the most bytes of all of them.
pub const BYTES_MAX: usize = 32 << 10;
