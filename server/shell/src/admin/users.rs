//! `/admin/v1/users`: people, their passwords and their second factors.

mod access;
mod factors;
mod links;
mod passwords;

use claimsmith_issuer::person::{Person, UserId, Username, check_claims};
use claimsmith_store::{UserFilter, UserRecord};
use serde_json::{Map, Value, json};

use super::authority::Scope;
use super::fields::{Fields, shorten};
use super::problem::Problem;
use super::routes::Operation;
use super::{Call, Reply, paging};

pub(super) use access::{
    end_everything, end_grant, end_grants, end_session, end_sessions, list_consents, list_grants, list_sessions, withdraw_consent,
};
pub(super) use factors::{list as list_factors, remove as remove_factor};
pub(super) use links::{create as create_link, list as list_links, remove as remove_link};
pub(super) use passwords::{remove as remove_password, set as set_password};

/// The most bytes of a person's claims, and of their attributes.
const DOCUMENT_MAX: usize = 16 * 1024;

/// What the server sets.
const READ_ONLY: [&str; 6] = ["version", "created_at", "updated_at", "password_changed_at", "password_hash", "factors"];

/// Reads a person. `held` is the one that is changed.
fn read(fields: &mut Fields, held: Option<(&Person, &Value)>, fresh: impl FnOnce() -> UserId) -> Option<Person> {
    if let Some((_, document)) = held {
        fields.read_only(&READ_ONLY, document);
    }
    let id = user_id(fields, held.map(|(person, _)| &person.id), fresh);
    let username = username(fields);
    let enabled = fields.boolean("enabled");
    let claims = claims(fields);
    let attributes = fields.object("attributes").unwrap_or_default();
    let attributes = bounded(fields, "attributes", attributes);
    Some(Person { id: id?, username: username?, enabled: enabled.unwrap_or(true), claims: claims?, attributes: attributes? })
}

fn user_id(fields: &mut Fields, held: Option<&UserId>, fresh: impl FnOnce() -> UserId) -> Option<UserId> {
    let given = fields.text("user_id");
    match (given.as_deref(), held) {
        (None, Some(held)) => Some(held.clone()),
        (Some(text), Some(held)) if *text == **held => Some(held.clone()),
        (Some(_), Some(_)) => {
            fields.wrong("user_id", "cannot be changed");
            None
        }
        (None, None) => fields.is_sound("user_id").then(fresh),
        // From an export of this server: whoever is brought back is who they were.
        (Some(text), None) => {
            UserId::parse(text).map_err(|invalid| fields.wrong("user_id", format!("{invalid}; leave it out to get one"))).ok()
        }
    }
}

fn username(fields: &mut Fields) -> Option<Username> {
    let Some(text) = fields.text("username") else {
        if fields.is_sound("username") {
            fields.wrong("username", "is missing");
        }
        return None;
    };
    Username::parse(&text).map_err(|invalid| fields.wrong("username", format!("{invalid}"))).ok()
}

fn claims(fields: &mut Fields) -> Option<Box<str>> {
    let claims = fields.object("claims").unwrap_or_default();
    let refusals = check_claims(&claims);
    for refusal in &refusals {
        fields.wrong(&format!("claims.{}", shorten(&refusal.claim)), refusal.detail.clone());
    }
    if refusals.is_empty() { bounded(fields, "claims", claims) } else { None }
}

fn bounded(fields: &mut Fields, name: &str, members: Map<String, Value>) -> Option<Box<str>> {
    let text = Value::Object(members).to_string();
    if text.len() > DOCUMENT_MAX {
        fields.wrong(name, format!("has {} bytes; {DOCUMENT_MAX} are allowed", text.len()));
        return None;
    }
    Some(text.into())
}

