//! The pages on which people look after their account.
//!
//! ```text
//! GET  ─► signed in? ─────────────────────────────► page
//!             └─ no, or too long ago for this page ─► sign in ─► page
//! POST ─► signed in? ─► form of ours? ─► recently? ─► change, with its record in the audit ─► 303 to the page, with a notice
//! ```
//!
//! Every change needs a recent sign-in, and so do the pages on which secrets are set up. What is done here is done by the person: their
//! own id stands as the actor in the audit.

mod apps;
mod authenticator;
mod ceremony;
mod device;
mod passkeys;
mod password;
mod recovery_codes;
mod requests;
mod sessions;

use claimsmith_issuer::person::UserId;
use claimsmith_protocol::form::Form;
use claimsmith_store::{Deferred, Session, UserRecord};
use http::Method;

use crate::authorize::device as device_page;
use crate::authorize::{Errand, Stop, cards, complaint, see_other, send};
use crate::browser::Browser;
use crate::clock::Now;
use crate::http::{Answer, Arrival};
use crate::pages::view::{self, ErrorKind, Notice, Overview, View};
use crate::report::Report;
use crate::rooms::Rooms;
use crate::{people, sign_out};

/// A page of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At a glance.
    Overview,
    /// Where the person is signed in.
    Sessions,
    /// What has access.
    Apps,
    /// What clients have asked of the person elsewhere.
    Requests,
    /// The password.
    Password,
    /// Passkeys.
    Passkeys,
    /// The authenticator app.
    Authenticator,
    /// Recovery codes.
    RecoveryCodes,
}

impl Place {
    /// Its path below the issuer.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/account",
            Self::Sessions => "/account/sessions",
            Self::Apps => "/account/apps",
            Self::Requests => "/account/requests",
            Self::Password => "/account/password",
            Self::Passkeys => "/account/passkeys",
            Self::Authenticator => "/account/authenticator",
            Self::RecoveryCodes => "/account/recovery-codes",
        }
    }

    /// Whether people set up there what they sign in with: then nobody fills in a form before they have signed in once more.
    const fn is_of_secrets(self) -> bool {
        matches!(self, Self::Password | Self::Passkeys | Self::Authenticator | Self::RecoveryCodes)
    }
}

/// Somebody on a page of their account.
struct Visitor<'a> {
    rooms: &'a Rooms,
    arrival: &'a Arrival,
    place: Place,
    browser: Browser,
    session: Session,
    user: UserRecord,
    now: Now,
}

