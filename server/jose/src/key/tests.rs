use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use serde_json::{Value, json};

use super::{SigningKey, VerifyingKey};
use crate::alg::SigningAlg;
use crate::base64url;
use crate::error::{JoseFault, JwsRefusal, KeyRefusal};
use crate::fixtures::{ED25519, ES256, RS256, jwk};
use crate::secret::Secret;

fn read(jwk: &Value) -> Result<VerifyingKey, KeyRefusal> {
    VerifyingKey::parse(jwk.to_string().as_bytes())
}

fn refusal(jwk: &Value) -> KeyRefusal {
    read(jwk).unwrap_err()
}

fn rsa_jwk(modulus: &[u8], exponent: &[u8]) -> Value {
    json!({"kty": "RSA", "n": base64url::encode(modulus), "e": base64url::encode(exponent)})
}

/// The key of RFC 7517 appendix A.1 and RFC 7638 §3.1.
const RFC_7638_MODULUS: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

#[test]
fn the_thumbprint_of_rfc_7638_section_3_1() {
    let key = read(&json!({"kty": "RSA", "n": RFC_7638_MODULUS, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}));
    assert_eq!(key.unwrap().thumbprint().to_base64url(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn the_key_signature_and_thumbprint_of_rfc_8037_appendix_a() {
    let key = read(&json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})).unwrap();
    assert_eq!(key.thumbprint().to_base64url(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = base64url::decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg").unwrap();
    assert_eq!(key.verify(SigningAlg::EdDsa, input, &signature), Ok(()));
    assert_eq!(key.verify(SigningAlg::EdDsa, b"other", &signature), Err(JwsRefusal::BadSignature));
}

#[test]
fn every_algorithm_signs_and_survives_storage() {
    for alg in SigningAlg::ALL {
        let key = SigningKey::generate(alg, 2048).unwrap();
        assert_eq!(key.kid().len(), 43);
        assert_eq!(key.kid(), key.verifying_key().thumbprint().to_base64url());
        let restored = SigningKey::from_pkcs8(alg, &key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(restored.kid(), key.kid());
        let signature = restored.sign(b"input").unwrap();
        if let Some(curve) = alg.curve() {
            assert_eq!(signature.len(), 2 * curve.field_len());
        }
        let outside = read(&Value::Object(key.verifying_key().public_jwk())).unwrap();
        assert_eq!((outside.kid(), outside.alg()), (Some(key.kid()), Some(alg)));
        assert_eq!(outside.verify(alg, b"input", &signature), Ok(()), "{alg:?}");
        assert_eq!(outside.verify(alg, b"inpuT", &signature), Err(JwsRefusal::BadSignature));
        let mut compact = b"kept input".to_vec();
        key.append_signature(&mut compact, 5).unwrap();
        let appended = base64url::decode(&compact[11..]).unwrap();
        assert_eq!((&compact[..11], outside.verify(alg, b"input", &appended)), (&b"kept input."[..], Ok(())));
    }
}

#[test]
fn key_004_one_key_serves_one_algorithm() {
    let der = RS256.to_pkcs8().unwrap();
    for alg in SigningAlg::ALL {
        assert_eq!(SigningKey::from_pkcs8(alg, &der).is_ok(), alg.is_rsa());
        assert_eq!(RS256.verifying_key().admits(alg), alg == SigningAlg::Rs256);
        assert_eq!(ES256.verifying_key().admits(alg), alg == SigningAlg::Es256);
        assert_eq!(ED25519.verifying_key().admits(alg), alg == SigningAlg::EdDsa);
    }
    let unnamed = read(&jwk(&RS256, |members| drop(members.remove("alg")))).unwrap();
    assert_eq!(unnamed.alg(), None);
    assert!(SigningAlg::ALL.into_iter().all(|alg| unnamed.admits(alg) == alg.is_rsa()));
}

#[test]
fn caj_024_key_004_rsa_has_at_least_2048_bits() {
    assert!(matches!(SigningKey::generate(SigningAlg::Rs256, 2047), Err(JoseFault::Key(KeyRefusal::WeakRsa))));
    assert!(matches!(SigningKey::generate(SigningAlg::Rs256, 8193), Err(JoseFault::Key(KeyRefusal::HugeRsa))));
    let weak = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    let der = Secret::new(weak.private_key_to_pkcs8().unwrap());
    assert!(matches!(SigningKey::from_pkcs8(SigningAlg::Rs256, &der), Err(JoseFault::Key(KeyRefusal::WeakRsa))));
    assert_eq!(refusal(&rsa_jwk(&weak.rsa().unwrap().n().to_vec(), &[1, 0, 1])), KeyRefusal::WeakRsa);
    // 2047 bits, and 2047 bits behind leading zeros.
    let mut short = [0xff; 256];
    short[0] = 0x7f;
    assert_eq!(refusal(&rsa_jwk(&short, &[1, 0, 1])), KeyRefusal::WeakRsa);
    assert_eq!(refusal(&rsa_jwk(&[&[0; 300][..], &short].concat(), &[1, 0, 1])), KeyRefusal::WeakRsa);
    assert_eq!(refusal(&rsa_jwk(&[0xff; 1025], &[1, 0, 1])), KeyRefusal::HugeRsa);
}

#[test]
fn caj_024_key_004_weak_curves_are_not_supported() {
    let group = EcGroup::from_curve_name(Nid::SECP224R1).unwrap();
    let weak = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let der = Secret::new(weak.private_key_to_pkcs8().unwrap());
    assert!(SigningKey::from_pkcs8(SigningAlg::Es256, &der).is_err());
    for curve in ["P-224", "P-192", "secp256k1", "p-256", ""] {
        let foreign = jwk(&ES256, |members| drop(members.insert("crv".into(), json!(curve))));
        assert_eq!(refusal(&foreign), KeyRefusal::UnsupportedKind);
    }
}

#[test]
fn rsa_numbers_are_sane() {
    let modulus = base64url::decode(RFC_7638_MODULUS).unwrap();
    assert!(read(&rsa_jwk(&modulus, &[1, 0, 1])).is_ok());
    assert!(read(&rsa_jwk(&[&[0], &modulus[..]].concat(), &[0, 1, 0, 1])).is_ok());
    for exponent in [&[][..], &[0], &[1], &[2], &[3], &[1, 0, 0], &[1, 0, 2], &[1, 0, 0, 0, 0, 0, 0, 0, 1]] {
        assert_eq!(refusal(&rsa_jwk(&modulus, exponent)), KeyRefusal::RsaParameters, "{exponent:?}");
    }
    let mut even = modulus;
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(refusal(&rsa_jwk(&even, &[1, 0, 1])), KeyRefusal::RsaParameters);
}

#[test]
fn jbp_004_points_lie_on_their_curve() {
    let set =
        |member: &'static str, bytes: Vec<u8>| jwk(&ES256, |members| drop(members.insert(member.into(), json!(base64url::encode(bytes)))));
    let coordinate = |member: &str| base64url::decode(jwk(&ES256, |_| ())[member].as_str().unwrap()).unwrap();
    let mut off = coordinate("y");
    off[31] ^= 1;
    assert_eq!(refusal(&set("y", off)), KeyRefusal::InvalidPoint);
    assert_eq!(refusal(&set("x", vec![0xff; 32])), KeyRefusal::InvalidPoint);
    let origin = json!({"kty": "EC", "crv": "P-256", "x": base64url::encode([0; 32]), "y": base64url::encode([0; 32])});
    assert_eq!(refusal(&origin), KeyRefusal::InvalidPoint);
    assert_eq!(refusal(&set("x", coordinate("x")[1..].to_vec())), KeyRefusal::MalformedParameter);
    assert_eq!(refusal(&set("x", [&[0], &coordinate("x")[..]].concat())), KeyRefusal::MalformedParameter);
    assert_eq!(refusal(&set("y", coordinate("y")[1..].to_vec())), KeyRefusal::MalformedParameter);
    assert_eq!(refusal(&set("y", [&[0], &coordinate("y")[..]].concat())), KeyRefusal::MalformedParameter);
    let other_curve = jwk(&ES256, |members| drop(members.insert("crv".into(), json!("P-384"))));
    assert_eq!(refusal(&other_curve), KeyRefusal::MalformedParameter);
}

#[test]
fn jbp_004_points_of_small_order_are_refused() {
    let key = |point: [u8; 32]| json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(point)});
    let mut one = [0; 32];
    one[0] = 1;
    let mut signed_one = one;
    signed_one[31] = 0x80;
    for point in [[0; 32], one, signed_one] {
        assert_eq!(refusal(&key(point)), KeyRefusal::InvalidPoint);
    }
    // Of order 8; computed from the curve equation.
    let eight = base64url::decode("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU").unwrap();
    assert_eq!(refusal(&key(eight.try_into().unwrap())), KeyRefusal::InvalidPoint);
    let short = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode([9; 31])});
    assert_eq!(refusal(&short), KeyRefusal::MalformedParameter);
}

