//! How a client will authenticate: the method, its keys, and what becomes of its secret.

use claimsmith_issuer::client::{AssertionAudience, Authentication, ClientKeys, SecretMethod, StoredSecret};
use claimsmith_jose::{JwkSet, MacAlg, Secret, SigningAlg};
use claimsmith_protocol::credentials::AuthMethod;
use serde_json::Value;

use crate::admin::fields::Fields;

/// Shortest secret that may be brought in.
pub(super) const IMPORTED_MIN: usize = 12;
/// Longest secret that may be brought in.
pub(super) const IMPORTED_MAX: usize = 512;

/// What becomes of a client's secret.
#[derive(Debug)]
pub(crate) enum SecretWish {
    /// Nothing: it has none, or keeps what it has.
    Keep,
    /// A new one is made.
    Generate,
    /// This one was brought in.
    Import(Secret<String>),
}

/// How a client authenticates, and its keys where it does not authenticate by them.
pub(super) struct Chosen {
    pub(super) authentication: Authentication,
    pub(super) secret: SecretWish,
    pub(super) other_keys: Option<ClientKeys>,
}

/// What the server lets clients register.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// Methods that are switched on.
    pub(crate) methods: Vec<AuthMethod>,
    /// The method of a client that is registered without one.
    pub(crate) default_method: AuthMethod,
    /// Algorithms of `private_key_jwt`.
    pub(crate) signing_algs: Vec<SigningAlg>,
    /// Algorithms of `client_secret_jwt`.
    pub(crate) mac_algs: Vec<MacAlg>,
}

/// Reads the members about authentication. `held` is what a client that exists has now.
pub(super) fn read(fields: &mut Fields, offer: &Offer, held: Option<&Authentication>) -> Option<Chosen> {
    let method = method(fields, offer)?;
    let jwks = fields.object("jwks");
    let jwks_uri = fields.text("jwks_uri");
    let alg = fields.text("token_endpoint_auth_signing_alg");
    let audience = audience(fields, method);
    let import = if held.is_none() { imported(fields, method, alg.as_deref(), offer) } else { refuse_import(fields) };
    let given = jwks.is_some() || jwks_uri.is_some();
    let read = given.then(|| keys(fields, method, jwks, jwks_uri)).flatten();
    let secrets = held.map(secrets_of).unwrap_or_default();
    let authentication = match method {
        AuthMethod::None => {
            refuse_alg(fields, alg.as_deref());
            Authentication::Public
        }
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {
            refuse_alg(fields, alg.as_deref());
            let method = if method == AuthMethod::ClientSecretBasic { SecretMethod::Basic } else { SecretMethod::Post };
            Authentication::Secret { method, secrets }
        }
        AuthMethod::ClientSecretJwt => {
            let alg = assertion_alg(fields, alg.as_deref(), &offer.mac_algs, MacAlg::as_str);
            // What cannot be recovered cannot check a MAC.
            let secrets = secrets.into_iter().filter(|secret| secret.sealed.is_some()).collect();
            Authentication::SecretJwt { alg, audience, secrets }
        }
        AuthMethod::PrivateKeyJwt => {
            let alg = assertion_alg(fields, alg.as_deref(), &offer.signing_algs, SigningAlg::as_str);
            if !given && fields.is_sound("jwks") && fields.is_sound("jwks_uri") {
                fields.wrong("jwks", "private_key_jwt needs jwks or jwks_uri");
            }
            Authentication::PrivateKeyJwt { alg, audience, keys: read.clone()? }
        }
        AuthMethod::TlsClientAuth => {
            refuse_alg(fields, alg.as_deref());
            Authentication::Certificate
        }
        AuthMethod::AttestJwtClientAuth | AuthMethod::AttestJwtClientAuthDpop => {
            refuse_alg(fields, alg.as_deref());
            Authentication::Attested { combined: method == AuthMethod::AttestJwtClientAuthDpop }
        }
        AuthMethod::SelfSignedTlsClientAuth => {
            refuse_alg(fields, alg.as_deref());
            if !given && fields.is_sound("jwks") && fields.is_sound("jwks_uri") {
                fields.wrong("jwks", "self_signed_tls_client_auth needs jwks or jwks_uri, with certificates (x5c)");
            }
            Authentication::SelfSigned { keys: read.clone()? }
        }
    };
    let wish = match (&authentication, import) {
        (_, Some(secret)) => SecretWish::Import(secret),
        (Authentication::Secret { secrets, .. } | Authentication::SecretJwt { secrets, .. }, None) if secrets.is_empty() => {
            SecretWish::Generate
        }
        _ => SecretWish::Keep,
    };
    let other_keys = read.filter(|_| !authenticates_by_keys(method));
    Some(Chosen { authentication, secret: wish, other_keys })
}

