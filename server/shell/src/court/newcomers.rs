//! People whom a request itself brings: made sure of before the court decides.

use claimsmith_issuer::assurance::{self, Method};
use claimsmith_issuer::claims::{PasswordJudgement, PasswordOutcome};
use claimsmith_issuer::client::Client;
use claimsmith_issuer::grants::{Newcomer, password};
use claimsmith_issuer::hook::{HookPoint, PasswordResult};
use claimsmith_issuer::person::{UserId, Username};
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::UserRecord;
use rand::Rng;

use super::Docket;
use crate::companions::object_of;
use crate::failure::Failure;
use crate::hook_room::{Asked, Room};
use crate::people::{Origin, Refused, SignInFailure, Verified};
use crate::report::Report;
use crate::rooms::Rooms;

/// By their password.
pub(super) async fn by_password(
    rooms: &Rooms,
    docket: Docket<'_>,
    request: &password::Request,
    room: &mut Room<'_>,
    report: &mut Report,
) -> Result<(Newcomer, UserRecord), Failure> {
    let client = docket.caller.client.client();
    password::admit(client)?;
    let (now, origin) = (docket.now.timestamp(), Origin { address: docket.arrival.peer.addr, device: None });
    let verified = match rooms.people.sign_in_with_password(&request.username, &request.password, origin, now).await {
        Ok(verified) => Some(verified),
        Err(SignInFailure::Failed(fault)) => return Err(fault.into()),
        Err(SignInFailure::Refused(Refused::Wrong)) => None,
        // Security: who waits because of too many attempts is not told so, or it would say that somebody tried. No plugin is asked
        // either: it would be a way around the waiting.
        Err(SignInFailure::Refused(Refused::TooMany { .. })) => return Err(refused(rooms)),
    };
    let is_enough = |verified: &Verified| is_enough(rooms, client, verified);
    let methods = verified.as_ref().map_or(Vec::new(), |verified| verified.methods.clone());
    let outcome = if room.has(HookPoint::Password) {
        let user = verified.as_ref().filter(|verified| is_enough(verified)).map(|verified| verified.user.person.id.as_str().into());
        let result = match &verified {
            Some(_) => PasswordResult::Right,
            None if rooms.people.knows(&request.username).await? => PasswordResult::Wrong,
            None => PasswordResult::UnknownUser,
        };
        let amr = amr(&methods);
        let judgement = PasswordJudgement::of(&request.username, request.password.expose(), result, user, amr);
        Some(room.password(judgement, Asked { scopes: docket.request.scopes(), ..Asked::default() }, report).await?)
    } else {
        None
    };
    // Whom the server itself made sure of, and nobody else was named for.
    let own = verified.filter(|verified| match outcome.as_ref() {
        None => is_enough(verified),
        Some(outcome) => is_enough(verified) && outcome.user.as_deref() == Some(verified.user.person.id.as_str()),
    });
    let (user, methods) = match (own, &outcome) {
        (Some(verified), _) => (verified.user, methods),
        (None, Some(outcome)) => (vouched_for(rooms, outcome, (&request.username, origin)).await?, Vec::new()),
        (None, None) => return Err(refused(rooms)),
    };
    rooms.metrics.signed_in_with(Method::Password.as_str(), "ok");
    let mut newcomer = newcomer(rooms, client, &user, &methods, now);
    if let Some(outcome) = outcome {
        newcomer.amr = outcome.amr;
        newcomer.attributes = (!outcome.attributes.is_empty()).then(|| object_of(&outcome.attributes));
    }
    Ok((newcomer, user))
}

/// A password alone does for nobody who has more to show, and for no client that wants more.
fn is_enough(rooms: &Rooms, client: &Client, verified: &Verified) -> bool {
    let wanted = rooms.settings.acr_names.wanted(client.registration.default_acr_values.iter().map(AsRef::as_ref));
    !verified.user.enrolled.has_second_factor() && wanted.is_met_by(assurance::level(&verified.methods))
}

/// The user for whom a plugin vouches that may: what they had to show was its affair. They must be here, and enabled.
async fn vouched_for(rooms: &Rooms, outcome: &PasswordOutcome, attempt: (&str, Origin<'_>)) -> Result<UserRecord, Failure> {
    let id = outcome.user.as_deref().and_then(|id| UserId::parse(id).ok());
    let user = match &id {
        Some(id) => rooms.people.enabled(id).await?,
        None => None,
    };
    let Some(user) = user else { return Err(refused(rooms)) };
    let (username, origin) = attempt;
    rooms.people.forgive(username, origin).await?;
    Ok(user)
}

fn refused(rooms: &Rooms) -> Failure {
    rooms.metrics.signed_in_with(Method::Password.as_str(), "wrong");
    password::wrong().into()
}

/// By their name, which somebody who is trusted has said.
pub(super) async fn by_name(rooms: &Rooms, name: &str) -> Result<Option<UserRecord>, Failure> {
    match Username::parse(name) {
        Ok(name) => Ok(rooms.store.find_user(&name).await?),
        Err(_) => Ok(None),
    }
}

/// Somebody with what they showed just now.
pub(super) fn newcomer(rooms: &Rooms, client: &Client, user: &UserRecord, methods: &[Method], now: Timestamp) -> Newcomer {
    let mut id = [0; 16];
    rand::rng().fill_bytes(&mut id);
    Newcomer {
        grant: GrantId::from_bytes(id),
        user_id: user.person.id.clone(),
        subject: rooms.shared.subjects.subject(client, &user.person.id),
        auth_time: now.seconds(),
        acr: assurance::level(methods).map(|level| rooms.settings.acr_names.acr(level).into()),
        amr: amr(methods),
        attributes: None,
        device: None,
    }
}

fn amr(methods: &[Method]) -> Vec<Box<str>> {
    assurance::amr(methods).into_iter().map(Into::into).collect()
}
