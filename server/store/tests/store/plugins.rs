//! Plugins: upload, activation when every live node is ready, rollback, disabling.

use claimsmith_issuer::binding::Target;
use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{Fault, VersionState};

use crate::samples::{binding, digest, plugin, version};

#[tokio::test]
async fn a_version_is_active_only_when_every_live_node_has_it() {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.save_version("root", version("p", "one")).await.unwrap();
    store.report_ready("n1", "0.1.0", &[digest("one")]).await.unwrap();
    store.report_ready("n2", "0.1.0", &[]).await.unwrap();
    let fault = store.activate("root", "p", digest("one"), None).await.unwrap_err();
    assert_eq!(fault, Fault::NotReady { plugin: "p".to_owned(), nodes: vec!["n2".to_owned()] });
    assert!(!store.live_nodes_ready(digest("one")).await.unwrap());

    // A node that has not been seen for six seconds is not waited for.
    database.execute("UPDATE nodes SET seen_at = now() - interval '6 s' WHERE node_id = 'n2'");
    assert_eq!(store.live_nodes().await.unwrap().len(), 1);
    store.activate("root", "p", digest("one"), Some(1)).await.unwrap();

    store.report_ready("n2", "0.1.0", &[digest("one"), digest("two")]).await.unwrap();
    assert!(store.live_nodes_ready(digest("one")).await.unwrap());
    store.report_gone("n2").await.unwrap();
    assert_eq!(store.live_nodes().await.unwrap()[0].node_id, "n1");
}

#[tokio::test]
async fn rollback_returns_to_what_was_before() {
    let database = TestDatabase::migrated();
    let store = database.store();
    plugin(&store, "p", "one").await;
    assert!(matches!(store.rollback("root", "p", None).await, Err(Fault::Missing { .. })));
    plugin(&store, "p", "two").await;
    // Activating what is active forgets nothing.
    store.activate("root", "p", digest("two"), None).await.unwrap();
    assert_eq!(store.rollback("root", "p", None).await.unwrap().value, digest("one"));
    let record = store.load_plugin("p").await.unwrap().unwrap();
    assert_eq!((record.active, record.previous), (Some(digest("one")), Some(digest("two"))));
    assert_eq!(store.rollback("root", "p", Some(record.version)).await.unwrap().value, digest("two"));
    assert!(matches!(store.rollback("root", "p", Some(record.version)).await, Err(Fault::Conflict { .. })));
    assert_eq!(record.versions.len(), 2);
}

#[tokio::test]
async fn disabled_versions_cannot_be_activated_and_active_ones_not_disabled() {
    let database = TestDatabase::migrated();
    let store = database.store();
    plugin(&store, "p", "one").await;
    store.save_version("root", version("p", "two")).await.unwrap();
    store.set_version_state("root", "p", digest("two"), VersionState::Disabled).await.unwrap();
    assert!(matches!(store.activate("root", "p", digest("two"), None).await, Err(Fault::Reference { .. })));
    assert!(matches!(store.set_version_state("root", "p", digest("one"), VersionState::Disabled).await, Err(Fault::Reference { .. })));
    assert!(matches!(store.set_version_state("root", "p", digest("x"), VersionState::Ready).await, Err(Fault::Missing { .. })));
    assert!(matches!(store.activate("root", "p", digest("x"), None).await, Err(Fault::Missing { .. })));
    assert!(matches!(store.activate("root", "q", digest("one"), None).await, Err(Fault::Missing { kind: "plugin", .. })));
    store.set_plugin_enabled("root", "p", false, None).await.unwrap();
    let policy = store.load_policy().await.unwrap();
    assert!(!policy.plugins[0].enabled);
    let states: Vec<_> = policy.plugins[0].versions.iter().map(|version| version.state).collect();
    assert_eq!(states.iter().filter(|state| **state == VersionState::Disabled).count(), 1);
}

#[tokio::test]
async fn code_is_kept_once_and_checked_when_it_is_read() {
    let database = TestDatabase::migrated();
    let store = database.store();
    plugin(&store, "p", "code").await;
    plugin(&store, "q", "code").await;
    assert_eq!(database.number("SELECT count(*) AS number FROM plugin_components"), 1);
    assert_eq!(store.plugin_component(digest("code")).await.unwrap().as_deref(), Some(&b"code"[..]));
    assert_eq!(store.plugin_component(digest("other")).await.unwrap(), None);

    store.create_binding("root", binding(Target::All, "p", 0)).await.unwrap();
    assert!(matches!(store.delete_plugin("root", "p", None).await, Err(Fault::Reference { .. })));
    store.delete_plugin("root", "q", None).await.unwrap();
    assert_eq!(database.number("SELECT count(*) AS number FROM plugin_components"), 1);
    database.execute("DELETE FROM bindings");
    store.delete_plugin("root", "p", None).await.unwrap();
    assert_eq!(database.number("SELECT count(*) AS number FROM plugin_components"), 0);

    plugin(&store, "p", "code").await;
    database.execute("UPDATE plugin_components SET component = 'evil'");
    assert!(matches!(store.plugin_component(digest("code")).await, Err(Fault::Corrupt { table: "plugin_components", .. })));
    let mut wrong = version("p", "three");
    wrong.component = b"four".to_vec();
    assert!(store.save_version("root", wrong).await.is_err());
}
