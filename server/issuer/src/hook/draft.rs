//! What is about to be made, as plugins see it.

use std::fmt;

use super::HookPoint;
use crate::value::Member;

/// What came of a person's password before any plugin was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordResult {
    /// It is the user's.
    Right,
    /// It is not the user's.
    Wrong,
    /// Nobody has that name here.
    UnknownUser,
    /// It was not looked at.
    NotTried,
}

/// Who acts in a token that was exchanged ([RFC 8693 §1.1](https://www.rfc-editor.org/rfc/rfc8693#section-1.1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeMode {
    /// The actor acts for the subject, and the token names both.
    Delegation,
    /// The token does not tell of the actor.
    Impersonation,
}

/// What is done with a client's registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationAction {
    /// RFC 7591 §3.
    Register,
    /// RFC 7592 §2.2.
    Update,
    /// RFC 7592 §2.3.
    Delete,
}

/// A secret that is shown to a plugin, and to no log.
#[derive(Clone, Copy)]
pub struct Shown<'a>(pub &'a str);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(hidden)")
    }
}

/// What is about to be made, as plugins see it. Which fields have a meaning depends on the hook point; the constructors know.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// The hook point.
    pub point: HookPoint,
    /// Claims, members or attributes.
    pub members: &'a [Member],
    /// Scopes.
    pub scopes: &'a [Box<str>],
    /// The audience of a token; the factors of a sign-in.
    pub words: &'a [Box<str>],
    /// Seconds from issue to expiry.
    pub lifetime: u32,
    /// Who asks at introspection; the factor just verified; authorization details as JSON; what else one text says.
    pub text: &'a str,
    /// A second text, where there is one.
    pub second: &'a str,
    /// A text that may be absent.
    pub maybe: Option<&'a str>,
    /// Lists of members beside the first.
    pub beside: [&'a [Member]; 2],
    /// What came of a password.
    pub outcome: PasswordResult,
    /// A password that this binding may see.
    pub password: Option<Shown<'a>>,
    /// Who acts in an exchanged token.
    pub mode: ExchangeMode,
    /// What is done with a registration.
    pub action: RegistrationAction,
}

impl<'a> Draft<'a> {
    const fn at(point: HookPoint) -> Self {
        Self {
            point,
            members: &[],
            scopes: &[],
            words: &[],
            lifetime: 0,
            text: "",
            second: "",
            maybe: None,
            beside: [&[], &[]],
            outcome: PasswordResult::NotTried,
            password: None,
            mode: ExchangeMode::Delegation,
            action: RegistrationAction::Register,
        }
    }

    /// An access token before it is signed.
    pub const fn access_token(members: &'a [Member], scopes: &'a [Box<str>], audience: &'a [Box<str>], lifetime: u32) -> Self {
        Self { members, scopes, words: audience, lifetime, ..Self::at(HookPoint::AccessToken) }
    }

    /// The members of a token response, tokens left out.
    pub const fn token_response(members: &'a [Member]) -> Self {
        Self { members, ..Self::at(HookPoint::TokenResponse) }
    }

    /// The members of an introspection response, and the client that asks.
    pub const fn introspection(members: &'a [Member], caller: &'a str) -> Self {
        Self { members, text: caller, ..Self::at(HookPoint::Introspection) }
    }

    /// An ID token before it is signed.
    pub const fn id_token(members: &'a [Member], lifetime: u32) -> Self {
        Self { members, lifetime, ..Self::at(HookPoint::IdToken) }
    }

    /// A refresh token before it is made: what is remembered with its grant, and how long it will live.
    pub const fn refresh_token(attributes: &'a [Member], scopes: &'a [Box<str>], lifetime: u32) -> Self {
        Self { members: attributes, scopes, lifetime, ..Self::at(HookPoint::RefreshToken) }
    }

    /// The members of a userinfo answer, and the scopes of the token that asks.
    pub const fn userinfo(members: &'a [Member], scopes: &'a [Box<str>]) -> Self {
        Self { members, scopes, ..Self::at(HookPoint::Userinfo) }
    }

    /// A sign-in: the factor that was just verified, all of them so far, what is remembered with the session.
    pub const fn authentication(attributes: &'a [Member], factor: &'a str, factors: &'a [Box<str>]) -> Self {
        Self { members: attributes, words: factors, text: factor, ..Self::at(HookPoint::Authentication) }
    }

    /// A complete sign-in: what is remembered with the session, and the scopes asked for.
    pub const fn post_authentication(attributes: &'a [Member], scopes: &'a [Box<str>]) -> Self {
        Self { members: attributes, scopes, ..Self::at(HookPoint::PostAuthentication) }
    }

