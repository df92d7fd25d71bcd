//! The desk of `private_key_jwt`: an assertion read and its ES256 signature verified.

use std::sync::Arc;

use claimsmith_issuer::client::{AssertionAudience, Authentication, ClientKeys};
use claimsmith_issuer::client_auth::{self, Evidence};
use claimsmith_jose::{JwkSet, SignableClaims, SigningAlg, SigningKey};
use claimsmith_protocol::credentials::{JWT_BEARER, Presented};
use claimsmith_protocol::token::{REPEATABLE, parse_form};
use claimsmith_vault::Signer;

use super::desk;
use crate::cpu::best_of_five;
use crate::sample;

/// Claims as text.
struct Text(String);

impl SignableClaims for Text {
    fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
}

/// One client's key, as the client has it.
pub struct AssertionKey {
    signer: Signer,
    jwks: String,
}

impl AssertionKey {
    /// A new ES256 key.
    ///
    /// # Panics
    /// When OpenSSL refuses.
    pub fn generate() -> Self {
        let key = Arc::new(SigningKey::generate(SigningAlg::Es256, 0).expect("a key"));
        let jwks = String::from_utf8(JwkSet::render_public([&**key.verifying_key()])).expect("JSON");
        Self { signer: Signer::new(key, "JWT"), jwks }
    }

    /// The key set that the client registers.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// The form of a token request with an assertion of this client, good for ten minutes.
    ///
    /// # Panics
    /// When OpenSSL refuses.
    pub fn form(&self, client_id: &str, audience: &str, jti: &str, now: i64) -> String {
        let claims =
            format!(r#"{{"iss":"{client_id}","sub":"{client_id}","aud":"{audience}","jti":"{jti}","iat":{now},"exp":{}}}"#, now + 600);
        let mut assertion = Vec::new();
        self.signer.sign_compact(&Text(claims), &mut assertion).expect("signed");
        let assertion = String::from_utf8(assertion).expect("ASCII");
        let kind = JWT_BEARER.replace(':', "%3A");
        format!("{}&client_assertion_type={kind}&client_assertion={assertion}", sample::FORM)
    }
}

/// CPU microseconds from the form to the proof, beyond what a secret costs there: the form is parsed here once more.
///
/// # Panics
/// When the sample is refused.
pub fn measure() -> f64 {
    let key = AssertionKey::generate();
    let keys = Arc::new(JwkSet::parse(key.jwks().as_bytes()).expect("a key set"));
    let registered = ClientKeys::Inline(key.jwks().into());
    let client =
        desk::client(Authentication::PrivateKeyJwt { alg: Some(SigningAlg::Es256), audience: AssertionAudience::Strict, keys: registered });
    let policy = desk::policy();
    let form = key.form(sample::CLIENT_ID, sample::ISSUER, "7Zl0aSt9QmGk2hXw", sample::NOW.seconds());
    best_of_five(4_000, |turns| {
        for _ in 0..turns {
            let form = parse_form(std::hint::black_box(form.as_bytes()), REPEATABLE).expect("a form");
            let presented = Presented::parse(std::iter::empty(), &form).expect("credentials");
            client_auth::alleged_client_id(&presented).expect("a client");
            let candidate = client_auth::recognise(presented, Some(Arc::clone(&client)), &policy).expect("the registered method");
            let proof = candidate.verify(Evidence::Keys(Some(Arc::clone(&keys))), &policy, sample::NOW).expect("the right key");
            std::hint::black_box(proof);
        }
    })
}
