//! Discovery ([RFC 8414](https://www.rfc-editor.org/rfc/rfc8414), OpenID Connect Discovery 1.0), made from the endpoint table
//! and the settings that decide behaviour.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use claimsmith_issuer::grants::Resources;
use claimsmith_issuer::grants::token_exchange;
use claimsmith_issuer::id_token::{claims_supported, standard_scopes};
use claimsmith_issuer::registration::ID_TOKEN_MAC;
use claimsmith_jose::{ContentEnc, Digest, KeyAlg};
use claimsmith_protocol::authorize::Prompt;
use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::registration::DeliveryMode;
use claimsmith_protocol::response::ResponseMode;
use serde_json::{Map, Value, json};

use super::jwks::cacheable;
use super::{Cors, ENDPOINTS, Endpoint, Kind, path_of};
use crate::config::Issuer;
use crate::directory::Policy;
use crate::http::{Answer, Arrival};
use crate::rooms::{Rooms, Settings};

pub(super) const OPENID: Endpoint = Endpoint {
    name: "openid_configuration",
    path: "/.well-known/openid-configuration",
    method: "GET",
    body_limit: 0,
    cors: Cors::Anyone,
    metadata: None,
    client_auth: false,
    summary: "The server's metadata, where OpenID Connect Discovery looks for it.",
    kind: Kind::Discovery,
};

pub(super) const OAUTH: Endpoint = Endpoint {
    name: "oauth_authorization_server",
    path: "/.well-known/oauth-authorization-server",
    method: "GET",
    body_limit: 0,
    cors: Cors::Anyone,
    metadata: None,
    client_auth: false,
    summary: "The server's metadata, where RFC 8414 looks for it.",
    kind: Kind::Discovery,
};

/// The metadata. What settings say stays as it is; what the registry of resources says changes with it.
#[derive(Debug)]
pub struct Document {
    members: Map<String, Value>,
    lists_scopes: bool,
    /// Whether there are clients whose secrets can make a MAC.
    macs_id_tokens: bool,
    latest: ArcSwapOption<Rendered>,
}

/// The metadata with its entity tag, as they are under one policy.
#[derive(Debug)]
struct Rendered {
    policy: u64,
    body: Bytes,
    etag: Box<str>,
}

pub(super) fn handle(rooms: &Rooms, arrival: &Arrival) -> Answer {
    let document = rooms.metadata.under(&rooms.directory.policy());
    cacheable("application/json", document.body.clone(), &document.etag, arrival)
}

impl Document {
    /// The metadata of a server with these settings.
    pub fn new(urls: &Issuer, settings: &Settings) -> Self {
        let macs_id_tokens = settings.client_auth.methods.contains(&AuthMethod::ClientSecretJwt);
        let members = metadata(urls, settings);
        Self { members, lists_scopes: settings.lists_scopes, macs_id_tokens, latest: ArcSwapOption::empty() }
    }

    /// As it is under a policy, rendered once for each.
    fn under(&self, policy: &Policy) -> Arc<Rendered> {
        if let Some(held) = self.latest.load_full().filter(|held| held.policy == policy.serial) {
            return held;
        }
        let mut members = self.members.clone();
        // The scopes of OpenID Connect are everybody's to know; those of resources where the operator says so.
        let mut scopes: BTreeSet<&str> = if self.lists_scopes { scopes_of(&policy.resources) } else { BTreeSet::new() };
        for scope in standard_scopes() {
            scopes.insert(scope);
        }
        members.insert("scopes_supported".into(), json!(scopes));
        // Those of keys whose time is still to come among them: the document outlives the moment.
        let algs: BTreeSet<&str> = policy.keyring.algs(i64::MAX).into_iter().map(|alg| alg.as_str()).collect();
        // RFC 9701 §7 for `introspection`.
        for name in ["id_token", "userinfo", "authorization", "introspection"] {
            members.insert(format!("{name}_signing_alg_values_supported"), json!(algs));
        }
        if self.macs_id_tokens {
            let algs: BTreeSet<&str> = algs.iter().copied().chain([ID_TOKEN_MAC.as_str()]).collect();
            members.insert("id_token_signing_alg_values_supported".into(), json!(algs));
        }
        let body = Value::Object(members).to_string();
        let etag = format!("\"{}\"", Digest::of(body.as_bytes()).to_base64url()).into();
        let made = Arc::new(Rendered { policy: policy.serial, body: body.into(), etag });
        self.latest.store(Some(Arc::clone(&made)));
        made
    }
}

