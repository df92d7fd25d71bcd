//! Client assertions with a good signature: the first line is the header, the rest are the claims, both JSON.

use std::sync::{Arc, LazyLock};

use claimsmith_issuer::client::{AssertionAudience, Authentication, Client, ClientKeys};
use claimsmith_issuer::client_auth::{ASSERTION_LIFETIME_MAX, Evidence, Policy, SKEW, alleged_client_id, recognise};
use claimsmith_jose::{JwkSet, Secret, SigningAlg, SigningKey, base64url, numeric_date, parse_object};
use claimsmith_protocol::credentials::{AuthMethod, Presented};
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;

use crate::{Outcome, first_line};

const ISSUER: &str = "https://issuer.example";
const NOW: i64 = 1_800_000_000;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(SigningAlg::Es256, 2_048).expect("a key"));
static KEYS: LazyLock<Arc<JwkSet>> =
    LazyLock::new(|| Arc::new(JwkSet::parse(&JwkSet::render_public([KEY.verifying_key().as_ref()])).expect("a set")));

/// Whoever is let in was named by both `iss` and `sub`, for us, for a bounded time, once.
pub fn run(bytes: &[u8]) -> Outcome {
    let (header, claims) = first_line(bytes);
    let mut outcome = Outcome::Refused;
    for audience in [AssertionAudience::Strict, AssertionAudience::Legacy] {
        if let Some(expires_at) = expiry_of_mark(header, claims, audience) {
            check(claims, audience, expires_at);
            outcome = Outcome::Accepted;
        }
    }
    outcome
}

/// Walks up to the proof. When there is one, the end of the mark that it leaves.
fn expiry_of_mark(header: &[u8], claims: &[u8], audience: AssertionAudience) -> Option<Timestamp> {
    let mut compact = format!("{}.{}", base64url::encode(header), base64url::encode(claims)).into_bytes();
    KEY.append_signature(&mut compact, 0).expect("a signature");
    let assertion = Secret::new(String::from_utf8(compact).expect("base64url is text"));
    let presented = Presented::Assertion { client_id: None, assertion };
    let _alleged = alleged_client_id(&presented).ok()?;
    let policy = policy();
    let candidate = recognise(presented, Some(Arc::new(client(audience))), &policy).ok()?;
    let proof = candidate.verify(Evidence::Keys(Some(Arc::clone(&KEYS))), &policy, Timestamp::from_seconds(NOW)).ok()?;
    Some(proof.replay().expect("an assertion leaves a mark").expires_at)
}

fn check(claims: &[u8], audience: AssertionAudience, mark_expires_at: Timestamp) {
    let claims = parse_object(claims).expect("they were believed");
    let text = |name: &str| claims.get(name).and_then(|value| value.as_str());
    assert_eq!((text("iss"), text("sub")), (Some("c"), Some("c")));
    assert!(text("jti").is_some_and(|jti| !jti.is_empty()));
    assert!(audience == AssertionAudience::Legacy || text("aud") == Some(ISSUER));
    let exp = numeric_date(&claims, "exp").expect("a date").expect("there");
    assert!((NOW - SKEW..=NOW + ASSERTION_LIFETIME_MAX + SKEW).contains(&exp));
    assert!(mark_expires_at.seconds() >= exp, "a mark that ends before its assertion does");
}

fn policy() -> Policy {
    Policy {
        issuer: ISSUER.into(),
        token_endpoints: vec!["https://issuer.example/oauth2/token".into()],
        methods: vec![AuthMethod::PrivateKeyJwt],
        signing_algs: vec![SigningAlg::Es256],
        mac_algs: vec![],
    }
}

fn client(audience: AssertionAudience) -> Client {
    let authentication = Authentication::PrivateKeyJwt { alg: None, audience, keys: ClientKeys::Inline("{}".into()) };
    Client::new(ClientId::parse("c").expect("an identifier"), authentication)
}
