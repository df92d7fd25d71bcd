//! A device that waits while its person decides here ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)).
//!
//! ```text
//! device ─► POST /oauth2/device_authorization ─► two codes ─┬─► device asks with its own, again and again
//!                                                           └─► person types theirs at /device ─► the walk of every request ─► a grant
//! ```
//!
//! Nothing comes of a link alone: the person sees the code, presses the button, signs in and is asked, whatever they agreed to before.

use std::net::{IpAddr, Ipv4Addr};

use claimsmith_issuer::authorize::Column;
use claimsmith_issuer::grants::{CodeState, DeferredKind};
use claimsmith_issuer::person::UserId;
use claimsmith_jose::Digest;
use claimsmith_protocol::authorize::Parameters;
use claimsmith_protocol::error::{ErrorCode, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::handle::{Code, GrantId};
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_store::Deferred;
use http::Method;
use rand::Rng;
use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::flow::{self, Kept, Progress, Walk};
use super::{Entry, Stop, arriving, cards, pushing};
use crate::browser::Browser;
use crate::directory::Visit;
use crate::failure::{Failure, Fault};
use crate::http::{Answer, Arrival};
use crate::pages::view::{self, Complaint, Device, DeviceDone, ErrorKind};
use crate::report::Report;
use crate::rooms::Rooms;
use crate::throttle::{Admit, Throttle, ThrottleSettings};

/// The path of the page.
pub const PATH: &str = "/device";

/// What the token of the page's form is for.
const PURPOSE: &str = "device";

/// Letters that nobody mistakes for another, and that make no words (RFC 8628 §6.1). Eight of them are 34 bits.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

const LENGTH: usize = 8;

/// How often a code is drawn anew that something else has: never, if chance is chance.
const DRAWS: usize = 4;

/// A device that waits, as a flow keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiting {
    /// The grant to be.
    grant: String,
    /// The digest of the device's code, in hexadecimal.
    code: String,
    /// When it is too late, seconds since 1970.
    expires_at: i64,
    /// Who is to decide, where the client named them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    /// What both devices show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// What plugins remember with the grant, a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attributes: Option<String>,
}

impl Waiting {
    /// Something to wait for.
    pub(super) fn new(grant: GrantId, code: &Code, expires_at: Timestamp) -> Self {
        let (grant, code) = (grant.to_string(), code.digest().to_hex());
        Self { grant, code, expires_at: expires_at.seconds(), user: None, message: None, attributes: None }
    }

    /// How its request is held against the client.
    pub(super) fn column(&self) -> Option<Column> {
        let grant = self.grant()?;
        Some(if self.user.is_some() { Column::Backchannel(grant) } else { Column::Device(grant) })
    }

    /// What both devices show.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Security: who was named decides, and nobody else in the same browser.
    pub(super) fn is_for(&self, user: &UserId) -> bool {
        self.user.as_deref().is_none_or(|named| *named == *user.as_str())
    }

    /// The grant to be.
    pub(super) fn grant(&self) -> Option<GrantId> {
        GrantId::parse(&self.grant)
    }

    /// Its code as the grant will have it.
    pub(super) fn code(&self) -> Option<CodeState> {
        let digest = Digest::from_hex(&self.code).ok()?;
        Some(CodeState { digest, expires_at: Timestamp::from_seconds(self.expires_at), spent_at: None })
    }
}

/// How devices wait.
#[derive(Debug, Clone, Copy)]
pub struct DeviceSettings {
    /// How long a person may take.
    pub lifetime: Lifetime,
    /// Seconds between two questions.
    pub interval: u32,
}

/// Who types codes that nobody waits with (RFC 8628 §5.1).
#[derive(Debug)]
pub struct UserCodes {
    near: Throttle,
    all: Throttle,
}

impl UserCodes {
    /// Nobody has typed anything.
    pub fn new([near, all]: &[ThrottleSettings; 2]) -> Self {
        Self { near: Throttle::new(near), all: Throttle::new(all) }
    }

    pub(super) fn admit(&self, browser: &str, address: IpAddr) -> Admit {
        let now = Instant::now().into_std();
        match self.near.admit(browser, address, now) {
            Admit::Yes => self.all.admit("", EVERYBODY, now),
            throttled => throttled,
        }
    }

    pub(super) fn failed(&self, browser: &str, address: IpAddr) {
        let now = Instant::now().into_std();
        self.near.failed(browser, address, now);
        self.all.failed("", EVERYBODY, now);
    }
}

const EVERYBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Whose device it is.
pub struct Wish<'a> {
    /// The device's request.
    pub arrival: &'a Arrival,
    /// The policy it is held against.
    pub visit: &'a Visit,
    /// The client, which has authenticated.
    pub entry: &'a Entry,
    /// The thumbprint of its instance's key, where an attestation names it.
    pub instance: Option<String>,
}

