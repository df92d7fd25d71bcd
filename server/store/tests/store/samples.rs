//! Things to store.

use claimsmith_issuer::binding::{Binding, BindingLimits, OnFailure, Permission, Target};
use claimsmith_issuer::client::{Authentication, Client, SecretMethod, SecretVerifier, StoredSecret, TokenFormat};
use claimsmith_issuer::hook::HookPoint;
use claimsmith_jose::{Digest, SigningAlg};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::registration::Registration;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_store::{NewVersion, Store, TokenRecord};

pub(crate) fn id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

pub(crate) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(crate) fn now() -> Timestamp {
    #[allow(clippy::disallowed_methods, reason = "the database's clock is the real one")]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(since.as_secs() as i64)
}

pub(crate) fn in_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(now().seconds() + seconds)
}

/// A client with every optional member set.
pub(crate) fn client(name: &str) -> Client {
    Client {
        id: id(name),
        name: Some("Orders".into()),
        enabled: true,
        authentication: Authentication::Secret { method: SecretMethod::Basic, secrets: vec![] },
        grants: vec![GrantType::ClientCredentials],
        scopes: ScopeSet::parse("read write").unwrap(),
        default_scopes: ScopeSet::parse("read").unwrap(),
        resources: vec!["https://api.example".into()],
        tags: vec!["gold".into(), "eu".into()],
        metadata: r#"{"b":1,"a":"é"}"#.into(),
        access_token_lifetime: Some(Lifetime::from_seconds(120)),
        access_token_format: Some(TokenFormat::Opaque),
        access_token_alg: Some(SigningAlg::Ps256),
        refresh_token_lifetime: Some(Lifetime::from_seconds(86_400)),
        id_token_lifetime: Some(Lifetime::from_seconds(300)),
        registration: Box::new(
            Registration::from_text(r#"{"redirect_uris":["https://app.example/cb"],"logo_uri":"https://app.example/logo.png"}"#)
                .expect("well formed"),
        ),
    }
}

pub(crate) fn secret(number: i64, text: &str) -> StoredSecret {
    StoredSecret { id: number, verifier: SecretVerifier::Sha256(digest(text)), sealed: None, expires_at: None }
}

pub(crate) fn binding(target: Target, plugin: &str, position: i32) -> Binding {
    Binding {
        id: 0,
        target,
        plugin: plugin.into(),
        pinned: None,
        position,
        configuration: r#"{"tenant":"a"}"#.into(),
        permissions: vec![Permission::Claim("org".into()), Permission::Lifetime(60)],
        on_failure: OnFailure::Skip,
        limits: BindingLimits { fuel: Some(1_000_000), milliseconds: Some(20) },
    }
}

pub(crate) fn version(plugin: &str, code: &str) -> NewVersion {
    NewVersion {
        plugin: plugin.into(),
        digest: digest(code),
        component: code.as_bytes().to_vec(),
        manifest: r#"{"name":"x"}"#.into(),
        hooks: vec![HookPoint::AccessToken],
        report: "{}".into(),
    }
}

/// Uploads and activates a plugin that nobody else runs.
pub(crate) async fn plugin(store: &Store, name: &str, code: &str) {
    store.save_version("test", version(name, code)).await.unwrap();
    store.activate("test", name, digest(code), None).await.unwrap();
}

pub(crate) fn record(token_id: &str) -> TokenRecord {
    TokenRecord {
        happened_at: now(),
        token_id: Some(token_id.into()),
        client_id: id("demo"),
        grant_type: "client_credentials".into(),
        outcome: "issued".into(),
        subject: Some("demo".into()),
        scopes: vec!["read".into(), "write".into()],
        audience: vec!["https://api.example".into()],
        plugin_digests: vec![digest("one"), digest("two")],
        claim_sources: vec![("org".into(), 0), ("plan".into(), 0), ("org".into(), 1)],
        request_id: "r-1".into(),
        node_id: "n-1".into(),
        expires_at: Some(in_seconds(300)),
    }
}
