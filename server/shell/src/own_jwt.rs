//! Finds out whether a text is a JWT of ours: an ID token, or of some other type. Nobody here looks at its expiry.

use claimsmith_issuer::client::Client;
use claimsmith_issuer::registration::ID_TOKEN_MAC;
use claimsmith_jose::{HeaderAlg, Jws, SigningAlg};
use serde_json::{Map, Value};

use crate::directory::Visit;
use crate::envelope;
use crate::rooms::Rooms;

/// The longest token that is looked at, in bytes.
const TOKEN_LENGTH_MAX: usize = 16 * 1024;

/// The claims of a JWT of a type that one of our published keys has signed, at `now`.
pub fn of_type(rooms: &Rooms, visit: &Visit, (text, typ): (&str, &str), now: i64) -> Option<Map<String, Value>> {
    let jws = Jws::parse_within(text, TOKEN_LENGTH_MAX).ok()?;
    // RFC 8725 §3.11: a token of another type is none of this one, whoever signed it.
    if !jws.header().has_typ(typ) {
        return None;
    }
    let HeaderAlg::Signature(alg) = jws.header().alg() else { return None };
    let alg: SigningAlg = alg;
    let key = visit.policy().keyring.verifying_key(jws.header().kid()?, now)?;
    let claims = jws.verify(key, &[alg]).ok()?.into_claims();
    (claims.get("iss").and_then(Value::as_str) == Some(rooms.urls.as_str())).then_some(claims)
}

/// The claims of an ID token that one of our published keys has signed, for whomever.
pub fn id_token(rooms: &Rooms, visit: &Visit, text: &str, now: i64) -> Option<Map<String, Value>> {
    of_type(rooms, visit, (text, "JWT"), now)
}

/// The claims of an ID token for a client, signed by us or with a MAC under the client's own secret.
pub fn id_token_of(rooms: &Rooms, visit: &Visit, client: &Client, text: &str, now: i64) -> Option<Map<String, Value>> {
    let claims = id_token(rooms, visit, text, now).or_else(|| with_mac(rooms, client, text))?;
    let is_client = |audience: &Value| audience.as_str() == Some(&client.id);
    let audience = claims.get("aud")?;
    let for_client = is_client(audience) || audience.as_array().is_some_and(|several| several.iter().any(is_client));
    for_client.then_some(claims)
}

fn with_mac(rooms: &Rooms, client: &Client, text: &str) -> Option<Map<String, Value>> {
    let jws = Jws::parse_within(text, TOKEN_LENGTH_MAX).ok()?;
    if !jws.header().has_typ("JWT") || client.registration.id_token_signed_response_alg.as_deref() != Some(ID_TOKEN_MAC.as_str()) {
        return None;
    }
    let claims = jws.verify_mac(&envelope::shared_secret(rooms, client)?, &[ID_TOKEN_MAC]).ok()?.into_claims();
    (claims.get("iss").and_then(Value::as_str) == Some(rooms.urls.as_str())).then_some(claims)
}
