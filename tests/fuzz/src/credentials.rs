//! The `Authorization` header and the credentials in a form: the first line is the header, empty for none; the rest is the form.

use claimsmith_protocol::credentials::Presented;
use claimsmith_protocol::form::Form;

use crate::{Outcome, first_line};

/// Credentials that are read name one client, offer one method, and hold no control character where none may be.
pub fn run(bytes: &[u8]) -> Outcome {
    let (header, body) = first_line(bytes);
    let Ok(form) = Form::parse(body, &[]) else { return Outcome::Refused };
    let headers = (!header.is_empty()).then_some(header);
    let Ok(presented) = Presented::parse(headers.into_iter(), &form) else { return Outcome::Refused };
    assert_eq!(presented.in_header(), headers.is_some());
    let named = form.one("client_id");
    match &presented {
        Presented::Basic { client_id, secret } => {
            assert!(!client_id.is_empty() && named.is_none_or(|named| named == client_id));
            assert!(!client_id.chars().chain(secret.expose().chars()).any(char::is_control));
            assert!(form.one("client_secret").is_none() && form.one("client_assertion").is_none());
        }
        Presented::Post { client_id, secret } => {
            assert_eq!((Some(client_id.as_str()), Some(secret.expose().as_str())), (named, form.one("client_secret")));
        }
        Presented::Assertion { client_id, assertion } => {
            assert_eq!((client_id.as_deref(), Some(assertion.expose().as_str())), (named, form.one("client_assertion")));
        }
        Presented::Identified { client_id } => assert_eq!(Some(client_id.as_str()), named),
    }
    let (client_id, secret) = match &presented {
        Presented::Basic { client_id, secret } | Presented::Post { client_id, secret } => (client_id.as_str(), Some(secret)),
        Presented::Assertion { client_id, assertion } => (client_id.as_deref().unwrap_or_default(), Some(assertion)),
        Presented::Identified { client_id } => (client_id.as_str(), None),
    };
    // Of some length, and not part of the identifier, so that it is not in the text by chance.
    if let Some(secret) = secret.map(|secret| secret.expose().as_str()).filter(|secret| secret.len() > 16 && !client_id.contains(secret)) {
        assert!(!format!("{presented:?}").contains(secret), "a secret in a log");
    }
    Outcome::Accepted
}
