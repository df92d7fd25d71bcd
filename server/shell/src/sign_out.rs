//! Signing out, at a client's wish or the person's own (OpenID Connect RP-Initiated Logout 1.0).
//!
//! ```text
//! GET, POST /oauth2/logout ─► decide ─┬─ ask ─► the person's form ─┐
//!                                     └────────────────────────────┴─► the session ends ─┬─► frames of clients, then on
//!                                                                                        └─► logout tokens, by the outbox
//! ```

mod wish;

use claimsmith_issuer::logout::{Asked, Decision, Hint, KnownSession, decide, front_channel};
use claimsmith_issuer::subject::sid;
use claimsmith_protocol::form::Form;
use claimsmith_protocol::redirect::Vetted;
use claimsmith_store::{EndedSession, EndedSessions, Session};
use http::Method;

use crate::authorize::{Stop, cards, see_other, stopped};
use crate::browser::{self, Browser};
use crate::directory::Entry;
use crate::http::{Answer, Arrival};
use crate::pages::Look;
use crate::pages::view::{self, ErrorKind, Link, SignOut, SignedOut};
use crate::report::Report;
use crate::rooms::Rooms;
use std::sync::Arc;
use wish::Wish;

/// The path of the end session endpoint.
pub const PATH: &str = "/oauth2/logout";

/// Seconds in which the frames of clients load before the browser goes on.
const WAIT: u32 = 3;

/// A wish, from arrival to answer.
struct Walk<'a> {
    rooms: &'a Rooms,
    arrival: &'a Arrival,
    wish: Wish,
    browser: Browser,
    entry: Option<Arc<Entry>>,
    /// Whether the person is sent to the client in the end.
    returns: bool,
}

