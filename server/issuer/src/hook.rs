//! Hook points: where a plugin may shape what is made. One row each in [`HookPoint::ALL`].
//!
//! A plugin answers with [`Edit`]s or a [`PluginRefusal`]; this module only carries them. They are checked and applied in
//! `claims`, the one place that can turn a draft into something the vault will sign.

use crate::value::{Member, Value};

/// A point in the walk at which plugins are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HookPoint {
    /// Shapes an access token: claims, header, scope, audience, lifetime.
    AccessToken,
    /// Adds members to the token endpoint's response.
    TokenResponse,
    /// Shapes the answer of introspection for an active token.
    Introspection,
}

impl HookPoint {
    /// Every hook point.
    pub const ALL: [Self; 3] = [Self::AccessToken, Self::TokenResponse, Self::Introspection];

    /// The name in commands, records and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::TokenResponse => "token_response",
            Self::Introspection => "introspection",
        }
    }

    /// The WIT interface that a plugin exports to be called here, without package and version.
    pub const fn interface(self) -> &'static str {
        match self {
            Self::AccessToken => "access-token",
            Self::TokenResponse => "token-response",
            Self::Introspection => "introspection",
        }
    }

    /// The hook point of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.as_str() == name)
    }
}

/// What a plugin may read: who asks and for what. Secrets never enter it.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The authenticated client.
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
}

/// What is about to be made, as plugins see it.
#[derive(Debug, Clone, Copy)]
pub enum Draft<'a> {
    /// An access token before it is signed.
    Token {
        /// Every claim so far.
        claims: &'a [Member],
        /// The granted scopes.
        scopes: &'a [Box<str>],
        /// The audience.
        audience: &'a [Box<str>],
        /// Seconds from issue to expiry.
        lifetime: u32,
    },
    /// The members of a token response, tokens left out.
    Response {
        /// The members.
        members: &'a [Member],
    },
    /// The members of an introspection response.
    Introspection {
        /// The members.
        members: &'a [Member],
        /// The client that asks.
        caller: &'a str,
    },
}

/// One change that a plugin asks for; nothing in it has been checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Set a claim, or a member of an introspection response.
    SetClaim(String, Value),
    /// Remove a claim.
    RemoveClaim(String),
    /// Set a member of the JOSE header.
    SetHeader(String, Value),
    /// Replace the granted scopes.
    SetScopes(Vec<String>),
    /// Replace the audience.
    SetAudience(Vec<String>),
    /// Set the lifetime in seconds.
    SetLifetime(u32),
    /// Add a member to the token response.
    SetResponseMember(String, Value),
    /// Issue no refresh token.
    OmitRefreshToken,
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
        assert_eq!(names, ["access_token", "token_response", "introspection"]);
        assert_eq!(names.map(HookPoint::parse), HookPoint::ALL.map(Some));
        assert_eq!(HookPoint::parse("access-token"), None);
        assert_eq!(HookPoint::ALL.map(HookPoint::interface), ["access-token", "token-response", "introspection"]);
    }
}
