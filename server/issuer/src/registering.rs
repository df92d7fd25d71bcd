//! What clients may register about themselves ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591),
//! [RFC 7592](https://www.rfc-editor.org/rfc/rfc7592), OpenID Connect Dynamic Client Registration): from what a client sends to the
//! document that an administrator could have written, and back to what the client is shown.

use claimsmith_jose::SigningAlg;
use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::registration::{Profile, Registration};
use claimsmith_protocol::scope::ScopeSet;
use serde_json::{Map, Value, json};
use url::Url;

use crate::registration::{Wrong, is_https};
use crate::trust::TrustRefusal;

/// What clients may have.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Grants.
    pub grants: Vec<GrantType>,
    /// Ways to authenticate.
    pub methods: Vec<AuthMethod>,
    /// Scopes.
    pub scopes: ScopeSet,
    /// Resources that every client gets.
    pub resources: Vec<Box<str>>,
    /// Tags that every client gets.
    pub tags: Vec<Box<str>>,
    /// Hosts of redirect URIs, `*.` before one for all below it; any where empty.
    pub redirect_hosts: Vec<Box<str>>,
    /// Whether links have the host of a redirect URI (RFC 7591 §5).
    pub links_of_redirect_hosts: bool,
    /// What every client is held to.
    pub profile: Option<Profile>,
}

/// The algorithms that there are keys for.
#[derive(Debug, Clone, Copy)]
pub struct Algs<'a> {
    /// All of them.
    pub all: &'a [SigningAlg],
    /// That of tokens where nobody says otherwise.
    pub default: SigningAlg,
}

/// What a client sent, put in order.
#[derive(Debug)]
pub struct Prepared {
    /// The document, as an administrator would write it.
    pub document: Map<String, Value>,
    /// Members that are shown and nothing else.
    pub extra: Map<String, Value>,
    /// What is wrong with it so far.
    pub wrong: Vec<Wrong>,
}

/// Members beside those of [`Registration`] that a client writes.
const PLAIN: [&str; 7] =
    ["client_name", "token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "grant_types", "scope", "jwks", "jwks_uri"];

/// Members that only the operator writes: they stay as they are when a client replaces its own.
const OPERATORS: [&str; 12] = [
    "enabled",
    "tags",
    "metadata",
    "resources",
    "lifetimes",
    "access_token_format",
    "access_token_signed_response_alg",
    "assertion_audience",
    "profile",
    "consent",
    "refresh_token_rotation",
    "refresh_token_grace",
];

/// Members that the server writes, which a client must not send with an update (RFC 7592 §2.2).
const SERVERS: [&str; 4] = ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];

/// Members that people read, of which there may be one for each language, as in `client_name#ja` (RFC 7591 §2.2).
const IN_LANGUAGES: [&str; 5] = ["client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"];

/// Of those, the links.
const LINKS: [&str; 4] = ["client_uri", "logo_uri", "policy_uri", "tos_uri"];

/// What names the software (RFC 7591 §2).
const OF_SOFTWARE: [&str; 2] = ["software_id", "software_version"];

/// The most members of that kind.
const EXTRA_MAX: usize = 64;
/// The longest of their values, bytes.
const EXTRA_LENGTH_MAX: usize = 2_048;

fn is_clients(name: &str) -> bool {
    PLAIN.contains(&name) || (Registration::MEMBERS.contains(&name) && !OPERATORS.contains(&name))
}

/// Puts in order what a client sent. `held` is the document of a client that replaces its metadata. Unknown members are ignored
/// (RFC 7591 §2).
pub fn prepare(sent: Map<String, Value>, policy: &Policy, held: Option<&Map<String, Value>>, algs: Algs<'_>) -> Prepared {
    let mut prepared = Prepared { document: Map::new(), extra: Map::new(), wrong: Vec::new() };
    for (name, value) in sent.into_iter().filter(|(_, value)| !value.is_null()) {
        if is_clients(&name) {
            prepared.document.insert(name, value);
        } else if OF_SOFTWARE.contains(&name.as_str()) || is_in_a_language(&name) {
            prepared.take_extra(name, value);
        }
    }
    prepared.add_defaults(policy, held, algs);
    prepared.narrow_scope(policy, held);
    prepared.check_algs(algs);
    prepared.check_hosts(policy);
    prepared.add_operators(policy, held);
    prepared
}

/// Whether a member is one for people in a language, as BCP 47 names them.
fn is_in_a_language(name: &str) -> bool {
    let is_tag = |tag: &str| !tag.is_empty() && tag.len() <= 35 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    name.split_once('#').is_some_and(|(base, tag)| IN_LANGUAGES.contains(&base) && is_tag(tag))
}

