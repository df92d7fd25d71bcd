use claimsmith_jose::{HeaderAlg, Jws};
use serde_json::json;

use super::*;

struct Claims(Value);

impl SignableClaims for Claims {
    fn render(&self, out: &mut Vec<u8>) {
        serde_json::to_writer(out, &self.0).unwrap();
    }
}

fn signer(alg: SigningAlg) -> Signer {
    Signer::new(Arc::new(SigningKey::generate(alg, 2048).unwrap()), "at+jwt")
}

fn verify(signer: &Signer, compact: &[u8]) -> claimsmith_jose::Jws<claimsmith_jose::Verified> {
    let token = Jws::parse(std::str::from_utf8(compact).unwrap()).unwrap();
    token.verify(signer.key.verifying_key(), &[signer.alg()]).unwrap()
}

#[test]
fn tokens_verify_and_say_what_they_are() {
    for alg in SigningAlg::ALL {
        let signer = signer(alg);
        let mut out = Vec::new();
        signer.sign_compact(&Claims(json!({"sub": "demo", "n": 1})), &mut out).unwrap();
        let token = verify(&signer, &out);
        assert_eq!(token.header().alg(), HeaderAlg::Signature(alg));
        assert_eq!(token.header().kid(), Some(signer.kid()));
        assert_eq!(token.header().typ(), Some("at+jwt"));
        assert_eq!(Value::Object(token.into_claims()), json!({"sub": "demo", "n": 1}));
    }
}

#[test]
fn a_prepared_token_is_the_same_but_for_the_place_it_is_signed_at() {
    for alg in [SigningAlg::Rs256, SigningAlg::Es512] {
        let signer = Arc::new(signer(alg));
        let prepared = signer.prepare([("x", "\"y\"".to_owned())], &Claims(json!({"n": 1}))).unwrap();
        let compact = std::thread::spawn(move || prepared.sign()).join().unwrap().unwrap();
        let token = verify(&signer, &compact);
        assert_eq!(Value::Object(token.into_claims()), json!({"n": 1}));
        assert!(signer.prepare([("alg", "\"none\"".to_owned())], &Claims(json!({}))).is_err());
    }
}

#[test]
fn a_token_is_appended_to_what_is_there() {
    let signer = signer(SigningAlg::Es256);
    let mut out = b"{\"access_token\":\"".to_vec();
    let start = out.len();
    signer.sign_compact(&Claims(json!({"a": "ä"})), &mut out).unwrap();
    assert!(out.starts_with(b"{\"access_token\":\""));
    verify(&signer, &out[start..]);
}

#[test]
fn jbp_007_each_kind_of_token_has_its_typ() {
    let signer = signer(SigningAlg::Es256).with_typ("token-introspection+jwt");
    let mut out = Vec::new();
    signer.sign_compact(&Claims(json!({})), &mut out).unwrap();
    assert!(verify(&signer, &out).header().has_typ("token-introspection+jwt"));
}

fn with_header(signer: &Signer, extra: &[(&str, &str)]) -> Result<Vec<u8>, VaultFault> {
    let mut out = b"before".to_vec();
    let extra = extra.iter().map(|(name, json)| (*name, (*json).to_owned()));
    let signed = signer.sign_compact_with_header(extra, &Claims(json!({})), &mut out);
    if signed.is_err() {
        assert_eq!(out, b"before");
    }
    signed.map(|()| out.split_off(b"before".len()))
}

#[test]
fn further_header_members_are_signed() {
    let signer = signer(SigningAlg::Es256);
    let out = with_header(&signer, &[("tenant", "\"blue\""), ("n", "[1,{}]")]).unwrap();
    verify(&signer, &out);
    let header = base64url::decode(out.split(|byte| *byte == b'.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header, json!({"alg": "ES256", "kid": signer.kid(), "typ": "at+jwt", "tenant": "blue", "n": [1, {}]}));
    let plain = with_header(&signer, &[]).unwrap();
    assert!(plain.starts_with(&signer.header_prefix));
}

#[test]
fn reserved_header_members_are_refused() {
    let signer = signer(SigningAlg::Es256);
    for name in ["alg", "kid", "typ", "cty", "crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "url", "iss"] {
        let fault = with_header(&signer, &[("tenant", "1"), (name, "\"x\"")]).unwrap_err();
        assert!(matches!(&fault, VaultFault::ReservedHeader { name: refused } if refused == name));
    }
}

#[test]
fn malformed_header_members_are_refused() {
    let signer = signer(SigningAlg::Es256);
    for extra in [&[("a", "")][..], &[("a", "1,\"alg\":\"none\"")], &[("a", "1"), ("a", "2")]] {
        let fault = with_header(&signer, extra).unwrap_err();
        assert!(matches!(&fault, VaultFault::MalformedHeader { name } if name == "a"));
    }
}

#[test]
fn two_threads_sign_at_once() {
    const fn shared<T: Send + Sync>() {}
    shared::<Signer>();
    let signer = signer(SigningAlg::Es256);
    std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..2)
            .map(|thread| {
                let signer = &signer;
                scope.spawn(move || {
                    for number in 0..50 {
                        let mut out = Vec::new();
                        let claims = json!({"thread": thread, "number": number});
                        signer.sign_compact(&Claims(claims.clone()), &mut out).unwrap();
                        assert_eq!(Value::Object(verify(signer, &out).into_claims()), claims);
                    }
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}
