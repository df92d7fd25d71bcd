//! Requests to, and responses of, the token, introspection and revocation endpoints.

use crate::error::{ErrorCode, Reason, Refusal};
use crate::form::Form;
use crate::grant::GrantType;

/// Parameters that may stand more than once at the token endpoint (RFC 8707 §2).
pub const REPEATABLE: &[&str] = &["resource"];

/// Reads a form at an OAuth endpoint.
pub fn parse_form<'a>(body: &'a [u8], repeatable: &[&str]) -> Result<Form<'a>, Refusal> {
    Form::parse(body, repeatable).map_err(|error| Refusal {
        code: ErrorCode::InvalidRequest,
        description: error.to_string().into(),
        reason: Reason::MalformedForm,
    })
}

/// The grant that a token request names (RFC 6749 §5.2), one of those that are switched on.
pub fn parse_grant_type(form: &Form<'_>, enabled: &[GrantType]) -> Result<GrantType, Refusal> {
    let name = form.one("grant_type").ok_or_else(|| Refusal::invalid_request(Reason::MissingParameter, "grant_type is missing"))?;
    GrantType::parse(name)
        .filter(|grant| grant.is_redeemed() && enabled.contains(grant))
        .ok_or_else(|| Refusal::new(ErrorCode::UnsupportedGrantType, Reason::UnknownGrant, "this grant_type is not supported"))
}

/// The token that an introspection or revocation request names (RFC 7662 §2.1, RFC 7009 §2.1).
///
/// `token_type_hint` is read by nobody: what a token is shows in the token.
pub fn parse_token<'f>(form: &'f Form<'_>) -> Result<&'f str, Refusal> {
    form.one("token").ok_or_else(|| Refusal::invalid_request(Reason::MissingParameter, "token is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(body: &str) -> Result<GrantType, ErrorCode> {
        let form = parse_form(body.as_bytes(), REPEATABLE).map_err(|refusal| refusal.code)?;
        parse_grant_type(&form, &[GrantType::ClientCredentials, GrantType::Implicit]).map_err(|refusal| refusal.code)
    }

    #[test]
    fn tok_007_a_missing_grant_type_is_invalid_request() {
        assert_eq!(grant("scope=a"), Err(ErrorCode::InvalidRequest));
        assert_eq!(grant("grant_type="), Err(ErrorCode::InvalidRequest));
    }

    #[test]
    fn tok_008_an_unknown_grant_type_is_unsupported_and_matched_exactly() {
        assert_eq!(grant("grant_type=client_credentials"), Ok(GrantType::ClientCredentials));
        // `password` is switched off here, `implicit` is not for this endpoint.
        for name in ["password", "implicit", "password2", "CLIENT_CREDENTIALS", "+client_credentials", "client_credentials+"] {
            assert_eq!(grant(&format!("grant_type={name}")), Err(ErrorCode::UnsupportedGrantType), "{name}");
        }
    }

    #[test]
    fn int_002_and_rev_007_a_missing_token_is_invalid_request() {
        let form = parse_form(b"token=&token_type_hint=access_token", &[]).expect("well formed");
        assert_eq!(parse_token(&form).expect_err("empty").code, ErrorCode::InvalidRequest);
    }

    #[test]
    fn int_005_and_rev_006_a_hint_changes_nothing() {
        for hint in ["", "&token_type_hint=refresh_token", "&token_type_hint=access_token", "&token_type_hint=unheard_of"] {
            let body = format!("token=abc{hint}");
            let form = parse_form(body.as_bytes(), &[]).expect("well formed");
            assert_eq!(parse_token(&form), Ok("abc"), "{hint}");
        }
    }

    #[test]
    fn a_body_that_is_no_form_is_invalid_request() {
        let refusal = parse_form(b"scope=%zz", REPEATABLE).expect_err("broken");
        assert_eq!((refusal.code, refusal.reason), (ErrorCode::InvalidRequest, Reason::MalformedForm));
        assert_eq!(refusal.description, "a parameter has a broken percent-encoding");
        assert!(parse_form(b"resource=urn:a:1&resource=urn:b:2", REPEATABLE).is_ok());
    }
}
