//! What a plugin asks for, under what a binding grants. An input is lines:
//!
//! ```text
//! + PERMISSION        c NAME=JSON    set-claim        h NAME=JSON    set-header    m NAME=JSON    set-response-member
//!                     r NAME         remove-claim     s SCOPE …      set-scopes    a URI …        set-audience
//!                     l SECONDS      set-lifetime     o              omit-refresh-token
//! ```

use claimsmith_issuer::binding::Permission;
use claimsmith_issuer::claims::{
    Authority, Claims, Draft, Entitlement, IntrospectionAnswer, ResponseMembers, Shaping, is_reserved_response_member,
};
use claimsmith_issuer::hook::Edit;
use claimsmith_issuer::value::{Member, Value};
use claimsmith_jose::{SignableClaims, is_reserved_header, parse_object};
use claimsmith_protocol::time::Timestamp;
use serde_json::{Map, json};

use crate::Outcome;

const CEILING: u32 = 3_600;
const LIFETIME: u32 = 300;

/// Edits are applied all or none, and what is the server's own stays as it was.
pub fn run(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else { return Outcome::Refused };
    let permissions: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("+ ")).filter_map(|text| Permission::parse(text).ok()).collect();
    for permission in &permissions {
        assert_eq!(Permission::parse(&permission.to_text()).as_ref(), Ok(permission));
    }
    let edits: Vec<Edit> = text.lines().filter_map(edit).collect();
    let outcomes = [shape_token(&edits, &permissions), add_members(&edits), shape_answer(edits, &permissions)];
    if outcomes.contains(&Outcome::Accepted) { Outcome::Accepted } else { Outcome::Refused }
}

fn edit(line: &str) -> Option<Edit> {
    let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
    let named = || rest.split_once('=').and_then(|(name, json)| Some((name.to_owned(), value(json)?)));
    let list = || rest.split(' ').map(str::to_owned).collect();
    match kind {
        "c" => named().map(|(name, value)| Edit::SetClaim(name, value)),
        "h" => named().map(|(name, value)| Edit::SetHeader(name, value)),
        "m" => named().map(|(name, value)| Edit::SetResponseMember(name, value)),
        "r" => Some(Edit::RemoveClaim(rest.to_owned())),
        "s" => Some(Edit::SetScopes(list())),
        "a" => Some(Edit::SetAudience(list())),
        "l" => rest.parse().ok().map(Edit::SetLifetime),
        "o" => Some(Edit::OmitRefreshToken),
        _ => None,
    }
}

/// A value as the sandbox hands it on: JSON of a plugin is compact, and its member names are distinct.
fn value(json: &str) -> Option<Value> {
    let wrapped = parse_object(format!("{{\"v\":{json}}}").as_bytes()).ok()?;
    let value = wrapped.get("v").filter(|_| wrapped.len() == 1)?;
    Some(match value {
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Bool(truth) => Value::Boolean(*truth),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().map(Value::Number), |n| Some(Value::Integer(n)))?
        }
        serde_json::Value::Array(items) if items.iter().all(serde_json::Value::is_string) => {
            Value::Texts(items.iter().filter_map(|item| item.as_str()).map(Into::into).collect())
        }
        nested => Value::Json(nested.to_string().into()),
    })
}

fn draft() -> Claims<Draft> {
    let (scopes, audience) = (["read".into(), "write".into()], ["https://api.example".into()]);
    let entitlement = Entitlement {
        issuer: "https://issuer.example",
        subject: "demo",
        client_id: "demo",
        scopes: &scopes,
        audience: &audience,
        lifetime: LIFETIME,
        confirmation: None,
        allowed: None,
    };
    Claims::draft(&entitlement, "token-1".into(), Timestamp::from_seconds(1_000))
}

fn rendered(claims: &Claims<Draft>) -> Map<String, serde_json::Value> {
    let mut out = Vec::new();
    claims.clone().finish().render(&mut out);
    parse_object(&out).expect("the payload is one JSON object, and no member is there twice")
}

fn shape_token(edits: &[Edit], permissions: &[Permission]) -> Outcome {
    let mut claims = draft();
    let before = rendered(&claims);
    if claims.apply(edits.to_vec(), Authority { binding: 7, permissions, lifetime_ceiling: CEILING }).is_err() {
        assert_eq!(rendered(&claims), before, "refused, and yet something was applied");
        return Outcome::Refused;
    }
    let after = rendered(&claims);
    for name in ["iss", "client_id", "iat", "jti"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    for name in ["nbf", "cnf", "act", "may_act", "nonce", "azp", "at_hash"] {
        assert!(!after.contains_key(name), "{name}");
    }
    assert!(after["sub"].as_str().is_some_and(|sub| !sub.is_empty()));
    assert!(after["sub"] == before["sub"] || permissions.contains(&Permission::Protected("sub".into())));
    assert_eq!(after["exp"], json!(1_000 + i64::from(claims.lifetime())));
    let granted = permissions.iter().filter_map(|permission| if let Permission::Lifetime(most) = permission { Some(*most) } else { None });
    assert!((1..=granted.max().unwrap_or(0).clamp(LIFETIME, CEILING)).contains(&claims.lifetime()));
    for scope in claims.scopes() {
        assert!(["read", "write"].contains(&scope.as_ref()) || permissions.contains(&Permission::Scope(scope.clone())), "{scope}");
    }
    assert!(!claims.audience().is_empty());
    for uri in claims.audience() {
        assert!(**uri == *"https://api.example" || permissions.contains(&Permission::Audience(uri.clone())), "{uri}");
    }
    assert!(claims.finish().header().iter().all(|member| !is_reserved_header(&member.name)));
    Outcome::Accepted
}

fn add_members(edits: &[Edit]) -> Outcome {
    let mut response = ResponseMembers::default();
    if response.apply(edits.to_vec(), Authority { binding: 7, permissions: &[], lifetime_ceiling: CEILING }).is_err() {
        assert!(response.members().is_empty(), "refused, and yet something was applied");
        return Outcome::Refused;
    }
    assert!(response.members().iter().all(|member| !is_reserved_response_member(&member.name)));
    Outcome::Accepted
}

fn shape_answer(edits: Vec<Edit>, permissions: &[Permission]) -> Outcome {
    let mut answer = IntrospectionAnswer::of(vec![Member::known("sub", "demo".into()), Member::known("scope", "read".into())], "rs");
    let outcome = answer.apply(edits, Authority { binding: 7, permissions, lifetime_ceiling: CEILING });
    let mut out = Vec::new();
    answer.render(&mut out);
    let rendered = parse_object(&out).expect("the answer is one JSON object, and no member is there twice");
    assert_eq!((&rendered["active"], &rendered["sub"], &rendered["scope"]), (&json!(true), &json!("demo"), &json!("read")));
    if outcome.is_ok() { Outcome::Accepted } else { Outcome::Refused }
}
