//! The browser of a person: its cookies, and who is signed in there.
//!
//! Three cookies, none of them readable by scripts (RFC 6265bis §4.1.3.2, `__Host-`): the browser's own name, to which flows and forms
//! are bound; the session; and the mark of a device in which somebody has signed in before.
//! A fourth one is there where `sessions.check_session_iframe` is set, and is for a frame of ours to read.

use claimsmith_jose::{Digest, base64url};
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::Session;
use http::HeaderValue;
use http::header::{COOKIE, SET_COOKIE};
use rand::Rng;

use crate::failure::Fault;
use crate::http::{Answer, Arrival};
use crate::rooms::Rooms;

/// Names the browser, for as long as it runs.
const BROWSER: &str = "__Host-claimsmith-browser";
/// Stands for the session.
const SESSION: &str = "__Host-claimsmith-session";
/// Marks a device.
const DEVICE: &str = "__Host-claimsmith-device";

/// Says which session it is to the frame that clients' pages ask; only where that is switched on.
const STATE: &str = "__Host-claimsmith-state";

/// How often a session in use is noted, seconds.
const SEEN_EVERY: i64 = 60;

/// A request's browser.
pub struct Browser {
    /// Its name; fresh where it came without one.
    pub name: String,
    /// Whether it came with a name: that it keeps cookies.
    pub is_known: bool,
    /// What the device cookie says.
    pub device: Option<String>,
    /// The live session.
    pub session: Option<Session>,
}

/// The value of a cookie.
fn cookie<'a>(arrival: &'a Arrival, name: &str) -> Option<&'a str> {
    let headers = arrival.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(held, _)| *held == name).map(|(_, value)| value).filter(|value| !value.is_empty() && value.len() <= 1024)
}

/// 256 random bits in base64url.
pub fn fresh_secret() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    base64url::encode(bytes)
}

impl Browser {
    /// Reads the browser's cookies and its session.
    pub async fn read(rooms: &Rooms, arrival: &Arrival) -> Result<Self, Fault> {
        let now = rooms.clock.now().timestamp();
        let held = cookie(arrival, BROWSER);
        let session = match cookie(arrival, SESSION) {
            Some(secret) => live(rooms, secret, now).await?,
            None => None,
        };
        Ok(Self {
            name: held.map_or_else(fresh_secret, str::to_owned),
            is_known: held.is_some(),
            device: cookie(arrival, DEVICE).map(str::to_owned),
            session,
        })
    }

    /// What flows are bound to.
    pub fn digest(&self) -> Digest {
        Digest::of(self.name.as_bytes())
    }

    /// The answer, after which the browser has a name.
    pub fn named(&self, answer: Answer) -> Answer {
        if self.is_known { answer } else { with_cookie(answer, BROWSER, &self.name, None) }
    }
}

/// The live session that a cookie stands for.
async fn live(rooms: &Rooms, secret: &str, now: Timestamp) -> Result<Option<Session>, Fault> {
    let Some(session) = rooms.store.session_of_cookie(Digest::of(secret.as_bytes()), now).await? else { return Ok(None) };
    let idle = rooms.settings.people.session_idle;
    if now >= session.seen_at.plus(idle) {
        return Ok(None);
    }
    if now.since(session.seen_at) >= SEEN_EVERY {
        rooms.store.see_session(&session.id, now).await?;
    }
    Ok(Some(session))
}

/// The answer, after which the browser has this session.
///
/// Security: the secret is new with every sign-in, so that nobody can have laid one there before (RFC 9700 §4.7).
pub fn with_session(answer: Answer, secret: &str, lifetime_seconds: u32) -> Answer {
    with_cookie(answer, SESSION, secret, Some(lifetime_seconds))
}

/// The answer, after which the browser has no session.
pub fn without_session(answer: Answer) -> Answer {
    with_cookie(answer, SESSION, "", Some(0))
}

/// The answer, after which clients' pages find the state of this session; nothing where they cannot watch it.
pub fn with_state(rooms: &Rooms, answer: Answer, session: Option<&Session>) -> Answer {
    if !rooms.settings.check_session {
        return answer;
    }
    let state = session.map_or_else(String::new, |session| rooms.shared.browser_state(&session.id));
    let age = if session.is_some() { rooms.settings.people.session_lifetime.seconds() } else { 0 };
    // Security: the one cookie that scripts may read, and that is sent within pages of others. It opens nothing.
    set_cookie(answer, &format!("{STATE}={state}; Path=/; Secure; SameSite=None; Max-Age={age}"))
}

/// The answer, after which the device is known.
pub fn with_device(answer: Answer, mark: &str, lifetime_seconds: u32) -> Answer {
    with_cookie(answer, DEVICE, mark, Some(lifetime_seconds))
}

fn with_cookie(answer: Answer, name: &str, value: &str, max_age: Option<u32>) -> Answer {
    let age = max_age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    // Lax: people come here from the pages of clients, and forms are guarded by tokens of their own.
    set_cookie(answer, &format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"))
}

fn set_cookie(mut answer: Answer, text: &str) -> Answer {
    // Invariant: names are ours and values base64url.
    answer.headers.append(SET_COOKIE, HeaderValue::from_str(text).expect("a cookie of ours is ASCII"));
    answer
}
