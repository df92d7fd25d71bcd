//! Every hook point in the real sandbox, with a guest that answers what it is told to (`tests/guests/every-hook`): what it is
//! handed, what comes back, and that nothing it may answer gets past the issuer.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use claimsmith_hooks::{Call, HookFault, Host, Limits, Plugin, Settings, inspect};
use claimsmith_issuer::binding::Permission;
use claimsmith_issuer::claims::{
    AuthenticationOutcome, Authority, BackchannelNotification, Claims, ConsentPlan, EditRefused, Entitlement, IdTokenClaims,
    IntrospectionAnswer, PasswordJudgement, ProvenClient, RefreshTokenPlan, RegistrationRequest, RequestedDetails, RequestedScopes,
    ResponseMembers, Shaping, SignIn, SignedIn, StepUp, TransactionPlan, UserinfoAnswer,
};
use claimsmith_issuer::hook::{
    Background, Context, Draft, Edit, ExchangeMode, GrantFacts, HookPoint, PasswordResult, Person, RegistrationAction, Shown,
};
use claimsmith_issuer::value::{Member, Value};
use claimsmith_protocol::time::Timestamp;
use serde_json::{Value as Json, json};

fn component() -> Vec<u8> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "target", "guests", "every-hook.wasm"].iter().collect();
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: make guests", path.display()))
}

struct Stage {
    host: Host,
    plugin: Arc<Plugin>,
}

fn stage() -> Stage {
    let limits = Limits { wall: std::time::Duration::from_secs(60), ..Limits::default() };
    let host = Host::new(Settings { slots: 8, breaker_faults: 0, limits, ..Settings::default() }, [7; 32]).unwrap();
    let plugin = host.load_trusted(&inspect(&component(), host.settings()).unwrap().component).unwrap();
    Stage { host, plugin }
}

