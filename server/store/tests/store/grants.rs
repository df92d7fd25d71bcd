//! Grants: used once, replaced once, ended for good; sessions and consents end what hangs on them.

use std::sync::Arc;

use claimsmith_issuer::authorize::Consent;
use claimsmith_issuer::grants::{Allowed, CodeState, From, GrantRecord, RefreshState};
use claimsmith_issuer::person::{Person, UserId, Username};
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{
    Claim, Completion, ConsentRecord, EndedSessions, Ending, Flow, GrantAdvance, GrantTouch, Outcome, PushedRequest, Session, Store,
};

use crate::samples::{client, digest, id, in_seconds, now};

const ID: GrantId = GrantId::from_bytes([7; 16]);

fn user() -> UserId {
    UserId::from_random([1; 16])
}

/// A database with a client and a person.
async fn setup() -> (TestDatabase, Store) {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.create_client("admin", client("c")).await.unwrap();
    store.create_user("admin", Person::new(user(), Username::parse("alice").unwrap()), None).await.unwrap();
    (database, store)
}

fn session() -> Session {
    Session {
        id: "s1".into(),
        cookie_digest: digest("cookie"),
        user_id: user(),
        methods: vec![claimsmith_issuer::assurance::Method::Password],
        attributes: "{}".into(),
        address: "127.0.0.1".into(),
        user_agent: "test".into(),
        authenticated_at: now(),
        created_at: now(),
        seen_at: now(),
        expires_at: in_seconds(600),
    }
}

fn grant(number: u8) -> GrantRecord {
    GrantRecord {
        id: GrantId::from_bytes([number; 16]),
        client_id: id("c"),
        user_id: user(),
        session_id: Some("s1".into()),
        allowed: Allowed { subject: "sub".into(), scopes: vec!["openid".into()], auth_time: 5, ..Allowed::default() },
        code: Some(CodeState { digest: digest("code"), expires_at: in_seconds(60), spent_at: None }),
        refresh: None,
        created_at: now(),
        expires_at: in_seconds(600),
        revoked_at: None,
    }
}

async fn complete(store: &Store, grant: GrantRecord) {
    store.begin_session(session(), None).await.unwrap();
    let completion =
        Completion { grant, consent: None, session_id: "s1".into(), signed_request: None, pushed: None, flow: None, at: now() };
    assert!(store.complete(completion).await.unwrap());
}

fn state(number: u32) -> RefreshState {
    RefreshState {
        number,
        digest: digest(&format!("refresh {number}")),
        previous_digest: number.checked_sub(1).map(|before| digest(&format!("refresh {before}"))),
        rotated_at: Some(now()),
        expires_at: in_seconds(100),
        bound_to: Some("{}".into()),
    }
}

fn advance(from: From, number: u32) -> Claim {
    Claim::Advance(Box::new(GrantAdvance { grant: ID, from, refresh: Some(state(number)), allowed: None, at: now() }))
}

#[tokio::test]
async fn a_grant_comes_back_as_it_was_with_its_person() {
    let (_database, store) = setup().await;
    complete(&store, grant(7)).await;
    let loaded = store.load_grant(ID).await.unwrap().unwrap();
    assert_eq!(loaded.grant, grant(7));
    assert!(loaded.person_is_there());
    assert!(store.load_grant(GrantId::from_bytes([9; 16])).await.unwrap().is_none());
}

