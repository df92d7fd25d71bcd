//! The checks of an authorization request, in order, and which endpoints share them.
//!
//! Everything after the redirect URI is answered there; what is wrong before is shown to the person.

use claimsmith_protocol::authorize::{Challenge, ClaimsRequest, ECHO_MAX, Parameters, Prompt};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::redirect::Vetted;
use claimsmith_protocol::registration::Profile;
use claimsmith_protocol::resource::check_resource;
use claimsmith_protocol::response::{ResponseMode, ResponseType};
use claimsmith_protocol::scope::ScopeSet;
use serde_json::Value;

use super::{Asked, AuthorizeRefusal, ReturnAddress};
use crate::client::{Authentication, Client};
use crate::detail_types::DetailTypes;
use crate::grants::{Resources, ciba, device_code};
use crate::policy::PeoplePolicy;

/// Parameters that may stand more than once (RFC 8707 §2).
pub const REPEATABLE: &[&str] = &["resource"];

/// The most resources one request may name.
const RESOURCES_MAX: usize = 16;

/// The most bytes of `authorization_details` (RFC 9396 §12).
const DETAILS_MAX: usize = 16 << 10;

/// The most elements of `authorization_details`.
const DETAILS_COUNT_MAX: usize = 32;

/// An endpoint that takes authorization requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The authorization endpoint.
    Authorize,
    /// The pushed authorization request endpoint.
    Par,
    /// The device authorization endpoint; the grant to be.
    Device(GrantId),
    /// The backchannel authentication endpoint; the grant to be.
    Backchannel(GrantId),
}

/// Where the parameters come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// Plain parameters.
    None,
    /// A request object without a signature.
    Unsigned,
    /// A signed request object.
    Signed,
}

/// A request and all that it is held against.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The parameters that count.
    pub parameters: &'a Parameters,
    /// Its client.
    pub client: &'a Client,
    /// What the operator decided.
    pub policy: &'a PeoplePolicy,
    /// The registry of resources.
    pub resources: &'a Resources,
    /// Where it arrived.
    pub column: Column,
    /// What it arrived in.
    pub object: Object,
    /// Whether it was pushed.
    pub pushed: bool,
}

