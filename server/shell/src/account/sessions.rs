//! Where somebody is signed in, and how they end it.

use claimsmith_protocol::form::Form;
use claimsmith_store::Session;

use super::{Visitor, device, signed_out, unless_gone};
use crate::authorize::Stop;
use crate::http::Answer;
use crate::pages::view::{ErrorKind, Notice, SessionLine, Sessions, View};

/// The page.
pub(super) async fn page(visitor: &Visitor<'_>, notice: Option<Notice>) -> Result<View, Stop> {
    let held = visitor.rooms.store.sessions_of_user(visitor.id(), visitor.now.timestamp()).await?;
    let mut sessions: Vec<SessionLine> = held.iter().map(|session| line(session, &visitor.session.id)).collect();
    sessions.sort_by_key(|session| !session.current);
    Ok(Sessions { form: visitor.form(), account: visitor.account(), notice, sessions }.into())
}

fn line(session: &Session, current: &str) -> SessionLine {
    SessionLine {
        id: session.id.to_string(),
        device: device::name(&session.user_agent),
        address: session.address.to_string(),
        began_at: session.created_at.seconds(),
        seen_at: session.seen_at.seconds(),
        current: *session.id == *current,
    }
}

/// What was posted.
pub(super) async fn act(visitor: &Visitor<'_>, action: &str, form: &Form<'_>) -> Result<Answer, Stop> {
    let store = &visitor.rooms.store;
    match (action, form.one("session")) {
        ("end", Some(session)) => end(visitor, session).await,
        ("end_others", _) => {
            store.end_other_sessions(visitor.id(), visitor.id(), &visitor.session.id).await?;
            Ok(visitor.done(Notice::SessionsEnded))
        }
        ("end_all", _) => {
            let ended = store.end_access_sessions(visitor.id(), visitor.id(), None).await?;
            signed_out(visitor, &ended.value).await
        }
        _ => Err(Stop::Shown(ErrorKind::BadRequest)),
    }
}

/// Ends one session; who ends their own is signed out.
pub(super) async fn end(visitor: &Visitor<'_>, session: &str) -> Result<Answer, Stop> {
    let ended = visitor.rooms.store.end_access_sessions(visitor.id(), visitor.id(), Some(session.into())).await;
    let ended = unless_gone(ended)?;
    if *session == *visitor.session.id {
        return signed_out(visitor, &ended.map(|ended| ended.value).unwrap_or_default()).await;
    }
    Ok(if ended.is_some() { visitor.done(Notice::SessionEnded) } else { visitor.anew("") })
}
