//! Clients, resources, bindings: there and back, versions, changes, audit.

use claimsmith_issuer::binding::Target;
use claimsmith_issuer::client::{AssertionAudience, Authentication, ClientKeys, SecretMethod, SecretVerifier, StoredSecret, TokenFormat};
use claimsmith_issuer::resource::Resource;
use claimsmith_jose::{MacAlg, SigningAlg};
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::Lifetime;
use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{AdminToken, EntityKind, Fault, Reload};

use crate::samples::{binding, client, digest, id, in_seconds, plugin, secret};

#[tokio::test]
async fn clients_of_every_method_come_back_as_they_were() {
    let database = TestDatabase::migrated();
    let store = database.store();
    let number = store.next_secret_id().await.unwrap();
    let sealed = StoredSecret { sealed: Some(b"sealed".to_vec().into()), expires_at: Some(in_seconds(60)), ..secret(number, "s") };
    let foreign = StoredSecret {
        verifier: SecretVerifier::Argon2id("$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA".into()),
        ..secret(store.next_secret_id().await.unwrap(), "")
    };
    let audience = AssertionAudience::Legacy;
    let methods = [
        Authentication::Public,
        Authentication::Secret { method: SecretMethod::Post, secrets: vec![foreign] },
        Authentication::SecretJwt { alg: Some(MacAlg::Hs384), audience: AssertionAudience::Strict, secrets: vec![sealed] },
        Authentication::PrivateKeyJwt { alg: None, audience, keys: ClientKeys::Inline(r#"{"keys":[]}"#.into()) },
        Authentication::PrivateKeyJwt { alg: Some(SigningAlg::EdDsa), audience, keys: ClientKeys::Uri("https://c.example/jwks".into()) },
        Authentication::Certificate,
        Authentication::SelfSigned { keys: ClientKeys::Inline(r#"{"keys":[]}"#.into()) },
        Authentication::SelfSigned { keys: ClientKeys::Uri("https://c.example/jwks".into()) },
    ];
    for (number, authentication) in methods.into_iter().enumerate() {
        let mut client = client(&format!("client-{number}"));
        client.authentication = authentication;
        store.create_client("root", client.clone()).await.unwrap();
        let loaded = store.load_client(&client.id).await.unwrap().unwrap();
        assert_eq!(format!("{:?}", loaded.record.client), format!("{client:?}"));
        assert_eq!(loaded.record.version, 1);
    }
    let mut bare = client("bare");
    (bare.name, bare.access_token_lifetime, bare.access_token_format, bare.access_token_alg) = (None, None, None, None);
    store.create_client("root", bare.clone()).await.unwrap();
    let loaded = store.load_client(&bare.id).await.unwrap().unwrap();
    assert_eq!(format!("{:?}", loaded.record.client), format!("{bare:?}"));
    assert!(store.load_client(&id("nobody")).await.unwrap().is_none());
}

#[tokio::test]
async fn an_update_replaces_everything_and_needs_the_version() {
    let database = TestDatabase::migrated();
    let store = database.store();
    let mut client = client("c");
    let (first, second) = (store.next_secret_id().await.unwrap(), store.next_secret_id().await.unwrap());
    client.authentication = Authentication::Secret { method: SecretMethod::Basic, secrets: vec![secret(first, "old")] };
    store.create_client("root", client.clone()).await.unwrap();

    let expiring = StoredSecret { expires_at: Some(in_seconds(60)), ..secret(first, "old") };
    client.authentication = Authentication::Secret { method: SecretMethod::Basic, secrets: vec![expiring, secret(second, "new")] };
    client.name = None;
    assert_eq!(store.update_client("root", "rotate_secret", client.clone(), Some(1)).await.unwrap().value, 2);
    let fault = store.update_client("root", "update", client.clone(), Some(1)).await.unwrap_err();
    assert_eq!(fault, Fault::Conflict { kind: "client", key: "c".to_owned(), expected: 1, found: 2 });
    let loaded = store.load_client(&client.id).await.unwrap().unwrap().record;
    assert_eq!(format!("{:?}", loaded.client), format!("{client:?}"));

    client.authentication = Authentication::Public;
    store.update_client("root", "update", client.clone(), None).await.unwrap();
    assert_eq!(database.number("SELECT count(*) AS number FROM client_secrets"), 0);
    assert!(matches!(store.create_client("root", client.clone()).await, Err(Fault::Exists { kind: "client", .. })));
    store.delete_client("root", &client.id, Some(3)).await.unwrap();
    assert!(matches!(store.delete_client("root", &client.id, None).await, Err(Fault::Missing { kind: "client", .. })));
    assert!(matches!(store.update_client("root", "update", client, None).await, Err(Fault::Missing { kind: "client", .. })));
}

#[tokio::test]
async fn a_secret_of_one_client_cannot_be_moved_to_another() {
    let database = TestDatabase::migrated();
    let store = database.store();
    let number = store.next_secret_id().await.unwrap();
    let mut one = client("one");
    one.authentication = Authentication::Secret { method: SecretMethod::Basic, secrets: vec![secret(number, "mine")] };
    store.create_client("root", one.clone()).await.unwrap();
    let mut other = client("other");
    other.authentication = Authentication::Secret { method: SecretMethod::Basic, secrets: vec![secret(number, "theirs")] };
    assert!(store.create_client("root", other).await.is_err());
    let loaded = store.load_client(&one.id).await.unwrap().unwrap().record.client;
    assert_eq!(format!("{loaded:?}"), format!("{one:?}"));
}

#[tokio::test]
async fn lists_go_page_by_page() {
    let database = TestDatabase::migrated();
    let store = database.store();
    for name in ["a", "b", "c", "d", "e"] {
        let mut client = client(name);
        if name == "d" {
            client.tags = vec![];
        }
        store.create_client("root", client).await.unwrap();
    }
    let names = |records: Vec<claimsmith_store::ClientRecord>| records.into_iter().map(|r| r.client.id.to_string()).collect::<Vec<_>>();
    assert_eq!(names(store.list_clients(None, None, 2).await.unwrap()), ["a", "b"]);
    assert_eq!(names(store.list_clients(Some(id("b")), None, 2).await.unwrap()), ["c", "d"]);
    assert_eq!(names(store.list_clients(Some(id("b")), Some("gold".to_owned()), 9).await.unwrap()), ["c", "e"]);
    assert!(store.list_clients(Some(id("e")), None, 2).await.unwrap().is_empty());
}

#[tokio::test]
async fn resources_come_back_with_their_introspectors() {
    let database = TestDatabase::migrated();
    let store = database.store();
    for name in ["rs1", "rs2"] {
        store.create_client("root", client(name)).await.unwrap();
    }
    let mut resource = Resource {
        identifier: "https://api.example".into(),
        name: Some("API".into()),
        scopes: ScopeSet::parse("read write").unwrap(),
        token_format: Some(TokenFormat::Jwt),
        signing_alg: Some(SigningAlg::Es384),
        lifetime_ceiling: Some(Lifetime::from_seconds(60)),
        introspectors: vec![id("rs1"), id("rs2")],
    };
    store.create_resource("root", resource.clone()).await.unwrap();
    let read = async |store: &claimsmith_store::Store| store.load_resource("https://api.example").await.unwrap().unwrap();
    assert_eq!(format!("{:?}", read(&store).await.resource), format!("{resource:?}"));

    resource.introspectors = vec![id("rs2")];
    (resource.signing_alg, resource.lifetime_ceiling, resource.name) = (None, None, None);
    assert_eq!(store.update_resource("root", resource.clone(), Some(1)).await.unwrap().value, 2);
    assert_eq!(format!("{:?}", read(&store).await.resource), format!("{resource:?}"));
    assert!(matches!(store.update_resource("root", resource.clone(), Some(1)).await, Err(Fault::Conflict { .. })));

    resource.introspectors = vec![id("nobody")];
    assert!(matches!(store.update_resource("root", resource, None).await, Err(Fault::Reference { kind: "resource", .. })));
    store.delete_client("root", &id("rs2"), None).await.unwrap();
    assert!(read(&store).await.resource.introspectors.is_empty());
    store.delete_resource("root", "https://api.example", Some(2)).await.unwrap();
    assert!(store.list_resources(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn bindings_come_back_in_order_and_travel_with_what_they_hang_on() {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.create_client("root", client("c")).await.unwrap();
    plugin(&store, "p", "code").await;
    let mine = Target::Client(id("c"));
    let second = store.create_binding("root", binding(mine.clone(), "p", 2)).await.unwrap().value;
    let first = store.create_binding("root", binding(mine.clone(), "p", 1)).await.unwrap().value;
    let tagged = store.create_binding("root", binding(Target::Tag("gold".into()), "p", 0)).await.unwrap().value;
    let mut pinned = binding(Target::All, "p", 5);
    pinned.pinned = Some(digest("code"));
    let everyone = store.create_binding("root", pinned).await.unwrap().value;

    let ids = |bindings: &[claimsmith_issuer::binding::Binding]| bindings.iter().map(|binding| binding.id).collect::<Vec<_>>();
    let loaded = store.load_client(&id("c")).await.unwrap().unwrap();
    assert_eq!(ids(&loaded.bindings), [first, second]);
    let policy = store.load_policy().await.unwrap();
    assert_eq!(ids(&policy.bindings), [everyone, tagged]);
    assert_eq!(policy.bindings[0].pinned, Some(digest("code")));
    assert_eq!(store.list_bindings(mine.clone()).await.unwrap().len(), 2);

    let expected = claimsmith_issuer::binding::Binding { id: first, ..binding(mine.clone(), "p", 1) };
    assert_eq!(format!("{:?}", loaded.bindings[0]), format!("{expected:?}"));

    // Its target stays, whatever the caller says.
    let moved = claimsmith_issuer::binding::Binding { id: first, target: Target::All, position: 9, ..expected };
    assert_eq!(store.update_binding("root", moved, Some(1)).await.unwrap().value, 2);
    assert_eq!(store.load_binding(first).await.unwrap().unwrap().binding.target, mine);
    assert!(matches!(store.delete_binding("root", first, Some(1)).await, Err(Fault::Conflict { .. })));
    store.delete_binding("root", first, Some(2)).await.unwrap();
    assert!(matches!(store.delete_binding("root", first, None).await, Err(Fault::Missing { kind: "binding", .. })));
    assert!(matches!(store.create_binding("root", binding(Target::All, "unknown", 0)).await, Err(Fault::Reference { .. })));
    store.delete_client("root", &id("c"), None).await.unwrap();
    assert!(store.load_binding(second).await.unwrap().is_none());
}

#[tokio::test]
async fn every_change_has_a_number_that_tells_nodes_what_to_reload() {
    let database = TestDatabase::migrated();
    let store = database.store();
    let before = store.generation().await.unwrap();
    store.create_client("root", client("c")).await.unwrap();
    plugin(&store, "p", "code").await;
    store.create_binding("root", binding(Target::Client(id("c")), "p", 1)).await.unwrap();
    store.create_binding("root", binding(Target::All, "p", 1)).await.unwrap();

    let changes = store.changes_since(before).await.unwrap();
    assert_eq!(changes.generation, before + 5);
    let Reload::Entities(mut entities) = changes.reload else { panic!("nothing has been swept") };
    entities.sort_by_key(|(kind, _)| kind.as_str());
    let kinds: Vec<_> = entities.iter().map(|(kind, key)| (*kind, key.as_str())).collect();
    assert_eq!(kinds[1..], [(EntityKind::Client, "c"), (EntityKind::Plugin, "p")]);
    assert_eq!(kinds[0].0, EntityKind::Binding);
    assert_eq!(store.changes_since(changes.generation).await.unwrap().reload, Reload::Entities(vec![]));
    // Another database, restored from a backup.
    assert_eq!(store.changes_since(changes.generation + 1).await.unwrap().reload, Reload::Everything);
    assert_eq!(store.load_policy().await.unwrap().generation, changes.generation);
}

#[tokio::test]
async fn a_change_that_fails_leaves_nothing() {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.create_client("root", client("c")).await.unwrap();
    let before = store.generation().await.unwrap();
    assert!(store.create_client("root", client("c")).await.is_err());
    assert_eq!(store.generation().await.unwrap(), before);
    assert_eq!(database.number("SELECT count(*) AS number FROM admin_audit"), before);
}

#[tokio::test]
async fn numbers_of_concurrent_changes_follow_their_commits() {
    let database = TestDatabase::migrated();
    let store = std::sync::Arc::new(database.store());
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move { store.create_client("root", client(&format!("c{number}"))).await.unwrap().generation })
        })
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.push(task.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<i64>>());
}

#[tokio::test]
async fn sec_010_the_audit_tells_who_did_what_and_no_secret() {
    let database = TestDatabase::migrated();
    let store = database.store();
    let mut client = client("c");
    let number = store.next_secret_id().await.unwrap();
    let sealed = StoredSecret { sealed: Some(b"sealed-bytes".to_vec().into()), ..secret(number, "hunter2") };
    client.authentication = Authentication::Secret { method: SecretMethod::Basic, secrets: vec![sealed] };
    store.create_client("alice", client.clone()).await.unwrap();
    client.enabled = false;
    store.update_client("bob", "disable", client, None).await.unwrap();
    let token = AdminToken { name: "ci".into(), scopes: vec!["clients:write".into()], expires_at: None };
    store.create_admin_token("alice", digest("admin-secret"), token).await.unwrap();

    let records = store.admin_records(None, 10).await.unwrap();
    let told: Vec<_> =
        records.iter().map(|r| (r.actor.as_str(), r.action.as_str(), r.entity_kind.as_str(), r.entity_key.as_str())).collect();
    assert_eq!(told, [("alice", "create", "admin_token", "ci"), ("bob", "disable", "client", "c"), ("alice", "create", "client", "c")]);
    assert!(records[1].before.as_ref().unwrap().contains(r#""enabled": true"#));
    assert!(records[1].after.as_ref().unwrap().contains(r#""enabled": false"#));
    assert!(records[2].before.is_none());
    let everything = format!("{records:?}");
    for secret in [digest("hunter2").to_hex(), digest("admin-secret").to_hex(), "7365616c65642d6279746573".to_owned()] {
        assert!(!everything.contains(&secret), "{secret}");
    }
    assert_eq!(store.admin_records(Some(records[0].generation), 1).await.unwrap()[0].actor, "bob");
}

#[tokio::test]
async fn admin_tokens_are_found_by_digest_until_they_are_revoked() {
    let database = TestDatabase::migrated();
    let store = database.store();
    let token = AdminToken { name: "ci".into(), scopes: vec!["clients:write".into()], expires_at: Some(in_seconds(60)) };
    store.create_admin_token("root", digest("t"), token.clone()).await.unwrap();
    assert_eq!(store.admin_token(digest("t")).await.unwrap(), Some(token.clone()));
    assert_eq!(store.admin_token(digest("u")).await.unwrap(), None);
    assert_eq!(store.list_admin_tokens().await.unwrap(), std::slice::from_ref(&token));
    assert!(matches!(store.create_admin_token("root", digest("other"), token).await, Err(Fault::Exists { .. })));
    store.delete_admin_token("root", "ci").await.unwrap();
    assert_eq!(store.admin_token(digest("t")).await.unwrap(), None);
    assert!(matches!(store.delete_admin_token("root", "ci").await, Err(Fault::Missing { .. })));
}

#[tokio::test]
async fn a_row_that_no_write_of_ours_made_is_named() {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.create_client("root", client("c")).await.unwrap();
    database.execute("UPDATE clients SET access_token_alg = 'none'");
    let fault = store.load_client(&id("c")).await.unwrap_err();
    assert_eq!(fault, Fault::Corrupt { table: "clients", column: "access_token_alg", id: "c".to_owned() });
    database.execute("UPDATE clients SET access_token_alg = NULL, scopes = '{\"a b\"}'");
    let fault = store.load_client(&id("c")).await.unwrap_err();
    assert_eq!(fault.to_string(), "corrupt row: clients.scopes of `c`");
}
