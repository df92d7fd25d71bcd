//! What a Claimsmith interception plugin is written with.
//!
//! *Comes in:* the author's `impl` block, a [`Context`] and a draft for every call.
//! *Goes out:* [`Edits`] or a [`Refusal`]; a component with a manifest in it.
//! *May fail:* a panic ends the call: its message reaches the plugin's log and the binding's failure policy decides.
//! *Must never know:* secrets, tokens, other clients, the outside world; a call leaves nothing behind.
//!
//! ```
//! use claimsmith::{Context, Edits, Refusal, TokenDraft};
//!
//! struct Greeter;
//!
//! #[claimsmith::plugin]
//! impl Greeter {
//!     fn access_token(context: &Context, draft: &TokenDraft) -> Result<Edits, Refusal> {
//!         if draft.scopes.is_empty() {
//!             return Err(Refusal::invalid_scope("ask for a scope"));
//!         }
//!         let mut edits = Edits::new();
//!         edits.set_claim("greeting", format!("hello {}", context.client_id));
//!         Ok(edits)
//!     }
//! }
//! # fn main() {
//! # use claimsmith::testing::{ContextBuilder, DraftBuilder};
//! # let edits = Greeter::access_token(&ContextBuilder::new().build(), &DraftBuilder::new().scopes(["read"]).build()).expect("edits");
//! # assert_eq!(edits.claim("greeting").and_then(|value| value.as_text()), Some("hello client"));
//! # }
//! ```
//!
//! The methods of the `impl` block are hook points, and a plugin has those that are written. Each has a draft and a kind of
//! [`Edits`] of its own, so that only what may change there can be written.
//!
//! | method | when | may |
//! |---|---|---|
//! | `access_token(&Context, &TokenDraft) -> Edits` | before an access token is signed | claims, header members, scopes, audience, lifetime, no refresh token |
//! | `token_response(&Context, &ResponseDraft) -> ResponseEdits` | before the token endpoint answers | add response members |
//! | `introspection(&Context, &IntrospectionDraft) -> IntrospectionEdits` | before introspection answers for an active token | members of the response |
//! | `id_token(&Context, &IdTokenDraft) -> IdTokenEdits` | before an ID token is signed | claims, lifetime |
//! | `refresh_token(&Context, &RefreshTokenDraft) -> RefreshTokenEdits` | before a refresh token is made | none at all, lifetime, attributes of the grant |
//! | `userinfo(&Context, &UserinfoDraft) -> UserinfoEdits` | before the userinfo endpoint answers | members of the answer |
//! | `authentication(&Context, &AuthenticationDraft) -> AuthenticationEdits` | after a factor was verified | one step more, attributes of the session |
//! | `post_authentication(&Context, &PostAuthenticationDraft) -> PostAuthenticationEdits` | after sign-in, before consent | attributes of the session |
//! | `consent(&Context, &ConsentDraft) -> ConsentEdits` | before a person is asked | fewer scopes, no question, texts for the page |
//! | `scope(&Context, &ScopeDraft) -> ScopeEdits` | before anything else looks at the requested scopes | scopes |
//! | `authorization_details(&Context, &AuthorizationDetailsDraft) -> AuthorizationDetailsEdits` | when a request has some | the details |
//! | `password(&Context, &PasswordDraft) -> PasswordEdits` | after the server looked at a password that a client brings | vouch for a user, `amr`, attributes of the grant |
//! | `token_exchange(&Context, &TokenExchangeDraft) -> TokenExchangeEdits` | after both tokens were verified | fewer scopes, less audience, who acts, the user, attributes of the grant |
//! | `jwt_bearer(&Context, &JwtBearerDraft) -> JwtBearerEdits` | after an assertion was verified | fewer scopes, the user, attributes of the grant |
//! | `transaction_token(&Context, &TransactionTokenDraft) -> TransactionTokenEdits` | before a transaction token is signed | `tctx`, `rctx`, lifetime |
//! | `client_authentication(&Context, &ClientAuthenticationDraft) -> ClientAuthenticationEdits` | when a client's proof is good | nothing |
//! | `client_registration(&Context, &ClientRegistrationDraft) -> ClientRegistrationEdits` | before a registration is checked | members of the metadata |
//! | `backchannel_notification(&Context, &BackchannelNotificationDraft) -> BackchannelNotificationEdits` | before a person is asked on their own device | have notified them, attributes of the request |
//! | `revocation(&Context, &RevocationDraft) -> RevocationEdits` | before a token is revoked | nothing |
//!
//! Each may refuse: the return type is a `Result` of the edits and a [`Refusal`]. That of `revocation` is heeded where the binding permits
//! it.

mod context;
mod draft;
mod edits;
pub mod log;
mod refusal;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod value;
#[doc(hidden)]
pub mod wire;

#[cfg(target_arch = "wasm32")]
mod arena;
#[cfg(target_arch = "wasm32")]
mod panic;

pub use claimsmith_plugin_macros::plugin;
pub use context::{Context, SignedIn, Unreadable};
pub use edits::{
    AccessTokenEdits, AuthenticationEdits, AuthorizationDetailsEdits, BackchannelNotificationEdits, ClientAuthenticationEdits,
    ClientRegistrationEdits, ConsentEdits, Edits, IdTokenEdits, IntrospectionEdits, JwtBearerEdits, PasswordEdits, PostAuthenticationEdits,
    RefreshTokenEdits, ResponseEdits, RevocationEdits, ScopeEdits, TokenExchangeEdits, TransactionTokenEdits, UserinfoEdits,
};
pub use wire::types::{
    AuthenticationDraft, AuthorizationDetailsDraft, BackchannelNotificationDraft, ClientAuthenticationDraft, ClientRegistrationDraft,
    ConsentDraft, Edit, ExchangeMode, IdTokenDraft, IntrospectionDraft, JwtBearerDraft, Member, PageText, PasswordDraft, PasswordResult,
    PostAuthenticationDraft, RefreshTokenDraft, Refusal, RegistrationAction, ResponseDraft, RevocationDraft, ScopeDraft, TokenDraft,
    TokenExchangeDraft, TransactionTokenDraft, UserinfoDraft, Value,
};

/// The hook points as types: which edits are for which.
pub mod hook {
    pub use crate::edits::{
        AccessToken, Attributes, Audiences, Authentication, AuthorizationDetails, BackchannelNotification, Claims, ClientAuthentication,
        ClientRegistration, Consent, IdToken, Introspection, JwtBearer, Lifetimes, Password, PostAuthentication, RefreshToken,
        RefreshTokens, Revocation, Scope, Scopes, TokenExchange, TokenResponse, TransactionToken, Userinfo, Users,
    };
}

/// The version of this SDK, which the manifest names.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the code made by [`plugin`] calls. Nobody else does.
#[doc(hidden)]
pub mod __private {
    pub use crate::wire::types::Context as Record;
    pub use crate::wire::{
        access_token, authentication, authorization_details, backchannel_notification, client_authentication, client_registration, consent,
        id_token, introspection, jwt_bearer, password, post_authentication, refresh_token, revocation, scope, token_exchange,
        token_response, transaction_token, userinfo,
    };
    use crate::{Context, Edit, Edits, Refusal};

    /// Runs one hook: names the panics, opens the context, hands the edits over.
    pub fn enter<H>(context: Record, hook: impl FnOnce(&Context) -> Result<Edits<H>, Refusal>) -> Result<Vec<Edit>, Refusal> {
        #[cfg(target_arch = "wasm32")]
        crate::panic::report_to_log();
        hook(&Context::new(context)).map(Edits::into_vec)
    }
}
