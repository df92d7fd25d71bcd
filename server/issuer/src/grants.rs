//! The grants, one file each, all of the same shape.

use claimsmith_jose::{Digest, SigningAlg};
use claimsmith_protocol::error::Refusal;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::time::Lifetime;

use crate::client::TokenFormat;

mod allowed;
pub mod authorization_code;
pub mod client_credentials;
pub mod refresh_token;
mod target;

pub use allowed::{Allowed, CodeState, GrantRecord, RefreshState};
pub use target::Resources;

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
