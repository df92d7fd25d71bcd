//! Tokens that a request presents for others, and assertions: made sure of before the court decides.

use std::sync::Arc;

use claimsmith_issuer::client::Client;
use claimsmith_issuer::grants::{Newcomer, jwt_bearer, token_exchange};
use claimsmith_issuer::person::UserId;
use claimsmith_issuer::trust::{Assured, Purpose, Subjects, TrustedIssuer, username};
use claimsmith_jose::Jws;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_store::{Claim, LoadedGrant, Outcome, ReplayGuard, UserLink, UserRecord};
use serde_json::Value;
use token_exchange::{Exchange, Held, Kind, Origin, Presented};

use super::{Docket, device, newcomers, subjects};
use crate::directory::Visit;
use crate::failure::Failure;
use crate::known_token;
use crate::rooms::Rooms;
use crate::trust::{self, Believed};

/// What was found out about the tokens of a request.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) exchange: Option<Exchange>,
    pub(super) asserted: Option<jwt_bearer::Asserted>,
    pub(super) loaded: Option<LoadedGrant>,
    pub(super) newcomer: Option<(Newcomer, UserRecord)>,
}

/// The tokens of a token exchange.
pub(super) async fn tokens(
    rooms: &Rooms,
    visit: &Visit,
    docket: Docket<'_>,
    request: &token_exchange::Request,
) -> Result<Gathered, Failure> {
    token_exchange::admit(request, &docket.caller.client)?;
    let offers = Arc::clone(&rooms.settings.exchanges);
    if let Some(secret) = request.actor.as_ref().filter(|_| request.is_of_device()) {
        let found = device::find(rooms, visit, docket, (&request.subject, secret)).await?;
        let (subject, device, loaded, newcomer) = found.unwrap_or_default();
        let ourselves = rooms.urls.as_str().into();
        let exchange = Exchange { ourselves, subject, actor: None, device, known_as: None, offers };
        return Ok(Gathered { exchange: Some(exchange), loaded, newcomer, asserted: None });
    }
    let client = docket.caller.client.client();
    let known_to = match request.wanted {
        Kind::IdentityAssertion => Some(token_exchange::assertion::policy(request, client)?.known_to.as_deref()),
        _ => None,
    };
    let (subject, loaded, newcomer) = find(rooms, visit, docket, &request.subject, true).await?;
    let actor = match &request.actor {
        Some(actor) => find(rooms, visit, docket, actor, false).await?.0,
        None => None,
    };
    let known_as = match (known_to, &loaded) {
        (Some(known_to), Some(loaded)) => known_as(rooms, client, known_to, &loaded.grant.user_id).await?,
        _ => None,
    };
    let exchange = Exchange { ourselves: rooms.urls.as_str().into(), subject, actor, device: None, known_as, offers };
    Ok(Gathered { exchange: Some(exchange), loaded, newcomer, asserted: None })
}

/// What the client `known_to`, or the one that asks, calls a person.
async fn known_as(rooms: &Rooms, client: &Client, known_to: Option<&str>, user: &UserId) -> Result<Option<Box<str>>, Failure> {
    let Some(id) = known_to else { return Ok(Some(rooms.shared.subjects.subject(client, user))) };
    let Ok(id) = ClientId::parse(id) else { return Ok(None) };
    Ok(rooms.directory.client(&id).await?.map(|entry| rooms.shared.subjects.subject(&entry.client, user)))
}

pub(super) type Person = (Newcomer, UserRecord);
pub(super) type Found = (Option<Held>, Option<LoadedGrant>, Option<Person>);

async fn find(rooms: &Rooms, visit: &Visit, docket: Docket<'_>, presented: &Presented, is_subject: bool) -> Result<Found, Failure> {
    let text = presented.text.expose();
    if !presented.kind.is_access_token() {
        return subjects::find(rooms, visit, docket, presented).await;
    }
    if let Some(token) = known_token::find(rooms, visit, text, docket.now).await?.live() {
        return ours(rooms, docket, token).await;
    }
    // An access token of another issuer is none of ours, whatever it is called: only a JWT may be somebody else's.
    if presented.kind != Kind::Jwt {
        return Ok((None, None, None));
    }
    let believed = trust::believe(rooms, visit, text, Purpose::TokenExchange, docket.now.timestamp()).await;
    let Ok(Believed { assured, trusted }) = believed else { return Ok((None, None, None)) };
    let person = if is_subject { person(rooms, docket, &trusted, &assured).await? } else { None };
    let Ok(confirmation) = claimsmith_issuer::confirmation::Confirmation::of_claims(&assured.claims) else { return Ok((None, None, None)) };
    let held = Held {
        subject: assured.subject,
        origin: Origin::Trusted(trusted),
        expires_at: assured.expires_at,
        confirmation,
        claims: assured.claims,
    };
    Ok((Some(held), None, person))
}

