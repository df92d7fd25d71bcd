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
//! The methods of the `impl` block are hook points. There are three, and a plugin has those that are written:
//!
//! | method | when | may |
//! |---|---|---|
//! | `access_token(&Context, &TokenDraft)` | before an access token is signed | claims, header members, scopes, audience, lifetime, no refresh token, refuse |
//! | `token_response(&Context, &ResponseDraft)` | before the token endpoint answers | add response members, refuse |
//! | `introspection(&Context, &IntrospectionDraft)` | before introspection answers for an active token | members of the response, refuse |

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
pub use context::{Context, Unreadable};
pub use edits::Edits;
pub use wire::types::{Edit, IntrospectionDraft, Member, Refusal, ResponseDraft, TokenDraft, Value};

/// The version of this SDK, which the manifest names.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the code made by [`plugin`] calls. Nobody else does.
#[doc(hidden)]
pub mod __private {
    pub use crate::wire::types::Context as Record;
    pub use crate::wire::{access_token, introspection, token_response};
    use crate::{Context, Edit, Edits, Refusal};

    /// Runs one hook: names the panics, opens the context, hands the edits over.
    pub fn enter(context: Record, hook: impl FnOnce(&Context) -> Result<Edits, Refusal>) -> Result<Vec<Edit>, Refusal> {
        #[cfg(target_arch = "wasm32")]
        crate::panic::report_to_log();
        hook(&Context::new(context)).map(Edits::into_vec)
    }
}
