//! A client that names its person and waits (OpenID Connect CIBA).
//!
//! ```text
//! client ─► POST /oauth2/bc-authorize ─► checked, person found, told ─┬─► the client asks, is told to ask, or is given the tokens
//!                                                                     └─► person at /account/requests ─► the walk of every request ─► a grant
//! ```
//!
//! Nothing comes of the request alone: the person opens it in their account, sees who asks and what for, and decides.

use claimsmith_issuer::authorize::Column;
use claimsmith_issuer::ciba::{self, Backchannel, Hint, Limits};
use claimsmith_issuer::claims::BackchannelNotification;
use claimsmith_issuer::grants::DeferredKind;
use claimsmith_issuer::hook::HookPoint;
use claimsmith_issuer::person::{UserId, Username};
use claimsmith_issuer::trust::{Purpose, TrustRefusal};
use claimsmith_jose::Secret;
use claimsmith_protocol::authorize::Parameters;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::handle::{Code, GrantId};
use claimsmith_protocol::registration::DeliveryMode;
use claimsmith_store::{Deferred, Notice, UserRecord};
use claimsmith_vault::VaultFault;
use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::device::{Waiting, Wish};
use super::flow::{self, Kept};
use super::{arriving, pushing};
use crate::companions::object_of;
use crate::court::exchange::known_here;
use crate::failure::{Failure, Fault};
use crate::hook_room::{Asked, Occasion, Room};
use crate::own_jwt;
use crate::report::Report;
use crate::rooms::Rooms;
use crate::throttle::Admit;
use crate::trust;

/// How clients wait at the backchannel.
#[derive(Debug, Clone, Copy)]
pub struct BackchannelSettings {
    /// How long a person may take.
    pub limits: Limits,
    /// Seconds between two questions of a client.
    pub interval: u32,
    /// How many requests may wait for one person.
    pub waiting_max: u32,
}

/// What the client is told.
pub struct Begun {
    /// What it asks with.
    pub auth_req_id: Code,
    /// How long the person may take, seconds.
    pub expires_in: u32,
    /// Seconds between two questions; none where the client asks none.
    pub interval: Option<u32>,
}

/// What has to be known to tell a client of a decision.
#[derive(Serialize, Deserialize)]
pub struct Told {
    /// What it waits with.
    pub auth_req_id: String,
    /// With what it knows that it is us.
    pub token: String,
}

/// Checks a request, and lets the client wait for its answer.
pub async fn begin(rooms: &Rooms, wish: Wish<'_>, sent: Parameters, report: &mut Report) -> Result<Begun, Failure> {
    let (arrival, visit, entry, client) = (wish.arrival, wish.visit, wish.entry, &wish.entry.client);
    let (settings, now) = (&rooms.settings.backchannel, rooms.clock.now());
    let mut chance = [0; 48];
    rand::rng().fill_bytes(&mut chance);
    let grant = GrantId::from_bytes(*chance.first_chunk().expect("48 bytes have 16"));
    let auth_req_id = Code::new(grant, *chance.last_chunk().expect("48 bytes have 32"));

    ciba::check_form(client, &sent)?;
    let mut kept = match sent.one("request") {
        // Security: what is kept of it has no secrets, and the object as it came would have them.
        Some(text) => {
            let kept = arriving::object(rooms, entry, text, Column::Backchannel(grant), now).await.map_err(as_invalid_request)?;
            Kept { signed: None, ..kept }
        }
        None => Kept::plain(sent),
    };
    let asked = ciba::read(&kept.parameters, client, settings.limits)?;
    let user = find(rooms, &wish, &asked.hint).await?.filter(|user| user.person.enabled).ok_or_else(unknown_user)?;
    check_code(rooms, &wish, &asked, &user.person.id).await?;

    let expires_at = now.timestamp().plus(asked.lifetime);
    let mut waiting = Waiting::new(grant, &auth_req_id, expires_at);
    waiting.user = Some(user.person.id.as_str().to_owned());
    waiting.message = asked.binding_message.as_deref().map(str::to_owned);
    // Security: what named the person is nobody's business any more, and secrets are not kept in the clear.
    kept.parameters =
        kept.parameters.without(&["login_hint", "id_token_hint", "login_hint_token", "user_code", "client_notification_token"]);
    kept.device = Some(waiting);
    kept.instance.clone_from(&wish.instance);
    arriving::shape(rooms, arrival, (visit, entry), &mut kept, report).await.map_err(pushing::told)?;
    let checked = flow::ask_at(rooms, visit, entry, &kept, Column::Backchannel(grant)).map_err(|refusal| pushing::told(refusal.into()))?;
    let attributes = notify(rooms, &wish, (&asked, &auth_req_id), checked.scopes.tokens(), report).await?;
    if let Some(waiting) = &mut kept.device {
        waiting.attributes = attributes;
    }

    let deferred = Deferred {
        grant,
        code_digest: auth_req_id.digest(),
        user_code_digest: None,
        client_id: client.id.clone(),
        kind: DeferredKind::Backchannel,
        user_id: Some(user.person.id.clone()),
        // Invariant: strings and lists of them can always be written.
        request: serde_json::to_string(&kept).expect("a request is JSON").into(),
        interval: settings.interval,
        expires_at,
    };
    let mode = client.registration.backchannel_token_delivery_mode;
    let notice = asked.notification_token.map(|token| notice(rooms, grant, (&auth_req_id, token), mode)).transpose()?;
    if !rooms.store.defer_for_person(deferred, notice, settings.waiting_max, now.timestamp()).await? {
        // Security: nobody is asked so often that they say yes to have their peace (§14).
        return Err(Refusal::new(ErrorCode::AccessDenied, Reason::TooMuchWaits, "too many requests wait for this person").into());
    }
    let interval = (mode != Some(DeliveryMode::Push)).then_some(settings.interval);
    Ok(Begun { auth_req_id, expires_in: asked.lifetime.seconds(), interval })
}

