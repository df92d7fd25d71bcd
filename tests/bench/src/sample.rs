//! The client, the binding and the token that parts and whole have in common.

use std::sync::LazyLock;

use claimsmith_issuer::binding::Permission;
use claimsmith_issuer::claims::{Authority, Claims, Draft, Entitlement, Shaped, Shaping};
use claimsmith_issuer::hook::Edit;
use claimsmith_issuer::value::Value;
use claimsmith_protocol::time::Timestamp;

/// A `client_id` as long as those that the server makes.
pub const CLIENT_ID: &str = "b3c1f6a2-7d54-4e0a-9c1f-2f60d1e8a7b4";
/// The client's secret: as long as 256 random bits in Base64.
pub const SECRET: &str = "u0Jt3y6Zr8mVfKqXc2LwPnB5dHsGaE7iT9oYxR1kN4M";
/// The issuer.
pub const ISSUER: &str = "https://localhost:8443";
/// What the client may ask for, and asks for.
pub const SCOPE: &str = "orders:read orders:write";
/// The form of a token request with `client_secret_basic`.
pub const FORM: &str = "grant_type=client_credentials&scope=orders%3Aread+orders%3Awrite";
/// The client's metadata: what the plugin reads of it.
pub const METADATA: &str = r#"{"customer_tier":"gold","contract":"2026-17","region":"eu-central-1"}"#;
/// The permissions of the binding.
pub const PERMISSIONS: [&str; 1] = ["claim:*"];
/// The configuration of the binding: eleven claims come of it, and a payload of about 900 bytes.
pub const CONFIGURATION: &str = r#"{"claims":{"org":"acme-industries","plan":"enterprise","seats":250,"beta":false,"departments":["sales","logistics","billing"],"support_level":"platinum-24x7","data_residency":"eu-central","urn:example:entitlements":{"orders":{"limit":1000,"window":"PT1M"},"invoices":{"limit":100,"window":"PT1H"},"exports":{"limit":10,"window":"P1D"},"warehouses":{"allowed":["hamburg-altona","rotterdam-maasvlakte","antwerpen-noord"],"readonly":["gdansk-port"]},"carriers":{"allowed":["rail","barge","road"],"express":false}},"shown_name":"Acme Industries Logistics GmbH & Co. KG"},"from_metadata":{"tier":"customer_tier","contract":"contract"}}"#;

/// The instant of the sample, which no clock has to know.
pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// The token before plugins.
pub fn draft(scopes: &[Box<str>], audience: &[Box<str>]) -> Claims<Draft> {
    let entitlement = Entitlement {
        issuer: ISSUER,
        subject: CLIENT_ID,
        client_id: CLIENT_ID,
        scopes,
        audience,
        lifetime: 3_600,
        confirmation: None,
        allowed: None,
    };
    Claims::draft(&entitlement, "AAAAAAAAAAAAAAAAAAAAAA".into(), NOW)
}

/// The token as the plugin shapes it.
///
/// # Panics
/// Never: the sample is well formed.
pub fn shaped() -> &'static Claims<Shaped> {
    static SHAPED: LazyLock<Claims<Shaped>> = LazyLock::new(shape);
    &SHAPED
}

fn shape() -> Claims<Shaped> {
    let configuration: serde_json::Value = serde_json::from_str(CONFIGURATION).expect("JSON");
    let claims = configuration["claims"].as_object().expect("an object");
    let mut edits: Vec<Edit> = claims.iter().map(|(name, value)| Edit::SetClaim(name.clone(), value_of(value))).collect();
    edits.push(Edit::SetClaim("tier".to_owned(), "gold".into()));
    edits.push(Edit::SetClaim("contract".to_owned(), "2026-17".into()));
    let scopes: Vec<Box<str>> = SCOPE.split(' ').map(Into::into).collect();
    let mut token = draft(&scopes, &["https://api.example/orders".into()]);
    let permissions = PERMISSIONS.map(|text| Permission::parse(text).expect("a permission"));
    token.apply(edits, Authority { binding: 1, permissions: &permissions, lifetime_ceiling: 3_600 }).expect("permitted claims");
    token.finish()
}

fn value_of(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Bool(truth) => Value::Boolean(*truth),
        serde_json::Value::Number(number) => Value::Integer(number.as_i64().expect("an integer")),
        other => Value::Json(other.to_string().into()),
    }
}
