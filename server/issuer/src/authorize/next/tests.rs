use claimsmith_protocol::authorize::{ClaimsRequest, Prompt};
use claimsmith_protocol::redirect::Vetted;
use claimsmith_protocol::registration::Registration;
use claimsmith_protocol::response::{ResponseMode, ResponseType};

use super::super::ReturnAddress;
use super::*;
use crate::grants::rig::{NOW, client};

fn asked(scopes: &str) -> Asked {
    let client = client();
    let to = ReturnAddress {
        client_id: client.id,
        redirect_uri: Vetted::from_records("https://a.example/cb".into()),
        mode: ResponseMode::default_of(ResponseType::Code),
        state: None,
        device: None,
    };
    Asked { redirect_uri_named: true, scopes: ScopeSet::parse(scopes).expect("good"), ..Asked::of(to, ResponseType::Code) }
}

fn person(age: i64) -> Person {
    Person { user_id: "usr_a".into(), subject: "sub-a".into(), auth_time: Timestamp::from_seconds(NOW.seconds() - age), acr: None }
}

fn consent(scopes: &str) -> Consent {
    Consent { scopes: ScopeSet::parse(scopes).expect("good"), ..Consent::default() }
}

fn standing<'a>(client: &'a Client, person: Option<&'a Person>, consent: Option<&'a Consent>) -> Standing<'a> {
    Standing {
        client,
        person,
        hint: None,
        hinted_other: false,
        fresh: false,
        chosen: false,
        consent,
        agreed: false,
        can_step_up: false,
        acr_met: true,
    }
}

fn silent(mut asked: Asked) -> Asked {
    asked.prompt = Prompt::parse("none").expect("good");
    asked
}

fn code(result: Result<Step, Refusal>) -> &'static str {
    result.expect_err("refused").code.as_str()
}

#[test]
fn oar_002_each_state_of_the_browser() {
    let (client, asked) = (client(), asked("openid"));
    let (person, consent) = (person(0), consent("openid"));
    let nobody = standing(&client, None, None);
    assert_eq!(next(&asked, &nobody, NOW), Ok(Step::SignIn));
    assert_eq!(code(next(&silent(asked.clone()), &nobody, NOW)), "login_required");
    let unasked = standing(&client, Some(&person), None);
    assert!(matches!(next(&asked, &unasked, NOW), Ok(Step::Consent(_))));
    assert_eq!(code(next(&silent(asked.clone()), &unasked, NOW)), "consent_required");
    let done = standing(&client, Some(&person), Some(&consent));
    assert_eq!(next(&silent(asked.clone()), &done, NOW), Ok(Step::Answer));
}

#[test]
fn oar_004_oar_005_and_oar_008_asked_again() {
    let client = client();
    let (person, consent) = (person(100), consent("openid"));
    let done = standing(&client, Some(&person), Some(&consent));
    let with = |change: &dyn Fn(&mut Asked)| {
        let mut asked = asked("openid");
        change(&mut asked);
        asked
    };
    let login = with(&|asked| asked.prompt.login = true);
    assert_eq!(next(&login, &done, NOW), Ok(Step::SignInAgain));
    assert_eq!(next(&login, &Standing { fresh: true, ..done }, NOW), Ok(Step::Answer));
    for (most, step) in [(99, Step::SignInAgain), (100, Step::Answer), (0, Step::SignInAgain)] {
        let asked = with(&|asked| asked.max_age = Some(most));
        assert_eq!(next(&asked, &done, NOW), Ok(step.clone()), "{most}");
        assert_eq!(next(&asked, &Standing { fresh: true, ..done }, NOW), Ok(Step::Answer), "who has just signed in is not asked for ever");
        if step == Step::SignInAgain {
            assert_eq!(code(next(&silent(asked), &done, NOW)), "login_required");
        }
    }
    let select = with(&|asked| asked.prompt.select_account = true);
    assert_eq!(next(&select, &done, NOW), Ok(Step::ChooseAccount));
    assert_eq!(next(&select, &Standing { chosen: true, ..done }, NOW), Ok(Step::Answer));
    let again = with(&|asked| asked.prompt.consent = true);
    assert!(matches!(next(&again, &done, NOW), Ok(Step::Consent(_))));
    assert_eq!(next(&again, &Standing { agreed: true, ..done }, NOW), Ok(Step::Answer));
}