/// The person's document. Security: the hash of their password is not in it.
fn render(record: &UserRecord) -> Value {
    let person = &record.person;
    let json_of = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| json!({}));
    let mut document = json!({
        "user_id": person.id.as_str(),
        "username": person.username.as_str(),
        "enabled": person.enabled,
        "claims": json_of(&person.claims),
        "attributes": json_of(&person.attributes),
        "factors": {
            "totp": record.enrolled.totp,
            "recovery_codes": record.enrolled.recovery_codes,
            "passkeys": record.enrolled.passkeys,
        },
        "version": record.version,
        "created_at": record.created_at.seconds(),
        "updated_at": record.updated_at.seconds(),
    });
    if let Some(password) = &record.password {
        document["password_changed_at"] = json!(password.changed_at.seconds());
    }
    document
}

fn parse_id(call: &Call<'_>) -> Result<UserId, Problem> {
    UserId::parse(call.key()).map_err(|_| Problem::not_found("user", &shorten(call.key())))
}

async fn load(call: &Call<'_>) -> Result<UserRecord, Problem> {
    find(call, &parse_id(call)?).await
}

async fn find(call: &Call<'_>, id: &UserId) -> Result<UserRecord, Problem> {
    call.store().load_user(id).await?.ok_or_else(|| Problem::not_found("user", id))
}

pub(super) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let page = call.query.page()?;
    let after = match &page.after {
        Some(after) => Some(UserId::parse(after).map_err(|_| paging::wrong("after", "must be the `next` of an earlier answer"))?),
        None => None,
    };
    let username = match call.query.text("username") {
        Some(text) => Some(Username::parse(text).map_err(|invalid| paging::wrong("username", &invalid.to_string()))?),
        None => None,
    };
    let with_hashes = match call.query.text("include") {
        None => false,
        // Security: whoever reads hashes can guess at passwords at leisure.
        Some("password_hash") => call.need(Scope::UsersExport).map(|()| true)?,
        Some(_) => return Err(paging::wrong("include", "may be `password_hash`")),
    };
    let filter = UserFilter { username, email: call.query.text("email").map(str::to_owned) };
    let records = call.store().list_users(after, filter, page.ask()).await?;
    let item = |record: &UserRecord| {
        let mut document = render(record);
        if let (true, Some(password)) = (with_hashes, &record.password) {
            document["password_hash"] = json!(password.hash);
        }
        (record.person.id.to_string(), document)
    };
    Ok(Reply::document(paging::document(records.iter().map(item).collect(), &page)))
}

pub(super) async fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    Ok(Reply::document(render(&load(call).await?)))
}

pub(super) async fn create(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut fields = call.fields()?;
    let chosen = passwords::read(&mut fields);
    let person = read(&mut fields, None, crate::people::fresh_id);
    let person = fields.finish(person)?;
    let hash = match chosen {
        Some(chosen) => Some(chosen.hash(call, person.username.as_str()).await?),
        None => None,
    };
    let (id, name) = (person.id.clone(), person.username.to_string());
    let taken = |_| Problem::new(super::problem::Kind::Conflict, format!("there is a user `{name}` already, or one with this user_id"));
    match call.store().create_user(call.actor(), person, hash).await {
        Err(fault @ claimsmith_store::Fault::Exists { .. }) => return Err(taken(fault)),
        other => other?,
    };
    Ok(Reply::document(render(&find(call, &id).await?)).at(format!("/admin/v1/users/{id}")))
}

pub(super) async fn update(call: &Call<'_>, operation: Operation) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    let held = load(call).await?;
    let document = render(&held);
    let mut fields = call.updated(operation, &document)?;
    let person = read(&mut fields, Some((&held.person, &document)), || held.person.id.clone());
    let person = fields.finish(person)?;
    // Invariant: a patch was laid over the version that was read, so it replaces that very version even for `*`.
    call.store().update_user(call.actor(), "update", person, Some(expected.unwrap_or(held.version))).await?;
    Ok(Reply::document(render(&load(call).await?)))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Reply, Problem> {
    let expected = call.if_match()?;
    call.store().delete_user(call.actor(), &parse_id(call)?, expected).await?;
    Ok(Reply::nothing())
}

#[cfg(test)]
mod tests;
