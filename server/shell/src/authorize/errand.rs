//! A person who comes by themselves, to look after their account: they sign in as for a client, but nobody asked and nobody is answered.
//!
//! Plugins bound to everything judge this sign-in too: the account pages are a client to them, which no operator can register.

use std::sync::Arc;

use claimsmith_issuer::authorize::{Asked, ReturnAddress, Step};
use claimsmith_issuer::client::{Authentication, Client, OWN_CLIENT_ID};
use claimsmith_protocol::authorize::Parameters;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::redirect::Vetted;
use claimsmith_protocol::registration::ConsentPolicy;
use claimsmith_protocol::response::{ResponseMode, ResponseType};
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::{Flow, Session};
use serde::{Deserialize, Serialize};

use super::flow::{self, Kept, Progress, Walk};
use super::{Entry, Stop, standing};
use crate::browser::Browser;
use crate::http::{Answer, Arrival};
use crate::pages::view::{ErrorKind, SignedOut};
use crate::report::Report;
use crate::rooms::Rooms;

/// How long a sign-in counts as recent, seconds: long enough to set up an app, too short for a browser that was left open.
const RECENT: u32 = 600;

/// What somebody came for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Errand {
    /// The page that it leads to: a path below the issuer.
    pub to: String,
    /// Whether the sign-in has to be a recent one.
    pub sensitive: bool,
}

impl Errand {
    /// Whether a session is enough for it.
    pub fn is_open_to(&self, session: &Session, now: Timestamp) -> bool {
        !self.sensitive || now.since(session.authenticated_at) <= i64::from(RECENT)
    }

    fn asked(&self, rooms: &Rooms) -> Asked {
        let to = ReturnAddress {
            client_id: own_id(),
            redirect_uri: Vetted::from_records(rooms.urls.url(&self.to).into()),
            mode: ResponseMode::default_of(ResponseType::None),
            state: None,
            device: None,
        };
        Asked { max_age: self.sensitive.then_some(RECENT), ..Asked::of(to, ResponseType::None) }
    }
}

fn own_id() -> ClientId {
    // Invariant: it is well-formed.
    ClientId::parse(OWN_CLIENT_ID).expect("a client's id")
}

/// The account pages as plugins see them.
fn own_entry() -> Entry {
    let mut client = Client::new(own_id(), Authentication::Public);
    client.registration.consent = ConsentPolicy::Implied;
    Arc::new(crate::directory::Entry::of_server(client))
}

/// Sends somebody to sign in for an errand; at once to its page where nothing is missing any more.
pub async fn send(rooms: &Rooms, arrival: &Arrival, errand: Errand, report: &mut Report) -> Result<Answer, Stop> {
    let browser = Browser::read(rooms, arrival).await?;
    let mut walk = walk(rooms, arrival, browser, errand).await?;
    let result = super::proceed(&mut walk, report).await;
    walk.told(result)
}

async fn walk<'a>(rooms: &'a Rooms, arrival: &'a Arrival, browser: Browser, errand: Errand) -> Result<Walk<'a>, Stop> {
    let kept = Kept::plain(Parameters::default());
    let user = flow::person(rooms, &browser).await?;
    let (asked, entry, visit) = (errand.asked(rooms), own_entry(), rooms.directory.visit()?);
    let (progress, now) = (Progress::default(), rooms.clock.now());
    Ok(Walk { rooms, arrival, visit, entry, kept, asked, browser, user, progress, flow: None, now, cookies: None, errand: Some(errand) })
}

/// Goes on with an errand's flow.
pub(super) async fn resume<'a>(
    rooms: &'a Rooms,
    arrival: &'a Arrival,
    browser: Browser,
    (found, id): (Flow, String),
) -> Result<Walk<'a>, Stop> {
    let expired = |_| Stop::Shown(ErrorKind::Expired);
    let errand: Errand = serde_json::from_str(&found.request).map_err(expired)?;
    let progress: Progress = serde_json::from_str(&found.progress).map_err(expired)?;
    let mut walk = walk(rooms, arrival, browser, errand).await?;
    (walk.progress, walk.flow) = (progress, Some((found, id)));
    Ok(walk)
}

/// Signed in: on to the page.
pub(super) async fn done(walk: &Walk<'_>, errand: &Errand) -> Result<Answer, Stop> {
    end(walk).await?;
    Ok(flow::see_other(&walk.rooms.urls.url(&errand.to)))
}

/// The person does not want to sign in: back to the account for who is signed in, else nowhere.
pub(super) async fn leave(walk: &mut Walk<'_>) -> Result<Answer, Stop> {
    end(walk).await?;
    walk.progress = Progress::default();
    let calm = Errand { to: "/account".to_owned(), sensitive: false };
    let asked = std::mem::replace(&mut walk.asked, calm.asked(walk.rooms));
    let step = standing::next(walk).await?;
    walk.asked = asked;
    if step == Step::Answer {
        return Ok(flow::see_other(&walk.rooms.urls.url(&calm.to)));
    }
    let page = SignedOut { frames: Vec::new(), next: None, next_name: None, wait: 0 };
    Ok(walk.rooms.pages.load().render(&walk.look(), &page.into()))
}

async fn end(walk: &Walk<'_>) -> Result<(), Stop> {
    if let Some((flow, _)) = &walk.flow {
        walk.rooms.store.end_flow(flow.flow_digest).await?;
    }
    Ok(())
}
