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
        #[allow(unreachable_pub, missing_docs, clippy::all)]
        const _: () = {
            #section
            #(#exports)*
        };

        #[cfg(not(target_arch = "wasm32"))]
        impl ::claimsmith::testing::Plugin for #plugin {
            const MANIFEST: &'static str = #manifest;
            fn call(
                context: &::claimsmith::Context,
                draft: &::claimsmith::testing::Draft,
            ) -> ::core::option::Option<::claimsmith::testing::Answer> {
                match draft {
                    #(#calls)*
                    #[allow(unreachable_patterns)]
                    _ => ::core::option::Option::None,
                }
            }
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
    let method = Ident::new(hook.method, span);
    let variant = format_ident!("{}", hook.variant);
    let call = quote_spanned! { span => <#plugin>::#method(context, draft) };
    quote! {
        ::claimsmith::testing::Draft::#variant(draft) => {
            ::core::option::Option::Some(#call.map(::claimsmith::Edits::into_vec))
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::{TokenStream, plugin};

    /// What the compiler would say about this block.
    fn complaint(arguments: TokenStream, block: TokenStream) -> String {
        let errors = plugin(arguments, block).expect_err("a compile error");
        errors.into_iter().map(|error| error.to_string()).collect::<Vec<_>>().join("\n")
    }

    fn hook() -> TokenStream {
        quote! { fn access_token(context: &Context, draft: &TokenDraft) -> Result<Edits, Refusal> { Ok(Edits::new()) } }
    }

    #[test]
    fn only_the_hooks_that_are_written_are_exported() {
        let hook = hook();
        let expanded = plugin(quote!(), quote! { impl Mine { #hook } }).expect("a plugin").to_string();
        assert!(expanded.contains("export_access_token"));
        assert!(!expanded.contains("export_token_response") && !expanded.contains("export_introspection"));
        assert!(expanded.contains(r#"\"hooks\":[\"access-token\"]"#));
    }

    #[test]
    fn every_unknown_method_is_named_with_what_there_is() {
        let complaint = complaint(quote!(), quote! { impl Mine { fn acces_token() {} fn shape() {} } });
        assert!(complaint.contains(
            "there is no hook point `acces_token`; the hook points are `access_token`, `token_response`, `introspection`, `id_token`"
        ));
        assert!(complaint.contains("there is no hook point `shape`"));
    }

    #[test]
    fn a_method_of_another_shape_is_told_the_right_one() {
        for method in [
            quote! { fn access_token(&self, context: &Context, draft: &TokenDraft) {} },
            quote! { fn access_token(context: &Context) {} },
            quote! { async fn access_token(context: &Context, draft: &TokenDraft) {} },
            quote! { fn access_token<T>(context: &Context, draft: &T) {} },
        ] {
            let complaint = complaint(quote!(), quote! { impl Mine { #method } });
            assert!(complaint.contains("fn access_token(context: &Context, draft: &TokenDraft) -> Result<Edits, Refusal>"), "{complaint}");
        }
    }

    #[test]
    fn a_block_that_cannot_be_a_plugin_is_refused() {
        let hook = hook();
        for block in [
            quote! { impl Mine {} },
            quote! { impl Trait for Mine { #hook } },
            quote! { impl<T> Mine<T> { #hook } },
            quote! { impl Mine { const LIMIT: u32 = 3; #hook } },
        ] {
            assert!(plugin(quote!(), block.clone()).is_err(), "{block}");
        }
    }

    #[test]
    fn arguments_are_checked() {
        let hook = hook();
        let cases = [
            (quote!(scheme = "a.json"), "unknown argument `scheme`; there are `schema`, `fixtures` and `permissions`"),
            (quote!(schema = "a.json", schema = "b.json"), "`schema` is given twice"),
            (quote!(schema = "no-such-file.json"), "cannot read"),
            (quote!(fixtures = "Cargo.toml"), "Cargo.toml"),
            (quote!(permissions = ["claim"]), "`claim` is no permission"),
            (quote!(permissions = ["claim:"]), "`claim:` is no permission"),
            (quote!(permissions = ["everything"]), "`everything` is no permission"),
        ];
        for (arguments, expected) in cases {
            let complaint = complaint(arguments, quote! { impl Mine { #hook } });
            assert!(complaint.contains(expected), "{complaint}");
        }
    }

    #[test]
    fn permissions_reach_the_manifest() {
        let hook = hook();
        let arguments = quote!(permissions = ["claim:org", "claim:urn:example:*", "sub", "lifetime:3600"]);
        let expanded = plugin(arguments, quote! { impl Mine { #hook } }).expect("a plugin").to_string();
        assert!(expanded.contains(r#"\"permissions\":[\"claim:org\",\"claim:urn:example:*\",\"sub\",\"lifetime:3600\"]"#));
    }
}