#[test]
fn jbp_013_impossible_signatures_are_refused() {
    let es256 = ES256.verifying_key();
    let verify = |signature: &[u8]| es256.verify(SigningAlg::Es256, b"input", signature);
    let good = ES256.sign(b"input").unwrap();
    assert_eq!(verify(&good), Ok(()));
    assert_eq!(verify(&[0; 64]), Err(JwsRefusal::SignatureRange));
    assert_eq!(verify(&[&[0; 32], &good[32..]].concat()), Err(JwsRefusal::SignatureRange));
    assert_eq!(verify(&[&good[..32], &[0; 32]].concat()), Err(JwsRefusal::SignatureRange));
    assert_eq!(verify(&[0xff; 64]), Err(JwsRefusal::SignatureRange));
    // The group order itself is zero in the group.
    let order = base64url::decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").unwrap();
    assert_eq!(verify(&[&order, &order[..]].concat()), Err(JwsRefusal::SignatureRange));
    assert_eq!(verify(&[&order, &good[32..]].concat()), Err(JwsRefusal::SignatureRange));
    assert_eq!(verify(&[&good[..32], &order].concat()), Err(JwsRefusal::SignatureRange));
    for length in [0, 1, 63, 65, 128] {
        assert_eq!(verify(&vec![1; length]), Err(JwsRefusal::SignatureLength), "{length}");
    }
    assert_eq!(verify(&[&[0], &good[..]].concat()), Err(JwsRefusal::SignatureLength));
    let der = openssl::ecdsa::EcdsaSig::from_private_components(
        openssl::bn::BigNum::from_slice(&good[..32]).unwrap(),
        openssl::bn::BigNum::from_slice(&good[32..]).unwrap(),
    );
    assert_eq!(verify(&der.unwrap().to_der().unwrap()), Err(JwsRefusal::SignatureLength));
}

