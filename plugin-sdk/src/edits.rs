//! The list of changes that a hook answers with.

use crate::wire::types::{Edit, Member, Value};

/// The changes that a hook wants made, in order. The server checks each against the reserved names and the binding's
/// permissions, and applies them in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// No change at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a claim of the token, or a member of an introspection response, whether it is there or not. The server refuses
    /// `null`, and for `groups`, `roles` and `entitlements` everything but an array (RFC 9068 §2.2.3.1).
    pub fn set_claim(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        self.push(Edit::SetClaim(member(name, value)))
    }

    /// Removes a claim of the token, or a member of an introspection response. Removing what is not there is no error.
    pub fn remove_claim(&mut self, name: impl Into<String>) -> &mut Self {
        self.push(Edit::RemoveClaim(name.into()))
    }

    /// Sets a member of the JOSE header that is not security-relevant (RFC 7515 §4).
    pub fn set_header(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        self.push(Edit::SetHeader(member(name, value)))
    }

    /// Replaces the granted scopes. More than was granted needs a permission on the binding.
    pub fn set_scopes<S: Into<String>>(&mut self, scopes: impl IntoIterator<Item = S>) -> &mut Self {
        self.push(Edit::SetScopes(scopes.into_iter().map(Into::into).collect()))
    }

    /// Keeps those of the granted scopes that `keep` says yes to. Nothing is edited where that is all of them.
    pub fn narrow_scopes(&mut self, granted: &[String], keep: impl FnMut(&&String) -> bool) -> &mut Self {
        let kept: Vec<_> = granted.iter().filter(keep).cloned().collect();
        if kept.len() == granted.len() { self } else { self.set_scopes(kept) }
    }

    /// Replaces the audience. More than was granted needs a permission on the binding.
    pub fn set_audience<S: Into<String>>(&mut self, audience: impl IntoIterator<Item = S>) -> &mut Self {
        self.push(Edit::SetAudience(audience.into_iter().map(Into::into).collect()))
    }

    /// Sets the lifetime in seconds, from issue to expiry. Longer than drafted needs a permission on the binding.
    pub fn set_lifetime(&mut self, seconds: u32) -> &mut Self {
        self.push(Edit::SetLifetime(seconds))
    }

    /// Adds a member to the token endpoint's response. Names that a specification gave a meaning are reserved.
    pub fn set_response_member(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        self.push(Edit::SetResponseMember(member(name, value)))
    }

    /// Issues no refresh token; an edit of the access token's hook.
    pub fn omit_refresh_token(&mut self) -> &mut Self {
        self.push(Edit::OmitRefreshToken)
    }

    /// Adds an edit at the end.
    pub fn push(&mut self, edit: Edit) -> &mut Self {
        self.0.push(edit);
        self
    }

    /// The edits so far, in order.
    pub fn as_slice(&self) -> &[Edit] {
        &self.0
    }

    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What these edits make of a claim: the value of the last edit that sets it, unless a later one removes it.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.iter().rev().find_map(|edit| match edit {
            Edit::SetClaim(member) if member.name == name => Some(Some(&member.value)),
            Edit::RemoveClaim(removed) if removed == name => Some(None),
            _ => None,
        })?
    }

    /// The edits themselves.
    pub fn into_vec(self) -> Vec<Edit> {
        self.0
    }
}

fn member(name: impl Into<String>, value: impl Into<Value>) -> Member {
    Member { name: name.into(), value: value.into() }
}

#[cfg(test)]
mod tests {
    use super::{Edit, Edits};

    #[test]
    fn edits_keep_their_order() {
        let mut edits = Edits::new();
        edits.set_lifetime(60).set_claim("org", "acme").remove_claim("org").omit_refresh_token();
        let [Edit::SetLifetime(60), Edit::SetClaim(set), Edit::RemoveClaim(removed), Edit::OmitRefreshToken] = edits.as_slice() else {
            panic!("{edits:?}");
        };
        assert_eq!((set.name.as_str(), removed.as_str()), ("org", "org"));
    }

    #[test]
    fn narrowing_drops_and_never_adds() {
        let granted = ["read".to_owned(), "write".to_owned()];
        let mut edits = Edits::new();
        edits.narrow_scopes(&granted, |_| true);
        assert!(edits.is_empty());
        edits.narrow_scopes(&granted, |scope| *scope == "read");
        assert_eq!(edits.as_slice(), [Edit::SetScopes(vec!["read".to_owned()])]);
    }

    #[test]
    fn the_last_word_on_a_claim_counts() {
        let mut edits = Edits::new();
        edits.set_claim("a", 1).set_claim("a", 2).set_claim("b", true).remove_claim("b");
        assert_eq!(edits.claim("a").and_then(|value| value.as_integer()), Some(2));
        assert_eq!(edits.claim("b"), None);
    }
}
