//! What a client's metadata must keep to, as an administrator or registration writes it (RFC 7591 §2, OpenID Connect Dynamic
//! Client Registration §2 and their companions).

use claimsmith_jose::{ContentEnc, KeyAlg, MacAlg, SigningAlg};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::redirect::{self, ApplicationType};
use claimsmith_protocol::registration::{DeliveryMode, Registration, SubjectType};
use claimsmith_protocol::response::ResponseType;
use claimsmith_protocol::scope::ScopeSet;
use url::Url;

use crate::certificate::DistinguishedName;

/// The most redirect URIs a client may have.
const URIS_MAX: usize = 50;

/// The one MAC of ID tokens: every secret that is kept is long enough for it (RFC 7518 §3.2).
pub const ID_TOKEN_MAC: MacAlg = MacAlg::Hs256;

/// Why a secret is no key here: of other secrets only digests are kept.
const NO_SECRET: &str = "needs the client's secret, which is kept for client_secret_jwt alone";

/// Something that is wrong with a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The member, `redirect_uris.1` for the second of a list.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

/// What the rest of the client says about itself.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// `grant_types`.
    pub grants: &'a [GrantType],
    /// Whether it has no credentials.
    pub public: bool,
    /// Whether it proves itself with a key of its own: `private_key_jwt` or a certificate.
    pub by_key: bool,
    /// Whether it proves itself with a certificate of a trusted authority: `tls_client_auth`.
    pub by_certificate: bool,
    /// Whether it proves itself with a MAC under its secret: `client_secret_jwt`. No other secret can be recovered.
    pub by_mac: bool,
    /// Response types that are switched on.
    pub response_types: &'a [ResponseType],
    /// Whether request objects may be encrypted.
    pub encrypted_objects: bool,
}

/// Everything that is wrong.
pub fn check(registration: &Registration, around: Around<'_>) -> Vec<Wrong> {
    let mut findings = Findings(Vec::new());
    findings.redirect_uris(registration, around);
    findings.response_types(registration, around);
    findings.links(registration);
    findings.subjects(registration, around);
    findings.logout(registration);
    findings.backchannel(registration, around);
    findings.certificate(registration, around);
    findings.encryption(registration, around);
    findings.request_objects(registration, around);
    findings.signatures(registration, around);
    findings.authorization_responses(registration);
    findings.token_exchange(registration, around);
    findings.profile(registration, around);
    findings.0
}

struct Findings(Vec<Wrong>);

