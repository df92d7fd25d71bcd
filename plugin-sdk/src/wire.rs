//! The bindings generated from `wit/claimsmith.wit`: one module for what is imported, one for each hook's world.
//!
//! Each world's `export!` macro is public, so that a plugin's crate exports the hooks it has and no others. Only the
//! imports' component type is linked from here; that of an export is emitted where its macro is used.
#![allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, clippy::undocumented_unsafe_blocks)]

pub mod imports {
    wit_bindgen::generate!({
        path: "wit",
        world: "imports-and-types",
        inline: "
            package claimsmith:sdk;
            world imports-and-types {
                include claimsmith:plugin/imports@0.1.0;
                import claimsmith:plugin/types@0.1.0;
            }
        ",
        additional_derives: [PartialEq],
        generate_unused_types: true,
        generate_all,
    });
}

pub use imports::claimsmith::plugin::{clock, log, random, request, types};

pub mod access_token {
    wit_bindgen::generate!({
        path: "wit",
        world: "access-token-plugin",
        pub_export_macro: true,
        export_macro_name: "export_access_token",
        default_bindings_module: "claimsmith::__private::access_token",
        with: {
            "claimsmith:plugin/types@0.1.0": super::types,
            "claimsmith:plugin/request@0.1.0": super::request,
            "claimsmith:plugin/log@0.1.0": super::log,
            "claimsmith:plugin/clock@0.1.0": super::clock,
            "claimsmith:plugin/random@0.1.0": super::random,
        },
    });
    pub use self::exports::claimsmith::plugin::access_token::Guest;
}

pub mod token_response {
    wit_bindgen::generate!({
        path: "wit",
        world: "token-response-plugin",
        pub_export_macro: true,
        export_macro_name: "export_token_response",
        default_bindings_module: "claimsmith::__private::token_response",
        with: {
            "claimsmith:plugin/types@0.1.0": super::types,
            "claimsmith:plugin/request@0.1.0": super::request,
            "claimsmith:plugin/log@0.1.0": super::log,
            "claimsmith:plugin/clock@0.1.0": super::clock,
            "claimsmith:plugin/random@0.1.0": super::random,
        },
    });
    pub use self::exports::claimsmith::plugin::token_response::Guest;
}

pub mod introspection {
    wit_bindgen::generate!({
        path: "wit",
        world: "introspection-plugin",
        pub_export_macro: true,
        export_macro_name: "export_introspection",
        default_bindings_module: "claimsmith::__private::introspection",
        with: {
            "claimsmith:plugin/types@0.1.0": super::types,
            "claimsmith:plugin/request@0.1.0": super::request,
            "claimsmith:plugin/log@0.1.0": super::log,
            "claimsmith:plugin/clock@0.1.0": super::clock,
            "claimsmith:plugin/random@0.1.0": super::random,
        },
    });
    pub use self::exports::claimsmith::plugin::introspection::Guest;
}
