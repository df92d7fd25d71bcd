//! A request on its way: what is kept of it, how far its person is, and the browser that it belongs to.

use claimsmith_issuer::assurance::Method;
use claimsmith_issuer::authorize::{Asked, Asking, AuthorizeRefusal, Column, Object, Step, check};
use claimsmith_issuer::claims::StepUp;
use claimsmith_issuer::client::Client;
use claimsmith_issuer::person::UserId;
use claimsmith_jose::Digest;
use claimsmith_protocol::authorize::Parameters;
use claimsmith_protocol::error::Refusal;
use claimsmith_protocol::form::Form;
use claimsmith_store::{Flow, UserRecord};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::device::Waiting;
use super::{Entry, Errand, Stop, cards, errand};
use crate::browser::{self, Browser};
use crate::clock::Now;
use crate::directory::Visit;
use crate::http::{Answer, Arrival};
use crate::pages::view::ErrorKind;
use crate::pages::{Look, view};
use crate::report::Report;
use crate::rooms::Rooms;
use crate::throttle::Admit;

/// What stands several times in the forms of pages.
pub(super) const REPEATABLE: &[&str] = &["claim", "scope"];

/// What is kept of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// The parameters that count.
    pub parameters: Parameters,
    /// What they arrived in: `none`, `unsigned`, `signed`.
    pub object: Object,
    /// The digest of its `request_uri`, where it was pushed, in hexadecimal.
    #[serde(default)]
    pub pushed: Option<String>,
    /// The key that a proof at the push showed (RFC 9449 §10.1).
    #[serde(default)]
    pub dpop_jkt: Option<String>,
    /// The thumbprint of the instance of the client that asked, where an attestation named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The signed request object as it came, without the encryption around it: what the client cannot deny (FAPI 2.0 Message Signing §5.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
    /// The device that waits for the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Waiting>,
}

impl Kept {
    /// Parameters as they came.
    pub(super) const fn plain(parameters: Parameters) -> Self {
        Self { parameters, object: Object::None, pushed: None, dpop_jkt: None, instance: None, signed: None, device: None }
    }
}

/// How far the person is. Empty at first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Who has shown a first factor here, and is not signed in yet.
    pub pending: Option<String>,
    /// What they have shown, by name.
    pub methods: Vec<String>,
    /// When they began to.
    pub at: i64,
    /// Whether the session was signed in on this way.
    pub fresh: bool,
    /// Whether the person said which account it is.
    pub chosen: bool,
    /// Whether the person wants to be somebody else.
    pub another: bool,
    /// Whether a recovery code is given in place of the app's.
    pub by_recovery_code: bool,
    /// The state of a passkey's ceremony, for one use.
    pub ceremony: Option<String>,
    /// The person is at another provider.
    pub upstream: Option<super::upstream::Attempt>,
    /// Since when another provider knows that it is them, seconds, where it says so.
    pub vouched_at: Option<i64>,
    /// The session's attributes so far, a JSON object.
    pub attributes: Option<String>,
    /// Classes that plugins want reached.
    pub wanted_acr: Vec<String>,
    /// What plugins let the person be asked for; all scopes where absent.
    pub scopes: Option<Vec<Box<str>>>,
    /// What plugins say on the page, each with its language.
    pub texts: Vec<(String, String)>,
    /// Whether plugins were asked about the consent.
    pub consent_shaped: bool,
    /// Whether plugins let the person go unasked.
    pub consent_skipped: bool,
}

impl Progress {
    /// What the person has shown so far.
    pub fn shown(&self) -> Vec<Method> {
        self.methods.iter().filter_map(|name| Method::parse(name)).collect()
    }

    /// Notes what plugins want beside.
    pub fn want(&mut self, steps: Vec<StepUp>) {
        for step in steps {
            if let StepUp::Acr(acr) = step {
                self.wanted_acr.push(acr.into());
            }
        }
    }
}

/// A request on its way, with everything that its steps look at.
pub struct Walk<'a> {
    /// What endpoints share.
    pub rooms: &'a Rooms,
    /// The browser's request.
    pub arrival: &'a Arrival,
    /// The policy it began with.
    pub visit: Visit,
    /// The client.
    pub entry: Entry,
    /// What is kept of the client's request.
    pub kept: Kept,
    /// What it asks for.
    pub asked: Asked,
    /// The browser.
    pub browser: Browser,
    /// The session's person, as the store has them now.
    pub user: Option<UserRecord>,
    /// How far the person is.
    pub progress: Progress,
    /// Its row, and its id; none while nobody had to be asked.
    pub flow: Option<(Flow, String)>,
    /// When.
    pub now: Now,
    /// Cookies for the answer: a new session and the mark of the device.
    pub cookies: Option<(String, String)>,
    /// What the person came for by themselves; then client and request are our own.
    pub errand: Option<Errand>,
}

