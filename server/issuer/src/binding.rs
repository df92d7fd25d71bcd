//! Bindings: which plugin runs for whom, with what configuration and what permissions.

use claimsmith_protocol::id::ClientId;

/// A plugin bound to a client, a tag, or every client.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Its number.
    pub id: i64,
    /// Whom it is for.
    pub target: Target,
    /// The plugin's name.
    pub plugin: Box<str>,
    /// SHA-256 of the version it is pinned to; the active version when absent.
    pub pinned: Option<claimsmith_jose::Digest>,
    /// Its place: lower runs earlier within the same kind of target.
    pub position: i32,
    /// JSON configuration, checked against the plugin's schema when it was saved.
    pub configuration: Box<str>,
    /// What its edits may touch beyond the free claims.
    pub permissions: Vec<Permission>,
    /// What happens when the plugin faults.
    pub on_failure: OnFailure,
    /// Limits of its own, in place of the server's; never above them.
    pub limits: BindingLimits,
}

/// Whom a binding is for. The effective order is: all, then tags, then the client; by position within each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Every client.
    All,
    /// Every client that has the tag.
    Tag(Box<str>),
    /// One client.
    Client(ClientId),
}

/// What happens when a plugin traps, is too slow or answers badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// No token: the request fails with `server_error`.
    Refuse,
    /// The token is made without this plugin's edits.
    Skip,
}

impl OnFailure {
    /// The name in commands and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Skip => "skip",
        }
    }

    /// The policy of a name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Refuse, Self::Skip].into_iter().find(|policy| policy.as_str() == text)
    }
}

/// Limits of one binding; absent means the server's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BindingLimits {
    /// Fuel for one call.
    pub fuel: Option<u64>,
    /// Milliseconds for one call.
    pub milliseconds: Option<u32>,
}

/// Something that a binding's plugin may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// `claim:NAME`: set or remove the claim of that name.
    Claim(Box<str>),
    /// `claim:PREFIX*`: set or remove claims whose name begins so.
    ClaimPrefix(Box<str>),
    /// `scope:NAME`: add that scope.
    Scope(Box<str>),
    /// `audience:URI`: add that audience.
    Audience(Box<str>),
    /// `sub`, `acr`, `amr` or `auth_time`: set that claim.
    Protected(Box<str>),
    /// `lifetime:SECONDS`: lengthen the lifetime up to that.
    Lifetime(u32),
    /// `user:NAME`: read that claim or attribute of the user; `id` and `username` are two of them.
    User(Box<str>),
    /// `user:PREFIX*`: read the claims and attributes of the user whose name begins so.
    UserPrefix(Box<str>),
    /// `authorization_details:TYPE`: add or change authorization details of that type.
    AuthorizationDetails(Box<str>),
    /// `skip_consent`: let a person not be asked.
    SkipConsent,
    /// `password`: see the password that a client brings, at the hook point of that name.
    Password,
    /// `set_user`: say for whom a token is, where a password, an assertion or an exchange is judged.
    SetUser,
    /// `impersonation`: let an exchanged token keep quiet about its actor.
    Impersonation,
    /// `metadata:NAME`: set or remove the member of that name of a client's metadata.
    Metadata(Box<str>),
    /// `metadata:PREFIX*`: set or remove members of a client's metadata whose name begins so.
    MetadataPrefix(Box<str>),
    /// `refuse_revocation`: keep a token from being revoked.
    RefuseRevocation,
}

/// Why a text is no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPermission {
    /// A capability that this release does not have.
    #[error("the capability `{0}` is not yet available")]
    NotYet(String),
    /// Nothing we know.
    #[error(
        "`{0}` is no permission: use claim:NAME, claim:PREFIX*, scope:NAME, audience:URI, lifetime:SECONDS, sub, acr, amr, auth_time, user:NAME, user:PREFIX*, authorization_details:TYPE, skip_consent, password, set_user, impersonation, metadata:NAME, metadata:PREFIX* or refuse_revocation"
    )]
    Unknown(String),
    /// The claim belongs to the server.
    #[error("the claim `{0}` is set by the server alone and cannot be granted")]
    Reserved(String),
    /// The member of a client's metadata belongs to the server.
    #[error("the member `{0}` of a client's metadata is set by the server alone and cannot be granted")]
    ReservedMetadata(String),
}