/// What the device is told.
pub struct Begun {
    /// What it asks with.
    pub device_code: Code,
    /// What its person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// How long they may take, seconds.
    pub expires_in: u32,
    /// Seconds between two questions.
    pub interval: u32,
}

/// Checks a request, and lets the device wait for its answer.
pub async fn begin(rooms: &Rooms, wish: Wish<'_>, sent: Parameters, report: &mut Report) -> Result<Begun, Failure> {
    let Wish { arrival, visit, entry, instance } = wish;
    let mut chance = [0; 48];
    rand::rng().fill_bytes(&mut chance);
    let grant = GrantId::from_bytes(*chance.first_chunk().expect("48 bytes have 16"));
    let device_code = Code::new(grant, *chance.last_chunk().expect("48 bytes have 32"));
    let settings = &rooms.settings.device;
    let now = rooms.clock.now().timestamp();
    let expires_at = now.plus(settings.lifetime);
    let waiting = Waiting::new(grant, &device_code, expires_at);
    let mut kept = Kept { device: Some(waiting), instance, ..Kept::plain(sent) };
    arriving::shape(rooms, arrival, (visit, entry), &mut kept, report).await.map_err(pushing::told)?;
    flow::ask_at(rooms, visit, entry, &kept, Column::Device(grant)).map_err(|refusal| pushing::told(refusal.into()))?;
    // Invariant: strings and lists of them can always be written.
    let request: Box<str> = serde_json::to_string(&kept).expect("a request is JSON").into();
    for _ in 0..DRAWS {
        let user_code = draw();
        let deferred = Deferred {
            grant,
            code_digest: device_code.digest(),
            user_code_digest: Some(rooms.shared.user_code_digest(&user_code)),
            client_id: entry.client.id.clone(),
            kind: DeferredKind::Device,
            user_id: None,
            request: request.clone(),
            interval: settings.interval,
            expires_at,
        };
        if rooms.store.defer(deferred).await? {
            let (half, rest) = user_code.split_at(LENGTH / 2);
            return Ok(Begun {
                device_code,
                user_code: format!("{half}-{rest}"),
                verification_uri: rooms.urls.url(PATH),
                expires_in: settings.lifetime.seconds(),
                interval: settings.interval,
            });
        }
    }
    Err(Fault::Stale.into())
}

fn draw() -> String {
    let mut chance = rand::rng();
    (0..LENGTH).filter_map(|_| ALPHABET.choose(&mut chance)).map(|letter| char::from(*letter)).collect()
}

/// What was meant by what was typed: capital or not, with or without dashes and blanks (RFC 8628 §6.1).
fn canonical(typed: &str) -> Option<String> {
    let letters = typed.bytes().filter(u8::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase());
    let code: Vec<u8> = letters.take(LENGTH + 1).collect();
    let is_one = code.len() == LENGTH && code.iter().all(|letter| ALPHABET.contains(letter));
    is_one.then(|| code.into_iter().map(char::from).collect())
}

