//! Tokens that the browser carries: the implicit and hybrid flows (OpenID Connect Core §3.2, §3.3; RFC 6749 §4.2).
//!
//! Made before the grant is in the ledger, so that a plugin's refusal spends nothing; shown to nobody before it is.

use claimsmith_issuer::claims::{Claims, Recorded, Shaped};
use claimsmith_issuer::grants::{Entitled, GrantRecord, implicit};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::handle::Code;
use claimsmith_store::LoadedGrant;

use super::Stop;
use super::flow::Walk;
use crate::companions::{self, IdTokenWish};
use crate::failure::Failure;
use crate::hook_room::{Asked, Occasion, Room};
use crate::issue::{self, Reference};
use crate::record::{self, Circumstances, OfPerson};
use crate::report::{Report, Stage};

/// What is in the answer beside the code, and what the ledger has to know of it first.
#[derive(Default)]
pub(super) struct Minted {
    /// The parameters of the response.
    pub parameters: Vec<(&'static str, String)>,
    ledger: Option<Box<Ledger>>,
}

/// An access token, as the ledger knows it.
struct Ledger {
    reference: Option<Reference>,
    token: Recorded,
    circumstances: Circumstances,
}

/// Makes what the response type asks for. The client's plugins are asked as they are at the token endpoint.
pub(super) async fn mint(walk: &Walk<'_>, grant: &GrantRecord, code: Option<&Code>, report: &mut Report) -> Result<Minted, Stop> {
    if !walk.asked.response_type.is_front_channel() {
        return Ok(Minted::default());
    }
    let minted = make(walk, grant, code, report).await.map_err(|failure| walk.failed(failure))?;
    report.stage(Stage::Sign);
    Ok(minted)
}

async fn make(walk: &Walk<'_>, grant: &GrantRecord, code: Option<&Code>, report: &mut Report) -> Result<Minted, Failure> {
    let (rooms, entry, visit) = (walk.rooms, &walk.entry, &walk.visit);
    let response_type = walk.asked.response_type;
    let entitled = implicit::decide(&entry.client, grant, response_type, visit.resources(), &rooms.settings.defaults)?;
    let person = walk.user.as_ref().map(|user| (user.person.clone(), user.updated_at));
    let loaded = LoadedGrant { grant: grant.clone(), person };
    let form = Form::default();
    let occasion = Occasion { arrival: walk.arrival, form: &form, grant: Some(GrantType::Implicit), now: walk.now };
    let mut room = Room::of_client(rooms, visit, entry, occasion);
    let background = companions::background_for(&room, Some(&loaded), None);
    let asked = Asked {
        scopes: walk.asked.scopes.tokens(),
        resources: &walk.asked.resources,
        subject: Some(&grant.allowed.subject),
        refresh: false,
        background: background.as_ref(),
    };
    let access = match response_type.has_token() {
        true => Some(access_token(walk, &mut room, (&entitled, asked), report).await?),
        false => None,
    };
    let mut parameters = access.as_ref().map(|(token, claims)| of_access_token(&token.text, claims)).unwrap_or_default();
    if response_type.has_id_token() {
        let bound_to = bound_to(access.as_ref().map(|(token, _)| &*token.text), code, walk.asked.to.state.as_deref());
        let alone = access.is_none() && code.is_none();
        let wish = IdTokenWish { loaded: &loaded, asked, alone, first: true, bound_to: &bound_to, of: None, now: walk.now.timestamp() };
        parameters.push(("id_token", companions::id_token(rooms, (visit, &mut room), wish, report).await?));
    }
    let ledger = access.map(|(token, claims)| {
        let of_person = OfPerson::of(&entitled);
        let (grant, request) = (GrantType::Implicit, walk.arrival.id);
        let subject = loaded.grant.allowed.subject.clone();
        let circumstances = Circumstances { grant, shaped_by: room.shaped_by(), request, subject, of_person, advance: None };
        Box::new(Ledger { reference: token.reference, token: claims.into_record(), circumstances })
    });
    Ok(Minted { parameters, ledger })
}

/// The access token. Bound to no key, for nobody has proved to hold one.
async fn access_token(
    walk: &Walk<'_>,
    room: &mut Room<'_>,
    (entitled, asked): (&Entitled, Asked<'_>),
    report: &mut Report,
) -> Result<(issue::Issued, Claims<Shaped>), Failure> {
    let entitlement = issue::entitlement(walk.rooms, &walk.entry.client.id, entitled, None);
    let draft = Claims::draft(&entitlement, issue::jti(entitled), walk.now.timestamp());
    let claims = room.access_token(draft, entitled.lifetime_ceiling.seconds(), asked, report).await?;
    let token = issue::access_token(walk.rooms, &walk.visit, entitled, &claims, report).await?;
    Ok((token, claims))
}

/// Its members of the response (RFC 6749 §4.2.2).
fn of_access_token(text: &str, claims: &Claims<Shaped>) -> Vec<(&'static str, String)> {
    let scopes = claims.scopes().iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" ");
    vec![
        ("access_token", text.to_owned()),
        ("token_type", "Bearer".to_owned()),
        ("expires_in", claims.lifetime().to_string()),
        ("scope", scopes),
    ]
}

/// What an ID token of the browser is bound to (OpenID Connect Core §3.3.2.11; `s_hash`: FAPI 1.0 Advanced §5.1.1).
fn bound_to<'a>(access_token: Option<&'a str>, code: Option<&'a Code>, state: Option<&'a str>) -> Vec<(&'static str, &'a str)> {
    let all = [("at_hash", access_token), ("c_hash", code.map(Code::expose)), ("s_hash", state)];
    all.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
}

impl Minted {
    /// Tells the ledger, once it knows the grant. Nothing leaves before.
    pub(super) async fn settle(&mut self, walk: &Walk<'_>) -> Result<(), Stop> {
        let Some(ledger) = self.ledger.take() else { return Ok(()) };
        let Ledger { reference, token, circumstances } = *ledger;
        let settled = record::settle(walk.rooms, &walk.entry.client.id, reference, token, circumstances).await;
        settled.map_err(|failure| walk.failed(failure))
    }
}
