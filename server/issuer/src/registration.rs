//! What a client's metadata must keep to, as an administrator or registration writes it (RFC 7591 §2, OpenID Connect Dynamic
//! Client Registration §2 and their companions).

use claimsmith_jose::{ContentEnc, KeyAlg, MacAlg, SigningAlg};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::redirect::{self, ApplicationType};
use claimsmith_protocol::registration::{Registration, SubjectType};
use claimsmith_protocol::response::ResponseType;
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
    findings.subjects(registration);
    findings.logout(registration);
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
        let grants = [GrantType::TokenExchange, GrantType::JwtBearer];
        if around.public && grants.iter().any(|grant| around.grants.contains(grant)) {
            self.say("grant_types", "token exchange and JWT bearer are for clients that authenticate");
        }
        if registration.token_exchange.is_some() && !around.grants.contains(&GrantType::TokenExchange) {
            self.say("token_exchange", "needs the grant of token exchange among grant_types");
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
    fn subjects(&mut self, registration: &Registration) {
        if registration.subject_type == SubjectType::Pairwise && registration.sector_identifier_uri.is_none() {
            let mut hosts: Vec<String> = registration.redirect_uris.iter().filter_map(|uri| host(uri)).collect();
            hosts.sort();
            hosts.dedup();
            if hosts.len() != 1 {
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
mod tests {
    use super::*;

    const CODE: Around<'static> = Around {
        grants: &[GrantType::AuthorizationCode],
        public: false,
        by_key: true,
        by_certificate: false,
        by_mac: false,
        response_types: &ResponseType::ALL,
        encrypted_objects: false,
    };

    const FRONT: Around<'static> = Around { grants: &[GrantType::AuthorizationCode, GrantType::Implicit], ..CODE };

    fn wrong(document: &str, around: Around<'_>) -> Vec<String> {
        let registration = Registration::from_text(document).expect("well formed");
        check(&registration, around).into_iter().map(|wrong| wrong.field).collect()
    }

    #[test]
    fn what_is_in_order_is_let_through() {
        let document = r#"{"redirect_uris":["https://a.example/cb"],"response_types":["code","code id_token"],"subject_type":"pairwise",
            "frontchannel_logout_uri":"https://a.example/out?x=1","post_logout_redirect_uris":["https://a.example/bye"],"logo_uri":"https://a.example/l.png",
            "profile":"oauth2_1"}"#;
        assert_eq!(wrong(&document.replace(r#","code id_token""#, ""), CODE), [""; 0]);
        assert_eq!(wrong(document, FRONT), ["response_types"]);
    }

    #[test]
    fn hyb_009_grants_and_response_types_go_together() {
        let document = r#"{"redirect_uris":["https://a.example/cb"],"response_types":["code"]}"#;
        assert_eq!(wrong(document, Around { grants: &[GrantType::ClientCredentials], ..CODE }), ["response_types.0"]);
        assert_eq!(wrong(document, Around { response_types: &[], ..CODE }), ["response_types.0"]);
    }

    #[test]
    fn hyb_008_and_hyb_009_tokens_through_the_browser_are_a_grant_and_bound_to_nothing() {
        let document =
            |more: &str| format!(r#"{{"redirect_uris":["https://a.example/cb"],"response_types":["code id_token","token"]{more}}}"#);
        let both = FRONT;
        assert_eq!(wrong(&document(""), both), [""; 0]);
        assert_eq!(wrong(&document(""), CODE), ["response_types.0", "response_types.1"]);
        assert_eq!(wrong(&document(""), Around { grants: &[GrantType::Implicit], ..CODE }), ["response_types.0"]);
        for bound in ["dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"] {
            assert_eq!(wrong(&document(&format!(r#","{bound}":true"#)), both), ["response_types.1"]);
        }
        for profile in ["oauth2_1", "fapi2_security", "fapi2_message_signing"] {
            assert!(wrong(&document(&format!(r#","profile":"{profile}""#)), both).contains(&"response_types".to_owned()), "{profile}");
        }
    }

    #[test]
    fn hyb_006_tokens_through_the_browser_go_to_https_only() {
        assert_eq!(wrong(r#"{"redirect_uris":["http://localhost/cb"],"response_types":["id_token"]}"#, FRONT), ["redirect_uris.0"]);
    }

    #[test]
    fn auz_020_links_are_https() {
        for name in ["client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri", "backchannel_logout_uri"] {
            for uri in ["javascript:alert(1)", "http://a.example", "https://u@a.example", "data:x", "https://a.example/#x"] {
                let document = format!(r#"{{"redirect_uris":["https://a.example/cb"],"{name}":"{uri}"}}"#);
                assert_eq!(wrong(&document, CODE), [name], "{uri}");
            }
        }
    }

    #[test]
    fn sub_003_several_hosts_need_a_sector_identifier() {
        let document = r#"{"redirect_uris":["https://a.example/cb","https://b.example/cb"],"subject_type":"pairwise"}"#;
        assert_eq!(wrong(document, CODE), ["sector_identifier_uri"]);
        assert_eq!(wrong(&document.replace("b.example", "a.example/x"), CODE), [""; 0]);
        let named = document.replace("\"subject_type\"", r#""sector_identifier_uri":"https://s.example/uris","subject_type""#);
        assert_eq!(wrong(&named, CODE), [""; 0]);
    }

    #[test]
    fn fcl_002_the_frame_is_of_a_redirect_uris_origin() {
        for uri in ["https://b.example/out", "http://a.example/out", "https://a.example:444/out"] {
            let document = format!(r#"{{"redirect_uris":["https://a.example/cb"],"frontchannel_logout_uri":"{uri}"}}"#);
            assert_eq!(wrong(&document, CODE), ["frontchannel_logout_uri"], "{uri}");
        }
    }

    #[test]
    fn mtl_003_one_name_of_the_certificate_is_expected() {
        let document =
            r#"{"redirect_uris":["https://a.example/cb"],"tls_client_auth_subject_dn":"CN=a","tls_client_auth_san_dns":"a.example"}"#;
        assert_eq!(wrong(document, CODE), ["tls_client_auth_san_dns"]);
    }

    #[test]
    fn mtl_003_what_is_expected_of_a_certificate_can_be_compared() {
        let by_certificate = Around { grants: &[], by_certificate: true, ..CODE };
        assert_eq!(wrong("{}", by_certificate), ["tls_client_auth_subject_dn"]);
        for (document, field) in [
            (r#"{"tls_client_auth_subject_dn":"no name"}"#, "tls_client_auth_subject_dn"),
            (r#"{"tls_client_auth_subject_dn":""}"#, "tls_client_auth_subject_dn"),
            (r#"{"tls_client_auth_san_ip":"host"}"#, "tls_client_auth_san_ip"),
        ] {
            assert_eq!(wrong(document, by_certificate), [field], "{document}");
        }
        assert_eq!(wrong(r#"{"tls_client_auth_subject_dn":"CN=a"}"#, by_certificate), [""; 0]);
    }

    #[test]
    fn idt_017_only_algorithms_of_encryption_that_there_are_can_be_registered() {
        let plain = Around { grants: &[], ..CODE };
        for kind in ["id_token", "userinfo", "authorization", "introspection"].map(|name| format!("{name}_encrypted_response")) {
            let document = |alg: &str, enc: &str| format!(r#"{{"{kind}_alg":"{alg}","{kind}_enc":"{enc}"}}"#);
            assert_eq!(wrong(&document("RSA-OAEP-256", "A256GCM"), plain), [""; 0]);
            assert_eq!(wrong(&document("RSA1_5", "A256GCM"), plain), [format!("{kind}_alg")]);
            assert_eq!(wrong(&document("PBES2-HS256+A128KW", "A256GCM"), plain), [format!("{kind}_alg")]);
            let by_mac = Around { by_mac: true, ..plain };
            assert_eq!(wrong(&document("dir", "A192GCM"), by_mac), [format!("{kind}_enc")]);
            for alg in ["dir", "A128KW", "A256KW"] {
                assert_eq!(wrong(&document(alg, "A128GCM"), plain), [format!("{kind}_alg")], "{alg}: no secret to be had");
                assert_eq!(wrong(&document(alg, "A128GCM"), by_mac), [""; 0]);
            }
            assert_eq!(wrong(&format!(r#"{{"{kind}_enc":"A128GCM"}}"#), plain), [format!("{kind}_enc")]);
        }
    }

    #[test]
    fn jrm_005_and_jrm_006_responses_are_signed_by_us_and_encrypted_to_a_key() {
        let plain = Around { grants: &[], ..CODE };
        for alg in ["none", "HS256", "ES256K"] {
            let name = "authorization_signed_response_alg";
            assert_eq!(wrong(&format!(r#"{{"{name}":"{alg}"}}"#), plain), [name], "{alg}");
        }
        for alg in ["dir", "A128KW", "A256KW"] {
            let name = "authorization_encrypted_response_alg";
            assert_eq!(wrong(&format!(r#"{{"{name}":"{alg}"}}"#), plain), [name], "{alg}");
        }
    }

    #[test]
    fn req_015_what_is_said_of_encrypted_objects_can_be_done() {
        let document =
            |alg: &str, enc: &str| format!(r#"{{"request_object_encryption_alg":"{alg}","request_object_encryption_enc":"{enc}"}}"#);
        let (alg, enc) = ("request_object_encryption_alg", "request_object_encryption_enc");
        let (off, on) = (Around { grants: &[], ..CODE }, Around { grants: &[], encrypted_objects: true, ..CODE });
        assert_eq!(wrong(&document("ECDH-ES", "A256GCM"), off), [alg, enc]);
        assert_eq!(wrong(&document("ECDH-ES", "A256GCM"), on), [""; 0]);
        assert_eq!(wrong(&document("dir", "A192GCM"), on), [alg, enc]);
        assert_eq!(wrong(r#"{"request_object_encryption_enc":"A256GCM"}"#, on), [enc]);
    }

    #[test]
    fn idt_003_and_idt_022_secrets_sign_id_tokens_alone_and_only_where_they_are_kept() {
        let by_mac = Around { grants: &[], by_mac: true, ..CODE };
        let others = [Around { grants: &[], ..CODE }, Around { grants: &[], public: true, by_key: false, ..CODE }];
        for name in ["id_token_signed_response_alg", "userinfo_signed_response_alg", "introspection_signed_response_alg"] {
            for alg in ["HS256", "HS384", "HS512", "none", "ES256K", ""] {
                let document = format!(r#"{{"{name}":"{alg}"}}"#);
                for around in others {
                    assert_eq!(wrong(&document, around), [name], "{alg}");
                }
                let good = (name, alg) == ("id_token_signed_response_alg", "HS256");
                assert_eq!(wrong(&document, by_mac), if good { vec![] } else { vec![name] }, "{alg}");
            }
            assert_eq!(wrong(&format!(r#"{{"{name}":"PS256"}}"#), others[0]), [""; 0]);
        }
    }

    #[test]
    fn fap_001_the_profile_wants_keys_binding_and_https() {
        let document = r#"{"redirect_uris":["http://127.0.0.1/cb"],"application_type":"native","response_types":["code","id_token"],"profile":"fapi2_security"}"#;
        assert_eq!(wrong(document, Around { by_key: false, ..FRONT }), ["response_types", "profile", "redirect_uris", "profile"]);
        let good = r#"{"redirect_uris":["https://a.example/cb"],"profile":"fapi2_security","dpop_bound_access_tokens":true}"#;
        assert_eq!(wrong(good, CODE), [""; 0]);
    }

    #[test]
    fn bcl_003_logout_tokens_are_signed_with_keys_of_ours() {
        let document = r#"{"redirect_uris":["https://a.example/cb"],"backchannel_logout_uri":"https://a.example/out","id_token_signed_response_alg":"ES256"}"#;
        assert_eq!(wrong(document, CODE), [""; 0]);
        for alg in ["HS256", "none"] {
            assert_eq!(wrong(&document.replace("ES256", alg), CODE), ["backchannel_logout_uri", "id_token_signed_response_alg"], "{alg}");
        }
    }

    #[test]
    fn lgo_013_where_people_go_after_signing_out_is_checked() {
        let document = r#"{"redirect_uris":["https://a.example/cb"],"post_logout_redirect_uris":["https://a.example/bye","javascript:x"]}"#;
        assert_eq!(wrong(document, CODE), ["post_logout_redirect_uris.1"]);
    }
}
