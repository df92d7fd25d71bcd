//! Who may do what: bearer tokens of administrators and the scopes they carry.

use claimsmith_jose::{Digest, base64url};

use super::problem::{Kind, Problem};

/// What an admin token may be for. A fixed list; `admin` stands for all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// Everything.
    Admin,
    /// Read clients and their bindings.
    ClientsRead,
    /// Change clients, their secrets and their bindings.
    ClientsWrite,
    /// Read resources.
    ResourcesRead,
    /// Change resources.
    ResourcesWrite,
    /// Read the list of trusted issuers.
    TrustRead,
    /// Change whom this server trusts.
    TrustWrite,
    /// Read users and which second factors they have.
    UsersRead,
    /// Change users, their passwords, and remove their second factors.
    UsersWrite,
    /// Read the hashes of users' passwords.
    UsersExport,
    /// Read plugins and bindings of tags and of all.
    PluginsRead,
    /// Upload and switch plugins; bind them to tags and to all.
    PluginsWrite,
    /// Read the list of signing keys.
    KeysRead,
    /// Rotate, retire and seal again.
    KeysWrite,
    /// Explain and introspect tokens.
    TokensRead,
    /// Revoke tokens.
    TokensWrite,
    /// Read the audit.
    AuditRead,
    /// Read the configuration.
    ConfigRead,
}

impl Scope {
    /// Every scope.
    pub(crate) const ALL: [Self; 18] = [
        Self::Admin,
        Self::ClientsRead,
        Self::ClientsWrite,
        Self::ResourcesRead,
        Self::ResourcesWrite,
        Self::TrustRead,
        Self::TrustWrite,
        Self::UsersRead,
        Self::UsersWrite,
        Self::UsersExport,
        Self::PluginsRead,
        Self::PluginsWrite,
        Self::KeysRead,
        Self::KeysWrite,
        Self::TokensRead,
        Self::TokensWrite,
        Self::AuditRead,
        Self::ConfigRead,
    ];

    /// The name in tokens and commands.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::ClientsRead => "clients:read",
            Self::ClientsWrite => "clients:write",
            Self::ResourcesRead => "resources:read",
            Self::ResourcesWrite => "resources:write",
            Self::TrustRead => "trust:read",
            Self::TrustWrite => "trust:write",
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::UsersExport => "users:export",
            Self::PluginsRead => "plugins:read",
            Self::PluginsWrite => "plugins:write",
            Self::KeysRead => "keys:read",
            Self::KeysWrite => "keys:write",
            Self::TokensRead => "tokens:read",
            Self::TokensWrite => "tokens:write",
            Self::AuditRead => "audit:read",
            Self::ConfigRead => "config:read",
        }
    }

    /// The scope of a name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// Who may write may read.
    const fn grants(self, needed: Self) -> bool {
        match (self, needed) {
            (Self::Admin, _)
            | (Self::ClientsWrite, Self::ClientsRead)
            | (Self::ResourcesWrite, Self::ResourcesRead)
            | (Self::TrustWrite, Self::TrustRead)
            | (Self::UsersWrite | Self::UsersExport, Self::UsersRead)
            | (Self::PluginsWrite, Self::PluginsRead)
            | (Self::KeysWrite, Self::KeysRead)
            | (Self::TokensWrite, Self::TokensRead) => true,
            (one, other) => one as u8 == other as u8,
        }
    }
}

/// What every admin token begins with, so that secret scanners find it.
pub(crate) const PREFIX: &str = "csat_";

/// An administrator whose token was found.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    /// The token's name: what the audit says.
    pub(crate) name: String,
    /// Its scopes.
    pub(crate) scopes: Vec<Scope>,
}

/// The names of all scopes, for commands.
pub fn scope_names() -> impl Iterator<Item = &'static str> {
    Scope::ALL.into_iter().map(Scope::as_str)
}

impl Actor {
    /// An administrator from what the store holds. Scopes that this version does not know grant nothing.
    pub(crate) fn of(name: &str, scopes: &[Box<str>]) -> Self {
        Self { name: name.to_owned(), scopes: scopes.iter().filter_map(|scope| Scope::parse(scope)).collect() }
    }

    /// Errors unless one of the scopes is or includes `needed`.
    pub(crate) fn need(&self, needed: Scope) -> Result<(), Problem> {
        if self.scopes.iter().any(|scope| scope.grants(needed)) {
            return Ok(());
        }
        let detail = format!("the admin token `{}` lacks the scope `{}`", self.name, needed.as_str());
        Err(Problem::new(Kind::Forbidden, detail).with("scope", serde_json::json!(needed.as_str())))
    }
}

/// A new token: `csat_` and 256 random bits. The caller shows it once and keeps its digest.
pub fn new_token() -> String {
    let mut bytes = [0; 32];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
    format!("{PREFIX}{}", base64url::encode(bytes))
}

/// The digest of the token in an `Authorization` header; `None` when it is no bearer token of our form.
// Security: only the digest is looked up. What a wrong guess shares with a real token says nothing, for the digests of two
// texts share nothing (and the store compares digests, never tokens).
pub(crate) fn presented(authorization: Option<&[u8]>) -> Option<Digest> {
    let text = std::str::from_utf8(authorization?).ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim_matches(' ');
    let bits = base64url::decode(token.strip_prefix(PREFIX)?).ok()?;
    (scheme.eq_ignore_ascii_case("bearer") && bits.len() == 32).then(|| Digest::of(token.as_bytes()))
}

/// The problem of a request without a good token. Missing and wrong are told apart, wrong and expired are not.
pub(crate) fn unauthenticated(header_present: bool) -> Problem {
    let detail = match header_present {
        true => "the admin token is unknown or has expired",
        false => "send `Authorization: Bearer csat_…`; `claimsmith admin-token create` makes one",
    };
    Problem::new(Kind::Unauthenticated, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_is_all_and_write_includes_read() {
        let actor = |scopes: &[Scope]| Actor { name: "ops".to_owned(), scopes: scopes.to_vec() };
        for scope in Scope::ALL {
            assert!(actor(&[Scope::Admin]).need(scope).is_ok());
            assert!(actor(&[scope]).need(scope).is_ok());
            assert!(actor(&[]).need(scope).is_err());
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        assert!(actor(&[Scope::ClientsWrite]).need(Scope::ClientsRead).is_ok());
        assert!(actor(&[Scope::ClientsRead]).need(Scope::ClientsWrite).is_err());
        assert!(actor(&[Scope::PluginsWrite]).need(Scope::ClientsRead).is_err());
        assert!(actor(&[Scope::ClientsWrite]).need(Scope::Admin).is_err());
    }

    #[test]
    fn only_bearer_tokens_of_our_form_are_looked_up() {
        let token = new_token();
        let header = format!("Bearer {token}");
        assert_eq!(token.len(), PREFIX.len() + 43);
        assert_eq!(presented(Some(header.as_bytes())), Some(Digest::of(token.as_bytes())));
        for bad in [format!("Basic {token}"), token.clone(), header.replace("csat_", ""), format!("{header}x")] {
            assert_eq!(presented(Some(bad.as_bytes())), None, "{bad}");
        }
        assert_eq!(presented(None), None);
    }
}