impl Findings {
    fn say(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Wrong { field: field.into(), detail: detail.into() });
    }

    /// RFC 8693 §5.
    fn token_exchange(&mut self, registration: &Registration, around: Around<'_>) {
        let uses = |grant| around.grants.contains(&grant);
        // OpenID Connect Native SSO: the secret of its device is all that an app has.
        let shares = registration.token_exchange.as_ref().is_some_and(|policy| policy.device_sso);
        if around.public && (uses(GrantType::JwtBearer) || uses(GrantType::TokenExchange) && !shares) {
            self.say("grant_types", "token exchange and JWT bearer are for clients that authenticate");
        }
        if registration.token_exchange.is_some() && !around.grants.contains(&GrantType::TokenExchange) {
            self.say("token_exchange", "needs the grant of token exchange among grant_types");
        }
        let assertions = registration.token_exchange.iter().flat_map(|policy| policy.identity_assertions.iter()).enumerate();
        for (index, policy) in assertions {
            for (name, text) in [("audience", &policy.audience), ("client_id", &policy.client_id)] {
                if text.is_empty() {
                    self.say(format!("token_exchange.identity_assertions.{index}.{name}"), "must not be empty");
                }
            }
            if ScopeSet::from_tokens(policy.scopes.iter().cloned()).is_err() {
                self.say(format!("token_exchange.identity_assertions.{index}.scopes"), "has something that is no scope");
            }
        }
        let transactions = registration.token_exchange.as_ref().and_then(|policy| policy.transaction_tokens.as_ref());
        if transactions.is_some_and(|policy| ScopeSet::from_tokens(policy.scopes.iter().cloned()).is_err()) {
            self.say("token_exchange.transaction_tokens.scopes", "has something that is no scope");
        }
    }

    fn redirect_uris(&mut self, registration: &Registration, around: Around<'_>) {
        let uris = &registration.redirect_uris;
        if uris.len() > URIS_MAX {
            self.say("redirect_uris", format!("has {} elements; {URIS_MAX} are allowed", uris.len()));
        }
        let implicit = registration.response_types.iter().any(|response_type| response_type.is_front_channel());
        for (index, uri) in uris.iter().enumerate() {
            if let Err(invalid) = redirect::check(uri, registration.application_type) {
                self.say(format!("redirect_uris.{index}"), invalid.to_string());
            } else if implicit && registration.application_type == ApplicationType::Web && !uri.starts_with("https://") {
                // OpenID Connect Dynamic Client Registration §2, application_type.
                self.say(format!("redirect_uris.{index}"), "must be https for a web client whose tokens come through the browser");
            }
            if uris[..index].contains(uri) {
                self.say(format!("redirect_uris.{index}"), "is there twice");
            }
        }
        if uris.is_empty() && around.grants.contains(&GrantType::AuthorizationCode) {
            self.say("redirect_uris", "the authorization_code grant needs at least one");
        }
    }

    /// RFC 7591 §2.1: grants and response types go together.
    fn response_types(&mut self, registration: &Registration, around: Around<'_>) {
        for (index, response_type) in registration.response_types.iter().enumerate() {
            if !around.response_types.contains(response_type) {
                self.say(
                    format!("response_types.{index}"),
                    format!("`{}` is switched off (authorize.response_types)", response_type.as_str()),
                );
            }
            if response_type.has_code() && !around.grants.contains(&GrantType::AuthorizationCode) {
                self.say(format!("response_types.{index}"), "needs authorization_code among grant_types");
            }
            if response_type.is_front_channel() && !around.grants.contains(&GrantType::Implicit) {
                self.say(format!("response_types.{index}"), "needs implicit among grant_types");
            }
            if response_type.has_token() && registration.binds_access_tokens() {
                self.say(format!("response_types.{index}"), "access tokens that are bound to a key do not come through the browser");
            }
        }
    }

    fn links(&mut self, registration: &Registration) {
        let links = [
            ("client_uri", &registration.client_uri),
            ("logo_uri", &registration.logo_uri),
            ("policy_uri", &registration.policy_uri),
            ("tos_uri", &registration.tos_uri),
            ("initiate_login_uri", &registration.initiate_login_uri),
            ("sector_identifier_uri", &registration.sector_identifier_uri),
            ("backchannel_logout_uri", &registration.backchannel_logout_uri),
        ];
        for (name, uri) in links {
            if uri.as_deref().is_some_and(|uri| !is_https(uri)) {
                self.say(name, "must be an https URL without user name and fragment");
            }
        }
        for (index, uri) in registration.request_uris.iter().enumerate() {
            let bare = uri.split_once('#').map_or(&**uri, |(bare, _)| bare);
            if !is_https(bare) {
                self.say(format!("request_uris.{index}"), "must be an https URL");
            }
        }
    }

    /// OpenID Connect Core §8.1.
    fn subjects(&mut self, registration: &Registration, around: Around<'_>) {
        if registration.subject_type == SubjectType::Pairwise && registration.sector_identifier_uri.is_none() {
            let mut hosts: Vec<String> = registration.redirect_uris.iter().filter_map(|uri| host(uri)).collect();
            hosts.sort();
            hosts.dedup();
            // OpenID Connect CIBA §4: a client without a browser is known by where its keys are, or is a sector of its own.
            let by_keys = hosts.is_empty() && around.grants.contains(&GrantType::Ciba);
            if hosts.len() != 1 && !by_keys {
                self.say("sector_identifier_uri", "pairwise subjects need it where the redirect URIs have several hosts, or none");
            }
        }
    }

    fn logout(&mut self, registration: &Registration) {
        for (index, uri) in registration.post_logout_redirect_uris.iter().enumerate() {
            if let Err(invalid) = redirect::check(uri, registration.application_type) {
                self.say(format!("post_logout_redirect_uris.{index}"), invalid.to_string());
            }
        }
        // OpenID Connect Back-Channel Logout §2.4: signed as the client's ID tokens are, and that is done with keys of ours.
        let signed = registration.id_token_signed_response_alg.as_deref();
        if registration.backchannel_logout_uri.is_some() && signed.is_some_and(|alg| SigningAlg::parse(alg).is_none()) {
            self.say("backchannel_logout_uri", "needs ID tokens that are signed with a key of this server: no MAC, and not none");
        }
        // OpenID Connect Front-Channel Logout §2: the same origin as a redirect URI.
        if let Some(uri) = &registration.frontchannel_logout_uri {
            let origin = |text: &str| Url::parse(text).ok().map(|uri| uri.origin());
            let shared = registration.redirect_uris.iter().any(|held| origin(held) == origin(uri));
            if !is_https(uri) || !shared {
                self.say("frontchannel_logout_uri", "must be https, with the scheme, host and port of a redirect URI");
            }
        }
    }

    /// OpenID Connect CIBA §4, FAPI-CIBA §5.2.2.
    fn backchannel(&mut self, registration: &Registration, around: Around<'_>) {
        let asks = around.grants.contains(&GrantType::Ciba);
        let mode = registration.backchannel_token_delivery_mode;
        if asks && around.public {
            self.say("grant_types", "backchannel authentication is for clients that authenticate");
        }
        if asks != mode.is_some() {
            self.say("backchannel_token_delivery_mode", "goes with the grant of backchannel authentication, and that needs it");
        }
        let endpoint = registration.backchannel_client_notification_endpoint.as_deref();
        let is_told = matches!(mode, Some(DeliveryMode::Ping | DeliveryMode::Push));
        if is_told != endpoint.is_some() {
            self.say("backchannel_client_notification_endpoint", "goes with the delivery modes ping and push, and they need it");
        }
        if endpoint.is_some_and(|uri| !is_https(uri)) {
            self.say("backchannel_client_notification_endpoint", "must be an https URL without user name and fragment");
        }
        let alg = registration.backchannel_authentication_request_signing_alg.as_deref();
        if alg.is_some_and(|name| SigningAlg::parse(name).is_none()) {
            self.say("backchannel_authentication_request_signing_alg", "is no algorithm of signatures that this server verifies");
        }
        if mode == Some(DeliveryMode::Push) && (registration.is_fapi() || registration.binds_access_tokens()) {
            self.say("backchannel_token_delivery_mode", "tokens that are pushed are bound to no key, which this client's must be");
        }
        let fits = |name: &str| SigningAlg::parse(name).is_some_and(|alg| registration.may_sign_with(alg));
        if asks && registration.is_fapi() && !alg.is_some_and(fits) {
            self.say("backchannel_authentication_request_signing_alg", "FAPI wants backchannel requests signed with PS256, ES256 or EdDSA");
        }
    }

    /// RFC 8705 §2.1.2: exactly one of the five.
    fn certificate(&mut self, registration: &Registration, around: Around<'_>) {
        let names = [
            ("tls_client_auth_subject_dn", registration.tls_client_auth_subject_dn.is_some()),
            ("tls_client_auth_san_dns", registration.tls_client_auth_san_dns.is_some()),
            ("tls_client_auth_san_uri", registration.tls_client_auth_san_uri.is_some()),
            ("tls_client_auth_san_ip", registration.tls_client_auth_san_ip.is_some()),
            ("tls_client_auth_san_email", registration.tls_client_auth_san_email.is_some()),
        ];
        let given: Vec<&str> = names.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        if let [_, second, ..] = given.as_slice() {
            self.say(*second, "only one name of the certificate may be expected");
        }
        if given.is_empty() && around.by_certificate {
            self.say("tls_client_auth_subject_dn", "tls_client_auth needs one of the five names of the certificate");
        }
        if let Some(dn) = &registration.tls_client_auth_subject_dn
            && !DistinguishedName::parse(dn).is_ok_and(|name| !name.is_empty())
        {
            self.say("tls_client_auth_subject_dn", "must be a distinguished name as RFC 4514 writes it: CN=client,O=Example,C=DE");
        }
        if registration.tls_client_auth_san_ip.as_deref().is_some_and(|text| text.parse::<core::net::IpAddr>().is_err()) {
            self.say("tls_client_auth_san_ip", "must be an IP address");
        }
    }

    /// OpenID Connect Dynamic Client Registration §2: algorithms that there are, and keys for them.
    fn encryption(&mut self, registration: &Registration, around: Around<'_>) {
        let wishes = [
            ("id_token_encrypted_response", &registration.id_token_encrypted_response_alg, &registration.id_token_encrypted_response_enc),
            ("userinfo_encrypted_response", &registration.userinfo_encrypted_response_alg, &registration.userinfo_encrypted_response_enc),
            (
                "authorization_encrypted_response",
                &registration.authorization_encrypted_response_alg,
                &registration.authorization_encrypted_response_enc,
            ),
            (
                "introspection_encrypted_response",
                &registration.introspection_encrypted_response_alg,
                &registration.introspection_encrypted_response_enc,
            ),
        ];
        for (name, alg, enc) in wishes {
            let known = alg.as_deref().and_then(KeyAlg::parse);
            if alg.is_some() && known.is_none() {
                self.say(format!("{name}_alg"), format!("is none of {}", KeyAlg::ALL.map(KeyAlg::as_str).join(", ")));
            }
            if known.is_some_and(KeyAlg::is_symmetric) && !around.by_mac {
                self.say(format!("{name}_alg"), NO_SECRET);
            }
            match enc {
                Some(_) if alg.is_none() => self.say(format!("{name}_enc"), format!("belongs to {name}_alg, which is not there")),
                Some(enc) if ContentEnc::parse(enc).is_none() => {
                    self.say(format!("{name}_enc"), format!("is none of {}", ContentEnc::ALL.map(ContentEnc::as_str).join(", ")));
                }
                _ => {}
            }
        }
    }

    /// OpenID Connect Core §2, §10.1: what is signed for a client is signed with a key of ours, never with `none`. ID tokens may have
    /// a MAC instead, where there is a secret to make it with; no public client has one.
    fn signatures(&mut self, registration: &Registration, around: Around<'_>) {
        let known = SigningAlg::ALL.map(SigningAlg::as_str).join(", ");
        let unknown = |alg: &str| SigningAlg::parse(alg).is_none();
        for (name, alg) in [
            ("userinfo_signed_response_alg", &registration.userinfo_signed_response_alg),
            ("introspection_signed_response_alg", &registration.introspection_signed_response_alg),
        ] {
            if alg.as_deref().is_some_and(unknown) {
                self.say(name, format!("is none of {known}"));
            }
        }
        match registration.id_token_signed_response_alg.as_deref().filter(|alg| unknown(alg)) {
            Some(alg) if alg == ID_TOKEN_MAC.as_str() && around.by_mac => {}
            Some(alg) if alg == ID_TOKEN_MAC.as_str() => self.say("id_token_signed_response_alg", NO_SECRET),
            Some(_) => self.say("id_token_signed_response_alg", format!("is none of {known}, {}", ID_TOKEN_MAC.as_str())),
            None => {}
        }
    }

    /// JARM §3: signed with a key of ours.
    fn authorization_responses(&mut self, registration: &Registration) {
        let signed = registration.authorization_signed_response_alg.as_deref();
        if signed.is_some_and(|alg| SigningAlg::parse(alg).is_none()) {
            self.say("authorization_signed_response_alg", format!("is none of {}", SigningAlg::ALL.map(SigningAlg::as_str).join(", ")));
        }
    }

    /// Request objects are signed by the client, and encrypted to a key of ours where that is switched on.
    fn request_objects(&mut self, registration: &Registration, around: Around<'_>) {
        if registration.request_object_signing_alg.as_deref().is_some_and(|name| SigningAlg::parse(name).is_none()) {
            self.say("request_object_signing_alg", "is no algorithm of signatures; request objects are always signed");
        }
        let (alg, enc) = (&registration.request_object_encryption_alg, &registration.request_object_encryption_enc);
        for (name, wish) in [("request_object_encryption_alg", alg), ("request_object_encryption_enc", enc)] {
            if wish.is_some() && !around.encrypted_objects {
                self.say(name, "request objects are not encrypted here (authorize.encrypted_requests)");
            }
        }
        if !around.encrypted_objects {
            return;
        }
        let known = alg.as_deref().map(|alg| KeyAlg::parse(alg).is_some_and(|alg| !alg.is_symmetric()));
        if known == Some(false) {
            self.say("request_object_encryption_alg", "is no algorithm with a public key that there is");
        }
        match enc.as_deref().map(ContentEnc::parse) {
            Some(_) if alg.is_none() => self.say("request_object_encryption_enc", "belongs to request_object_encryption_alg"),
            Some(None) => self.say("request_object_encryption_enc", "is no content encryption that there is"),
            _ => {}
        }
    }

    /// FAPI 2.0 Security Profile §5.4.1.
    fn fapi_algs(&mut self, registration: &Registration) {
        for (name, alg) in [
            ("request_object_signing_alg", &registration.request_object_signing_alg),
            ("authorization_signed_response_alg", &registration.authorization_signed_response_alg),
            ("id_token_signed_response_alg", &registration.id_token_signed_response_alg),
            ("introspection_signed_response_alg", &registration.introspection_signed_response_alg),
        ] {
            if alg.as_deref().and_then(SigningAlg::parse).is_some_and(|alg| !registration.may_sign_with(alg)) {
                self.say(name, "must be PS256, ES256 or EdDSA under FAPI 2.0");
            }
        }
    }

    fn profile(&mut self, registration: &Registration, around: Around<'_>) {
        let Some(profile) = registration.profile else { return };
        if registration.response_types.iter().any(|response_type| response_type.is_front_channel()) {
            self.say("response_types", "the client's profile lets no token through the browser");
        }
        if around.grants.contains(&GrantType::Password) {
            self.say("grant_types", "the client's profile knows no password grant");
        }
        if profile.is_fapi() {
            self.fapi_algs(registration);
            if around.public || !around.by_key {
                self.say("profile", "FAPI 2.0 is for clients with private_key_jwt, tls_client_auth or self_signed_tls_client_auth");
            }
            if registration.redirect_uris.iter().any(|uri| !uri.starts_with("https://")) {
                self.say("redirect_uris", "must be https under FAPI 2.0");
            }
            if !registration.dpop_bound_access_tokens && !registration.tls_client_certificate_bound_access_tokens {
                self.say("profile", "FAPI 2.0 binds tokens: set dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens");
            }
        }
    }
}

/// An https URL that says nothing but where.
pub(crate) fn is_https(text: &str) -> bool {
    let Ok(uri) = Url::parse(text) else { return false };
    uri.scheme() == "https"
        && uri.has_host()
        && uri.username().is_empty()
        && uri.password().is_none()
        && uri.fragment().is_none()
        && text.len() <= redirect::LENGTH_MAX
}

fn host(text: &str) -> Option<String> {
    Url::parse(text).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
