//! People: there and back, one name each, second factors once each, failures that all nodes count.

use std::sync::Arc;
use std::time::Duration;

use claimsmith_issuer::assurance::Enrolled;
use claimsmith_issuer::person::{Person, UserId, Username};
use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{Bucket, EntityKind, Fault, PasskeyRecord, Reload, Store, UserFilter, UserLink, UserRecord};

use crate::samples::{digest, now};

fn user_id(number: u8) -> UserId {
    UserId::from_random([number; 16])
}

fn username(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn person(number: u8, name: &str) -> Person {
    Person {
        claims: format!(r#"{{"email":"{name}@Example.org","name#de":"Ä"}}"#).into(),
        attributes: r#"{"tier":{"a":1}}"#.into(),
        ..Person::new(user_id(number), username(name))
    }
}

async fn read(store: &Store, number: u8) -> UserRecord {
    store.load_user(&user_id(number)).await.unwrap().unwrap()
}

#[tokio::test]
async fn people_come_back_as_they_were() {
    let database = TestDatabase::migrated();
    let store = database.store();
    let alice = person(1, "Alice");
    store.create_user("root", alice.clone(), Some("$argon2id$x".into())).await.unwrap();
    let found = store.find_user(&username("aLICE")).await.unwrap().unwrap();
    assert_eq!(format!("{:?}", found.person), format!("{alice:?}"));
    assert_eq!((found.version, found.enrolled), (1, Enrolled::default()));
    assert_eq!(&*found.password.unwrap().hash, "$argon2id$x");
    store.create_user("root", person(2, "bob"), None).await.unwrap();
    assert!(read(&store, 2).await.password.is_none());
    assert!(store.find_user(&username("carol")).await.unwrap().is_none());
    assert!(store.load_user(&user_id(3)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_username_is_one_persons_whatever_its_capitals() {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.create_user("root", person(1, "Alice"), None).await.unwrap();
    store.create_user("root", person(2, "bob"), None).await.unwrap();
    assert!(matches!(store.create_user("root", person(3, "ALICE"), None).await, Err(Fault::Exists { kind: "user", .. })));
    let renamed = Person { username: username("alicE"), ..person(2, "bob") };
    assert!(matches!(store.update_user("root", "update", renamed, None).await, Err(Fault::Exists { kind: "user", .. })));
}

#[tokio::test]
async fn clm_018_an_edit_moves_updated_at_and_a_sign_in_does_not() {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.create_user("root", person(1, "alice"), Some("old".into())).await.unwrap();
    database
        .execute("UPDATE users SET updated_at = updated_at - interval '1 h', password_changed_at = password_changed_at - interval '1 h'");
    let before = read(&store, 1).await;
    assert!(store.rehash_password(&user_id(1), "old", "better").await.unwrap());
    assert!(!store.rehash_password(&user_id(1), "old", "worse").await.unwrap(), "not over another hash");
    let after = read(&store, 1).await;
    assert_eq!((after.updated_at, after.version), (before.updated_at, 1));
    let (was, is) = (before.password.unwrap(), after.password.unwrap());
    assert_eq!((is.changed_at, &*is.hash), (was.changed_at, "better"));

    let mut edited = person(1, "alice");
    edited.claims = r#"{"email":"new@example.org"}"#.into();
    assert_eq!(store.update_user("root", "update", edited, Some(1)).await.unwrap().value, 2);
    let after = read(&store, 1).await;
    assert!(after.updated_at.since(before.updated_at) >= 3599);
    assert_eq!(after.person.standard_claims(after.updated_at)["updated_at"], after.updated_at.seconds());
    assert_eq!(&*after.password.unwrap().hash, "better", "an edit leaves the password alone");
}

#[tokio::test]
async fn sub_008_who_is_deleted_and_registered_again_is_somebody_else() {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.create_user("root", person(1, "alice"), Some("x".into())).await.unwrap();
    assert!(matches!(store.delete_user("root", &user_id(1), Some(7)).await, Err(Fault::Conflict { .. })));
    store.save_totp("root", &user_id(1), b"sealed".to_vec(), 5).await.unwrap();
    store.replace_recovery_codes("root", &user_id(1), vec![digest("a")]).await.unwrap();
    store.delete_user("root", &user_id(1), Some(1)).await.unwrap();
    store.create_user("root", person(2, "alice"), None).await.unwrap();
    let again = store.find_user(&username("alice")).await.unwrap().unwrap();
    assert_ne!(again.person.id, user_id(1));
    assert_eq!(again.enrolled, Enrolled::default());
    assert!(matches!(store.delete_user("root", &user_id(1), None).await, Err(Fault::Missing { kind: "user", .. })));
    // No subject is a name: the database itself has only random ids.
    assert_eq!(database.number("SELECT count(*) AS number FROM users WHERE user_id IN (username, username_key)"), 0);
}

#[tokio::test]
async fn a_password_is_set_and_taken_away() {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.create_user("root", person(1, "alice"), None).await.unwrap();
    assert_eq!(store.set_password("root", &user_id(1), Some("h".into()), Some(1)).await.unwrap().value, 2);
    assert!(matches!(store.set_password("root", &user_id(1), None, Some(1)).await, Err(Fault::Conflict { .. })));
    let changed_at = read(&store, 1).await.password.unwrap().changed_at;
    assert!(now().since(changed_at).abs() < 60);
    store.set_password("root", &user_id(1), None, None).await.unwrap();
    assert!(read(&store, 1).await.password.is_none());
    assert!(matches!(store.set_password("root", &user_id(9), None, None).await, Err(Fault::Missing { .. })));
}

#[tokio::test]
async fn lists_go_page_by_page_and_find_by_name_and_address() {
    let database = TestDatabase::migrated();
    let store = database.store();
    for (number, name) in [(1, "alice"), (2, "bob"), (3, "carol")] {
        store.create_user("root", person(number, name), None).await.unwrap();
    }
    store.save_totp("root", &user_id(2), b"sealed".to_vec(), 5).await.unwrap();
    let names = |records: Vec<UserRecord>| records.into_iter().map(|r| r.person.username.to_string()).collect::<Vec<_>>();
    let all = UserFilter::default;
    let mut ids: Vec<UserId> = [1, 2, 3].map(user_id).into();
    ids.sort();
    let first = store.list_users(None, all(), 2).await.unwrap();
    assert_eq!(first.iter().map(|r| r.person.id.clone()).collect::<Vec<_>>(), ids[..2]);
    assert_eq!(store.list_users(Some(ids[1].clone()), all(), 9).await.unwrap().len(), 1);
    let bob = store.list_users(None, UserFilter { username: Some(username("BOB")), ..all() }, 9).await.unwrap();
    assert!(bob[0].enrolled.totp);
    assert_eq!(names(bob), ["bob"]);
    let found = store.list_users(None, UserFilter { email: Some("CAROL@example.ORG".into()), ..all() }, 9).await.unwrap();
    assert_eq!(names(found), ["carol"]);
    assert!(store.list_users(None, UserFilter { email: Some("x".into()), ..all() }, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_code_of_an_app_is_good_once_however_many_try() {
    let database = TestDatabase::migrated();
    let store = Arc::new(database.store());
    store.create_user("root", person(1, "alice"), None).await.unwrap();
    store.save_totp("user", &user_id(1), b"sealed".to_vec(), 100).await.unwrap();
    assert!(!store.spend_totp_step(&user_id(1), 100).await.unwrap(), "the code that set it up");
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.spend_totp_step(&user_id(1), 101).await.unwrap() })
        })
        .collect();
    let mut won = 0;
    for one in tries {
        won += i32::from(one.await.unwrap());
    }
    assert_eq!(won, 1);
    assert!(!store.spend_totp_step(&user_id(1), 99).await.unwrap());
    let totp = store.load_totp(&user_id(1)).await.unwrap().unwrap();
    assert_eq!((totp.last_step, totp.sealed_secret.as_slice(), totp.last_used_at.is_some()), (101, &b"sealed"[..], true));
    store.delete_totp("root", &user_id(1)).await.unwrap();
    assert!(store.load_totp(&user_id(1)).await.unwrap().is_none());
    assert!(matches!(store.delete_totp("root", &user_id(1)).await, Err(Fault::Missing { .. })));
    assert!(!store.spend_totp_step(&user_id(1), 999).await.unwrap());
}

#[tokio::test]
async fn recovery_codes_are_good_once_and_for_one_person() {
    let database = TestDatabase::migrated();
    let store = database.store();
    for (number, name) in [(1, "alice"), (2, "bob")] {
        store.create_user("root", person(number, name), None).await.unwrap();
    }
    store.replace_recovery_codes("user", &user_id(1), vec![digest("a"), digest("b")]).await.unwrap();
    assert_eq!(read(&store, 1).await.enrolled.recovery_codes, 2);
    assert!(!store.spend_recovery_code(&user_id(2), digest("a")).await.unwrap());
    assert!(store.spend_recovery_code(&user_id(1), digest("a")).await.unwrap());
    assert!(!store.spend_recovery_code(&user_id(1), digest("a")).await.unwrap());
    store.replace_recovery_codes("user", &user_id(1), vec![digest("c")]).await.unwrap();
    assert!(!store.spend_recovery_code(&user_id(1), digest("b")).await.unwrap());
    store.replace_recovery_codes("user", &user_id(1), vec![]).await.unwrap();
    assert_eq!(read(&store, 1).await.enrolled.recovery_codes, 0);
}

#[tokio::test]
async fn passkeys_belong_to_one_person() {
    let database = TestDatabase::migrated();
    let store = database.store();
    for (number, name) in [(1, "alice"), (2, "bob")] {
        store.create_user("root", person(number, name), None).await.unwrap();
    }
    let passkey = |number: u8, id: &[u8]| PasskeyRecord {
        credential_id: id.to_vec(),
        user_id: user_id(number),
        name: "Laptop".into(),
        credential: r#"{"counter":0}"#.into(),
        created_at: now(),
        last_used_at: None,
    };
    store.save_passkey("user", passkey(1, b"one")).await.unwrap();
    store.save_passkey("user", passkey(1, b"two")).await.unwrap();
    assert!(matches!(store.save_passkey("user", passkey(2, b"one")).await, Err(Fault::Exists { .. })));
    assert!(store.touch_passkey(b"one", r#"{"counter":1}"#).await.unwrap());
    assert!(!store.touch_passkey(b"gone", "{}").await.unwrap());
    let held = store.list_passkeys(&user_id(1)).await.unwrap();
    assert_eq!((held.len(), read(&store, 1).await.enrolled.passkeys), (2, 2));
    let one = held.iter().find(|passkey| passkey.credential_id == b"one").unwrap();
    assert_eq!((&*one.credential, one.last_used_at.is_some(), &*one.name), (r#"{"counter":1}"#, true, "Laptop"));
    assert!(matches!(store.delete_passkey("user", &user_id(2), b"one").await, Err(Fault::Missing { .. })));
    store.delete_passkey("user", &user_id(1), b"one").await.unwrap();
    assert_eq!(store.list_passkeys(&user_id(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn sec_010_the_audit_of_people_tells_what_changed_and_nothing_personal() {
    let database = TestDatabase::migrated();
    let store = database.store();
    let before = store.generation().await.unwrap();
    store.create_user("root", person(1, "alice"), Some("hash-of-a-password".into())).await.unwrap();
    store.save_totp("root", &user_id(1), b"sealed-secret".to_vec(), 5).await.unwrap();
    store.rehash_password(&user_id(1), "hash-of-a-password", "another-hash").await.unwrap();
    store.spend_totp_step(&user_id(1), 6).await.unwrap();
    let records = store.admin_records(None, 9).await.unwrap();
    let told: Vec<_> = records.iter().map(|record| (record.action.as_str(), record.entity_kind.as_str())).collect();
    assert_eq!(told, [("set_totp", "user"), ("create", "user")], "using something is no change");
    let text = format!("{records:?}");
    for hidden in ["hash-of-a-password", "Example.org", &"sealed-secret".bytes().map(|b| format!("{b:02x}")).collect::<String>()] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    assert!(records[0].after.as_ref().unwrap().contains(r#""claims": ["email", "name#de"]"#));
    let Reload::Entities(entities) = store.changes_since(before).await.unwrap().reload else { panic!("nothing has been swept") };
    assert_eq!(entities, [(EntityKind::User, user_id(1).to_string())]);
}

fn bucket(name: &str, burst: u32, seconds: u64) -> Bucket {
    Bucket { digest: digest(name), burst, every: Duration::from_secs(seconds) }
}

#[tokio::test]
async fn sec_008_failures_are_counted_once_for_all_nodes() {
    let database = TestDatabase::migrated();
    let nodes = [Arc::new(database.store()), Arc::new(database.store())];
    let all_free = |waits: &[Duration]| waits.iter().all(Duration::is_zero);
    let tries: Vec<_> = (0..20)
        .map(|number: usize| {
            let store = Arc::clone(&nodes[number % 2]);
            // In either order: the rows are locked in one.
            let mut buckets = vec![bucket("pair", 5, 600), bucket("network", 50, 600)];
            if number.is_multiple_of(3) {
                buckets.reverse();
            }
            tokio::spawn(async move { store.charge(buckets, all_free).await.unwrap().charged })
        })
        .collect();
    let mut charged = 0;
    for one in tries {
        charged += i32::from(one.await.unwrap());
    }
    assert_eq!(charged, 5);
    let refused = nodes[0].charge(vec![bucket("pair", 5, 600), bucket("network", 50, 600)], all_free).await.unwrap();
    assert!(!refused.charged && refused.waits[1].is_zero());
    assert!((500..=600).contains(&refused.waits[0].as_secs()), "{:?}", refused.waits);
    nodes[1].refund(vec![bucket("pair", 5, 600)]).await.unwrap();
    assert!(nodes[0].charge(vec![bucket("pair", 5, 600)], all_free).await.unwrap().charged);
    assert!(!nodes[0].charge(vec![bucket("pair", 5, 600)], all_free).await.unwrap().charged);
}

#[tokio::test]
async fn sec_008_no_flood_fills_a_bucket_for_longer_than_its_burst_and_what_has_drained_is_swept() {
    let database = TestDatabase::migrated();
    let store = database.store();
    for _ in 0..20 {
        store.charge(vec![bucket("account", 3, 100)], |_| true).await.unwrap();
    }
    let wait = store.charge(vec![bucket("account", 3, 100)], |_| false).await.unwrap().waits[0];
    assert!(wait <= Duration::from_secs(100), "{wait:?}");
    database.execute("UPDATE sign_in_failures SET drained_at = now() - interval '1 s'");
    assert!(store.charge(vec![bucket("account", 3, 100)], |waits| waits[0].is_zero()).await.unwrap().charged);
    database.execute("UPDATE sign_in_failures SET drained_at = now() - interval '1 s'");
    assert_eq!(store.sweep().await.unwrap().failures, 1);
}

#[tokio::test]
async fn a_link_is_of_one_person_and_goes_with_them() {
    let database = TestDatabase::migrated();
    let store = database.store();
    let link = |issuer: &str, subject: &str| UserLink { issuer: issuer.into(), subject: subject.into() };
    let alice = link("https://up.example", "a");
    store.create_linked_user("upstream", person(1, "Alice"), alice.clone()).await.unwrap();
    assert_eq!(store.linked_user(alice.clone()).await.unwrap().unwrap().person.id, user_id(1));
    for other in [link("https://up.example", "A"), link("https://up.example/", "a"), link("https://other.example", "a")] {
        assert!(store.linked_user(other.clone()).await.unwrap().is_none(), "{other:?}");
    }
    // Neither the link nor the name twice, and then no person either.
    let twice = store.create_linked_user("upstream", person(2, "Bob"), alice.clone()).await;
    assert!(matches!(twice, Err(Fault::Exists { .. })), "{twice:?}");
    assert!(store.find_user(&username("bob")).await.unwrap().is_none());
    let named = store.create_linked_user("upstream", person(3, "alice"), link("https://up.example", "b")).await;
    assert!(matches!(named, Err(Fault::Exists { .. })), "{named:?}");
    store.delete_user("root", &user_id(1), None).await.unwrap();
    assert!(store.linked_user(alice).await.unwrap().is_none());
}
