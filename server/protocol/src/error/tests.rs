use super::*;

#[test]
fn tok_027_descriptions_keep_to_their_characters() {
    let body = String::from_utf8(render_error(ErrorCode::AccessDenied, "a\"b\\c\r\n\t\u{e9}<d")).expect("ASCII");
    assert_eq!(body, r#"{"error":"access_denied","error_description":"a?b?c?????<d"}"#);
}

#[test]
fn plg_004_codes_of_plugins_are_mapped_to_legal_ones() {
    assert_eq!(ErrorCode::of_plugin("invalid_scope"), ErrorCode::InvalidScope);
    for text in ["foo\r\nX: 1", "", "invalid_client", "server_error", "too_many_requests", "INVALID_SCOPE"] {
        assert_eq!(ErrorCode::of_plugin(text), ErrorCode::AccessDenied, "{text:?}");
    }
}

#[test]
fn statuses_follow_the_code() {
    for code in ErrorCode::ALL {
        let expected = match code {
            ErrorCode::InvalidClient | ErrorCode::InvalidClientAttestation => 401,
            ErrorCode::ServerError => 500,
            ErrorCode::TemporarilyUnavailable => 503,
            ErrorCode::TooManyRequests => 429,
            _ => 400,
        };
        assert_eq!(code.status(), expected, "{code:?}");
    }
}

#[test]
fn names_are_distinct_and_in_snake_case() {
    let names = ErrorCode::ALL.map(ErrorCode::as_str);
    let distinct: std::collections::BTreeSet<_> = names.into_iter().collect();
    assert_eq!(distinct.len(), names.len());
    assert!(names.iter().all(|name| !name.is_empty() && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase())));
}

#[test]
fn a_refusal_shows_its_code_its_reason_and_its_description() {
    let refusal = Refusal::invalid_request(Reason::MissingParameter, "token is missing");
    assert_eq!(refusal.to_string(), "invalid_request (missing_parameter): token is missing");
    assert_eq!(Refusal::invalid_client(Reason::WrongSecret).to_string(), "invalid_client (wrong_secret): client authentication failed");
}

#[test]
fn tok_027_descriptions_are_short() {
    let body = String::from_utf8(render_error(ErrorCode::InvalidScope, &"x".repeat(300))).expect("ASCII");
    assert_eq!(body.matches('x').count(), 200);
}