impl Prepared {
    fn say(&mut self, field: &str, detail: impl Into<String>) {
        self.wrong.push(Wrong { field: field.to_owned(), detail: detail.into() });
    }

    fn take_extra(&mut self, name: String, value: Value) {
        let good = |text: &str| !text.is_empty() && text.len() <= EXTRA_LENGTH_MAX && !text.chars().any(char::is_control);
        let base = name.split('#').next().unwrap_or_default();
        match &value {
            Value::String(text) if !good(text) => self.say(&name, "is empty, too long, or has control characters"),
            Value::String(text) if LINKS.contains(&base) && !is_https(text) => self.say(&name, "must be an https URL"),
            Value::String(_) if self.extra.len() >= EXTRA_MAX => self.say(&name, "is one too many of its kind"),
            Value::String(_) => drop(self.extra.insert(name, value)),
            _ => self.say(&name, "must be a string"),
        }
    }

    /// RFC 7591 §2, OpenID Connect Dynamic Client Registration §2.
    fn add_defaults(&mut self, policy: &Policy, held: Option<&Map<String, Value>>, algs: Algs<'_>) {
        let document = &mut self.document;
        let mut default = |name: &str, value: Value| {
            document.entry(name).or_insert(value);
        };
        default("token_endpoint_auth_method", json!(AuthMethod::ClientSecretBasic.as_str()));
        default("grant_types", json!([GrantType::AuthorizationCode.as_str()]));
        let profile = held.and_then(|held| held.get("profile")?.as_str().map(str::to_owned));
        let is_fapi = profile.map_or(policy.profile.is_some_and(Profile::is_fapi), |name| name.starts_with("fapi2"));
        let preferred = if is_fapi { SigningAlg::Ps256 } else { SigningAlg::Rs256 };
        let alg = if algs.all.contains(&preferred) { preferred } else { algs.default };
        default("id_token_signed_response_alg", json!(alg.as_str()));
        let has_code = document["grant_types"].as_array().is_some_and(|grants| grants.contains(&json!("authorization_code")));
        if has_code {
            document.entry("response_types").or_insert(json!(["code"]));
        }
        for kind in
            ["id_token_encrypted_response", "userinfo_encrypted_response", "authorization_encrypted_response", "request_object_encryption"]
        {
            if document.contains_key(&format!("{kind}_alg")) {
                document.entry(format!("{kind}_enc")).or_insert(json!("A128CBC-HS256"));
            }
        }
    }

    /// Scopes beyond those of the policy, and those that the client has already, are left out (RFC 7591 §3.2.1 lets the server).
    fn narrow_scope(&mut self, policy: &Policy, held: Option<&Map<String, Value>>) {
        let has = held.and_then(|held| ScopeSet::parse(held.get("scope")?.as_str()?).ok()).unwrap_or_default();
        match self.document.get("scope") {
            None => drop(self.document.insert("scope".to_owned(), json!(policy.scopes.to_text()))),
            Some(Value::String(text)) => {
                let Ok(mut scopes) = ScopeSet::parse(text) else { return };
                scopes.retain(|scope| policy.scopes.contains(scope) || has.contains(scope));
                self.document.insert("scope".to_owned(), json!(scopes.to_text()));
            }
            Some(_) => {}
        }
    }

    /// What we would sign, we have keys for.
    fn check_algs(&mut self, algs: Algs<'_>) {
        for name in ["id_token_signed_response_alg", "userinfo_signed_response_alg", "authorization_signed_response_alg"] {
            let wanted = self.document.get(name).and_then(Value::as_str).and_then(SigningAlg::parse);
            if wanted.is_some_and(|alg| !algs.all.contains(&alg)) {
                let offered: Vec<_> = algs.all.iter().map(|alg| alg.as_str()).collect();
                self.say(name, format!("this server signs with {}", offered.join(", ")));
            }
        }
    }

    fn check_hosts(&mut self, policy: &Policy) {
        let uris = self.document.get("redirect_uris").and_then(Value::as_array).cloned().unwrap_or_default();
        let hosts: Vec<Option<String>> = uris.iter().map(|uri| host(uri.as_str().unwrap_or_default())).collect();
        for (index, held) in hosts.iter().enumerate() {
            let allowed = |pattern: &str| held.as_deref().is_some_and(|host| covers(pattern, host));
            if !policy.redirect_hosts.is_empty() && !policy.redirect_hosts.iter().any(|pattern| allowed(pattern)) {
                self.say(&format!("redirect_uris.{index}"), "is of a host that may not be registered here");
            }
        }
        if !policy.links_of_redirect_hosts {
            return;
        }
        let plain = LINKS.iter().filter_map(|name| Some(((*name).to_owned(), self.document.get(*name)?.clone())));
        let extra = self.extra.iter().filter(|(name, _)| LINKS.iter().any(|link| name.starts_with(&format!("{link}#"))));
        let links: Vec<(String, Value)> = plain.chain(extra.map(|(name, value)| (name.clone(), value.clone()))).collect();
        for (name, link) in links {
            let held = link.as_str().and_then(host);
            if held.is_none() || !hosts.contains(&held) {
                self.say(&name, "must have the host of a redirect URI");
            }
        }
    }

