//! Hook points: where a plugin may shape what is made. One row each below, listed in [`HookPoint::ALL`].
//!
//! A plugin answers with [`Edit`]s or a [`PluginRefusal`]; this module only carries them. They are checked and applied in
//! `claims`, the one place that can turn a draft into something that leaves the hook room.

use std::sync::Arc;

use claimsmith_protocol::error::ErrorCode;

use crate::binding::Permission;
use crate::value::{Member, Value};

mod draft;

pub use draft::{Draft, ExchangeMode, PasswordResult, RegistrationAction, Shown};

/// A point in the walk at which plugins are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HookPoint {
    /// Shapes an access token: claims, header, scope, audience, lifetime.
    AccessToken,
    /// Adds members to the token endpoint's response.
    TokenResponse,
    /// Shapes the answer of introspection for an active token.
    Introspection,
    /// Shapes an ID token: claims, lifetime.
    IdToken,
    /// Whether a refresh token is issued, for how long, and what is remembered with the grant.
    RefreshToken,
    /// Shapes the answer of the userinfo endpoint.
    Userinfo,
    /// Judges a sign-in after a factor was verified.
    Authentication,
    /// Judges a sign-in that is complete, before consent.
    PostAuthentication,
    /// Shapes what a person is asked to agree to.
    Consent,
    /// Shapes the requested scopes, before anything else looks at them.
    Scope,
    /// Shapes the requested authorization details.
    AuthorizationDetails,
    /// Judges a password that a client brings (RFC 6749 §4.3), after the server has looked at it.
    Password,
    /// Judges an exchange of tokens (RFC 8693), after both were verified.
    TokenExchange,
    /// Judges an assertion that is used as a grant (RFC 7523), after it was verified.
    JwtBearer,
    /// Shapes a transaction token.
    TransactionToken,
    /// Judges a client whose proof is good. It may only refuse.
    ClientAuthentication,
    /// Shapes a client's metadata (RFC 7591) before it is checked and saved.
    ClientRegistration,
    /// Notifies a person who is asked on their own device (CIBA), or leaves it to the server.
    BackchannelNotification,
    /// Is told of a token that is about to be revoked.
    Revocation,
}

/// Where a hook point's refusal is told, and so which codes it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// In a JSON answer: token endpoint, introspection, userinfo.
    Direct,
    /// In the redirect of the authorization endpoint.
    Redirected,
    /// In the answer to a client that was not let in.
    AtTheDesk,
}

/// What stands in the table for one hook point.
#[derive(Debug, Clone, Copy)]
struct Row {
    name: &'static str,
    interface: &'static str,
    told: Told,
}

const fn direct(name: &'static str, interface: &'static str) -> Row {
    Row { name, interface, told: Told::Direct }
}

const fn redirected(name: &'static str, interface: &'static str) -> Row {
    Row { name, interface, told: Told::Redirected }
}

const fn at_the_desk(name: &'static str, interface: &'static str) -> Row {
    Row { name, interface, told: Told::AtTheDesk }
}

impl HookPoint {
    /// Every hook point, in the order of their numbers.
    pub const ALL: [Self; 19] = [
        Self::AccessToken,
        Self::TokenResponse,
        Self::Introspection,
        Self::IdToken,
        Self::RefreshToken,
        Self::Userinfo,
        Self::Authentication,
        Self::PostAuthentication,
        Self::Consent,
        Self::Scope,
        Self::AuthorizationDetails,
        Self::Password,
        Self::TokenExchange,
        Self::JwtBearer,
        Self::TransactionToken,
        Self::ClientAuthentication,
        Self::ClientRegistration,
        Self::BackchannelNotification,
        Self::Revocation,
    ];

