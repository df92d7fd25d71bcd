//! Client metadata that only the flows of people read, by the names of RFC 7591, OpenID Connect Dynamic Client Registration and
//! their companions. One document on the client: written by an administrator or by registration, checked, kept as JSON.

use claimsmith_jose::SigningAlg;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::redirect::ApplicationType;
use crate::response::ResponseType;

/// Rules that a client is held to beyond the ordinary ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Profile {
    /// OAuth 2.1.
    #[serde(rename = "oauth2_1")]
    OAuth21,
    /// FAPI 2.0 Security Profile.
    #[serde(rename = "fapi2_security")]
    Fapi2Security,
    /// FAPI 2.0 Message Signing, on top of the Security Profile.
    #[serde(rename = "fapi2_message_signing")]
    Fapi2MessageSigning,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::OAuth21, Self::Fapi2Security, Self::Fapi2MessageSigning];

    /// The name in metadata and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OAuth21 => "oauth2_1",
            Self::Fapi2Security => "fapi2_security",
            Self::Fapi2MessageSigning => "fapi2_message_signing",
        }
    }

    /// Whether the FAPI 2.0 Security Profile applies.
    pub const fn is_fapi(self) -> bool {
        matches!(self, Self::Fapi2Security | Self::Fapi2MessageSigning)
    }
}

/// Whether a refresh token is replaced whenever it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// A new one each time; the old one is a replay then.
    Rotate,
    /// The same one until it expires.
    Keep,
}

impl Rotation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Rotate, Self::Keep];

    /// The name in metadata and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::Keep => "keep",
        }
    }
}

/// How a client's `sub` values are made (OpenID Connect Core §8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// The same for every client.
    #[default]
    Public,
    /// One per sector.
    Pairwise,
}

/// Whether people are asked before a client gets what it asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentPolicy {
    /// Once per scope and claim, remembered until revoked.
    #[default]
    Ask,
    /// Every time.
    Always,
    /// Never: the operator has decided for them, as for programs of its own.
    Implied,
}

/// A client's metadata for the flows of people. Absent members are `None`, empty or the specification's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Registration {
    /// `web` or `native`.
    #[serde(skip_serializing_if = "is_default")]
    pub application_type: ApplicationType,
    /// Where authorization responses may go; compared character by character.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<Box<str>>,
    /// What the client may ask the authorization endpoint for; `code` where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub response_types: Vec<ResponseType>,
    /// Its home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<Box<str>>,
    /// Its logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<Box<str>>,
    /// Its privacy policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<Box<str>>,
    /// Its terms of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<Box<str>>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Box<str>>,
    /// Where a third party begins a sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<Box<str>>,
    /// Rules beyond the ordinary ones; ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Whether people are asked; ours.
    #[serde(skip_serializing_if = "is_default")]
    pub consent: ConsentPolicy,

    /// `public` or `pairwise`.
    #[serde(skip_serializing_if = "is_default")]
    pub subject_type: SubjectType,
    /// The list of redirect URIs that share one sector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<Box<str>>,
    /// The algorithm of its ID tokens; the server's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<Box<str>>,
    /// The key management algorithm of its encrypted ID tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<Box<str>>,
    /// The content encryption of its encrypted ID tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<Box<str>>,
    /// The algorithm of signed UserInfo; plain JSON where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<Box<str>>,
    /// The key management algorithm of encrypted UserInfo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<Box<str>>,
    /// The content encryption of encrypted UserInfo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<Box<str>>,
    /// Keys, where client authentication has none: for request objects and encryption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where keys are, where client authentication has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<Box<str>>,

    /// The algorithm that request objects must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<Box<str>>,
    /// The key management algorithm that request objects are encrypted with, where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg: Option<Box<str>>,
    /// The content encryption of request objects, where they are encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc: Option<Box<str>>,
    /// Where request objects may be fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<Box<str>>,
    /// RFC 9101 §10.5.
    #[serde(skip_serializing_if = "is_default")]
    pub require_signed_request_object: bool,
    /// RFC 9126 §6.
    #[serde(skip_serializing_if = "is_default")]
    pub require_pushed_authorization_requests: bool,
    /// The algorithm of signed authorization responses (JARM §3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_signed_response_alg: Option<Box<str>>,
    /// The key management algorithm of encrypted authorization responses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_alg: Option<Box<str>>,
    /// The content encryption of encrypted authorization responses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_enc: Option<Box<str>>,
    /// The algorithm of signed introspection answers for it (RFC 9701 §6); the server's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_signed_response_alg: Option<Box<str>>,
    /// The key management algorithm of encrypted introspection answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_alg: Option<Box<str>>,
    /// The content encryption of encrypted introspection answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_enc: Option<Box<str>>,
    /// The types of authorization details it may ask for (RFC 9396 §10).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types: Vec<Box<str>>,

    /// Seconds after which a person signs in again, where a request does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u32>,
    /// Whether ID tokens always say when the person signed in.
    #[serde(skip_serializing_if = "is_default")]
    pub require_auth_time: bool,
    /// Authentication context classes, where a request does not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<Box<str>>,

    /// Where a person may be sent after signing out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<Box<str>>,
    /// OpenID Connect Back-Channel Logout §2.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<Box<str>>,
    /// Whether logout tokens must carry `sid`.
    #[serde(skip_serializing_if = "is_default")]
    pub backchannel_logout_session_required: bool,
    /// How the client learns what a person decided elsewhere: `poll`, `ping` or `push` (OpenID Connect CIBA §4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_token_delivery_mode: Option<DeliveryMode>,
    /// Where it is told, for `ping` and `push`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_client_notification_endpoint: Option<Box<str>>,
    /// The signature algorithm of its backchannel requests; then they are always signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_authentication_request_signing_alg: Option<Box<str>>,
    /// Whether its people give it a code that nobody else knows, so that no stranger can have them asked.
    #[serde(skip_serializing_if = "is_default")]
    pub backchannel_user_code_parameter: bool,
    /// OpenID Connect Front-Channel Logout §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<Box<str>>,
    /// Whether `iss` and `sid` are added to it.
    #[serde(skip_serializing_if = "is_default")]
    pub frontchannel_logout_session_required: bool,

    /// Access tokens are always bound to a DPoP key (RFC 9449 §5.2).
    #[serde(skip_serializing_if = "is_default")]
    pub dpop_bound_access_tokens: bool,
    /// Whether every DPoP proof carries a nonce of this server (RFC 9449 §8); ours.
    #[serde(skip_serializing_if = "is_default")]
    pub dpop_require_nonce: bool,
    /// Whether an attestation comes with every proof of the client's, whatever its way to authenticate
    /// (draft-ietf-oauth-attestation-based-client-auth §7.6); ours.
    #[serde(skip_serializing_if = "is_default")]
    pub client_attestation_required: bool,
    /// Access tokens are always bound to a certificate (RFC 8705 §3.4).
    #[serde(skip_serializing_if = "is_default")]
    pub tls_client_certificate_bound_access_tokens: bool,
    /// Expected subject of the client's certificate, as RFC 4514 writes it (RFC 8705 §2.1.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<Box<str>>,
    /// Expected DNS name in the client's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<Box<str>>,
    /// Expected URI in the client's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<Box<str>>,
    /// Expected IP address in the client's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<Box<str>>,
    /// Expected e-mail address in the client's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<Box<str>>,

    /// Whether refresh tokens are replaced when they are used; ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_rotation: Option<Rotation>,
    /// Seconds in which a refresh token that was replaced may be sent again, for retries over bad networks; ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_grace: Option<u32>,
    /// What it may do in a token exchange beside going on with its own tokens; ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_exchange: Option<TokenExchange>,
}

