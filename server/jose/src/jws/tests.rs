use serde_json::json;

use super::*;
use crate::fixtures::{ED25519, ES256, OTHER_ES256, RS256, joined, jwk, maced, public, signed};

const HEADER: &str = r#"{"alg":"ES256"}"#;
const PAYLOAD: &str = r#"{"iss":"joe","sub":"demo"}"#;

fn refusal(compact: &str) -> JwsRefusal {
    Jws::parse(compact).unwrap_err()
}

fn header_refusal(header: &str) -> JwsRefusal {
    refusal(&signed(&ES256, header, PAYLOAD))
}

fn verify(compact: &str) -> Result<Jws<Verified>, JwsRefusal> {
    Jws::parse(compact)?.verify(&public(&ES256), &[SigningAlg::Es256])
}

fn set_of(keys: &[Value]) -> JwkSet {
    JwkSet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

/// The payload of RFC 7515 appendix A.1 to A.3.
const RFC_7515_PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn check_rfc_7515_claims(token: Jws<Verified>) {
    let expected = json!({"iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true});
    assert_eq!(Value::Object(token.into_claims()), expected);
}

#[test]
fn the_token_of_rfc_7515_appendix_a_1() {
    let secret = base64url::decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    let compact = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{RFC_7515_PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let token = Jws::parse(&compact).unwrap();
    assert!(token.header().has_typ("jwt"));
    check_rfc_7515_claims(token.verify_mac(&Secret::new(secret.unwrap()), &[MacAlg::Hs256]).unwrap());
}

#[test]
fn the_token_of_rfc_7515_appendix_a_2() {
    let key = json!({"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"});
    let compact = format!(
        "eyJhbGciOiJSUzI1NiJ9.{RFC_7515_PAYLOAD}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let key = VerifyingKey::parse(key.to_string().as_bytes()).unwrap();
    check_rfc_7515_claims(Jws::parse(&compact).unwrap().verify(&key, &[SigningAlg::Rs256]).unwrap());
}

#[test]
fn the_token_of_rfc_7515_appendix_a_3() {
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let compact = format!(
        "eyJhbGciOiJFUzI1NiJ9.{RFC_7515_PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    let key = VerifyingKey::parse(key.to_string().as_bytes()).unwrap();
    check_rfc_7515_claims(Jws::parse(&compact).unwrap().verify(&key, &[SigningAlg::Es256]).unwrap());
}

#[test]
fn verified_claims_are_given_as_map_and_as_type() {
    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Typed {
        iss: String,
    }
    let compact = signed(&ES256, HEADER, PAYLOAD);
    assert_eq!(verify(&compact).unwrap().claims()["sub"], "demo");
    assert_eq!(verify(&compact).unwrap().claims_as::<Typed>().unwrap(), Typed { iss: "joe".into() });
    assert_eq!(verify(&compact).unwrap().claims_as::<u8>(), Err(JwsRefusal::UnexpectedClaims));
    let unverified = Jws::parse(&compact).unwrap();
    assert_eq!((unverified.alleged_issuer(), unverified.alleged_subject()), (Some("joe"), Some("demo")));
    assert!(!format!("{unverified:?}").contains("demo"));
}

#[test]
fn jbp_001_the_algorithm_must_be_allowed_and_the_keys() {
    let token = |header| Jws::parse(&signed(&ES256, header, PAYLOAD)).unwrap();
    let key = public(&ES256);
    assert!(token(HEADER).verify(&key, &[SigningAlg::EdDsa, SigningAlg::Es256]).is_ok());
    assert_eq!(token(HEADER).verify(&key, &[]).unwrap_err(), JwsRefusal::AlgNotAllowed);
    assert_eq!(token(HEADER).verify(&key, &[SigningAlg::Es384]).unwrap_err(), JwsRefusal::AlgNotAllowed);
    let swapped = token(r#"{"alg":"RS256"}"#).verify(&key, &SigningAlg::ALL);
    assert_eq!(swapped.unwrap_err(), JwsRefusal::AlgOfOtherKey);
    let pss = Jws::parse(&signed(&RS256, r#"{"alg":"PS256"}"#, PAYLOAD)).unwrap();
    assert_eq!(pss.verify(&public(&RS256), &SigningAlg::ALL).unwrap_err(), JwsRefusal::AlgOfOtherKey);
}

#[test]
fn caj_013_hmac_keyed_with_a_public_key_is_refused() {
    let header = r#"{"alg":"HS256"}"#;
    let public_text = serde_json::to_vec(&public(&RS256).public_jwk()).unwrap();
    let forged = maced(MacAlg::Hs256, &public_text, header, PAYLOAD);
    let verdict = Jws::parse(&forged).unwrap().verify(&public(&RS256), &SigningAlg::ALL);
    assert_eq!(verdict.unwrap_err(), JwsRefusal::AlgNotAllowed);
    let among = Jws::parse(&forged).unwrap().verify_among(&set_of(&[jwk(&RS256, |_| ())]), &SigningAlg::ALL);
    assert_eq!(among.unwrap_err(), JwsRefusal::AlgNotAllowed);
    let signature = Jws::parse(&signed(&ES256, HEADER, PAYLOAD)).unwrap();
    let secret = Secret::new(vec![7; 64]);
    assert_eq!(signature.verify_mac(&secret, &MacAlg::ALL).unwrap_err(), JwsRefusal::AlgNotAllowed);
}

#[test]
fn caj_013_jbp_002_unsigned_tokens_are_refused() {
    for name in ["none", "None", "NONE", "nOnE", " none"] {
        let header = json!({ "alg": name }).to_string();
        assert_eq!(header_refusal(&header), JwsRefusal::AlgNone, "{name}");
        assert_eq!(refusal(&format!("{}.", joined(&header, PAYLOAD))), JwsRefusal::AlgNone);
    }
    assert_eq!(header_refusal("{}"), JwsRefusal::MissingAlg);
    assert_eq!(header_refusal(r#"{"alg":null}"#), JwsRefusal::MissingAlg);
    assert_eq!(header_refusal(r#"{"alg":["ES256"]}"#), JwsRefusal::MissingAlg);
    assert_eq!(header_refusal(r#"{"alg":"es256"}"#), JwsRefusal::UnknownAlg);
    assert_eq!(verify(&format!("{}.", joined(HEADER, PAYLOAD))).unwrap_err(), JwsRefusal::SignatureLength);
}

#[test]
fn caj_014_a_short_secret_verifies_nothing() {
    for alg in MacAlg::ALL {
        let header = json!({ "alg": alg.as_str() }).to_string();
        let check = |length: usize, allowed: &[MacAlg]| {
            let secret = vec![b's'; length];
            let token = Jws::parse(&maced(alg, &secret, &header, PAYLOAD)).unwrap();
            token.verify_mac(&Secret::new(secret), allowed).map(|_| ())
        };
        assert_eq!(check(alg.minimum_key_len(), &MacAlg::ALL), Ok(()));
        assert_eq!(check(alg.minimum_key_len() - 1, &MacAlg::ALL), Err(JwsRefusal::SecretTooShort));
        assert_eq!(check(alg.minimum_key_len(), &[]), Err(JwsRefusal::AlgNotAllowed));
    }
}

#[test]
fn a_wrong_or_truncated_mac_is_refused() {
    let secret = || Secret::new(vec![b's'; 32]);
    let good = maced(MacAlg::Hs256, &[b's'; 32], r#"{"alg":"HS256"}"#, PAYLOAD);
    let verify = |compact: &str| Jws::parse(compact).unwrap().verify_mac(&secret(), &MacAlg::ALL).map(|_| ());
    assert_eq!(verify(&good), Ok(()));
    let (input, tag) = good.rsplit_once('.').unwrap();
    let tag = base64url::decode(tag).unwrap();
    assert_eq!(verify(&format!("{input}.{}", base64url::encode(&tag[..16]))), Err(JwsRefusal::SignatureLength));
    assert_eq!(verify(&format!("{input}.")), Err(JwsRefusal::SignatureLength));
    let other = maced(MacAlg::Hs256, &[b't'; 32], r#"{"alg":"HS256"}"#, PAYLOAD);
    assert_eq!(verify(&other), Err(JwsRefusal::BadSignature));
}

#[test]
fn caj_025_jbp_003_encrypted_tokens_are_refused_as_such() {
    let jwe = format!("{}.AAAA.AAAA.AAAA.AAAA", base64url::encode(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#));
    assert_eq!(refusal(&jwe), JwsRefusal::Encrypted);
    assert_eq!(refusal("...."), JwsRefusal::Encrypted);
    // A token within a token: the payload is no JSON object.
    assert_eq!(refusal(&signed(&ES256, HEADER, &signed(&ES256, HEADER, PAYLOAD))), JwsRefusal::MalformedPayload);
}

#[test]
fn jbp_005_compressed_payloads_are_refused() {
    assert_eq!(header_refusal(r#"{"alg":"ES256","zip":"DEF"}"#), JwsRefusal::Compressed);
}

#[test]
fn jbp_006_password_based_encryption_is_never_computed() {
    let header = r#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":1000000000,"p2s":"AAAA"}"#;
    assert_eq!(header_refusal(header), JwsRefusal::UnknownAlg);
    assert_eq!(refusal(&format!("{}.A.A.A.A", base64url::encode(header))), JwsRefusal::Encrypted);
}

#[test]
fn jbp_007_media_types_compare_as_the_rfc_says() {
    let typ = |typ: &str| {
        let header = json!({"alg": "ES256", "typ": typ}).to_string();
        Jws::parse(&signed(&ES256, &header, PAYLOAD)).unwrap()
    };
    for same in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
        assert!(typ(same).header().has_typ("at+jwt") && typ(same).header().has_typ("application/at+jwt"), "{same}");
        assert_eq!(typ(same).header().typ(), Some(same));
    }
    for other in ["", "JWT", "at+jwt ", "text/at+jwt", "application/x/at+jwt", "dpop+jwt"] {
        assert!(!typ(other).header().has_typ("at+jwt"), "{other}");
    }
    assert!(!typ("application/x/at+jwt").header().has_typ("x/at+jwt"));
    assert!(!Jws::parse(&signed(&ES256, HEADER, PAYLOAD)).unwrap().header().has_typ(""));
}

#[test]
fn jbp_008_another_partys_key_does_not_verify() {
    let foreign = signed(&OTHER_ES256, HEADER, PAYLOAD);
    assert_eq!(verify(&foreign).unwrap_err(), JwsRefusal::BadSignature);
    let token = Jws::parse(&foreign).unwrap();
    let verdict = token.verify_among(&set_of(&[jwk(&ES256, |_| ())]), &SigningAlg::ALL);
    assert_eq!(verdict.unwrap_err(), JwsRefusal::BadSignature);
}

#[test]
fn jbp_009_a_kid_is_only_compared() {
    let keys = set_of(&[jwk(&ES256, |_| ())]);
    for kid in ["' OR 1=1 --", "../../../../dev/null", "", "\u{0}", "https://attacker.example/key"] {
        let header = json!({"alg": "ES256", "kid": kid}).to_string();
        let compact = signed(&ES256, &header, PAYLOAD);
        assert_eq!(verify(&compact).unwrap_err(), JwsRefusal::OtherKeyId);
        let among = Jws::parse(&compact).unwrap().verify_among(&keys, &SigningAlg::ALL);
        assert_eq!(among.unwrap_err(), JwsRefusal::NoSuchKey);
    }
    for kid in ["1", "null", "{}", "[]"] {
        let header = format!(r#"{{"alg":"ES256","kid":{kid}}}"#);
        assert_eq!(header_refusal(&header), JwsRefusal::MalformedHeaderMember);
    }
    assert_eq!(header_refusal(r#"{"alg":"ES256","typ":1}"#), JwsRefusal::MalformedHeaderMember);
}

#[test]
fn caj_019_jbp_010_keys_in_the_header_are_ignored() {
    let header = json!({
        "alg": "ES256", "jwk": jwk(&OTHER_ES256, |_| ()), "jku": "https://attacker.example/jwks",
        "x5u": "https://attacker.example/cert", "x5c": ["AAAA"],
    })
    .to_string();
    let keys = set_of(&[jwk(&ES256, |_| ())]);
    let verify = |compact: String| Jws::parse(&compact).unwrap().verify_among(&keys, &SigningAlg::ALL).map(|_| ());
    assert_eq!(verify(signed(&OTHER_ES256, &header, PAYLOAD)), Err(JwsRefusal::BadSignature));
    assert_eq!(verify(signed(&ES256, &header, PAYLOAD)), Ok(()));
}

#[test]
fn caj_010_the_set_is_searched_by_kid_and_alg() {
    let keys = set_of(&[jwk(&OTHER_ES256, |_| ()), jwk(&ES256, |_| ()), jwk(&ED25519, |_| ())]);
    let verify = |header: Value| {
        let token = Jws::parse(&signed(&ES256, &header.to_string(), PAYLOAD)).unwrap();
        token.verify_among(&keys, &SigningAlg::ALL).map(|_| ())
    };
    assert_eq!(verify(json!({"alg": "ES256"})), Ok(()));
    assert_eq!(verify(json!({"alg": "ES256", "kid": ES256.kid()})), Ok(()));
    assert_eq!(verify(json!({"alg": "ES256", "kid": OTHER_ES256.kid()})), Err(JwsRefusal::BadSignature));
    assert_eq!(verify(json!({"alg": "ES256", "kid": "new"})), Err(JwsRefusal::NoSuchKey));
    assert_eq!(verify(json!({"alg": "ES256", "kid": ED25519.kid()})), Err(JwsRefusal::AlgOfOtherKey));
    assert_eq!(verify(json!({"alg": "RS256"})), Err(JwsRefusal::NoSuchKey));
    let earlier = set_of(&[jwk(&ES256, |_| ()), jwk(&OTHER_ES256, |_| ())]);
    assert!(Jws::parse(&signed(&ES256, HEADER, PAYLOAD)).unwrap().verify_among(&earlier, &SigningAlg::ALL).is_ok());
    let token = Jws::parse(&signed(&ES256, HEADER, PAYLOAD)).unwrap();
    assert_eq!(token.verify_among(&keys, &[SigningAlg::EdDsa]).unwrap_err(), JwsRefusal::AlgNotAllowed);
}

#[test]
fn jbp_011_only_the_compact_form_is_read() {
    let good = signed(&ES256, HEADER, PAYLOAD);
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    let flattened = json!({"protected": header, "payload": payload, "signature": signature}).to_string();
    for text in [flattened.as_str(), "", "a", "a.b", "a.b.c.d", "a.b.c.d.e.f", header] {
        assert_eq!(refusal(text), JwsRefusal::NotCompact, "{text}");
    }
    for text in [
        format!(" {good}"),
        format!("{good}\n"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}.{} {}.{signature}", &payload[..4], &payload[4..]),
        format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+") + "+"),
    ] {
        assert_eq!(refusal(&text), JwsRefusal::NotBase64url, "{text}");
    }
    assert_eq!(refusal(&format!(".{payload}.{signature}")), JwsRefusal::MalformedHeader);
    assert_eq!(refusal(&format!("{header}..{signature}")), JwsRefusal::MalformedPayload);
}

#[test]
fn jbp_011_a_token_has_one_spelling() {
    // 64 bytes end in a character with four unused bits: any of them set would be a second spelling.
    let good = signed(&ES256, HEADER, PAYLOAD);
    let last = good.chars().last().unwrap();
    let spellings = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars();
    let accepted: Vec<char> =
        spellings.filter(|replacement| verify(&format!("{}{replacement}", &good[..good.len() - 1])).is_ok()).collect();
    assert_eq!(accepted, [last]);
}

#[test]
fn caj_018_jbp_012_duplicate_members_are_refused() {
    assert_eq!(header_refusal(r#"{"alg":"ES256","alg":"ES256"}"#), JwsRefusal::MalformedHeader);
    let payload = r#"{"sub":"demo","a":{"b":1,"b":1}}"#;
    assert_eq!(refusal(&signed(&ES256, HEADER, payload)), JwsRefusal::MalformedPayload);
}

#[test]
fn jbp_012_payloads_are_json_objects_in_utf8() {
    for payload in ["[]", "\"x\"", "", "{", r#"{"exp":1e400}"#] {
        assert_eq!(refusal(&signed(&ES256, HEADER, payload)), JwsRefusal::MalformedPayload, "{payload}");
    }
    for header in ["[]", "", "ES256"] {
        assert_eq!(header_refusal(header), JwsRefusal::MalformedHeader);
    }
    let mut compact = format!("{}.{}", base64url::encode(HEADER), base64url::encode(b"{\"a\":\"\xff\"}")).into_bytes();
    ES256.append_signature(&mut compact, 0).unwrap();
    assert_eq!(refusal(std::str::from_utf8(&compact).unwrap()), JwsRefusal::MalformedPayload);
}

#[test]
fn jbp_013_zero_signatures_are_refused() {
    let psychic = format!("{}.{}", joined(HEADER, PAYLOAD), base64url::encode([0; 64]));
    assert_eq!(verify(&psychic).unwrap_err(), JwsRefusal::SignatureRange);
}

#[test]
fn every_altered_part_is_noticed() {
    let good = signed(&ES256, HEADER, PAYLOAD);
    let (_, signature) = good.rsplit_once('.').unwrap();
    let other = format!("{}.{signature}", joined(HEADER, r#"{"iss":"joe","sub":"root"}"#));
    assert_eq!(verify(&other).unwrap_err(), JwsRefusal::BadSignature);
    let other = format!("{}.{signature}", joined(r#"{"alg":"ES256","x":1}"#, PAYLOAD));
    assert_eq!(verify(&other).unwrap_err(), JwsRefusal::BadSignature);
}

#[test]
fn caj_018_jbp_014_critical_extensions_are_refused() {
    for header in [
        r#"{"alg":"ES256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"ES256","crit":[]}"#,
        r#"{"alg":"ES256","crit":null}"#,
        r#"{"alg":"ES256","crit":["b64"],"b64":false}"#,
    ] {
        assert_eq!(header_refusal(header), JwsRefusal::Critical, "{header}");
    }
    for header in [r#"{"alg":"ES256","b64":false}"#, r#"{"alg":"ES256","b64":true}"#] {
        assert_eq!(header_refusal(header), JwsRefusal::UnencodedPayload, "{header}");
    }
}

#[test]
fn caj_023_the_fully_specified_name_verifies_ed25519() {
    for header in [r#"{"alg":"EdDSA"}"#, r#"{"alg":"Ed25519"}"#] {
        let token = Jws::parse(&signed(&ED25519, header, PAYLOAD)).unwrap();
        assert!(token.verify(&public(&ED25519), &[SigningAlg::EdDsa]).is_ok());
    }
}

#[test]
fn long_tokens_are_refused_before_they_are_read() {
    let good = signed(&ES256, HEADER, PAYLOAD);
    assert!(Jws::parse_within(&good, good.len()).is_ok());
    assert_eq!(Jws::parse_within(&good, good.len() - 1).unwrap_err(), JwsRefusal::TooLong);
    assert_eq!(refusal(&"a".repeat(64 * 1024 + 1)), JwsRefusal::TooLong);
}

#[test]
fn dpo_007_a_carried_key_is_public_and_there() {
    use crate::error::KeyRefusal;
    use crate::fixtures;
    let carrying = |jwk: serde_json::Value| {
        let header = serde_json::json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": jwk }).to_string();
        Jws::parse_carrying_key(&fixtures::signed(&fixtures::ES256, &header, "{}"), 8_192)
    };
    let public = fixtures::jwk(&fixtures::ES256, |_| ());
    let (jws, key) = carrying(public).unwrap();
    assert!(jws.verify(&key, &[SigningAlg::Es256]).is_ok());
    assert_eq!(key.thumbprint(), fixtures::ES256.verifying_key().thumbprint());
    for (jwk, reason) in [
        (fixtures::jwk(&fixtures::ES256, |jwk| drop(jwk.insert("d".into(), serde_json::json!("AAAA")))), KeyRefusal::Private),
        (serde_json::json!({ "kty": "oct", "k": "AAAA" }), KeyRefusal::Symmetric),
        (serde_json::json!("key"), KeyRefusal::NotAnObject),
        (serde_json::Value::Null, KeyRefusal::NotAnObject),
    ] {
        assert_eq!(carrying(jwk).unwrap_err(), JwsRefusal::CarriedKey(reason));
    }
}
