//! `at_hash`, `c_hash` and `s_hash`: half a hash of something that is sent beside an ID token.

use crate::alg::HashAlg;
use crate::base64url;
use crate::jws::HeaderAlg;

/// The left half of the hash of `text`, in base64url
/// ([OpenID Connect Core §3.1.3.6](https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken)). The hash is that of the ID
/// token's algorithm; SHA-512 for Ed25519, which has it inside (RFC 8032 §5.1).
pub fn left_half_hash(alg: HeaderAlg, text: &str) -> String {
    let hash = match alg {
        HeaderAlg::Signature(alg) => alg.hash().unwrap_or(HashAlg::Sha512),
        HeaderAlg::Mac(alg) => alg.hash(),
    };
    base64url::encode(&hash.digest(text.as_bytes())[..hash.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alg::{MacAlg, SigningAlg};

    /// The access token and code of OpenID Connect Core, Appendix A.3 and A.4.
    #[test]
    fn idt_006_the_examples_of_the_specification() {
        let rs256 = HeaderAlg::Signature(SigningAlg::Rs256);
        assert_eq!(left_half_hash(rs256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(left_half_hash(rs256, "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"), "LDktKdoQak3Pk0cnXxCltA");
    }

    #[test]
    fn idt_006_the_hash_is_that_of_the_algorithm() {
        let lengths = |alg: HeaderAlg| left_half_hash(alg, "token").len();
        for alg in SigningAlg::ALL {
            let expected = match alg.as_str() {
                "ES256" | "RS256" | "PS256" => 22,
                "ES384" | "RS384" | "PS384" => 32,
                _ => 43,
            };
            assert_eq!(lengths(HeaderAlg::Signature(alg)), expected, "{alg:?}");
        }
        assert_eq!(MacAlg::ALL.map(|alg| lengths(HeaderAlg::Mac(alg))), [22, 32, 43]);
        let ed25519 = left_half_hash(HeaderAlg::Signature(SigningAlg::EdDsa), "token");
        assert_eq!(ed25519, left_half_hash(HeaderAlg::Mac(MacAlg::Hs512), "token"), "Ed25519 hashes with SHA-512");
    }
}