/// The scopes of registered resources (RFC 8414 §2), in the order of their letters. Scopes that only a client has stay
/// between it and us.
fn scopes_of(resources: &Resources) -> BTreeSet<&str> {
    resources.values().flat_map(|resource| resource.scopes.tokens()).map(|scope| &**scope).collect()
}

/// Every member that is true of this server; no empty array, no null (RFC 8414 §3.2).
fn metadata(urls: &Issuer, settings: &Settings) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("issuer".into(), urls.as_str().into());
    let url = |origin: &str, endpoint: &Endpoint| Value::from(format!("{origin}{}", path_of(endpoint, urls.path())));
    for &endpoint in ENDPOINTS {
        // RFC 8414 §2: what is off is not named.
        if let Some(name) = endpoint.metadata.filter(|_| endpoint.is_served(settings)) {
            members.insert(name.into(), url(urls.origin(), endpoint));
        }
    }
    let grants: Vec<_> = GrantType::ALL.into_iter().filter(|grant| settings.grants.contains(grant)).map(GrantType::as_str).collect();
    members.insert("grant_types_supported".into(), json!(grants));
    // draft-ietf-oauth-identity-assertion-authz-grant §7; with whom, is nobody's business.
    if settings.grants.contains(&GrantType::TokenExchange) {
        members
            .insert("identity_chaining_requested_token_types_supported".into(), json!([token_exchange::Kind::IdentityAssertion.as_str()]));
        // OpenID Connect Native SSO §5.
        members.insert("native_sso_supported".into(), json!(true));
    }
    if settings.grants.contains(&GrantType::JwtBearer) {
        members.insert("authorization_grant_profiles_supported".into(), json!(["urn:ietf:params:oauth:grant-profile:id-jag"]));
    }
    // OpenID Connect CIBA §4.
    if settings.grants.contains(&GrantType::Ciba) {
        let algs: Vec<_> = settings.client_auth.signing_algs.iter().map(|alg| alg.as_str()).collect();
        members.insert("backchannel_token_delivery_modes_supported".into(), json!(DeliveryMode::ALL.map(DeliveryMode::as_str)));
        members.insert("backchannel_authentication_request_signing_alg_values_supported".into(), json!(algs));
        members.insert("backchannel_user_code_parameter_supported".into(), json!(true));
    }
    add_people(&mut members, settings);
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.client_auth) {
        add_client_auth(&mut members, endpoint, settings);
    }
    if settings.check_session {
        members.insert("check_session_iframe".into(), url(urls.origin(), &super::check_session::ENDPOINT));
    }
    let proofs: Vec<_> = settings.dpop.algs.iter().map(|alg| alg.as_str()).collect();
    members.insert("dpop_signing_alg_values_supported".into(), json!(proofs));
    if settings.has_certificates {
        members.insert("tls_client_certificate_bound_access_tokens".into(), json!(true));
    }
    // OpenID Connect Discovery §3: absent would mean true.
    members.insert("request_uri_parameter_supported".into(), json!(settings.people.request_uris));
    if settings.people.request_uris {
        members.insert("require_request_uri_registration".into(), json!(true));
    }
    if settings.people.encrypted_requests {
        let algs: Vec<_> = KeyAlg::ALL.into_iter().filter(|alg| !alg.is_symmetric()).map(KeyAlg::as_str).collect();
        members.insert("request_object_encryption_alg_values_supported".into(), json!(algs));
        members.insert("request_object_encryption_enc_values_supported".into(), json!(ContentEnc::ALL.map(ContentEnc::as_str)));
    }
    if settings.documents.hosts.is_on {
        members.insert("client_id_metadata_document_supported".into(), json!(true));
    }
    if settings.attestation.is_on {
        let algs: Vec<_> = settings.attestation.algs.iter().map(|alg| alg.as_str()).collect();
        members.insert("client_attestation_signing_alg_values_supported".into(), json!(algs));
        members.insert("client_attestation_pop_signing_alg_values_supported".into(), json!(algs));
    }
    // RFC 9396 §10.
    if let Some(types) = settings.people.detail_types.names() {
        members.insert("authorization_details_types_supported".into(), json!(types));
    }
    if let Some(origin) = &settings.mtls_origin {
        let aliases: Map<String, Value> = ENDPOINTS
            .iter()
            .filter(|endpoint| endpoint.reads_certificates() && endpoint.is_served(settings))
            .filter_map(|&endpoint| Some((endpoint.metadata?.to_owned(), url(origin, endpoint))))
            .collect();
        members.insert("mtls_endpoint_aliases".into(), Value::Object(aliases));
    }
    members
}

