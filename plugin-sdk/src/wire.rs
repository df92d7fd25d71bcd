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

pub use imports::claimsmith::plugin::{clock, grant, log, person, random, request, types};

/// A module for each hook: its name, its world, the macro that exports it.
macro_rules! hooks {
    ($($module:ident $world:tt $export:tt $bindings:tt)*) => {
        $(pub mod $module {
            wit_bindgen::generate!({
                path: "wit",
                world: $world,
                pub_export_macro: true,
                export_macro_name: $export,
                default_bindings_module: $bindings,
                with: {
                    "claimsmith:plugin/types@0.1.0": super::types,
                    "claimsmith:plugin/request@0.1.0": super::request,
                    "claimsmith:plugin/person@0.1.0": super::person,
                    "claimsmith:plugin/grant@0.1.0": super::grant,
                    "claimsmith:plugin/log@0.1.0": super::log,
                    "claimsmith:plugin/clock@0.1.0": super::clock,
                    "claimsmith:plugin/random@0.1.0": super::random,
                },
            });
            pub use self::exports::claimsmith::plugin::$module::Guest;
        })*
    };
}

hooks! {
    access_token "access-token-plugin" "export_access_token" "claimsmith::__private::access_token"
    token_response "token-response-plugin" "export_token_response" "claimsmith::__private::token_response"
    introspection "introspection-plugin" "export_introspection" "claimsmith::__private::introspection"
    id_token "id-token-plugin" "export_id_token" "claimsmith::__private::id_token"
    refresh_token "refresh-token-plugin" "export_refresh_token" "claimsmith::__private::refresh_token"
    userinfo "userinfo-plugin" "export_userinfo" "claimsmith::__private::userinfo"
    authentication "authentication-plugin" "export_authentication" "claimsmith::__private::authentication"
    post_authentication "post-authentication-plugin" "export_post_authentication" "claimsmith::__private::post_authentication"
    consent "consent-plugin" "export_consent" "claimsmith::__private::consent"
    scope "scope-plugin" "export_scope" "claimsmith::__private::scope"
    authorization_details "authorization-details-plugin" "export_authorization_details" "claimsmith::__private::authorization_details"
    password "password-plugin" "export_password" "claimsmith::__private::password"
    token_exchange "token-exchange-plugin" "export_token_exchange" "claimsmith::__private::token_exchange"
    jwt_bearer "jwt-bearer-plugin" "export_jwt_bearer" "claimsmith::__private::jwt_bearer"
    transaction_token "transaction-token-plugin" "export_transaction_token" "claimsmith::__private::transaction_token"
    client_authentication "client-authentication-plugin" "export_client_authentication" "claimsmith::__private::client_authentication"
    client_registration "client-registration-plugin" "export_client_registration" "claimsmith::__private::client_registration"
    backchannel_notification "backchannel-notification-plugin" "export_backchannel_notification" "claimsmith::__private::backchannel_notification"
    revocation "revocation-plugin" "export_revocation" "claimsmith::__private::revocation"
}
