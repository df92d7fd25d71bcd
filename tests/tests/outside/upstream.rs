//! Signing in with another provider: one server of ours is the provider of the other.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use claimsmith_tests::{Dev, Landed, Person, Registered, Reply, encode, send};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::code_flow::{app, error_at_client, redeem, request, userinfo};

/// The provider, who we are there, and the server whose people it vouches for.
struct Rig {
    there: Dev,
    here: Dev,
    app: Registered,
}

fn rig(more: &[(&str, &str)]) -> Rig {
    let there = Dev::start();
    let us = there.register(&json!({
        "client_name": "Here",
        "grant_types": ["authorization_code"],
        "redirect_uris": ["https://later.example/cb"],
        "scope": "openid profile email",
    }));
    let secret = there.folder().join("upstream-secret");
    std::fs::write(&secret, us.client_secret.as_deref().expect("a secret")).expect("written");
    let ca = there.info["ca_file"].as_str().expect("a path").to_owned();
    let secret = secret.display().to_string();
    let mut environment = vec![
        ("CLAIMSMITH_FETCH__CA_FILE", &*ca),
        ("CLAIMSMITH_FETCH__ALLOWED_NETWORKS", "127.0.0.1,::1"),
        ("CLAIMSMITH_UPSTREAM__NAME", "Campus ID"),
        ("CLAIMSMITH_UPSTREAM__ISSUER", there.issuer()),
        ("CLAIMSMITH_UPSTREAM__CLIENT_ID", &*us.client_id),
        ("CLAIMSMITH_UPSTREAM__CLIENT_SECRET_FILE", &*secret),
    ];
    environment.extend(more);
    let here = Dev::start_with(&[], &environment);
    let path = format!("/clients/{}", us.client_id);
    let held = there.admin(Method::GET, &path, &[], Vec::new());
    let headers = [("content-type", "application/merge-patch+json"), ("if-match", held.header("etag"))];
    let patch = json!({ "redirect_uris": [format!("{}/signin/upstream", here.issuer())] }).to_string().into_bytes();
    assert_eq!(there.admin(Method::PATCH, &path, &headers, patch).status, 200);
    let app = app(&here, json!({}));
    Rig { there, here, app }
}

static RIG: LazyLock<Rig> = LazyLock::new(|| rig(&[]));

impl Rig {
    /// A browser that nobody has signed in with here.
    fn browser(&self) -> Person {
        Person::new(&self.here, "nobody", "nothing")
    }

    /// From the button to the provider: the URL that the browser is sent to.
    fn leave(&self, browser: &Person, more: &str) -> Url {
        let page = browser.go(&request(&self.here, &self.app, &format!("&scope=openid+profile+email{more}"))).page();
        self.press(browser, &page)
    }

    fn press(&self, browser: &Person, page: &Reply) -> Url {
        assert!(page.body.contains("value=\"upstream:provider\"") && page.body.contains("Campus ID"), "{page:?}");
        assert!(page.header("content-security-policy").contains("form-action 'self' https:"), "{page:?}");
        let url = browser.submit(page, &[("action", "upstream:provider")]).client();
        assert!(url.as_str().starts_with(self.there.issuer()), "{url}");
        url
    }

    /// There and as far back as the URL that the provider sends the browser to.
    fn vouch(&self, there: &Person, url: &Url) -> String {
        let back = there.walk(url.as_str()).client().to_string();
        assert!(back.starts_with(&format!("{}/signin/upstream?", self.here.issuer())), "{back}");
        back
    }

    /// Somebody signs in with the provider and agrees; answers the token answer and UserInfo.
    fn tokens(&self, browser: &Person, there: &Person, more: &str) -> (Reply, Value) {
        let back = self.vouch(there, &self.leave(browser, more));
        let landed = match browser.go(&back) {
            Landed::Page(page) => browser.allow(&page),
            landed => landed,
        };
        let code = landed.parameter("code").unwrap_or_else(|| panic!("no code: {landed:?} {}", self.here.log()));
        let reply = redeem(&self.here, &self.app, &code, "");
        let said = userinfo(&self.here, &reply.okt()).json();
        (reply, said)
    }

