//! What is written in place of the attribute.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Error, Ident, ItemImpl, LitByteStr, LitStr, Type};

use crate::arguments::Arguments;
use crate::hook::{Hook, written};
use crate::manifest::manifest;

/// The block itself, then what makes it a plugin.
pub(crate) fn plugin(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let arguments: Arguments = syn::parse2(arguments)?;
    let block: ItemImpl = syn::parse2(item)?;
    let plugin = plugin_name(&block)?;
    let hooks = written(&block)?;
    let rows: Vec<Hook> = hooks.iter().map(|(hook, _)| *hook).collect();
    let manifest = manifest(&arguments, &rows)?;

    let files = [&arguments.schema, &arguments.fixtures].into_iter().flatten().map(rebuilt_when_changed);
    let section = section(&manifest);
    let exports = hooks.iter().map(|(hook, method)| export(plugin, *hook, method.sig.ident.span()));
    let calls = hooks.iter().map(|(hook, method)| call(plugin, *hook, method.sig.ident.span()));
    Ok(quote! {
        #block

        #(#files)*

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, unreachable_pub, missing_docs, clippy::all)]
        const _: () = {
            #section
            #(#exports)*
        };

        #[cfg(not(target_arch = "wasm32"))]
        impl ::claimsmith::testing::Plugin for #plugin {
            const MANIFEST: &'static str = #manifest;
            #(#calls)*
        }
    })
}

/// The type's name, where the block is one that can be a plugin.
fn plugin_name(block: &ItemImpl) -> syn::Result<&Ident> {
    let plain = block.trait_.is_none() && block.generics.params.is_empty() && block.unsafety.is_none();
    match &*block.self_ty {
        Type::Path(path) if plain => path.path.get_ident(),
        _ => None,
    }
    .ok_or_else(|| Error::new_spanned(&block.self_ty, "the attribute goes on a plain block: `impl MyPlugin { … }`"))
}

/// Makes cargo build again when the file changes.
fn rebuilt_when_changed(file: &LitStr) -> TokenStream {
    quote! { const _: &[u8] = ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #file)); }
}

/// The manifest as a custom section of the core module.
fn section(manifest: &str) -> TokenStream {
    let bytes = LitByteStr::new(manifest.as_bytes(), proc_macro2::Span::call_site());
    let length = manifest.len();
    quote! {
        // SAFETY: a custom section of WebAssembly is no part of the program; nothing runs it and nothing else has this name.
        #[used]
        #[unsafe(link_section = "claimsmith-manifest")]
        static MANIFEST: [u8; #length] = *#bytes;
    }
}

/// The component's export of one hook.
fn export(plugin: &Ident, hook: Hook, span: proc_macro2::Span) -> TokenStream {
    let module = format_ident!("{}", hook.method);
    let method = Ident::new(hook.method, span);
    let export = format_ident!("export_{}", hook.method);
    let draft = format_ident!("{}", hook.draft);
    let call = quote_spanned! { span => ::claimsmith::__private::enter(context, |context| <#plugin>::#method(context, &draft)) };
    quote! {
        impl ::claimsmith::__private::#module::Guest for #plugin {
            fn shape(
                context: ::claimsmith::__private::Record,
                draft: ::claimsmith::#draft,
            ) -> ::core::result::Result<::std::vec::Vec<::claimsmith::Edit>, ::claimsmith::Refusal> {
                #call
            }
        }
        ::claimsmith::__private::#module::#export!(#plugin with_types_in ::claimsmith::__private::#module);
    }
}

/// The same hook for native tests.
fn call(plugin: &Ident, hook: Hook, span: proc_macro2::Span) -> TokenStream {
    let name = format_ident!("call_{}", hook.method);
    let method = Ident::new(hook.method, span);
    let draft = format_ident!("{}", hook.draft);
    let call = quote_spanned! { span => <#plugin>::#method(context, draft) };
    quote! {
        fn #name(
            context: &::claimsmith::Context,
            draft: &::claimsmith::#draft,
        ) -> ::core::option::Option<::claimsmith::testing::Answer> {
            ::core::option::Option::Some(#call)
        }
    }
}