#[test]
fn oar_019_a_session_does_not_answer_for_another_who_was_hinted_at() {
    let client = client();
    let (person, consent) = (person(0), consent("openid"));
    let done = Standing { hinted_other: true, ..standing(&client, Some(&person), Some(&consent)) };
    assert_eq!(next(&asked("openid"), &done, NOW), Ok(Step::ChooseAccount));
    assert_eq!(code(next(&silent(asked("openid")), &done, NOW)), "account_selection_required");
    for settled in [Standing { chosen: true, ..done }, Standing { fresh: true, ..done }] {
        assert_eq!(next(&asked("openid"), &settled, NOW), Ok(Step::Answer));
    }
    // Who has not agreed yet is not told apart.
    assert_eq!(code(next(&silent(asked("openid")), &Standing { consent: None, ..done }, NOW)), "consent_required");
}

#[test]
fn oar_011_and_oar_017_the_person_who_is_meant() {
    let client = client();
    let (person, consent) = (person(0), consent("openid"));
    let (other, same) = (Hint { subject: "sub-b".into() }, Hint { subject: "sub-a".into() });
    let done = standing(&client, Some(&person), Some(&consent));
    assert_eq!(next(&asked("openid"), &Standing { hint: Some(&same), ..done }, NOW), Ok(Step::Answer));
    let meant = Standing { hint: Some(&other), ..done };
    assert_eq!(next(&asked("openid"), &meant, NOW), Ok(Step::SignIn));
    assert_eq!(code(next(&silent(asked("openid")), &meant, NOW)), "login_required");
    assert_eq!(code(next(&asked("openid"), &Standing { fresh: true, ..meant }, NOW)), "login_required", "never another");
    let mut wanted = asked("openid");
    wanted.claims = ClaimsRequest::parse(r#"{"id_token":{"sub":{"value":"sub-b"}}}"#).expect("good");
    assert_eq!(next(&wanted, &done, NOW), Ok(Step::SignIn), "OAR-017");
}

#[test]
fn oar_014_and_stp_006_a_class_that_is_wanted() {
    let client = client();
    let (person, consent) = (person(0), consent("openid"));
    let low = Standing { acr_met: false, ..standing(&client, Some(&person), Some(&consent)) };
    let mut wish = asked("openid");
    wish.acr_values = vec!["high".into()];
    assert_eq!(next(&wish, &Standing { can_step_up: true, ..low }, NOW), Ok(Step::StepUp), "STP-002");
    assert_eq!(next(&wish, &low, NOW), Ok(Step::Answer), "a wish stays one");
    assert_eq!(next(&silent(wish.clone()), &Standing { can_step_up: true, ..low }, NOW), Ok(Step::Answer));
    wish.acr_essential = true;
    assert_eq!(code(next(&wish, &low, NOW)), "unmet_authentication_requirements");
    assert_eq!(next(&wish, &Standing { acr_met: true, ..low }, NOW), Ok(Step::Answer));
}

#[test]
fn clm_009_what_has_to_be_agreed_to() {
    let mut client = client();
    let (person, held) = (person(0), consent("openid"));
    let missing = |asked: &Asked, client: &Client, held: Option<&Consent>| needs_consent(asked, &standing(client, Some(&person), held));
    assert_eq!(missing(&asked("openid"), &client, Some(&held)), None);
    assert_eq!(missing(&asked("openid read"), &client, Some(&held)).expect("read").scopes, ["read".into()]);
    let mut named = asked("openid");
    named.claims = ClaimsRequest::parse(r#"{"userinfo":{"email":null}}"#).expect("good");
    assert_eq!(missing(&named, &client, Some(&held)).expect("email").claims, ["email".into()]);
    let mut detailed = asked("openid");
    detailed.details = Some("[]".into());
    assert!(missing(&detailed, &client, Some(&held)).expect("details").details);
    client.registration.consent = ConsentPolicy::Always;
    assert!(missing(&asked("openid"), &client, Some(&held)).is_some());
    client.registration.consent = ConsentPolicy::Implied;
    assert_eq!(missing(&asked("openid read"), &client, None), None);
    let mut demanded = asked("openid");
    demanded.prompt.consent = true;
    assert!(missing(&demanded, &client, Some(&held)).is_some(), "what the client demands goes before it");
}

#[test]
fn auz_033_anybodys_program_is_asked_for_every_time() {
    let mut native = client();
    native.authentication = Authentication::Public;
    *native.registration = Registration::default();
    let (person, held) = (person(0), consent("openid"));
    let mut asked = asked("openid");
    assert_eq!(needs_consent(&asked, &standing(&native, Some(&person), Some(&held))), None, "https is its owner's alone");
    asked.to.redirect_uri = Vetted::from_records("http://127.0.0.1:9/cb".into());
    assert!(needs_consent(&asked, &standing(&native, Some(&person), Some(&held))).is_some());
}
