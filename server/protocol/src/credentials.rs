//! Client credentials as a request presents them (RFC 6749 §2.3, RFC 7521 §4.2), before anyone asks whether they are good.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use claimsmith_jose::Secret;
use serde::{Deserialize, Serialize};

use crate::error::{Reason, Refusal};
use crate::form::{self, Form};

/// `client_assertion_type` of a JWT (RFC 7523 §2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A method of client authentication, by the names of OpenID Connect Core §9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Secret in the `Authorization` header.
    ClientSecretBasic,
    /// Secret in the body.
    ClientSecretPost,
    /// Assertion with a MAC under the secret.
    ClientSecretJwt,
    /// Assertion signed with the client's private key.
    PrivateKeyJwt,
    /// Certificate of a trusted authority (RFC 8705 §2.1).
    TlsClientAuth,
    /// Certificate of the client's own (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
    /// An attestation of the client's attester, with a proof of its own (draft-ietf-oauth-attestation-based-client-auth §5.1).
    AttestJwtClientAuth,
    /// The same, with a DPoP proof (§5.2).
    AttestJwtClientAuthDpop,
    /// None: a public client.
    None,
}

impl AuthMethod {
    /// Every method this server has.
    pub const ALL: [Self; 9] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
        Self::AttestJwtClientAuth,
        Self::AttestJwtClientAuthDpop,
        Self::None,
    ];

    /// The name in metadata.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::AttestJwtClientAuth => "attest_jwt_client_auth",
            Self::AttestJwtClientAuthDpop => "attest_jwt_client_auth_dpop",
            Self::None => "none",
        }
    }

    /// Whether the proof is a certificate in the handshake.
    pub const fn is_certificate(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }

    /// Whether the proof is an attestation.
    pub const fn is_attestation(self) -> bool {
        matches!(self, Self::AttestJwtClientAuth | Self::AttestJwtClientAuthDpop)
    }

    /// The method of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// What a request offers as proof of its client.
#[derive(Debug)]
pub enum Presented {
    /// A secret in the `Authorization` header.
    Basic {
        /// The decoded `client_id`.
        client_id: String,
        /// The decoded secret.
        secret: Secret<String>,
    },
    /// A secret in the body.
    Post {
        /// `client_id`.
        client_id: String,
        /// `client_secret`.
        secret: Secret<String>,
    },
    /// An assertion in the body.
    Assertion {
        /// `client_id`, which may be absent (RFC 7521 §4.2).
        client_id: Option<String>,
        /// The compact JWS; unread.
        assertion: Secret<String>,
    },
    /// A `client_id` and nothing else.
    Identified {
        /// `client_id`.
        client_id: String,
    },
}

