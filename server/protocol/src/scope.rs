//! Scopes (RFC 6749 §3.3).

/// The most scope tokens that one request may carry.
pub const SCOPES_MAX: usize = 100;

/// The longest scope parameter we read, in bytes.
pub const SCOPE_LENGTH_MAX: usize = 4096;

/// A set of scope tokens in the order of their first appearance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeSet(Vec<Box<str>>);

/// Why a text is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScope {
    /// A token has a character outside %x21 / %x23-5B / %x5D-7E, or there are two spaces in a row.
    #[error("scope is a list of printable tokens with single spaces between them")]
    Syntax,
    /// Too many tokens or too many bytes.
    #[error("scope has more than {SCOPES_MAX} tokens or more than {SCOPE_LENGTH_MAX} bytes")]
    TooLong,
}

impl ScopeSet {
    /// Reads `scope-token *( SP scope-token )`.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        if text.len() > SCOPE_LENGTH_MAX {
            return Err(InvalidScope::TooLong);
        }
        let mut set = Self::default();
        for token in text.split(' ') {
            if !is_scope_token(token) {
                return Err(InvalidScope::Syntax);
            }
            if !set.contains(token) {
                set.0.push(token.into());
            }
        }
        if set.0.len() > SCOPES_MAX {
            return Err(InvalidScope::TooLong);
        }
        Ok(set)
    }

    /// A set of tokens that have been parsed before.
    pub fn from_tokens(tokens: impl IntoIterator<Item = impl Into<Box<str>>>) -> Result<Self, InvalidScope> {
        let mut set = Self::default();
        for token in tokens {
            let token = token.into();
            if !is_scope_token(&token) {
                return Err(InvalidScope::Syntax);
            }
            if !set.contains(&token) {
                set.0.push(token);
            }
        }
        Ok(set)
    }

    /// Whether the token is in the set; tokens are case-sensitive.
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|held| **held == *token)
    }

    /// Whether every token of this set is in `other`.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|token| other.contains(token))
    }

    /// The tokens in order.
    pub fn tokens(&self) -> &[Box<str>] {
        &self.0
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the tokens for which `keep` says so.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|token| keep(token));
    }

    /// The tokens with single spaces between them.
    pub fn to_text(&self) -> String {
        self.0.join(" ")
    }
}

/// Whether a text is one scope token: `1*( %x21 / %x23-5B / %x5D-7E )`.
pub fn is_scope_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tok_018_scope_syntax_is_enforced() {
        for bad in ["", " ", "a  b", " a", "a ", "\"x\"", "a\\b", "é", "a\tb"] {
            assert_eq!(ScopeSet::parse(bad), Err(InvalidScope::Syntax), "{bad:?}");
        }
        let many = (0..200).map(|number| format!("s{number}")).collect::<Vec<_>>().join(" ");
        assert_eq!(ScopeSet::parse(&many), Err(InvalidScope::TooLong));
        assert_eq!(ScopeSet::parse(&"x".repeat(5000)), Err(InvalidScope::TooLong));
    }

    #[test]
    fn tok_019_order_and_repetition_do_not_matter_and_case_does() {
        let one = ScopeSet::parse("read write read").expect("well formed");
        let other = ScopeSet::parse("write read").expect("well formed");
        assert!(one.is_subset_of(&other) && other.is_subset_of(&one));
        assert_eq!(one.tokens().len(), 2);
        assert!(!one.contains("Read"));
    }

    #[test]
    fn tok_018_each_character_and_both_bounds_count() {
        for byte in 0_u8..=0x7f {
            let allowed = byte == 0x21 || (0x23..=0x5b).contains(&byte) || (0x5d..=0x7e).contains(&byte);
            assert_eq!(is_scope_token(&char::from(byte).to_string()), allowed, "{byte:#x}");
        }
        assert!(ScopeSet::parse(&"x".repeat(SCOPE_LENGTH_MAX)).is_ok());
        assert_eq!(ScopeSet::parse(&"x".repeat(SCOPE_LENGTH_MAX + 1)), Err(InvalidScope::TooLong));
        let numbered = |count: usize| (0..count).map(|number| format!("s{number}")).collect::<Vec<_>>().join(" ");
        assert_eq!(ScopeSet::parse(&numbered(SCOPES_MAX)).expect("full").tokens().len(), SCOPES_MAX);
        assert_eq!(ScopeSet::parse(&numbered(SCOPES_MAX + 1)), Err(InvalidScope::TooLong));
    }

    #[test]
    fn sets_are_made_thinned_and_written() {
        let mut set = ScopeSet::from_tokens(["read", "write", "read"]).expect("tokens");
        assert_eq!((set.to_text().as_str(), set.is_empty()), ("read write", false));
        assert_eq!(ScopeSet::from_tokens(["read", "a b"]), Err(InvalidScope::Syntax));
        assert!(!set.is_subset_of(&ScopeSet::parse("read").expect("well formed")));
        set.retain(|token| token == "write");
        assert_eq!(set.to_text(), "write");
        set.retain(|_| false);
        assert!(set.is_empty() && set.is_subset_of(&ScopeSet::default()));
    }
}