    const fn row(self) -> Row {
        match self {
            Self::AccessToken => direct("access_token", "access-token"),
            Self::TokenResponse => direct("token_response", "token-response"),
            Self::Introspection => direct("introspection", "introspection"),
            Self::IdToken => direct("id_token", "id-token"),
            Self::RefreshToken => direct("refresh_token", "refresh-token"),
            Self::Userinfo => direct("userinfo", "userinfo"),
            Self::Authentication => redirected("authentication", "authentication"),
            Self::PostAuthentication => redirected("post_authentication", "post-authentication"),
            Self::Consent => redirected("consent", "consent"),
            Self::Scope => redirected("scope", "scope"),
            Self::AuthorizationDetails => redirected("authorization_details", "authorization-details"),
            Self::Password => direct("password", "password"),
            Self::TokenExchange => direct("token_exchange", "token-exchange"),
            Self::JwtBearer => direct("jwt_bearer", "jwt-bearer"),
            Self::TransactionToken => direct("transaction_token", "transaction-token"),
            Self::ClientAuthentication => at_the_desk("client_authentication", "client-authentication"),
            Self::ClientRegistration => direct("client_registration", "client-registration"),
            Self::BackchannelNotification => direct("backchannel_notification", "backchannel-notification"),
            Self::Revocation => direct("revocation", "revocation"),
        }
    }

    /// The name in commands, records and metrics.
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The WIT interface that a plugin exports to be called here, without package and version.
    pub const fn interface(self) -> &'static str {
        self.row().interface
    }

    /// Where its refusals are told.
    pub const fn told(self) -> Told {
        self.row().told
    }

    /// The hook point of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.as_str() == name)
    }
}

impl Told {
    /// The code that a plugin's refusal is told with: the plugin's own where it is legal there, else `access_denied`; at the desk
    /// `invalid_client`.
    pub fn code(self, text: &str) -> ErrorCode {
        match self {
            Self::Direct => ErrorCode::of_plugin(text),
            Self::Redirected => ErrorCode::of_plugin_at_authorization(text),
            Self::AtTheDesk => ErrorCode::of_plugin_at_authentication(text),
        }
    }
}

/// What a plugin may read: who asks and for what. Secrets never enter it.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The authenticated client; at the authorization endpoint the client that is named there.
    pub client_id: &'a str,
    /// The client's tags.
    pub client_tags: &'a [Box<str>],
    /// The client's custom metadata, a JSON object.
    pub client_metadata: &'a str,
    /// The `grant_type`; empty where no grant is in play.
    pub grant_type: &'a str,
    /// Whether this is a refresh.
    pub refresh: bool,
    /// The scopes the client asked for.
    pub requested_scopes: &'a [Box<str>],
    /// The `resource` values the client asked for.
    pub requested_resources: &'a [Box<str>],
    /// The subject of the token.
    pub subject: Option<&'a str>,
    /// Form parameters without secrets, in the order of the request.
    pub parameters: &'a [(Box<str>, Box<str>)],
    /// Headers without credentials and cookies, names in lower case.
    pub headers: &'a [(Box<str>, Box<str>)],
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub now_milliseconds: u64,
    /// What is known beside the request, as far as the binding may read it: see [`Background::seen_with`]. Absent where no
    /// person is in play, and for a plugin that cannot ask.
    pub background: Option<&'a Arc<Background>>,
}

/// What is known beside the request. Plugins ask for it function by function; nothing is handed over unasked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Background {
    /// The person, from the moment when it is known who.
    pub person: Option<Person>,
    /// The grant or, before there is one, the request that may lead to it.
    pub grant: GrantFacts,
}

/// The person for whom something is made, and how they signed in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// The user's identifier, which may differ from the subject a client is told. Read with `user:id`.
    pub id: Option<Box<str>>,
    /// The name they sign in with. Read with `user:username`.
    pub username: Option<Box<str>>,
    /// Claims and attributes of the user. Each is read with `user:NAME`.
    pub attributes: Vec<Member>,
    /// When they signed in, seconds since 1970-01-01T00:00:00Z.
    pub authenticated_at: Option<u64>,
    /// The authentication context class reached.
    pub acr: Option<Box<str>>,
    /// The authentication methods used (RFC 8176).
    pub amr: Vec<Box<str>>,
    /// The session, as clients know it (`sid`).
    pub session_id: Option<Box<str>>,
    /// What plugins remembered with the session.
    pub session_attributes: Vec<Member>,
}

/// What is known of a grant, or of the request for one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GrantFacts {
    /// What plugins remembered with the grant.
    pub attributes: Vec<Member>,
    /// RFC 9396: a JSON array; empty text means that there are none.
    pub authorization_details: Box<str>,
    /// RFC 8693 §4.1: who acts for the subject, the latest first.
    pub actors: Vec<Box<str>>,
    /// RFC 7800: what the sender must prove, a JSON object.
    pub confirmation: Option<Box<str>>,
}