impl Presented {
    /// Reads the credentials of a request from its `Authorization` headers and its form.
    ///
    /// Refused with `invalid_request` when more than one method is offered
    /// ([RFC 6749 §2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)), with `invalid_client` when there is none or
    /// when it cannot be read.
    pub fn parse<'h>(mut authorization: impl Iterator<Item = &'h [u8]>, form: &Form<'_>) -> Result<Self, Refusal> {
        let header = authorization.next();
        if authorization.next().is_some() {
            return Err(Refusal::invalid_request(Reason::SeveralMethods, "there is more than one Authorization header"));
        }
        let (client_id, secret) = (form.one("client_id"), form.one("client_secret"));
        let (assertion, assertion_type) = (form.one("client_assertion"), form.one("client_assertion_type"));
        let offered = [header.is_some(), secret.is_some(), assertion.is_some() || assertion_type.is_some()];
        if offered.into_iter().filter(|offered| *offered).count() > 1 {
            return Err(Refusal::invalid_request(Reason::SeveralMethods, "more than one client authentication method is used"));
        }
        match (header, secret, client_id) {
            (Some(header), _, _) => Self::parse_basic(header, client_id),
            (None, Some(secret), Some(client_id)) => {
                Ok(Self::Post { client_id: client_id.to_owned(), secret: Secret::new(secret.to_owned()) })
            }
            (None, Some(_), None) => Err(Refusal::invalid_client(Reason::MalformedCredentials)),
            (None, None, _) if offered[2] => Self::parse_assertion(assertion, assertion_type, client_id),
            (None, None, Some(client_id)) => Ok(Self::Identified { client_id: client_id.to_owned() }),
            (None, None, None) => Err(Refusal::invalid_client(Reason::NoCredentials)),
        }
    }

    /// Both halves are form-urlencoded inside the Base64 ([RFC 6749 §2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
    fn parse_basic(header: &[u8], body_client_id: Option<&str>) -> Result<Self, Refusal> {
        let malformed = || Refusal::invalid_client(Reason::MalformedCredentials);
        let split = header.iter().position(|byte| *byte == b' ').ok_or_else(malformed)?;
        let (scheme, rest) = header.split_at(split);
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return Err(malformed());
        }
        let decoded = Secret::new(STANDARD.decode(rest.trim_ascii()).map_err(|_| malformed())?);
        let pair = decoded.expose();
        // Security: a control character is never part of a credential, encoded or not.
        let colon = pair.iter().position(|byte| *byte == b':').ok_or_else(malformed)?;
        let client_id = form::decode(&pair[..colon]).map_err(|_| malformed())?.into_owned();
        let secret = form::decode(&pair[colon + 1..]).map_err(|_| malformed())?.into_owned();
        if client_id.is_empty() || client_id.chars().chain(secret.chars()).any(char::is_control) {
            return Err(malformed());
        }
        if body_client_id.is_some_and(|named| named != client_id) {
            return Err(Refusal::invalid_request(Reason::ClientMismatch, "client_id is not that of the credentials"));
        }
        Ok(Self::Basic { client_id, secret: Secret::new(secret) })
    }

    fn parse_assertion(assertion: Option<&str>, assertion_type: Option<&str>, client_id: Option<&str>) -> Result<Self, Refusal> {
        match (assertion, assertion_type) {
            (Some(assertion), Some(JWT_BEARER)) => {
                Ok(Self::Assertion { client_id: client_id.map(str::to_owned), assertion: Secret::new(assertion.to_owned()) })
            }
            (Some(_), Some(_)) => Err(Refusal::invalid_client(Reason::MalformedCredentials)),
            (Some(_), None) => Err(Refusal::invalid_request(Reason::MissingParameter, "client_assertion_type is missing")),
            (None, _) => Err(Refusal::invalid_request(Reason::MissingParameter, "client_assertion is missing")),
        }
    }

    /// Whether the credentials came in the `Authorization` header, so that a refusal carries `WWW-Authenticate`.
    pub const fn in_header(&self) -> bool {
        matches!(self, Self::Basic { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    fn parse(header: Option<&[u8]>, body: &str) -> Result<Presented, Refusal> {
        let form = Form::parse(body.as_bytes(), &[]).expect("well formed");
        Presented::parse(header.into_iter(), &form)
    }

    fn basic(pair: &[u8]) -> Vec<u8> {
        format!("Basic {}", STANDARD.encode(pair)).into_bytes()
    }

    #[test]
    fn cau_001_basic_is_form_urlencoded_inside() {
        let header = basic(b"a+b%3Ac%25:p%2B%C3%A4%3A%25%2F%3D");
        let Ok(Presented::Basic { client_id, secret }) = parse(Some(&header), "") else { panic!("refused") };
        assert_eq!((client_id.as_str(), secret.expose().as_str()), ("a b:c%", "p+\u{e4}:%/="));
        let raw = parse(Some(&basic(b"client:100%")), "").expect_err("a raw % is no encoding");
        assert_eq!(raw.code, ErrorCode::InvalidClient);
    }

    #[test]
    fn cau_002_malformed_basic_is_invalid_client() {
        let no_colon = basic(b"client");
        for header in [&b"Basic"[..], b"Basic ", b"Basic ???", b"Basic YTpi YTpi", b"Basic YTpi=", &no_colon, &basic(b":secret")] {
            assert_eq!(parse(Some(header), "").expect_err("malformed").code, ErrorCode::InvalidClient, "{header:?}");
        }
        let Ok(Presented::Basic { secret, .. }) = parse(Some(&basic(b"a:b:c")), "") else { panic!("refused") };
        assert_eq!(secret.expose(), "b:c", "split at the first colon");
    }

    #[test]
    fn cau_013_control_characters_are_refused() {
        for pair in [&b"a\0b:c"[..], b"a:b\n", b"a:%00", b"a%0d:b", b"a:\x7f"] {
            assert_eq!(parse(Some(&basic(pair)), "").expect_err("control").code, ErrorCode::InvalidClient, "{pair:?}");
        }
    }

    #[test]
    fn cau_014_another_scheme_is_no_client_authentication() {
        for body in ["", "client_id=a"] {
            assert_eq!(parse(Some(b"Bearer abc"), body).expect_err("bearer").code, ErrorCode::InvalidClient);
        }
    }

    #[test]
    fn net_007_the_scheme_is_case_insensitive() {
        assert!(parse(Some(b"bAsIc YTpi"), "").is_ok());
    }

    #[test]
    fn tok_014_more_than_one_method_is_invalid_request() {
        let assertion = format!("client_assertion=a.b.c&client_assertion_type={JWT_BEARER}");
        let cases = [
            (Some(&b"Basic YTpi"[..]), "client_secret=b".to_owned()),
            (Some(&b"Basic YTpi"[..]), assertion.clone()),
            (None, format!("client_id=a&client_secret=b&{assertion}")),
        ];
        for (header, body) in cases {
            assert_eq!(parse(header, &body).expect_err("several").code, ErrorCode::InvalidRequest, "{body}");
        }
        let form = Form::parse(b"", &[]).expect("empty");
        let twice = Presented::parse([&b"Basic YTpi"[..], b"Basic YTpi"].into_iter(), &form);
        assert_eq!(twice.expect_err("two headers").code, ErrorCode::InvalidRequest);
    }

    #[test]
    fn tok_015_client_id_in_the_body_must_be_the_same() {
        assert!(parse(Some(b"Basic YTpi"), "client_id=a").is_ok());
        assert_eq!(parse(Some(b"Basic YTpi"), "client_id=b").expect_err("other").code, ErrorCode::InvalidRequest);
    }

    #[test]
    fn caj_001_the_assertion_type_is_exact() {
        assert!(parse(None, &format!("client_assertion=a.b.c&client_assertion_type={JWT_BEARER}")).is_ok());
        for body in [
            "client_assertion=a.b.c",
            "client_assertion=a.b.c&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        ] {
            let refusal = parse(None, body).expect_err("wrong type");
            assert!(matches!(refusal.code, ErrorCode::InvalidRequest | ErrorCode::InvalidClient));
        }
        assert!(parse(None, &format!("client_id=a&client_assertion_type={JWT_BEARER}")).is_err());
    }

    #[test]
    fn cau_003_a_secret_in_the_body_comes_with_its_client() {
        let Ok(Presented::Post { client_id, secret }) = parse(None, "client_id=a%3Ab&client_secret=p%2B") else { panic!("refused") };
        assert_eq!((client_id.as_str(), secret.expose().as_str()), ("a:b", "p+"));
        assert_eq!(parse(None, "client_secret=b").expect_err("whose?").code, ErrorCode::InvalidClient);
    }

    #[test]
    fn tok_011_nobody_is_invalid_client() {
        for body in ["", "client_id=", "client_id=&client_secret="] {
            let refusal = parse(None, body).expect_err("nobody");
            assert_eq!((refusal.code, refusal.code.status(), refusal.reason), (ErrorCode::InvalidClient, 401, Reason::NoCredentials));
        }
        assert!(matches!(parse(None, "client_id=a"), Ok(Presented::Identified { client_id }) if client_id == "a"));
    }

    #[test]
    fn only_credentials_in_the_header_are_challenged() {
        let assertion = format!("client_assertion=a.b.c&client_assertion_type={JWT_BEARER}");
        assert!(parse(Some(b"Basic YTpi"), "").expect("well formed").in_header());
        for body in ["client_id=a", "client_id=a&client_secret=b", &assertion] {
            assert!(!parse(None, body).expect("well formed").in_header(), "{body}");
        }
    }

    #[test]
    fn tok_036_every_printable_character_may_be_part_of_a_client_id() {
        let Ok(Presented::Basic { client_id, .. }) = parse(Some(&basic(b"urn%3Ax%3A1%252:s")), "") else { panic!("refused") };
        assert_eq!(client_id, "urn:x:1%2");
        let printable: String = (' '..='~').collect();
        let escaped: String = printable.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let Ok(Presented::Basic { client_id, .. }) = parse(Some(&basic(format!("{escaped}:s").as_bytes())), "") else { panic!("refused") };
        assert_eq!(client_id, printable);
        assert!(crate::id::ClientId::parse(&printable).is_ok());
    }

    #[test]
    fn names_of_methods_lead_back_to_them() {
        let names = AuthMethod::ALL.map(AuthMethod::as_str);
        assert_eq!(
            names,
            [
                "client_secret_basic",
                "client_secret_post",
                "client_secret_jwt",
                "private_key_jwt",
                "tls_client_auth",
                "self_signed_tls_client_auth",
                "attest_jwt_client_auth",
                "attest_jwt_client_auth_dpop",
                "none"
            ]
        );
        assert_eq!(names.map(AuthMethod::parse), AuthMethod::ALL.map(Some));
        assert_eq!(AuthMethod::parse("TLS_client_auth"), None);
    }

    #[test]
    fn half_an_assertion_is_one_all_the_same() {
        for (body, reason) in [
            ("client_assertion=a.b.c", Reason::MissingParameter),
            ("client_id=a&client_assertion_type=x", Reason::MissingParameter),
            ("client_id=a&client_assertion=a.b.c&client_assertion_type=x", Reason::MalformedCredentials),
            ("client_id=a&client_secret=b&client_assertion=a.b.c", Reason::SeveralMethods),
            ("client_id=a&client_secret=b&client_assertion_type=x", Reason::SeveralMethods),
        ] {
            assert_eq!(parse(None, body).expect_err("half").reason, reason, "{body}");
        }
    }
}
