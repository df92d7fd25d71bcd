//! The record that each hook point's draft is handed over as, and the one table that says which.

use claimsmith_issuer::hook::Draft;
use wasmtime::component::{ComponentType, Lower};

use super::{MemberIn, members};

/// Does something with the record of a hook point: `with_record!(point, Record => …)`, where `Record<'_>` is its type.
macro_rules! with_record {
    ($point:expr, $record:ident => $body:expr) => {
        $crate::abi::draft::with_record!(@rows $point, $record, $body,
            AccessToken TokenIn,
            TokenResponse ResponseIn,
            Introspection IntrospectionIn,
            IdToken IdTokenIn,
            RefreshToken RefreshTokenIn,
            Userinfo UserinfoIn,
            Authentication AuthenticationIn,
            PostAuthentication PostAuthenticationIn,
            Consent ConsentIn,
            Scope ScopeIn,
            AuthorizationDetails AuthorizationDetailsIn
        )
    };
    (@rows $point:expr, $record:ident, $body:expr, $($row:ident $type:ident),*) => {
        match $point {
            $(claimsmith_issuer::hook::HookPoint::$row => {
                type $record<'a> = $crate::abi::draft::$type<'a>;
                $body
            })*
        }
    };
}

pub(crate) use with_record;

/// Declares records: each field with what it is of a draft.
macro_rules! records {
    ($($(#[$about:meta])* $name:ident { $($field:ident: $type:ty = $of:expr),* $(,)? })*) => {
        $(
            $(#[$about])*
            #[derive(ComponentType, Lower)]
            #[component(record)]
            pub(crate) struct $name<'a> {
                $($field: $type),*
            }

            impl<'a> From<&'a Draft<'a>> for $name<'a> {
                fn from(draft: &'a Draft<'a>) -> Self {
                    Self { $($field: $of(draft)),* }
                }
            }
        )*
    };
}

type Texts<'a> = &'a [Box<str>];

fn list<'a>(draft: &'a Draft<'a>) -> Vec<MemberIn<'a>> {
    members(draft.members)
}

const fn scopes<'a>(draft: &'a Draft<'a>) -> Texts<'a> {
    draft.scopes
}

const fn words<'a>(draft: &'a Draft<'a>) -> Texts<'a> {
    draft.words
}

const fn text<'a>(draft: &'a Draft<'a>) -> &'a str {
    draft.text
}

const fn lifetime(draft: &Draft<'_>) -> u32 {
    draft.lifetime
}

records! {
    /// `types.token-draft`.
    TokenIn {
        claims: Vec<MemberIn<'a>> = list,
        scopes: Texts<'a> = scopes,
        audience: Texts<'a> = words,
        lifetime: u32 = lifetime,
    }
    /// `types.response-draft`.
    ResponseIn {
        members: Vec<MemberIn<'a>> = list,
    }
    /// `types.introspection-draft`.
    IntrospectionIn {
        members: Vec<MemberIn<'a>> = list,
        caller: &'a str = text,
    }
    /// `types.id-token-draft`.
    IdTokenIn {
        claims: Vec<MemberIn<'a>> = list,
        lifetime: u32 = lifetime,
    }
    /// `types.refresh-token-draft`.
    RefreshTokenIn {
        attributes: Vec<MemberIn<'a>> = list,
        scopes: Texts<'a> = scopes,
        lifetime: u32 = lifetime,
    }
    /// `types.userinfo-draft`.
    UserinfoIn {
        members: Vec<MemberIn<'a>> = list,
        scopes: Texts<'a> = scopes,
    }
    /// `types.authentication-draft`.
    AuthenticationIn {
        factor: &'a str = text,
        factors: Texts<'a> = words,
        attributes: Vec<MemberIn<'a>> = list,
    }
    /// `types.post-authentication-draft`.
    PostAuthenticationIn {
        attributes: Vec<MemberIn<'a>> = list,
        scopes: Texts<'a> = scopes,
    }
    /// `types.consent-draft`.
    ConsentIn {
        scopes: Texts<'a> = scopes,
        remembered: Texts<'a> = words,
    }
    /// `types.scope-draft`.
    ScopeIn {
        scopes: Texts<'a> = scopes,
    }
    /// `types.authorization-details-draft`.
    AuthorizationDetailsIn {
        details: &'a str = text,
    }
}