impl Background {
    /// What a binding with these permissions may see of it.
    ///
    /// Security: of a user only what the binding names. The session's state and the grant's facts carry no personal data but
    /// what plugins of the same chain put there.
    pub fn seen_with(&self, permissions: &[Permission]) -> Self {
        let may_read = |name: &str| {
            permissions.iter().any(|permission| match permission {
                Permission::User(granted) => **granted == *name,
                Permission::UserPrefix(prefix) => name.starts_with(prefix.as_ref()),
                _ => false,
            })
        };
        let person = self.person.as_ref().map(|person| Person {
            id: person.id.clone().filter(|_| may_read("id")),
            username: person.username.clone().filter(|_| may_read("username")),
            attributes: person.attributes.iter().filter(|member| may_read(&member.name)).cloned().collect(),
            authenticated_at: person.authenticated_at,
            acr: person.acr.clone(),
            amr: person.amr.clone(),
            session_id: person.session_id.clone(),
            session_attributes: person.session_attributes.clone(),
        });
        Self { person, grant: self.grant.clone() }
    }
}

/// One change that a plugin asks for; nothing in it has been checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Set a claim, or a member of an introspection or userinfo response.
    SetClaim(String, Value),
    /// Remove a claim or a member.
    RemoveClaim(String),
    /// Set a member of the JOSE header.
    SetHeader(String, Value),
    /// Replace the scopes.
    SetScopes(Vec<String>),
    /// Replace the audience.
    SetAudience(Vec<String>),
    /// Set the lifetime in seconds.
    SetLifetime(u32),
    /// Add a member to the token response.
    SetResponseMember(String, Value),
    /// Issue no refresh token.
    OmitRefreshToken,
    /// Remember something with the session or the grant.
    SetAttribute(String, Value),
    /// Ask the person to reach an authentication context class.
    RequireAcr(String),
    /// Ask the person for one factor more.
    RequireFactor(String),
    /// Do not ask for consent.
    SkipConsent,
    /// Show a text on the consent page: language, text.
    ShowText(String, String),
    /// Replace the authorization details: JSON text.
    SetAuthorizationDetails(String),
    /// The user for whom it is, by their identifier.
    SetUser(String),
    /// Add to how the person authenticated (RFC 8176).
    AddAmr(Vec<String>),
    /// Whether the exchanged token names its actor.
    SetExchangeMode(ExchangeMode),
    /// Set a member of a transaction token's `tctx`.
    SetTransactionContext(String, Value),
    /// Set a member of a transaction token's `rctx`.
    SetRequestContext(String, Value),
    /// Set a member of a client's metadata.
    SetMetadata(String, Value),
    /// Remove a member of a client's metadata.
    RemoveMetadata(String),
    /// The person has been notified.
    MarkNotified,
}

impl Edit {
    /// The name of its case in the contract.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SetClaim(..) => "set-claim",
            Self::RemoveClaim(..) => "remove-claim",
            Self::SetHeader(..) => "set-header",
            Self::SetScopes(..) => "set-scopes",
            Self::SetAudience(..) => "set-audience",
            Self::SetLifetime(..) => "set-lifetime",
            Self::SetResponseMember(..) => "set-response-member",
            Self::OmitRefreshToken => "omit-refresh-token",
            Self::SetAttribute(..) => "set-attribute",
            Self::RequireAcr(..) => "require-acr",
            Self::RequireFactor(..) => "require-factor",
            Self::SkipConsent => "skip-consent",
            Self::ShowText(..) => "show-text",
            Self::SetAuthorizationDetails(..) => "set-authorization-details",
            Self::SetUser(..) => "set-user",
            Self::AddAmr(..) => "add-amr",
            Self::SetExchangeMode(..) => "set-exchange-mode",
            Self::SetTransactionContext(..) => "set-transaction-context",
            Self::SetRequestContext(..) => "set-request-context",
            Self::SetMetadata(..) => "set-metadata",
            Self::RemoveMetadata(..) => "remove-metadata",
            Self::MarkNotified => "mark-notified",
        }
    }
}

/// A plugin's no; nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginRefusal {
    /// The OAuth error code the plugin chose.
    pub code: String,
    /// The reason the client may read.
    pub reason: String,
}