/// The page, or the code that was typed.
pub async fn visit(rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Stop> {
    let posted = arrival.method == Method::POST;
    let text = if posted { std::str::from_utf8(&arrival.body).unwrap_or_default() } else { arrival.query().unwrap_or_default() };
    let form = Form::parse(text.as_bytes(), &[]).map_err(|_| Stop::Shown(ErrorKind::BadRequest))?;
    let browser = Browser::read(rooms, arrival).await?;
    let typed = form.one("user_code").filter(|typed| typed.len() <= 64).map(str::to_owned);
    if !posted {
        // Security: a link decides nothing (RFC 8628 §3.3.1).
        return Ok(page(rooms, arrival, &browser, typed, Vec::new()));
    }
    if !browser.is_known {
        return Err(Stop::Shown(ErrorKind::NoCookies));
    }
    if !rooms.shared.is_form_token(form.one("csrf").unwrap_or_default(), &browser.name, PURPOSE) {
        return Err(Stop::Shown(ErrorKind::Forged));
    }
    let Some(typed) = typed else { return Ok(page(rooms, arrival, &browser, None, vec![Complaint::Missing("user-code")])) };
    if let Admit::Throttled { retry_after } = rooms.user_codes.admit(&browser.name, arrival.peer.addr) {
        return Ok(page(rooms, arrival, &browser, Some(typed), vec![Complaint::too_many(retry_after)]));
    }
    let Some(deferred) = find(rooms, &typed).await? else {
        rooms.user_codes.failed(&browser.name, arrival.peer.addr);
        return Ok(page(rooms, arrival, &browser, Some(typed), vec![Complaint::WrongUserCode]));
    };
    decide(rooms, arrival, browser, &deferred, report).await
}

/// Has the person who is signed in, or signs in now, decide.
pub async fn decide(rooms: &Rooms, arrival: &Arrival, browser: Browser, deferred: &Deferred, report: &mut Report) -> Result<Answer, Stop> {
    let mut walk = walk(rooms, arrival, browser, deferred, report).await?;
    let result = super::proceed(&mut walk, report).await;
    walk.told(result)
}

async fn find(rooms: &Rooms, typed: &str) -> Result<Option<Deferred>, Stop> {
    let Some(code) = canonical(typed) else { return Ok(None) };
    let digest = rooms.shared.user_code_digest(&code);
    Ok(rooms.store.deferred_by_user_code(digest, rooms.clock.now().timestamp()).await?)
}

fn page(rooms: &Rooms, arrival: &Arrival, browser: &Browser, code: Option<String>, complaints: Vec<Complaint>) -> Answer {
    let pages = rooms.pages.load();
    let csrf = rooms.shared.form_token(&browser.name, PURPOSE);
    let form = view::Form { action: rooms.urls.url(PATH), flow: None, csrf };
    browser.named(pages.render(&pages.look(None, &arrival.headers), &Device { form, code, complaints }.into()))
}

/// The way of the person whose device waits: that of every request, but for its end.
async fn walk<'a>(
    rooms: &'a Rooms,
    arrival: &'a Arrival,
    browser: Browser,
    deferred: &Deferred,
    report: &mut Report,
) -> Result<Walk<'a>, Stop> {
    let entry = rooms.directory.client(&deferred.client_id).await.map_err(flow::stopped)?;
    let entry = entry.filter(|entry| entry.client.enabled).ok_or(Stop::Shown(ErrorKind::UnknownClient))?;
    report.client(&deferred.client_id, true);
    let visit = rooms.directory.visit()?;
    let kept: Kept = serde_json::from_str(&deferred.request).map_err(|_| Stop::Shown(ErrorKind::Expired))?;
    let asked = flow::ask(rooms, &visit, &entry, &kept)?;
    let user = flow::person(rooms, &browser).await?;
    let (progress, now) = (Progress::default(), rooms.clock.now());
    Ok(Walk { rooms, arrival, visit, entry, kept, asked, browser, user, progress, flow: None, now, cookies: None, errand: None })
}

/// Decided: the rest happens on the device.
pub(super) fn done(walk: &Walk<'_>, approved: bool) -> Answer {
    let client = cards::client(walk.client()).name;
    walk.rooms.pages.load().render(&walk.look(), &DeviceDone { client, approved, elsewhere: walk.is_named() }.into())
}

/// A no is told to the device when it next asks; anything else that is wrong changes nothing for it.
pub(super) async fn refuse(rooms: &Rooms, arrival: &Arrival, refusal: &Refusal, (client_id, grant): (&ClientId, GrantId)) -> Answer {
    if refusal.code != ErrorCode::AccessDenied {
        return super::error_page(rooms, arrival, ErrorKind::BadRequest, Some(refusal));
    }
    match rooms.store.deny_deferred(grant, rooms.clock.now().timestamp()).await {
        Ok(true) => {
            let entry = rooms.directory.client(client_id).await.ok().flatten();
            let client = entry.map_or_else(|| client_id.to_string(), |entry| cards::client(&entry.client).name);
            let pages = rooms.pages.load();
            pages.render(&pages.look(None, &arrival.headers), &DeviceDone { client, approved: false, elsewhere: false }.into())
        }
        Ok(false) => super::error_page(rooms, arrival, ErrorKind::Expired, None),
        Err(fault) => {
            tracing::error!(request = %arrival.id, %fault, "a refusal could not be kept");
            super::error_page(rooms, arrival, ErrorKind::Busy, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{ALPHABET, LENGTH, canonical, draw};

    #[test]
    fn dev_003_codes_are_of_easy_letters_and_each_another() {
        let codes: HashSet<String> = (0..10_000).map(|_| draw()).collect();
        assert!(codes.len() >= 9_999, "chance");
        for code in &codes {
            assert!(code.len() == LENGTH && code.bytes().all(|letter| ALPHABET.contains(&letter)), "{code}");
        }
        assert!(ALPHABET.iter().all(|letter| codes.iter().any(|code| code.as_bytes().contains(letter))), "every letter is used");
        assert!(!ALPHABET.iter().any(|letter| b"AEIOUY01".contains(letter)), "no words, nothing ambiguous");
    }

    #[test]
    fn dev_004_case_and_punctuation_do_not_count() {
        for typed in ["WDJB-MJHT", "wdjb mjht", " wdjbmjht.", "w-d-j-b-m-j-h-t"] {
            assert_eq!(canonical(typed).as_deref(), Some("WDJBMJHT"), "{typed}");
        }
        for typed in ["", "WDJB", "WDJBMJHTX", "WDJB-MJH1", "WDJB-MJHA"] {
            assert_eq!(canonical(typed), None, "{typed}");
        }
    }
}
