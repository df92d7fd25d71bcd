//! What has access to somebody's account, and how they take it back.

use std::collections::BTreeMap;

use claimsmith_protocol::form::Form;
use claimsmith_protocol::id::ClientId;

use super::{Visitor, unless_gone};
use crate::authorize::{Stop, cards, stopped};
use crate::http::Answer;
use crate::pages::view::{AppLine, Apps, ClientCard, ErrorKind, Notice, ScopeLine, View};

/// What a client may do, and since when.
#[derive(Default)]
struct Access {
    scopes: Vec<Box<str>>,
    since: i64,
}

/// The clients with access, by consents and by grants that were never asked about.
async fn held(visitor: &Visitor<'_>) -> Result<BTreeMap<ClientId, Access>, Stop> {
    let store = &visitor.rooms.store;
    let mut held: BTreeMap<ClientId, Access> = BTreeMap::new();
    for record in store.consents_of_user(visitor.id()).await? {
        let access = Access { scopes: record.consent.scopes.tokens().to_vec(), since: record.updated_at.seconds() };
        held.insert(record.client_id, access);
    }
    for grant in store.grants_of_user(visitor.id(), visitor.now.timestamp()).await? {
        let since = grant.created_at.seconds();
        let access = held.entry(grant.client_id).or_insert_with(|| Access { since, ..Access::default() });
        let fresh: Vec<Box<str>> = grant.allowed.scopes.into_iter().filter(|scope| !access.scopes.contains(scope)).collect();
        access.scopes.extend(fresh);
    }
    Ok(held)
}

/// How many there are.
pub(super) async fn count(visitor: &Visitor<'_>) -> Result<usize, Stop> {
    Ok(held(visitor).await?.len())
}

/// The page.
pub(super) async fn page(visitor: &Visitor<'_>, notice: Option<Notice>) -> Result<View, Stop> {
    let mut apps = Vec::new();
    for (id, access) in held(visitor).await? {
        let scopes = access.scopes.iter().map(|scope| scope_line(scope)).collect();
        apps.push(AppLine { client: card(visitor, &id).await?, id: id.to_string(), scopes, granted_at: access.since });
    }
    Ok(Apps { form: visitor.form(), account: visitor.account(), notice, apps }.into())
}

async fn card(visitor: &Visitor<'_>, id: &ClientId) -> Result<ClientCard, Stop> {
    let entry = visitor.rooms.directory.client(id).await.map_err(stopped)?;
    let nameless = || ClientCard { name: id.to_string(), logo: None, home: None, policy: None, terms: None };
    Ok(entry.map_or_else(nameless, |entry| cards::client(&entry.client)))
}

fn scope_line(scope: &str) -> ScopeLine {
    ScopeLine { name: scope.to_owned(), description: None, optional: false, ticked: true }
}

/// What was posted.
pub(super) async fn act(visitor: &Visitor<'_>, action: &str, form: &Form<'_>) -> Result<Answer, Stop> {
    let client = form.one("client").and_then(|id| ClientId::parse(id).ok()).filter(|_| action == "revoke");
    let client = client.ok_or(Stop::Shown(ErrorKind::BadRequest))?;
    let withdrawn = visitor.rooms.store.withdraw_access(visitor.id(), visitor.id(), &client).await;
    Ok(if unless_gone(withdrawn)?.is_some() { visitor.done(Notice::AccessRevoked) } else { visitor.anew("") })
}
