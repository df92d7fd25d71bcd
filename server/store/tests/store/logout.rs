//! What clients are owed when a session ends: written with its end, delivered by one node at a time, ended when done.

use claimsmith_issuer::person::{Person, UserId, Username};
use claimsmith_protocol::registration::Registration;
use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{EndedSessions, LogoutDelivery, Store};

use crate::samples::{client, now};

/// A person with two sessions: the first had three clients, of which two are told; the second had one.
async fn rig(database: &TestDatabase) -> (Store, UserId) {
    let store = database.store();
    let user = UserId::from_random([1; 16]);
    store.create_user("root", Person::new(user.clone(), Username::parse("alice").unwrap()), None).await.unwrap();
    let told = r#"{"redirect_uris":["https://app.example/cb"],"backchannel_logout_uri":"https://app.example/out"}"#;
    for (name, registration) in [("told", told), ("other", told), ("deaf", "{}")] {
        let mut client = client(name);
        client.registration = Box::new(Registration::from_text(registration).unwrap());
        store.create_client("root", client).await.unwrap();
    }
    for (id, cookie) in [("s1", "a"), ("s2", "b")] {
        database.execute(&format!(
            "INSERT INTO sessions (session_id, cookie_digest, user_id, methods, attributes, address, user_agent, authenticated_at, expires_at) \
             VALUES ('{id}', sha256('{cookie}'), '{user}', '{{}}', '{{}}', '', '', now(), now() + interval '1 h')"
        ));
    }
    database.execute("INSERT INTO session_clients VALUES ('s1', 'told'), ('s1', 'other'), ('s1', 'deaf'), ('s2', 'told')");
    (store, user)
}

fn names(taken: &[LogoutDelivery]) -> Vec<(&str, &str, u32)> {
    let mut names: Vec<_> = taken.iter().map(|held| (held.client_id.as_str(), &*held.session_id, held.attempt)).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn bcl_009_the_end_of_a_session_is_owed_to_its_clients_once() {
    let database = TestDatabase::migrated();
    let (store, user) = rig(&database).await;
    assert!(store.take_logout_deliveries(10, 60).await.unwrap().is_empty());
    for _ in 0..2 {
        store.end_sessions(EndedSessions::One("s1".into()), now()).await.unwrap();
    }
    let taken = store.take_logout_deliveries(10, 60).await.unwrap();
    assert_eq!(names(&taken), [("other", "s1", 1), ("told", "s1", 1)]);
    assert!(taken.iter().all(|held| held.user_id == user));
    assert!(store.take_logout_deliveries(10, 60).await.unwrap().is_empty(), "they are in somebody's hands");
    store.settle_logout_delivery(&taken[0]).await.unwrap();
    assert_eq!(database.number("SELECT count(*) AS number FROM logout_deliveries"), 1);
}

#[tokio::test]
async fn bcl_001_whichever_way_sessions_end_and_whatever_becomes_of_the_person() {
    let database = TestDatabase::migrated();
    let (store, user) = rig(&database).await;
    store.end_sessions(EndedSessions::OfUserBut(user.clone(), "s1".into()), now()).await.unwrap();
    assert_eq!(names(&store.take_logout_deliveries(10, 60).await.unwrap()), [("told", "s2", 1)]);
    store.end_sessions(EndedSessions::OfUser(user.clone()), now()).await.unwrap();
    store.delete_user("root", &user, None).await.unwrap();
    assert_eq!(names(&store.take_logout_deliveries(10, 60).await.unwrap()), [("other", "s1", 1), ("told", "s1", 1)]);
}

#[tokio::test]
async fn bcl_007_what_was_not_delivered_is_due_again_and_outlives_the_node() {
    let database = TestDatabase::migrated();
    let (store, _) = rig(&database).await;
    store.end_sessions(EndedSessions::One("s2".into()), now()).await.unwrap();
    let taken = store.take_logout_deliveries(10, 0).await.unwrap();
    assert_eq!(names(&taken), [("told", "s2", 1)]);
    drop(store);
    let store = database.store();
    let again = store.take_logout_deliveries(10, 60).await.unwrap();
    assert_eq!(names(&again), [("told", "s2", 2)], "the lease of a node that went down is over");
    store.postpone_logout_delivery(&taken[0], 0).await.unwrap();
    assert!(store.take_logout_deliveries(10, 60).await.unwrap().is_empty(), "it is somebody else's by now");
    store.postpone_logout_delivery(&again[0], 0).await.unwrap();
    assert_eq!(names(&store.take_logout_deliveries(10, 60).await.unwrap()), [("told", "s2", 3)]);
    database.execute("UPDATE logout_deliveries SET attempt_at = now() - interval '1 d', expires_at = now() - interval '1 d'");
    assert!(store.take_logout_deliveries(10, 60).await.unwrap().is_empty(), "nobody tries for ever");
    assert_eq!(store.sweep().await.unwrap().sessions, 1);
}

#[tokio::test]
async fn bcl_009_nodes_that_look_at_once_get_different_ones() {
    let database = TestDatabase::migrated();
    let (store, user) = rig(&database).await;
    store.end_sessions(EndedSessions::OfUser(user), now()).await.unwrap();
    let other = database.store();
    let (one, two) = tokio::join!(store.take_logout_deliveries(2, 60), other.take_logout_deliveries(2, 60));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.iter().all(|held| !two.contains(held)));
    let rest = store.take_logout_deliveries(10, 60).await.unwrap();
    assert_eq!(one.len() + two.len() + rest.len(), 3);
}