impl<'a> Walk<'a> {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.entry.client
    }

    /// The client as the person sees it; none where they came by themselves.
    pub fn card(&self) -> Option<view::ClientCard> {
        self.errand.is_none().then(|| cards::client(self.client()))
    }

    /// A refusal, sent to the client.
    pub fn refuse(&self, refusal: Refusal) -> Stop {
        if self.errand.is_some() {
            return Stop::Refused(AuthorizeRefusal::Page(refusal));
        }
        Stop::Refused(AuthorizeRefusal::Returned(refusal, Box::new(self.asked.to.clone())))
    }

    /// A refusal or a fault of plugins, sent to the client.
    pub fn failed(&self, failure: crate::failure::Failure) -> Stop {
        match failure {
            crate::failure::Failure::Refused(refusal) => self.refuse(refusal),
            crate::failure::Failure::Failed(fault) => Stop::Failed(fault),
            crate::failure::Failure::Throttled { .. } => Stop::Shown(ErrorKind::TooMany),
        }
    }

    /// What a walk came to: faults are told to the client from here on, and cookies go with every answer.
    pub fn told(self, result: Result<Answer, Stop>) -> Result<Answer, Stop> {
        match result {
            Ok(answer) => Ok(self.with_cookies(answer)),
            Err(Stop::Failed(fault)) if self.errand.is_none() && self.asked.to.device.is_none() => {
                Err(Stop::FailedTo(fault, Box::new(self.asked.to)))
            }
            Err(stop) => Err(stop),
        }
    }

    fn with_cookies(&self, answer: Answer) -> Answer {
        let answer = self.browser.named(answer);
        let people = &self.rooms.settings.people;
        match &self.cookies {
            None => answer,
            Some((session, device)) => {
                let answer = browser::with_session(answer, session, people.session_lifetime.seconds());
                let answer = browser::with_state(self.rooms, answer, self.browser.session.as_ref());
                browser::with_device(answer, device, self.rooms.settings.device_lifetime)
            }
        }
    }

    /// Keeps how far the person is, and sends the browser to the page that comes next.
    pub async fn to_page(&mut self, step: &Step) -> Result<Answer, Stop> {
        let id = self.keep().await?;
        let page = if matches!(step, Step::Consent(_)) { "/consent" } else { "/signin" };
        Ok(see_other(&format!("{}?flow={id}", self.rooms.urls.url(page))))
    }

    /// Keeps how far the person is.
    pub async fn keep(&mut self) -> Result<String, Stop> {
        // Invariant: strings, numbers and lists of them can always be written.
        let progress: Box<str> = serde_json::to_string(&self.progress).expect("progress is JSON").into();
        if let Some((flow, id)) = &mut self.flow {
            if !self.rooms.store.step_flow(flow, progress).await? {
                return Err(Stop::Shown(ErrorKind::Expired));
            }
            flow.version += 1;
            return Ok(id.clone());
        }
        self.admit()?;
        let id = browser::fresh_secret();
        let flow = Flow {
            flow_digest: Digest::of(id.as_bytes()),
            browser_digest: self.browser.digest(),
            client_id: self.errand.is_none().then(|| self.client().id.clone()),
            request: match &self.errand {
                Some(errand) => serde_json::to_string(errand),
                None => serde_json::to_string(&self.kept),
            }
            .expect("a request is JSON")
            .into(),
            progress,
            version: 1,
            expires_at: self.now.timestamp().plus(self.rooms.settings.people.flow_lifetime),
        };
        self.rooms.store.begin_flow(flow.clone()).await?;
        self.flow = Some((flow, id.clone()));
        Ok(id)
    }

    /// Whether this walk may begin. Security: a stranger's request writes to the database, so from one address only so many do.
    fn admit(&self) -> Result<(), Stop> {
        if self.user.is_some() {
            return Ok(());
        }
        let (client, address, now) = (self.client().id.as_str(), self.arrival.peer.addr, Instant::now().into_std());
        match self.rooms.beginnings.admit_one(client, address, now) {
            Admit::Yes => Ok(()),
            Admit::Throttled { .. } => Err(Stop::Shown(ErrorKind::TooMany)),
        }
    }

    /// Whether the client named the person, who did not begin it here.
    pub fn is_named(&self) -> bool {
        self.kept.device.as_ref().is_some_and(|waiting| waiting.user.is_some())
    }

    /// How pages look to this person.
    pub fn look(&self) -> Look {
        let pages = self.rooms.pages.load();
        let look = pages.look(self.asked.ui_locales.as_deref(), &self.arrival.headers);
        let look = if self.errand.is_some() || self.asked.to.device.is_some() {
            look
        } else {
            look.leading_to(self.asked.to.redirect_uri.as_str())
        };
        match &self.rooms.upstream {
            Some(provider) => look.leading_to(&*provider.settings().issuer),
            None => look,
        }
    }

    /// The form of a page of this flow.
    pub fn form(&self, path: &str) -> view::Form {
        let id = self.flow.as_ref().map(|(_, id)| id.clone()).unwrap_or_default();
        let csrf = self.rooms.shared.form_token(&self.browser.name, &id);
        view::Form { action: self.rooms.urls.url(path), flow: Some(id), csrf }
    }
}