static BACKGROUND: LazyLock<Arc<Background>> = LazyLock::new(|| {
    Arc::new(Background {
        person: Some(Person {
            id: Some("u1".into()),
            username: Some("alice".into()),
            attributes: vec![Member::known("email", "a@example".into()), Member::known("org", "acme".into())],
            authenticated_at: Some(9),
            acr: Some("2".into()),
            amr: vec!["pwd".into(), "otp".into()],
            session_id: Some("s1".into()),
            session_attributes: vec![Member::known("risk", Value::Json(r#"{"score":1}"#.into()))],
        }),
        grant: GrantFacts {
            attributes: vec![Member::known("device", Value::Texts(vec!["d".into()]))],
            authorization_details: r#"[{"type":"payment"}]"#.into(),
            actors: vec!["svc".into()],
            confirmation: Some(r#"{"jkt":"x"}"#.into()),
        },
    })
});

impl Stage {
    async fn call(&self, draft: &Draft<'_>, configuration: &Json, background: Option<&Arc<Background>>) -> Call {
        let context = Context {
            client_id: "demo",
            client_tags: &[],
            client_metadata: "{}",
            grant_type: "authorization_code",
            refresh: true,
            requested_scopes: &[],
            requested_resources: &[],
            subject: Some("alice"),
            parameters: &[],
            headers: &[],
            now_milliseconds: 1_767_225_600_000,
            background,
        };
        self.host.call(&self.plugin, &context, &configuration.to_string(), draft, &self.host.settings().limits).await
    }

    /// What the guest was handed, as it tells its log.
    async fn told(&self, draft: &Draft<'_>, background: Option<&Arc<Background>>) -> Json {
        let call = self.call(draft, &json!({ "tells": true }), background).await;
        assert_eq!(call.answer, Ok(Ok(vec![])));
        serde_json::from_str(&call.log[0].text).unwrap()
    }

    /// What the issuer says to the edits that the guest was told to answer with.
    async fn shape<S: Shaping>(&self, shaped: &mut S, edits: Json, permissions: &[&str]) -> Result<(), EditRefused> {
        let call = self.call(&shaped.view(), &json!({ "edits": edits }), None).await;
        let permissions: Vec<_> = permissions.iter().map(|text| Permission::parse(text).unwrap()).collect();
        shaped.apply(call.answer.unwrap().unwrap(), Authority { binding: 1, permissions: &permissions, lifetime_ceiling: 3_600 })
    }
}

fn texts(texts: &[&str]) -> Vec<Box<str>> {
    texts.iter().map(|&text| text.into()).collect()
}

#[tokio::test]
async fn its_own_fixtures_hold_in_the_sandbox_at_every_hook_point() {
    let stage = stage();
    let inspection = inspect(&component(), stage.host.settings()).unwrap();
    assert_eq!(inspection.hooks, HookPoint::ALL);
    assert_eq!(stage.plugin.hooks().collect::<Vec<_>>(), HookPoint::ALL);
    let manifest = inspection.manifest.unwrap();
    assert_eq!(manifest.hooks, HookPoint::ALL.map(HookPoint::interface));
    let report = stage.host.self_test(&stage.plugin, manifest.fixtures.get()).await.unwrap();
    assert!(report.passed(), "{report:?}");
    assert!(report.results.len() > HookPoint::ALL.len());
}

#[tokio::test]
async fn a_golden_vector_that_is_wrong_is_found_at_every_hook_point() {
    let stage = stage();
    for point in HookPoint::ALL {
        let fixtures = format!(r#"[{{"name": "x", "hook": "{}", "expect": {{"edits": ["skip_consent"]}}}}]"#, point.interface());
        assert!(!stage.host.self_test(&stage.plugin, &fixtures).await.unwrap().passed(), "{}", point.as_str());
    }
}

#[tokio::test]
async fn every_hook_is_handed_its_own_draft() {
    let stage = stage();
    let members = [Member::known("a", Value::Integer(1)), Member::known("b", Value::Texts(vec!["x".into()]))];
    let (scopes, words) = (texts(&["openid"]), texts(&["w1", "w2"]));
    let other = [Member::known("c", Value::Boolean(true))];
    let map = json!({ "a": 1, "b": ["x"] });
    for (draft, expected) in [
        (Draft::access_token(&members, &scopes, &words, 60), json!([map, ["openid"], ["w1", "w2"], 60])),
        (Draft::token_response(&members), json!([map])),
        (Draft::introspection(&members, "rs"), json!([map, "rs"])),
        (Draft::id_token(&members, 300), json!([map, 300])),
        (Draft::refresh_token(&members, &scopes, 900), json!([map, ["openid"], 900])),
        (Draft::userinfo(&members, &scopes), json!([map, ["openid"]])),
        (Draft::authentication(&members, "totp", &words), json!(["totp", ["w1", "w2"], map])),
        (Draft::post_authentication(&members, &scopes), json!([map, ["openid"]])),
        (Draft::consent(&scopes, &words), json!([["openid"], ["w1", "w2"]])),
        (Draft::scope(&scopes), json!([["openid"]])),
        (Draft::authorization_details(r#"[{"type":"payment"}]"#), json!([[{ "type": "payment" }]])),
        (
            Draft::password("alice", PasswordResult::UnknownUser, Some("u1"), &words, &members),
            json!(["alice", "unknown_user", null, "u1", ["w1", "w2"], map]),
        ),
        (
            Draft { password: Some(Shown("p")), ..Draft::password("alice", PasswordResult::NotTried, None, &[], &[]) },
            json!(["alice", "not_tried", "p", null, [], {}]),
        ),
        (
            Draft::token_exchange(&members, &other, &members)
                .between(("urn:s", "urn:r"), ExchangeMode::Impersonation, None)
                .with(&scopes, &words),
            json!([[map, { "c": true }, null, map], ["urn:s", "urn:r"], ["openid"], ["w1", "w2"], "impersonation"]),
        ),
        (Draft::jwt_bearer(&members, "i", &scopes, Some("u1"), &other), json!(["i", map, ["openid"], "u1", { "c": true }])),
        (Draft::transaction_token(&other, &members, &[], &scopes, 15), json!([{ "c": true }, [map, {}], ["openid"], 15])),
        (Draft::client_authentication("none", Some("t"), &members), json!(["none", "t", map])),
        (Draft::client_registration(RegistrationAction::Delete, &members, &other), json!(["delete", map, { "c": true }])),
        (Draft::backchannel_notification("d", None, &scopes, &members), json!([null, "d", ["openid"], map])),
        (Draft::revocation("refresh_token", &scopes, &other), json!(["refresh_token", ["openid"], { "c": true }])),
    ] {
        assert_eq!(stage.told(&draft, None).await["draft"], expected, "{}", draft.point.as_str());
    }
}

#[tokio::test]
async fn plg_005_a_hook_learns_of_a_person_what_the_server_laid_out_and_no_more() {
    let stage = stage();
    assert!(stage.plugin.reads_background());
    let draft = Draft::scope(&[]);
    let all = stage.told(&draft, Some(&BACKGROUND)).await;
    let expected = json!({
        "refresh": true, "id": "u1", "username": "alice", "user": ["email", "org"], "email": "a@example",
        "signed_in": [9, "2", ["pwd", "otp"], "s1"], "session": { "score": 1 }, "grant": ["d"], "details": [{ "type": "payment" }],
        "actors": ["svc"], "confirmation": { "jkt": "x" },
    });
    assert_eq!(all["known"], expected);
    let nothing = stage.told(&draft, None).await;
    let expected = json!({
        "refresh": true, "id": null, "username": null, "user": [], "email": null, "signed_in": null, "session": null, "grant": null,
        "details": [], "actors": [], "confirmation": null,
    });
    assert_eq!(nothing["known"], expected);
    let permitted = Arc::new(BACKGROUND.seen_with(&[Permission::User("org".into())]));
    let some = stage.told(&draft, Some(&permitted)).await;
    assert_eq!((&some["known"]["user"], &some["known"]["email"], &some["known"]["id"]), (&json!(["org"]), &Json::Null, &Json::Null));
    // Nothing of the last person is left for the next.
    assert_eq!(stage.told(&draft, None).await["known"], expected);
}

#[tokio::test]
async fn plg_002_what_is_the_servers_own_stays_so_whatever_is_answered() {
    let stage = stage();
    let everything = ["claim:*", "sub", "acr", "amr", "auth_time", "scope:admin", "lifetime:4294967295", "user:*", "skip_consent"];
    let set = |name: &str| json!([{ "set_claim": { "name": name, "value": "x" } }]);
    for name in ["iss", "aud", "exp", "iat", "nonce", "at_hash", "c_hash", "s_hash", "azp", "sid", "cnf"] {
        let mut id_token = IdTokenClaims::of(vec![Member::known("sub", "alice".into())], 300);
        let refused = stage.shape(&mut id_token, set(name), &everything).await;
        assert_eq!(refused, Err(EditRefused::Reserved(name.to_owned())));
    }
    let mut userinfo = UserinfoAnswer::of(vec![Member::known("sub", "alice".into())], vec![]);
    assert_eq!(stage.shape(&mut userinfo, set("sub"), &everything).await, Err(EditRefused::Reserved("sub".to_owned())));
    let mut answer = IntrospectionAnswer::of(vec![], "rs");
    assert_eq!(stage.shape(&mut answer, set("active"), &everything).await, Err(EditRefused::Reserved("active".to_owned())));
    let mut response = ResponseMembers::default();
    let member = json!([{ "set_response_member": { "name": "id_token", "value": "x" } }]);
    assert_eq!(stage.shape(&mut response, member, &everything).await, Err(EditRefused::Reserved("id_token".to_owned())));
    let mut consent = ConsentPlan::of(texts(&["openid"]), vec![]);
    let wider = stage.shape(&mut consent, json!([{ "set_scopes": ["openid", "admin"] }]), &everything).await;
    assert_eq!(wider, Err(EditRefused::NotPermitted("scope:admin".to_owned())));
}

#[tokio::test]
async fn plg_001_without_permissions_nothing_is_widened_and_nobody_goes_unasked() {
    let stage = stage();
    let mut scopes = RequestedScopes::of(texts(&["openid", "read"]));
    let wider = stage.shape(&mut scopes, json!([{ "set_scopes": ["admin"] }]), &[]).await;
    assert_eq!(wider, Err(EditRefused::NotPermitted("scope:admin".to_owned())));
    stage.shape(&mut scopes, json!([{ "set_scopes": ["read"] }]), &[]).await.unwrap();
    assert_eq!(scopes.into_scopes(), texts(&["read"]));

    let mut consent = ConsentPlan::of(texts(&["openid"]), vec![]);
    let skipped = stage.shape(&mut consent, json!(["skip_consent"]), &[]).await;
    assert_eq!(skipped, Err(EditRefused::NotPermitted("skip_consent".to_owned())));
    let marked = json!([{ "show_text": { "language": "de", "text": "a\u{202e}b" } }]);
    assert!(matches!(stage.shape(&mut consent, marked, &[]).await, Err(EditRefused::Malformed(_))));

    let mut details = RequestedDetails::of(vec![json!({ "type": "payment", "amount": 5 })]);
    let more = json!([{ "set_authorization_details": r#"[{"type":"payment","amount":6}]"# }]);
    let refused = stage.shape(&mut details, more.clone(), &[]).await;
    assert_eq!(refused, Err(EditRefused::NotPermitted("authorization_details:payment".to_owned())));
    stage.shape(&mut details, more, &["authorization_details:payment"]).await.unwrap();
    assert_eq!(details.into_items(), [json!({ "type": "payment", "amount": 6 })]);

    let mut plan = RefreshTokenPlan::of(vec![], vec![], 600);
    stage.shape(&mut plan, json!([{ "set_lifetime": 4_000_000_000_u32 }]), &[]).await.unwrap();
    assert_eq!(plan.lifetime(), 600);
    stage.shape(&mut plan, json!([{ "set_lifetime": 4_000_000_000_u32 }]), &["lifetime:4000000000"]).await.unwrap();
    assert_eq!(plan.lifetime(), 3_600, "never beyond the ceiling");
}

#[tokio::test]
async fn a_sign_in_is_judged_by_what_comes_back() {
    let stage = stage();
    let mut sign_in = SignIn::of("password".into(), texts(&["password"]), vec![]);
    let edits = json!([{ "require_factor": "totp" }, { "require_acr": "2" }, { "set_attribute": { "name": "risk", "value": { "a": 1 } } }]);
    stage.shape(&mut sign_in, edits, &[]).await.unwrap();
    let attributes = vec![Member::known("risk", Value::Json(r#"{"a":1}"#.into()))];
    let expected = AuthenticationOutcome::StepUp { steps: vec![StepUp::Factor("totp".into()), StepUp::Acr("2".into())], attributes };
    assert_eq!(sign_in.outcome(), expected);
    let mut signed_in = SignedIn::of(vec![], vec![]);
    let large: Vec<_> =
        (0..9).map(|number| json!({ "set_attribute": { "name": format!("a{number}"), "value": "x".repeat(1_000) } })).collect();
    assert!(matches!(stage.shape(&mut signed_in, Json::Array(large), &[]).await, Err(EditRefused::TooMany(_))));
    assert_eq!(signed_in.into_attributes(), []);
}

#[tokio::test]
async fn an_edit_that_means_nothing_at_a_hook_point_fails_the_call() {
    let stage = stage();
    let id_token = || IdTokenClaims::of(vec![], 300);
    for (edit, name) in [(json!("skip_consent"), "skip-consent"), (json!({ "require_acr": "2" }), "require-acr")] {
        let edits = || json!([edit]);
        let refused = Err(EditRefused::Misplaced(name));
        assert_eq!(stage.shape(&mut id_token(), edits(), &["skip_consent"]).await, refused);
        assert_eq!(stage.shape(&mut UserinfoAnswer::of(vec![], vec![]), edits(), &["skip_consent"]).await, refused);
        assert_eq!(stage.shape(&mut RefreshTokenPlan::of(vec![], vec![], 1), edits(), &["skip_consent"]).await, refused);
        assert_eq!(stage.shape(&mut SignedIn::of(vec![], vec![]), edits(), &["skip_consent"]).await, refused);
        assert_eq!(stage.shape(&mut RequestedScopes::of(vec![]), edits(), &["skip_consent"]).await, refused);
        assert_eq!(stage.shape(&mut RequestedDetails::of(vec![]), edits(), &["skip_consent"]).await, refused);
        assert_eq!(stage.shape(&mut token(), edits(), &["skip_consent"]).await, refused);
    }
    let claim = || json!([{ "set_claim": { "name": "org", "value": "x" } }]);
    let refused = Err(EditRefused::Misplaced("set-claim"));
    assert_eq!(stage.shape(&mut SignIn::of("a".into(), vec![], vec![]), claim(), &["claim:*"]).await, refused);
    assert_eq!(stage.shape(&mut ConsentPlan::of(vec![], vec![]), claim(), &["claim:*"]).await, refused);
}

fn token() -> Claims<claimsmith_issuer::claims::Draft> {
    let audience = texts(&["urn:a"]);
    let entitlement = Entitlement {
        issuer: "i",
        subject: "s",
        client_id: "c",
        scopes: &[],
        audience: &audience,
        lifetime: 60,
        confirmation: None,
        allowed: None,
    };
    Claims::draft(&entitlement, "j".into(), Timestamp::from_seconds(1))
}

#[tokio::test]
async fn plg_003_answers_that_are_none_are_faults_of_the_plugin() {
    let stage = stage();
    let details = |text: &str| json!({ "edits": [{ "set_authorization_details": text }] });
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    for text in ["", "{", "[1]x", r#"[{"type":"a","type":"b"}]"#, &deep] {
        let call = stage.call(&Draft::authorization_details("[]"), &details(text), None).await;
        assert!(matches!(call.answer, Err(HookFault::BadOutput { .. })), "{text:?}: {:?}", call.answer);
    }
    let large = "x".repeat(40 << 10);
    for (draft, edit) in [
        (Draft::consent(&[], &[]), json!({ "show_text": { "language": "de", "text": large } })),
        (Draft::authentication(&[], "a", &[]), json!({ "require_acr": large })),
        (Draft::refresh_token(&[], &[], 1), json!({ "set_attribute": { "name": "a", "value": large } })),
        (Draft::authorization_details("[]"), json!({ "set_authorization_details": large })),
    ] {
        let call = stage.call(&draft, &json!({ "edits": [edit] }), None).await;
        assert_eq!(call.answer, Err(HookFault::OutputTooBig), "{}", draft.point.as_str());
    }
}

#[tokio::test]
async fn plg_004_a_refusal_is_handed_on_from_every_hook_point() {
    let stage = stage();
    let empty: &[Member] = &[];
    for draft in [Draft::id_token(empty, 1), Draft::userinfo(empty, &[]), Draft::consent(&[], &[]), Draft::authentication(empty, "a", &[])]
    {
        let call = stage.call(&draft, &json!({ "refuse": "foo\r\nX: 1" }), None).await;
        let refusal = call.answer.unwrap().unwrap_err();
        assert_eq!(draft.point.told().code(&refusal.code).as_str(), "access_denied", "{}", draft.point.as_str());
    }
}

#[tokio::test]
async fn what_is_known_counts_as_input() {
    let stage = stage();
    let mut known = Background::clone(&BACKGROUND);
    known.grant.attributes.push(Member::known("large", "x".repeat(300 << 10).into()));
    let call = stage.call(&Draft::scope(&[]), &json!({}), Some(&Arc::new(known))).await;
    assert!(matches!(call.answer, Err(HookFault::InputTooBig { .. })));
    assert_eq!(stage.call(&Draft::scope(&[]), &json!({}), Some(&BACKGROUND)).await.answer, Ok(Ok(Vec::<Edit>::new())));
}

#[tokio::test]
async fn plg_002_the_points_of_grants_and_clients_hand_back_what_is_checked() {
    let stage = stage();
    let edits = json!([{ "set_user": "u2" }, { "add_amr": ["otp"] }, { "set_attribute": { "name": "a", "value": 1 } }]);
    let judged = || PasswordJudgement::of("alice", "p", PasswordResult::Wrong, None, vec![]);
    let refused = stage.shape(&mut judged(), edits.clone(), &["password", "amr", "sub"]).await;
    assert_eq!(refused, Err(EditRefused::NotPermitted("set_user".to_owned())));
    let mut judgement = judged();
    stage.shape(&mut judgement, edits, &["set_user", "amr"]).await.unwrap();
    let outcome = judgement.outcome();
    assert_eq!((outcome.user.as_deref(), outcome.amr, outcome.attributes.len()), (Some("u2"), texts(&["otp"]), 1));

    let mut plan =
        TransactionPlan { claims: vec![], transaction_context: vec![], request_context: vec![], scopes: texts(&["pay"]), lifetime: 60 };
    let context = json!([{ "set_transaction_context": { "name": "a", "value": { "b": [1] } } }, { "set_lifetime": 5 }]);
    stage.shape(&mut plan, context, &["claim:tctx"]).await.unwrap();
    assert_eq!((plan.lifetime, plan.transaction_context), (5, vec![Member::known("a", Value::Json(r#"{"b":[1]}"#.into()))]));

    let registration = || RegistrationRequest { action: RegistrationAction::Register, metadata: vec![], software_statement: vec![] };
    for name in ["client_id", "client_secret", "registration_access_token", "software_statement"] {
        let set = json!([{ "set_metadata": { "name": name, "value": "x" } }]);
        assert_eq!(stage.shape(&mut registration(), set, &["metadata:*"]).await, Err(EditRefused::Reserved(name.to_owned())));
    }
    let mut notification = BackchannelNotification::of(None, "d".into(), vec![]);
    stage.shape(&mut notification, json!(["mark_notified"]), &[]).await.unwrap();
    assert!(notification.outcome().notified);
    let mut proven = ProvenClient { method: "none", thumbprint: None, attestation: &[] };
    let everything = ["claim:*", "set_user", "metadata:*"];
    assert_eq!(stage.shape(&mut proven, json!(["mark_notified"]), &everything).await, Err(EditRefused::Misplaced("mark-notified")));
}

/// What a call of an older point costs is as it was: its draft is borrowed as before, and holds nothing for the points beside it.
#[test]
fn a_draft_borrows_everything_and_carries_nothing_of_other_points() {
    const fn is_borrowed<T: Copy>(_: &T) {}
    let (members, scopes) = ([Member::known("a", Value::Integer(1))], texts(&["openid"]));
    for draft in [
        Draft::access_token(&members, &scopes, &scopes, 60),
        Draft::token_response(&members),
        Draft::introspection(&members, "rs"),
        Draft::id_token(&members, 300),
        Draft::refresh_token(&members, &scopes, 900),
        Draft::userinfo(&members, &scopes),
        Draft::authentication(&members, "totp", &scopes),
        Draft::post_authentication(&members, &scopes),
        Draft::consent(&scopes, &scopes),
        Draft::scope(&scopes),
        Draft::authorization_details("[]"),
    ] {
        is_borrowed(&draft);
        let Draft { second, maybe, beside, password, .. } = draft;
        assert!(second.is_empty() && maybe.is_none() && beside == [&[], &[]] && password.is_none(), "{}", draft.point.as_str());
    }
    // Even a sandbox's answer with many edits is held in the room that it had: an edit is no larger than the largest was.
    assert!(std::mem::size_of::<Edit>() <= std::mem::size_of::<(String, Value)>() + std::mem::size_of::<usize>());
}
