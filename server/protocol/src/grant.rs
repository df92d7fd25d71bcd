//! Grant types by their exact names.

use serde::{Deserialize, Serialize};

/// A grant that a client may be registered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GrantType {
    /// `client_credentials` (RFC 6749 §4.4).
    #[serde(rename = "client_credentials")]
    ClientCredentials,
    /// `authorization_code` (RFC 6749 §4.1).
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    /// `urn:openid:params:grant-type:ciba` (OpenID Connect CIBA §10.1).
    #[serde(rename = "urn:openid:params:grant-type:ciba")]
    Ciba,
    /// `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// `implicit` (RFC 6749 §4.2): tokens come from the authorization endpoint, and nobody asks the token endpoint for it.
    #[serde(rename = "implicit")]
    Implicit,
    /// `urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523 §2.1).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:jwt-bearer")]
    JwtBearer,
    /// `password` (RFC 6749 §4.3): the client is given what only its person should know.
    #[serde(rename = "password")]
    Password,
    /// `refresh_token` (RFC 6749 §6).
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693 §2.1).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl GrantType {
    /// Every grant this server has.
    pub const ALL: [Self; 9] = [
        Self::ClientCredentials, //
        Self::AuthorizationCode,
        Self::Ciba,
        Self::DeviceCode,
        Self::Implicit,
        Self::JwtBearer,
        Self::Password,
        Self::RefreshToken,
        Self::TokenExchange,
    ];

    /// The value of `grant_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::Ciba => "urn:openid:params:grant-type:ciba",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::Implicit => "implicit",
            Self::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// Whether the token endpoint serves it.
    pub const fn is_redeemed(self) -> bool {
        !matches!(self, Self::Implicit)
    }

    /// The grant of a `grant_type` value, matched exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}
