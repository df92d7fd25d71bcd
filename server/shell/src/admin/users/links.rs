//! Who a person is at other issuers: where they sign in elsewhere, or whose assertions stand for them (`subjects: link`).

use claimsmith_store::UserLink;
use serde_json::{Value, json};

use super::load;
use crate::admin::problem::Problem;
use crate::admin::{Call, Reply, segment};

/// The longest issuer and the longest subject, in bytes.
const TEXT_MAX: usize = 255;

fn render(link: &UserLink) -> Value {
    json!({ "issuer": link.issuer, "subject": link.subject })
}

pub(in crate::admin) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let links = call.store().user_links(&load(call).await?.person.id).await?;
    Ok(Reply::document(json!({ "items": links.iter().map(render).collect::<Vec<_>>() })))
}

pub(in crate::admin) async fn create(call: &Call<'_>) -> Result<Reply, Problem> {
    let held = load(call).await?;
    let mut fields = call.fields()?;
    let mut text = |name: &'static str| match fields.text(name) {
        Some(text) if !text.is_empty() && text.len() <= TEXT_MAX => Some(text),
        _ => {
            fields.wrong(name, format!("is needed: a text of 1 to {TEXT_MAX} bytes"));
            None
        }
    };
    let link = text("issuer").zip(text("subject")).map(|(issuer, subject)| UserLink { issuer: issuer.into(), subject: subject.into() });
    let link = fields.finish(link)?;
    call.store().link_user(call.actor(), &held.person.id, link.clone()).await?;
    let place = format!("/admin/v1/users/{}/links/{}", segment(held.person.id.as_str()), segment(&link.issuer));
    Ok(Reply::document(render(&link)).at(place))
}

pub(in crate::admin) async fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let held = load(call).await?;
    let issuer = call.values.get(1).map_or("", String::as_str);
    call.store().unlink_user(call.actor(), &held.person.id, issuer).await?;
    Ok(Reply::nothing())
}
