//! The grants, one file each, all of the same shape.

use claimsmith_jose::{Digest, SigningAlg};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::handle::{GrantId, RefreshClaim};
use claimsmith_protocol::time::{Lifetime, Timestamp};

use crate::client::{Client, TokenFormat};
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::policy::PeoplePolicy;

mod allowed;
pub mod authorization_code;
pub mod ciba;
pub mod client_credentials;
mod deferred;
pub mod device_code;
pub mod implicit;
pub mod jwt_bearer;
mod newcomer;
pub mod password;
pub mod refresh_token;
#[cfg(test)]
pub(crate) mod rig;
mod target;
pub mod token_exchange;

pub use allowed::{Allowed, CodeState, GrantRecord, RefreshState};
pub use deferred::{DeferredKind, DeferredState, Polled};
pub use newcomer::{Newcomer, Sibling};
pub use target::Resources;

/// What a client asks for, by the grant it asks with.
#[derive(Debug)]
pub enum Request {
    /// For itself.
    ClientCredentials(client_credentials::Request),
    /// With a code.
    AuthorizationCode(authorization_code::Request),
    /// With what a backchannel request was answered with, while its person decides.
    Ciba(ciba::Request),
    /// With the code of a device, while its person decides on another one.
    DeviceCode(device_code::Request),
    /// With what another issuer says of a person.
    JwtBearer(jwt_bearer::Request),
    /// With the password of a person.
    Password(password::Request),
    /// With a refresh token.
    RefreshToken(refresh_token::Request),
    /// With another token.
    TokenExchange(Box<token_exchange::Request>),
}

impl Request {
    /// Reads the parameters of a grant.
    pub fn parse(grant: GrantType, form: &Form<'_>) -> Result<Self, Refusal> {
        Ok(match grant {
            GrantType::ClientCredentials => Self::ClientCredentials(client_credentials::parse(form)?),
            GrantType::AuthorizationCode => Self::AuthorizationCode(authorization_code::parse(form)?),
            GrantType::Ciba => Self::Ciba(ciba::parse(form)?),
            GrantType::DeviceCode => Self::DeviceCode(device_code::parse(form)?),
            GrantType::Implicit => return Err(implicit::not_redeemed()),
            GrantType::JwtBearer => Self::JwtBearer(jwt_bearer::parse(form)?),
            GrantType::Password => Self::Password(password::parse(form)?),
            GrantType::RefreshToken => Self::RefreshToken(refresh_token::parse(form)?),
            GrantType::TokenExchange => Self::TokenExchange(Box::new(token_exchange::parse(form)?)),
        })
    }

    /// The grant whose facts the court will want; none where there is none.
    pub fn grant(&self) -> Option<GrantId> {
        match self {
            Self::ClientCredentials(_) | Self::JwtBearer(_) | Self::Password(_) | Self::TokenExchange(_) => None,
            Self::AuthorizationCode(request) => request.grant,
            Self::Ciba(ciba::Request { code, .. }) | Self::DeviceCode(device_code::Request { code }) => code.grant,
            Self::RefreshToken(request) => request.claim.map(|claim| claim.grant),
        }
    }

    /// What a refresh token says about itself, for the vault to say whether it is genuine.
    pub const fn refresh_claim(&self) -> Option<&RefreshClaim> {
        match self {
            Self::RefreshToken(request) => request.claim.as_ref(),
            _ => None,
        }
    }

    /// The code with which the client asks what became of its waiting.
    pub const fn deferred(&self) -> Option<&deferred::Request> {
        match self {
            Self::Ciba(ciba::Request { code, .. }) | Self::DeviceCode(device_code::Request { code }) => Some(code),
            _ => None,
        }
    }

    /// What the client waits with that is given its tokens unasked.
    pub fn pushed(&self) -> Option<&str> {
        match self {
            Self::Ciba(request) => request.pushed.as_deref(),
            _ => None,
        }
    }

    /// The scopes asked for; none where nothing was said.
    pub fn scopes(&self) -> &[Box<str>] {
        let scope = match self {
            Self::ClientCredentials(request) => request.scope.as_ref(),
            Self::AuthorizationCode(_) | Self::Ciba(_) | Self::DeviceCode(_) => None,
            Self::JwtBearer(request) => request.scope.as_ref(),
            Self::Password(request) => request.scope.as_ref(),
            Self::RefreshToken(request) => request.narrowed.scope.as_ref(),
            Self::TokenExchange(request) => request.scope.as_ref(),
        };
        scope.map_or(&[], |scope| scope.tokens())
    }

    /// The resources asked for.
    pub fn resources(&self) -> &[Box<str>] {
        match self {
            Self::ClientCredentials(request) => &request.resources,
            Self::AuthorizationCode(request) => request.resources(),
            Self::Ciba(ciba::Request { code, .. }) | Self::DeviceCode(device_code::Request { code }) => code.resources(),
            Self::JwtBearer(request) => &request.resources,
            Self::Password(request) => &request.resources,
            Self::RefreshToken(request) => &request.narrowed.resources,
            Self::TokenExchange(request) => &request.resources,
        }
    }

    /// Decides what the client gets.
    pub fn decide(&self, case: &Case<'_>) -> Verdict {
        match self {
            Self::ClientCredentials(request) => client_credentials::decide(case.caller, request, case.resources, case.defaults).into(),
            Self::AuthorizationCode(request) => authorization_code::decide(request, case),
            Self::Ciba(request) => ciba::decide(request, case),
            Self::DeviceCode(request) => device_code::decide(request, case),
            Self::JwtBearer(request) => jwt_bearer::decide(request, case).into(),
            Self::Password(request) => password::decide(request, case).into(),
            Self::RefreshToken(request) => refresh_token::decide(request, case),
            Self::TokenExchange(request) => token_exchange::decide(request, case).into(),
        }
    }
}

