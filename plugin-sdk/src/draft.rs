//! What is about to go out, as a hook sees it.

use serde::de::DeserializeOwned;

use crate::context::{Unreadable, read};
use crate::wire::types::{
    AuthenticationDraft, AuthorizationDetailsDraft, BackchannelNotificationDraft, ClientAuthenticationDraft, ClientRegistrationDraft,
    ConsentDraft, IdTokenDraft, IntrospectionDraft, JwtBearerDraft, Member, PasswordDraft, PostAuthenticationDraft, RefreshTokenDraft,
    ResponseDraft, RevocationDraft, ScopeDraft, TokenDraft, TokenExchangeDraft, TransactionTokenDraft, UserinfoDraft, Value,
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
    PasswordDraft.attributes: /// What was remembered with the grant under this name.
        attribute;
    TokenExchangeDraft.claims: /// The claim of this name in the subject's token.
        claim;
    TokenExchangeDraft.actor_claims: /// The claim of this name in the actor's token.
        actor_claim;
    JwtBearerDraft.claims: /// The claim of this name in the assertion.
        claim;
    TransactionTokenDraft.claims: /// The claim of this name in the subject's token.
        claim;
    TransactionTokenDraft.transaction_context: /// The member of this name in `tctx`.
        transaction;
    TransactionTokenDraft.request_context: /// The member of this name in `rctx`.
        request;
    ClientAuthenticationDraft.attestation: /// What is known under this name of the client's attestation.
        attested;
    ClientRegistrationDraft.metadata: /// The member of this name.
        member;
    ClientRegistrationDraft.software_statement: /// The claim of this name in the software statement.
        stated;
    BackchannelNotificationDraft.attributes: /// What was remembered with the request under this name.
        attribute;
    RevocationDraft.claims: /// The claim of this name, where the token is an access token.
        claim;
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

scopes!(
    RefreshTokenDraft UserinfoDraft PostAuthenticationDraft ConsentDraft ScopeDraft TokenExchangeDraft JwtBearerDraft
    TransactionTokenDraft BackchannelNotificationDraft RevocationDraft
);

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