type Check = fn(&Asking<'_>, &mut Asked) -> Result<(), Refusal>;

/// The matrix: a row is a check, its columns are the endpoints that make it.
///
/// | check | authorize | PAR | device | backchannel |
const CHECKS: [(Check, bool, bool, bool, bool); 18] = [
    (no_parameter_twice, true, true, true, true),
    (pushed_where_required, true, false, false, false),
    (signed_where_required, true, true, false, false),
    (no_request_within, true, true, false, false),
    (no_registration, true, true, false, false),
    (response_type, true, true, false, false),
    (grant, true, true, true, true),
    (response_mode, true, true, false, false),
    (echoes, true, true, false, false),
    (scope, true, true, true, true),
    (challenge, true, true, false, false),
    (nonce, true, true, false, false),
    (prompt, true, true, false, false),
    (max_age, true, true, false, true),
    (claims, true, true, true, true),
    (resources, true, true, true, true),
    (details, true, true, true, true),
    (dpop_key, true, true, false, false),
];

/// Checks a request.
pub fn check(asking: &Asking<'_>) -> Result<Asked, AuthorizeRefusal> {
    let to = return_address(asking)?;
    let mut asked = blank(asking, to);
    for (check, authorize, par, device, backchannel) in CHECKS {
        let applies = match asking.column {
            Column::Authorize => authorize,
            Column::Par => par,
            Column::Device(_) => device,
            Column::Backchannel(_) => backchannel,
        };
        if applies && let Err(refusal) = check(asking, &mut asked) {
            return Err(AuthorizeRefusal::Returned(refusal, Box::new(asked.to)));
        }
    }
    Ok(asked)
}

/// Where the answer goes, good or bad ([RFC 6749 §4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
pub fn return_address(asking: &Asking<'_>) -> Result<ReturnAddress, AuthorizeRefusal> {
    let parameters = asking.parameters;
    if let Column::Device(grant) | Column::Backchannel(grant) = asking.column {
        return Ok(ReturnAddress::device(asking.client.id.clone(), grant));
    }
    let page = |description| AuthorizeRefusal::Page(Refusal::invalid_request(Reason::UnknownRedirectUri, description));
    // Security: of two redirect URIs, two parsers might take two.
    let twice = |name: &str| parameters.all(name).nth(1).is_some();
    if twice("redirect_uri") || twice("client_id") {
        return Err(page("redirect_uri and client_id may stand once"));
    }
    let registered = &asking.client.registration.redirect_uris;
    let openid = parameters.one("scope").is_some_and(|scope| scope.split(' ').any(|word| word == "openid"));
    let redirect_uri = match parameters.one("redirect_uri") {
        Some(requested) => Vetted::vet(requested, registered).ok_or_else(|| page("the redirect_uri is not registered for this client"))?,
        // OpenID Connect Core §3.1.2.1: always; FAPI 2.0 Security Profile §5.3.2.2.
        None if openid || asking.client.registration.is_fapi() => return Err(page("redirect_uri is missing")),
        None => Vetted::only(registered).ok_or_else(|| page("redirect_uri is missing, and the client has not just one"))?,
    };
    let response_type = parameters.one("response_type").and_then(ResponseType::parse).unwrap_or(ResponseType::Code);
    let default = ResponseMode::default_of(response_type);
    let mode = parameters.one("response_mode").and_then(|mode| ResponseMode::parse(mode, response_type));
    let mode = mode.filter(|mode| mode_is_safe(*mode, response_type, asking.client)).unwrap_or(default);
    let state = parameters.one("state").filter(|state| state.len() <= ECHO_MAX && !twice("state")).map(Into::into);
    Ok(ReturnAddress { client_id: asking.client.id.clone(), redirect_uri, mode: signed_if_must(mode, asking.client), state, device: None })
}

/// A client of FAPI 2.0 Message Signing gets signed responses whatever it asks for (FAPI 2.0 Message Signing §5.4).
fn signed_if_must(mode: ResponseMode, client: &Client) -> ResponseMode {
    let must = client.registration.profile == Some(Profile::Fapi2MessageSigning);
    ResponseMode { signed: mode.signed || must, ..mode }
}

/// Tokens never travel in a query, which servers log (Multiple Response Types §3), unless nobody but the client can read it
/// (JARM §2.3.1).
fn mode_is_safe(mode: ResponseMode, response_type: ResponseType, client: &Client) -> bool {
    let encrypted = mode.signed && client.registration.authorization_encrypted_response_alg.is_some();
    mode.carrier != claimsmith_protocol::response::Carrier::Query || !response_type.is_front_channel() || encrypted
}

fn blank(asking: &Asking<'_>, to: ReturnAddress) -> Asked {
    let text = |name: &str| asking.parameters.one(name).map(Into::into);
    Asked {
        redirect_uri_named: asking.parameters.one("redirect_uri").is_some(),
        id_token_hint: text("id_token_hint"),
        login_hint: text("login_hint"),
        ui_locales: text("ui_locales"),
        ..Asked::of(to, ResponseType::Code)
    }
}

fn malformed(description: &'static str) -> Refusal {
    Refusal::invalid_request(Reason::MalformedParameter, description)
}

/// RFC 6749 §3.1.
fn no_parameter_twice(asking: &Asking<'_>, _: &mut Asked) -> Result<(), Refusal> {
    match asking.parameters.repeated(REPEATABLE) {
        Some(_) => Err(Refusal::invalid_request(Reason::MalformedForm, "a parameter is repeated")),
        None => Ok(()),
    }
}

/// RFC 9126 §5 and §6, FAPI 2.0 Security Profile §5.3.2.2.
fn pushed_where_required(asking: &Asking<'_>, _: &mut Asked) -> Result<(), Refusal> {
    let registration = &asking.client.registration;
    let must = asking.policy.require_pushed_requests || registration.require_pushed_authorization_requests || registration.is_fapi();
    if must && !asking.pushed {
        return Err(Refusal::invalid_request(Reason::ProfileViolated, "the request has to be pushed first"));
    }
    Ok(())
}

/// RFC 9101 §10.5, FAPI 2.0 Message Signing §5.3.1.
fn signed_where_required(asking: &Asking<'_>, _: &mut Asked) -> Result<(), Refusal> {
    let registration = &asking.client.registration;
    let must = asking.policy.require_signed_requests
        || registration.require_signed_request_object
        || registration.profile == Some(Profile::Fapi2MessageSigning);
    if must && asking.object != Object::Signed {
        return Err(Refusal::invalid_request(Reason::ProfileViolated, "the request has to be a signed request object"));
    }
    Ok(())
}

/// RFC 9101 §4, RFC 9126 §2.1: a request holds no second one.
fn no_request_within(asking: &Asking<'_>, _: &mut Asked) -> Result<(), Refusal> {
    let within = asking.object != Object::None || asking.column == Column::Par || asking.pushed;
    if within && (asking.parameters.one("request").is_some() || asking.parameters.one("request_uri").is_some()) {
        return Err(malformed("a request must not hold another one"));
    }
    Ok(())
}

/// OpenID Connect Core §7.2.1.
fn no_registration(asking: &Asking<'_>, _: &mut Asked) -> Result<(), Refusal> {
    match asking.parameters.one("registration") {
        Some(_) => Err(Refusal::new(ErrorCode::RegistrationNotSupported, Reason::MalformedParameter, "registration is not supported")),
        None => Ok(()),
    }
}

/// RFC 6749 §3.1.1.
fn response_type(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    let Some(text) = asking.parameters.one("response_type") else {
        return Err(Refusal::invalid_request(Reason::MissingParameter, "response_type is missing"));
    };
    let refuse = |code, description| Refusal::new(code, Reason::ResponseTypeNotAllowed, description);
    let unsupported = || refuse(ErrorCode::UnsupportedResponseType, "this response_type is not supported");
    let response_type = ResponseType::parse(text).filter(|known| asking.policy.response_types.contains(known)).ok_or_else(unsupported)?;
    let profile = asking.client.registration.profile;
    if !asking.client.registration.may_ask_for(response_type) || (profile.is_some() && response_type.is_front_channel()) {
        return Err(refuse(ErrorCode::UnauthorizedClient, "the client may not use this response_type"));
    }
    asked.response_type = response_type;
    Ok(())
}

fn grant(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    if let Column::Device(_) = asking.column {
        // RFC 8628 §5.4: whoever holds the code may not be who began, so the person is always asked.
        asked.prompt.consent = true;
        return device_code::admit(asking.client);
    }
    if let Column::Backchannel(_) = asking.column {
        asked.prompt.consent = true;
        return ciba::admit(asking.client);
    }
    if asked.response_type.has_code() && !asking.client.grants.contains(&GrantType::AuthorizationCode) {
        return Err(Refusal::new(ErrorCode::UnauthorizedClient, Reason::GrantNotAllowed, "the client may not use this grant"));
    }
    front_channel(asking.client, asked.response_type)
}

/// RFC 7591 §2.1: tokens through the browser are the grant `implicit`. And nobody proves anything there, so none of them could be
/// bound to a key (RFC 9449 §5, RFC 8705 §3).
fn front_channel(client: &Client, response_type: ResponseType) -> Result<(), Refusal> {
    if response_type.is_front_channel() && !client.grants.contains(&GrantType::Implicit) {
        return Err(Refusal::new(ErrorCode::UnauthorizedClient, Reason::GrantNotAllowed, "the client may not use this grant"));
    }
    if response_type.has_token() && client.registration.binds_access_tokens() {
        let description = "the client's access tokens are bound to its key, and no such token comes through the browser";
        return Err(Refusal::new(ErrorCode::UnauthorizedClient, Reason::ResponseTypeNotAllowed, description));
    }
    Ok(())
}

/// Multiple Response Types §2.1, JARM §2.3.
fn response_mode(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    let Some(text) = asking.parameters.one("response_mode") else { return Ok(()) };
    let Some(mode) = ResponseMode::parse(text, asked.response_type) else {
        return Err(malformed("this response_mode is not supported"));
    };
    if !mode_is_safe(mode, asked.response_type, asking.client) {
        return Err(malformed("tokens do not travel in a query"));
    }
    if mode.signed != signed_if_must(mode, asking.client).signed {
        return Err(Refusal::invalid_request(
            Reason::ProfileViolated,
            "the client's responses are signed: use a response_mode that ends in jwt",
        ));
    }
    Ok(())
}

/// What is handed back is handed back whole, or not taken at all.
fn echoes(asking: &Asking<'_>, _: &mut Asked) -> Result<(), Refusal> {
    for name in ["state", "nonce"] {
        if asking.parameters.one(name).is_some_and(|text| text.len() > ECHO_MAX) {
            return Err(malformed("state and nonce have at most 2048 bytes"));
        }
    }
    Ok(())
}

fn scope(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    let bad = |description| Refusal::new(ErrorCode::InvalidScope, Reason::ScopeNotAllowed, description);
    let client = asking.client;
    asked.scopes = match asking.parameters.one("scope") {
        Some(text) => ScopeSet::parse(text).map_err(|_| bad("the scope is malformed"))?,
        None => {
            let mut scopes = client.default_scopes.clone();
            scopes.retain(|scope| !matches!(scope, "openid" | "offline_access"));
            scopes
        }
    };
    // OpenID Connect Core §11: ignored where no refresh token can come of it.
    if !asked.response_type.has_code() || !client.grants.contains(&GrantType::RefreshToken) {
        asked.scopes.retain(|scope| scope != "offline_access");
    }
    if !asked.scopes.is_subset_of(&client.scopes) {
        return Err(bad("a scope is not the client's to ask for"));
    }
    if asked.response_type.has_id_token() && !asked.is_openid() {
        return Err(bad("an ID token needs the scope openid"));
    }
    Ok(())
}

/// RFC 7636 §4.4.1, RFC 9700 §2.1.1.
fn challenge(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    let refuse = |description| Refusal::invalid_request(Reason::MalformedChallenge, description);
    let (challenge, method) = (asking.parameters.one("code_challenge"), asking.parameters.one("code_challenge_method"));
    asked.challenge = Challenge::parse(challenge, method).map_err(|invalid| Refusal {
        code: ErrorCode::InvalidRequest,
        description: invalid.to_string().into(),
        reason: Reason::MalformedChallenge,
    })?;
    let public = matches!(asking.client.authentication, Authentication::Public);
    let must = public || asking.policy.require_pkce || asking.client.registration.profile.is_some();
    if asked.response_type.has_code() && asked.challenge.is_none() {
        if must {
            return Err(refuse("code_challenge is missing"));
        }
        // RFC 9700 §2.1.1: a confidential client of OpenID Connect may use the nonce instead.
        if !asked.is_openid() || asking.parameters.one("nonce").is_none() {
            return Err(refuse("code_challenge is missing, and there is no nonce in its place"));
        }
    }
    Ok(())
}

/// OpenID Connect Core §3.2.2.1, §3.3.2.11.
fn nonce(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    asked.nonce = asking.parameters.one("nonce").map(Into::into);
    if asked.response_type.has_id_token() && asked.nonce.is_none() {
        return Err(Refusal::invalid_request(Reason::MissingParameter, "nonce is missing"));
    }
    Ok(())
}

fn prompt(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    if let Some(text) = asking.parameters.one("prompt") {
        asked.prompt = Prompt::parse(text).ok_or_else(|| malformed("prompt has an unknown value, or none beside another"))?;
    }
    Ok(())
}

fn max_age(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    asked.max_age = match asking.parameters.one("max_age") {
        None => asking.client.registration.default_max_age,
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            asked.max_age_asked = true;
            Some(text.parse().unwrap_or(u32::MAX))
        }
        Some(_) => return Err(malformed("max_age must be a number of seconds")),
    };
    Ok(())
}

