//! Encryption, there and back; what is refused; vectors of the specifications.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::*;
use crate::error::{JoseFault, KeyRefusal};
use crate::fixtures;
use crate::jwk_set::JwkSet;

static RSA: LazyLock<DecryptionKey> = LazyLock::new(|| DecryptionKey::generate(DecryptionKind::Rsa(2048)).unwrap());
static EC: LazyLock<DecryptionKey> = LazyLock::new(|| DecryptionKey::generate(DecryptionKind::P256).unwrap());

fn public(key: &DecryptionKey, change: impl FnOnce(&mut Map<String, Value>)) -> Result<EncryptionKey, KeyRefusal> {
    let mut jwk = key.public_jwk().unwrap();
    change(&mut jwk);
    EncryptionKey::from_jwk(&jwk)
}

fn secret() -> Secret<String> {
    Secret::new("a client secret of some length, as UTF-8: \u{e4}".to_owned())
}

fn key_for(alg: KeyAlg) -> Option<&'static DecryptionKey> {
    match alg {
        KeyAlg::RsaOaep | KeyAlg::RsaOaep256 => Some(&RSA),
        KeyAlg::EcdhEs | KeyAlg::EcdhEsA128Kw | KeyAlg::EcdhEsA256Kw => Some(&EC),
        KeyAlg::A128Kw | KeyAlg::A256Kw | KeyAlg::Dir => None,
    }
}

fn sealed(alg: KeyAlg, enc: ContentEnc, plain: &[u8]) -> String {
    let encryption = Encryption { alg, enc, cty: Some("JWT") };
    match key_for(alg) {
        Some(key) => encryption.to_key(&public(key, |_| ()).unwrap(), plain).unwrap(),
        None => encryption.to_secret(&secret(), plain).unwrap(),
    }
}

fn opened(alg: KeyAlg, compact: &str) -> Result<Vec<u8>, JweRefusal> {
    let jwe = Jwe::parse(compact)?;
    let opened = match key_for(alg) {
        Some(key) => jwe.decrypt(key)?,
        None => jwe.decrypt_with_secret(&secret())?,
    };
    Ok(opened.plaintext().expose().clone())
}

fn every() -> impl Iterator<Item = (KeyAlg, ContentEnc)> {
    KeyAlg::ALL.into_iter().flat_map(|alg| ContentEnc::ALL.map(|enc| (alg, enc)))
}

/// A token with this header in place of its own.
fn with_header(compact: &str, change: impl FnOnce(&mut Map<String, Value>)) -> String {
    let (header, rest) = compact.split_once('.').unwrap();
    let mut header: Map<String, Value> = serde_json::from_slice(&base64url::decode(header).unwrap()).unwrap();
    change(&mut header);
    format!("{}.{rest}", base64url::encode(Value::Object(header).to_string()))
}

#[test]
fn idt_015_what_was_encrypted_comes_out_again_and_the_header_says_how() {
    for (alg, enc) in every() {
        for plain in [&b""[..], b"header.payload.signature", &[0xa5; 1_000]] {
            let compact = sealed(alg, enc, plain);
            assert_eq!(opened(alg, &compact).unwrap(), plain, "{alg:?} {enc:?}");
            let jwe = Jwe::parse(&compact).unwrap();
            let header = jwe.header();
            assert_eq!((header.alg(), header.enc(), header.cty()), (alg, enc, Some("JWT")));
            assert_eq!(header.kid(), key_for(alg).map(DecryptionKey::kid));
        }
    }
}

#[test]
fn idt_015_no_two_encryptions_are_alike() {
    for (alg, enc) in every() {
        assert_ne!(sealed(alg, enc, b"same"), sealed(alg, enc, b"same"), "{alg:?} {enc:?}");
    }
}

