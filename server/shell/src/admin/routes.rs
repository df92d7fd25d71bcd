//! Every endpoint of the admin listener, one row each. Routing, authority, body limits and the OpenAPI document read this table.

use http::Method;
use percent_encoding::percent_decode_str;

use super::authority::Scope;
pub(crate) use super::route::{Gives, Route, Takes, Verb};

/// What an endpoint does. Each is in [`ROUTES`] exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the table says what each does")]
pub(crate) enum Operation {
    ListClients,
    CreateClient,
    ShowClient,
    ReplaceClient,
    UpdateClient,
    DeleteClient,
    EndEverythingOfClient,
    ListClientSecrets,
    RotateClientSecret,
    EffectiveBindings,
    BindClient,
    ListTagBindings,
    BindTag,
    ListAllBindings,
    BindAll,
    ShowBinding,
    ReplaceBinding,
    UpdateBinding,
    DeleteBinding,
    ListResources,
    CreateResource,
    ShowResource,
    ReplaceResource,
    UpdateResource,
    DeleteResource,
    ListRegistrationTokens,
    CreateRegistrationToken,
    DeleteRegistrationToken,
    ListTrustedIssuers,
    CreateTrustedIssuer,
    ShowTrustedIssuer,
    ReplaceTrustedIssuer,
    UpdateTrustedIssuer,
    DeleteTrustedIssuer,
    ListUsers,
    CreateUser,
    ShowUser,
    ReplaceUser,
    UpdateUser,
    DeleteUser,
    SetPassword,
    RemovePassword,
    ListFactors,
    RemoveFactor,
    ListLinks,
    CreateLink,
    RemoveLink,
    ListSessions,
    EndEverythingOfUser,
    EndSessions,
    EndSession,
    ListGrants,
    EndGrants,
    EndGrant,
    ListConsents,
    WithdrawConsent,
    ListPlugins,
    UploadPlugin,
    ShowPlugin,
    DeletePlugin,
    EnablePlugin,
    DisablePlugin,
    RollbackPlugin,
    ShowVersion,
    ActivateVersion,
    DisableVersion,
    EnableVersion,
    ListKeys,
    RotateKey,
    RetireKey,
    RemoveKey,
    ResealKeys,
    IntrospectToken,
    ExplainToken,
    RevokeToken,
    ListChanges,
    ListIssuance,
    ListSignedRequests,
    ShowConfig,
    OpenApi,
    Live,
    Ready,
    Metrics,
}

use Operation as Op;
use Scope as S;