/// OpenID Connect Core §5.5.
fn claims(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    let acr_values =
        asking.parameters.one("acr_values").map(|text| text.split(' ').filter(|word| !word.is_empty()).map(Into::into).collect());
    asked.acr_values = acr_values.unwrap_or_else(|| asking.client.registration.default_acr_values.clone());
    let Some(text) = asking.parameters.one("claims") else { return Ok(()) };
    asked.claims = ClaimsRequest::parse(text).map_err(|_| malformed("claims is malformed"))?;
    asked.claims_text = Some(text.into());
    // OpenID Connect Core §5.5.1.1: the claim outweighs the parameter.
    if let Some(wish) = asked.claims.of_id_token("acr") {
        let named: Vec<Box<str>> = wish.values.iter().filter_map(Value::as_str).map(Into::into).collect();
        if !named.is_empty() {
            asked.acr_essential = wish.essential;
            asked.acr_values = named;
        }
    }
    Ok(())
}

/// RFC 8707 §2.1.
fn resources(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    let bad = |description| Refusal::new(ErrorCode::InvalidTarget, Reason::ResourceNotAllowed, description);
    for text in asking.parameters.all("resource") {
        let uri = check_resource(text).map_err(|_| bad("a resource is not an absolute URI without a fragment"))?;
        let may = asking.client.resources.iter().any(|held| **held == *uri);
        if !may || !asking.resources.contains_key(uri) {
            return Err(bad("a resource is unknown, or not the client's to ask for"));
        }
        if !asked.resources.iter().any(|held| **held == *uri) {
            asked.resources.push(uri.into());
        }
    }
    if asked.resources.len() > RESOURCES_MAX {
        return Err(bad("too many resources"));
    }
    Ok(())
}

