//! The grants, one file each, all of the same shape.

use claimsmith_jose::SigningAlg;
use claimsmith_protocol::time::Lifetime;

use crate::client::TokenFormat;

pub mod client_credentials;

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