/// §13 has no word for request objects.
fn as_invalid_request(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(refusal) if refusal.code == ErrorCode::InvalidRequestObject => {
            Failure::Refused(Refusal { code: ErrorCode::InvalidRequest, ..refusal })
        }
        other => other,
    }
}

fn unknown_user() -> Refusal {
    Refusal::new(ErrorCode::UnknownUserId, Reason::UnknownGrantHandle, "nobody is known by this hint")
}

/// Whom a hint means.
async fn find(rooms: &Rooms, wish: &Wish<'_>, hint: &Hint) -> Result<Option<UserRecord>, Failure> {
    let (client, now) = (&wish.entry.client, rooms.clock.now().timestamp());
    match hint {
        Hint::Login(name) => match (UserId::parse(name), Username::parse(name)) {
            (Ok(id), _) => Ok(rooms.store.load_user(&id).await?),
            (_, Ok(name)) => Ok(rooms.store.find_user(&name).await?),
            _ => Ok(None),
        },
        Hint::IdToken(text) => {
            let bad =
                || Refusal::invalid_request(Reason::MalformedParameter, "the id_token_hint is not an ID token of ours for this client");
            let claims = own_jwt::id_token_of(rooms, wish.visit, client, text, now.seconds()).ok_or_else(bad)?;
            let grant = claims.get("jti").and_then(Value::as_str).and_then(GrantId::of_jti).ok_or_else(bad)?;
            match rooms.store.load_grant(grant).await? {
                Some(loaded) if loaded.grant.client_id == client.id => Ok(rooms.store.load_user(&loaded.grant.user_id).await?),
                _ => Ok(None),
            }
        }
        Hint::LoginToken(text) => match trust::believe(rooms, wish.visit, text, Purpose::LoginHint, now).await {
            Ok(believed) if believed.trusted.admits(&client.id) => Ok(known_here(rooms, &believed.trusted, &believed.assured).await?),
            Err(TrustRefusal::Times) => {
                Err(Refusal::new(ErrorCode::ExpiredLoginHintToken, Reason::DecidedTooLate, "the login_hint_token is over").into())
            }
            _ => {
                Err(Refusal::invalid_request(Reason::MalformedParameter, "the login_hint_token is of nobody who is trusted for it").into())
            }
        },
    }
}

/// §7.1: only who knows the person's code has them asked.
async fn check_code(rooms: &Rooms, wish: &Wish<'_>, asked: &Backchannel, user: &UserId) -> Result<(), Failure> {
    let Some(code) = &asked.user_code else { return Ok(()) };
    let address = wish.arrival.peer.addr;
    if let Admit::Throttled { retry_after } = rooms.user_codes.admit(user.as_str(), address) {
        return Err(Failure::Throttled { retry_after });
    }
    let digest = rooms.shared.request_code_digest(user, code.expose());
    if rooms.store.request_code(user).await? == Some(digest) {
        return Ok(());
    }
    rooms.user_codes.failed(user.as_str(), address);
    Err(Refusal::new(ErrorCode::InvalidUserCode, Reason::WrongSecret, "the user_code is not the person's").into())
}

/// Lets plugins tell the person, and say what is remembered with the grant.
async fn notify(
    rooms: &Rooms,
    wish: &Wish<'_>,
    (asked, auth_req_id): (&Backchannel, &Code),
    scopes: &[Box<str>],
    report: &mut Report,
) -> Result<Option<String>, Failure> {
    let form = Form::default();
    let occasion = Occasion { arrival: wish.arrival, form: &form, grant: None, now: rooms.clock.now() };
    let mut room = Room::of_client(rooms, wish.visit, wish.entry, occasion);
    if !room.has(HookPoint::BackchannelNotification) {
        return Ok(None);
    }
    let digest = auth_req_id.digest().to_base64url();
    let notification = BackchannelNotification::of(asked.binding_message.clone(), digest.into(), scopes.to_vec());
    let outcome = room.backchannel_notification(notification, Asked { scopes, ..Asked::default() }, report).await?;
    if outcome.notified {
        tracing::info!(client = %wish.entry.client.id, request = %wish.arrival.id, "a plugin has notified the person");
    }
    Ok((!outcome.attributes.is_empty()).then(|| object_of(&outcome.attributes).into()))
}

/// What is owed to a client that is told.
fn notice(rooms: &Rooms, grant: GrantId, (id, token): (&Code, Secret<String>), mode: Option<DeliveryMode>) -> Result<Notice, Failure> {
    let told = Told { auth_req_id: id.expose().to_owned(), token: token.expose().clone() };
    // Invariant: two texts can always be written.
    let text = serde_json::to_vec(&told).expect("two texts are JSON");
    let row = grant.to_string();
    let sealed_request =
        rooms.sealer.seal(&crate::seals::backchannel_request(&row), &text).map_err(|fault| Fault::Vault(VaultFault::Sealing(fault)))?;
    Ok(Notice { sealed_request, of_expiry: mode == Some(DeliveryMode::Push) })
}