/// RFC 9396 §2 and §5.
fn details(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    let Some(text) = asking.parameters.one("authorization_details") else { return Ok(()) };
    check_details(text, &asking.client.registration.authorization_details_types, &asking.policy.detail_types)?;
    asked.details = Some(text.into());
    Ok(())
}

/// Whether authorization details are an array of objects, each of a type that the client may ask for, and as that type wants it.
pub(crate) fn check_details(text: &str, allowed: &[Box<str>], types: &DetailTypes) -> Result<Vec<Value>, Refusal> {
    let bad = |description| Refusal::new(ErrorCode::InvalidAuthorizationDetails, Reason::MalformedDetails, description);
    if text.len() > DETAILS_MAX {
        return Err(bad("authorization_details is too long"));
    }
    let wrapped = format!("{{\"details\":{text}}}");
    let object = claimsmith_jose::parse_object(wrapped.as_bytes()).map_err(|_| bad("authorization_details is not JSON"))?;
    let Some(Value::Array(details)) = object.get("details").filter(|_| object.len() == 1) else {
        return Err(bad("authorization_details is not a JSON array"));
    };
    if details.len() > DETAILS_COUNT_MAX {
        return Err(bad("authorization_details has too many elements"));
    }
    for detail in details {
        let Some(kind) = detail.get("type").and_then(Value::as_str) else {
            return Err(bad("an element of authorization_details is no object with a type"));
        };
        if !types.knows(kind) || !allowed.iter().any(|held| **held == *kind) {
            return Err(bad("a type of authorization_details is unknown, or not the client's to ask for"));
        }
        if let Some(place) = types.misfit(kind, detail) {
            let place = if place.is_empty() { "its members".to_owned() } else { place };
            return Err(Refusal {
                description: format!("an element of authorization_details does not fit its type: {place}").into(),
                ..bad("")
            });
        }
    }
    Ok(details.clone())
}

/// RFC 9449 §10: an RFC 7638 thumbprint with SHA-256.
fn dpop_key(asking: &Asking<'_>, asked: &mut Asked) -> Result<(), Refusal> {
    let Some(text) = asking.parameters.one("dpop_jkt") else { return Ok(()) };
    if text.len() != 43 || claimsmith_jose::base64url::decode(text).is_err() {
        return Err(malformed("dpop_jkt must be a SHA-256 thumbprint in base64url"));
    }
    asked.dpop_jkt = Some(text.into());
    Ok(())
}

#[cfg(test)]
mod tests;