impl Permission {
    /// Reads a permission as commands and the admin API write it.
    pub fn parse(text: &str) -> Result<Self, InvalidPermission> {
        let unknown = || InvalidPermission::Unknown(text.to_owned());
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match (kind, rest) {
            ("claim", "") | ("scope", "") | ("audience", "") | ("user", "") | ("authorization_details", "") | ("metadata", "") => {
                Err(unknown())
            }
            ("claim", rest) => match rest.strip_suffix('*') {
                Some(prefix) => Ok(Self::ClaimPrefix(prefix.into())),
                None if crate::claims::is_reserved(rest) => Err(InvalidPermission::Reserved(rest.to_owned())),
                None => Ok(Self::Claim(rest.into())),
            },
            ("scope", rest) if claimsmith_protocol::scope::is_scope_token(rest) => Ok(Self::Scope(rest.into())),
            ("audience", rest) => {
                claimsmith_protocol::resource::check_resource(rest).map(|uri| Self::Audience(uri.into())).map_err(|_| unknown())
            }
            ("lifetime", rest) => rest.parse().map(Self::Lifetime).map_err(|_| unknown()),
            ("sub" | "acr" | "amr" | "auth_time", "") if text == kind => Ok(Self::Protected(kind.into())),
            ("user", rest) => Ok(match rest.strip_suffix('*') {
                Some(prefix) => Self::UserPrefix(prefix.into()),
                None => Self::User(rest.into()),
            }),
            ("authorization_details", rest) => Ok(Self::AuthorizationDetails(rest.into())),
            ("skip_consent", "") if text == kind => Ok(Self::SkipConsent),
            ("password", "") if text == kind => Ok(Self::Password),
            ("set_user", "") if text == kind => Ok(Self::SetUser),
            ("impersonation", "") if text == kind => Ok(Self::Impersonation),
            ("refuse_revocation", "") if text == kind => Ok(Self::RefuseRevocation),
            ("metadata", rest) => match rest.strip_suffix('*') {
                Some(prefix) => Ok(Self::MetadataPrefix(prefix.into())),
                None if crate::claims::is_reserved_metadata(rest) => Err(InvalidPermission::ReservedMetadata(rest.to_owned())),
                None => Ok(Self::Metadata(rest.into())),
            },
            ("http" | "kv" | "secret" | "secrets", _) => Err(InvalidPermission::NotYet(kind.to_owned())),
            _ => Err(unknown()),
        }
    }

    /// The permission as commands and the admin API write it.
    pub fn to_text(&self) -> String {
        match self {
            Self::Claim(name) => format!("claim:{name}"),
            Self::ClaimPrefix(prefix) => format!("claim:{prefix}*"),
            Self::Scope(name) => format!("scope:{name}"),
            Self::Audience(uri) => format!("audience:{uri}"),
            Self::Protected(name) => name.to_string(),
            Self::Lifetime(seconds) => format!("lifetime:{seconds}"),
            Self::User(name) => format!("user:{name}"),
            Self::UserPrefix(prefix) => format!("user:{prefix}*"),
            Self::AuthorizationDetails(kind) => format!("authorization_details:{kind}"),
            Self::SkipConsent => "skip_consent".to_owned(),
            Self::Password => "password".to_owned(),
            Self::SetUser => "set_user".to_owned(),
            Self::Impersonation => "impersonation".to_owned(),
            Self::Metadata(name) => format!("metadata:{name}"),
            Self::MetadataPrefix(prefix) => format!("metadata:{prefix}*"),
            Self::RefuseRevocation => "refuse_revocation".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_written_as_they_are_read() {
        for text in [
            "claim:org",
            "claim:urn:x:*",
            "claim:*",
            "scope:read",
            "audience:https://api.example",
            "lifetime:60",
            "sub",
            "acr",
            "amr",
            "auth_time",
            "user:email",
            "user:org_*",
            "user:*",
            "authorization_details:urn:example:payment",
            "skip_consent",
            "password",
            "set_user",
            "impersonation",
            "metadata:client_name",
            "metadata:x_*",
            "refuse_revocation",
        ] {
            assert_eq!(Permission::parse(text).expect("a permission").to_text(), text);
        }
        assert_eq!(Permission::parse("lifetime:60"), Ok(Permission::Lifetime(60)));
        assert_eq!(Permission::parse("sub"), Ok(Permission::Protected("sub".into())));
    }

    #[test]
    fn what_is_no_permission_is_named() {
        for text in [
            "",
            "claim",
            "claim:",
            "scope:",
            "scope:a b",
            "audience:",
            "audience:api",
            "lifetime:",
            "lifetime:-1",
            "sub:",
            "sub:x",
            "all",
            "user",
            "user:",
            "authorization_details",
            "authorization_details:",
            "skip_consent:",
            "skip_consent:x",
            "password:",
            "set_user:x",
            "impersonation:x",
            "metadata",
            "metadata:",
            "refuse_revocation:",
        ] {
            assert_eq!(Permission::parse(text), Err(InvalidPermission::Unknown(text.to_owned())), "{text:?}");
        }
        assert_eq!(Permission::parse("claim:iss"), Err(InvalidPermission::Reserved("iss".to_owned())));
        let reserved = InvalidPermission::ReservedMetadata("client_secret".to_owned());
        assert_eq!(Permission::parse("metadata:client_secret"), Err(reserved));
    }

    #[test]
    fn plg_010_no_permission_opens_the_network() {
        for text in ["http", "http:https://api.example", "kv", "kv:counts", "secret:db", "secrets"] {
            let kind = text.split(':').next().expect("a kind").to_owned();
            assert_eq!(Permission::parse(text), Err(InvalidPermission::NotYet(kind)), "{text}");
        }
    }

    #[test]
    fn names_of_failure_policies_lead_back_to_them() {
        for (policy, name) in [(OnFailure::Refuse, "refuse"), (OnFailure::Skip, "skip")] {
            assert_eq!((policy.as_str(), OnFailure::parse(name)), (name, Some(policy)));
        }
        assert_eq!(OnFailure::parse("ignore"), None);
    }
}
