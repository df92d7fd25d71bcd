//! The way of a person: from a client's request, through signing in and consent, back to the client.
//!
//! ```text
//! GET /oauth2/authorize ─► vet ─► check ─► next? ─┬─ sign in, consent ─► a flow in the database ─► pages ─┐
//!                                    ▲            └─ answer ─► grant in the ledger ─► 303 to the client    │
//!                                    └────────────────────────── each form that is posted ◄───────────────┘
//! ```
//!
//! Whatever a person posts, the same decision says what comes next: [`claimsmith_issuer::authorize::next`]. What the database keeps
//! of a request is its parameters alone; they are checked again at every step, so that what has changed since counts.

mod answering;
mod arriving;
pub mod backchannel;
pub mod cards;
mod consenting;
pub mod device;
mod errand;
mod fetching;
mod flow;
mod front_channel;
mod pushing;
mod signing_in;
mod standing;
mod upstream;

use std::sync::Arc;

use claimsmith_issuer::authorize::{AuthorizeRefusal, Step};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};

use crate::failure::{Failure, Fault};
use crate::http::{Answer, Arrival};
use crate::pages::view::{ErrorKind, ErrorPage};
use crate::report::Report;
use crate::rooms::Rooms;

pub use answering::respond;
pub use errand::{Errand, send};
pub use flow::{Kept, Progress, Walk, see_other, stopped};
pub use pushing::{Pushing, push};
pub use signing_in::complaint;
pub use upstream::come_back;

/// How a walk of a browser can end other than with its answer.
#[derive(Debug)]
pub enum Stop {
    /// A refusal, shown or sent.
    Refused(AuthorizeRefusal),
    /// A page that says why there is no other.
    Shown(ErrorKind),
    /// Our fault; nobody to send it to is known.
    Failed(Fault),
    /// Our fault, told to the client (RFC 6749 §4.1.2.1).
    FailedTo(Fault, Box<claimsmith_issuer::authorize::ReturnAddress>),
}

impl From<AuthorizeRefusal> for Stop {
    fn from(refusal: AuthorizeRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<claimsmith_store::Fault> for Stop {
    fn from(fault: claimsmith_store::Fault) -> Self {
        Self::Failed(fault.into())
    }
}

/// A request of a client: `GET` or `POST` of the authorization endpoint.
pub async fn begin(rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Stop> {
    let mut walk = arriving::arrive(rooms, arrival, report).await?;
    let result = proceed(&mut walk, report).await;
    walk.told(result)
}

/// A page of a flow: `GET`.
pub async fn show(rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Stop> {
    let mut walk = flow::resume(rooms, arrival, arrival.query().unwrap_or_default(), report).await?;
    let result = match standing::next(&mut walk).await {
        Ok(Step::Answer) => answering::complete(&mut walk, report).await,
        Ok(step) => page(&mut walk, step).await,
        Err(stop) => Err(stop),
    };
    walk.told(result)
}

/// A form of a flow: `POST`.
pub async fn post(rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Stop> {
    let text = std::str::from_utf8(&arrival.body).unwrap_or_default();
    let mut walk = flow::resume(rooms, arrival, text, report).await?;
    let form = flow::posted(&walk, text)?;
    let result = match form.one("action") {
        Some("cancel") if walk.errand.is_some() => errand::leave(&mut walk).await,
        Some("cancel" | "deny") => Err(walk.refuse(Refusal::new(ErrorCode::AccessDenied, Reason::RefusedByPerson, "the person said no"))),
        Some("allow") => consenting::allow(&mut walk, &form, report).await,
        Some(action) => signing_in::act(&mut walk, action, &form, report).await,
        None => Err(Stop::Shown(ErrorKind::BadRequest)),
    };
    walk.told(result)
}

/// Goes on as far as it goes without the person.
async fn proceed(walk: &mut Walk<'_>, report: &mut Report) -> Result<Answer, Stop> {
    match standing::next(walk).await? {
        Step::Answer => answering::complete(walk, report).await,
        step => {
            if let Step::Consent(_) = step
                && consenting::plugins_let_pass(walk, report).await?
            {
                return answering::complete(walk, report).await;
            }
            walk.to_page(&step).await
        }
    }
}

/// The page of a step.
async fn page(walk: &mut Walk<'_>, step: Step) -> Result<Answer, Stop> {
    match step {
        Step::Consent(missing) => consenting::page(walk, &missing).await,
        step => signing_in::page(walk, &step, Vec::new()).await,
    }
}

/// Ends a walk: whatever it came to becomes an answer, and is said in the report.
pub async fn finish(rooms: &Rooms, arrival: &Arrival, report: Report, walked: Result<Answer, Stop>) -> Answer {
    let stop = match walked {
        Ok(answer) => return report.finish(rooms, arrival, Ok(answer)).await,
        Err(stop) => stop,
    };
    let (answer, failure) = match stop {
        Stop::Refused(AuthorizeRefusal::Page(refusal)) => {
            (error_page(rooms, arrival, kind_of(&refusal), Some(&refusal)), Failure::Refused(refusal))
        }
        Stop::Refused(AuthorizeRefusal::Returned(refusal, to)) => {
            (answering::refuse(rooms, arrival, &refusal, &to).await, Failure::Refused(refusal))
        }
        Stop::Shown(kind) => {
            (error_page(rooms, arrival, kind, None), Failure::Refused(Refusal::invalid_request(Reason::MalformedForm, kind.name())))
        }
        Stop::Failed(fault) => {
            let busy = fault.code() == ErrorCode::TemporarilyUnavailable;
            (error_page(rooms, arrival, if busy { ErrorKind::Busy } else { ErrorKind::Broken }, None), Failure::Failed(fault))
        }
        Stop::FailedTo(fault, to) => {
            let refusal = Refusal::new(fault.code(), Reason::MalformedForm, "the server cannot answer now");
            (answering::refuse(rooms, arrival, &refusal, &to).await, Failure::Failed(fault))
        }
    };
    report.finish_with(rooms, arrival, answer, &failure).await
}

fn kind_of(refusal: &Refusal) -> ErrorKind {
    match refusal.reason {
        Reason::UnknownClient | Reason::DisabledClient => ErrorKind::UnknownClient,
        Reason::UnknownRedirectUri => ErrorKind::BadRedirect,
        Reason::RefusedByPlugin => ErrorKind::Refused,
        _ => ErrorKind::BadRequest,
    }
}

/// The page that says what went wrong, with what an operator finds the request by.
pub fn error_page(rooms: &Rooms, arrival: &Arrival, kind: ErrorKind, refusal: Option<&Refusal>) -> Answer {
    let pages = rooms.pages.load();
    let look = pages.look(None, &arrival.headers);
    let detail = refusal.map(|refusal| format!("{}: {}", refusal.code.as_str(), refusal.description));
    let page = ErrorPage { kind, client: None, detail, said: None, reference: arrival.id.to_string(), back: None };
    pages.render(&look, &page.into())
}

/// A walk's client.
type Entry = Arc<crate::directory::Entry>;
