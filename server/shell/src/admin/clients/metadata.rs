//! Client metadata: the JSON of RFC 7591 and our own members → a checked client, and back.

use claimsmith_issuer::client::{Authentication, Client, ClientKeys, OWN_CLIENT_ID, TokenFormat};
use claimsmith_issuer::detail_types::DetailTypes;
use claimsmith_issuer::person::{USER_ID_PREFIX, looks_like_user_id};
use claimsmith_jose::{KeyAlg, MacAlg, SigningAlg};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::resource::check_resource;
use claimsmith_protocol::response::ResponseType;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_store::ClientRecord;
use serde_json::{Map, Value, json};

use super::authentication::{self, Offer, SecretWish, secrets_of};
use super::people;
use crate::admin::fields::Fields;
use crate::client_keys::parse_inline;

/// Largest `metadata`, bytes of compact JSON.
const METADATA_MAX: usize = 16 << 10;
const TAGS_MAX: usize = 32;
const TAG_LENGTH_MAX: usize = 64;
const RESOURCES_MAX: usize = 100;
/// No ID token lives longer, seconds (OpenID Connect Core §2: minutes, not days).
const ID_TOKEN_LIFETIME_MAX: u32 = 86_400;

/// What a registration is checked against.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// Ways to authenticate.
    pub(crate) offer: Offer,
    /// Grants that are switched on.
    pub(crate) grants: Vec<GrantType>,
    /// Algorithms that there are signing keys for.
    pub(crate) algs: Vec<SigningAlg>,
    /// Of the resources that the registration names, those that exist.
    pub(crate) resources: Vec<Box<str>>,
    /// No access token lives longer, seconds.
    pub(crate) lifetime_ceiling: u32,
    /// Response types that are switched on.
    pub(crate) response_types: Vec<ResponseType>,
    /// Whether request objects may be encrypted.
    pub(crate) encrypted_objects: bool,
    /// The types of authorization details.
    pub(crate) detail_types: DetailTypes,
}

/// A registration that is in order.
#[derive(Debug)]
pub(crate) struct Registration {
    /// The client; its secrets are those it has already.
    pub(crate) client: Client,
    /// What becomes of its secret.
    pub(crate) secret: SecretWish,
    /// When a new secret expires.
    pub(crate) secret_expires_at: Option<Timestamp>,
}

/// Members that the server writes.
pub(crate) const READ_ONLY: [&str; 6] =
    ["client_id_issued_at", "created_at", "updated_at", "version", "bindings", "client_secret_expires_at"];

/// Reads a registration. `held` is the client that is replaced, with its document; `fresh_id` names one without a name.
pub(crate) fn read(fields: &mut Fields, rules: &Rules, held: Option<(&Client, &Value)>, fresh_id: &ClientId) -> Option<Registration> {
    let id = client_id(fields, held.map(|(client, _)| client), fresh_id);
    let name = fields.line("client_name", 200);
    let enabled = fields.boolean("enabled").unwrap_or(true);
    let chosen = authentication::read(fields, &rules.offer, held.map(|(client, _)| &client.authentication));
    let authentication = chosen.as_ref().map(|chosen| &chosen.authentication);
    let secret_expires_at = match held {
        None => secret_expiry(fields, authentication),
        Some((_, document)) => {
            fields.read_only(&READ_ONLY, document);
            None
        }
    };
    let grants = grants(fields, rules, authentication);
    let registration = people::read(fields, rules, authentication, &grants);
    let scopes = scope(fields, "scope").unwrap_or_default();
    let default_scopes = default_scopes(fields, &scopes);
    let resources = resources(fields, rules);
    let tags = fields.texts("tags", TAGS_MAX, check_tag).unwrap_or_default();
    let metadata = metadata(fields);
    let [access_token_lifetime, refresh_token_lifetime, id_token_lifetime] = lifetimes(fields, rules.lifetime_ceiling);
    let access_token_format = fields.choice("access_token_format", &["jwt", "opaque"], TokenFormat::parse);
    let access_token_alg = signing_alg(fields, "access_token_signed_response_alg", &rules.algs);
    let authentication::Chosen { authentication, secret, other_keys } = chosen?;
    let registration = Box::new(people::with_keys(registration?, other_keys));
    let client = Client {
        id: id?,
        name: name.map(Into::into),
        enabled,
        authentication,
        grants,
        scopes,
        default_scopes,
        resources,
        tags,
        metadata,
        access_token_lifetime,
        access_token_format,
        access_token_alg,
        refresh_token_lifetime,
        id_token_lifetime,
        registration,
    };
    need_encryption_key(fields, &client);
    Some(Registration { client, secret, secret_expires_at })
}

