//! What clients have asked of somebody elsewhere (OpenID Connect CIBA), and the code without which some may not.

use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_store::Deferred;

use super::Visitor;
use super::apps::card;
use crate::authorize::{Kept, Stop};
use crate::http::Answer;
use crate::pages::view::{Complaint, ErrorKind, Notice, RequestLine, Requests, View};

/// The fewest and the most characters of a code.
const CODE_LENGTH: std::ops::RangeInclusive<usize> = 4..=64;

async fn waiting(visitor: &Visitor<'_>) -> Result<Vec<Deferred>, Stop> {
    Ok(visitor.rooms.store.deferred_of_person(visitor.id(), visitor.now.timestamp()).await?)
}

/// How many wait; none where nobody can ask.
pub(super) async fn count(visitor: &Visitor<'_>) -> Result<Option<usize>, Stop> {
    if !visitor.rooms.settings.grants.contains(&GrantType::Ciba) {
        return Ok(None);
    }
    Ok(Some(waiting(visitor).await?.len()))
}

/// The page: each request by itself.
pub(super) async fn page(visitor: &Visitor<'_>, notice: Option<Notice>, complaints: Vec<Complaint>) -> Result<View, Stop> {
    let mut requests = Vec::new();
    for deferred in waiting(visitor).await? {
        let kept: Option<Kept> = serde_json::from_str(&deferred.request).ok();
        requests.push(RequestLine {
            id: deferred.grant.to_string(),
            client: card(visitor, &deferred.client_id).await?,
            message: kept.and_then(|kept| kept.device?.message().map(str::to_owned)),
            expires_at: deferred.expires_at.seconds(),
        });
    }
    let has_code = visitor.rooms.store.request_code(visitor.id()).await?.is_some();
    Ok(Requests { form: visitor.form(), account: visitor.account(), notice, complaints, requests, has_code }.into())
}

/// The request that a form names, while it waits for this very person.
pub(super) async fn opened(visitor: &Visitor<'_>, form: &Form<'_>) -> Result<Deferred, Stop> {
    let named = form.one("request").ok_or(Stop::Shown(ErrorKind::BadRequest))?;
    let found = waiting(visitor).await?.into_iter().find(|deferred| *deferred.grant.to_string() == *named);
    found.ok_or(Stop::Shown(ErrorKind::Expired))
}

/// What was posted.
pub(super) async fn act(visitor: &Visitor<'_>, action: &str, form: &Form<'_>) -> Result<Answer, Stop> {
    match action {
        "refuse" => {
            let deferred = opened(visitor, form).await?;
            let refused = visitor.rooms.store.deny_deferred(deferred.grant, visitor.now.timestamp()).await?;
            Ok(if refused { visitor.done(Notice::RequestRefused) } else { visitor.anew("") })
        }
        "set_code" => {
            let code = form.one("request_code").unwrap_or_default();
            if !CODE_LENGTH.contains(&code.chars().count()) {
                let view = page(visitor, None, vec![Complaint::RequestCode]).await?;
                return Ok(visitor.render(&view));
            }
            let digest = visitor.rooms.shared.request_code_digest(visitor.id(), code);
            visitor.rooms.store.set_request_code(visitor.id(), Some(digest)).await?;
            Ok(visitor.done(Notice::RequestCodeSet))
        }
        "remove_code" => {
            visitor.rooms.store.set_request_code(visitor.id(), None).await?;
            Ok(visitor.done(Notice::RequestCodeRemoved))
        }
        _ => Err(Stop::Shown(ErrorKind::BadRequest)),
    }
}
