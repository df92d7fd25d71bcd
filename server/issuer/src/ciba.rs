//! Requests at the backchannel (OpenID Connect CIBA §7.1): a client names its person, and the person is asked elsewhere.
//!
//! Refuses when: a parameter is missing or malformed, or a request that has to be signed is not (`invalid_request`); there is not just one
//! hint (`invalid_request`); the text for both devices is no use (`invalid_binding_message`); the person's code is missing
//! (`missing_user_code`). What concerns scopes, resources and details is checked as in every authorization request.

use claimsmith_jose::Secret;
use claimsmith_protocol::authorize::Parameters;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::registration::DeliveryMode;
use claimsmith_protocol::time::Lifetime;

use crate::client::Client;

/// The longest text that both devices show, in characters.
pub const BINDING_MESSAGE_MAX: usize = 64;

/// The longest notification token, in characters (§7.1).
const NOTIFICATION_TOKEN_MAX: usize = 1_024;

/// The shortest: 128 bits in base64url (§7.1).
const NOTIFICATION_TOKEN_MIN: usize = 22;

/// How the client names its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// `login_hint`: a name.
    Login(Box<str>),
    /// `id_token_hint`: an ID token that the client has.
    IdToken(Box<str>),
    /// `login_hint_token`: what an issuer that is trusted for this says of them.
    LoginToken(Box<str>),
}

/// What a request asks for, beside what every authorization request may.
#[derive(Debug)]
pub struct Backchannel {
    /// Whom it is about.
    pub hint: Hint,
    /// What both devices show.
    pub binding_message: Option<Box<str>>,
    /// What nobody but the person knows; only of clients that have registered it.
    pub user_code: Option<Secret<String>>,
    /// How long the person may take.
    pub lifetime: Lifetime,
    /// With what the client knows that it is us who tell it.
    pub notification_token: Option<Secret<String>>,
}

/// What the operator has decided.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a person may take where the client does not say.
    pub lifetime: Lifetime,
    /// The longest that it may be.
    pub lifetime_max: Lifetime,
}

/// Refuses a plain request of a client that signs its requests, and a signed one with parameters beside it (§7.1.1). What
/// authenticates the client is not among `sent`.
pub fn check_form(client: &Client, sent: &Parameters) -> Result<(), Refusal> {
    let is_signed = sent.one("request").is_some();
    if !is_signed && client.registration.backchannel_authentication_request_signing_alg.is_some() {
        return Err(malformed("the client signs its requests"));
    }
    if is_signed && sent.pairs().any(|(name, _)| !["request", "client_id"].contains(&name)) {
        return Err(malformed("parameters of a signed request stand within it alone"));
    }
    Ok(())
}

/// Reads the parameters that count.
pub fn read(parameters: &Parameters, client: &Client, limits: Limits) -> Result<Backchannel, Refusal> {
    if parameters.repeated(&["resource"]).is_some() {
        return Err(Refusal::invalid_request(Reason::MalformedForm, "a parameter is repeated"));
    }
    if parameters.one("request_uri").is_some() || parameters.one("request").is_some() {
        return Err(malformed("a request cannot be given by reference, and holds no second one"));
    }
    check_scope(parameters)?;
    let hint = hint(parameters)?;
    let binding_message = parameters.one("binding_message").map(binding_message).transpose()?;
    // FAPI-CIBA §5.2.2: the person sees what it is that they agree to.
    if client.registration.is_fapi() && binding_message.is_none() && parameters.one("authorization_details").is_none() {
        return Err(Refusal::invalid_request(Reason::ProfileViolated, "binding_message or authorization_details is missing"));
    }
    let user_code = match (client.registration.backchannel_user_code_parameter, parameters.one("user_code")) {
        (false, _) => None,
        (true, Some(code)) => Some(Secret::new(code.to_owned())),
        (true, None) => return Err(Refusal::new(ErrorCode::MissingUserCode, Reason::MissingParameter, "user_code is missing")),
    };
    let lifetime = parameters.one("requested_expiry").map_or(Ok(limits.lifetime), |text| expiry(text, limits))?;
    Ok(Backchannel { hint, binding_message, user_code, lifetime, notification_token: notification_token(parameters, client)? })
}

/// §7.1: `openid` is among the scopes.
fn check_scope(parameters: &Parameters) -> Result<(), Refusal> {
    let scope = parameters.one("scope").ok_or_else(|| missing("scope is missing"))?;
    if scope.split(' ').any(|word| word == "openid") {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::InvalidScope, Reason::ScopeNotAllowed, "the scope openid is missing"))
}