/// An access token of this server, with the grant that it hangs on.
async fn ours(rooms: &Rooms, docket: Docket<'_>, token: claimsmith_issuer::introspect::KnownToken) -> Result<Found, Failure> {
    let owner = rooms.directory.client(&token.client_id).await?;
    let Some(subject) = token.claims().get("sub").and_then(Value::as_str).map(Box::from) else { return Ok((None, None, None)) };
    if !owner.is_some_and(|owner| owner.client.enabled) {
        return Ok((None, None, None));
    }
    let loaded = match GrantId::of_jti(&token.jti) {
        Some(grant) => match rooms.store.load_grant(grant).await? {
            Some(loaded) => Some(loaded),
            None => return Ok((None, None, None)),
        },
        None => None,
    };
    let client = docket.caller.client.client();
    let subject = loaded.as_ref().map_or(subject, |loaded| rooms.shared.subjects.subject(client, &loaded.grant.user_id));
    let held = Held {
        subject,
        origin: Origin::Ours { client_id: token.client_id.clone(), audience: token.audience.clone() },
        expires_at: token.expires_at,
        confirmation: token.confirmation,
        claims: token.claims().clone(),
    };
    Ok((Some(held), loaded, None))
}

/// The assertion of a JWT bearer grant.
pub(super) async fn assertion(
    rooms: &Rooms,
    visit: &Visit,
    docket: Docket<'_>,
    request: &jwt_bearer::Request,
) -> Result<Gathered, Failure> {
    jwt_bearer::admit(&docket.caller.client)?;
    let text = request.assertion.expose();
    let is_id_jag = Jws::parse(text).is_ok_and(|token| token.header().has_typ("oauth-id-jag+jwt"));
    let purpose = if is_id_jag { Purpose::IdJag } else { Purpose::JwtBearer };
    let Ok(Believed { assured, trusted }) = trust::believe(rooms, visit, text, purpose, docket.now.timestamp()).await else {
        return Ok(Gathered::default());
    };
    let newcomer = person(rooms, docket, &trusted, &assured).await?;
    Ok(Gathered { asserted: Some(jwt_bearer::Asserted { trusted, assured, purpose }), newcomer, ..Gathered::default() })
}

/// Who a subject of another issuer is here, where they are there and enabled.
async fn person(rooms: &Rooms, docket: Docket<'_>, trusted: &TrustedIssuer, assured: &Assured) -> Result<Option<Person>, Failure> {
    let user = known_here(rooms, trusted, assured).await?;
    let now = docket.now.timestamp();
    let signed_in_at = assured.claims.get("auth_time").and_then(Value::as_i64).filter(|at| (0..=now.seconds()).contains(at));
    let client = docket.caller.client.client();
    Ok(user.filter(|user| user.person.enabled).map(|user| {
        let mut newcomer = newcomers::newcomer(rooms, client, &user, &[], now);
        newcomer.auth_time = signed_in_at.unwrap_or(now.seconds());
        (newcomer, user)
    }))
}

/// Whom the subject of a token of another issuer stands for, if anybody.
pub async fn known_here(rooms: &Rooms, trusted: &TrustedIssuer, assured: &Assured) -> Result<Option<UserRecord>, Failure> {
    Ok(match trusted.subjects {
        Subjects::None => None,
        Subjects::Link => rooms.store.linked_user(UserLink { issuer: trusted.issuer.clone(), subject: assured.subject.clone() }).await?,
        Subjects::Username => match username(trusted, assured) {
            Some(name) => newcomers::by_name(rooms, name).await?,
            None => None,
        },
    })
}

/// Lets an assertion count, once for all nodes (RFC 7523 §3 item 7).
pub async fn once(rooms: &Rooms, guard: Option<ReplayGuard>) -> Result<(), Failure> {
    let Some(guard) = guard else { return Ok(()) };
    match rooms.store.settle(vec![Claim::Guard(guard)]).await?.as_slice() {
        [Outcome::Settled] => Ok(()),
        _ => Err(jwt_bearer::unbelieved().into()),
    }
}
