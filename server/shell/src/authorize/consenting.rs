//! The page on which a person decides what a client may have.

use claimsmith_issuer::authorize::Missing;
use claimsmith_issuer::claims::ConsentPlan;
use claimsmith_issuer::hook::{Background, HookPoint};
use claimsmith_issuer::id_token::OF_THE_SIGN_IN;
use claimsmith_protocol::form::Form;

use super::flow::Walk;
use super::{Stop, answering, cards, standing};
use crate::companions::known_of;
use crate::hook_room::{Asked, Occasion, Room};
use crate::http::Answer;
use crate::pages::view::{Consent, DetailCard, ErrorKind, ResourceLine, ScopeLine, View};
use crate::report::Report;

/// The path of the page.
const PATH: &str = "/consent";

/// What the person agreed to.
#[derive(Debug, Clone)]
pub(super) struct Agreed {
    /// Scopes.
    pub scopes: Vec<Box<str>>,
    /// Names of claims that they left out.
    pub claims_denied: Vec<Box<str>>,
}

/// Asks the plugins once about the consent; true when they let the person go unasked.
pub(super) async fn plugins_let_pass(walk: &mut Walk<'_>, report: &mut Report) -> Result<bool, Stop> {
    if walk.progress.consent_shaped {
        return Ok(walk.progress.consent_skipped && !walk.asked.prompt.consent);
    }
    let (form, entry, visit) = (Form::default(), walk.entry.clone(), walk.visit.clone());
    let mut room = Room::of_client(walk.rooms, &visit, &entry, Occasion { arrival: walk.arrival, form: &form, grant: None, now: walk.now });
    walk.progress.consent_shaped = true;
    if !room.has(HookPoint::Consent) {
        return Ok(false);
    }
    let user = walk.user.clone().ok_or(Stop::Shown(ErrorKind::Expired))?;
    let background = room.reads_background().then(|| Background { person: Some(known_of(&user.person)), ..Background::default() });
    let remembered = standing::remembered(walk).await?.map(|consent| consent.scopes.tokens().to_vec()).unwrap_or_default();
    let scopes = walk.asked.scopes.tokens().to_vec();
    let subject = walk.rooms.shared.subjects.subject(walk.client(), &user.person.id);
    let asked = Asked {
        scopes: &scopes,
        resources: &walk.asked.resources,
        subject: Some(&subject),
        refresh: false,
        background: background.as_ref(),
    };
    let outcome = room.consent(ConsentPlan::of(scopes.clone(), remembered), asked, report).await.map_err(|failure| walk.failed(failure))?;
    walk.progress.scopes = Some(outcome.scopes);
    walk.progress.texts = outcome.texts.into_iter().map(|text| (text.language.into(), text.text.into())).collect();
    // OpenID Connect Core §3.1.2.1: what the client demands goes before it.
    walk.progress.consent_skipped = outcome.skipped;
    Ok(outcome.skipped && !walk.asked.prompt.consent)
}

/// The scopes that the person may be asked for.
pub(super) fn askable(walk: &Walk<'_>) -> Vec<Box<str>> {
    walk.progress.scopes.clone().unwrap_or_else(|| walk.asked.scopes.tokens().to_vec())
}

/// Single claims that the person is asked for: not those that say how they signed in.
fn askable_claims<'w>(walk: &'w Walk<'_>) -> impl Iterator<Item = &'w str> {
    walk.asked.claims.names().into_iter().filter(|name| !OF_THE_SIGN_IN.contains(name))
}

/// The page.
pub(super) async fn page(walk: &mut Walk<'_>, _: &Missing) -> Result<Answer, Stop> {
    let user = walk.user.clone().ok_or(Stop::Shown(ErrorKind::Expired))?;
    if walk.kept.device.as_ref().is_some_and(|waiting| !waiting.is_for(&user.person.id)) {
        return Err(Stop::Shown(ErrorKind::Forged));
    }
    let line = |scope: &str| ScopeLine {
        name: scope.to_string(),
        description: None,
        // Without `openid` there is no answer that the client could read.
        optional: scope != "openid",
        ticked: true,
    };
    let resource = |uri: &str| {
        let name = walk.visit.resources().get(uri).and_then(|resource| resource.name.clone());
        ResourceLine { identifier: uri.to_string(), name: name.map(String::from) }
    };
    let details: Vec<serde_json::Value> =
        walk.asked.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let look = walk.look();
    let language = walk.rooms.pages.load().language_of(&look);
    let said =
        |(tag, text): &(String, String)| tag.split('-').next().is_some_and(|primary| language.starts_with(primary)).then(|| text.clone());
    let mut notes: Vec<String> = walk.progress.texts.iter().filter_map(said).collect();
    if notes.is_empty() {
        notes = walk.progress.texts.iter().take(1).map(|(_, text)| text.clone()).collect();
    }
    let card = |detail: &serde_json::Value| {
        let kind = detail.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
        DetailCard::of(detail, walk.rooms.detail_titles.of(kind, &language))
    };
    let view: View = Consent {
        form: walk.form(PATH),
        client: cards::client(walk.client()),
        account: cards::account(&user.person),
        scopes: askable(walk).iter().map(|scope| line(scope)).collect(),
        claims: askable_claims(walk).map(str::to_owned).collect(),
        resources: walk.asked.resources.iter().map(|uri| resource(uri)).collect(),
        details: details.iter().map(card).collect(),
        notes,
        device: walk.kept.device.is_some() && !walk.is_named(),
        named: walk.is_named(),
        message: walk.kept.device.as_ref().and_then(|waiting| waiting.message.clone()),
        complaints: Vec::new(),
    }
    .into();
    Ok(walk.rooms.pages.load().render(&look, &view))
}

/// The person agrees. What they agree to is what the flow says, never what the form does: a form can only leave out.
pub(super) async fn allow(walk: &mut Walk<'_>, form: &Form<'_>, report: &mut Report) -> Result<Answer, Stop> {
    // Security: whoever agrees is signed in as the request wants, now.
    match standing::next(walk).await? {
        claimsmith_issuer::authorize::Step::Consent(_) | claimsmith_issuer::authorize::Step::Answer => {}
        step => return walk.to_page(&step).await,
    }
    let ticked: Vec<&str> = form.all("scope").collect();
    let mut scopes = askable(walk);
    scopes.retain(|scope| **scope == *"openid" || ticked.contains(&&**scope));
    let kept: Vec<&str> = form.all("claim").collect();
    let claims_denied = askable_claims(walk).filter(|name| !kept.contains(name)).map(Into::into).collect();
    answering::answer(walk, Agreed { scopes, claims_denied }, true, report).await
}
