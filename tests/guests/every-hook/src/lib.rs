//! A guest of the tests that has every hook, answers what its configuration says, and tells its log what it saw.
//!
//! *Comes in:* the binding's configuration: edits as fixtures spell them, fit for the hook or not, a refusal or a trap, at every
//! hook or at one alone.
//! *Goes out:* those edits, by way of the SDK's builders that let nobody write them; or that refusal.
//! *May fail:* where its configuration is none.
//! *Must never know:* which of its edits a server would apply.

use claimsmith::{
    AuthenticationDraft, AuthenticationEdits, AuthorizationDetailsDraft, AuthorizationDetailsEdits, BackchannelNotificationDraft,
    BackchannelNotificationEdits, ClientAuthenticationDraft, ClientAuthenticationEdits, ClientRegistrationDraft, ClientRegistrationEdits,
    ConsentDraft, ConsentEdits, Context, Edit, Edits, ExchangeMode, IdTokenDraft, IdTokenEdits, IntrospectionDraft, IntrospectionEdits,
    JwtBearerDraft, JwtBearerEdits, Member, PageText, PasswordDraft, PasswordEdits, PasswordResult, PostAuthenticationDraft,
    PostAuthenticationEdits, RefreshTokenDraft, RefreshTokenEdits, Refusal, RegistrationAction, ResponseDraft, ResponseEdits,
    RevocationDraft, RevocationEdits, ScopeDraft, ScopeEdits, TokenDraft, TokenExchangeDraft, TokenExchangeEdits, TransactionTokenDraft,
    TransactionTokenEdits, UserinfoDraft, UserinfoEdits, Value, log,
};
use serde::Deserialize;
use serde_json::{Value as Json, json};

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    edits: Vec<Wanted>,
    refuse: Option<String>,
    #[serde(default)]
    fails: bool,
    at: Option<String>,
    #[serde(default)]
    tells: bool,
}

/// An edit as fixtures spell it.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    SetClaim(Named),
    RemoveClaim(String),
    SetHeader(Named),
    SetScopes(Vec<String>),
    SetAudience(Vec<String>),
    SetLifetime(u32),
    SetResponseMember(Named),
    OmitRefreshToken,
    SetAttribute(Named),
    RequireAcr(String),
    RequireFactor(String),
    SkipConsent,
    ShowText(Shown),
    /// As text, so that it may be no JSON.
    SetAuthorizationDetails(String),
    SetUser(String),
    AddAmr(Vec<String>),
    SetExchangeMode(Mode),
    SetTransactionContext(Named),
    SetRequestContext(Named),
    SetMetadata(Named),
    RemoveMetadata(String),
    MarkNotified,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Delegation,
    Impersonation,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    value: Json,
}

#[derive(Deserialize)]
struct Shown {
    language: String,
    text: String,
}

impl From<Named> for Member {
    fn from(named: Named) -> Self {
        Self { name: named.name, value: Value::from(named.value) }
    }
}

impl From<Wanted> for Edit {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::SetClaim(member) => Self::SetClaim(member.into()),
            Wanted::RemoveClaim(name) => Self::RemoveClaim(name),
            Wanted::SetHeader(member) => Self::SetHeader(member.into()),
            Wanted::SetScopes(scopes) => Self::SetScopes(scopes),
            Wanted::SetAudience(audience) => Self::SetAudience(audience),
            Wanted::SetLifetime(seconds) => Self::SetLifetime(seconds),
            Wanted::SetResponseMember(member) => Self::SetResponseMember(member.into()),
            Wanted::OmitRefreshToken => Self::OmitRefreshToken,
            Wanted::SetAttribute(member) => Self::SetAttribute(member.into()),
            Wanted::RequireAcr(name) => Self::RequireAcr(name),
            Wanted::RequireFactor(name) => Self::RequireFactor(name),
            Wanted::SkipConsent => Self::SkipConsent,
            Wanted::ShowText(Shown { language, text }) => Self::ShowText(PageText { language, text }),
            Wanted::SetAuthorizationDetails(details) => Self::SetAuthorizationDetails(details),
            Wanted::SetUser(user) => Self::SetUser(user),
            Wanted::AddAmr(methods) => Self::AddAmr(methods),
            Wanted::SetExchangeMode(Mode::Delegation) => Self::SetExchangeMode(ExchangeMode::Delegation),
            Wanted::SetExchangeMode(Mode::Impersonation) => Self::SetExchangeMode(ExchangeMode::Impersonation),
            Wanted::SetTransactionContext(member) => Self::SetTransactionContext(member.into()),
            Wanted::SetRequestContext(member) => Self::SetRequestContext(member.into()),
            Wanted::SetMetadata(member) => Self::SetMetadata(member.into()),
            Wanted::RemoveMetadata(name) => Self::RemoveMetadata(name),
            Wanted::MarkNotified => Self::MarkNotified,
        }
    }
}