/// A page, or what was posted there.
pub async fn visit(place: Place, rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Stop> {
    let posted = arrival.method == Method::POST;
    let text = if posted { std::str::from_utf8(&arrival.body).unwrap_or_default() } else { arrival.query().unwrap_or_default() };
    let form = Form::parse(text.as_bytes(), &[]).map_err(|_| Stop::Shown(ErrorKind::BadRequest))?;
    // Signing out is no change to the account.
    let sensitive = if posted { place != Place::Overview } else { place.is_of_secrets() };
    let errand = Errand { to: place.path().to_owned(), sensitive };
    let browser = Browser::read(rooms, arrival).await?;
    let (now, session) = (rooms.clock.now(), browser.session.clone());
    let user = match &session {
        Some(session) => rooms.people.enabled(&session.user_id).await?,
        None => None,
    };
    let (Some(session), Some(user)) = (session, user) else { return send(rooms, arrival, errand, report).await };
    let visitor = Visitor { rooms, arrival, place, browser, session, user, now };
    if posted {
        visitor.expect_own_form(&form)?;
    }
    if !errand.is_open_to(&visitor.session, now.timestamp()) {
        return send(rooms, arrival, errand, report).await;
    }
    if let Some(deferred) = visitor.opens(&form).await? {
        return device_page::decide(rooms, arrival, visitor.browser, &deferred, report).await;
    }
    let answer = if posted { visitor.act(&form).await? } else { visitor.show(&form).await? };
    Ok(visitor.browser.named(answer))
}

impl Visitor<'_> {
    async fn show(&self, query: &Form<'_>) -> Result<Answer, Stop> {
        let notice = self.notice(query);
        let view = match self.place {
            Place::Overview => self.overview(notice).await?,
            Place::Sessions => sessions::page(self, notice).await?,
            Place::Apps => apps::page(self, notice).await?,
            Place::Requests => requests::page(self, notice, Vec::new()).await?,
            Place::Password => password::page(self, notice, Vec::new()),
            Place::Passkeys => passkeys::page(self, notice, Vec::new()).await?,
            Place::Authenticator => authenticator::page(self, notice, query).await?,
            Place::RecoveryCodes => recovery_codes::page(self),
        };
        Ok(self.render(&view))
    }

    async fn act(&self, form: &Form<'_>) -> Result<Answer, Stop> {
        let action = form.one("action").unwrap_or_default();
        match self.place {
            Place::Overview if action == "sign_out" => sessions::end(self, &self.session.id).await,
            Place::Overview => Err(Stop::Shown(ErrorKind::BadRequest)),
            Place::Sessions => sessions::act(self, action, form).await,
            Place::Apps => apps::act(self, action, form).await,
            Place::Requests => requests::act(self, action, form).await,
            Place::Password => password::act(self, action, form).await,
            Place::Passkeys => passkeys::act(self, action, form).await,
            Place::Authenticator => authenticator::act(self, action, form).await,
            Place::RecoveryCodes => recovery_codes::act(self, action).await,
        }
    }

    /// The request of a client that the person opens.
    async fn opens(&self, form: &Form<'_>) -> Result<Option<Deferred>, Stop> {
        let looks = self.place == Place::Requests && self.arrival.method == Method::POST && form.one("action") == Some("look");
        if looks { requests::opened(self, form).await.map(Some) } else { Ok(None) }
    }

    async fn overview(&self, notice: Option<Notice>) -> Result<View, Stop> {
        let enrolled = self.user.enrolled;
        let sessions = self.rooms.store.sessions_of_user(self.id(), self.now.timestamp()).await?.len();
        Ok(Overview {
            form: self.form(),
            account: self.account(),
            notice,
            password: self.user.password.is_some(),
            passkeys: enrolled.passkeys as usize,
            authenticator: enrolled.totp,
            recovery_codes: enrolled.recovery_codes as usize,
            sessions,
            apps: apps::count(self).await?,
            requests: requests::count(self).await?,
        }
        .into())
    }

    fn id(&self) -> &UserId {
        &self.user.person.id
    }

    fn account(&self) -> view::Account {
        cards::account(&self.user.person)
    }

    /// Where this person's attempts come from.
    fn origin(&self) -> people::Origin<'_> {
        people::Origin { address: self.arrival.peer.addr, device: self.browser.device.as_deref() }
    }

    fn render(&self, view: &View) -> Answer {
        let pages = self.rooms.pages.load();
        pages.render(&pages.look(None, &self.arrival.headers), view)
    }

    /// What makes a form good in this browser, for this session.
    fn purpose(&self) -> String {
        format!("account {}", self.session.id)
    }

    fn form(&self) -> view::Form {
        let csrf = self.rooms.shared.form_token(&self.browser.name, &self.purpose());
        view::Form { action: self.rooms.urls.url(self.place.path()), flow: None, csrf }
    }

    /// Security: no other page can make somebody's browser change their account.
    fn expect_own_form(&self, form: &Form<'_>) -> Result<(), Stop> {
        let token = form.one("csrf").unwrap_or_default();
        let is_own = self.rooms.shared.is_form_token(token, &self.browser.name, &self.purpose());
        if is_own { Ok(()) } else { Err(Stop::Shown(ErrorKind::Forged)) }
    }

    /// The page anew, so that reloading it repeats nothing; it says what was done.
    fn done(&self, notice: Notice) -> Answer {
        let proof = self.rooms.shared.form_token(&self.browser.name, &self.purpose_of(notice));
        self.anew(&format!("?done={}&proof={proof}", notice.name()))
    }

    fn anew(&self, query: &str) -> Answer {
        see_other(&format!("{}{query}", self.rooms.urls.url(self.place.path())))
    }

    fn purpose_of(&self, notice: Notice) -> String {
        format!("done {} {}", notice.name(), self.session.id)
    }

    /// What was done. Security: only we can say so; a link cannot frighten anybody with it.
    fn notice(&self, query: &Form<'_>) -> Option<Notice> {
        let notice = Notice::parse(query.one("done")?)?;
        let proof = query.one("proof")?;
        self.rooms.shared.is_form_token(proof, &self.browser.name, &self.purpose_of(notice)).then_some(notice)
    }
}

/// What was not there any more has been done already.
fn unless_gone<T>(result: Result<T, claimsmith_store::Fault>) -> Result<Option<T>, Stop> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(claimsmith_store::Fault::Missing { .. }) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Says that it is over, here: the clients of this very session are told by frames, those of others by their logout tokens alone.
async fn signed_out(visitor: &Visitor<'_>, ended: &[claimsmith_store::EndedSession]) -> Result<Answer, Stop> {
    let own = ended.iter().find(|ended| ended.id == visitor.session.id);
    sign_out::over(visitor.rooms, visitor.arrival, own).await
}
