//! Every way to prove, or fail to prove, who a client is.

use claimsmith_jose::{JwkSet, SigningKey};
use claimsmith_protocol::error::ErrorCode;
use claimsmith_protocol::id::ClientId;
use serde_json::{Value, json};

use super::*;
use crate::client::{AssertionAudience, SecretVerifier};

const ISSUER: &str = "https://issuer.example";
const TOKEN_ENDPOINT: &str = "https://issuer.example/oauth2/token";
const NOW: i64 = 1_800_000_000;
const LONG_SECRET: &str = "a-secret-of-more-than-sixty-four-bytes-so-that-every-hash-is-satisfied";

fn policy() -> Policy {
    Policy {
        issuer: ISSUER.into(),
        token_endpoints: vec![TOKEN_ENDPOINT.into()],
        methods: AuthMethod::ALL.to_vec(),
        signing_algs: vec![SigningAlg::Es256, SigningAlg::Ps256, SigningAlg::Rs256, SigningAlg::EdDsa],
        mac_algs: MacAlg::ALL.to_vec(),
    }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

fn client(authentication: Authentication) -> Client {
    Client::new(ClientId::parse("c").expect("an id"), authentication)
}

fn stored(secret: &str, expires_at: Option<i64>) -> StoredSecret {
    StoredSecret {
        id: 1,
        verifier: SecretVerifier::Sha256(Digest::of(secret.as_bytes())),
        sealed: Some([].into()),
        expires_at: expires_at.map(Timestamp::from_seconds),
    }
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn methods() -> Vec<Authentication> {
    let secrets = || vec![stored(LONG_SECRET, None)];
    let keys = ClientKeys::Inline("{}".into());
    let audience = AssertionAudience::Strict;
    vec![
        Authentication::Secret { method: SecretMethod::Basic, secrets: secrets() },
        Authentication::Secret { method: SecretMethod::Post, secrets: secrets() },
        Authentication::SecretJwt { alg: None, audience, secrets: secrets() },
        Authentication::PrivateKeyJwt { alg: None, audience, keys: keys.clone() },
        Authentication::Certificate,
        Authentication::SelfSigned { keys },
        Authentication::Attested { combined: false },
        Authentication::Attested { combined: true },
        Authentication::Public,
    ]
}

fn offers(assertion: &str) -> Vec<Presented> {
    vec![
        Presented::Basic { client_id: "c".into(), secret: secret(LONG_SECRET) },
        Presented::Post { client_id: "c".into(), secret: secret(LONG_SECRET) },
        Presented::Assertion { client_id: None, assertion: secret(assertion) },
        Presented::Identified { client_id: "c".into() },
    ]
}

fn log_in(authentication: Authentication, presented: Presented, evidence: Evidence) -> Result<Proof, Refusal> {
    recognise(presented, Some(Arc::new(client(authentication))), &policy())?.verify(evidence, &policy(), now())
}

/// A signed assertion with the usual claims, changed.
struct Signer {
    key: SigningKey,
    set: Arc<JwkSet>,
}

impl Signer {
    fn new(alg: SigningAlg) -> Self {
        let key = SigningKey::generate(alg, 2_048).expect("a key");
        let set = JwkSet::render_public([key.verifying_key().as_ref()]);
        Self { set: Arc::new(JwkSet::parse(&set).expect("a set")), key }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        use claimsmith_jose::base64url::encode;
        let input = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        format!("{input}.{}", encode(self.key.sign(input.as_bytes()).expect("a signature")))
    }

    fn check(&self, audience: AssertionAudience, header: &Value, claims: &Value) -> Result<Proof, Refusal> {
        let authentication = Authentication::PrivateKeyJwt { alg: None, audience, keys: ClientKeys::Inline("{}".into()) };
        let presented = Presented::Assertion { client_id: None, assertion: secret(&self.sign(header, claims)) };
        log_in(authentication, presented, Evidence::Keys(Some(self.set.clone())))
    }

    /// With the strict audience and one claim changed; `null` removes it.
    fn with(&self, name: &str, value: Value) -> Result<Proof, Reason> {
        let mut claims = claims();
        match value {
            Value::Null => claims.as_object_mut().expect("an object").remove(name),
            value => claims.as_object_mut().expect("an object").insert(name.to_owned(), value),
        };
        self.check(AssertionAudience::Strict, &json!({"alg": "ES256"}), &claims).map_err(|refusal| refusal.reason)
    }
}

fn claims() -> Value {
    json!({"iss": "c", "sub": "c", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "j1"})
}

#[test]
fn cau_004_only_the_registered_method_is_accepted() {
    let signer = Signer::new(SigningAlg::Es256);
    let assertion = signer.sign(&json!({"alg": "ES256"}), &claims());
    // Which offer, by its place, each method takes.
    let right = [0, 1, 2, 2, 3, 3, 3, 3, 3];
    for (authentication, right) in methods().into_iter().zip(right) {
        for (place, presented) in offers(&assertion).into_iter().enumerate() {
            let outcome = recognise(presented, Some(Arc::new(client(authentication.clone()))), &policy());
            match outcome {
                Ok(_) => assert_eq!(place, right, "{:?}", authentication.method()),
                Err(refusal) => {
                    assert_ne!(place, right, "{:?}", authentication.method());
                    assert_eq!((refusal.code, refusal.reason), (ErrorCode::InvalidClient, Reason::WrongMethod));
                }
            }
        }
    }
}

#[test]
fn cau_005_and_006_none_sends_nothing_and_the_others_do() {
    assert!(log_in(Authentication::Public, Presented::Identified { client_id: "c".into() }, Evidence::Nothing).is_ok());
    let with_secret = Presented::Post { client_id: "c".into(), secret: secret("x") };
    assert_eq!(log_in(Authentication::Public, with_secret, Evidence::Nothing).expect_err("a secret").code, ErrorCode::InvalidClient);
    let [basic, ..] = &methods()[..] else { panic!("no methods") };
    let bare = log_in(basic.clone(), Presented::Identified { client_id: "c".into() }, Evidence::Nothing);
    assert_eq!(bare.expect_err("no secret").code, ErrorCode::InvalidClient);
}

#[test]
fn tok_013_unknown_disabled_and_wrong_look_the_same() {
    let presented = || Presented::Basic { client_id: "c".into(), secret: secret("wrong") };
    let [basic, ..] = &methods()[..] else { panic!("no methods") };
    let unknown = recognise(presented(), None, &policy()).err().expect("unknown");
    let disabled = Client { enabled: false, ..client(basic.clone()) };
    let disabled = recognise(presented(), Some(Arc::new(disabled)), &policy()).err().expect("disabled");
    let wrong = log_in(basic.clone(), presented(), Evidence::Nothing).expect_err("wrong");
    assert_eq!((&unknown.code, &unknown.description), (&wrong.code, &wrong.description));
    assert_eq!((&disabled.code, &disabled.description), (&wrong.code, &wrong.description));
    assert_eq!([unknown.reason, disabled.reason, wrong.reason], [Reason::UnknownClient, Reason::DisabledClient, Reason::WrongSecret]);
}

#[test]
fn cau_009_and_010_secrets_expire_and_two_may_be_live() {
    let secrets = vec![stored("old", Some(NOW)), stored("current", Some(NOW + 1)), stored("next", None)];
    let authentication = Authentication::Secret { method: SecretMethod::Basic, secrets };
    let log_in = |text: &str| {
        let presented = Presented::Basic { client_id: "c".into(), secret: secret(text) };
        log_in(authentication.clone(), presented, Evidence::Nothing).map(|_| ()).map_err(|refusal| refusal.reason)
    };
    assert_eq!(log_in("current"), Ok(()));
    assert_eq!(log_in("next"), Ok(()));
    assert_eq!(log_in("old"), Err(Reason::ExpiredSecret));
    assert_eq!(log_in("other"), Err(Reason::WrongSecret));
    let jwt = Authentication::SecretJwt { alg: None, audience: AssertionAudience::Strict, secrets: vec![stored("old", Some(NOW))] };
    let presented = Presented::Assertion {
        client_id: None,
        assertion: secret(&Signer::new(SigningAlg::Es256).sign(&json!({"alg": "ES256"}), &claims())),
    };
    let candidate = recognise(presented, Some(Arc::new(client(jwt))), &policy()).expect("recognised");
    assert!(matches!(candidate.need(now()), Need::Unsealed { secrets } if secrets.is_empty()));
}

#[test]
fn argon2id_is_asked_only_when_no_random_secret_matches() {
    let costly = StoredSecret { id: 9, verifier: SecretVerifier::Argon2id("$argon2id$x".into()), sealed: None, expires_at: None };
    let authentication = Authentication::Secret { method: SecretMethod::Post, secrets: vec![stored("random", None), costly] };
    let candidate = |text: &str| {
        let presented = Presented::Post { client_id: "c".into(), secret: secret(text) };
        recognise(presented, Some(Arc::new(client(authentication.clone()))), &policy()).expect("recognised")
    };
    assert!(matches!(candidate("random").need(now()), Need::Nothing));
    assert!(matches!(candidate("chosen").need(now()), Need::Argon2id { secrets, .. } if secrets == [(9, "$argon2id$x")]));
    assert!(candidate("chosen").verify(Evidence::Argon2id(true), &policy(), now()).is_ok());
    assert!(candidate("chosen").verify(Evidence::Argon2id(false), &policy(), now()).is_err());
    assert!(candidate("chosen").verify(Evidence::Nothing, &policy(), now()).is_err());
}

#[test]
fn a_method_that_is_switched_off_lets_nobody_in() {
    let policy = Policy { methods: vec![AuthMethod::PrivateKeyJwt], ..policy() };
    let [basic, ..] = &methods()[..] else { panic!("no methods") };
    let presented = Presented::Basic { client_id: "c".into(), secret: secret(LONG_SECRET) };
    let refusal = recognise(presented, Some(Arc::new(client(basic.clone()))), &policy).err().expect("switched off");
    assert_eq!(refusal.reason, Reason::MethodOff);
}

#[test]
fn caj_002_iss_and_sub_are_the_client() {
    let signer = Signer::new(SigningAlg::Es256);
    assert!(signer.with("iat", json!(NOW)).is_ok(), "the usual claims are good");
    for (name, value) in [("iss", json!("d")), ("sub", json!("d")), ("sub", Value::Null), ("iss", Value::Null), ("sub", json!(["c"]))] {
        assert_eq!(signer.with(name, value.clone()).expect_err("wrong"), Reason::WrongAssertionClaims, "{name} {value}");
    }
}

#[test]
fn caj_003_exp_is_required_near_and_not_past() {
    let signer = Signer::new(SigningAlg::Es256);
    assert!(signer.with("exp", json!(NOW + 3_600)).is_ok());
    for exp in [json!(NOW - 300), json!(NOW + 86_400), Value::Null, json!((NOW + 60).to_string()), json!((NOW + 60) * 1_000)] {
        assert_eq!(signer.with("exp", exp.clone()).expect_err("wrong"), Reason::WrongAssertionClaims, "{exp}");
    }
}

#[test]
fn caj_004_nbf_and_iat_may_be_slightly_ahead() {
    let signer = Signer::new(SigningAlg::Es256);
    for name in ["nbf", "iat"] {
        assert!(signer.with(name, json!(NOW + 8)).is_ok(), "{name}");
        assert!(signer.with(name, json!(NOW + 70)).is_err(), "{name}");
        assert!(signer.with(name, json!("soon")).is_err(), "{name}");
    }
}

#[test]
fn caj_005_006_007_the_audience_is_the_issuer_unless_legacy() {
    let signer = Signer::new(SigningAlg::Es256);
    // The shape, and whether strict and legacy take it.
    let shapes = [
        (json!(ISSUER), true, true),
        (json!([ISSUER]), false, true),
        (json!(TOKEN_ENDPOINT), false, true),
        (json!([TOKEN_ENDPOINT, "https://x.example"]), false, true),
        (json!("https://issuer.example/"), false, false),
        (json!("https://issuer.example/oauth2/par"), false, false),
        (json!("https://other.example"), false, false),
        (json!([]), false, false),
        (json!(7), false, false),
    ];
    for (aud, strict, legacy) in shapes {
        let mut claims = claims();
        claims["aud"] = aud.clone();
        for (mode, good) in [(AssertionAudience::Strict, strict), (AssertionAudience::Legacy, legacy)] {
            let outcome = signer.check(mode, &json!({"alg": "ES256"}), &claims);
            assert_eq!(outcome.is_ok(), good, "{aud} {mode:?}");
        }
    }
    assert!(signer.with("aud", Value::Null).is_err());
}

#[test]
fn caj_008_an_assertion_counts_once() {
    let signer = Signer::new(SigningAlg::Es256);
    let proof = || signer.with("jti", json!("j1")).expect("good");
    let guard = proof().replay().expect("a mark").clone();
    assert_eq!(guard.jti_digest, Digest::of(b"j1"));
    assert_eq!(guard.expires_at, Timestamp::from_seconds(NOW + 60 + SKEW), "for as long as the assertion could be used");
    assert!(proof().admit(true).is_ok());
    assert_eq!(proof().admit(false).expect_err("used").reason, Reason::ReplayedAssertion);
    for jti in [Value::Null, json!(""), json!(7), json!("j".repeat(600))] {
        assert!(signer.with("jti", jti.clone()).is_err(), "{jti}");
    }
}

#[test]
fn caj_010_only_the_clients_own_keys_count() {
    let (signer, other) = (Signer::new(SigningAlg::Es256), Signer::new(SigningAlg::Es256));
    let mixed = Signer { key: other.key, set: signer.set };
    assert_eq!(mixed.with("iat", json!(NOW)).expect_err("foreign key"), Reason::WrongSignature);
    let authentication = &methods()[3];
    let presented = || Presented::Assertion { client_id: None, assertion: secret(&mixed.sign(&json!({"alg": "ES256"}), &claims())) };
    let unfetched = log_in(authentication.clone(), presented(), Evidence::Keys(None)).expect_err("no keys");
    assert_eq!(unfetched.reason, Reason::KeysUnavailable);
    let nothing = log_in(authentication.clone(), presented(), Evidence::Nothing).expect_err("no evidence");
    assert_eq!(nothing.code, ErrorCode::InvalidClient);
}

#[test]
fn caj_013_the_algorithm_is_allowed_and_registered() {
    let signer = Signer::new(SigningAlg::Es256);
    let assertion = signer.sign(&json!({"alg": "ES256"}), &claims());
    let attempt = |registered, policy: Policy| {
        let audience = AssertionAudience::Strict;
        let client = client(Authentication::PrivateKeyJwt { alg: registered, audience, keys: ClientKeys::Inline("{}".into()) });
        let presented = Presented::Assertion { client_id: None, assertion: secret(&assertion) };
        let candidate = recognise(presented, Some(Arc::new(client)), &policy).expect("recognised");
        candidate.verify(Evidence::Keys(Some(signer.set.clone())), &policy, now()).is_ok()
    };
    assert!(attempt(Some(SigningAlg::Es256), policy()));
    assert!(!attempt(Some(SigningAlg::Ps256), policy()));
    assert!(!attempt(None, Policy { signing_algs: vec![SigningAlg::Ps256], ..policy() }));
}

#[test]
fn caj_014_client_secret_jwt_takes_the_secret_as_utf_8() {
    use claimsmith_jose::base64url::encode;
    use claimsmith_jose::hmac_sha256;
    let sign = |key: &str| {
        let input = format!("{}.{}", encode(br#"{"alg":"HS256"}"#), encode(claims().to_string().as_bytes()));
        let mac = hmac_sha256(key.as_bytes(), &[input.as_bytes()]);
        format!("{input}.{}", encode(mac.as_bytes()))
    };
    let attempt = |key: &str, kept: &str| {
        let presented = Presented::Assertion { client_id: None, assertion: secret(&sign(key)) };
        log_in(methods().remove(2), presented, Evidence::Unsealed(vec![Secret::new(kept.as_bytes().to_vec())])).is_ok()
    };
    assert!(attempt(LONG_SECRET, LONG_SECRET));
    assert!(!attempt("another-secret-that-is-long-enough-for-hs256", LONG_SECRET));
    assert!(!attempt("short", "short"), "shorter than the hash output");
    let signed = Presented::Assertion {
        client_id: None,
        assertion: secret(&Signer::new(SigningAlg::Es256).sign(&json!({"alg": "ES256"}), &claims())),
    };
    assert!(log_in(methods().remove(2), signed, Evidence::Unsealed(vec![Secret::new(LONG_SECRET.as_bytes().to_vec())])).is_err());
}

#[test]
fn caj_015_client_id_in_the_body_may_be_absent_and_must_match() {
    let signer = Signer::new(SigningAlg::Es256);
    let assertion = signer.sign(&json!({"alg": "ES256"}), &claims());
    let named = |client_id: Option<&str>| {
        alleged_client_id(&Presented::Assertion { client_id: client_id.map(str::to_owned), assertion: secret(&assertion) })
    };
    assert_eq!(named(None).expect("from sub"), "c");
    assert_eq!(named(Some("c")).expect("from the body"), "c");
    // A client named beside the assertion is looked up by that name, so the assertion's own names cannot match it.
    assert_eq!(named(Some("d")).expect("from the body"), "d");
    let audience = AssertionAudience::Strict;
    let other = Client {
        id: ClientId::parse("d").expect("an id"),
        ..client(Authentication::PrivateKeyJwt { alg: None, audience, keys: ClientKeys::Inline("{}".into()) })
    };
    let presented = Presented::Assertion { client_id: Some("d".into()), assertion: secret(&assertion) };
    let candidate = recognise(presented, Some(Arc::new(other)), &policy()).expect("recognised");
    assert!(candidate.verify(Evidence::Keys(Some(signer.set.clone())), &policy(), now()).is_err());
}

#[test]
fn caj_016_and_jbp_007_only_the_types_of_assertions_are_read() {
    let signer = Signer::new(SigningAlg::Es256);
    let attempt = |typ: &str| signer.check(AssertionAudience::Strict, &json!({"alg": "ES256", "typ": typ}), &claims()).is_ok();
    for typ in ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"] {
        assert!(attempt(typ), "{typ}");
    }
    for typ in ["at+jwt", "dpop+jwt", "logout+jwt", "oauth-authz-req+jwt", "token-introspection+jwt", "secevent+jwt", ""] {
        assert!(!attempt(typ), "{typ}");
    }
}

#[test]
fn caj_019_and_jbp_010_keys_in_the_header_are_never_used() {
    let (signer, own) = (Signer::new(SigningAlg::Es256), Signer::new(SigningAlg::Es256));
    let jwk = Value::Object(own.set.keys()[0].public_jwk());
    let header = json!({"alg": "ES256", "jwk": jwk, "jku": "https://evil.example/keys"});
    let embedded = Signer { key: own.key, set: signer.set };
    assert!(embedded.check(AssertionAudience::Strict, &header, &claims()).is_err());
}

#[test]
fn caj_020_failures_are_the_same_invalid_client() {
    let signer = Signer::new(SigningAlg::Es256);
    for claim in ["exp", "aud", "jti", "sub"] {
        let mut claims = claims();
        claims[claim] = json!(0);
        let refusal = signer.check(AssertionAudience::Strict, &json!({"alg": "ES256"}), &claims).expect_err("wrong");
        assert_eq!((refusal.code, refusal.description.as_ref()), (ErrorCode::InvalidClient, "client authentication failed"));
    }
}

#[test]
fn caj_023_the_usual_algorithms_work() {
    for alg in [SigningAlg::Es256, SigningAlg::Ps256, SigningAlg::Rs256, SigningAlg::EdDsa] {
        let signer = Signer::new(alg);
        assert!(signer.check(AssertionAudience::Strict, &json!({"alg": alg.as_str()}), &claims()).is_ok(), "{alg:?}");
    }
    let ed25519 = Signer::new(SigningAlg::EdDsa);
    assert!(ed25519.check(AssertionAudience::Strict, &json!({"alg": "Ed25519"}), &claims()).is_ok(), "RFC 9864");
}

#[test]
fn caj_003_and_caj_004_the_bounds_are_exact() {
    let signer = Signer::new(SigningAlg::Es256);
    let furthest = NOW + ASSERTION_LIFETIME_MAX + SKEW;
    for (name, instant, good) in [
        ("exp", NOW - SKEW, false),
        ("exp", NOW - SKEW + 1, true),
        ("exp", furthest, true),
        ("exp", furthest + 1, false),
        ("nbf", NOW + SKEW, true),
        ("nbf", NOW + SKEW + 1, false),
        ("iat", NOW + SKEW, true),
        ("iat", NOW + SKEW + 1, false),
    ] {
        assert_eq!(signer.with(name, json!(instant)).is_ok(), good, "{name} {}", instant - NOW);
    }
    assert!(signer.with("iat", Value::Null).is_ok(), "nobody has to say when it was made");
    for (length, good) in [(512, true), (513, false)] {
        assert_eq!(signer.with("jti", json!("j".repeat(length))).is_ok(), good, "{length}");
    }
    assert!(signer.with("note", json!("x".repeat(20_000))).is_err(), "longer than an assertion may be");
    assert!(signer.with("note", json!("x".repeat(8_000))).is_ok());
}

#[test]
fn cau_009_a_secret_that_stands_twice_is_right_all_the_same() {
    let secrets = vec![stored("same", None), stored("same", None), stored("same", Some(NOW))];
    let authentication = Authentication::Secret { method: SecretMethod::Post, secrets };
    let presented = Presented::Post { client_id: "c".into(), secret: secret("same") };
    assert!(log_in(authentication, presented, Evidence::Nothing).is_ok());
}

#[test]
fn cau_009_argon2id_secrets_end_too() {
    let ended = StoredSecret {
        id: 9,
        verifier: SecretVerifier::Argon2id("$argon2id$x".into()),
        sealed: None,
        expires_at: Some(Timestamp::from_seconds(NOW)),
    };
    let presented = Presented::Post { client_id: "c".into(), secret: secret("chosen") };
    let authentication = Authentication::Secret { method: SecretMethod::Post, secrets: vec![ended] };
    let candidate = recognise(presented, Some(Arc::new(client(authentication))), &policy()).expect("recognised");
    assert!(matches!(candidate.need(now()), Need::Nothing));
}

#[test]
fn what_must_be_fetched_is_named() {
    let signer = Signer::new(SigningAlg::Es256);
    let presented =
        || Presented::Assertion { client_id: None, assertion: secret(&signer.sign(&json!({"alg": "ES256", "kid": "k1"}), &claims())) };
    let candidate = |authentication| recognise(presented(), Some(Arc::new(client(authentication))), &policy()).expect("recognised");
    assert!(matches!(candidate(methods().remove(3)).need(now()), Need::Keys { kid: Some("k1"), keys: ClientKeys::Inline(_) }));
    let mut unsealable = stored(LONG_SECRET, None);
    unsealable.sealed = None;
    let secrets = vec![unsealable, stored("live", Some(NOW + 1)), stored("ended", Some(NOW))];
    let audience = AssertionAudience::Strict;
    let candidate = candidate(Authentication::SecretJwt { alg: None, audience, secrets });
    assert_eq!(&*candidate.client().id, "c");
    let Need::Unsealed { secrets } = candidate.need(now()) else { panic!("something else") };
    assert_eq!(secrets.iter().map(|secret| secret.expires_at).collect::<Vec<_>>(), [Some(Timestamp::from_seconds(NOW + 1))]);
}

#[test]
fn the_alleged_client_is_the_subject_then_the_issuer() {
    let signer = Signer::new(SigningAlg::Es256);
    let named = |claims: Value| {
        let assertion = secret(&signer.sign(&json!({"alg": "ES256"}), &claims));
        alleged_client_id(&Presented::Assertion { client_id: None, assertion }).map_err(|refusal| refusal.reason)
    };
    assert_eq!(named(json!({"iss": "i", "sub": "s"})), Ok("s".to_owned()));
    assert_eq!(named(json!({"iss": "i"})), Ok("i".to_owned()));
    assert_eq!(named(json!({"jti": "j"})), Err(Reason::WrongAssertionClaims));
    for presented in offers(&signer.sign(&json!({"alg": "ES256"}), &claims())) {
        assert_eq!(alleged_client_id(&presented).expect("named"), "c");
    }
}

#[test]
fn a_proof_tells_whose_it_is_and_an_admitted_client_how_it_came_in() {
    for (authentication, presented) in [(methods().remove(0), offers("").remove(0)), (methods().remove(8), offers("").remove(3))] {
        let method = authentication.method();
        let proof = log_in(authentication, presented, Evidence::Nothing).expect("good");
        assert_eq!((&*proof.client().id, proof.replay()), ("c", None));
        let admitted = proof.admit(false).expect("there is no mark to look at");
        assert_eq!((&*admitted.client().id, admitted.method(), admitted.is_confidential()), ("c", method, method != AuthMethod::None));
    }
    let names = methods().iter().map(Authentication::method).collect::<Vec<_>>();
    assert_eq!(names, AuthMethod::ALL);
}

/// A trusted certificate with the name `client.example`.
fn certificate() -> crate::certificate::Certificate {
    use crate::certificate::{AlternativeNames, Certificate, DistinguishedName};
    let names = AlternativeNames { dns: vec!["client.example".into()], ..AlternativeNames::default() };
    Certificate { digest: Digest::of(b"der"), key: None, subject: DistinguishedName::default(), names, is_trusted: true }
}

/// What becomes of a client with this registered name and this evidence.
fn by_certificate(san_dns: &str, evidence: Evidence) -> Result<AuthenticatedClient, Reason> {
    let mut client = client(Authentication::Certificate);
    client.registration.tls_client_auth_san_dns = Some(san_dns.into());
    let candidate = recognise(Presented::Identified { client_id: "c".into() }, Some(Arc::new(client)), &policy()).expect("the right offer");
    assert!(matches!(candidate.need(now()), Need::Certificate { keys: None }));
    let admitted = candidate.verify(evidence, &policy(), now()).and_then(|proof| proof.admit(false));
    admitted.map_err(|refusal| refusal.reason)
}

#[test]
fn mtl_001_mtl_006_and_mtl_007_a_certificate_proves_the_client_whose_name_it_has() {
    let shown = |certificate| Evidence::Certificate(Some(Box::new(certificate)), None);
    let admitted = by_certificate("client.example", shown(certificate())).expect("good");
    assert!(admitted.is_confidential());
    assert_eq!(admitted.method(), AuthMethod::TlsClientAuth);
    let untrusted = crate::certificate::Certificate { is_trusted: false, ..certificate() };
    for (name, evidence) in [
        ("client.example", Evidence::Certificate(None, None)),
        ("client.example", shown(untrusted)),
        ("other.example", shown(certificate())),
    ] {
        assert_eq!(by_certificate(name, evidence).expect_err("not this one"), Reason::WrongCertificate);
    }
    assert_eq!(by_certificate("client.example", Evidence::Nothing).expect_err("no evidence"), Reason::MalformedCredentials);
}

#[test]
fn mtl_004_a_certificate_of_the_clients_own_stands_in_its_key_set() {
    let (own, other) =
        (SigningKey::generate(SigningAlg::Es256, 0).expect("a key"), SigningKey::generate(SigningAlg::Es256, 0).expect("a key"));
    let set = |key: &SigningKey, certified: bool| {
        let mut jwk = key.verifying_key().public_jwk();
        if certified {
            jwk.insert("x5c".to_owned(), json!(["MIIB"]));
        }
        Some(Arc::new(JwkSet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).expect("a set")))
    };
    let authentication = || Authentication::SelfSigned { keys: ClientKeys::Inline("{}".into()) };
    let shown = |key: Option<&SigningKey>| {
        let key = key.map(|key| key.verifying_key().thumbprint());
        // Nobody vouches for it, and nobody needs to.
        Some(Box::new(crate::certificate::Certificate { key, is_trusted: false, ..certificate() }))
    };
    let outcome = |certificate, keys| {
        let evidence = Evidence::Certificate(certificate, keys);
        log_in(authentication(), Presented::Identified { client_id: "c".into() }, evidence).map(|_| ()).map_err(|refusal| refusal.reason)
    };
    assert_eq!(outcome(shown(Some(&own)), set(&own, true)), Ok(()));
    assert_eq!(outcome(shown(Some(&other)), set(&own, true)), Err(Reason::WrongCertificate));
    assert_eq!(outcome(shown(Some(&own)), set(&own, false)), Err(Reason::WrongCertificate), "a key alone is no certificate");
    assert_eq!(outcome(shown(None), set(&own, true)), Err(Reason::WrongCertificate), "a key that we cannot read");
    assert_eq!(outcome(None, set(&own, true)), Err(Reason::WrongCertificate));
    assert_eq!(outcome(shown(Some(&own)), None), Err(Reason::KeysUnavailable));
}