#[test]
fn idt_015_a_client_secret_makes_the_key_that_the_specification_says() {
    let secret = Secret::new("secret".to_owned());
    let key = |alg: KeyAlg, enc| alg.secret_key(enc, &secret).map(|key| key.to_vec());
    let sha256 = openssl::sha::sha256(b"secret");
    let sha512 = openssl::sha::sha512(b"secret");
    assert_eq!(key(KeyAlg::A128Kw, ContentEnc::A256CbcHs512).unwrap(), sha256[..16]);
    assert_eq!(key(KeyAlg::A256Kw, ContentEnc::A128Gcm).unwrap(), sha256);
    assert_eq!(key(KeyAlg::Dir, ContentEnc::A128Gcm).unwrap(), sha256[..16]);
    assert_eq!(key(KeyAlg::Dir, ContentEnc::A128CbcHs256).unwrap(), sha256);
    assert_eq!(key(KeyAlg::Dir, ContentEnc::A256CbcHs512).unwrap(), sha512);
    assert_eq!(key(KeyAlg::RsaOaep, ContentEnc::A128Gcm), None);
}

#[test]
fn whatever_was_changed_on_the_way_does_not_open() {
    for (alg, enc) in every() {
        let compact = sealed(alg, enc, b"header.payload.signature");
        let parts: Vec<&str> = compact.split('.').collect();
        for part in 1..5 {
            let mut bytes = base64url::decode(parts[part]).unwrap();
            let Some(last) = bytes.last_mut() else { continue };
            *last ^= 1;
            let mut changed: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            changed[part] = base64url::encode(&bytes);
            assert_eq!(opened(alg, &changed.join(".")), Err(JweRefusal::Undecipherable), "{alg:?} {enc:?} part {part}");
        }
        let renamed = with_header(&compact, |header| drop(header.insert("cty".to_owned(), json!("text"))));
        assert_eq!(opened(alg, &renamed), Err(JweRefusal::Undecipherable), "{alg:?} {enc:?} header");
        let short = format!("{}.{}", parts[..4].join("."), base64url::encode(&base64url::decode(parts[4]).unwrap()[..4]));
        assert_eq!(opened(alg, &short), Err(JweRefusal::Undecipherable), "{alg:?} {enc:?} short tag");
        let left = openssl::error::ErrorStack::get();
        assert!(left.errors().is_empty(), "nothing is left behind that would end the next connection of this thread: {left}");
    }
}

#[test]
fn a_token_for_another_does_not_open() {
    let other = DecryptionKey::generate(DecryptionKind::P256).unwrap();
    let compact = sealed(KeyAlg::EcdhEs, ContentEnc::A256Gcm, b"x");
    assert_eq!(Jwe::parse(&compact).unwrap().decrypt(&other).unwrap_err(), JweRefusal::OtherKeyId);
    let nameless = public(&EC, |jwk| drop(jwk.remove("kid"))).unwrap();
    let encryption = Encryption { alg: KeyAlg::EcdhEsA256Kw, enc: ContentEnc::A256Gcm, cty: None };
    let compact = encryption.to_key(&nameless, b"x").unwrap();
    assert_eq!(Jwe::parse(&compact).unwrap().decrypt(&other).unwrap_err(), JweRefusal::Undecipherable);
    assert_eq!(Jwe::parse(&compact).unwrap().decrypt(&RSA).unwrap_err(), JweRefusal::AlgOfOtherKey);
    let wrong = Secret::new("another secret".to_owned());
    let compact = sealed(KeyAlg::A256Kw, ContentEnc::A128Gcm, b"x");
    assert_eq!(Jwe::parse(&compact).unwrap().decrypt_with_secret(&wrong).unwrap_err(), JweRefusal::Undecipherable);
}

