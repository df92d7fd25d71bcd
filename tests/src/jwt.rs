//! Tokens as a resource server sees them, and assertions as a client makes them.

use claimsmith_jose::{HeaderAlg, JwkSet, Jws, SigningAlg, SigningKey, base64url};
use serde_json::{Map, Value, json};

/// A token whose signature was verified.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The JOSE header.
    pub header: Value,
    /// The claims.
    pub claims: Map<String, Value>,
}

/// Verifies a compact token against a JWK set.
pub fn decode_with(jwks: &str, token: &str) -> Decoded {
    let set = JwkSet::parse(jwks.as_bytes()).expect("a JWK set");
    let jws = Jws::parse(token).expect("a compact JWS");
    let HeaderAlg::Signature(alg) = jws.header().alg() else { panic!("a token with a MAC") };
    let header = base64url::decode(token.split('.').next().expect("a header")).expect("base64url");
    let claims = jws.verify_among(&set, &[alg]).expect("a good signature").into_claims();
    Decoded { header: serde_json::from_slice(&header).expect("JSON"), claims }
}

/// Base64 with padding, as Basic wants it.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let text = base64url::encode(bytes).replace('-', "+").replace('_', "/");
    let padding = (4 - text.len() % 4) % 4;
    text + &"=".repeat(padding)
}

/// A client's private key.
pub struct AssertionKey {
    key: SigningKey,
}

impl AssertionKey {
    /// A fresh one.
    pub fn generate(alg: SigningAlg) -> Self {
        Self { key: SigningKey::generate(alg, 2_048).expect("a key") }
    }

    /// Its public half as a JWK set.
    pub fn jwks(&self) -> Value {
        serde_json::from_slice(&JwkSet::render_public([self.key.verifying_key().as_ref()])).expect("JSON")
    }

    /// Itself as PEM (PKCS #8), as client libraries read it.
    pub fn to_pem(&self) -> String {
        let der = base64(self.key.to_pkcs8().expect("a key").expose());
        let lines: Vec<_> = der.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    /// Its key id.
    pub fn kid(&self) -> &str {
        self.key.kid()
    }

    /// Signs these very claims under this very header.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let input = format!("{}.{}", base64url::encode(header.to_string().as_bytes()), base64url::encode(claims.to_string().as_bytes()));
        let signature = self.key.sign(input.as_bytes()).expect("a signature");
        format!("{input}.{}", base64url::encode(&signature))
    }

    /// A good assertion of a client for an issuer, with a `jti` of its own.
    pub fn assertion(&self, client_id: &str, issuer: &str, jti: &str) -> String {
        let header = json!({ "alg": self.key.alg().as_str(), "kid": self.kid() });
        self.sign(&header, &claims(client_id, issuer, jti))
    }
}

/// The claims of a good assertion.
pub fn claims(client_id: &str, issuer: &str, jti: &str) -> Value {
    #[allow(clippy::disallowed_methods, reason = "a client has a clock of its own")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    json!({ "iss": client_id, "sub": client_id, "aud": issuer, "iat": now, "exp": now + 60, "jti": jti })
}
