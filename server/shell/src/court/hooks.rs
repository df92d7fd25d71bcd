//! What plugins say of tokens and assertions that were verified: they may refuse, and make less of what the court allowed.

use claimsmith_issuer::claims::{BearerAssertion, TokenExchange};
use claimsmith_issuer::grants::token_exchange::{self, Exchange};
use claimsmith_issuer::grants::{Entitled, From, Request, jwt_bearer};
use claimsmith_issuer::hook::{Background, ExchangeMode};
use claimsmith_issuer::value::Member;
use serde_json::json;

use super::Presented;
use crate::assertions::members;
use crate::companions::{members_of, object_of};
use crate::failure::Failure;
use crate::hook_room::{Asked, Room};
use crate::report::Report;

/// Lets the plugins of the client have their say. Nothing is spent yet.
pub async fn shape(
    room: &mut Room<'_>,
    (request, presented): (&Request, &Presented),
    entitled: &mut Entitled,
    background: Option<&Background>,
    report: &mut Report,
) -> Result<(), Failure> {
    let client_id = &room.client().id;
    match (request, &presented.exchange, &presented.asserted) {
        (Request::TokenExchange(request_of), Some(exchange), _) => {
            let draft = exchange_draft(room, request_of, exchange, entitled);
            let (user, former) = (draft.user.clone(), draft.mode);
            let asked = Asked::of(request, entitled, background, client_id);
            let shaped = room.token_exchange(draft, asked, report).await?;
            if shaped.user != user {
                return Err(token_exchange::unacceptable().into());
            }
            (entitled.scopes, entitled.audience) = (shaped.scopes, shaped.audience);
            if shaped.mode != former
                && let Some(exchanged) = &mut entitled.exchanged
            {
                exchanged.act = act_of(exchange, shaped.mode, client_id);
            }
            remember(entitled, &shaped.attributes);
        }
        (Request::JwtBearer(_), _, Some(asserted)) => {
            let draft = assertion_draft(asserted, entitled);
            let user = draft.user.clone();
            let asked = Asked::of(request, entitled, background, client_id);
            let shaped = room.jwt_bearer(draft, asked, report).await?;
            if shaped.user != user {
                return Err(jwt_bearer::unbelieved().into());
            }
            entitled.scopes = shaped.scopes;
            remember(entitled, &shaped.attributes);
        }
        _ => {}
    }
    Ok(())
}

fn exchange_draft(room: &Room<'_>, request: &token_exchange::Request, exchange: &Exchange, entitled: &Entitled) -> TokenExchange {
    let claims = |held: &Option<token_exchange::Held>| held.as_ref().map(|held| members(&held.claims)).unwrap_or_default();
    let delegates = entitled.exchanged.as_deref().is_some_and(|exchanged| exchanged.act.is_some());
    TokenExchange {
        claims: claims(&exchange.subject),
        actor_claims: claims(&exchange.actor),
        subject_token_type: request.subject.kind.as_str().into(),
        requested_token_type: entitled.exchanged.as_ref().map_or("", |exchanged| exchanged.issued).into(),
        scopes: entitled.scopes.clone(),
        audience: entitled.audience.clone(),
        mode: if delegates { ExchangeMode::Delegation } else { ExchangeMode::Impersonation },
        may_impersonate: room.client().registration.token_exchange.as_ref().is_some_and(|policy| policy.impersonation),
        user: user_of(entitled),
        attributes: attributes_of(entitled),
    }
}

fn assertion_draft(asserted: &jwt_bearer::Asserted, entitled: &Entitled) -> BearerAssertion {
    BearerAssertion {
        issuer: asserted.trusted.issuer.clone(),
        claims: members(&asserted.assured.claims),
        scopes: entitled.scopes.clone(),
        user: user_of(entitled),
        attributes: attributes_of(entitled),
    }
}

/// Who acts where a plugin has it otherwise: the client itself, or who acted before.
fn act_of(exchange: &Exchange, mode: ExchangeMode, client_id: &str) -> Option<Box<str>> {
    let former = exchange.subject.as_ref().and_then(|held| held.claims.get("act"));
    match mode {
        ExchangeMode::Impersonation => former.map(|act| act.to_string().into()),
        ExchangeMode::Delegation => {
            let mut act = json!({ "iss": exchange.ourselves, "sub": client_id, "client_id": client_id });
            if let Some(former) = former {
                act["act"] = former.clone();
            }
            Some(act.to_string().into())
        }
    }
}

/// Of a grant that begins; what an older one remembers is not rewritten by who exchanges one of its tokens.
fn remember(entitled: &mut Entitled, attributes: &[Member]) {
    if let Some(person) = entitled.person.as_mut().filter(|person| person.from == From::New) {
        person.grant.allowed.attributes = (!attributes.is_empty()).then(|| object_of(attributes));
        person.grant.allowed.scopes.clone_from(&entitled.scopes);
    }
}

fn user_of(entitled: &Entitled) -> Option<Box<str>> {
    entitled.person.as_ref().map(|person| person.grant.user_id.as_str().into())
}

fn attributes_of(entitled: &Entitled) -> Vec<Member> {
    members_of(entitled.person.as_ref().and_then(|person| person.grant.allowed.attributes.as_deref()))
}
