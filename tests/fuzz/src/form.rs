//! Bodies of the token, introspection and revocation endpoints.

use claimsmith_protocol::form::PARAMETERS_MAX;
use claimsmith_protocol::token::{REPEATABLE, parse_form, parse_grant_type, parse_token};

use crate::Outcome;

/// A form that is read has few parameters, none of them twice, and reads the same when it is written anew.
pub fn run(body: &[u8]) -> Outcome {
    let Ok(form) = parse_form(body, REPEATABLE) else { return Outcome::Refused };
    let pairs: Vec<_> = form.pairs().collect();
    assert!(pairs.len() <= PARAMETERS_MAX);
    for (index, (name, value)) in pairs.iter().enumerate() {
        assert!(!value.is_empty());
        let again = pairs[..index].iter().any(|(earlier, _)| earlier == name);
        assert!(!again || REPEATABLE.contains(name), "`{name}` twice");
        assert!(form.one(name).is_some());
    }
    let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    let read = parse_form(written.as_bytes(), REPEATABLE).expect("what was read can be written and read");
    assert!(read.pairs().eq(pairs.iter().copied()));
    // The two questions that endpoints ask of every form.
    assert_eq!(parse_token(&form).is_ok(), form.one("token").is_some());
    let grant = parse_grant_type(&form, &claimsmith_protocol::grant::GrantType::ALL);
    assert!(grant.is_err() || grant.is_ok_and(|grant| form.one("grant_type") == Some(grant.as_str())));
    Outcome::Accepted
}