#[test]
fn jbp_013_rsa_signatures_are_as_long_as_the_modulus() {
    let verify = |signature: &[u8]| RS256.verifying_key().verify(SigningAlg::Rs256, b"input", signature);
    let good = RS256.sign(b"input").unwrap();
    assert_eq!(verify(&good), Ok(()));
    assert_eq!(verify(&[0; 256]), Err(JwsRefusal::BadSignature));
    assert_eq!(verify(&[&[0], &good[..]].concat()), Err(JwsRefusal::SignatureLength));
    assert_eq!(verify(&good[..255]), Err(JwsRefusal::SignatureLength));
    assert_eq!(verify(&[]), Err(JwsRefusal::SignatureLength));
}

#[test]
fn jbp_013_an_ed25519_signature_has_one_spelling() {
    // The same S plus the group order L: equal in the group, another byte string.
    let good = ED25519.sign(b"input").unwrap();
    let order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0x10_u8,
    ];
    let mut other = good.clone();
    let mut carry = 0;
    for (byte, add) in other[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    let verify = |signature: &[u8]| ED25519.verifying_key().verify(SigningAlg::EdDsa, b"input", signature);
    assert_eq!(verify(&good), Ok(()));
    assert_eq!(verify(&other), Err(JwsRefusal::BadSignature));
    assert_eq!(verify(&[0; 64]), Err(JwsRefusal::BadSignature));
    assert_eq!(verify(&good[..63]), Err(JwsRefusal::SignatureLength));
}

#[test]
fn pss_salts_are_as_long_as_the_hash() {
    use openssl::sign::{RsaPssSaltlen, Signer};
    let key = SigningKey::generate(SigningAlg::Ps256, 2048).unwrap();
    let private = PKey::private_key_from_pkcs8(key.to_pkcs8().unwrap().expose()).unwrap();
    let sign = |salt: i32| {
        let mut signer = Signer::new(openssl::hash::MessageDigest::sha256(), &private).unwrap();
        signer.set_rsa_padding(openssl::rsa::Padding::PKCS1_PSS).unwrap();
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt)).unwrap();
        signer.sign_oneshot_to_vec(b"input").unwrap()
    };
    let verify = |signature: &[u8]| key.verifying_key().verify(SigningAlg::Ps256, b"input", signature);
    assert_eq!(verify(&sign(32)), Ok(()));
    assert_eq!(verify(&sign(0)), Err(JwsRefusal::BadSignature));
    assert_eq!(verify(&sign(64)), Err(JwsRefusal::BadSignature));
}

#[test]
fn caj_022_private_and_symmetric_keys_are_refused() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for key in [&*ES256, &*RS256, &*ED25519] {
            let private = jwk(key, |members| drop(members.insert(member.into(), json!("AQAB"))));
            assert_eq!(refusal(&private), KeyRefusal::Private, "{member}");
        }
    }
    assert_eq!(refusal(&json!({"kty": "oct", "k": base64url::encode([7; 32])})), KeyRefusal::Symmetric);
}

