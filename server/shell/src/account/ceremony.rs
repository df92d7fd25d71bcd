//! What has begun on a page and is not done: kept in the database, for this browser, and good once.

use claimsmith_jose::Digest;
use claimsmith_store::Flow;

use super::Visitor;
use crate::authorize::{Errand, Progress, Stop};
use crate::browser;

/// Keeps the state of a ceremony; answers what a form names it by.
pub(super) async fn keep(visitor: &Visitor<'_>, state: String) -> Result<String, Stop> {
    let id = browser::fresh_secret();
    let errand = Errand { to: visitor.place.path().to_owned(), sensitive: true };
    let progress = Progress { ceremony: Some(state), ..Progress::default() };
    // Invariant: strings and lists of them can always be written.
    let json = |value: Result<String, serde_json::Error>| value.expect("JSON").into();
    let flow = Flow {
        flow_digest: Digest::of(id.as_bytes()),
        browser_digest: visitor.browser.digest(),
        client_id: None,
        request: json(serde_json::to_string(&errand)),
        progress: json(serde_json::to_string(&progress)),
        version: 1,
        expires_at: visitor.now.timestamp().plus(visitor.rooms.settings.people.flow_lifetime),
    };
    visitor.rooms.store.begin_flow(flow).await?;
    Ok(id)
}

/// The state of a ceremony that was begun on this page in this browser, and its row.
pub(super) async fn read(visitor: &Visitor<'_>, id: Option<&str>) -> Result<Option<(Flow, String)>, Stop> {
    let Some(id) = id.filter(|id| id.len() == 43) else { return Ok(None) };
    let found = visitor.rooms.store.load_flow(Digest::of(id.as_bytes()), visitor.now.timestamp()).await?;
    // Security: a ceremony belongs to the browser in which it began.
    let own = found.filter(|flow| flow.client_id.is_none() && flow.browser_digest == visitor.browser.digest());
    Ok(own.and_then(|flow| {
        let errand: Errand = serde_json::from_str(&flow.request).ok()?;
        let progress: Progress = serde_json::from_str(&flow.progress).ok()?;
        let state = progress.ceremony.filter(|_| errand.to == visitor.place.path())?;
        Some((flow, state))
    }))
}

/// Ends a ceremony; false when somebody else was faster.
pub(super) async fn spend(visitor: &Visitor<'_>, flow: &Flow) -> Result<bool, Stop> {
    Ok(visitor.rooms.store.step_flow(flow, "{}".into()).await?)
}
