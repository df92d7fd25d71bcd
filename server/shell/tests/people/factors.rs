//! Authenticator apps, recovery codes and passkeys.

use claimsmith_issuer::assurance::Method;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_shell::people::{EnrolFailure, PeopleSettings, RECOVERY_CODES};
use totp_rs::{Builder, Secret, Totp};

use crate::authenticator::Authenticator;
use crate::rig::{Rig, from_network, is_wrong, now, settings};

const HOME: &str = "192.0.2.7";

fn app(secret: &str) -> Totp {
    Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap()
}

fn later(seconds: u32) -> Timestamp {
    now().plus(Lifetime::from_seconds(seconds))
}

fn code(app: &Totp, at: Timestamp) -> String {
    app.generate(at.seconds() as u64).to_string()
}

#[tokio::test]
async fn an_app_is_set_up_with_its_first_code_and_each_code_is_good_once() {
    let rig = Rig::new();
    let alice = rig.register("alice", "correct horse").await;
    let bob = rig.register("bob", "correct horse").await;
    let enrolment = rig.people.start_totp_enrolment(&rig.person(&alice).await).unwrap();
    let app = app(enrolment.secret.expose());
    assert!(enrolment.uri.expose().starts_with("otpauth://totp/Test.%20Works:alice?secret="), "{}", enrolment.uri.expose());
    assert!(enrolment.qr_svg.expose().starts_with("<svg") && enrolment.qr_svg.expose().ends_with("</svg>"));
    assert!(!enrolment.state.contains(enrolment.secret.expose()));

    let finish = async |user, code: &str| rig.people.finish_totp_enrolment(user, &enrolment.state, code, now()).await;
    assert!(matches!(finish(&alice, "000000").await, Err(EnrolFailure::SignIn(_))));
    assert!(matches!(finish(&bob, &code(&app, now())).await, Err(EnrolFailure::SignIn(_))), "begun by another");
    assert!(!rig.store.load_user(&alice).await.unwrap().unwrap().enrolled.totp, "nothing is stored before");
    finish(&alice, &code(&app, now())).await.unwrap();

    let verify = async |code: String, at| rig.people.verify_totp(&alice, &code, from_network(HOME), at).await;
    assert!(is_wrong(&verify(code(&app, now()), now()).await), "the code that set it up");
    assert_eq!(verify(code(&app, later(30)), later(30)).await.unwrap(), Method::Totp);
    assert!(is_wrong(&verify(code(&app, later(30)), later(30)).await), "a second time");
    assert!(is_wrong(&verify(code(&app, now()), later(30)).await), "an earlier one");
    assert_eq!(verify(code(&app, later(60)), later(90)).await.unwrap(), Method::Totp, "a slow typist");
}

#[tokio::test]
async fn recovery_codes_are_good_once_each() {
    let rig = Rig::new();
    let alice = rig.register("alice", "correct horse").await;
    let codes = rig.people.new_recovery_codes(&alice).await.unwrap();
    assert_eq!(codes.len(), RECOVERY_CODES);
    let verify = async |code: &str| rig.people.verify_recovery_code(&alice, code, from_network(HOME), now()).await;
    assert_eq!(verify(&codes[0].expose().to_uppercase().replace('-', " ")).await.unwrap(), Method::RecoveryCode);
    assert!(is_wrong(&verify(codes[0].expose()).await));
    let next = rig.people.new_recovery_codes(&alice).await.unwrap();
    assert!(is_wrong(&verify(codes[1].expose()).await), "the former set has ended");
    assert!(verify(next[1].expose()).await.is_ok());
}

#[tokio::test]
async fn a_passkey_is_set_up_and_signs_in_without_a_name() {
    let rig = Rig::new();
    let alice = rig.register("alice", "correct horse").await;
    let mut key = Authenticator::new("https://id.example", "id.example");
    let challenge = rig.people.start_passkey_enrolment(&rig.person(&alice).await, now()).await.unwrap();
    let answer = key.create(&challenge.options);
    let finish = async |state: &str, at| rig.people.finish_passkey_enrolment(&alice, state, &answer, "Laptop", at).await;
    assert!(finish(&challenge.state, later(300)).await.is_err(), "too late");
    finish(&challenge.state, now()).await.unwrap();
    assert!(finish(&challenge.state, now()).await.is_err(), "the credential is there already");
    assert_eq!(rig.store.load_user(&alice).await.unwrap().unwrap().enrolled.passkeys, 1);

    let challenge = rig.people.start_passkey_sign_in(now()).unwrap();
    let answer = key.get(&challenge.options);
    let verified = rig.people.finish_passkey_sign_in(&challenge.state, &answer, from_network(HOME), now()).await.unwrap();
    assert_eq!((verified.user.person.id.clone(), verified.amr()), (alice.clone(), vec!["hwk", "user", "mfa"]));
    assert!(rig.store.list_passkeys(&alice).await.unwrap()[0].last_used_at.is_some());

    // Its answer is to one challenge.
    let other = rig.people.start_passkey_sign_in(now()).unwrap();
    assert!(is_wrong(&rig.people.finish_passkey_sign_in(&other.state, &answer, from_network(HOME), now()).await));
    rig.store.delete_passkey("test", &alice, &key.credential_id).await.unwrap();
    let answer = key.get(&other.options);
    assert!(is_wrong(&rig.people.finish_passkey_sign_in(&other.state, &answer, from_network(HOME), now()).await), "removed");
}

#[tokio::test]
async fn a_passkey_answers_for_its_person_its_host_and_a_verified_body() {
    let rig = Rig::new();
    let (alice, bob) = (rig.register("alice", "correct horse").await, rig.register("bob", "correct horse").await);
    let mut key = Authenticator::new("https://id.example", "id.example");
    let challenge = rig.people.start_passkey_enrolment(&rig.person(&alice).await, now()).await.unwrap();
    let answer = key.create(&challenge.options);
    assert!(rig.people.finish_passkey_enrolment(&bob, &challenge.state, &answer, "", now()).await.is_err(), "begun by another");
    rig.people.finish_passkey_enrolment(&alice, &challenge.state, &answer, "", now()).await.unwrap();
    assert!(rig.people.start_passkey_proof(&bob, now()).await.is_err(), "who has none is not asked for one");

    let challenge = rig.people.start_passkey_proof(&alice, now()).await.unwrap();
    let proved = async |user, answer: String| rig.people.finish_passkey_proof(user, &challenge.state, &answer, now()).await;
    assert!(is_wrong(&proved(&bob, key.get(&challenge.options)).await));
    key.verifies = false;
    assert!(is_wrong(&proved(&alice, key.get(&challenge.options)).await), "nobody was verified");
    key.verifies = true;
    key.origin = "https://id.example.evil".to_owned();
    assert!(is_wrong(&proved(&alice, key.get(&challenge.options)).await), "a phisher's page");
    key.origin = "https://id.example".to_owned();
    assert_eq!(proved(&alice, key.get(&challenge.options)).await.unwrap(), Method::Passkey);
}

#[tokio::test]
async fn there_are_no_passkeys_where_they_are_switched_off() {
    let rig = Rig::with(PeopleSettings { passkeys: None, ..settings() });
    let alice = rig.register("alice", "correct horse").await;
    assert!(!rig.people.has_passkeys());
    assert!(is_wrong(&rig.people.start_passkey_sign_in(now())));
    assert!(rig.people.start_passkey_enrolment(&rig.person(&alice).await, now()).await.is_err());
}