    fn add_operators(&mut self, policy: &Policy, held: Option<&Map<String, Value>>) {
        match held {
            Some(held) => {
                let kept = OPERATORS.iter().filter_map(|name| Some(((*name).to_owned(), held.get(*name)?.clone())));
                self.document.extend(kept.filter(|(name, _)| name != "assertion_audience"));
            }
            None => {
                self.document.insert("tags".to_owned(), json!(policy.tags));
                self.document.insert("resources".to_owned(), json!(policy.resources));
                if let Some(profile) = policy.profile {
                    self.document.insert("profile".to_owned(), json!(profile.as_str()));
                }
            }
        }
    }
}

fn host(text: &str) -> Option<String> {
    Url::parse(text).ok()?.host_str().map(str::to_owned)
}

/// Whether a host is that of the pattern, or below it where the pattern begins with `*.`.
pub(crate) fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(above) => host.strip_suffix(above).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => pattern == host,
    }
}

/// What software says of itself, as somebody who is trusted signed it, counts more than what stands beside it (RFC 7591 §2.3). Which
/// client it is and what the server writes is none of its business.
pub fn overrule(sent: &mut Map<String, Value>, statement: &Map<String, Value>) {
    let said = statement.iter().filter(|(name, _)| is_clients(name) || OF_SOFTWARE.contains(&name.as_str()) || is_in_a_language(name));
    sent.extend(said.map(|(name, value)| (name.clone(), value.clone())));
}

/// A software statement that is not believed (RFC 7591 §3.2.2).
pub const fn unbelieved(refusal: TrustRefusal) -> Refusal {
    match refusal {
        TrustRefusal::Issuer => Refusal::new(
            ErrorCode::UnapprovedSoftwareStatement,
            Reason::WrongStatement,
            "software_statement: its issuer is not trusted for this",
        ),
        _ => Refusal::new(ErrorCode::InvalidSoftwareStatement, Reason::WrongStatement, "software_statement: is not good"),
    }
}

/// What a client must not send with an update, and that it says which client it is (RFC 7592 §2.2).
pub fn check_update(sent: &Map<String, Value>, client_id: &str) -> Result<(), Refusal> {
    if let Some(name) = SERVERS.iter().find(|name| sent.contains_key(**name)) {
        return Err(refuse(ErrorCode::InvalidClientMetadata, format!("{name}: is written by the server and must not be sent")));
    }
    match sent.get("client_id") {
        Some(Value::String(id)) if id == client_id => Ok(()),
        Some(_) => Err(refuse(ErrorCode::InvalidClientMetadata, "client_id: is not this client's".to_owned())),
        None => Err(refuse(ErrorCode::InvalidClientMetadata, "client_id: is missing".to_owned())),
    }
}

/// The error of RFC 7591 §3.2.2 for the first of what is wrong.
pub fn refusal(wrong: &Wrong) -> Refusal {
    let code = if wrong.field.starts_with("redirect_uris") { ErrorCode::InvalidRedirectUri } else { ErrorCode::InvalidClientMetadata };
    refuse(code, format!("{}: {}", wrong.field, wrong.detail))
}

fn refuse(code: ErrorCode, description: String) -> Refusal {
    Refusal { code, description: description.into(), reason: Reason::MalformedMetadata }
}

/// What a client is shown of itself: every member it may write, defaults included (RFC 7591 §3.2.1). `document` is the
/// administrator's.
pub fn present(document: &Map<String, Value>, extra: &str) -> Map<String, Value> {
    let shown = |name: &str| is_clients(name) || ["client_id", "client_id_issued_at", "client_secret_expires_at"].contains(&name);
    let mut members: Map<String, Value> =
        document.iter().filter(|(name, _)| shown(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    members.entry("application_type").or_insert(json!("web"));
    members.entry("subject_type").or_insert(json!("public"));
    members.entry("require_auth_time").or_insert(json!(false));
    members.entry("response_types").or_insert(json!([]));
    if let Ok(Value::Object(extra)) = serde_json::from_str(extra) {
        members.extend(extra);
    }
    members
}

#[cfg(test)]
mod tests;
