//! Signing keys, the master key's check value, and sealing everything anew.

use claimsmith_issuer::client::{Authentication, SecretMethod, StoredSecret};
use claimsmith_issuer::person::{Person, UserId, Username};
use claimsmith_jose::SigningAlg;
use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{Fault, KeyLife, KeyRow, MasterKeyCheck, Store};

use crate::samples::{client, in_seconds, secret};

fn key(kid: &str) -> KeyRow {
    KeyRow {
        kid: kid.into(),
        alg: SigningAlg::Es256,
        sealed_private: b"old".to_vec(),
        life: KeyLife::Current { active_from_at: in_seconds(0) },
    }
}

async fn filled(database: &TestDatabase) -> Store {
    let store = database.store();
    store.save_key("root", key("k1"), vec![]).await.unwrap();
    let mut client = client("c");
    let sealed = StoredSecret { sealed: Some(b"old".to_vec().into()), ..secret(store.next_secret_id().await.unwrap(), "s") };
    let plain = secret(store.next_secret_id().await.unwrap(), "t");
    client.authentication = Authentication::Secret { method: SecretMethod::Basic, secrets: vec![sealed, plain] };
    store.create_client("root", client).await.unwrap();
    let id = UserId::from_random([1; 16]);
    store.create_user("root", Person::new(id.clone(), Username::parse("alice").unwrap()), None).await.unwrap();
    store.save_totp("root", &id, b"old".to_vec(), 0).await.unwrap();
    store.server_secret("people", b"old".to_vec()).await.unwrap();
    store
}

#[tokio::test]
async fn key_002_a_rotation_keeps_the_old_key_published() {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.save_key("root", key("k1"), vec![]).await.unwrap();
    let (retired_at, until) = (in_seconds(0), in_seconds(3600));
    let next = KeyRow { life: KeyLife::Current { active_from_at: in_seconds(60) }, ..key("k2") };
    store.save_key("root", next.clone(), vec![("k1".into(), retired_at, until)]).await.unwrap();
    let keys = store.list_keys().await.unwrap();
    assert_eq!(keys[1], next);
    assert!(matches!(keys[0].life, KeyLife::Retired { published_until_at, .. } if published_until_at == until));
    store.retire_key("root", "k1", retired_at, in_seconds(9999)).await.unwrap();
    assert_eq!(store.list_keys().await.unwrap()[0], keys[0], "a second retirement must not lengthen the life");
    store.delete_key("root", "k1").await.unwrap();
    assert_eq!(store.load_policy().await.unwrap().keys, [next]);
    assert!(matches!(store.retire_key("root", "k1", retired_at, until).await, Err(Fault::Missing { .. })));
    assert!(matches!(store.save_key("root", key("k2"), vec![]).await, Err(Fault::Exists { .. })));
}

#[tokio::test]
async fn the_first_master_key_wins() {
    let database = TestDatabase::migrated();
    let store = std::sync::Arc::new(database.store());
    assert_eq!(store.master_key_check().await.unwrap(), None);
    let tasks: Vec<_> = (0..4_u8)
        .map(|number| {
            let store = std::sync::Arc::clone(&store);
            let check = MasterKeyCheck { key_id: format!("{number}"), check_value: vec![number] };
            tokio::spawn(async move { store.adopt_master_key("node", check).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "two nodes work with different master keys");
    assert_eq!(store.master_key_check().await.unwrap(), answers.pop());
}

#[tokio::test]
async fn resealing_changes_every_value_with_the_check_value_or_nothing() {
    let database = TestDatabase::migrated();
    let store = filled(&database).await;
    let places: Vec<_> = store.sealed_values().await.unwrap().into_iter().map(|value| (value.place.table, value.place.column)).collect();
    assert_eq!(
        places,
        [
            ("signing_keys", "sealed_private"),
            ("client_secrets", "sealed"),
            ("user_totp", "sealed_secret"),
            ("server_secrets", "sealed_secret")
        ]
    );

    let check = MasterKeyCheck { key_id: "new".to_owned(), check_value: b"check".to_vec() };
    let failing = |value: &claimsmith_store::SealedValue| match value.place.table {
        "client_secrets" => Err("wrong key".to_owned()),
        _ => Ok(Some(b"new".to_vec())),
    };
    assert!(store.reseal("root", check.clone(), failing).await.is_err());
    assert!(store.sealed_values().await.unwrap().iter().all(|value| value.sealed == b"old"));
    assert_eq!(store.master_key_check().await.unwrap(), None);

    assert_eq!(store.reseal("root", check.clone(), |_| Ok(Some(b"new".to_vec()))).await.unwrap().value, 4);
    assert!(store.sealed_values().await.unwrap().iter().all(|value| value.sealed == b"new"));
    assert_eq!(store.master_key_check().await.unwrap(), Some(check));
}

#[test]
fn no_sealed_column_is_forgotten() {
    let database = TestDatabase::migrated();
    let columns = database.texts(
        "SELECT table_name || '.' || column_name AS text FROM information_schema.columns \
         WHERE table_schema = 'public' AND column_name LIKE 'sealed%' ORDER BY 1",
    );
    let columns: Vec<String> = columns.into_iter().flatten().collect();
    assert_eq!(
        columns,
        [
            "backchannel_notices.sealed_request",
            "backchannel_notices.sealed_tokens",
            "client_secrets.sealed",
            "server_secrets.sealed_secret",
            "signing_keys.sealed_private",
            "user_totp.sealed_secret"
        ]
    );
}
