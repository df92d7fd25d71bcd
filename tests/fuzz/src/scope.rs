//! `scope`, `resource` and `client_id`: the first line is a scope, each further one a resource indicator and an identifier.

use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::resource::check_resource;
use claimsmith_protocol::scope::{SCOPES_MAX, ScopeSet, is_scope_token};

use crate::{Outcome, first_line};

/// What is read is written as it is read, and holds nothing that could end a line, a list or a quotation.
pub fn run(bytes: &[u8]) -> Outcome {
    let (scope, rest) = first_line(bytes);
    let (Ok(scope), Ok(rest)) = (std::str::from_utf8(scope), std::str::from_utf8(rest)) else { return Outcome::Refused };
    let mut outcome = Outcome::Refused;
    if let Ok(set) = ScopeSet::parse(scope) {
        assert!(set.tokens().len() <= SCOPES_MAX && set.tokens().iter().all(|token| is_scope_token(token)));
        assert_eq!(ScopeSet::parse(&set.to_text()).as_ref(), Ok(&set));
        assert_eq!(ScopeSet::from_tokens(scope.split(' ')).as_ref(), Ok(&set));
        assert!(scope.split(' ').all(|token| set.contains(token)));
        outcome = Outcome::Accepted;
    }
    for line in rest.split('\n') {
        if let Ok(uri) = check_resource(line) {
            assert_eq!(uri, line);
            assert!(uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' && byte != b'#'));
        }
        if let Ok(id) = ClientId::parse(line) {
            assert_eq!(id.as_str(), line);
            assert!(!line.chars().any(char::is_control));
        }
    }
    outcome
}