/// Security: who counts on encryption has a key for it, as far as that can be seen now.
fn need_encryption_key(fields: &mut Fields, client: &Client) {
    let name = "authorization_encrypted_response_alg";
    let Some(alg) = client.registration.authorization_encrypted_response_alg.as_deref().and_then(KeyAlg::parse) else { return };
    let has_key = match client.keys() {
        Some(ClientKeys::Inline(text)) => parse_inline(&text).is_ok_and(|set| set.encryption_key(alg).is_some()),
        Some(ClientKeys::Uri(_)) => true,
        None => false,
    };
    if !has_key && !alg.is_symmetric() {
        fields.wrong(name, format!("needs a key for {} in jwks, or a jwks_uri", alg.as_str()));
    }
}

fn client_id(fields: &mut Fields, held: Option<&Client>, fresh: &ClientId) -> Option<ClientId> {
    let given = fields.text("client_id");
    match (given, held) {
        (None, None) => Some(fresh.clone()),
        (None, Some(held)) => Some(held.id.clone()),
        (Some(text), Some(held)) if text == held.id.as_str() => Some(held.id.clone()),
        (Some(_), Some(_)) => {
            fields.wrong("client_id", "cannot be changed");
            None
        }
        (Some(text), None) => {
            // An https URL would be the identifier of a client that describes itself there.
            if text.starts_with("https://") {
                fields.wrong("client_id", "must not begin with https://");
                return None;
            }
            // Security: the `sub` of a client is its id, and that of a person must not be taken for it (RFC 9700 §4.15).
            if looks_like_user_id(&text) {
                fields.wrong("client_id", format!("must not begin with {USER_ID_PREFIX}: the subjects of people do"));
                return None;
            }
            if text == OWN_CLIENT_ID {
                fields.wrong("client_id", "is the name by which plugins know the account pages");
                return None;
            }
            ClientId::parse(&text).map_err(|invalid| fields.wrong("client_id", invalid.to_string())).ok()
        }
    }
}

/// RFC 7591 §3.2.1: 0 means never.
fn secret_expiry(fields: &mut Fields, authentication: Option<&Authentication>) -> Option<Timestamp> {
    let seconds = fields.integer("client_secret_expires_at", 0..=253_402_300_799)?;
    if seconds != 0 && authentication.is_some_and(|chosen| !authentication::has_secret(chosen.method())) {
        fields.wrong("client_secret_expires_at", "this client has no secret");
    }
    (seconds != 0).then(|| Timestamp::from_seconds(seconds))
}

fn grants(fields: &mut Fields, rules: &Rules, authentication: Option<&Authentication>) -> Vec<GrantType> {
    let public = matches!(authentication, Some(Authentication::Public));
    let words: Vec<&str> = rules.grants.iter().map(|grant| grant.as_str()).collect();
    let known = |text: &str| match GrantType::parse(text) {
        Some(grant) if rules.grants.contains(&grant) => Ok(()),
        _ => Err(format!("must be one of {}", words.join(", "))),
    };
    let given = fields.texts("grant_types", 16, known);
    let chosen = match given {
        Some(texts) => texts.iter().filter_map(|text| GrantType::parse(text)).collect(),
        None if public => Vec::new(),
        None => vec![GrantType::ClientCredentials],
    };
    // RFC 6749 §4.4: only confidential clients.
    if public && chosen.contains(&GrantType::ClientCredentials) {
        fields.wrong("grant_types", "client_credentials is for clients that authenticate; this one has token_endpoint_auth_method none");
    }
    chosen
}

fn scope(fields: &mut Fields, name: &'static str) -> Option<ScopeSet> {
    let text = fields.text(name)?;
    if text.is_empty() {
        return Some(ScopeSet::default());
    }
    ScopeSet::parse(&text).map_err(|invalid| fields.wrong(name, invalid.to_string())).ok()
}

fn default_scopes(fields: &mut Fields, scopes: &ScopeSet) -> ScopeSet {
    let Some(chosen) = scope(fields, "default_scope") else { return scopes.clone() };
    if fields.is_sound("scope") && !chosen.is_subset_of(scopes) {
        fields.wrong("default_scope", "must be part of scope");
    }
    chosen
}

fn resources(fields: &mut Fields, rules: &Rules) -> Vec<Box<str>> {
    let check = |text: &str| match check_resource(text) {
        Err(invalid) => Err(invalid.to_string()),
        Ok(_) if rules.resources.iter().any(|known| **known == *text) => Ok(()),
        Ok(_) => Err(format!("there is no resource `{text}`; `claimsmith resource create` registers one")),
    };
    fields.texts("resources", RESOURCES_MAX, check).unwrap_or_default()
}

/// What a tag looks like.
pub(crate) fn check_tag(text: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    if text.is_empty() || text.len() > TAG_LENGTH_MAX || !text.bytes().all(plain) {
        return Err(format!("a tag has 1 to {TAG_LENGTH_MAX} letters, digits, dashes, underscores, dots and colons"));
    }
    Ok(())
}