/// How a client learns what a person decided on another device (OpenID Connect CIBA §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// It asks.
    Poll,
    /// It is told that it may ask.
    Ping,
    /// It is given the tokens.
    Push,
}

impl DeliveryMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Poll, Self::Ping, Self::Push];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Ping => "ping",
            Self::Push => "push",
        }
    }
}

/// What a client may do in a token exchange (RFC 8693 §5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TokenExchange {
    /// Clients whose tokens it may exchange.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subject_clients: Vec<Box<str>>,
    /// Whether it may act as the subject, without an actor token.
    #[serde(skip_serializing_if = "is_default")]
    pub impersonation: bool,
    /// Whether it may exchange tokens that are bound to the key of somebody else, for tokens that are bound to its own.
    #[serde(skip_serializing_if = "is_default")]
    pub bound_tokens: bool,
    /// Whether it may share the sign-in of another app on its device, of one of `subject_clients` (OpenID Connect Native SSO).
    #[serde(skip_serializing_if = "is_default")]
    pub device_sso: bool,
    /// Servers elsewhere for which it may have identity assertions (ID-JAG).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity_assertions: Vec<IdentityAssertions>,
    /// What it may have transaction tokens for; none where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_tokens: Option<TransactionTokens>,
}

/// A server elsewhere whose tokens a client gets for an identity assertion of ours (draft-ietf-oauth-identity-assertion-authz-grant §4.3.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityAssertions {
    /// The issuer identifier of that server.
    pub audience: Box<str>,
    /// What the client is called there.
    pub client_id: Box<str>,
    /// Scopes of that server which an assertion may name; none where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Box<str>>,
    /// Resources of that server which an assertion may name; none where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Box<str>>,
    /// The client here as which that server signs people in: an assertion calls them what its ID tokens call them. The client itself
    /// where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_to: Option<Box<str>>,
}

/// What a workload may have transaction tokens for (draft-ietf-oauth-transaction-tokens §11.5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TransactionTokens {
    /// The purposes that it may name as `scope`; none where empty.
    pub scopes: Vec<Box<str>>,
    /// Names of members that it may put into `tctx` and `rctx`; none where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<Box<str>>,
    /// Whether it may say whom a transaction is for in a JWT that it signs itself.
    #[serde(skip_serializing_if = "is_default")]
    pub self_signed_subjects: bool,
    /// Whether it may say whom a transaction is for without any proof.
    #[serde(skip_serializing_if = "is_default")]
    pub unsigned_subjects: bool,
}