/// A request to the end session endpoint: a client's, or the form in which the person says yes.
pub async fn sign_out(rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Stop> {
    let bad = |_| Stop::Shown(ErrorKind::BadRequest);
    let query = Form::parse(arrival.query().unwrap_or_default().as_bytes(), &[]).map_err(bad)?;
    let body = Form::parse(&arrival.body, &[]).map_err(bad)?;
    let posted = arrival.method == Method::POST;
    let said = posted.then(|| body.one("csrf")).flatten().map(|token| (token, body.one("action").unwrap_or_default()));
    // What the person's form is about stands in its address; a client's own form has everything in its body.
    let wish = Wish::of(if posted && said.is_none() { &body } else { &query });
    if posted && said.is_none() && wish::comes_from_elsewhere(rooms, arrival) && body.one(wish::RESENT).is_none() {
        return wish::resend(rooms, arrival, &body);
    }
    let browser = Browser::read(rooms, arrival).await?;
    let hint = wish.read_hint(rooms)?;
    let entry = match wish.client_id.as_deref().or_else(|| hint.as_ref().and_then(|hint| hint.client_id())) {
        None => None,
        Some(id) => {
            let entry = rooms.directory.client(id).await.map_err(stopped)?.filter(|entry| entry.client.enabled);
            report.client(id, entry.is_some());
            Some(entry.ok_or(Stop::Shown(ErrorKind::UnknownClient))?)
        }
    };
    let client = entry.as_ref().map(|entry| &*entry.client);
    let names = browser
        .session
        .as_ref()
        .zip(client)
        .map(|(session, client)| (rooms.shared.subjects.subject(client, &session.user_id), sid(&session.id, &client.id)));
    let audience: Vec<&str> = hint.iter().flat_map(|hint| hint.audience.iter().map(String::as_str)).collect();
    let session = match &names {
        Some((subject, sid)) => Some(KnownSession { subject, sid }),
        None => browser.session.as_ref().map(|_| KnownSession { subject: "", sid: "" }),
    };
    let hint = match (&hint, &wish.hint) {
        (Some(hint), _) => Hint::Genuine { audience: &audience, subject: &hint.subject, sid: hint.sid.as_deref() },
        (None, Some(_)) => Hint::Unusable,
        (None, None) => Hint::Absent,
    };
    let Decision { asks, returns } =
        decide(&Asked { client, hint, redirect_uri: wish.redirect_uri.as_deref(), session }).map_err(wish::shown)?;
    let walk = Walk { rooms, arrival, wish, browser, entry, returns };
    match (&walk.browser.session, said) {
        (Some(session), Some(said)) => walk.answered(session, said).await,
        (Some(session), None) if asks => walk.ask(session).await,
        (Some(session), None) => walk.end(session).await,
        (None, _) => Ok(walk.signed_out(Vec::new())),
    }
}

impl Walk<'_> {
    fn look(&self) -> Look {
        let pages = self.rooms.pages.load();
        let look = pages.look(self.wish.ui_locales.as_deref(), &self.arrival.headers);
        match self.wish.redirect_uri.as_deref().filter(|_| self.returns) {
            Some(uri) => look.leading_to(uri),
            None => look,
        }
    }

    /// What makes the form good in this browser, for this session.
    fn purpose(session: &Session) -> String {
        format!("sign out {}", session.id)
    }

    /// Asks the person.
    async fn ask(&self, session: &Session) -> Result<Answer, Stop> {
        let user = self.rooms.store.load_user(&session.user_id).await?;
        let account = match &user {
            Some(user) => cards::account(&user.person),
            None => view::Account { identifier: session.user_id.to_string(), name: None },
        };
        let csrf = self.rooms.shared.form_token(&self.browser.name, &Self::purpose(session));
        let client_id = self.entry.as_ref().map(|entry| entry.client.id.as_str());
        let action = self.wish.again(&self.rooms.urls, client_id, self.returns);
        let form = view::Form { action, flow: None, csrf };
        let client = self.entry.as_ref().map(|entry| cards::client(&entry.client));
        let page = self.rooms.pages.load().render(&self.look(), &SignOut { form, client, account }.into());
        Ok(self.browser.named(page))
    }

    /// The person has said whether.
    async fn answered(&self, session: &Session, (token, action): (&str, &str)) -> Result<Answer, Stop> {
        // Security: no other page can make somebody's browser say yes (RP-Initiated Logout §6).
        if !self.rooms.shared.is_form_token(token, &self.browser.name, &Self::purpose(session)) {
            return Err(Stop::Shown(ErrorKind::Forged));
        }
        match action {
            "sign_out" => self.end(session).await,
            "stay" => Ok(see_other(&self.home())),
            _ => Err(Stop::Shown(ErrorKind::BadRequest)),
        }
    }

    /// Where somebody goes who stays: the client's home page, or their account.
    fn home(&self) -> String {
        let home = self.entry.as_ref().and_then(|entry| entry.client.registration.client_uri.as_deref());
        home.map_or_else(|| self.rooms.urls.url("/account"), str::to_owned)
    }

    /// Ends the session. Logout tokens are owed from here on and travel by themselves; nobody waits for them.
    async fn end(&self, session: &Session) -> Result<Answer, Stop> {
        let now = self.rooms.clock.now().timestamp();
        let ended = self.rooms.store.end_sessions(EndedSessions::One(session.id.clone()), now).await?;
        let mut frames = Vec::new();
        for ended in &ended {
            frames.extend(frames_of(self.rooms, ended).await?);
        }
        Ok(self.signed_out(frames))
    }

    /// The end of it: the client's page, by way of ours where other clients' pages have to be loaded.
    fn signed_out(&self, frames: Vec<Link>) -> Answer {
        let next = self.wish.redirect_uri.as_deref().filter(|_| self.returns).map(|uri| {
            // Invariant: it was compared with what is registered, character by character.
            let uri = Vetted::from_records(uri.into());
            self.wish.state.as_deref().map_or_else(|| uri.as_str().to_owned(), |state| uri.with_query(&[("state", state)]))
        });
        let answer = match &next {
            Some(uri) if frames.is_empty() => see_other(uri),
            _ => {
                let next = next.as_deref().and_then(Link::vetted);
                let next_name = next.as_ref().and(self.entry.as_ref()).map(|entry| cards::client(&entry.client).name);
                self.rooms.pages.load().render(&self.look(), &SignedOut { frames, next, next_name, wait: WAIT }.into())
            }
        };
        browser::with_state(self.rooms, browser::without_session(answer), None)
    }
}

/// Says that the session of this browser has ended; nothing is loaded where it had before.
pub async fn over(rooms: &Rooms, arrival: &Arrival, ended: Option<&EndedSession>) -> Result<Answer, Stop> {
    let frames = match ended {
        Some(ended) => frames_of(rooms, ended).await?,
        None => Vec::new(),
    };
    let pages = rooms.pages.load();
    let page = SignedOut { frames, next: None, next_name: None, wait: WAIT };
    let answer = browser::without_session(pages.render(&pages.look(None, &arrival.headers), &page.into()));
    Ok(browser::with_state(rooms, answer, None))
}

/// The pages of the clients that a session had, by which they end their own.
async fn frames_of(rooms: &Rooms, ended: &EndedSession) -> Result<Vec<Link>, Stop> {
    let mut frames = Vec::new();
    for client_id in &ended.clients {
        let Some(entry) = rooms.directory.client(client_id).await.map_err(stopped)? else { continue };
        let uri = front_channel(&entry.client.registration, rooms.urls.as_str(), &sid(&ended.id, client_id));
        frames.extend(uri.as_deref().and_then(Link::web));
    }
    Ok(frames)
}
