//! The sweeper removes what has expired and nothing else.

use std::time::Duration;

use claimsmith_jose::Digest;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{DocumentClient, Fault, KeptDocument, Reload, Settings, Store};

use crate::samples::client;

#[tokio::test]
async fn what_has_expired_goes_and_what_lives_stays() {
    let database = TestDatabase::migrated();
    let store = Store::open(database.url(), &Settings { audit_retention: Some(Duration::from_secs(3600)), ..Settings::default() }).unwrap();
    database.execute(
        "INSERT INTO replay_guards SELECT 'c', sha256(n::text::bytea), substr(sha256(n::text::bytea), 1, 16), \
           now() + CASE WHEN n <= 5000 THEN interval '-700 s' ELSE interval '-500 s' END FROM generate_series(1, 5100) n; \
         INSERT INTO opaque_tokens SELECT sha256(n::text::bytea), sha256(n::text::bytea), 'c', '{}', now(), \
           now() + CASE WHEN n <= 30 THEN interval '-700 s' ELSE interval '60 s' END FROM generate_series(1, 50) n; \
         INSERT INTO revocations SELECT sha256(n::text::bytea), 'c', now(), \
           now() + CASE WHEN n <= 30 THEN interval '-700 s' ELSE interval '60 s' END FROM generate_series(1, 50) n; \
         INSERT INTO token_audit SELECT substr(sha256(n::text::bytea), 1, 16), now() - n * interval '600 s', NULL, 'c', 'g', 'o', NULL, '', '[]', '', '{}', 'r', 'n', NULL \
           FROM generate_series(1, 10) n",
    );
    let swept = store.sweep().await.unwrap();
    assert_eq!((swept.guards, swept.tokens, swept.revocations, swept.records), (5000, 30, 30, 5));
    assert_eq!(store.sweep().await.unwrap().total(), 0);
    assert_eq!(database.number("SELECT count(*) AS number FROM replay_guards"), 100);
}

#[tokio::test]
async fn a_node_that_missed_swept_changes_reloads_everything() {
    let database = TestDatabase::migrated();
    let store = database.store();
    for name in ["a", "b", "c"] {
        store.create_client("root", client(name)).await.unwrap();
    }
    database.execute("UPDATE changes SET changed_at = now() - interval '2 h' WHERE generation <= 2");
    assert_eq!(store.sweep().await.unwrap().changes, 2);
    assert_eq!(store.changes_since(1).await.unwrap().reload, Reload::Everything);
    let Reload::Entities(entities) = store.changes_since(2).await.unwrap().reload else { panic!("the last change is still known") };
    assert_eq!(entities.len(), 1);
}

#[tokio::test]
async fn expiry_keeps_up_with_issuance() {
    // One round removes fifty thousand rows; the writer's best is a few ten thousand a second.
    let database = TestDatabase::migrated();
    let store = database.store();
    database.execute(
        "INSERT INTO replay_guards SELECT 'c', sha256(n::text::bytea), substr(sha256(n::text::bytea), 1, 16), now() - interval '1 h' \
         FROM generate_series(1, 50000) n",
    );
    assert_eq!(store.sweep().await.unwrap().guards, 50_000);
}

fn described(name: &str, good_until: i64) -> DocumentClient {
    let document = KeptDocument { digest: Digest::of(name.as_bytes()), good_until: Timestamp::from_seconds(good_until) };
    DocumentClient { client: client(name), document, replaces: None, ask_again: false }
}

#[tokio::test]
async fn clients_with_documents_go_when_nobody_has_anything_with_them() {
    let database = TestDatabase::migrated();
    let store = database.store();
    for (name, good_until) in [("used", 100), ("new", 300), ("gone", 100)] {
        store.keep_document_client(described(name, good_until), 3).await.unwrap();
    }
    store.create_client("root", client("registered")).await.unwrap();
    let full = store.keep_document_client(described("one too many", 100), 3).await;
    assert!(matches!(full, Err(Fault::Full { .. })), "{full:?}");
    let again = store.keep_document_client(described("used", 100), 9).await;
    assert!(matches!(again, Err(Fault::Exists { .. })), "{again:?}");
    // A registered client is not taken for one that describes itself.
    assert!(store.keep_document_client(described("registered", 100), 9).await.is_err());
    database.execute(
        "INSERT INTO users (user_id, username, username_key, enabled, claims, attributes) \
           VALUES ('usr_AAAAAAAAAAAAAAAAAAAAAA', 'u', 'u', true, '{}', '{}'); \
         INSERT INTO consents (user_id, client_id, scopes, claims) VALUES ('usr_AAAAAAAAAAAAAAAAAAAAAA', 'used', '{}', '{}')",
    );
    assert_eq!(store.sweep_client_documents(Timestamp::from_seconds(200)).await.unwrap(), 1);
    assert_eq!(store.sweep_client_documents(Timestamp::from_seconds(200)).await.unwrap(), 0);
    let mut left: Vec<String> =
        store.list_clients(None, None, 9).await.unwrap().into_iter().map(|held| held.client.id.to_string()).collect();
    left.sort();
    assert_eq!(left, ["new", "registered", "used"]);
    // A client that has become another is agreed to anew.
    let changed = DocumentClient { replaces: Some(1), ask_again: true, ..described("used", 400) };
    store.keep_document_client(changed, 3).await.unwrap();
    assert_eq!(database.number("SELECT count(*) AS number FROM consents"), 0);
}
