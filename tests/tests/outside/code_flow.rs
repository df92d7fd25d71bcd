//! The authorization code flow with a person in front of it: request, sign-in, consent, code, tokens, UserInfo.

use claimsmith_tests::{Dev, Landed, Person, Registered, Reply, encode};
use serde_json::{Value, json};

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const CALLBACK: &str = "https://app.example/cb";

/// A client of people, with what the test adds.
pub(crate) fn app(dev: &Dev, more: Value) -> Registered {
    let mut metadata = json!({
        "client_name": "App",
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [CALLBACK],
        "scope": "openid profile email offline_access read write",
        "resources": ["https://api.example"],
    });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    dev.register(&metadata)
}

/// The URL of a request with PKCE; `more` is added as it stands.
pub(crate) fn request(dev: &Dev, client: &Registered, more: &str) -> String {
    let base = dev.url("authorization_endpoint");
    let (id, callback) = (encode(&client.client_id), encode(CALLBACK));
    format!("{base}?response_type=code&client_id={id}&redirect_uri={callback}&code_challenge={CHALLENGE}&code_challenge_method=S256{more}")
}

/// Redeems a code.
pub(crate) fn redeem(dev: &Dev, client: &Registered, code: &str, more: &str) -> Reply {
    let form =
        format!("grant_type=authorization_code&code={}&redirect_uri={}&code_verifier={VERIFIER}{more}", encode(code), encode(CALLBACK));
    token(dev, client, &form)
}

/// Posts to the token endpoint as the client.
pub(crate) fn token(dev: &Dev, client: &Registered, form: &str) -> Reply {
    match &client.client_secret {
        Some(_) => dev.post("token_endpoint", Some(&client.basic()), form),
        None => dev.post("token_endpoint", None, &format!("client_id={}&{form}", encode(&client.client_id))),
    }
}

/// Refreshes.
pub(crate) fn refresh(dev: &Dev, client: &Registered, refresh_token: &str, more: &str) -> Reply {
    token(dev, client, &format!("grant_type=refresh_token&refresh_token={}{more}", encode(refresh_token)))
}

/// A code, for whoever walks.
pub(crate) fn code(dev: &Dev, person: &Person, client: &Registered, more: &str) -> String {
    let landed = person.walk(&request(dev, client, more));
    landed.parameter("code").unwrap_or_else(|| panic!("no code: {landed:?}"))
}

/// The refresh token of an answer.
pub(crate) fn refresh_token(reply: &Reply) -> String {
    reply.okt();
    reply.json()["refresh_token"].as_str().unwrap_or_else(|| panic!("no refresh token: {reply:?}")).to_owned()
}

/// Whether an access token is active, by introspection of its own client.
pub(crate) fn is_active(dev: &Dev, client: &Registered, token: &str) -> bool {
    let reply = dev.post("introspection_endpoint", Some(&client.basic()), &format!("token={}", encode(token)));
    reply.json()["active"].as_bool().expect("an answer")
}

/// The error that a client was sent.
pub(crate) fn error_at_client(landed: &Landed) -> String {
    assert_eq!(landed.parameter("code"), None, "{landed:?}");
    landed.parameter("error").unwrap_or_else(|| panic!("no error: {landed:?}"))
}

pub(crate) fn userinfo(dev: &Dev, token: &str) -> Reply {
    claimsmith_tests::send(dev.http.get(dev.url("userinfo_endpoint")).bearer_auth(token))
}

#[test]
fn a_person_signs_in_agrees_and_the_client_gets_everything() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_LOG__LEVEL", "debug")]);
    let alice = Person::alice(&dev);
    let client = app(&dev, json!({}));
    let url = request(&dev, &client, "&scope=openid+profile+email+offline_access&nonce=n-0S6&state=%C3%A4%20%26x");
    let page = alice.go(&url).page();
    assert!(page.status == 200 && page.body.contains("name=\"identifier\"") && page.body.contains("App"), "{page:?}");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-frame-options"), "DENY", "AUZ-019");
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    let consent = alice.sign_in(&page).page();
    assert!(consent.body.contains("value=\"allow\""), "{consent:?}");
    let landed = alice.allow(&consent);
    assert_eq!(landed.parameter("state").as_deref(), Some("\u{e4} &x"));
    assert_eq!(landed.parameter("iss").as_deref(), Some(dev.issuer()));
    let code = landed.parameter("code").expect("a code");
    assert!(code.len() == 64);
    let reply = redeem(&dev, &client, &code, "");
    let access_token = reply.okt();
    let json = reply.json();
    assert_eq!(json["scope"], "openid profile email offline_access");
    assert!(json["refresh_token"].is_string());

    let id_token = dev.decode(json["id_token"].as_str().expect("an ID token"));
    assert_eq!((&id_token.header["typ"], &id_token.claims["iss"]), (&json!("JWT"), &json!(dev.issuer())));
    assert_eq!((&id_token.claims["aud"], &id_token.claims["nonce"]), (&json!(client.client_id), &json!("n-0S6")));
    assert_eq!((&id_token.claims["amr"], &id_token.claims["acr"]), (&json!(["pwd"]), &json!("urn:claimsmith:acr:password")));
    assert!(id_token.claims["sid"].is_string() && id_token.claims["at_hash"].is_string());
    for name in ["name", "email"] {
        assert!(id_token.claims.get(name).is_none(), "IDT-013: {name}");
    }
    let subject = id_token.claims["sub"].as_str().expect("sub");
    assert!(subject.starts_with("usr_"));

    let access = dev.decode(&access_token);
    assert_eq!((access.claims["sub"].as_str(), access.claims["client_id"].as_str()), (Some(subject), Some(&*client.client_id)));
    assert_eq!(access.claims["acr"], "urn:claimsmith:acr:password");

    let info = userinfo(&dev, &access_token);
    assert_eq!((info.status, info.header("content-type")), (200, "application/json"), "{info:?}");
    let info = info.json();
    assert_eq!((&info["sub"], &info["name"], &info["email"]), (&json!(subject), &json!("Alice Doe"), &json!("alice@example.org")));

    let again = refresh(&dev, &client, json["refresh_token"].as_str().expect("there"), "");
    again.okt();
    let second = dev.decode(again.json()["id_token"].as_str().expect("an ID token"));
    assert_eq!(
        (&second.claims["sub"], &second.claims["aud"], &second.claims["sid"]),
        (&id_token.claims["sub"], &id_token.claims["aud"], &id_token.claims["sid"])
    );
    assert!(second.claims.get("nonce").is_none());

    let silent = alice.go(&request(&dev, &client, "&scope=openid+profile&prompt=none"));
    assert!(silent.parameter("code").is_some(), "OAR-002: signed in and agreed: {silent:?}");
    assert!(access.claims["jti"].as_str().is_some_and(|jti| jti.len() == 43));
    for secret in [code.as_str(), &access_token, json["refresh_token"].as_str().expect("there"), &alice.password] {
        assert!(!dev.log().contains(secret), "a secret is in the log");
    }
}