#[tokio::test]
async fn tok_029_and_rft_010_of_many_on_two_nodes_exactly_one_wins() {
    let (database, store) = setup().await;
    complete(&store, grant(7)).await;
    let nodes = [Arc::new(store), Arc::new(database.store())];
    for from in [From::Code(digest("code")), From::Refresh(digest("refresh 0")), From::Refresh(digest("refresh 1"))] {
        let next = if let From::Refresh(held) = from { if held == digest("refresh 0") { 1 } else { 2 } } else { 0 };
        let tasks: Vec<_> = (0..32)
            .map(|number: usize| {
                let store = Arc::clone(&nodes[number % 2]);
                tokio::spawn(async move { store.settle(vec![advance(from, next)]).await.unwrap()[0] })
            })
            .collect();
        let mut winners = 0;
        for task in tasks {
            winners += usize::from(task.await.unwrap() == Outcome::Settled);
        }
        assert_eq!(winners, 1, "{from:?}");
        let held = nodes[1].load_grant(ID).await.unwrap().unwrap().grant;
        assert_eq!(held.refresh, Some(state(next)));
        assert!(held.code.unwrap().spent_at.is_some());
    }
}

#[tokio::test]
async fn what_has_ended_advances_nothing() {
    let (_database, store) = setup().await;
    complete(&store, grant(7)).await;
    assert_eq!(store.end_grants(Ending::Grant(ID), now()).await.unwrap(), 1);
    assert_eq!(store.end_grants(Ending::Grant(ID), now()).await.unwrap(), 0);
    assert_eq!(store.settle(vec![advance(From::Code(digest("code")), 0)]).await.unwrap(), [Outcome::LostRace]);
    assert!(store.is_over(&ID.jti([1; 16]), "c", now()).await.unwrap());
    assert!(store.is_over(&GrantId::from_bytes([9; 16]).jti([1; 16]), "c", now()).await.unwrap(), "a grant that is not there has ended");
    assert!(!store.is_over("AAAAAAAAAAAAAAAAAAAAAA", "c", now()).await.unwrap(), "a client's own token has none");
}

#[tokio::test]
async fn a_refresh_token_that_stays_moves_its_end_and_nothing_else() {
    let (_database, store) = setup().await;
    complete(&store, grant(7)).await;
    store.settle(vec![advance(From::Code(digest("code")), 0)]).await.unwrap();
    let touch = |seconds| Claim::Touch(GrantTouch { grant: ID, refresh_expires_at: in_seconds(seconds) });
    assert_eq!(store.settle(vec![touch(500), touch(300), touch(400)]).await.unwrap(), [Outcome::Settled; 3]);
    let held = store.load_grant(ID).await.unwrap().unwrap().grant.refresh.unwrap();
    assert!(held.expires_at >= in_seconds(299) && held.digest == state(0).digest);
}

#[tokio::test]
async fn cod_007_a_code_that_is_spent_for_nothing() {
    let (_database, store) = setup().await;
    complete(&store, grant(7)).await;
    store.spend_code(ID, digest("other"), now()).await.unwrap();
    assert!(store.load_grant(ID).await.unwrap().unwrap().grant.code.unwrap().spent_at.is_none());
    store.spend_code(ID, digest("code"), now()).await.unwrap();
    assert_eq!(store.settle(vec![advance(From::Code(digest("code")), 0)]).await.unwrap(), [Outcome::LostRace]);
}

#[tokio::test]
async fn rft_014_with_a_session_ends_what_hangs_on_it_and_nothing_else() {
    let (_database, store) = setup().await;
    complete(&store, grant(7)).await;
    let offline = GrantRecord { session_id: None, ..grant(8) };
    complete(&store, offline).await;
    let ended = store.end_sessions(EndedSessions::One("s1".into()), now()).await.unwrap();
    assert_eq!((ended.len(), ended[0].clients.as_slice()), (1, &[id("c")][..]), "BCL-009: who got something is told");
    assert!(store.end_sessions(EndedSessions::OfUser(user()), now()).await.unwrap().is_empty(), "once");
    assert!(store.load_grant(ID).await.unwrap().unwrap().grant.revoked_at.is_some());
    assert!(store.load_grant(GrantId::from_bytes([8; 16])).await.unwrap().unwrap().grant.revoked_at.is_none());
    assert!(store.session_of_cookie(digest("cookie"), now()).await.unwrap().is_none());
}