/// What the flows of people offer (OpenID Connect Discovery §3, RFC 9207 §3, JARM §4).
fn add_people(members: &mut Map<String, Value>, settings: &Settings) {
    let people = &settings.people;
    let types: Vec<_> = people.response_types.iter().map(|held| held.as_str()).collect();
    let acrs: Vec<_> = settings.acr_names.supported().collect();
    let claims: BTreeSet<_> = claims_supported().collect();
    let objects: Vec<_> = settings.client_auth.signing_algs.iter().map(|alg| alg.as_str()).collect();
    let own = [
        ("response_types_supported", json!(types)),
        ("response_modes_supported", json!(ResponseMode::NAMES)),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("subject_types_supported", json!(["public", "pairwise"])),
        ("acr_values_supported", json!(acrs)),
        ("claims_supported", json!(claims)),
        ("claim_types_supported", json!(["normal"])),
        ("claims_parameter_supported", json!(true)),
        ("prompt_values_supported", json!(Prompt::VALUES)),
        ("request_parameter_supported", json!(true)),
        ("request_object_signing_alg_values_supported", json!(objects)),
        ("require_signed_request_object", json!(people.require_signed_requests)),
        ("require_pushed_authorization_requests", json!(people.require_pushed_requests)),
        ("ui_locales_supported", json!(settings.languages)),
        ("backchannel_logout_supported", json!(true)),
        ("backchannel_logout_session_supported", json!(true)),
        ("frontchannel_logout_supported", json!(true)),
        ("frontchannel_logout_session_supported", json!(true)),
    ];
    members.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
    add_encryption(members, settings);
}

/// What can be encrypted to a client (OpenID Connect Discovery §3, JARM §4, RFC 9701 §7); under its secret only where secrets can be recovered.
fn add_encryption(members: &mut Map<String, Value>, settings: &Settings) {
    let by_mac = settings.client_auth.methods.contains(&AuthMethod::ClientSecretJwt);
    let algs: Vec<_> = KeyAlg::ALL.into_iter().filter(|alg| by_mac || !alg.is_symmetric()).map(KeyAlg::as_str).collect();
    let encs = ContentEnc::ALL.map(ContentEnc::as_str);
    for name in ["id_token", "userinfo", "authorization", "introspection"] {
        members.insert(format!("{name}_encryption_alg_values_supported"), json!(algs));
        members.insert(format!("{name}_encryption_enc_values_supported"), json!(encs));
    }
}

fn add_client_auth(members: &mut Map<String, Value>, endpoint: &Endpoint, settings: &Settings) {
    let Some(name) =
        endpoint.metadata.filter(|_| !matches!(endpoint.kind, Kind::Par | Kind::DeviceAuthorization | Kind::BackchannelAuthentication))
    else {
        return;
    };
    let policy = &settings.client_auth;
    // Public clients cannot introspect (RFC 7662 §2.1).
    let usable = |method: &&AuthMethod| **method != AuthMethod::None || endpoint.name != "introspection";
    let methods: Vec<_> = policy.methods.iter().filter(usable).map(|method| method.as_str()).collect();
    members.insert(format!("{name}_auth_methods_supported"), json!(methods));
    let mut algs: Vec<&str> = Vec::new();
    if policy.methods.contains(&AuthMethod::PrivateKeyJwt) {
        algs.extend(policy.signing_algs.iter().map(|alg| alg.as_str()));
    }
    if policy.methods.contains(&AuthMethod::ClientSecretJwt) {
        algs.extend(policy.mac_algs.iter().map(|alg| alg.as_str()));
    }
    if !algs.is_empty() {
        members.insert(format!("{name}_auth_signing_alg_values_supported"), json!(algs));
    }
}
