//! A registered resource server (RFC 8707): what tokens for it look like, and who may introspect them.

use claimsmith_jose::SigningAlg;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::Lifetime;

use crate::client::TokenFormat;

/// A protected resource.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its identifier: the value of `resource` and of `aud`, compared byte by byte.
    pub identifier: Box<str>,
    /// A name for people.
    pub name: Option<Box<str>>,
    /// The scopes that mean something there.
    pub scopes: ScopeSet,
    /// The form of tokens for it; the client's or the server's default where absent.
    pub token_format: Option<TokenFormat>,
    /// The algorithm of its JWT access tokens.
    pub signing_alg: Option<SigningAlg>,
    /// No token for it lives longer.
    pub lifetime_ceiling: Option<Lifetime>,
    /// The clients that may introspect tokens whose audience it is.
    pub introspectors: Vec<ClientId>,
}