/// The plugin.
pub struct EveryHook;

fn answer<H>(hook: &str, context: &Context, draft: impl FnOnce() -> Json) -> Result<Edits<H>, Refusal> {
    let configuration: Configuration = context.configuration();
    let is_meant = configuration.at.as_ref().is_none_or(|at| at == hook);
    if configuration.tells {
        log::info!("{}", json!({ "draft": draft(), "known": known(context) }));
    }
    if configuration.fails && is_meant {
        std::process::abort();
    }
    if let Some(code) = configuration.refuse.filter(|_| is_meant) {
        return Err(Refusal::new(code, "as configured"));
    }
    let mut edits = Edits::new();
    for wanted in configuration.edits.into_iter().filter(|_| is_meant) {
        edits.push(wanted.into());
    }
    Ok(edits)
}

fn known(context: &Context) -> Json {
    let signed_in = context.signed_in().map(|facts| json!([facts.authenticated_at, facts.acr, facts.amr, facts.session_id]));
    let user: Vec<_> = context.user_attributes().into_iter().map(|member| member.name).collect();
    json!({
        "refresh": context.refresh,
        "id": context.user_id(),
        "username": context.username(),
        "user": user,
        "email": context.user("email").map(|value| value.to_json()),
        "signed_in": signed_in,
        "session": context.session_attribute("risk").map(|value| value.to_json()),
        "grant": context.grant_attribute("device").map(|value| value.to_json()),
        "details": context.authorization_details::<Json>().unwrap_or_default(),
        "actors": context.actors(),
        "confirmation": context.confirmation::<Json>().unwrap_or_default(),
    })
}

fn told(members: &[Member]) -> Json {
    members.iter().map(|member| (member.name.clone(), member.value.to_json())).collect::<serde_json::Map<_, _>>().into()
}

#[claimsmith::plugin(
    schema = "config.schema.json",
    fixtures = "fixtures.json",
    permissions = ["claim:org", "user:email", "authorization_details:payment", "skip_consent"]
)]
impl EveryHook {
    fn access_token(context: &Context, draft: &TokenDraft) -> Result<Edits, Refusal> {
        answer("access_token", context, || json!([told(&draft.claims), draft.scopes, draft.audience, draft.lifetime]))
    }

    fn token_response(context: &Context, draft: &ResponseDraft) -> Result<ResponseEdits, Refusal> {
        answer("token_response", context, || json!([told(&draft.members)]))
    }

    fn introspection(context: &Context, draft: &IntrospectionDraft) -> Result<IntrospectionEdits, Refusal> {
        answer("introspection", context, || json!([told(&draft.members), draft.caller]))
    }

    fn id_token(context: &Context, draft: &IdTokenDraft) -> Result<IdTokenEdits, Refusal> {
        answer("id_token", context, || json!([told(&draft.claims), draft.lifetime]))
    }

    fn refresh_token(context: &Context, draft: &RefreshTokenDraft) -> Result<RefreshTokenEdits, Refusal> {
        answer("refresh_token", context, || json!([told(&draft.attributes), draft.scopes, draft.lifetime]))
    }

    fn userinfo(context: &Context, draft: &UserinfoDraft) -> Result<UserinfoEdits, Refusal> {
        answer("userinfo", context, || json!([told(&draft.members), draft.scopes]))
    }

