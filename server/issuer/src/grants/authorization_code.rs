//! The authorization code grant ([RFC 6749 §4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)): a client turns the code
//! that a person's consent became into tokens.
//!
//! Refuses when: the client may not use the grant (`unauthorized_client`); the code is unknown, another client's, used, too old, or
//! what it stands for was taken back; `redirect_uri` or `code_verifier` is not that of the request; the code is bound to another key;
//! the person is gone (`invalid_grant`); a resource was not agreed to (`invalid_target`).

use claimsmith_jose::Digest;
use claimsmith_protocol::authorize::is_verifier;
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::handle::{Code, GrantId};
use claimsmith_protocol::registration::Profile;

use super::refresh_token::{Narrowed, first_refresh, for_person, invalid_grant};
use super::target::parse_resources;
use super::{Case, CodeState, ForPerson, From, GrantRecord, Remedy, Verdict, may_use};
use crate::client::Client;
use crate::confirmation::Confirmation;

/// The value of `grant_type`.
pub const TYPE: GrantType = GrantType::AuthorizationCode;

/// The parameters the grant reads.
pub const PARAMETERS: [&str; 5] = ["code", "redirect_uri", "code_verifier", "resource", "authorization_details"];

/// What the client asks for.
#[derive(Debug)]
pub struct Request {
    /// The grant that the code claims to be of; absent where it is no code of ours.
    pub grant: Option<GrantId>,
    digest: Digest,
    redirect_uri: Option<Box<str>>,
    verifier: Option<Box<str>>,
    pub(super) narrowed: Narrowed,
}

/// Reads the grant's parameters.
pub fn parse(form: &Form<'_>) -> Result<Request, Refusal> {
    let missing = || Refusal::invalid_request(Reason::MissingParameter, "code is missing");
    let code = form.one("code").ok_or_else(missing)?;
    let details = form.one("authorization_details").map(Into::into);
    Ok(Request {
        grant: Code::grant_of(code),
        digest: Digest::of(code.as_bytes()),
        redirect_uri: form.one("redirect_uri").map(Into::into),
        verifier: form.one("code_verifier").map(Into::into),
        narrowed: Narrowed { scope: None, resources: parse_resources(form)?, details },
    })
}

impl Request {
    pub(super) fn resources(&self) -> &[Box<str>] {
        &self.narrowed.resources
    }
}

/// Decides what the client gets.
pub fn decide(request: &Request, case: &Case<'_>) -> Verdict {
    match judge(request, case) {
        Ok(entitled) => Verdict::Entitled(entitled),
        Err((refusal, remedy)) => Verdict::Refused(refusal, remedy),
    }
}

type Judgement<T> = Result<T, (Refusal, Option<Remedy>)>;

fn judge(request: &Request, case: &Case<'_>) -> Judgement<super::Entitled> {
    let client = case.caller.client();
    may_use(client, TYPE).map_err(|refusal| (refusal, None))?;
    let (grant, code) = find(request, case)?;
    let plain = |reason| (invalid_grant(reason), None);
    if code.spent_at.is_some() {
        // RFC 6749 §4.1.2: whoever came first may not have been the client.
        return Err((invalid_grant(Reason::SpentCode), Some(Remedy::Revoke(grant.id))));
    }
    if case.now >= code.expires_at || grant.is_over(case.now) {
        return Err(plain(Reason::RevokedGrant));
    }
    check_redirect_uri(request, grant, client).map_err(plain)?;
    check_verifier(request, grant).map_err(|reason| {
        let guessed = request.verifier.is_some() && grant.allowed.challenge.is_some();
        (invalid_grant(reason), guessed.then_some(Remedy::Spend(grant.id, code.digest)))
    })?;
    check_key(grant, case.confirmation).map_err(plain)?;
    if !case.caller.is_instance(grant.allowed.instance.as_deref()) {
        return Err(plain(Reason::WrongAttestation));
    }
    if !case.person_is_there {
        return Err(plain(Reason::UserGone));
    }
    let refresh = first_refresh(grant, client, case.policy);
    let person = |id_token| ForPerson { grant: grant.clone(), id_token, refresh, from: From::Code(code.digest) };
    for_person(&request.narrowed, grant, case, person).map_err(|refusal| (refusal, None))
}

fn find<'a>(request: &Request, case: &Case<'a>) -> Judgement<(&'a GrantRecord, CodeState)> {
    let unknown = || (invalid_grant(Reason::UnknownGrantHandle), None);
    let grant = case.grant.ok_or_else(unknown)?;
    let code = grant.code.ok_or_else(unknown)?;
    // Security: a code of another client is as unknown as one that was made up, and nothing comes of presenting it: the rightful
    // client's tokens live on.
    if code.digest != request.digest || grant.allowed.deferred || grant.client_id != case.caller.client().id {
        Err(unknown())
    } else {
        Ok((grant, code))
    }
}

/// RFC 6749 §4.1.3; OAuth 2.1 §10.2 leaves it out.
fn check_redirect_uri(request: &Request, grant: &GrantRecord, client: &Client) -> Result<(), Reason> {
    match (&grant.allowed.redirect_uri, &request.redirect_uri) {
        (Some(named), Some(repeated)) if named == repeated => Ok(()),
        (Some(_), None) if client.registration.profile == Some(Profile::OAuth21) => Ok(()),
        (None, None) => Ok(()),
        (None, Some(only)) if client.registration.redirect_uris.contains(only) => Ok(()),
        _ => Err(Reason::UnknownRedirectUri),
    }
}

/// RFC 7636 §4.6, RFC 9700 §4.8.2.
fn check_verifier(request: &Request, grant: &GrantRecord) -> Result<(), Reason> {
    match (&grant.allowed.challenge, &request.verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if is_verifier(verifier) && challenge.is_met_by(verifier) => Ok(()),
        // Security: a verifier for a code without a challenge is a downgrade that somebody else made.
        _ => Err(Reason::WrongVerifier),
    }
}

/// RFC 9449 §10.
fn check_key(grant: &GrantRecord, confirmation: Option<&Confirmation>) -> Result<(), Reason> {
    let Some(wanted) = &grant.allowed.dpop_jkt else { return Ok(()) };
    match confirmation {
        Some(Confirmation::Jkt(held)) if held.to_base64url() == **wanted => Ok(()),
        _ => Err(Reason::WrongProof),
    }
}

#[cfg(test)]
mod tests;
