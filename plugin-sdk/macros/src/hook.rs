//! The hook points there are, and the methods that stand for them.

use syn::{Error, ImplItem, ImplItemFn, ItemImpl};

/// A hook point.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hook {
    /// The method's name, also that of the module with its bindings.
    pub(crate) method: &'static str,
    /// The name of its interface in the contract.
    pub(crate) interface: &'static str,
    /// The type of its draft.
    pub(crate) draft: &'static str,
    /// The type of its edits.
    pub(crate) edits: &'static str,
    /// The variant of the testing harness.
    pub(crate) variant: &'static str,
}

const fn row(method: &'static str, interface: &'static str, draft: &'static str, edits: &'static str, variant: &'static str) -> Hook {
    Hook { method, interface, draft, edits, variant }
}

/// Every hook point. A new one is a row here, a world in the contract and a row in the SDK's `wire` and `edits`.
pub(crate) const HOOKS: [Hook; 19] = [
    row("access_token", "access-token", "TokenDraft", "Edits", "AccessToken"),
    row("token_response", "token-response", "ResponseDraft", "ResponseEdits", "TokenResponse"),
    row("introspection", "introspection", "IntrospectionDraft", "IntrospectionEdits", "Introspection"),
    row("id_token", "id-token", "IdTokenDraft", "IdTokenEdits", "IdToken"),
    row("refresh_token", "refresh-token", "RefreshTokenDraft", "RefreshTokenEdits", "RefreshToken"),
    row("userinfo", "userinfo", "UserinfoDraft", "UserinfoEdits", "Userinfo"),
    row("authentication", "authentication", "AuthenticationDraft", "AuthenticationEdits", "Authentication"),
    row("post_authentication", "post-authentication", "PostAuthenticationDraft", "PostAuthenticationEdits", "PostAuthentication"),
    row("consent", "consent", "ConsentDraft", "ConsentEdits", "Consent"),
    row("scope", "scope", "ScopeDraft", "ScopeEdits", "Scope"),
    row("authorization_details", "authorization-details", "AuthorizationDetailsDraft", "AuthorizationDetailsEdits", "AuthorizationDetails"),
    row("password", "password", "PasswordDraft", "PasswordEdits", "Password"),
    row("token_exchange", "token-exchange", "TokenExchangeDraft", "TokenExchangeEdits", "TokenExchange"),
    row("jwt_bearer", "jwt-bearer", "JwtBearerDraft", "JwtBearerEdits", "JwtBearer"),
    row("transaction_token", "transaction-token", "TransactionTokenDraft", "TransactionTokenEdits", "TransactionToken"),
    row("client_authentication", "client-authentication", "ClientAuthenticationDraft", "ClientAuthenticationEdits", "ClientAuthentication"),
    row("client_registration", "client-registration", "ClientRegistrationDraft", "ClientRegistrationEdits", "ClientRegistration"),
    row(
        "backchannel_notification",
        "backchannel-notification",
        "BackchannelNotificationDraft",
        "BackchannelNotificationEdits",
        "BackchannelNotification",
    ),
    row("revocation", "revocation", "RevocationDraft", "RevocationEdits", "Revocation"),
];

/// The hook points written in the block, each with its method, in the order of the block.
pub(crate) fn written(block: &ItemImpl) -> syn::Result<Vec<(Hook, &ImplItemFn)>> {
    let mut errors: Option<Error> = None;
    let mut hooks = Vec::new();
    for item in &block.items {
        match recognise(item) {
            Ok(hook) => hooks.push(hook),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    match errors {
        Some(errors) => Err(errors),
        None if hooks.is_empty() => {
            Err(Error::new_spanned(&block.self_ty, format!("this plugin has no hook; write at least one of {}", listed())))
        }
        None => Ok(hooks),
    }
}

fn recognise(item: &ImplItem) -> syn::Result<(Hook, &ImplItemFn)> {
    let ImplItem::Fn(method) = item else {
        return Err(Error::new_spanned(item, "only hook points stand in this block; put everything else in another one"));
    };
    let signature = &method.sig;
    let Some(hook) = HOOKS.into_iter().find(|hook| signature.ident == hook.method) else {
        let message = format!(
            "there is no hook point `{}`; the hook points are {}. Put other functions in a block without the attribute",
            signature.ident,
            listed()
        );
        return Err(Error::new(signature.ident.span(), message));
    };
    let plain = signature.receiver().is_none()
        && signature.inputs.len() == 2
        && signature.asyncness.is_none()
        && signature.unsafety.is_none()
        && signature.generics.params.is_empty();
    if !plain {
        let message = format!("write `fn {}(context: &Context, draft: &{}) -> Result<{}, Refusal>`", hook.method, hook.draft, hook.edits);
        return Err(Error::new_spanned(signature, message));
    }
    Ok((hook, method))
}

fn listed() -> String {
    HOOKS.map(|hook| format!("`{}`", hook.method)).join(", ")
}