/// What a call of a plugin comes to, when the sandbox had nothing to object.
pub type PluginAnswer = Result<Vec<Edit>, PluginRefusal>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hook_points_lead_back_to_them() {
        let names = HookPoint::ALL.map(HookPoint::as_str);
        let distinct: std::collections::BTreeSet<_> = names.into_iter().collect();
        assert_eq!(distinct.len(), HookPoint::ALL.len());
        assert_eq!(names.map(HookPoint::parse), HookPoint::ALL.map(Some));
        assert_eq!(HookPoint::parse("access-token"), None);
        for (number, point) in HookPoint::ALL.into_iter().enumerate() {
            assert_eq!(point as usize, number);
            assert_eq!(point.interface(), point.as_str().replace('_', "-"));
        }
    }

    #[test]
    fn plg_004_a_refusal_has_a_code_that_is_legal_where_it_is_told() {
        for (point, code, told) in [
            (HookPoint::AccessToken, "invalid_grant", ErrorCode::InvalidGrant),
            (HookPoint::AccessToken, "login_required", ErrorCode::AccessDenied),
            (HookPoint::IdToken, "consent_required", ErrorCode::AccessDenied),
            (HookPoint::Authentication, "login_required", ErrorCode::LoginRequired),
            (HookPoint::Authentication, "invalid_grant", ErrorCode::AccessDenied),
            (HookPoint::Consent, "consent_required", ErrorCode::ConsentRequired),
            (HookPoint::Scope, "invalid_scope", ErrorCode::InvalidScope),
            (HookPoint::Scope, "server_error", ErrorCode::AccessDenied),
            (HookPoint::Scope, "foo\r\nX: 1", ErrorCode::AccessDenied),
            (HookPoint::AuthorizationDetails, "invalid_authorization_details", ErrorCode::InvalidAuthorizationDetails),
            (HookPoint::Password, "invalid_grant", ErrorCode::InvalidGrant),
            (HookPoint::ClientAuthentication, "invalid_client", ErrorCode::InvalidClient),
            (HookPoint::ClientAuthentication, "unauthorized_client", ErrorCode::UnauthorizedClient),
            (HookPoint::ClientAuthentication, "access_denied", ErrorCode::InvalidClient),
        ] {
            assert_eq!(point.told().code(code), told, "{} {code}", point.as_str());
        }
    }

    fn background() -> Background {
        Background {
            person: Some(Person {
                id: Some("u1".into()),
                username: Some("alice".into()),
                attributes: vec![
                    Member::known("email", "a@example".into()),
                    Member::known("department", "x".into()),
                    Member::known("department_head", "y".into()),
                ],
                acr: Some("2".into()),
                session_attributes: vec![Member::known("risk", "low".into())],
                ..Person::default()
            }),
            grant: GrantFacts { attributes: vec![Member::known("device", "d".into())], ..GrantFacts::default() },
        }
    }

    fn seen(permissions: &[&str]) -> Background {
        let permissions: Vec<_> = permissions.iter().map(|text| Permission::parse(text).expect("a permission")).collect();
        background().seen_with(&permissions)
    }

    #[test]
    fn plg_005_of_a_person_a_plugin_sees_what_its_binding_names() {
        let names = |permissions: &[&str]| -> Vec<String> {
            seen(permissions).person.expect("a person").attributes.iter().map(|member| member.name.to_string()).collect()
        };
        assert_eq!(names(&[]), Vec::<String>::new());
        assert_eq!(names(&["claim:*", "sub"]), Vec::<String>::new());
        assert_eq!(names(&["user:department"]), ["department"]);
        assert_eq!(names(&["user:department*"]), ["department", "department_head"]);
        assert_eq!(names(&["user:*"]).len(), 3);
        let nothing = seen(&[]).person.expect("a person");
        assert_eq!((nothing.id, nothing.username), (None, None));
        let named = seen(&["user:username", "user:id"]).person.expect("a person");
        assert_eq!((named.id.as_deref(), named.username.as_deref()), (Some("u1"), Some("alice")));
    }

    #[test]
    fn how_they_signed_in_and_what_plugins_remembered_needs_no_permission() {
        let seen = seen(&[]);
        assert_eq!(seen.grant, background().grant);
        let person = seen.person.expect("a person");
        assert_eq!((person.acr.as_deref(), person.session_attributes.len()), (Some("2"), 1));
    }
}
