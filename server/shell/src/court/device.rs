//! Apps of one device: the ID token of one, and the secret that both have (OpenID Connect Native SSO §4).

use claimsmith_issuer::grants::token_exchange::{Held, Origin, Presented};
use claimsmith_issuer::grants::{GrantRecord, Sibling};
use claimsmith_issuer::subject::sid;
use claimsmith_protocol::handle::GrantId;
use claimsmith_store::LoadedGrant;
use serde_json::Value;

use super::exchange::Person;
use super::{Docket, newcomers};
use crate::directory::Visit;
use crate::failure::Failure;
use crate::own_jwt;
use crate::rooms::Rooms;

/// What was found: the ID token, the grant of the secret, that of the ID token, and the person as the app that asks will know them.
pub(super) type Found = (Option<Held>, Option<GrantRecord>, Option<LoadedGrant>, Option<Person>);

/// Finds out what an ID token and a secret are; nothing where either is not ours.
pub(super) async fn find(
    rooms: &Rooms,
    visit: &Visit,
    docket: Docket<'_>,
    (subject, secret): (&Presented, &Presented),
) -> Result<Option<Found>, Failure> {
    let Some(root) = rooms.shared.device_of(secret.text.expose()) else { return Ok(None) };
    // An app keeps an ID token for as long as it is signed in: whether that has ended is told by the grant, not by `exp`.
    let Some(claims) = own_jwt::id_token(rooms, visit, subject.text.expose(), docket.now.timestamp().seconds()) else { return Ok(None) };
    let Some(grant) = claims.get("jti").and_then(Value::as_str).and_then(GrantId::of_jti) else { return Ok(None) };
    let Some(loaded) = rooms.store.load_grant(grant).await? else { return Ok(None) };
    let device = match root == grant {
        true => Some(loaded.grant.clone()),
        false => rooms.store.load_grant(root).await?.map(|loaded| loaded.grant),
    };
    let client_id = loaded.grant.client_id.as_str().into();
    let Some(held) = Held::of_claims(claims, Origin::Ours { client_id, audience: Vec::new() }) else { return Ok(None) };
    let newcomer = person(rooms, docket, &loaded.grant, root).await?;
    Ok(Some((Some(held), device, Some(loaded), newcomer)))
}

/// The person as the app that asks will know them: signed in when and how they did at the other.
async fn person(rooms: &Rooms, docket: Docket<'_>, grant: &GrantRecord, root: GrantId) -> Result<Option<Person>, Failure> {
    let client = docket.caller.client.client();
    let Some(user) = rooms.people.enabled(&grant.user_id).await? else { return Ok(None) };
    let mut newcomer = newcomers::newcomer(rooms, client, &user, &[], docket.now.timestamp());
    newcomer.auth_time = grant.allowed.auth_time;
    newcomer.acr.clone_from(&grant.allowed.acr);
    newcomer.amr.clone_from(&grant.allowed.amr);
    let session_id = grant.session_id.clone();
    let sid = session_id.as_deref().map(|session| sid(session, &client.id));
    newcomer.device = Some(Sibling { grant: root, session_id, sid });
    Ok(Some((newcomer, user)))
}