    /// The page that says that it did not work, and offers to sign in.
    fn is_refused(&self, landed: Landed) {
        let page = landed.page();
        assert!(page.status == 200 && page.body.contains("Campus ID could not confirm who you are"), "{page:?}");
        assert!(page.body.contains("name=\"identifier\""), "{page:?}");
    }
}

fn parameters(url: &str) -> BTreeMap<String, String> {
    Url::parse(url).expect("a URL").query_pairs().into_owned().collect()
}

fn with(url: &str, name: &str, value: Option<&str>) -> String {
    let mut url = Url::parse(url).expect("a URL");
    let kept: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(held, _)| held != name).collect();
    url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(value.map(|value| (name, value)));
    url.into()
}

#[test]
fn somebody_new_gets_an_account_and_somebody_known_is_the_same_again() {
    let (first, alice) = (RIG.browser(), Person::alice(&RIG.there));
    let url = RIG.leave(&first, "&login_hint=alice");
    let sent = parameters(url.as_str());
    assert_eq!((&*sent["response_type"], &*sent["code_challenge_method"]), ("code", "S256"));
    assert_eq!((&*sent["scope"], &*sent["login_hint"]), ("openid profile email", "alice"));
    assert!(sent["nonce"].len() == 43 && sent["state"].len() == 87 && sent["code_challenge"].len() == 43, "{sent:?}");

    let (reply, said) = RIG.tokens(&RIG.browser(), &alice, "");
    let id_token = RIG.here.decode(reply.json()["id_token"].as_str().expect("an ID token")).claims;
    assert!(id_token.get("acr").is_none() && id_token.get("amr").is_none(), "what was done there is not known: {id_token:?}");
    let subject = said["sub"].as_str().expect("a sub").to_owned();
    assert!(subject.starts_with("usr_"), "{said}");

    let known = userinfo_there(&alice);
    assert_eq!((&said["name"], &said["email"]), (&known["name"], &known["email"]), "taken over");
    assert_ne!(subject, known["sub"].as_str().expect("a sub"), "ours, not theirs");
    let (_, again) = RIG.tokens(&RIG.browser(), &Person::alice(&RIG.there), "");
    assert_eq!(again["sub"], said["sub"]);
    let (_, other) = RIG.tokens(&RIG.browser(), &Person::bob(&RIG.there), "");
    assert_ne!(other["sub"], said["sub"]);

    // Both servers have an Alice: ours has her name still, and is nobody else.
    let own = Person::alice(&RIG.here);
    let landed = own.walk(&request(&RIG.here, &RIG.app, "&scope=openid"));
    let reply = redeem(&RIG.here, &RIG.app, &landed.parameter("code").expect("a code"), "");
    assert_ne!(userinfo(&RIG.here, &reply.okt()).json()["sub"], said["sub"], "a name or an address links nobody");
}

fn userinfo_there(person: &Person) -> Value {
    let client = app(&RIG.there, json!({}));
    let landed = person.walk(&request(&RIG.there, &client, "&scope=openid+profile+email"));
    let reply = redeem(&RIG.there, &client, &landed.parameter("code").expect("a code"), "");
    userinfo(&RIG.there, &reply.okt()).json()
}

#[test]
fn an_answer_is_good_once_in_its_browser_and_for_its_request() {
    let (browser, stranger) = (RIG.browser(), RIG.browser());
    let alice = Person::alice(&RIG.there);
    let back = RIG.vouch(&alice, &RIG.leave(&browser, ""));
    // Another browser, with a name of its own or with none.
    assert_ne!(stranger.go(&back).page().status, 200);
    RIG.leave(&stranger, "");
    assert_ne!(stranger.go(&back).page().status, 200);
    // Another state.
    let state = parameters(&back)["state"].clone();
    let (flow, mac) = state.split_once('.').expect("two parts");
    let swapped: String = mac.chars().rev().collect();
    for wrong in [flow.to_owned(), format!("{flow}."), format!("{flow}.{swapped}"), format!("{swapped}.{mac}"), String::new()] {
        assert_ne!(browser.go(&with(&back, "state", Some(&wrong))).page().status, 200, "{wrong}");
    }
    assert_ne!(browser.go(&with(&back, "state", None)).page().status, 200);
    // The flow is as it was: the right one still works, once.
    let landed = browser.go(&back);
    assert!(matches!(&landed, Landed::Client(_)) || landed.page().body.contains("value=\"allow\""));
    assert_ne!(browser.go(&back).page().status, 200, "a replay");
}