#[test]
fn jbp_004_an_ephemeral_key_off_its_curve_or_on_another_is_refused() {
    let compact = sealed(KeyAlg::EcdhEs, ContentEnc::A128Gcm, b"x");
    let epk = |change: &dyn Fn(&mut Map<String, Value>)| {
        with_header(&compact, |header| change(header.get_mut("epk").unwrap().as_object_mut().unwrap()))
    };
    let zero = base64url::encode([0; 32]);
    for (name, changed) in [
        ("off the curve", epk(&|epk| drop(epk.insert("y".to_owned(), json!(zero.clone()))))),
        ("zeros", epk(&|epk| epk.extend([("x".to_owned(), json!(zero.clone())), ("y".to_owned(), json!(zero.clone()))]))),
        ("short", epk(&|epk| drop(epk.insert("x".to_owned(), json!("AAAA"))))),
        ("another curve", epk(&|epk| drop(epk.insert("crv".to_owned(), json!("P-384"))))),
        ("missing", with_header(&compact, |header| drop(header.remove("epk")))),
    ] {
        assert_eq!(opened(KeyAlg::EcdhEs, &changed), Err(JweRefusal::MalformedKey), "{name}");
    }
    let p384 = crate::key::SigningKey::generate(crate::alg::SigningAlg::Es384, 0).unwrap();
    let members = p384.verifying_key().public_jwk();
    let changed = with_header(&compact, |header| drop(header.insert("epk".to_owned(), Value::Object(members))));
    assert_eq!(opened(KeyAlg::EcdhEs, &changed), Err(JweRefusal::MalformedKey), "a good point of P-384");
}

#[test]
fn jbp_005_compression_is_refused() {
    let compact =
        with_header(&sealed(KeyAlg::EcdhEs, ContentEnc::A128Gcm, b"x"), |header| drop(header.insert("zip".to_owned(), json!("DEF"))));
    assert_eq!(Jwe::parse(&compact).unwrap_err(), JweRefusal::Compressed);
}

#[test]
fn jbp_006_and_idt_017_passwords_and_rsa1_5_are_no_algorithms() {
    let compact = sealed(KeyAlg::RsaOaep256, ContentEnc::A128Gcm, b"x");
    for name in ["PBES2-HS256+A128KW", "PBES2-HS512+A256KW", "RSA1_5", "rsa-oaep", "DIR", "none", ""] {
        assert_eq!(KeyAlg::parse(name), None, "{name}");
        let changed = with_header(&compact, |header| {
            header.extend([("alg".to_owned(), json!(name)), ("p2c".to_owned(), json!(1_000_000_000)), ("p2s".to_owned(), json!("AAAA"))]);
        });
        assert_eq!(Jwe::parse(&changed).unwrap_err(), JweRefusal::UnknownAlg, "{name}");
    }
    let marked = public(&RSA, |jwk| drop(jwk.insert("alg".to_owned(), json!("RSA1_5"))));
    assert_eq!(marked.unwrap_err(), KeyRefusal::UnsupportedAlg);
}

#[test]
fn jbp_011_and_jbp_014_only_the_compact_form_without_extensions() {
    let compact = sealed(KeyAlg::Dir, ContentEnc::A128Gcm, b"x");
    for text in ["", "a.b.c", "a.b.c.d", &format!("{compact}.x"), "{\"protected\":\"\"}"] {
        assert_eq!(Jwe::parse(text).unwrap_err(), JweRefusal::NotCompact, "{text}");
    }
    assert_eq!(Jwe::parse(&format!("{compact}=")).unwrap_err(), JweRefusal::NotBase64url);
    assert_eq!(Jwe::parse(&format!(" {compact}")).unwrap_err(), JweRefusal::NotBase64url);
    let critical = with_header(&compact, |header| drop(header.insert("crit".to_owned(), json!(["exp"]))));
    assert_eq!(Jwe::parse(&critical).unwrap_err(), JweRefusal::Critical);
    assert_eq!(Jwe::parse_within(&compact, compact.len() - 1).unwrap_err(), JweRefusal::TooLong);
    let (header, rest) = compact.split_once("..").unwrap();
    assert_eq!(Jwe::parse(&format!("{header}.AAAA.{rest}")).unwrap_err(), JweRefusal::MalformedKey, "a key where none belongs");
}

#[test]
fn idt_015_a_registration_says_how_and_names_what_there_is() {
    let named = |alg, enc| Encryption::registered(alg, enc).map(|found| found.map(|found| (found.alg, found.enc, found.cty)));
    assert_eq!(named(None, None), Ok(None));
    assert_eq!(named(Some("dir"), None), Ok(Some((KeyAlg::Dir, ContentEnc::A128CbcHs256, Some("JWT")))));
    assert_eq!(named(Some("RSA-OAEP"), Some("A256GCM")), Ok(Some((KeyAlg::RsaOaep, ContentEnc::A256Gcm, Some("JWT")))));
    for (alg, enc) in [(Some("RSA1_5"), None), (Some("dir"), Some("A192GCM")), (None, Some("x")), (Some(""), None)] {
        assert_eq!(named(alg, enc), Err(KeyRefusal::UnsupportedAlg), "{alg:?} {enc:?}");
    }
}