impl Registration {
    /// The names of all members, in the order of the document.
    pub const MEMBERS: [&'static str; 58] = [
        "application_type",
        "redirect_uris",
        "response_types",
        "client_uri",
        "logo_uri",
        "policy_uri",
        "tos_uri",
        "contacts",
        "initiate_login_uri",
        "profile",
        "consent",
        "subject_type",
        "sector_identifier_uri",
        "id_token_signed_response_alg",
        "id_token_encrypted_response_alg",
        "id_token_encrypted_response_enc",
        "userinfo_signed_response_alg",
        "userinfo_encrypted_response_alg",
        "userinfo_encrypted_response_enc",
        "jwks",
        "jwks_uri",
        "request_object_signing_alg",
        "request_object_encryption_alg",
        "request_object_encryption_enc",
        "request_uris",
        "require_signed_request_object",
        "require_pushed_authorization_requests",
        "authorization_signed_response_alg",
        "authorization_encrypted_response_alg",
        "authorization_encrypted_response_enc",
        "introspection_signed_response_alg",
        "introspection_encrypted_response_alg",
        "introspection_encrypted_response_enc",
        "authorization_details_types",
        "default_max_age",
        "require_auth_time",
        "default_acr_values",
        "post_logout_redirect_uris",
        "backchannel_logout_uri",
        "backchannel_logout_session_required",
        "backchannel_token_delivery_mode",
        "backchannel_client_notification_endpoint",
        "backchannel_authentication_request_signing_alg",
        "backchannel_user_code_parameter",
        "frontchannel_logout_uri",
        "frontchannel_logout_session_required",
        "dpop_bound_access_tokens",
        "dpop_require_nonce",
        "client_attestation_required",
        "tls_client_certificate_bound_access_tokens",
        "tls_client_auth_subject_dn",
        "tls_client_auth_san_dns",
        "tls_client_auth_san_uri",
        "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
        "refresh_token_rotation",
        "refresh_token_grace",
        "token_exchange",
    ];

    /// The JSON Schema of each member, by its name.
    pub fn schema() -> serde_json::Map<String, Value> {
        let settings = schemars::generate::SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<Self>();
        schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// Reads a document that has been checked before.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The document.
    pub fn to_text(&self) -> String {
        // Invariant: strings, numbers, booleans and lists of them can always be written.
        serde_json::to_string(self).expect("a registration can be written as JSON")
    }

    /// What the client may ask the authorization endpoint for.
    pub fn may_ask_for(&self, response_type: ResponseType) -> bool {
        if self.response_types.is_empty() { response_type == ResponseType::Code } else { self.response_types.contains(&response_type) }
    }

    /// Whether its access tokens are always bound to a key or certificate (RFC 9449 §5.2, RFC 8705 §3.4).
    pub const fn binds_access_tokens(&self) -> bool {
        self.dpop_bound_access_tokens || self.tls_client_certificate_bound_access_tokens
    }

    /// Those of a server's algorithms that the client may sign with: under FAPI 2.0 PS256, ES256 and EdDSA (FAPI 2.0 Security
    /// Profile §5.4.1).
    pub fn algs_of(&self, server: &[SigningAlg]) -> Vec<SigningAlg> {
        server.iter().copied().filter(|alg| self.may_sign_with(*alg)).collect()
    }

    /// Whether the client may sign with an algorithm, by its profile.
    pub fn may_sign_with(&self, alg: SigningAlg) -> bool {
        !self.is_fapi() || matches!(alg, SigningAlg::Ps256 | SigningAlg::Es256 | SigningAlg::EdDsa)
    }

    /// Whether the client is held to FAPI 2.0.
    pub fn is_fapi(&self) -> bool {
        self.profile.is_some_and(Profile::is_fapi)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_members_is_that_of_the_document() {
        for name in Registration::MEMBERS {
            let refused = serde_json::from_value::<Registration>(serde_json::json!({ name: { "no": "such type" }, "jwks": 1 }));
            assert!(!refused.is_err_and(|error| error.to_string().contains(&format!("unknown field `{name}`"))), "{name}");
        }
        let unknown = serde_json::from_str::<Registration>(r#"{"redirect_uri":[]}"#).expect_err("unknown").to_string();
        for name in Registration::MEMBERS {
            assert!(unknown.contains(&format!("`{name}`")), "{name} is not listed in {unknown}");
        }
        assert_eq!(unknown.matches('`').count() / 2, Registration::MEMBERS.len() + 1, "every member is listed, and the unknown one");
    }

    #[test]
    fn what_is_absent_is_not_written() {
        assert_eq!(serde_json::to_string(&Registration::default()).expect("JSON"), "{}");
        let text = r#"{"redirect_uris":["https://a.example/cb"],"response_types":["code","code id_token"],"profile":"fapi2_security","subject_type":"pairwise"}"#;
        let read: Registration = serde_json::from_str(text).expect("good");
        assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
        assert!(read.is_fapi() && read.may_ask_for(ResponseType::CodeIdToken) && !read.may_ask_for(ResponseType::Token));
        assert!(Registration::default().may_ask_for(ResponseType::Code));
    }
}