/// The secrets a client has.
pub(crate) fn secrets_of(authentication: &Authentication) -> Vec<StoredSecret> {
    match authentication {
        Authentication::Secret { secrets, .. } | Authentication::SecretJwt { secrets, .. } => secrets.clone(),
        Authentication::Public
        | Authentication::PrivateKeyJwt { .. }
        | Authentication::Certificate
        | Authentication::Attested { .. }
        | Authentication::SelfSigned { .. } => Vec::new(),
    }
}

/// Whether clients of this method have a secret.
pub(super) const fn has_secret(method: AuthMethod) -> bool {
    match method {
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::ClientSecretJwt => true,
        AuthMethod::PrivateKeyJwt
        | AuthMethod::TlsClientAuth
        | AuthMethod::SelfSignedTlsClientAuth
        | AuthMethod::AttestJwtClientAuth
        | AuthMethod::AttestJwtClientAuthDpop
        | AuthMethod::None => false,
    }
}

/// Whether a client's registered keys are its proof.
const fn authenticates_by_keys(method: AuthMethod) -> bool {
    matches!(method, AuthMethod::PrivateKeyJwt | AuthMethod::SelfSignedTlsClientAuth)
}

fn method(fields: &mut Fields, offer: &Offer) -> Option<AuthMethod> {
    let name = "token_endpoint_auth_method";
    let words: Vec<&str> = offer.methods.iter().map(|method| method.as_str()).collect();
    if !fields.has(name) {
        fields.take(name);
        return Some(offer.default_method);
    }
    let method = fields.choice(name, &words, AuthMethod::parse)?;
    if !offer.methods.contains(&method) {
        fields.wrong(name, format!("`{}` is switched off (client_auth.methods)", method.as_str()));
        return None;
    }
    Some(method)
}

fn audience(fields: &mut Fields, method: AuthMethod) -> AssertionAudience {
    let name = "assertion_audience";
    let given = fields.has(name);
    let parse = |text: &str| match text {
        "strict" => Some(AssertionAudience::Strict),
        "legacy" => Some(AssertionAudience::Legacy),
        _ => None,
    };
    let audience = fields.choice(name, &["strict", "legacy"], parse);
    if given && !matches!(method, AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt) {
        fields.wrong(name, "is only for clients that send assertions: client_secret_jwt and private_key_jwt");
    }
    audience.unwrap_or(AssertionAudience::Strict)
}

/// The one algorithm a client is held to (RFC 7591 registers the name; OIDC Registration §2).
fn assertion_alg<A: Copy>(fields: &mut Fields, text: Option<&str>, offered: &[A], name: impl Fn(A) -> &'static str) -> Option<A> {
    let text = text?;
    let found = offered.iter().copied().find(|alg| name(*alg) == text);
    if found.is_none() {
        let words: Vec<&str> = offered.iter().map(|alg| name(*alg)).collect();
        fields.wrong("token_endpoint_auth_signing_alg", format!("must be one of {} for this method", words.join(", ")));
    }
    found
}