/// A redirect that never repeats a form (RFC 9700 §4.12), and says nothing to the next site of where it came from.
pub fn see_other(location: &str) -> Answer {
    let location = HeaderValue::from_str(location).unwrap_or_else(|_| HeaderValue::from_static("/"));
    let answer = Answer::empty(StatusCode::SEE_OTHER).with(LOCATION, location).uncached();
    answer.with(http::header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
}

/// Checks parameters against their client.
pub(super) fn ask(rooms: &Rooms, visit: &Visit, entry: &Entry, kept: &Kept) -> Result<Asked, AuthorizeRefusal> {
    let column = kept.device.as_ref().and_then(Waiting::column).unwrap_or(Column::Authorize);
    ask_at(rooms, visit, entry, kept, column)
}

/// As [`ask`], at any of the endpoints.
pub(super) fn ask_at(rooms: &Rooms, visit: &Visit, entry: &Entry, kept: &Kept, column: Column) -> Result<Asked, AuthorizeRefusal> {
    let asking = Asking {
        parameters: &kept.parameters,
        client: &entry.client,
        policy: &rooms.settings.people,
        resources: visit.resources(),
        column,
        object: kept.object,
        pushed: kept.pushed.is_some(),
    };
    let mut asked = check(&asking)?;
    if let Some(jkt) = &kept.dpop_jkt {
        asked.dpop_jkt = Some(jkt.as_str().into());
    }
    Ok(asked)
}

/// Goes on with a flow: `text` is the query or the form that names it.
pub(super) async fn resume<'a>(rooms: &'a Rooms, arrival: &'a Arrival, text: &str, report: &mut Report) -> Result<Walk<'a>, Stop> {
    let form = Form::parse(text.as_bytes(), REPEATABLE).map_err(|_| Stop::Shown(ErrorKind::BadRequest))?;
    let id = form.one("flow").filter(|id| id.len() == 43).ok_or(Stop::Shown(ErrorKind::Expired))?.to_owned();
    let now = rooms.clock.now();
    let browser = Browser::read(rooms, arrival).await?;
    if !browser.is_known {
        return Err(Stop::Shown(ErrorKind::NoCookies));
    }
    let found = rooms.store.load_flow(Digest::of(id.as_bytes()), now.timestamp()).await?;
    // Security: a flow belongs to the browser in which it began (RFC 9700 §4.7).
    let flow = found.filter(|flow| flow.browser_digest == browser.digest()).ok_or(Stop::Shown(ErrorKind::Expired))?;
    let Some(client_id) = &flow.client_id else { return errand::resume(rooms, arrival, browser, (flow, id)).await };
    let entry = rooms.directory.client(client_id).await.map_err(stopped)?;
    let entry = entry.filter(|entry| entry.client.enabled).ok_or(Stop::Shown(ErrorKind::UnknownClient))?;
    report.client(client_id, true);
    let visit = rooms.directory.visit()?;
    let kept: Kept = serde_json::from_str(&flow.request).map_err(|_| Stop::Shown(ErrorKind::Expired))?;
    let progress: Progress = serde_json::from_str(&flow.progress).map_err(|_| Stop::Shown(ErrorKind::Expired))?;
    let asked = ask(rooms, &visit, &entry, &kept)?;
    let user = person(rooms, &browser).await?;
    let flow = Some((flow, id));
    Ok(Walk { rooms, arrival, visit, entry, kept, asked, browser, user, progress, flow, now, cookies: None, errand: None })
}

/// A failure where no client can be told.
pub fn stopped(failure: crate::failure::Failure) -> Stop {
    match failure {
        crate::failure::Failure::Failed(fault) => Stop::Failed(fault),
        crate::failure::Failure::Refused(refusal) => Stop::Refused(AuthorizeRefusal::Page(refusal)),
        crate::failure::Failure::Throttled { .. } => Stop::Shown(ErrorKind::TooMany),
    }
}

/// The person of the browser's session, where they may be signed in.
pub(super) async fn person(rooms: &Rooms, browser: &Browser) -> Result<Option<UserRecord>, Stop> {
    match &browser.session {
        None => Ok(None),
        Some(session) => Ok(rooms.people.enabled(&session.user_id).await?),
    }
}

/// The form that was posted, if it came from our page in this browser.
pub(super) fn posted<'t>(walk: &Walk<'_>, text: &'t str) -> Result<Form<'t>, Stop> {
    let form = Form::parse(text.as_bytes(), REPEATABLE).map_err(|_| Stop::Shown(ErrorKind::BadRequest))?;
    let id = walk.flow.as_ref().map(|(_, id)| id.as_str()).unwrap_or_default();
    let token = form.one("csrf").unwrap_or_default();
    if !walk.rooms.shared.is_form_token(token, &walk.browser.name, id) {
        return Err(Stop::Shown(ErrorKind::Forged));
    }
    Ok(form)
}

/// The person who has shown a first factor and is not signed in yet.
pub(super) fn pending(progress: &Progress) -> Option<UserId> {
    progress.pending.as_deref().and_then(|id| UserId::parse(id).ok())
}