/// §7.1: one, and no more.
fn hint(parameters: &Parameters) -> Result<Hint, Refusal> {
    let text = |name: &str| parameters.one(name).map(Box::from);
    match (text("login_hint"), text("id_token_hint"), text("login_hint_token")) {
        (Some(name), None, None) => Ok(Hint::Login(name)),
        (None, Some(token), None) => Ok(Hint::IdToken(token)),
        (None, None, Some(token)) => Ok(Hint::LoginToken(token)),
        (None, None, None) => Err(missing("one of login_hint, id_token_hint and login_hint_token is needed")),
        _ => Err(malformed("there may be one of login_hint, id_token_hint and login_hint_token")),
    }
}

/// Security: nothing in it is invisible, or turns the direction of the text around it.
fn binding_message(text: &str) -> Result<Box<str>, Refusal> {
    let hides = |letter: char| {
        letter.is_control() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let is_plain = text.chars().count() <= BINDING_MESSAGE_MAX && !text.trim().is_empty() && !text.chars().any(hides);
    let bad = "binding_message is longer than 64 characters, empty, or has some that cannot be seen";
    if is_plain { Ok(text.into()) } else { Err(Refusal::new(ErrorCode::InvalidBindingMessage, Reason::MalformedParameter, bad)) }
}

/// §7.1: seconds, at least one; more than the operator lets it be is made less.
fn expiry(text: &str, limits: Limits) -> Result<Lifetime, Refusal> {
    let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let seconds = text.parse::<u64>().ok().filter(|seconds| digits && *seconds > 0);
    let seconds = seconds.ok_or_else(|| malformed("requested_expiry is not a positive number of seconds"))?;
    Ok(Lifetime::from_seconds(u32::try_from(seconds).unwrap_or(u32::MAX)).min(limits.lifetime_max))
}

/// §7.1: of clients that are told.
fn notification_token(parameters: &Parameters, client: &Client) -> Result<Option<Secret<String>>, Refusal> {
    let mode = client.registration.backchannel_token_delivery_mode;
    if !matches!(mode, Some(DeliveryMode::Ping | DeliveryMode::Push)) {
        return Ok(None);
    }
    let token = parameters.one("client_notification_token").ok_or_else(|| missing("client_notification_token is missing"))?;
    let body = token.trim_end_matches('=');
    let is_bearer = body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
    if !is_bearer || body.len() < NOTIFICATION_TOKEN_MIN || token.len() > NOTIFICATION_TOKEN_MAX {
        return Err(malformed("client_notification_token is no bearer token of 22 to 1024 characters"));
    }
    Ok(Some(Secret::new(token.to_owned())))
}

const fn missing(description: &'static str) -> Refusal {
    Refusal::invalid_request(Reason::MissingParameter, description)
}

const fn malformed(description: &'static str) -> Refusal {
    Refusal::invalid_request(Reason::MalformedParameter, description)
}

#[cfg(test)]
mod tests {
    use claimsmith_protocol::form::Form;
    use claimsmith_protocol::id::ClientId;
    use claimsmith_protocol::registration::{Profile, Registration};

    use super::*;
    use crate::client::Authentication;

    const LIMITS: Limits = Limits { lifetime: Lifetime::from_seconds(300), lifetime_max: Lifetime::from_seconds(600) };

    fn client(change: impl FnOnce(&mut Registration)) -> Client {
        let mut client = Client::new(ClientId::parse("app").expect("an id"), Authentication::Public);
        client.registration.backchannel_token_delivery_mode = Some(DeliveryMode::Poll);
        change(&mut client.registration);
        client
    }

    fn ask_as(client: &Client, more: &str) -> Result<Backchannel, ErrorCode> {
        let text = format!("scope=openid+read{more}");
        let form = Form::parse_repeated(text.as_bytes()).expect("a form");
        read(&Parameters::of_form(&form), client, LIMITS).map_err(|refusal| refusal.code)
    }

    fn ask(more: &str) -> Result<Backchannel, ErrorCode> {
        ask_as(&client(|_| ()), &format!("&login_hint=alice{more}"))
    }

    #[test]
    fn cib_002_openid_is_asked_for() {
        for (scope, code) in [("", ErrorCode::InvalidRequest), ("scope=read&", ErrorCode::InvalidScope)] {
            let text = format!("{scope}login_hint=alice");
            let form = Form::parse_repeated(text.as_bytes()).expect("a form");
            let refusal = read(&Parameters::of_form(&form), &client(|_| ()), LIMITS).expect_err(scope);
            assert_eq!(refusal.code, code, "{scope}");
        }
    }

    #[test]
    fn cib_003_exactly_one_hint() {
        let (all, client) = (["login_hint=a", "id_token_hint=b", "login_hint_token=c"], client(|_| ()));
        for chosen in 0..8_usize {
            let more: String =
                all.iter().enumerate().filter(|(index, _)| chosen & (1 << index) != 0).map(|(_, hint)| format!("&{hint}")).collect();
            assert_eq!(ask_as(&client, &more).is_ok(), chosen.count_ones() == 1, "{more}");
        }
        assert_eq!(ask("").expect("read").hint, Hint::Login("alice".into()));
    }

    #[test]
    fn cib_006_notification_tokens_are_bearer_tokens_that_nobody_guesses() {
        for mode in [DeliveryMode::Ping, DeliveryMode::Push] {
            let told = client(|registration| registration.backchannel_token_delivery_mode = Some(mode));
            let with = |token: &str| ask_as(&told, &format!("&login_hint=alice&client_notification_token={token}"));
            assert!(with("8d67dc78-7faa-4d41-aabd-67707b374255").is_ok());
            assert!(with(&"a".repeat(1_024)).is_ok());
            for bad in ["", "a b c d e f g h i j k l m", "%C3%A4aaaaaaaaaaaaaaaaaaaaaaaaaaa", "too-short", &"a".repeat(1_025)] {
                assert_eq!(with(bad).expect_err(bad), ErrorCode::InvalidRequest, "{bad}");
            }
        }
        assert!(ask("&client_notification_token=x").expect("ignored").notification_token.is_none());
    }

    #[test]
    fn cib_007_binding_messages_are_short_and_can_be_seen() {
        for good in ["1234", "Kasse+3+%E2%82%AC+5", &"x".repeat(64)] {
            assert!(ask(&format!("&binding_message={good}")).is_ok(), "{good}");
        }
        for bad in ["+", "%0A", "a%E2%80%AEb", "a%E2%80%8Bb", &"%C3%A4".repeat(65)] {
            assert_eq!(ask(&format!("&binding_message={bad}")).expect_err(bad), ErrorCode::InvalidBindingMessage, "{bad}");
        }
    }

    #[test]
    fn cib_008_a_code_that_is_registered_is_needed() {
        let with_code = client(|registration| registration.backchannel_user_code_parameter = true);
        assert_eq!(ask_as(&with_code, "&login_hint=alice").expect_err("missing"), ErrorCode::MissingUserCode);
        assert!(ask_as(&with_code, "&login_hint=alice&user_code=7").expect("read").user_code.is_some());
        assert!(ask("&user_code=7").expect("read").user_code.is_none(), "not registered");
    }

    #[test]
    fn cib_009_an_expiry_is_positive_and_bounded() {
        for (text, seconds) in [("10", 10), ("600", 600), ("601", 600), ("99999999999", 600)] {
            assert_eq!(ask(&format!("&requested_expiry={text}")).expect(text).lifetime.seconds(), seconds);
        }
        for bad in ["0", "-1", "1.5", "x", "%2B10", "99999999999999999999999"] {
            assert_eq!(ask(&format!("&requested_expiry={bad}")).expect_err(bad), ErrorCode::InvalidRequest, "{bad}");
        }
        assert_eq!(ask("").expect("read").lifetime.seconds(), 300);
    }

    #[test]
    fn cib_015_and_016_signed_where_registered_and_never_by_reference() {
        let signs = client(|registration| registration.backchannel_authentication_request_signing_alg = Some("ES256".into()));
        let sent = |text: &str| Parameters::of_form(&Form::parse_repeated(text.as_bytes()).expect("a form"));
        let check = |client: &Client, text: &str| check_form(client, &sent(text)).map_err(|refusal| refusal.code);
        assert_eq!(check(&signs, "scope=openid"), Err(ErrorCode::InvalidRequest));
        assert_eq!(check(&signs, "request=x&client_id=app"), Ok(()));
        assert_eq!(check(&signs, "request=x&login_hint=alice"), Err(ErrorCode::InvalidRequest));
        assert_eq!(check(&client(|_| ()), "scope=openid"), Ok(()));
        assert_eq!(ask("&request_uri=https://a.example").expect_err("by reference"), ErrorCode::InvalidRequest);
        assert!(ask("&redirect_uri=https://a.example&response_type=code&nonce=n").is_ok(), "they mean nothing here");
        assert_eq!(ask("&login_hint=bob").expect_err("twice"), ErrorCode::InvalidRequest);
    }

    #[test]
    fn cib_034_fapi_wants_the_person_to_know_what_for() {
        let fapi = client(|registration| registration.profile = Some(Profile::Fapi2Security));
        assert_eq!(ask_as(&fapi, "&login_hint=alice").expect_err("no context"), ErrorCode::InvalidRequest);
        assert!(ask_as(&fapi, "&login_hint=alice&binding_message=W4SCT").is_ok());
        assert!(ask_as(&fapi, "&login_hint=alice&authorization_details=[]").is_ok());
    }
}