#[test]
fn an_answer_of_an_earlier_attempt_is_none_of_the_next() {
    let browser = RIG.browser();
    let page = browser.go(&request(&RIG.here, &RIG.app, "&scope=openid")).page();
    let (first, second) = (RIG.press(&browser, &page), RIG.press(&browser, &page));
    assert_ne!(first, second);
    let back = RIG.vouch(&Person::alice(&RIG.there), &first);
    assert_ne!(browser.go(&back).page().status, 200);
    // With the second's state, the first's code has another verifier and nonce.
    let mixed = with(&back, "state", Some(&parameters(second.as_str())["state"]));
    RIG.is_refused(browser.go(&mixed));
}

#[test]
fn errors_of_the_provider_and_answers_of_others_lead_back_to_the_page() {
    let iss = |url: &Url| format!("{}/signin/upstream?state={}", RIG.here.issuer(), parameters(url.as_str())["state"]);
    let (ours, theirs) = (encode(RIG.there.issuer()), encode("https://other.example"));
    for answer in [
        format!("&error=access_denied&iss={ours}"),
        format!("&code=made-up&iss={ours}"),
        format!("&code=made-up&iss={theirs}"),
        "&code=made-up".to_owned(),
        format!("&iss={ours}"),
    ] {
        let browser = RIG.browser();
        let url = RIG.leave(&browser, "");
        RIG.is_refused(browser.go(&format!("{}{answer}", iss(&url))));
    }
    // A real code with the name of another issuer, or with none although there should be one (RFC 9207 §2.4).
    let alice = Person::alice(&RIG.there);
    for wrong in [Some("https://other.example"), None] {
        let browser = RIG.browser();
        let back = RIG.vouch(&alice, &RIG.leave(&browser, ""));
        RIG.is_refused(browser.go(&with(&back, "iss", wrong)));
    }
    // From the page, the person goes on as they like.
    let browser = RIG.browser();
    let url = RIG.leave(&browser, "");
    let page = browser.go(&format!("{}&error=access_denied&iss={ours}", iss(&url))).page();
    let back = RIG.vouch(&alice, &RIG.press(&browser, &page));
    assert!(!matches!(browser.go(&back), Landed::Page(page) if page.status != 200));
}

#[test]
fn who_is_to_sign_in_anew_does_so_at_the_provider() {
    let (browser, alice) = (RIG.browser(), Person::alice(&RIG.there));
    RIG.tokens(&browser, &alice, "");
    let url = RIG.leave(&browser, "&prompt=login&max_age=5");
    assert_eq!((&*parameters(url.as_str())["prompt"], &*parameters(url.as_str())["max_age"]), ("login", "5"));
    assert!(alice.go(url.as_str()).page().body.contains("value=\"password\""), "asked there again");
}

#[test]
fn unknown_people_are_refused_where_the_operator_says_so() {
    let rig = rig(&[("CLAIMSMITH_UPSTREAM__UNKNOWN_PEOPLE", "refuse")]);
    let browser = rig.browser();
    let back = rig.vouch(&Person::alice(&rig.there), &rig.leave(&browser, ""));
    rig.is_refused(browser.go(&back));
    assert_eq!(error_at_client(&browser.go(&request(&rig.here, &rig.app, "&scope=openid&prompt=none"))), "login_required");
}

#[test]
fn without_a_provider_there_is_no_way_to_it() {
    let dev = crate::server();
    let (client, alice) = (app(dev, json!({})), Person::alice(dev));
    let page = alice.go(&request(dev, &client, "&scope=openid")).page();
    assert!(!page.body.contains("upstream"), "{page:?}");
    assert_ne!(alice.submit(&page, &[("action", "upstream:provider")]).page().status, 200);
    assert_ne!(send(dev.http.get(format!("{}/signin/upstream?state=a.b&code=c", dev.issuer()))).status, 200);
}
