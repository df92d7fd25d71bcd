//! What comes next, by what is known of the person now.

use claimsmith_issuer::assurance::{self, Level, Wanted, level};
use claimsmith_issuer::authorize::{Consent, Hint, Person, Standing, Step, next as decide};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use serde_json::Value;

use super::Stop;
use super::flow::Walk;
use crate::own_jwt;

/// Decides what comes next.
pub(super) async fn next(walk: &mut Walk<'_>) -> Result<Step, Stop> {
    let hint = match walk.asked.id_token_hint.as_deref() {
        None => None,
        Some(text) => Some(read_hint(walk, text).ok_or_else(|| {
            walk.refuse(Refusal::new(
                ErrorCode::InvalidRequest,
                Reason::MalformedParameter,
                "the id_token_hint is not an ID token of ours for this client",
            ))
        })?),
    };
    let person = match (&walk.user, &walk.browser.session) {
        (Some(user), Some(session)) if !walk.progress.another => Some(Person {
            user_id: user.person.id.as_str().into(),
            subject: walk.rooms.shared.subjects.subject(walk.client(), &user.person.id),
            auth_time: session.authenticated_at,
            acr: level(&session.methods).map(|reached| walk.rooms.settings.acr_names.acr(reached).into()),
        }),
        _ => None,
    };
    let consent = match &walk.user {
        Some(user) if person.is_some() => walk.rooms.store.consent(&user.person.id, &walk.client().id).await?.map(|record| record.consent),
        _ => None,
    };
    let reached = walk.browser.session.as_ref().and_then(|session| level(&session.methods));
    let wanted = wanted(walk);
    let standing = Standing {
        client: walk.client(),
        person: person.as_ref(),
        hint: hint.as_ref(),
        hinted_other: hinted_other(walk, person.as_ref()),
        fresh: walk.progress.fresh,
        chosen: walk.progress.chosen,
        consent: consent.as_ref(),
        agreed: walk.progress.consent_skipped && !walk.asked.prompt.consent,
        can_step_up: can_reach(walk, wanted),
        acr_met: wanted.is_met_by(reached),
    };
    decide(&walk.asked, &standing, walk.now.timestamp()).map_err(|refusal| walk.refuse(refusal))
}

/// Whether `login_hint` is none of the names of who is signed in: what they sign in with, their addresses, and what the client knows
/// them by.
fn hinted_other(walk: &Walk<'_>, person: Option<&Person>) -> bool {
    let (Some(hint), Some(user), Some(person)) = (walk.asked.login_hint.as_deref(), &walk.user, person) else { return false };
    let known: serde_json::Map<String, Value> = serde_json::from_str(&user.person.claims).unwrap_or_default();
    let claims = ["email", "phone_number", "preferred_username"].into_iter().filter_map(|name| known.get(name).and_then(Value::as_str));
    let mut names = claims.chain([user.person.username.as_str(), &person.subject]);
    let hint = hint.trim().to_lowercase();
    !names.any(|name| name.to_lowercase() == hint)
}

/// What the client or its plugins want reached.
pub(super) fn wanted(walk: &Walk<'_>) -> Wanted {
    let asked = walk.asked.acr_values.iter().map(AsRef::as_ref);
    walk.rooms.settings.acr_names.wanted(asked.chain(walk.progress.wanted_acr.iter().map(String::as_str)))
}

/// Whether the person has what it takes.
fn can_reach(walk: &Walk<'_>, wanted: Wanted) -> bool {
    let (Wanted::AtLeast(lowest), Some(user)) = (wanted, &walk.user) else { return false };
    match lowest {
        Level::Password => user.password.is_some(),
        Level::MultiFactor => user.enrolled.has_second_factor(),
        Level::Passkey => user.enrolled.passkeys > 0,
    }
}

/// The ID token that the client hands in: ours, for this client, perhaps expired (OpenID Connect Core §3.1.2.2).
fn read_hint(walk: &Walk<'_>, text: &str) -> Option<Hint> {
    let claims = own_jwt::id_token_of(walk.rooms, &walk.visit, walk.client(), text, walk.now.timestamp().seconds())?;
    let subject = claims.get("sub").and_then(Value::as_str)?;
    Some(Hint { subject: subject.into() })
}

/// What comes next on the way in, by what was shown.
pub(super) fn sign_in_step(walk: &Walk<'_>, enrolled: assurance::Enrolled, shown: &[assurance::Method]) -> assurance::Step {
    assurance::next_step(shown, enrolled, wanted(walk))
}

/// What was agreed to before, or nothing.
pub(super) async fn remembered(walk: &Walk<'_>) -> Result<Option<Consent>, Stop> {
    let Some(user) = &walk.user else { return Ok(None) };
    Ok(walk.rooms.store.consent(&user.person.id, &walk.client().id).await?.map(|record| record.consent))
}
