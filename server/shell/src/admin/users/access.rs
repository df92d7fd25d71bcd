//! A person's access: where they are signed in, which clients hold grants of theirs, and what they have agreed to. Listed and ended.

use claimsmith_issuer::grants::GrantRecord;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_store::{ConsentRecord, Session};
use serde_json::{Value, json};

use super::{load, parse_id};
use crate::admin::fields::shorten;
use crate::admin::problem::Problem;
use crate::admin::{Call, Reply};

fn items(items: impl Iterator<Item = Value>) -> Reply {
    Reply::document(json!({ "items": items.collect::<Vec<_>>() }))
}

/// Security: neither the cookie's digest nor what plugins remember.
fn session(session: &Session) -> Value {
    json!({
        "session_id": session.id,
        "methods": session.methods.iter().map(|method| method.as_str()).collect::<Vec<_>>(),
        "address": session.address,
        "user_agent": session.user_agent,
        "authenticated_at": session.authenticated_at.seconds(),
        "created_at": session.created_at.seconds(),
        "seen_at": session.seen_at.seconds(),
        "expires_at": session.expires_at.seconds(),
    })
}

fn grant(grant: &GrantRecord) -> Value {
    let mut document = json!({
        "grant_id": grant.id.to_string(),
        "client_id": grant.client_id.as_str(),
        "scope": grant.allowed.scopes.join(" "),
        "resources": grant.allowed.resources,
        "code": grant.code.as_ref().map_or("none", |code| if code.spent_at.is_some() { "spent" } else { "open" }),
        "created_at": grant.created_at.seconds(),
        "expires_at": grant.expires_at.seconds(),
    });
    if let Some(session) = &grant.session_id {
        document["session_id"] = json!(session);
    }
    if let Some(refresh) = &grant.refresh {
        document["refresh_token"] = json!({
            "number": refresh.number,
            "expires_at": refresh.expires_at.seconds(),
            "bound": refresh.bound_to.is_some(),
        });
        if let Some(at) = refresh.rotated_at {
            document["refresh_token"]["rotated_at"] = json!(at.seconds());
        }
    }
    document
}

fn consent(record: &ConsentRecord) -> Value {
    json!({
        "client_id": record.client_id.as_str(),
        "scope": record.consent.scopes.tokens().join(" "),
        "claims": record.consent.claims,
        "updated_at": record.updated_at.seconds(),
    })
}

/// The path's last variable.
fn second<'a>(call: &'a Call<'_>) -> &'a str {
    call.values.get(1).map_or("", String::as_str)
}

pub(in crate::admin) async fn list_sessions(call: &Call<'_>) -> Result<Reply, Problem> {
    let held = load(call).await?;
    let now = call.desk.rooms.clock.now().timestamp();
    Ok(items(call.store().sessions_of_user(&held.person.id, now).await?.iter().map(session)))
}

pub(in crate::admin) async fn end_session(call: &Call<'_>) -> Result<Reply, Problem> {
    call.store().end_access_sessions(call.actor(), &parse_id(call)?, Some(second(call).into())).await?;
    Ok(Reply::nothing())
}

pub(in crate::admin) async fn end_sessions(call: &Call<'_>) -> Result<Reply, Problem> {
    call.store().end_access_sessions(call.actor(), &parse_id(call)?, None).await?;
    Ok(Reply::nothing())
}

pub(in crate::admin) async fn end_everything(call: &Call<'_>) -> Result<Reply, Problem> {
    call.store().end_everything_of_user(call.actor(), &parse_id(call)?).await?;
    Ok(Reply::nothing())
}

pub(in crate::admin) async fn list_grants(call: &Call<'_>) -> Result<Reply, Problem> {
    let held = load(call).await?;
    let now = call.desk.rooms.clock.now().timestamp();
    Ok(items(call.store().grants_of_user(&held.person.id, now).await?.iter().map(grant)))
}

pub(in crate::admin) async fn end_grant(call: &Call<'_>) -> Result<Reply, Problem> {
    let id = GrantId::parse(second(call)).ok_or_else(|| Problem::not_found("grant", &shorten(second(call))))?;
    call.store().end_access_grants(call.actor(), &parse_id(call)?, Some(id)).await?;
    Ok(Reply::nothing())
}

pub(in crate::admin) async fn end_grants(call: &Call<'_>) -> Result<Reply, Problem> {
    call.store().end_access_grants(call.actor(), &parse_id(call)?, None).await?;
    Ok(Reply::nothing())
}

pub(in crate::admin) async fn list_consents(call: &Call<'_>) -> Result<Reply, Problem> {
    let held = load(call).await?;
    Ok(items(call.store().consents_of_user(&held.person.id).await?.iter().map(consent)))
}

pub(in crate::admin) async fn withdraw_consent(call: &Call<'_>) -> Result<Reply, Problem> {
    let client = ClientId::parse(second(call)).map_err(|_| Problem::not_found("consent", &shorten(second(call))))?;
    call.store().withdraw_access(call.actor(), &parse_id(call)?, &client).await?;
    Ok(Reply::nothing())
}
