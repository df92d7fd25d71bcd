//! What is about to go out, as a hook sees it.

use crate::wire::types::{IntrospectionDraft, Member, ResponseDraft, TokenDraft, Value};

impl TokenDraft {
    /// The claim of this name, those that earlier plugins set among them.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        find(&self.claims, name)
    }

    /// Whether this scope is granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    /// Whether the token is for this audience.
    pub fn has_audience(&self, audience: &str) -> bool {
        self.audience.iter().any(|member| member == audience)
    }
}

impl ResponseDraft {
    /// The member of this name, where an earlier plugin set it.
    pub fn member(&self, name: &str) -> Option<&Value> {
        find(&self.members, name)
    }
}

impl IntrospectionDraft {
    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&Value> {
        find(&self.members, name)
    }
}

fn find<'draft>(members: &'draft [Member], name: &str) -> Option<&'draft Value> {
    members.iter().find(|member| member.name == name).map(|member| &member.value)
}