/// Everything the court looks at.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Who asks.
    pub caller: &'a AuthenticatedClient,
    /// The grant of the code or refresh token, where there is one.
    pub grant: Option<&'a GrantRecord>,
    /// What a client waits for, asked about with this request.
    pub polled: Option<&'a Polled>,
    /// The person whom the request itself brings, proved to be them.
    pub newcomer: Option<&'a Newcomer>,
    /// The assertion of another issuer, where it is believed.
    pub asserted: Option<&'a jwt_bearer::Asserted>,
    /// The tokens of a token exchange.
    pub exchange: Option<&'a token_exchange::Exchange>,
    /// Whether the MAC of the refresh token is ours.
    pub genuine: bool,
    /// Whether the grant's person is there and enabled.
    pub person_is_there: bool,
    /// What the new tokens will be bound to.
    pub confirmation: Option<&'a Confirmation>,
    /// The registry of resources.
    pub resources: &'a Resources,
    /// What is done where nobody says anything.
    pub defaults: &'a Defaults,
    /// What is decided for the flows of people.
    pub policy: &'a PeoplePolicy,
    /// When.
    pub now: Timestamp,
}

/// What a grant entitles its client to, before plugins have their say.
#[derive(Debug, Clone, PartialEq)]
pub struct Entitled {
    /// The granted scopes.
    pub scopes: Vec<Box<str>>,
    /// The audience; never empty.
    pub audience: Vec<Box<str>>,
    /// From issue to expiry.
    pub lifetime: Lifetime,
    /// No plugin makes it longer.
    pub lifetime_ceiling: Lifetime,
    /// The form of the access token.
    pub format: TokenFormat,
    /// The algorithm of a self-contained token.
    pub alg: SigningAlg,
    /// For whom, where it is not the client itself.
    pub person: Option<Box<ForPerson>>,
    /// What it says beside, where it was exchanged for another token.
    pub exchanged: Option<Box<token_exchange::Exchanged>>,
}

impl Entitled {
    /// What an exchange makes in place of an access token.
    pub fn makes_no_access_token(&self) -> Option<&token_exchange::Exchanged> {
        self.exchanged.as_deref().filter(|exchanged| exchanged.product != token_exchange::Product::AccessToken)
    }
}

/// What a grant that a person gave entitles its client to, beside the access token.
#[derive(Debug, Clone, PartialEq)]
pub struct ForPerson {
    /// The grant.
    pub grant: GrantRecord,
    /// Whether an ID token belongs to the answer.
    pub id_token: bool,
    /// What becomes of the refresh token.
    pub refresh: Refresh,
    /// The state that the grant must still be in when everything is signed.
    pub from: From,
}

/// What becomes of a grant's refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// There is none.
    None,
    /// A new one, of this number.
    Issue {
        /// Which of the grant's tokens it is.
        number: u32,
        /// Seconds until it ends if it is not used.
        lifetime: Lifetime,
    },
    /// The one that was presented stays.
    Keep,
    /// The one that replaced the presented one is told again.
    Repeat {
        /// Which of the grant's tokens it is.
        number: u32,
    },
}

/// What was presented, and must not have been used by anybody else in the meantime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The authorization code of this digest.
    Code(Digest),
    /// The refresh token of this digest.
    Refresh(Digest),
    /// A person, with the request itself: the grant begins when everything is signed.
    New,
    /// A refresh token that has been replaced, within the client's grace: nothing changes.
    Unchanged,
}

/// What the court says.
#[derive(Debug)]
pub enum Verdict {
    /// The client gets this.
    Entitled(Entitled),
    /// The client gets nothing, and something is to be done about it first.
    Refused(Refusal, Option<Remedy>),
}

impl std::convert::From<Result<Entitled, Refusal>> for Verdict {
    fn from(decided: Result<Entitled, Refusal>) -> Self {
        match decided {
            Ok(entitled) => Self::Entitled(entitled),
            Err(refusal) => Self::Refused(refusal, None),
        }
    }
}

/// Refuses a client that is not registered for a grant (RFC 6749 §5.2).
fn may_use(client: &Client, grant: GrantType) -> Result<(), Refusal> {
    if client.grants.contains(&grant) { Ok(()) } else { Err(not_allowed()) }
}

const fn not_allowed() -> Refusal {
    Refusal::new(ErrorCode::UnauthorizedClient, Reason::GrantNotAllowed, "the client may not use this grant")
}

/// What a refusal wants done. Committed before the refusal leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The grant ends, with every token that came of it: somebody has a copy (RFC 6749 §10.5, RFC 9700 §4.14.2).
    Revoke(GrantId),
    /// The code is used up: nobody guesses verifiers (RFC 7636 §4.6).
    Spend(GrantId, Digest),
}

/// What the server does where neither client nor resource says anything.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// The audience of tokens for no resource in particular.
    pub audience: Box<str>,
    /// The lifetime of access tokens.
    pub lifetime: Lifetime,
    /// No access token lives longer.
    pub lifetime_ceiling: Lifetime,
    /// The form of access tokens.
    pub format: TokenFormat,
    /// The algorithm of self-contained tokens.
    pub alg: SigningAlg,
}