fn metadata(fields: &mut Fields) -> Box<str> {
    let text = Value::Object(fields.object("metadata").unwrap_or_default()).to_string();
    if text.len() > METADATA_MAX {
        fields.wrong("metadata", format!("has {} bytes; {METADATA_MAX} are allowed", text.len()));
    }
    text.into()
}

/// Lifetimes of access, refresh and ID tokens.
fn lifetimes(fields: &mut Fields, ceiling: u32) -> [Option<Lifetime>; 3] {
    let read = |inner: &mut Fields| {
        [
            inner.integer("access_token", 1..=i64::from(ceiling)),
            inner.integer("refresh_token", 1..=i64::from(i32::MAX)),
            inner.integer("id_token", 1..=i64::from(ID_TOKEN_LIFETIME_MAX)),
        ]
    };
    let seconds = fields.nested("lifetimes", read).unwrap_or_default();
    seconds.map(|seconds| seconds.and_then(|seconds| u32::try_from(seconds).ok()).map(Lifetime::from_seconds))
}

/// An algorithm that there is a key for.
pub(crate) fn signing_alg(fields: &mut Fields, name: &'static str, available: &[SigningAlg]) -> Option<SigningAlg> {
    let words: Vec<&str> = SigningAlg::ALL.iter().map(|alg| alg.as_str()).collect();
    let alg = fields.choice(name, &words, SigningAlg::parse)?;
    if !available.contains(&alg) {
        let alg = alg.as_str();
        fields.wrong(name, format!("there is no signing key for {alg}; `claimsmith key rotate --alg {alg}` makes one"));
        return None;
    }
    Some(alg)
}

/// The client's document. Secrets are not in it.
pub(crate) fn render(record: &ClientRecord, bindings: &[Value]) -> Map<String, Value> {
    let client = &record.client;
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("client_id", json!(client.id.as_str()));
    put("client_id_issued_at", json!(record.created_at.seconds()));
    if let Some(name) = &client.name {
        put("client_name", json!(name));
    }
    put("enabled", json!(client.enabled));
    put("token_endpoint_auth_method", json!(client.authentication.method().as_str()));
    for (name, value) in authentication_members(&client.authentication) {
        put(name, value);
    }
    put("grant_types", client.grants.iter().map(|grant| json!(grant.as_str())).collect());
    put("scope", json!(client.scopes.to_text()));
    put("default_scope", json!(client.default_scopes.to_text()));
    put("resources", json!(client.resources));
    put("tags", json!(client.tags));
    put("metadata", serde_json::from_str(&client.metadata).unwrap_or_else(|_| json!({})));
    put("lifetimes", people::lifetimes(client));
    if let Some(format) = client.access_token_format {
        put("access_token_format", json!(format.as_str()));
    }
    if let Some(alg) = client.access_token_alg {
        put("access_token_signed_response_alg", json!(alg.as_str()));
    }
    members.extend(people::members(&client.registration));
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("bindings", json!(bindings));
    put("version", json!(record.version));
    put("created_at", json!(record.created_at.seconds()));
    put("updated_at", json!(record.updated_at.seconds()));
    members
}

fn keys_member(keys: &ClientKeys) -> (&'static str, Value) {
    match keys {
        ClientKeys::Inline(text) => ("jwks", serde_json::from_str(text).unwrap_or(Value::Null)),
        ClientKeys::Uri(uri) => ("jwks_uri", json!(uri)),
    }
}

fn authentication_members(authentication: &Authentication) -> Vec<(&'static str, Value)> {
    let mut members = Vec::new();
    let mut assertion = |alg: Option<&'static str>, audience: claimsmith_issuer::client::AssertionAudience| {
        if let Some(alg) = alg {
            members.push(("token_endpoint_auth_signing_alg", json!(alg)));
        }
        let strict = audience == claimsmith_issuer::client::AssertionAudience::Strict;
        members.push(("assertion_audience", json!(if strict { "strict" } else { "legacy" })));
    };
    match authentication {
        Authentication::Public | Authentication::Secret { .. } | Authentication::Certificate | Authentication::Attested { .. } => {}
        Authentication::SecretJwt { alg, audience, .. } => assertion(alg.map(MacAlg::as_str), *audience),
        Authentication::PrivateKeyJwt { alg, audience, keys } => {
            assertion(alg.map(SigningAlg::as_str), *audience);
            members.push(keys_member(keys));
        }
        Authentication::SelfSigned { keys } => members.push(keys_member(keys)),
    }
    if authentication::has_secret(authentication.method()) {
        // RFC 7591 §3.2.1: of the newest secret; 0 is never.
        let newest = secrets_of(authentication).pop().and_then(|secret| secret.expires_at);
        members.push(("client_secret_expires_at", json!(newest.map_or(0, Timestamp::seconds))));
    }
    members
}
