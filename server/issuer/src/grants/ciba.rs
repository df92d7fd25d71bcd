//! The grant of client-initiated backchannel authentication (OpenID Connect CIBA §10.1): a client asks, or is told to ask, whether the person
//! whom it named has decided.
//!
//! Refuses when: the client may not use the grant, or is given tokens unasked (`unauthorized_client`); the identifier is unknown, another
//! client's, or used (`invalid_grant`); nobody has decided (`authorization_pending`) or in time (`expired_token`), or the person said no
//! (`access_denied`); the client asks too often (`slow_down`).

use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::registration::DeliveryMode;

use super::target::parse_resources;
use super::{Case, DeferredKind, Verdict, deferred, may_use};
use crate::client::Client;

/// The value of `grant_type`.
pub const TYPE: GrantType = GrantType::Ciba;

/// The parameters the grant reads.
pub const PARAMETERS: [&str; 2] = ["auth_req_id", "resource"];

/// What the client asks for.
#[derive(Debug)]
pub struct Request {
    /// The identifier with which it asks.
    pub code: deferred::Request,
    /// The identifier, where this server asks in the client's place, to give it the tokens.
    pub pushed: Option<Box<str>>,
}

/// Reads the grant's parameters.
pub fn parse(form: &Form<'_>) -> Result<Request, Refusal> {
    let missing = || Refusal::invalid_request(Reason::MissingParameter, "auth_req_id is missing");
    let code = form.one("auth_req_id").ok_or_else(missing)?;
    Ok(Request { code: deferred::Request::new(DeferredKind::Backchannel, code, parse_resources(form)?), pushed: None })
}

/// What this server asks in the place of a client that is given its tokens.
pub fn pushed(auth_req_id: &str) -> Request {
    Request { code: deferred::Request::new(DeferredKind::Backchannel, auth_req_id, Vec::new()), pushed: Some(auth_req_id.into()) }
}

/// Refuses a client that may not use the grant.
pub fn admit(client: &Client) -> Result<(), Refusal> {
    may_use(client, TYPE)
}

/// What every client hears where the operator has not switched the grant on.
pub const fn not_offered() -> Refusal {
    super::not_allowed()
}

/// Decides what the client hears.
pub fn decide(request: &Request, case: &Case<'_>) -> Verdict {
    let client = case.caller.client();
    let is_pushed_to = client.registration.backchannel_token_delivery_mode == Some(DeliveryMode::Push);
    match admit(client) {
        // §11: who is given the tokens does not ask for them.
        Ok(()) if is_pushed_to != request.pushed.is_some() => Verdict::Refused(super::not_allowed(), None),
        Ok(()) => deferred::decide(&request.code, case),
        Err(refusal) => Verdict::Refused(refusal, None),
    }
}

#[cfg(test)]
mod tests;
