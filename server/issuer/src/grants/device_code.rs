//! The device authorization grant ([RFC 8628 §3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4)): a device without a browser asks
//! again and again whether its person has decided on another one.
//!
//! Refuses when: the client may not use the grant (`unauthorized_client`); the code is unknown, another client's, or used
//! (`invalid_grant`); nobody has decided (`authorization_pending`) or in time (`expired_token`), or somebody said no (`access_denied`);
//! the client asks too often (`slow_down`).

use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;

use super::target::parse_resources;
use super::{Case, DeferredKind, Verdict, deferred, may_use};
use crate::client::Client;

/// The value of `grant_type`.
pub const TYPE: GrantType = GrantType::DeviceCode;

/// The parameters the grant reads.
pub const PARAMETERS: [&str; 2] = ["device_code", "resource"];

/// What the device asks for.
#[derive(Debug)]
pub struct Request {
    /// The code with which it asks.
    pub code: deferred::Request,
}

/// Reads the grant's parameters.
pub fn parse(form: &Form<'_>) -> Result<Request, Refusal> {
    let missing = || Refusal::invalid_request(Reason::MissingParameter, "device_code is missing");
    let code = form.one("device_code").ok_or_else(missing)?;
    Ok(Request { code: deferred::Request::new(DeferredKind::Device, code, parse_resources(form)?) })
}

/// Refuses a client that may not use the grant.
pub fn admit(client: &Client) -> Result<(), Refusal> {
    may_use(client, TYPE)
}

/// What every client hears where the operator has not switched the grant on.
pub const fn not_offered() -> Refusal {
    super::not_allowed()
}

/// Decides what the device hears.
pub fn decide(request: &Request, case: &Case<'_>) -> Verdict {
    match admit(case.caller.client()) {
        Ok(()) => deferred::decide(&request.code, case),
        Err(refusal) => Verdict::Refused(refusal, None),
    }
}

#[cfg(test)]
mod tests;
