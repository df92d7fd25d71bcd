//! `/admin/v1/tokens`: what a token is, how it came to be, and its end. Tokens travel in bodies: paths and queries are logged.

use claimsmith_issuer::introspect::KnownToken;
use claimsmith_jose::{Digest, HeaderAlg, Jws};
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::TokenRecordFilter;
use serde_json::{Map, Value, json};

use super::audit;
use super::problem::Problem;
use super::{Call, Reply};
use crate::known_token::is_over;

/// The longest token that is looked at, bytes.
const TOKEN_MAX: usize = 16 << 10;

/// A token that we made, whatever has become of it.
struct Found {
    format: &'static str,
    header: Option<Value>,
    claims: Map<String, Value>,
    token: KnownToken,
    revoked: bool,
}

/// The token of the body.
fn asked(call: &Call<'_>) -> Result<String, Problem> {
    let mut fields = call.fields()?;
    let token = fields.text("token");
    if token.is_none() && fields.is_sound("token") {
        fields.wrong("token", "is missing");
    }
    if token.as_ref().is_some_and(|token| token.len() > TOKEN_MAX) {
        fields.wrong("token", format!("is longer than {TOKEN_MAX} bytes"));
    }
    fields.finish(token).map(|token| token.trim().to_owned())
}

async fn find(call: &Call<'_>, text: &str) -> Result<Option<Found>, Problem> {
    if text.contains('.') {
        let Some((header, claims)) = verified(call, text) else { return Ok(None) };
        let Some(token) = KnownToken::from_claims(claims.clone()) else { return Ok(None) };
        let revoked = is_over(call.store(), &token).await?;
        return Ok(Some(Found { format: "jwt", header: Some(header), claims, token, revoked }));
    }
    let Some(found) = call.store().opaque_token(Digest::of(text.as_bytes())).await? else { return Ok(None) };
    let claims: Map<String, Value> = serde_json::from_str(&found.token.claims).unwrap_or_default();
    let Some(token) = KnownToken::from_claims(claims.clone()) else { return Ok(None) };
    let revoked = found.revoked || is_over(call.store(), &token).await?;
    Ok(Some(Found { format: "opaque", header: None, claims, token, revoked }))
}

/// Header and claims of a JWT that one of our published keys has signed. The key fixes the algorithm.
fn verified(call: &Call<'_>, text: &str) -> Option<(Value, Map<String, Value>)> {
    let rooms = &call.desk.rooms;
    let jws = Jws::parse_within(text, TOKEN_MAX).ok()?;
    let HeaderAlg::Signature(alg) = jws.header().alg() else { return None };
    let header = json!({ "alg": alg.as_str(), "kid": jws.header().kid(), "typ": jws.header().typ() });
    let policy = rooms.directory.policy();
    let key = policy.keyring.verifying_key(jws.header().kid()?, now(call).seconds())?;
    let claims = jws.verify(key, &[alg]).ok()?.into_claims();
    (claims.get("iss").and_then(Value::as_str) == Some(rooms.urls.as_str())).then_some((header, claims))
}

fn now(call: &Call<'_>) -> Timestamp {
    call.desk.rooms.clock.now().timestamp()
}

/// Whether the token is good: not expired, not revoked, its client there and enabled.
async fn is_active(call: &Call<'_>, found: &Found) -> Result<bool, Problem> {
    let Ok(id) = ClientId::parse(&found.token.client_id) else { return Ok(false) };
    let owner = call.store().load_client(&id).await?;
    let enabled = owner.is_some_and(|owner| owner.record.client.enabled);
    Ok(enabled && !found.revoked && now(call) < found.token.expires_at)
}

/// As introspection answers a resource server that may know everything (RFC 7662 §2.2), without plugins.
pub(super) async fn introspect(call: &Call<'_>) -> Result<Reply, Problem> {
    let Some(found) = find(call, &asked(call)?).await? else { return Ok(Reply::document(json!({ "active": false }))) };
    if !is_active(call, &found).await? {
        return Ok(Reply::document(json!({ "active": false })));
    }
    let mut members = found.claims;
    members.insert("active".to_owned(), json!(true));
    members.insert("token_type".to_owned(), json!("Bearer"));
    Ok(Reply::document(Value::Object(members)))
}

/// Everything that is known of a token.
pub(super) async fn explain(call: &Call<'_>) -> Result<Reply, Problem> {
    let missing = || Problem::new(super::problem::Kind::NotFound, "this is no token of ours: nothing we know has signed or stored it");
    let found = find(call, &asked(call)?).await?.ok_or_else(missing)?;
    let active = is_active(call, &found).await?;
    let filter = TokenRecordFilter { token_id: Some(found.token.jti.to_string()), ..TokenRecordFilter::default() };
    let record = call.store().token_records(filter, 1).await?.pop();
    let mut document = json!({
        "active": active,
        "format": found.format,
        "claims": found.claims,
        "revoked": found.revoked,
        "expired": now(call) >= found.token.expires_at,
    });
    if let Some(header) = found.header {
        document["header"] = header;
    }
    if let Some(record) = record {
        document["sources"] = sources(call, &record.claim_sources).await?;
        document["issuance"] = audit::render_issuance(&record);
    }
    Ok(Reply::document(document))
}

/// Which plugin, in which version, touched which claim.
async fn sources(call: &Call<'_>, claim_sources: &str) -> Result<Value, Problem> {
    let digests: Map<String, Value> = serde_json::from_str(claim_sources).unwrap_or_default();
    let plugins = call.store().list_plugins().await?;
    let name_of = |digest: &str| {
        let has = |plugin: &&claimsmith_store::PluginRecord| plugin.versions.iter().any(|version| version.digest.to_hex() == digest);
        plugins.iter().find(has).map(|plugin| plugin.name.clone())
    };
    let source = |(claim, digest): (String, Value)| {
        let name = digest.as_str().and_then(name_of);
        (claim, json!({ "plugin": name, "digest": digest }))
    };
    Ok(Value::Object(digests.into_iter().map(source).collect()))
}

/// Ends a token. One that is not ours, or is over, needs no end.
pub(super) async fn revoke(call: &Call<'_>) -> Result<Reply, Problem> {
    let now = now(call);
    let found = find(call, &asked(call)?).await?.filter(|found| !found.revoked && now < found.token.expires_at);
    let Some(found) = found else { return Ok(Reply::document(json!({ "revoked": false }))) };
    let Ok(client_id) = ClientId::parse(&found.token.client_id) else { return Ok(Reply::document(json!({ "revoked": false }))) };
    call.store().revoke_as(call.actor(), &found.token.jti, client_id, (now, found.token.expires_at)).await?;
    Ok(Reply::document(json!({ "revoked": true })))
}
