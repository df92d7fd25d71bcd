//! The record that each hook point's draft is handed over as, and the one table that says which.

use claimsmith_issuer::hook::Draft;
use wasmtime::component::{ComponentType, Lower};

use super::{ActionIn, MemberIn, ModeWire, OutcomeIn, members};

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
            AuthorizationDetails AuthorizationDetailsIn,
            Password PasswordIn,
            TokenExchange TokenExchangeIn,
            JwtBearer JwtBearerIn,
            TransactionToken TransactionTokenIn,
            ClientAuthentication ClientAuthenticationIn,
            ClientRegistration ClientRegistrationIn,
            BackchannelNotification BackchannelNotificationIn,
            Revocation RevocationIn
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
    ($($(#[$about:meta])* $name:ident { $($(#[$wire:meta])* $field:ident: $type:ty = $of:expr),* $(,)? })*) => {
        $(
            $(#[$about])*
            #[derive(ComponentType, Lower)]
            #[component(record)]
            pub(crate) struct $name<'a> {
                $($(#[$wire])* $field: $type),*
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

fn first<'a>(draft: &'a Draft<'a>) -> Vec<MemberIn<'a>> {
    members(draft.beside[0])
}

fn last<'a>(draft: &'a Draft<'a>) -> Vec<MemberIn<'a>> {
    members(draft.beside[1])
}

const fn second<'a>(draft: &'a Draft<'a>) -> &'a str {
    draft.second
}

const fn maybe<'a>(draft: &'a Draft<'a>) -> Option<&'a str> {
    draft.maybe
}

fn password<'a>(draft: &'a Draft<'a>) -> Option<&'a str> {
    draft.password.map(|shown| shown.0)
}

fn outcome(draft: &Draft<'_>) -> OutcomeIn {
    draft.outcome.into()
}

fn mode(draft: &Draft<'_>) -> ModeWire {
    draft.mode.into()
}

fn action(draft: &Draft<'_>) -> ActionIn {
    draft.action.into()
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
    /// `types.password-draft`.
    PasswordIn {
        username: &'a str = text,
        outcome: OutcomeIn = outcome,
        password: Option<&'a str> = password,
        user: Option<&'a str> = maybe,
        amr: Texts<'a> = words,
        attributes: Vec<MemberIn<'a>> = list,
    }
    /// `types.token-exchange-draft`.
    TokenExchangeIn {
        claims: Vec<MemberIn<'a>> = list,
        #[component(name = "actor-claims")]
        actor_claims: Vec<MemberIn<'a>> = first,
        #[component(name = "subject-token-type")]
        subject_token_type: &'a str = text,
        #[component(name = "requested-token-type")]
        requested_token_type: &'a str = second,
        scopes: Texts<'a> = scopes,
        audience: Texts<'a> = words,
        mode: ModeWire = mode,
        user: Option<&'a str> = maybe,
        attributes: Vec<MemberIn<'a>> = last,
    }
    /// `types.jwt-bearer-draft`.
    JwtBearerIn {
        issuer: &'a str = text,
        claims: Vec<MemberIn<'a>> = list,
        scopes: Texts<'a> = scopes,
        user: Option<&'a str> = maybe,
        attributes: Vec<MemberIn<'a>> = first,
    }
    /// `types.transaction-token-draft`.
    TransactionTokenIn {
        claims: Vec<MemberIn<'a>> = list,
        #[component(name = "transaction-context")]
        transaction_context: Vec<MemberIn<'a>> = first,
        #[component(name = "request-context")]
        request_context: Vec<MemberIn<'a>> = last,
        scopes: Texts<'a> = scopes,
        lifetime: u32 = lifetime,
    }
    /// `types.client-authentication-draft`.
    ClientAuthenticationIn {
        method: &'a str = text,
        #[component(name = "certificate-thumbprint")]
        certificate_thumbprint: Option<&'a str> = maybe,
        attestation: Vec<MemberIn<'a>> = list,
    }
    /// `types.client-registration-draft`.
    ClientRegistrationIn {
        action: ActionIn = action,
        metadata: Vec<MemberIn<'a>> = list,
        #[component(name = "software-statement")]
        software_statement: Vec<MemberIn<'a>> = first,
    }
    /// `types.backchannel-notification-draft`.
    BackchannelNotificationIn {
        #[component(name = "binding-message")]
        binding_message: Option<&'a str> = maybe,
        #[component(name = "request-digest")]
        request_digest: &'a str = text,
        scopes: Texts<'a> = scopes,
        attributes: Vec<MemberIn<'a>> = list,
    }
    /// `types.revocation-draft`.
    RevocationIn {
        #[component(name = "token-type")]
        token_type: &'a str = text,
        scopes: Texts<'a> = scopes,
        claims: Vec<MemberIn<'a>> = list,
    }
}