    /// A consent: the scopes that a person is about to be asked for, and those they agreed to before.
    pub const fn consent(scopes: &'a [Box<str>], remembered: &'a [Box<str>]) -> Self {
        Self { scopes, words: remembered, ..Self::at(HookPoint::Consent) }
    }

    /// The requested scopes.
    pub const fn scope(scopes: &'a [Box<str>]) -> Self {
        Self { scopes, ..Self::at(HookPoint::Scope) }
    }

    /// The requested authorization details, a JSON array.
    pub const fn authorization_details(details: &'a str) -> Self {
        Self { text: details, ..Self::at(HookPoint::AuthorizationDetails) }
    }
    /// A password that a client brings: the name it came with, how the person authenticated so far, what is remembered with the grant,
    /// and the user that was found. The password itself is not in it.
    pub const fn password(
        username: &'a str,
        outcome: PasswordResult,
        user: Option<&'a str>,
        amr: &'a [Box<str>],
        attributes: &'a [Member],
    ) -> Self {
        Self { members: attributes, words: amr, text: username, maybe: user, outcome, ..Self::at(HookPoint::Password) }
    }

    /// An exchange of tokens; what it is about is filled in by [`Draft::between`].
    pub const fn token_exchange(claims: &'a [Member], actor_claims: &'a [Member], attributes: &'a [Member]) -> Self {
        Self { members: claims, beside: [actor_claims, attributes], ..Self::at(HookPoint::TokenExchange) }
    }

    /// The types of the subject's token and of the one that is asked for, who acts, and the user that was found.
    #[must_use]
    pub const fn between(self, types: (&'a str, &'a str), mode: ExchangeMode, user: Option<&'a str>) -> Self {
        Self { text: types.0, second: types.1, mode, maybe: user, ..self }
    }

    /// For these scopes and this audience.
    #[must_use]
    pub const fn with(self, scopes: &'a [Box<str>], audience: &'a [Box<str>]) -> Self {
        Self { scopes, words: audience, ..self }
    }

    /// An assertion: its claims, who issued it, the user that was found, what is remembered with the grant.
    pub const fn jwt_bearer(
        claims: &'a [Member],
        issuer: &'a str,
        scopes: &'a [Box<str>],
        user: Option<&'a str>,
        attributes: &'a [Member],
    ) -> Self {
        Self { members: claims, text: issuer, scopes, maybe: user, beside: [attributes, &[]], ..Self::at(HookPoint::JwtBearer) }
    }

    /// A transaction token: the claims of the subject's token, the members of `tctx` and of `rctx`, the purpose.
    pub const fn transaction_token(
        claims: &'a [Member],
        transaction_context: &'a [Member],
        request_context: &'a [Member],
        scopes: &'a [Box<str>],
        lifetime: u32,
    ) -> Self {
        let beside = [transaction_context, request_context];
        Self { members: claims, beside, scopes, lifetime, ..Self::at(HookPoint::TransactionToken) }
    }

    /// A client whose proof is good: the method, the thumbprint of its certificate, what is known of its attestation.
    pub const fn client_authentication(method: &'a str, thumbprint: Option<&'a str>, attestation: &'a [Member]) -> Self {
        Self { text: method, maybe: thumbprint, members: attestation, ..Self::at(HookPoint::ClientAuthentication) }
    }

    /// A client's metadata, and the claims of its software statement.
    pub const fn client_registration(action: RegistrationAction, metadata: &'a [Member], software_statement: &'a [Member]) -> Self {
        Self { action, members: metadata, beside: [software_statement, &[]], ..Self::at(HookPoint::ClientRegistration) }
    }

    /// A person who is about to be asked on their own device: the digest of the `auth_req_id`, what both devices show.
    pub const fn backchannel_notification(
        digest: &'a str,
        binding_message: Option<&'a str>,
        scopes: &'a [Box<str>],
        attributes: &'a [Member],
    ) -> Self {
        Self { text: digest, maybe: binding_message, scopes, members: attributes, ..Self::at(HookPoint::BackchannelNotification) }
    }

    /// A token that is about to be revoked: `access_token` or `refresh_token`, its scopes, its claims.
    pub const fn revocation(token_type: &'a str, scopes: &'a [Box<str>], claims: &'a [Member]) -> Self {
        Self { text: token_type, scopes, members: claims, ..Self::at(HookPoint::Revocation) }
    }
}
