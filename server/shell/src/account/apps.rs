//! What has access to somebody's account, and how they take it back.

use std::collections::BTreeMap;

use claimsmith_issuer::grants::GrantRecord;
use claimsmith_protocol::form::Form;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;

use super::{Visitor, unless_gone};
use crate::authorize::{Stop, cards, stopped};
use crate::http::Answer;
use crate::pages::view::{AppLine, Apps, ClientCard, ErrorKind, GrantLine, Notice, ScopeLine, View};

/// What a client may do, and since when.
#[derive(Default)]
struct Access {
    scopes: Vec<Box<str>>,
    since: i64,
    grants: Vec<GrantLine>,
}

/// The clients with access, by consents and by grants that were never asked about.
async fn held(visitor: &Visitor<'_>) -> Result<BTreeMap<ClientId, Access>, Stop> {
    let store = &visitor.rooms.store;
    let mut held: BTreeMap<ClientId, Access> = BTreeMap::new();
    for record in store.consents_of_user(visitor.id()).await? {
        let access = Access { scopes: record.consent.scopes.tokens().to_vec(), since: record.updated_at.seconds(), grants: Vec::new() };
        held.insert(record.client_id, access);
    }
    for grant in store.grants_of_user(visitor.id(), visitor.now.timestamp()).await? {
        let since = grant.created_at.seconds();
        let line = grant_line(&grant);
        let access = held.entry(grant.client_id).or_insert_with(|| Access { since, ..Access::default() });
        let fresh: Vec<Box<str>> = grant.allowed.scopes.into_iter().filter(|scope| !access.scopes.contains(scope)).collect();
        access.scopes.extend(fresh);
        access.grants.push(line);
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
        apps.push(AppLine {
            client: card(visitor, &id).await?,
            id: id.to_string(),
            scopes,
            granted_at: access.since,
            grants: access.grants,
        });
    }
    Ok(Apps { form: visitor.form(), account: visitor.account(), notice, apps }.into())
}

fn grant_line(grant: &GrantRecord) -> GrantLine {
    GrantLine {
        id: grant.id.to_string(),
        scopes: grant.allowed.scopes.iter().map(|scope| scope_line(scope)).collect(),
        issued_at: grant.created_at.seconds(),
        renewed_at: grant.refresh.as_ref().and_then(|refresh| refresh.rotated_at).map(Timestamp::seconds),
    }
}

pub(super) async fn card(visitor: &Visitor<'_>, id: &ClientId) -> Result<ClientCard, Stop> {
    let entry = visitor.rooms.directory.client(id).await.map_err(stopped)?;
    let nameless = || ClientCard { name: id.to_string(), logo: None, host: None, home: None, policy: None, terms: None };
    Ok(entry.map_or_else(nameless, |entry| cards::client(&entry.client)))
}

fn scope_line(scope: &str) -> ScopeLine {
    ScopeLine { name: scope.to_owned(), description: None, optional: false, ticked: true }
}

/// What was posted.
pub(super) async fn act(visitor: &Visitor<'_>, action: &str, form: &Form<'_>) -> Result<Answer, Stop> {
    if action == "end" {
        return end(visitor, form).await;
    }
    let client = form.one("client").and_then(|id| ClientId::parse(id).ok()).filter(|_| action == "revoke");
    let client = client.ok_or(Stop::Shown(ErrorKind::BadRequest))?;
    let withdrawn = visitor.rooms.store.withdraw_access(visitor.id(), visitor.id(), &client).await;
    Ok(if unless_gone(withdrawn)?.is_some() { visitor.done(Notice::AccessRevoked) } else { visitor.anew("") })
}

/// Ends what was issued at one time; the app keeps what else it has.
async fn end(visitor: &Visitor<'_>, form: &Form<'_>) -> Result<Answer, Stop> {
    let grant = form.one("grant").and_then(GrantId::parse).ok_or(Stop::Shown(ErrorKind::BadRequest))?;
    let ended = visitor.rooms.store.end_access_grants(visitor.id(), visitor.id(), Some(grant)).await;
    Ok(if unless_gone(ended)?.is_some() { visitor.done(Notice::GrantEnded) } else { visitor.anew("") })
}
