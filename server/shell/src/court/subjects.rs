//! Subject tokens of a token exchange that are no access tokens.

use claimsmith_issuer::client::ClientKeys;
use claimsmith_issuer::grants::token_exchange::{Held, Kind, Origin, Presented, transaction};
use claimsmith_jose::{Digest, Jws};
use claimsmith_protocol::handle::{GrantId, RefreshToken};
use serde_json::{Map, Value};

use super::Docket;
use super::exchange::Found;
use crate::directory::Visit;
use crate::failure::Failure;
use crate::own_jwt;
use crate::rooms::Rooms;

/// The longest token that is looked at, in bytes.
const TOKEN_LENGTH_MAX: usize = 16 * 1024;

const NOTHING: Found = (None, None, None);

pub(super) async fn find(rooms: &Rooms, visit: &Visit, docket: Docket<'_>, presented: &Presented) -> Result<Found, Failure> {
    let (text, now) = (presented.text.expose(), docket.now.timestamp());
    match presented.kind {
        Kind::IdToken => id_token(rooms, visit, docket, text).await,
        Kind::RefreshToken => refresh_token(rooms, docket, text).await,
        Kind::Transaction => {
            let claims = own_jwt::of_type(rooms, visit, (text, transaction::TYP), now.seconds());
            Ok((claims.and_then(transaction::replaced), None, None))
        }
        Kind::SelfSigned => Ok((self_signed(rooms, docket, text).await, None, None)),
        Kind::UnsignedJson => {
            let said = serde_json::from_str(text).ok();
            Ok((said.and_then(|claims| transaction::unsigned(claims, now)), None, None))
        }
        Kind::AccessToken | Kind::Jwt | Kind::IdentityAssertion | Kind::DeviceSecret => Ok(NOTHING),
    }
}

/// An ID token of the client that brings it, with the grant that it was made for.
async fn id_token(rooms: &Rooms, visit: &Visit, docket: Docket<'_>, text: &str) -> Result<Found, Failure> {
    let client = docket.caller.client.client();
    let now = docket.now.timestamp().seconds();
    let Some(claims) = own_jwt::id_token_of(rooms, visit, client, text, now) else { return Ok(NOTHING) };
    let Some(grant) = claims.get("jti").and_then(Value::as_str).and_then(GrantId::of_jti) else { return Ok(NOTHING) };
    let Some(loaded) = rooms.store.load_grant(grant).await? else { return Ok(NOTHING) };
    Ok((Held::of_claims(claims, own(docket)), Some(loaded), None))
}

/// A refresh token of the client that brings it, which stays as it is.
async fn refresh_token(rooms: &Rooms, docket: Docket<'_>, text: &str) -> Result<Found, Failure> {
    let Some(claim) = RefreshToken::read(text).filter(|claim| rooms.shared.is_genuine(claim)) else { return Ok(NOTHING) };
    let Some(loaded) = rooms.store.load_grant(claim.grant).await? else { return Ok(NOTHING) };
    let digest = Digest::of(text.as_bytes());
    let Some(state) = loaded.grant.refresh.as_ref().filter(|state| state.digest == digest) else { return Ok(NOTHING) };
    let held = Held {
        subject: loaded.grant.allowed.subject.clone(),
        origin: own(docket),
        expires_at: state.expires_at,
        confirmation: None,
        claims: Map::new(),
    };
    Ok((Some(held), Some(loaded), None))
}

fn own(docket: Docket<'_>) -> Origin {
    Origin::Ours { client_id: docket.caller.client.client().id.as_str().into(), audience: Vec::new() }
}

/// What a workload says of whom it serves, signed with its own key.
async fn self_signed(rooms: &Rooms, docket: Docket<'_>, text: &str) -> Option<Held> {
    let client = docket.caller.client.client();
    let token = Jws::parse_within(text, TOKEN_LENGTH_MAX).ok()?;
    let keys = match client.keys()? {
        ClientKeys::Inline(jwks) => rooms.client_keys.inline(&jwks),
        ClientKeys::Uri(uri) => rooms.client_keys.fetched(&client.id, &uri, token.header().kid()).await,
    };
    let claims = token.verify_among(&*keys?, &rooms.settings.client_auth.signing_algs).ok()?.into_claims();
    transaction::self_signed(claims, &client.id, rooms.urls.as_str(), docket.now.timestamp())
}
