use claimsmith_protocol::form::Form;
use claimsmith_protocol::registration::Registration;
use claimsmith_protocol::response::Carrier;

use super::*;
use crate::grants::rig::{client, policy};

const GOOD: &str = "response_type=code&redirect_uri=https://a.example/cb&scope=openid&nonce=n\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// A request as a client of this registration sends it, at an endpoint.
fn ask_of(
    client: &Client,
    policy: &PeoplePolicy,
    text: &str,
    (column, object, pushed): (Column, Object, bool),
) -> Result<Asked, AuthorizeRefusal> {
    let parameters = Parameters::of_form(&Form::parse_repeated(text.as_bytes()).expect("well formed"));
    let resources = Resources::default();
    check(&Asking { parameters: &parameters, client, policy, resources: &resources, column, object, pushed })
}

fn ask(text: &str) -> Result<Asked, AuthorizeRefusal> {
    ask_of(&client(), &policy(), text, (Column::Authorize, Object::None, false))
}

fn registered(more: &str) -> Client {
    let mut client = client();
    let document = format!(r#"{{"redirect_uris":["https://a.example/cb"]{more}}}"#);
    client.registration = Box::new(Registration::from_text(&document).expect("well formed"));
    client
}

fn code_of(result: Result<Asked, AuthorizeRefusal>) -> (&'static str, bool) {
    match result {
        Ok(asked) => panic!("let through: {asked:?}"),
        Err(AuthorizeRefusal::Page(refusal)) => (refusal.code.as_str(), false),
        Err(AuthorizeRefusal::Returned(refusal, _)) => (refusal.code.as_str(), true),
    }
}

#[test]
fn auz_015_nothing_travels_before_the_redirect_uri_is_vetted() {
    for text in [
        "response_type=nonsense&redirect_uri=https://evil.example/cb",
        "redirect_uri=https://a.example/cb&redirect_uri=https://a.example/cb",
        "client_id=a&client_id=a&redirect_uri=https://a.example/cb",
    ] {
        assert!(!code_of(ask(text)).1, "{text}");
    }
    assert_eq!(code_of(ask("response_type=nonsense&redirect_uri=https://a.example/cb")), ("unsupported_response_type", true));
}

#[test]
fn auz_005_openid_always_names_its_redirect_uri() {
    let bare = GOOD.replace("&redirect_uri=https://a.example/cb", "");
    assert!(!code_of(ask(&bare)).1);
    let plain = bare.replace("&scope=openid", "&scope=read");
    let asked = ask(&plain).expect("one is registered");
    assert!(!asked.redirect_uri_named && asked.to.redirect_uri.as_str() == "https://a.example/cb");
}

#[test]
fn each_row_of_the_matrix_refuses() {
    let rows = [
        ("&state=a&state=b", "invalid_request"),
        ("&request=x", "invalid_request"),
        ("&registration=x", "registration_not_supported"),
        ("&response_mode=foo", "invalid_request"),
        ("&prompt=foo", "invalid_request"),
        ("&max_age=-1", "invalid_request"),
        ("&claims=x", "invalid_request"),
        ("&resource=https://unknown.example", "invalid_target"),
        ("&resource=x", "invalid_target"),
        ("&authorization_details=x", "invalid_authorization_details"),
        ("&authorization_details=[{}]", "invalid_authorization_details"),
        ("&authorization_details=[{\"type\":\"mine\"}]", "invalid_authorization_details"),
        ("&dpop_jkt=x", "invalid_request"),
    ];
    let pushed = (Column::Par, Object::None, false);
    for (more, code) in rows {
        let text = format!("{GOOD}{more}");
        assert_eq!(code_of(ask_of(&client(), &policy(), &text, pushed)), (code, true), "{more}");
    }
    assert!(ask(GOOD).is_ok());
}

#[test]
fn hyb_008_and_idt_005_tokens_through_the_browser() {
    let client = registered(r#","response_types":["code","id_token","code id_token","id_token token"]"#);
    let at = (Column::Authorize, Object::None, false);
    let text = |response_type: &str| GOOD.replace("response_type=code", &format!("response_type={response_type}"));
    let asked = ask_of(&client, &policy(), &text("id_token+code"), at).expect("AUZ-008");
    assert_eq!((asked.response_type, asked.to.mode.carrier), (ResponseType::CodeIdToken, Carrier::Fragment));
    let without_nonce = text("id_token").replace("&nonce=n", "");
    assert_eq!(code_of(ask_of(&client, &policy(), &without_nonce, at)), ("invalid_request", true), "IDT-005");
    let in_query = format!("{}&response_mode=query", text("id_token"));
    match ask_of(&client, &policy(), &in_query, at) {
        Err(AuthorizeRefusal::Returned(refusal, to)) => {
            assert_eq!((refusal.code.as_str(), to.mode.carrier), ("invalid_request", Carrier::Fragment), "AUZ-022")
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(code_of(ask_of(&client, &policy(), &text("token"), at)), ("unauthorized_client", true), "AUZ-007");
    let mut without_grant = client.clone();
    without_grant.grants.retain(|grant| *grant != GrantType::Implicit);
    assert_eq!(code_of(ask_of(&without_grant, &policy(), &text("code+id_token"), at)), ("unauthorized_client", true), "HYB-009");
    let bound = registered(r#","response_types":["code id_token","id_token token"],"dpop_bound_access_tokens":true"#);
    assert_eq!(code_of(ask_of(&bound, &policy(), &text("id_token+token"), at)), ("unauthorized_client", true), "no such token is bound");
    ask_of(&bound, &policy(), &text("code+id_token"), at).expect("an ID token is not");
    let off = PeoplePolicy { response_types: vec![ResponseType::Code], ..policy() };
    assert_eq!(code_of(ask_of(&client, &off, &text("id_token"), at)), ("unsupported_response_type", true));
    for profile in ["oauth2_1", "fapi2_security"] {
        let held = registered(&format!(r#","response_types":["code id_token"],"profile":"{profile}""#));
        assert_eq!(
            code_of(ask_of(&held, &policy(), &text("code+id_token"), (Column::Par, Object::None, false))),
            ("unauthorized_client", true),
            "HYB-008: {profile}"
        );
    }
}

#[test]
fn auz_022_tokens_never_travel_in_a_query() {
    let client = registered(r#","response_types":["code id_token"]"#);
    let text = format!("{}&response_mode=query", GOOD.replace("response_type=code", "response_type=code+id_token"));
    match ask_of(&client, &policy(), &text, (Column::Authorize, Object::None, false)) {
        Err(AuthorizeRefusal::Returned(refusal, to)) => {
            assert_eq!((refusal.code.as_str(), to.mode.carrier), ("invalid_request", Carrier::Fragment))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn pkc_002_pkc_013_o21_001_and_o21_004_who_may_leave_the_challenge_out() {
    let bare = GOOD.split("&code_challenge").next().expect("a part").to_owned();
    assert_eq!(code_of(ask(&bare)), ("invalid_request", true));
    let lenient = PeoplePolicy { require_pkce: false, ..policy() };
    let at = (Column::Authorize, Object::None, false);
    assert!(ask_of(&client(), &lenient, &bare, at).is_ok(), "with a nonce in its place");
    assert_eq!(code_of(ask_of(&client(), &lenient, &bare.replace("&nonce=n", ""), at)), ("invalid_request", true), "PKC-013");
    let mut public = client();
    public.authentication = Authentication::Public;
    assert_eq!(code_of(ask_of(&public, &lenient, &bare, at)), ("invalid_request", true));
    let strict = registered(r#","profile":"oauth2_1""#);
    assert_eq!(code_of(ask_of(&strict, &lenient, &bare, at)), ("invalid_request", true), "O21-001");
}

#[test]
fn par_014_and_req_016_what_has_to_be_pushed_or_signed() {
    let at = |object, pushed| (Column::Authorize, object, pushed);
    for must in [r#","require_pushed_authorization_requests":true"#, r#","profile":"fapi2_security""#] {
        let client = registered(must);
        assert_eq!(code_of(ask_of(&client, &policy(), GOOD, at(Object::None, false))), ("invalid_request", true), "{must}");
        assert!(ask_of(&client, &policy(), GOOD, at(Object::None, true)).is_ok(), "{must}");
        assert!(ask_of(&client, &policy(), GOOD, (Column::Par, Object::None, false)).is_ok(), "{must}");
    }
    for must in
        [r#","require_signed_request_object":true"#, r#","profile":"fapi2_message_signing","authorization_signed_response_alg":"ES256""#]
    {
        let client = registered(must);
        for object in [Object::None, Object::Unsigned] {
            assert_eq!(code_of(ask_of(&client, &policy(), GOOD, (Column::Par, object, false))), ("invalid_request", true), "{must}");
        }
        assert!(ask_of(&client, &policy(), GOOD, (Column::Par, Object::Signed, false)).is_ok(), "{must}");
    }
    let server_wide = PeoplePolicy { require_pushed_requests: true, ..policy() };
    assert_eq!(code_of(ask_of(&client(), &server_wide, GOOD, at(Object::None, false))), ("invalid_request", true));
    let signed_wide = PeoplePolicy { require_signed_requests: true, ..policy() };
    assert_eq!(code_of(ask_of(&client(), &signed_wide, GOOD, at(Object::None, false))), ("invalid_request", true));
}

#[test]
fn jrm_007_and_jrm_009_signed_responses() {
    let client = registered(r#","profile":"fapi2_message_signing""#);
    let at = (Column::Authorize, Object::Signed, true);
    assert!(ask_of(&client, &policy(), GOOD, at).expect("good").to.mode.signed);
    match ask_of(&client, &policy(), &format!("{GOOD}&response_mode=query"), at) {
        Err(AuthorizeRefusal::Returned(_, to)) => assert!(to.mode.signed, "JRM-009, JRM-004"),
        other => panic!("{other:?}"),
    }
    let hybrid = registered(r#","response_types":["code id_token"]"#);
    let text = format!("{}&response_mode=query.jwt", GOOD.replace("response_type=code", "response_type=code+id_token"));
    let plain = (Column::Authorize, Object::None, false);
    assert_eq!(code_of(ask_of(&hybrid, &policy(), &text, plain)), ("invalid_request", true), "JRM-007");
    let encrypted = registered(r#","response_types":["code id_token"],"authorization_encrypted_response_alg":"RSA-OAEP-256""#);
    assert!(ask_of(&encrypted, &policy(), &text, plain).is_ok());
}

#[test]
fn rft_025_offline_access_where_no_refresh_token_can_come_of_it() {
    let client = registered(r#","response_types":["id_token"]"#);
    let text = GOOD.replace("response_type=code", "response_type=id_token").replace("scope=openid", "scope=openid+offline_access");
    let asked = ask_of(&client, &policy(), &text, (Column::Authorize, Object::None, false)).expect("no error");
    assert_eq!(asked.scopes.to_text(), "openid");
}

#[test]
fn oar_014_the_claim_outweighs_the_parameter() {
    let claims = "&acr_values=a&claims={\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"b\",\"c\"]}}}";
    let asked = ask(&format!("{GOOD}{claims}")).expect("good");
    assert_eq!((asked.acr_values, asked.acr_essential), (vec!["b".into(), "c".into()], true));
    assert!(!ask(&format!("{GOOD}&acr_values=a+b")).expect("good").acr_essential);
}

#[test]
fn auz_009_and_rar_012_what_is_too_long_is_refused_and_never_cut() {
    assert_eq!(code_of(ask(&format!("{GOOD}&state={}", "s".repeat(ECHO_MAX + 1)))), ("invalid_request", true));
    assert!(ask(&format!("{GOOD}&state={}", "s".repeat(ECHO_MAX))).is_ok());
    let details = format!("[{{\"type\":\"a\",\"x\":\"{}\"}}]", "x".repeat(DETAILS_MAX));
    assert_eq!(code_of(ask(&format!("{GOOD}&authorization_details={details}"))), ("invalid_authorization_details", true));
    let many = format!("[{}]", vec!["{\"type\":\"a\"}"; DETAILS_COUNT_MAX + 1].join(","));
    let client = registered(r#","authorization_details_types":["a"]"#);
    let at = (Column::Authorize, Object::None, false);
    assert_eq!(
        code_of(ask_of(&client, &policy(), &format!("{GOOD}&authorization_details={many}"), at)),
        ("invalid_authorization_details", true)
    );
    assert!(ask_of(&client, &policy(), &format!("{GOOD}&authorization_details=[{{\"type\":\"a\"}}]"), at).is_ok());
}