#[tokio::test]
async fn cod_012_a_consent_taken_back_ends_its_grants() {
    let (_database, store) = setup().await;
    store.begin_session(session(), None).await.unwrap();
    let consent = Consent { scopes: ScopeSet::parse("openid").unwrap(), claims: vec!["email".into()], details: Some("[]".into()) };
    let record = ConsentRecord { user_id: user(), client_id: id("c"), consent, updated_at: now() };
    let completion = Completion {
        grant: grant(7),
        consent: Some(record),
        session_id: "s1".into(),
        signed_request: None,
        pushed: None,
        flow: None,
        at: now(),
    };
    assert!(store.complete(completion).await.unwrap());
    let held = store.consent(&user(), &id("c")).await.unwrap().unwrap().consent;
    assert_eq!((held.scopes.to_text().as_str(), held.details.as_deref()), ("openid", Some("[]")));
    assert!(store.withdraw_consent(&user(), &id("c"), now()).await.unwrap());
    assert!(store.consent(&user(), &id("c")).await.unwrap().is_none());
    assert!(store.load_grant(ID).await.unwrap().unwrap().grant.revoked_at.is_some());
    assert!(!store.withdraw_consent(&user(), &id("c"), now()).await.unwrap());
}

#[tokio::test]
async fn par_010_a_pushed_request_is_answered_once() {
    let (_database, store) = setup().await;
    store.begin_session(session(), None).await.unwrap();
    let pushed = PushedRequest { request_digest: digest("uri"), client_id: id("c"), request: "{}".into(), expires_at: in_seconds(60) };
    store.push_request(pushed).await.unwrap();
    for _ in 0..2 {
        assert!(store.pushed_request(digest("uri"), now()).await.unwrap().is_some(), "looked at as often as one likes");
    }
    let completion = |number| Completion {
        grant: GrantRecord { code: None, ..grant(number) },
        consent: None,
        session_id: "s1".into(),
        signed_request: (number == 7).then(|| "a.b.c".into()),
        pushed: Some(digest("uri")),
        flow: None,
        at: now(),
    };
    assert!(store.complete(completion(7)).await.unwrap());
    assert!(!store.complete(completion(8)).await.unwrap());
    assert!(store.load_grant(GrantId::from_bytes([8; 16])).await.unwrap().is_none(), "nothing half done");
    let kept = store.signed_requests(Some("c".to_owned()), None, 10).await.unwrap();
    assert_eq!(kept.iter().map(|held| held.request_object.as_str()).collect::<Vec<_>>(), ["a.b.c"], "FMS-006");
    assert!(store.pushed_request(digest("uri"), now()).await.unwrap().is_none());
}

#[tokio::test]
async fn two_steps_of_one_flow_are_not_taken_at_once() {
    let (_database, store) = setup().await;
    let flow = Flow {
        flow_digest: digest("flow"),
        browser_digest: digest("browser"),
        client_id: Some(id("c")),
        request: "{}".into(),
        progress: "{}".into(),
        version: 1,
        expires_at: in_seconds(60),
    };
    store.begin_flow(flow.clone()).await.unwrap();
    assert!(store.step_flow(&flow, r#"{"a":1}"#.into()).await.unwrap());
    assert!(!store.step_flow(&flow, r#"{"a":2}"#.into()).await.unwrap());
    let held = store.load_flow(digest("flow"), now()).await.unwrap().unwrap();
    assert_eq!((held.progress.as_ref(), held.version), (r#"{"a":1}"#, 2));
    store.end_flow(digest("flow")).await.unwrap();
    assert!(store.load_flow(digest("flow"), now()).await.unwrap().is_none());
}

#[tokio::test]
async fn server_secrets_are_made_once() {
    let (_database, store) = setup().await;
    let first = store.server_secret("people", vec![1; 40]).await.unwrap();
    assert_eq!(store.server_secret("people", vec![2; 40]).await.unwrap(), first);
}