/// The table.
pub(crate) const ROUTES: &[Route] = &[
    Route::get(Op::ListClients, "/admin/v1/clients", S::ClientsRead, "List clients").page("Client").query(&["tag"]),
    Route::post(Op::CreateClient, "/admin/v1/clients", S::ClientsWrite, "Register a client; a generated client_secret is shown this once")
        .takes(Takes::Json("Client"))
        .created("Client"),
    Route::get(Op::ShowClient, "/admin/v1/clients/{client_id}", S::ClientsRead, "Show a client").one("Client"),
    Route::put(
        Op::ReplaceClient,
        "/admin/v1/clients/{client_id}",
        S::ClientsWrite,
        "Client",
        "Replace a client's metadata; what is left out gets its default",
    ),
    Route::patch(Op::UpdateClient, "/admin/v1/clients/{client_id}", S::ClientsWrite, "Client", "Change some of a client's metadata"),
    Route::delete(Op::DeleteClient, "/admin/v1/clients/{client_id}", S::ClientsWrite, "Delete a client with its secrets and bindings"),
    Route::post(
        Op::EndEverythingOfClient,
        "/admin/v1/clients/{client_id}/end_everything",
        S::ClientsWrite,
        "End every grant and every access token that a client was given until now",
    ),
    Route::get(
        Op::ListClientSecrets,
        "/admin/v1/clients/{client_id}/secrets",
        S::ClientsRead,
        "List a client's secrets, without the secrets",
    )
    .page("ClientSecret"),
    Route::post(
        Op::RotateClientSecret,
        "/admin/v1/clients/{client_id}/secrets",
        S::ClientsWrite,
        "Give a client a new secret, shown this once; older ones end",
    )
    .takes(Takes::OptionalJson("SecretRotation"))
    .created("NewSecret"),
    Route::get(
        Op::EffectiveBindings,
        "/admin/v1/clients/{client_id}/bindings",
        S::ClientsRead,
        "The bindings that a client's tokens meet, in their order: of all, of its tags, its own",
    )
    .page("Binding"),
    Route::post(Op::BindClient, "/admin/v1/clients/{client_id}/bindings", S::ClientsWrite, "Bind a plugin to a client")
        .takes(Takes::Json("Binding"))
        .created("Binding"),
    Route::get(Op::ListTagBindings, "/admin/v1/tags/{tag}/bindings", S::PluginsRead, "List the bindings of a tag").page("Binding"),
    Route::post(Op::BindTag, "/admin/v1/tags/{tag}/bindings", S::PluginsWrite, "Bind a plugin to every client with a tag")
        .takes(Takes::Json("Binding"))
        .created("Binding"),
    Route::get(Op::ListAllBindings, "/admin/v1/all/bindings", S::PluginsRead, "List the bindings of all clients").page("Binding"),
    Route::post(Op::BindAll, "/admin/v1/all/bindings", S::PluginsWrite, "Bind a plugin to every client")
        .takes(Takes::Json("Binding"))
        .created("Binding"),
    Route::get(Op::ShowBinding, "/admin/v1/bindings/{id}", S::PluginsRead, "Show a binding").or(S::ClientsRead).one("Binding"),
    Route::put(Op::ReplaceBinding, "/admin/v1/bindings/{id}", S::PluginsWrite, "Binding", "Replace a binding").or(S::ClientsWrite),
    Route::patch(Op::UpdateBinding, "/admin/v1/bindings/{id}", S::PluginsWrite, "Binding", "Change parts of a binding").or(S::ClientsWrite),
    Route::delete(Op::DeleteBinding, "/admin/v1/bindings/{id}", S::PluginsWrite, "Remove a binding").or(S::ClientsWrite),
    Route::get(Op::ListResources, "/admin/v1/resources", S::ResourcesRead, "List resources").page("Resource"),
    Route::post(Op::CreateResource, "/admin/v1/resources", S::ResourcesWrite, "Register a resource")
        .takes(Takes::Json("Resource"))
        .created("Resource"),
    Route::get(Op::ShowResource, "/admin/v1/resources/{identifier}", S::ResourcesRead, "Show a resource").one("Resource"),
    Route::put(Op::ReplaceResource, "/admin/v1/resources/{identifier}", S::ResourcesWrite, "Resource", "Replace a resource"),
    Route::patch(Op::UpdateResource, "/admin/v1/resources/{identifier}", S::ResourcesWrite, "Resource", "Change parts of a resource"),
    Route::delete(Op::DeleteResource, "/admin/v1/resources/{identifier}", S::ResourcesWrite, "Delete a resource"),
    Route::get(
        Op::ListRegistrationTokens,
        "/admin/v1/registration-tokens",
        S::ClientsRead,
        "List initial access tokens, without the tokens",
    )
    .page("RegistrationToken"),
    Route::post(
        Op::CreateRegistrationToken,
        "/admin/v1/registration-tokens",
        S::ClientsWrite,
        "Make an initial access token, with which clients register themselves; it is shown this once",
    )
    .takes(Takes::Json("RegistrationToken"))
    .created("RegistrationToken"),
    Route::row(
        Op::DeleteRegistrationToken,
        Verb::Delete,
        "/admin/v1/registration-tokens/{name}",
        Some(S::ClientsWrite),
        "End an initial access token; clients that were registered with it stay",
    ),
    Route::get(Op::ListTrustedIssuers, "/admin/v1/trusted-issuers", S::TrustRead, "List trusted issuers").page("TrustedIssuer"),
    Route::post(Op::CreateTrustedIssuer, "/admin/v1/trusted-issuers", S::TrustWrite, "Trust another issuer for something")
        .takes(Takes::Json("TrustedIssuer"))
        .created("TrustedIssuer"),
    Route::get(Op::ShowTrustedIssuer, "/admin/v1/trusted-issuers/{issuer}", S::TrustRead, "Show a trusted issuer").one("TrustedIssuer"),
    Route::put(Op::ReplaceTrustedIssuer, "/admin/v1/trusted-issuers/{issuer}", S::TrustWrite, "TrustedIssuer", "Replace one"),
    Route::patch(Op::UpdateTrustedIssuer, "/admin/v1/trusted-issuers/{issuer}", S::TrustWrite, "TrustedIssuer", "Change parts of one"),
    Route::delete(Op::DeleteTrustedIssuer, "/admin/v1/trusted-issuers/{issuer}", S::TrustWrite, "Trust an issuer no more"),
    Route::get(Op::ListUsers, "/admin/v1/users", S::UsersRead, "List users; hashes of passwords need the scope users:export")
        .page("User")
        .query(&["username", "email", "include"]),
    Route::post(Op::CreateUser, "/admin/v1/users", S::UsersWrite, "Register a user").takes(Takes::Json("User")).created("User"),
    Route::get(Op::ShowUser, "/admin/v1/users/{user_id}", S::UsersRead, "Show a user").one("User"),
    Route::put(
        Op::ReplaceUser,
        "/admin/v1/users/{user_id}",
        S::UsersWrite,
        "User",
        "Replace what is known of a user; password and second factors stay",
    ),
    Route::patch(Op::UpdateUser, "/admin/v1/users/{user_id}", S::UsersWrite, "User", "Change some of what is known of a user"),
    Route::delete(Op::DeleteUser, "/admin/v1/users/{user_id}", S::UsersWrite, "Delete a user with password and second factors"),
    Route::post(
        Op::SetPassword,
        "/admin/v1/users/{user_id}/password",
        S::UsersWrite,
        "Set a user's password, or the hash of one that was made elsewhere",
    )
    .takes(Takes::Json("NewPassword"))
    .one("User"),
    Route::row(
        Op::RemovePassword,
        Verb::Delete,
        "/admin/v1/users/{user_id}/password",
        Some(S::UsersWrite),
        "Take a user's password away: they sign in with a passkey or not at all",
    ),
    Route::get(Op::ListFactors, "/admin/v1/users/{user_id}/factors", S::UsersRead, "List a user's second factors").page("Factor"),
    Route::row(
        Op::RemoveFactor,
        Verb::Delete,
        "/admin/v1/users/{user_id}/factors/{factor_id}",
        Some(S::UsersWrite),
        "Remove a second factor that a user has lost",
    ),
    Route::get(Op::ListLinks, "/admin/v1/users/{user_id}/links", S::UsersRead, "List who a user is at other issuers").page("Link"),
    Route::post(Op::CreateLink, "/admin/v1/users/{user_id}/links", S::UsersWrite, "Say who a user is at another issuer")
        .takes(Takes::Json("Link"))
        .created("Link"),
    Route::row(
        Op::RemoveLink,
        Verb::Delete,
        "/admin/v1/users/{user_id}/links/{issuer}",
        Some(S::UsersWrite),
        "Unlink a user from another issuer",
    ),
    Route::post(
        Op::EndEverythingOfUser,
        "/admin/v1/users/{user_id}/end_everything",
        S::UsersWrite,
        "Sign a user out everywhere and end every grant of theirs, with every token that came of them",
    ),
    Route::get(Op::ListSessions, "/admin/v1/users/{user_id}/sessions", S::UsersRead, "List where a user is signed in").page("Session"),
    Route::row(
        Op::EndSessions,
        Verb::Delete,
        "/admin/v1/users/{user_id}/sessions",
        Some(S::UsersWrite),
        "Sign a user out everywhere; grants that end with their sessions end",
    ),
    Route::row(
        Op::EndSession,
        Verb::Delete,
        "/admin/v1/users/{user_id}/sessions/{session_id}",
        Some(S::UsersWrite),
        "End one session of a user, with the grants that end with it",
    ),
    Route::get(
        Op::ListGrants,
        "/admin/v1/users/{user_id}/grants",
        S::UsersRead,
        "List a user's live grants, with the state of their refresh tokens",
    )
    .page("Grant"),
    Route::row(
        Op::EndGrants,
        Verb::Delete,
        "/admin/v1/users/{user_id}/grants",
        Some(S::UsersWrite),
        "End every grant of a user, with every token that came of them",
    ),
    Route::row(
        Op::EndGrant,
        Verb::Delete,
        "/admin/v1/users/{user_id}/grants/{grant_id}",
        Some(S::UsersWrite),
        "End one grant of a user, with every token that came of it",
    ),
    Route::get(Op::ListConsents, "/admin/v1/users/{user_id}/consents", S::UsersRead, "List what a user has agreed to").page("Consent"),
    Route::row(
        Op::WithdrawConsent,
        Verb::Delete,
        "/admin/v1/users/{user_id}/consents/{client_id}",
        Some(S::UsersWrite),
        "Withdraw a user's consent: the client's grants of this user end",
    ),
    Route::get(Op::ListPlugins, "/admin/v1/plugins", S::PluginsRead, "List plugins").page("Plugin"),
    Route::post(
        Op::UploadPlugin,
        "/admin/v1/plugins",
        S::PluginsWrite,
        "Upload a version: it is inspected, compiled, tested with its own fixtures and stored by its digest",
    )
    .takes(Takes::Wasm)
    .created("Upload")
    .query(&["name", "channel"]),
    Route::get(Op::ShowPlugin, "/admin/v1/plugins/{name}", S::PluginsRead, "Show a plugin and its versions").one("Plugin"),
    Route::delete(Op::DeletePlugin, "/admin/v1/plugins/{name}", S::PluginsWrite, "Delete a plugin that nothing is bound to"),
    Route::post(Op::EnablePlugin, "/admin/v1/plugins/{name}/enable", S::PluginsWrite, "Let a disabled plugin run again").one("Plugin"),
    Route::post(
        Op::DisablePlugin,
        "/admin/v1/plugins/{name}/disable",
        S::PluginsWrite,
        "Stop a plugin as a whole; its bindings fail as their policy says",
    )
    .one("Plugin"),
    Route::post(Op::RollbackPlugin, "/admin/v1/plugins/{name}/rollback", S::PluginsWrite, "Go back to the version that was active before")
        .one("Plugin")
        .query(&["force"]),
    Route::get(Op::ShowVersion, "/admin/v1/plugins/{name}/versions/{digest}", S::PluginsRead, "Show a version with its report")
        .one("PluginVersion"),
    Route::post(
        Op::ActivateVersion,
        "/admin/v1/plugins/{name}/versions/{digest}/activate",
        S::PluginsWrite,
        "Make a version the active one, on every node at once; refused when it cannot read the configuration of a binding",
    )
    .one("Plugin")
    .query(&["force"]),
    Route::post(
        Op::DisableVersion,
        "/admin/v1/plugins/{name}/versions/{digest}/disable",
        S::PluginsWrite,
        "Disable a version, so that it cannot be activated or run",
    )
    .one("Plugin"),
    Route::post(
        Op::EnableVersion,
        "/admin/v1/plugins/{name}/versions/{digest}/enable",
        S::PluginsWrite,
        "Let a disabled version run again",
    )
    .one("Plugin"),
    Route::get(Op::ListKeys, "/admin/v1/keys", S::KeysRead, "List signing keys").page("Key"),
    Route::post(Op::RotateKey, "/admin/v1/keys", S::KeysWrite, "Make a new signing key; it is published at once and signs a little later")
        .takes(Takes::OptionalJson("KeyRotation"))
        .created("Key"),
    Route::post(
        Op::RetireKey,
        "/admin/v1/keys/{kid}/retire",
        S::KeysWrite,
        "Stop signing with a key; it stays published until its tokens have expired",
    )
    .one("Key"),
    Route::row(
        Op::RemoveKey,
        Verb::Delete,
        "/admin/v1/keys/{kid}",
        Some(S::KeysWrite),
        "Remove a compromised key at once: its tokens are no longer believed",
    ),
    Route::post(
        Op::ResealKeys,
        "/admin/v1/keys/reseal",
        S::KeysWrite,
        "Seal again, under the current master key, what an older one sealed",
    )
    .one("Reseal"),
    Route::post(Op::IntrospectToken, "/admin/v1/tokens/introspect", S::TokensRead, "Whether a token is active, and its claims")
        .takes(Takes::Json("TokenQuestion"))
        .one("Introspection"),
    Route::post(
        Op::ExplainToken,
        "/admin/v1/tokens/explain",
        S::TokensRead,
        "How a token came to be: its issuance record, the plugin versions that shaped it and which claim each set",
    )
    .takes(Takes::Json("TokenQuestion"))
    .one("Explanation"),
    Route::post(Op::RevokeToken, "/admin/v1/tokens/revoke", S::TokensWrite, "Revoke a token")
        .takes(Takes::Json("TokenQuestion"))
        .one("Revocation"),
    Route::get(Op::ListChanges, "/admin/v1/audit", S::AuditRead, "Who changed what, the latest first")
        .page("Change")
        .query(&["actor", "kind", "key", "since", "until"]),
    Route::get(Op::ListIssuance, "/admin/v1/audit/tokens", S::AuditRead, "What the token endpoint issued and refused, the latest first")
        .page("Issuance")
        .query(&["client_id", "token_id", "outcome", "since", "until"]),
    Route::get(
        Op::ListSignedRequests,
        "/admin/v1/audit/requests",
        S::AuditRead,
        "The signed request objects upon which people allowed something, the latest first",
    )
    .page("SignedRequest")
    .query(&["client_id", "since", "until"]),
    Route::get(Op::ShowConfig, "/admin/v1/config", S::ConfigRead, "The configuration in force; secrets are file paths").one("Config"),
    Route::open(Op::OpenApi, "/admin/v1/openapi.json", "This document").one("OpenApi"),
    Route::open(Op::Live, "/health/live", "Whether the process answers").one("Health"),
    Route::open(Op::Ready, "/health/ready", "Whether this node should be sent requests").one("Health"),
    Route { gives: Gives::Text, ..Route::open(Op::Metrics, "/metrics", "Metrics in Prometheus' text format") },
];

