//! Token type identifiers ([RFC 8693 §3](https://www.rfc-editor.org/rfc/rfc8693#section-3)) that this server reads and writes.

/// What a token is said to be, or wanted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An access token of this server.
    AccessToken,
    /// A JWT: an access token of this server that is one, or a token of a trusted issuer.
    Jwt,
    /// An ID token of this server.
    IdToken,
    /// A refresh token of this server.
    RefreshToken,
    /// An identity assertion for a server elsewhere (draft-ietf-oauth-identity-assertion-authz-grant §3).
    IdentityAssertion,
    /// A transaction token of this server (draft-ietf-oauth-transaction-tokens §9).
    Transaction,
    /// A JWT in which a workload says whom a transaction is for (§11.2.1).
    SelfSigned,
    /// A JSON object in which it does, without any proof (§11.2.2).
    UnsignedJson,
    /// The secret of a device, for the apps on it (OpenID Connect Native SSO §4.3).
    DeviceSecret,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::AccessToken,
        Self::Jwt,
        Self::IdToken,
        Self::RefreshToken,
        Self::IdentityAssertion,
        Self::Transaction,
        Self::SelfSigned,
        Self::UnsignedJson,
        Self::DeviceSecret,
    ];

    /// Its URN.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
            Self::IdentityAssertion => "urn:ietf:params:oauth:token-type:id-jag",
            Self::Transaction => "urn:ietf:params:oauth:token-type:txn_token",
            Self::SelfSigned => "urn:ietf:params:oauth:token-type:self_signed",
            Self::UnsignedJson => "urn:ietf:params:oauth:token-type:unsigned_json",
            Self::DeviceSecret => "urn:openid:params:token-type:device-secret",
        }
    }

    /// Of what can be presented.
    pub(super) fn presented(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text && *kind != Self::IdentityAssertion)
    }

    /// Of what can be asked for.
    pub(super) fn wanted(text: &str) -> Option<Self> {
        [Self::AccessToken, Self::Jwt, Self::IdentityAssertion, Self::Transaction].into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether it is, or may be, an access token.
    pub const fn is_access_token(self) -> bool {
        matches!(self, Self::AccessToken | Self::Jwt)
    }

    /// Whether a token of this kind is exchanged for one of the other.
    pub(super) const fn becomes(self, wanted: Self) -> bool {
        match wanted {
            Self::IdentityAssertion => matches!(self, Self::IdToken | Self::RefreshToken),
            Self::Transaction => self.is_access_token() || matches!(self, Self::Transaction | Self::SelfSigned | Self::UnsignedJson),
            _ => self.is_access_token(),
        }
    }
}
