//! The attribute that turns an `impl` block into a Claimsmith plugin.
//!
//! *Comes in:* the attribute's arguments, an inherent `impl` block whose methods are hook points, the files it names.
//! *Goes out:* the block itself, the exports of its hooks, the manifest as a custom section, a test double.
//! *May fail:* with a compile error that names what to write instead.
//! *Must never know:* what a hook does.

mod arguments;
mod expand;
mod hook;
mod manifest;

use proc_macro::TokenStream;

/// Makes a plugin of an `impl` block: each method is a hook point of its name, and what is not written is not exported.
///
/// ```text
/// pub struct Greeter;
///
/// #[claimsmith::plugin(schema = "config.schema.json", fixtures = "fixtures.json", permissions = ["claim:greeting"])]
/// impl Greeter {
///     pub fn access_token(context: &Context, draft: &TokenDraft) -> Result<Edits, Refusal> { … }
///     pub fn id_token(context: &Context, draft: &IdTokenDraft) -> Result<IdTokenEdits, Refusal> { … }
/// }
/// ```
///
/// All arguments are optional; paths count from the folder of `Cargo.toml`:
///
/// - `schema`: a file with the JSON Schema of the binding's configuration, checked whenever a binding is saved;
/// - `fixtures`: a file with the self-test vectors, for `cargo test` and for the server at upload;
/// - `permissions`: what the plugin would like to be allowed on a binding, as `client bind --allow` spells it.
///
/// A component carries one plugin: write the attribute once per crate.
#[proc_macro_attribute]
pub fn plugin(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::plugin(arguments.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
