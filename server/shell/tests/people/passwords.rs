//! Signing in with a password, and changing it.

use std::time::{Duration, Instant};

use claimsmith_issuer::assurance::Method;
use claimsmith_issuer::person::Person;
use claimsmith_shell::people::{EnrolFailure, PasswordChange, PasswordRefusal, PeopleSettings};
use claimsmith_shell::secret_desk::recognise_phc;

use crate::rig::{CHEAP, Rig, from_network, is_wrong, now, secret, settings};

const HOME: &str = "192.0.2.7";

#[tokio::test]
async fn who_knows_the_password_is_in_and_amr_says_how() {
    let rig = Rig::new();
    let alice = rig.register("Alice", "correct horse").await;
    let verified = rig.sign_in(" aLICE ", "correct horse", HOME).await.unwrap();
    assert_eq!((verified.user.person.id.clone(), verified.at), (alice, now()));
    assert_eq!((verified.methods.as_slice(), verified.amr()), (&[Method::Password][..], vec!["pwd"]));
    assert!(is_wrong(&rig.sign_in("alice", "Correct horse", HOME).await));
}

#[tokio::test]
async fn every_failure_reads_the_same() {
    let rig = Rig::new();
    rig.register("alice", "correct horse").await;
    rig.register_with_hash("keyonly", None).await;
    rig.register_with_hash("broken", Some("$unknown$hash")).await;
    let bob = rig.register("bob", "correct horse").await;
    rig.store.update_user("test", "disable", Person { enabled: false, ..rig.person(&bob).await }, None).await.unwrap();
    let mut texts = Vec::new();
    for (name, password) in [
        ("alice", "wrong horse"),
        ("nobody", "x"),
        ("keyonly", "x"),
        ("keyonly", ""),
        ("broken", "x"),
        ("bob", "correct horse"),
        ("a b", "x"),
        ("", ""),
    ] {
        let refused = rig.sign_in(name, password, HOME).await;
        assert!(is_wrong(&refused), "{name}: {refused:?}");
        texts.push(refused.unwrap_err().to_string());
    }
    texts.dedup();
    assert_eq!(texts, ["that did not work"]);
}

#[tokio::test]
async fn a_password_that_is_too_long_is_not_computed() {
    let rig = Rig::new();
    let long = "x".repeat(65);
    let id = rig.register_with_hash("alice", Some(&sha_of(&long))).await;
    assert!(is_wrong(&rig.sign_in("alice", &long, HOME).await), "longer than a password may be");
    rig.store.set_password("test", &id, Some(sha_of(&long[1..]).into()), None).await.unwrap();
    assert!(rig.sign_in("alice", &long[1..], HOME).await.is_ok());
}

/// `{SHA256}` of LDAP.
fn sha_of(password: &str) -> String {
    let digest = claimsmith_jose::Digest::of(password.as_bytes());
    format!("{{SHA256}}{}=", claimsmith_jose::base64url::encode(digest.as_bytes()).replace('-', "+").replace('_', "/"))
}

#[tokio::test]
async fn a_failure_leaves_at_a_steady_time_and_a_success_at_once() {
    let quantum = Duration::from_millis(400);
    let rig = Rig::with(PeopleSettings { refusal_quantum: quantum, ..settings() });
    rig.register("alice", "correct horse").await;
    for (name, password) in [("alice", "wrong horse"), ("nobody", "correct horse")] {
        let began = Instant::now();
        assert!(is_wrong(&rig.sign_in(name, password, HOME).await));
        assert!(began.elapsed() >= quantum, "{name}");
    }
}

#[tokio::test]
async fn an_imported_hash_is_made_anew_at_the_first_sign_in() {
    let rig = Rig::new();
    // "Grüße, 7 Zwerge!" by libxcrypt and OpenLDAP's way of salting.
    let imported = [
        ("bcrypt", "$2y$05$abcdefghijklmnopqrstuuESdCDMdmLExAFg2wUDxV7tyj.qCTVry"),
        ("ldap", "{SSHA}nFHR7tnUXto5DnTc6+WuAqKc0flzYWx0"),
        ("django", "pbkdf2_sha256$1000$seasalt$tkBGwZFwnFltXfXZRV9NVU4cdb/l4JpwUYXYxZU5tug="),
    ];
    for (name, hash) in imported {
        let id = rig.register_with_hash(name, Some(hash)).await;
        let before = rig.store.load_user(&id).await.unwrap().unwrap();
        assert!(is_wrong(&rig.sign_in(name, "grüße", HOME).await));
        assert_eq!(rig.hash_of(&id).await, hash, "a wrong password changes nothing");
        assert!(rig.sign_in(name, "Grüße, 7 Zwerge!", HOME).await.is_ok(), "{name}");
        let better = rig.hash_of(&id).await;
        assert_eq!(recognise_phc(&better), Ok(CHEAP), "{name}");
        assert!(rig.sign_in(name, "Grüße, 7 Zwerge!", HOME).await.is_ok(), "{name}");
        let after = rig.store.load_user(&id).await.unwrap().unwrap();
        assert_eq!(rig.hash_of(&id).await, better, "and only once");
        assert_eq!((after.version, after.updated_at), (before.version, before.updated_at));
        assert_eq!(after.password.unwrap().changed_at, before.password.unwrap().changed_at);
    }
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let rig = Rig::new();
    let alice = rig.register("alice", "correct horse").await;
    let change = async |present: &str, new: &str| {
        let (present, new) = (secret(present), secret(new));
        let change = PasswordChange { present: &present, new: &new, session: None };
        rig.people.change_password(&alice, change, from_network(HOME), now()).await
    };
    assert!(matches!(change("wrong horse", "battery staple").await, Err(EnrolFailure::SignIn(_))));
    assert!(matches!(change("correct horse", "short").await, Err(EnrolFailure::Password(PasswordRefusal::Length(_)))));
    change("correct horse", "battery staple").await.unwrap();
    assert!(is_wrong(&rig.sign_in("alice", "correct horse", HOME).await));
    assert!(rig.sign_in("alice", "battery staple", HOME).await.is_ok());
    let records = rig.store.admin_records(None, 1).await.unwrap();
    assert_eq!((records[0].action.as_str(), records[0].actor.as_str()), ("set_password", alice.as_str()));
}