/// Where a path leads.
#[derive(Debug)]
pub(crate) enum Found {
    /// To an endpoint, with the values of the path's variables, decoded.
    Route(&'static Route, Vec<String>),
    /// To endpoints of other methods.
    OtherMethods(Vec<Method>),
    /// Nowhere.
    Nothing,
}

/// Finds the endpoint of a request. Segments without variables win over those with.
pub(crate) fn find(method: &Method, path: &str) -> Found {
    let mut matches: Vec<(&'static Route, Vec<String>)> =
        ROUTES.iter().filter_map(|route| Some((route, matched(route.path, path)?))).collect();
    let Some(fewest) = matches.iter().map(|(_, values)| values.len()).min() else { return Found::Nothing };
    matches.retain(|(_, values)| values.len() == fewest);
    match matches.iter().position(|(route, _)| route.method() == *method) {
        Some(index) => {
            let (route, values) = matches.swap_remove(index);
            Found::Route(route, values)
        }
        None => Found::OtherMethods(matches.iter().map(|(route, _)| route.method()).collect()),
    }
}

/// The decoded variables, when the path is of the pattern. A segment that is empty or no UTF-8 matches nothing.
fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(values),
            (Some(wanted), Some(given)) if wanted.starts_with('{') => {
                let value = percent_decode_str(given).decode_utf8().ok().filter(|value| !value.is_empty())?;
                values.push(value.into_owned());
            }
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests;