#[test]
fn caj_010_use_key_ops_and_alg_are_honoured() {
    let with = |member: &str, value: Value| jwk(&ES256, |members| drop(members.insert(member.into(), value)));
    assert!(read(&with("use", json!("sig"))).is_ok());
    assert!(read(&with("key_ops", json!(["verify"]))).is_ok());
    assert!(read(&jwk(&ES256, |members| members.retain(|name, _| !["use", "alg", "kid"].contains(&&**name)))).is_ok());
    assert_eq!(refusal(&with("use", json!("enc"))), KeyRefusal::NotForSignatures);
    assert_eq!(refusal(&with("use", json!(1))), KeyRefusal::MalformedMember);
    for operations in [json!([]), json!(["sign"]), json!(["encrypt"]), json!(["verify", "verify"])] {
        assert_eq!(refusal(&with("key_ops", operations)), KeyRefusal::NotForVerifying);
    }
    assert_eq!(refusal(&with("key_ops", json!("verify"))), KeyRefusal::MalformedMember);
    assert_eq!(refusal(&with("key_ops", json!(["verify", 1]))), KeyRefusal::MalformedMember);
    assert_eq!(refusal(&with("alg", json!("ES384"))), KeyRefusal::AlgMismatch);
    assert_eq!(refusal(&with("alg", json!("RS256"))), KeyRefusal::AlgMismatch);
    assert_eq!(refusal(&with("alg", json!("HS256"))), KeyRefusal::UnsupportedAlg);
    assert_eq!(refusal(&with("alg", json!("none"))), KeyRefusal::UnsupportedAlg);
    assert_eq!(refusal(&with("alg", json!(["ES256"]))), KeyRefusal::MalformedMember);
    for kid in [json!(""), json!(7), json!("k".repeat(513))] {
        assert_eq!(refusal(&with("kid", kid)), KeyRefusal::MalformedMember);
    }
}

#[test]
fn caj_023_the_fully_specified_name_fits_ed25519_keys() {
    let named = jwk(&ED25519, |members| drop(members.insert("alg".into(), json!("Ed25519"))));
    assert_eq!(read(&named).unwrap().alg(), Some(SigningAlg::EdDsa));
}

#[test]
fn malformed_keys_are_refused() {
    for text in ["", "[]", "{", "\"key\"", r#"{"kty":"EC","kty":"EC"}"#] {
        assert_eq!(VerifyingKey::parse(text.as_bytes()).unwrap_err(), KeyRefusal::NotAnObject, "{text}");
    }
    assert_eq!(refusal(&json!({})), KeyRefusal::MissingKeyType);
    assert_eq!(refusal(&json!({"kty": 1})), KeyRefusal::MissingKeyType);
    assert_eq!(refusal(&json!({"kty": "AKP"})), KeyRefusal::UnsupportedKind);
    assert_eq!(refusal(&json!({"kty": "OKP", "crv": "X25519", "x": "AAAA"})), KeyRefusal::UnsupportedKind);
    assert_eq!(refusal(&json!({"kty": "OKP", "crv": "Ed25519"})), KeyRefusal::MalformedParameter);
    assert_eq!(refusal(&json!({"kty": "EC", "crv": "P-256", "x": "A=", "y": 1})), KeyRefusal::MalformedParameter);
    assert_eq!(refusal(&json!({"kty": "RSA", "n": "AQAB"})), KeyRefusal::MalformedParameter);
}

#[test]
fn keys_print_their_names_only() {
    let text = format!("{:?} {:?}", *ES256, ES256.verifying_key());
    assert_eq!(text.matches(ES256.kid()).count(), 2);
    assert!(!text.contains("private") && !text.contains("\"x\""), "{text}");
}

#[test]
fn keys_are_shared_between_threads() {
    const fn shared<T: Send + Sync>() {}
    shared::<SigningKey>();
    shared::<VerifyingKey>();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let signature = ES256.sign(b"input").unwrap();
                    assert_eq!(ES256.verifying_key().verify(SigningAlg::Es256, b"input", &signature), Ok(()));
                }
            });
        }
    });
}

#[test]
fn a_refusal_leaves_no_error_behind_for_the_next_connection() {
    let left = || openssl::error::ErrorStack::get().errors().to_vec().len();
    left();
    for alg in SigningAlg::ALL {
        let key = SigningKey::generate(alg, 2048).unwrap();
        let other = SigningKey::generate(alg, 2048).unwrap().sign(b"input").unwrap();
        assert!(key.verifying_key().verify(alg, b"input", &other).is_err());
        assert_eq!(left(), 0, "{alg:?}: another key's signature");
        for byte in [0x00, 0x01, 0x7f, 0xff] {
            assert!(key.verifying_key().verify(alg, b"input", &vec![byte; other.len()]).is_err());
            assert_eq!(left(), 0, "{alg:?}: {byte}");
        }
    }
    let zero = base64url::encode([0; 32]);
    assert!(read(&json!({"kty": "EC", "crv": "P-256", "x": zero, "y": zero})).is_err());
    assert_eq!(left(), 0, "a bad point");
    assert!(SigningKey::from_pkcs8(SigningAlg::Es256, &Secret::new(b"no key".to_vec())).is_err());
    assert_eq!(left(), 0, "a bad private key");
}