    fn authentication(context: &Context, draft: &AuthenticationDraft) -> Result<AuthenticationEdits, Refusal> {
        answer("authentication", context, || json!([draft.factor, draft.factors, told(&draft.attributes)]))
    }

    fn post_authentication(context: &Context, draft: &PostAuthenticationDraft) -> Result<PostAuthenticationEdits, Refusal> {
        answer("post_authentication", context, || json!([told(&draft.attributes), draft.scopes]))
    }

    fn consent(context: &Context, draft: &ConsentDraft) -> Result<ConsentEdits, Refusal> {
        answer("consent", context, || json!([draft.scopes, draft.remembered]))
    }

    fn scope(context: &Context, draft: &ScopeDraft) -> Result<ScopeEdits, Refusal> {
        answer("scope", context, || json!([draft.scopes]))
    }

    fn authorization_details(context: &Context, draft: &AuthorizationDetailsDraft) -> Result<AuthorizationDetailsEdits, Refusal> {
        answer("authorization_details", context, || json!([draft.read::<Json>().unwrap_or_default()]))
    }

    fn password(context: &Context, draft: &PasswordDraft) -> Result<PasswordEdits, Refusal> {
        let outcome = match draft.outcome {
            PasswordResult::Right => "right",
            PasswordResult::Wrong => "wrong",
            PasswordResult::UnknownUser => "unknown_user",
            PasswordResult::NotTried => "not_tried",
        };
        answer("password", context, || json!([draft.username, outcome, draft.password, draft.user, draft.amr, told(&draft.attributes)]))
    }

    fn token_exchange(context: &Context, draft: &TokenExchangeDraft) -> Result<TokenExchangeEdits, Refusal> {
        let mode = if draft.mode == ExchangeMode::Delegation { "delegation" } else { "impersonation" };
        answer("token_exchange", context, || {
            let types = json!([draft.subject_token_type, draft.requested_token_type]);
            let whose = json!([told(&draft.claims), told(&draft.actor_claims), draft.user, told(&draft.attributes)]);
            json!([whose, types, draft.scopes, draft.audience, mode])
        })
    }

    fn jwt_bearer(context: &Context, draft: &JwtBearerDraft) -> Result<JwtBearerEdits, Refusal> {
        answer("jwt_bearer", context, || json!([draft.issuer, told(&draft.claims), draft.scopes, draft.user, told(&draft.attributes)]))
    }

    fn transaction_token(context: &Context, draft: &TransactionTokenDraft) -> Result<TransactionTokenEdits, Refusal> {
        answer("transaction_token", context, || {
            let contexts = json!([told(&draft.transaction_context), told(&draft.request_context)]);
            json!([told(&draft.claims), contexts, draft.scopes, draft.lifetime])
        })
    }

    fn client_authentication(context: &Context, draft: &ClientAuthenticationDraft) -> Result<ClientAuthenticationEdits, Refusal> {
        answer("client_authentication", context, || json!([draft.method, draft.certificate_thumbprint, told(&draft.attestation)]))
    }

    fn client_registration(context: &Context, draft: &ClientRegistrationDraft) -> Result<ClientRegistrationEdits, Refusal> {
        let action = match draft.action {
            RegistrationAction::Register => "register",
            RegistrationAction::Update => "update",
            RegistrationAction::Delete => "delete",
        };
        answer("client_registration", context, || json!([action, told(&draft.metadata), told(&draft.software_statement)]))
    }

    fn backchannel_notification(context: &Context, draft: &BackchannelNotificationDraft) -> Result<BackchannelNotificationEdits, Refusal> {
        answer("backchannel_notification", context, || {
            json!([draft.binding_message, draft.request_digest, draft.scopes, told(&draft.attributes)])
        })
    }

    fn revocation(context: &Context, draft: &RevocationDraft) -> Result<RevocationEdits, Refusal> {
        answer("revocation", context, || json!([draft.token_type, draft.scopes, told(&draft.claims)]))
    }
}
