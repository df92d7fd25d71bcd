//! Strangers who guess, and people whom they must not keep out.

use std::sync::Arc;

use claimsmith_shell::people::Origin;

use crate::rig::{Rig, from_network, is_throttled, is_wrong, now, room, secret, settings};

const HOME: &str = "192.0.2.7";
const STRANGER: &str = "203.0.113.9";

#[tokio::test]
async fn sec_008_a_network_that_guesses_at_an_account_waits_and_others_do_not() {
    let rig = Rig::new();
    rig.register("alice", "correct horse").await;
    for _ in 0..3 {
        assert!(is_wrong(&rig.sign_in("alice", "guess", STRANGER).await));
    }
    assert!(is_throttled(&rig.sign_in("alice", "correct horse", STRANGER).await), "even the right one is not looked at");
    assert!(rig.sign_in("alice", "correct horse", HOME).await.is_ok());
    // An account that there is not is counted in the same way.
    for _ in 0..3 {
        assert!(is_wrong(&rig.sign_in("nobody", "guess", STRANGER).await));
    }
    assert!(is_throttled(&rig.sign_in("NOBODY", "guess", STRANGER).await));
}

#[tokio::test]
async fn sec_008_nodes_count_together() {
    let rig = Rig::new();
    rig.register("alice", "correct horse").await;
    let second = room(settings(), &Arc::new(rig.database.store()));
    for number in 0..3 {
        let password = secret("guess");
        let node = if number % 2 == 0 { &rig.people } else { &second };
        assert!(is_wrong(&node.sign_in_with_password("alice", &password, from_network(STRANGER), now()).await));
    }
    for node in [&rig.people, &second] {
        assert!(is_throttled(&node.sign_in_with_password("alice", &secret("guess"), from_network(STRANGER), now()).await));
    }
}

#[tokio::test]
async fn sec_008_guesses_from_everywhere_leave_each_network_one_try_and_nobody_is_shut_out() {
    let rig = Rig::new();
    rig.register("alice", "correct horse").await;
    for number in 1..=6 {
        assert!(is_wrong(&rig.sign_in("alice", "guess", &format!("198.51.100.{number}")).await));
    }
    // Now a network has one try, not three.
    assert!(is_wrong(&rig.sign_in("alice", "guess", STRANGER).await));
    assert!(is_throttled(&rig.sign_in("alice", "guess", STRANGER).await));
    assert!(rig.sign_in("alice", "correct horse", HOME).await.is_ok(), "and the person has theirs");
    assert!(rig.sign_in("alice", "correct horse", HOME).await.is_ok(), "as often as they are right");
}

#[tokio::test]
async fn sec_008_a_network_is_counted_across_accounts() {
    let rig = Rig::new();
    rig.register("alice", "correct horse").await;
    for number in 0..20 {
        assert!(is_wrong(&rig.sign_in(&format!("user{number}"), "guess", STRANGER).await));
    }
    assert!(is_throttled(&rig.sign_in("alice", "correct horse", STRANGER).await));
    assert!(rig.sign_in("alice", "correct horse", HOME).await.is_ok());
}

#[tokio::test]
async fn sec_008_a_browser_that_is_known_is_not_hindered_by_a_stranger_in_the_same_network() {
    let rig = Rig::new();
    let alice = rig.register("alice", "correct horse").await;
    let bob = rig.register("bob", "battery staple").await;
    let cookie = rig.people.device_cookie(&alice, now()).unwrap();
    let with = |cookie: &str, name: &str, password: &str| {
        let (cookie, name, password) = (cookie.to_owned(), name.to_owned(), secret(password));
        let people = &rig.people;
        async move {
            let origin = Origin { address: HOME.parse().unwrap(), device: Some(&cookie) };
            people.sign_in_with_password(&name, &password, origin, now()).await
        }
    };
    for _ in 0..3 {
        assert!(is_wrong(&rig.sign_in("alice", "guess", HOME).await));
    }
    assert!(is_throttled(&rig.sign_in("alice", "correct horse", HOME).await));
    assert!(with(&cookie, "alice", "correct horse").await.is_ok());
    // It has a measure of its own, and is worth nothing for another account.
    for _ in 0..2 {
        assert!(is_wrong(&with(&cookie, "alice", "guess").await));
    }
    assert!(is_throttled(&with(&cookie, "alice", "guess").await));
    for _ in 0..3 {
        assert!(is_wrong(&with(&cookie, "bob", "guess").await));
    }
    assert!(is_throttled(&with(&cookie, "bob", "battery staple").await));
    let bobs = rig.people.device_cookie(&bob, now()).unwrap();
    assert!(with(&bobs, "bob", "battery staple").await.is_ok());
}

#[tokio::test]
async fn sec_008_many_guesses_at_once_are_no_way_around() {
    let rig = Arc::new(Rig::new());
    rig.register("alice", "correct horse").await;
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..16 {
        let rig = Arc::clone(&rig);
        guesses.spawn(async move { rig.sign_in("alice", &format!("guess {number}"), STRANGER).await });
    }
    let looked_at = guesses.join_all().await.iter().filter(|result| is_wrong(result)).count();
    assert!(looked_at <= 3, "{looked_at}");
    assert!(is_throttled(&rig.sign_in("alice", "correct horse", STRANGER).await) || looked_at < 3);
}

#[tokio::test]
async fn sec_008_codes_are_not_guessed() {
    let rig = Rig::new();
    let alice = rig.register("alice", "correct horse").await;
    for number in 0..4 {
        let from = format!("198.51.100.{number}");
        assert!(is_wrong(&rig.people.verify_totp(&alice, "000000", from_network(&from), now()).await));
    }
    assert!(is_throttled(&rig.people.verify_totp(&alice, "000000", from_network(HOME), now()).await), "wherever it comes from");
    assert!(is_throttled(&rig.people.verify_recovery_code(&alice, "x", from_network(HOME), now()).await));
    let cookie = rig.people.device_cookie(&alice, now()).unwrap();
    let known = Origin { address: HOME.parse().unwrap(), device: Some(&cookie) };
    assert!(is_wrong(&rig.people.verify_totp(&alice, "000000", known, now()).await), "the person's own browser");
}
