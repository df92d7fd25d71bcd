//! What is about to go out, as a hook sees it.

use serde::de::DeserializeOwned;

use crate::context::{Unreadable, read};
use crate::wire::types::{
    AuthenticationDraft, AuthorizationDetailsDraft, ConsentDraft, IdTokenDraft, IntrospectionDraft, Member, PostAuthenticationDraft,
    RefreshTokenDraft, ResponseDraft, ScopeDraft, TokenDraft, UserinfoDraft, Value,
};

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

/// The same question for every draft that has the list.
macro_rules! lookups {
    ($($draft:ident.$list:ident: $(#[$about:meta])* $method:ident;)*) => {
        $(impl $draft {
            $(#[$about])*
            pub fn $method(&self, name: &str) -> Option<&Value> {
                find(&self.$list, name)
            }
        })*
    };
}

lookups! {
    ResponseDraft.members: /// The member of this name, where an earlier plugin set it.
        member;
    IntrospectionDraft.members: /// The member of this name.
        member;
    IdTokenDraft.claims: /// The claim of this name, those that earlier plugins set among them.
        claim;
    UserinfoDraft.members: /// The member of this name.
        member;
    RefreshTokenDraft.attributes: /// What was remembered with the grant under this name.
        attribute;
    AuthenticationDraft.attributes: /// What was remembered with the session under this name.
        attribute;
    PostAuthenticationDraft.attributes: /// What was remembered with the session under this name.
        attribute;
}

macro_rules! scopes {
    ($($draft:ident)*) => {
        $(impl $draft {
            /// Whether this scope is among its scopes.
            pub fn has_scope(&self, scope: &str) -> bool {
                self.scopes.iter().any(|held| held == scope)
            }
        })*
    };
}

scopes!(RefreshTokenDraft UserinfoDraft PostAuthenticationDraft ConsentDraft ScopeDraft);

impl AuthenticationDraft {
    /// Whether this factor has been verified, now or before.
    pub fn has_factor(&self, factor: &str) -> bool {
        self.factors.iter().any(|held| held == factor)
    }
}

impl AuthorizationDetailsDraft {
    /// The details, read into the author's type.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when they do not fit `T`: a client wrote them.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        read("the authorization details", &self.details)
    }
}

fn find<'draft>(members: &'draft [Member], name: &str) -> Option<&'draft Value> {
    members.iter().find(|member| member.name == name).map(|member| &member.value)
}
