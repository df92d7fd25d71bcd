//! `/admin/v1/registration-tokens`: initial access tokens, with which clients register themselves (RFC 7591 §3).

use claimsmith_jose::Digest;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::RegistrationToken;
use serde_json::{Value, json};

use super::fields::Fields;
use super::problem::Problem;
use super::{Call, Reply, internal, paging, segment};
use crate::register::new_initial_token;

/// The longest that a token may be good, seconds.
const LIFETIME_MAX: i64 = 3_650 * 86_400;

fn render(token: &RegistrationToken) -> Value {
    let mut document = json!({ "name": token.name, "expires_at": token.expires_at.map_or(0, Timestamp::seconds) });
    if let Some(uses) = token.uses_left {
        document["uses_left"] = json!(uses);
    }
    document
}

fn read(fields: &mut Fields, now: Timestamp) -> Option<RegistrationToken> {
    let name = fields.line("name", 128);
    if name.is_none() && fields.is_sound("name") {
        fields.wrong("name", "is missing");
    }
    let uses = fields.integer("uses", 1..=i64::from(i32::MAX));
    let expires_in = fields.integer("expires_in", 1..=LIFETIME_MAX);
    Some(RegistrationToken {
        name: name?.into(),
        uses_left: uses.and_then(|uses| u32::try_from(uses).ok()),
        expires_at: expires_in.map(|seconds| Timestamp::from_seconds(now.seconds() + seconds)),
    })
}

pub(super) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let page = call.query.page()?;
    let tokens = call.store().list_registration_tokens(page.after.clone(), page.ask()).await?;
    Ok(Reply::document(paging::document(tokens.iter().map(|token| (token.name.to_string(), render(token))).collect(), &page)))
}

pub(super) async fn create(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut fields = call.fields()?;
    let token = read(&mut fields, call.desk.rooms.clock.now().timestamp());
    let token = fields.finish(token)?;
    let text = new_initial_token().map_err(|error| internal(&error))?;
    let mut document = render(&token);
    let at = format!("/admin/v1/registration-tokens/{}", segment(&token.name));
    call.store().create_registration_token(call.actor(), Digest::of(text.expose().as_bytes()), token).await?;
    document["token"] = json!(text.expose());
    Ok(Reply::document(document).at(at))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Reply, Problem> {
    call.store().delete_registration_token(call.actor(), call.key()).await?;
    Ok(Reply::nothing())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_new(body: &Value) -> Result<RegistrationToken, Problem> {
        let mut fields = Fields::parse(body.to_string().as_bytes()).unwrap();
        let token = read(&mut fields, Timestamp::from_seconds(1_000));
        fields.finish(token)
    }

    #[test]
    fn what_is_read_is_shown_and_what_is_wrong_is_named() {
        let token = read_new(&json!({ "name": "partner", "uses": 3, "expires_in": 60 })).unwrap();
        assert_eq!(render(&token), json!({ "name": "partner", "uses_left": 3, "expires_at": 1_060 }));
        let known = super::super::schemas::properties("RegistrationToken");
        for name in ["name", "uses", "uses_left", "expires_in", "expires_at", "token"] {
            assert!(known.contains(&name.to_owned()), "{name}");
        }
        for (body, field) in [
            (json!({}), "name"),
            (json!({ "name": "" }), "name"),
            (json!({ "name": "a", "uses": 0 }), "uses"),
            (json!({ "name": "a", "expires_in": -1 }), "expires_in"),
            (json!({ "name": "a", "token": "mine" }), "token"),
        ] {
            let problem = read_new(&body).unwrap_err();
            assert_eq!(problem.errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [field], "{body}");
        }
    }
}