fn refuse_alg(fields: &mut Fields, text: Option<&str>) {
    if text.is_some() {
        fields.wrong("token_endpoint_auth_signing_alg", "is only for clients that send assertions: client_secret_jwt and private_key_jwt");
    }
}

/// `jwks` xor `jwks_uri` (RFC 7591 §2).
fn keys(
    fields: &mut Fields,
    method: AuthMethod,
    jwks: Option<serde_json::Map<String, Value>>,
    jwks_uri: Option<String>,
) -> Option<ClientKeys> {
    match (jwks, jwks_uri) {
        (Some(_), Some(_)) => {
            fields.wrong("jwks", "give either jwks or jwks_uri, not both; null removes one");
            None
        }
        (None, None) => None,
        // Security: private, symmetric, weak keys and points off their curve are refused here, before they are kept.
        (Some(set), None) => match JwkSet::from_members_strict(&set) {
            Err(refusal) => {
                fields.wrong("jwks", refusal.to_string());
                None
            }
            Ok(read) if method == AuthMethod::SelfSignedTlsClientAuth && !read.has_certificates() => {
                fields.wrong("jwks", "has no key with a certificate (x5c)");
                None
            }
            Ok(read) if read.is_empty() || (authenticates_by_keys(method) && read.keys().is_empty()) => {
                fields.wrong("jwks", "has no key that verifies signatures");
                None
            }
            Ok(_) => Some(ClientKeys::Inline(Value::Object(set).to_string().into())),
        },
        (None, Some(uri)) => match url::Url::parse(&uri) {
            Ok(url) if url.scheme() == "https" && url.has_host() && url.fragment().is_none() && plain(&url) && uri.len() <= 2048 => {
                Some(ClientKeys::Uri(uri.into()))
            }
            _ => {
                fields.wrong("jwks_uri", "must be an https URL without user or fragment, at most 2048 bytes");
                None
            }
        },
    }
}

fn plain(url: &url::Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

fn refuse_import(fields: &mut Fields) -> Option<Secret<String>> {
    if fields.text("client_secret").map(Secret::new).is_some() {
        fields.wrong("client_secret", "is changed under /secrets, not with the metadata");
    }
    None
}

/// A secret that was brought in: printable (RFC 6749 appendix A.2) and long enough for what it is for.
fn imported(fields: &mut Fields, method: AuthMethod, alg: Option<&str>, offer: &Offer) -> Option<Secret<String>> {
    let secret = Secret::new(fields.text("client_secret")?);
    if !has_secret(method) {
        fields.wrong("client_secret", format!("a client that authenticates with {} has no secret", method.as_str()));
        return None;
    }
    let alg = alg.and_then(MacAlg::parse);
    let problem = check_imported(secret.expose(), (method == AuthMethod::ClientSecretJwt).then_some((alg, offer.mac_algs.as_slice())));
    match problem {
        None => Some(secret),
        Some(detail) => {
            fields.wrong("client_secret", detail);
            None
        }
    }
}

/// What is wrong with a secret that was brought in. Never repeats it.
pub(super) fn check_imported(secret: &str, mac: Option<(Option<MacAlg>, &[MacAlg])>) -> Option<String> {
    if secret.chars().any(char::is_control) {
        return Some("must have no control characters".to_owned());
    }
    // RFC 7518 §3.2: a key at least as long as the hash. Without a registered algorithm the shortest offered one counts.
    let shortest = |algs: &[MacAlg]| algs.iter().map(|alg| alg.minimum_key_len()).min().unwrap_or(32);
    let least = mac.map_or(IMPORTED_MIN, |(alg, offered)| alg.map_or_else(|| shortest(offered), MacAlg::minimum_key_len));
    (secret.len() < least || secret.len() > IMPORTED_MAX).then(|| format!("must have {least} to {IMPORTED_MAX} characters"))
}
