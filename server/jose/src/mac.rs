//! Tokens with a MAC under a client's secret (OpenID Connect Core §10.1).

use openssl::pkey::PKey;
use openssl::sign::Signer;
use zeroize::Zeroize;

use crate::alg::MacAlg;
use crate::base64url;
use crate::error::JoseFault;
use crate::secret::Secret;
use crate::signable::SignableClaims;

/// A token of type `JWT` with a MAC under `secret`, taken as it is (for a client secret: its UTF-8 bytes); the compact form. A
/// secret shorter than the hash output is refused (RFC 7518 §3.2).
pub fn sign_mac<T>(alg: MacAlg, secret: &Secret<T>, claims: &impl SignableClaims) -> Result<String, JoseFault>
where
    T: Zeroize + AsRef<[u8]>,
{
    let secret = secret.expose().as_ref();
    if secret.len() < alg.minimum_key_len() {
        return Err(JoseFault::SecretTooShort);
    }
    let mut payload = Vec::with_capacity(512);
    claims.render(&mut payload);
    let header = format!(r#"{{"alg":"{}","typ":"JWT"}}"#, alg.as_str());
    let input = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
    let key = PKey::hmac(secret)?;
    let tag = Signer::new(alg.hash().message_digest(), &key)?.sign_oneshot_to_vec(input.as_bytes())?;
    Ok(format!("{input}.{}", base64url::encode(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::Jws;

    struct Fixed;

    impl SignableClaims for Fixed {
        fn render(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(br#"{"sub":"a"}"#);
        }
    }

    #[test]
    fn idt_022_the_key_is_the_bytes_of_the_secret() {
        for alg in MacAlg::ALL {
            let secret = Secret::new("s".repeat(alg.minimum_key_len()));
            let token = sign_mac(alg, &secret, &Fixed).unwrap();
            let read = Jws::parse(&token).unwrap().verify_mac(&secret, &[alg]).unwrap();
            assert_eq!(read.claims()["sub"], "a");
            assert!(read.header().has_typ("JWT"));
            let short = Secret::new("s".repeat(alg.minimum_key_len() - 1));
            assert!(matches!(sign_mac(alg, &short, &Fixed), Err(JoseFault::SecretTooShort)));
        }
    }
}