#[test]
fn only_keys_for_encryption_are_encrypted_to() {
    let refused = |change: &dyn Fn(&mut Map<String, Value>)| public(&RSA, |jwk| change(jwk)).unwrap_err();
    assert_eq!(refused(&|jwk| drop(jwk.insert("use".to_owned(), json!("sig")))), KeyRefusal::NotForEncryption);
    assert_eq!(refused(&|jwk| drop(jwk.insert("key_ops".to_owned(), json!(["verify"])))), KeyRefusal::NotForEncryption);
    assert_eq!(refused(&|jwk| drop(jwk.insert("alg".to_owned(), json!("ECDH-ES")))), KeyRefusal::AlgMismatch);
    assert_eq!(refused(&|jwk| drop(jwk.insert("d".to_owned(), json!("AAAA")))), KeyRefusal::Private);
    assert_eq!(refused(&|jwk| drop(jwk.insert("kty".to_owned(), json!("oct")))), KeyRefusal::Symmetric);
    let held_to_one = public(&RSA, |jwk| drop(jwk.insert("alg".to_owned(), json!("RSA-OAEP-256")))).unwrap();
    let other = Encryption { alg: KeyAlg::RsaOaep, enc: ContentEnc::A128Gcm, cty: None };
    assert!(matches!(other.to_key(&held_to_one, b"x"), Err(JoseFault::Key(KeyRefusal::AlgMismatch))));
    assert!(matches!(other.to_secret(&secret(), b"x"), Err(JoseFault::Key(KeyRefusal::AlgMismatch))));
    let signing = fixtures::ED25519.verifying_key().public_jwk();
    assert!(EncryptionKey::from_jwk(&signing).is_err());
}

#[test]
fn idt_016_a_set_without_a_suitable_key_has_none() {
    let marked = EC.public_jwk().unwrap();
    let mut unmarked = DecryptionKey::generate(DecryptionKind::P256).unwrap().public_jwk().unwrap();
    unmarked.remove("use");
    let signing = fixtures::RS256.verifying_key().public_jwk();
    let set = JwkSet::parse(json!({ "keys": [signing, unmarked, marked] }).to_string().as_bytes()).unwrap();
    assert_eq!(set.encryption_key(KeyAlg::EcdhEsA256Kw).unwrap().kid(), Some(EC.kid()), "what is marked goes first");
    assert!(set.encryption_key(KeyAlg::RsaOaep).is_none(), "a key for signatures is not encrypted to");
    assert_eq!(set.keys().len(), 2, "a key that says nothing serves for both");
}

#[test]
fn a_private_key_survives_its_storage() {
    for key in [&*RSA, &*EC] {
        let again = DecryptionKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.kid(), key.kid());
        assert_eq!(key.public_jwk().unwrap()["use"], "enc");
        assert!(!format!("{key:?}").contains("private"));
    }
    assert!(matches!(DecryptionKey::generate(DecryptionKind::Rsa(1024)), Err(JoseFault::Key(KeyRefusal::WeakRsa))));
}

/// RFC 7516 Appendix A.3: A128KW with A128CBC-HS256, whose wrapping key and outcome are given.
#[test]
fn the_example_of_rfc_7516_appendix_a_3() {
    let compact = "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.\
                   6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.\
                   AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ";
    let jwe = Jwe::parse(compact).unwrap();
    let shared = base64url::decode("GawgguFyGrWKav7AX4VKUg").unwrap();
    let content_key = wrap::unwrap_aes(&shared, &jwe.stage.encrypted_key).ok();
    assert_eq!(jwe.open(content_key).unwrap().plaintext().expose(), b"Live long and prosper.");
}
