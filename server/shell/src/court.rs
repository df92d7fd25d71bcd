//! Before the court: what a code or a refresh token stands for is fetched, the person whom the request brings is made sure of, and so is
//! what it proves to hold. What is decided is decided in `issuer::grants`; here is the waiting.

mod device;
pub mod exchange;
pub mod hooks;
mod newcomers;
mod subjects;

use claimsmith_issuer::confirmation::Confirmation;
use claimsmith_issuer::dpop::Proof;
use claimsmith_issuer::grants::jwt_bearer::Asserted;
use claimsmith_issuer::grants::token_exchange::Exchange;
use claimsmith_issuer::grants::{Case, Entitled, Request, Verdict};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_store::{LoadedGrant, ReplayGuard};

use crate::clock::Now;
use crate::desk::Caller;
use crate::directory::Visit;
use crate::failure::Failure;
use crate::hook_room::{Occasion, Room};
use crate::http::Arrival;
use crate::report::{Report, Stage};
use crate::rooms::Rooms;
use crate::{possession, record};

/// What the court is asked.
#[derive(Clone, Copy)]
pub struct Docket<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// What for.
    pub request: &'a Request,
    /// What came with it.
    pub arrival: &'a Arrival,
    /// Its parameters.
    pub form: &'a Form<'a>,
    /// The grant that they name.
    pub grant: GrantType,
    /// A proof that did.
    pub proof: Option<&'a Proof>,
    /// When.
    pub now: Now,
}

/// What the court said, and all that it looked at.
pub struct Judged<'a> {
    /// The policy, which from here on stays what it is.
    pub visit: Visit,
    /// What the client is entitled to.
    pub entitled: Entitled,
    /// The grant and its person, where it is for one.
    pub loaded: Option<LoadedGrant>,
    /// What the tokens will be bound to.
    pub confirmation: Option<Confirmation>,
    /// What keeps an assertion from counting twice; it has not counted yet.
    pub guard: Option<ReplayGuard>,
    /// The tokens or the assertion that came with it.
    pub presented: Presented,
    /// The plugins of the client: those that were asked before the court are among those that shaped what is made.
    pub room: Room<'a>,
}

/// Tokens and assertions of a request, made sure of.
#[derive(Default)]
pub struct Presented {
    /// Of a token exchange.
    pub exchange: Option<Exchange>,
    /// Of the JWT bearer grant.
    pub asserted: Option<Asserted>,
}

/// Asks the court. A refusal leaves when what it wants done is done.
pub async fn judge<'a>(rooms: &'a Rooms, docket: Docket<'a>, report: &mut Report) -> Result<Judged<'a>, Failure> {
    let visit = rooms.directory.visit()?;
    let occasion = Occasion { arrival: docket.arrival, form: docket.form, grant: Some(docket.grant), now: docket.now };
    let mut room = Room::open(rooms, &visit, docket.caller, occasion);
    let loaded = match docket.request.grant() {
        Some(id) => rooms.store.load_grant(id).await?,
        None => None,
    };
    let mut gathered = exchange::Gathered::default();
    match docket.request {
        Request::Password(request) => gathered.newcomer = Some(newcomers::by_password(rooms, docket, request, &mut room, report).await?),
        Request::JwtBearer(request) => gathered = exchange::assertion(rooms, &visit, docket, request).await?,
        Request::TokenExchange(request) => gathered = exchange::tokens(rooms, &visit, docket, request).await?,
        _ => {}
    }
    let exchange::Gathered { exchange, asserted, loaded: of_token, newcomer } = gathered;
    let loaded = loaded.or(of_token);
    let confirmation = possession::confirmation(rooms, docket.caller, docket.arrival, docket.proof).await?;
    // Only a question that proves what it has to counts as one.
    let polled = match (docket.request.deferred(), docket.request.grant()) {
        (Some(code), Some(id)) => {
            rooms
                .store
                .poll_deferred((code.kind, id), code.digest, docket.caller.client.client().id.clone(), docket.now.timestamp())
                .await?
        }
        _ => None,
    };
    report.stage(Stage::Evidence);
    let case = Case {
        caller: &docket.caller.client,
        grant: loaded.as_ref().map(|loaded| &loaded.grant),
        polled: polled.as_ref(),
        newcomer: newcomer.as_ref().map(|(newcomer, _)| newcomer),
        asserted: asserted.as_ref(),
        exchange: exchange.as_ref(),
        genuine: docket.request.refresh_claim().is_some_and(|claim| rooms.shared.is_genuine(claim)),
        person_is_there: loaded.as_ref().is_some_and(LoadedGrant::person_is_there),
        confirmation: confirmation.as_ref(),
        resources: visit.resources(),
        defaults: &rooms.settings.defaults,
        policy: &rooms.settings.people,
        now: docket.now.timestamp(),
    };
    let verdict = docket.request.decide(&case);
    report.stage(Stage::Decide);
    match verdict {
        Verdict::Entitled(entitled) => {
            let begun = newcomer
                .zip(entitled.person.as_ref())
                .map(|((_, user), person)| LoadedGrant { grant: person.grant.clone(), person: Some((user.person, user.updated_at)) });
            let guard = asserted.as_ref().and_then(|asserted| asserted.guard());
            let guard = guard.map(|(issuer, digest, expires_at)| ReplayGuard::of_key(&issuer, digest, expires_at));
            Ok(Judged { visit, entitled, loaded: begun.or(loaded), confirmation, guard, presented: Presented { exchange, asserted }, room })
        }
        Verdict::Refused(refusal, remedy) => Err(record::refused(rooms, refusal, remedy).await),
    }
}
