//! The resource owner password credentials grant ([RFC 6749 §4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3)): a person gives
//! their password to the client. OAuth 2.1 and RFC 9700 §2.4 have done away with it; here it is off until somebody needs it.
//!
//! Refuses when: the client may not use the grant (`unauthorized_client`); username or password is missing (`invalid_request`); they
//! are wrong, or the person has more to show than a password (`invalid_grant`); a scope or resource is not the client's to ask for
//! (`invalid_scope`, `invalid_target`).

use claimsmith_jose::Secret;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::scope::ScopeSet;

use super::newcomer::Wanted;
use super::target::{parse_resources, parse_scope};
use super::{Case, Entitled, may_use};
use crate::client::Client;

/// The value of `grant_type`.
pub const TYPE: GrantType = GrantType::Password;

/// The parameters the grant reads.
pub const PARAMETERS: [&str; 4] = ["username", "password", "scope", "resource"];

/// What the client asks for.
#[derive(Debug)]
pub struct Request {
    /// `username`, as it was typed.
    pub username: Box<str>,
    /// `password`.
    pub password: Secret<String>,
    pub(super) scope: Option<ScopeSet>,
    pub(super) resources: Vec<Box<str>>,
}

/// Reads the grant's parameters.
pub fn parse(form: &Form<'_>) -> Result<Request, Refusal> {
    let missing = |description| move || Refusal::invalid_request(Reason::MissingParameter, description);
    Ok(Request {
        username: form.one("username").ok_or_else(missing("username is missing"))?.into(),
        password: Secret::new(form.one("password").ok_or_else(missing("password is missing"))?.to_owned()),
        scope: parse_scope(form)?,
        resources: parse_resources(form)?,
    })
}

/// Refuses a client that may not use the grant, before anybody's password is looked at.
pub fn admit(client: &Client) -> Result<(), Refusal> {
    may_use(client, TYPE)
}

/// Decides what the client gets.
pub fn decide(request: &Request, case: &Case<'_>) -> Result<Entitled, Refusal> {
    admit(case.caller.client())?;
    let newcomer = case.newcomer.ok_or_else(wrong)?;
    newcomer.begin(Wanted { scope: request.scope.as_ref(), resources: &request.resources, refreshes: true }, case)
}

/// What everybody is told whose username and password are not enough. Security: it is the same for a wrong password, an unknown
/// person, one who is disabled, one who has to show more, and one for whom too much was tried.
pub const fn wrong() -> Refusal {
    Refusal::new(ErrorCode::InvalidGrant, Reason::WrongPassword, "the username or password is wrong, or is not enough")
}

#[cfg(test)]
mod tests;
