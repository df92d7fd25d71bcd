//! CIM: clients that are what a document at their `client_id` says.

use std::sync::LazyLock;
use std::thread::sleep;
use std::time::Duration;

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Landed, Person, Receiver, Registered, Reply, encode};
use reqwest::Method;
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, code, redeem, refresh, refresh_token, request, token};
use crate::server;

const CIBA: &str = "urn:openid:params:grant-type:ciba";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

struct Rig {
    host: Receiver,
    dev: Dev,
}

/// A server whose clients' documents are good for a second, and the host that has them.
static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let host = Receiver::start(|path, _| match path {
        "/redirect" => Some("302 Found\r\nLocation: /elsewhere".to_owned()),
        "/hang" => None,
        "/down" | "/down-for-now" => Some("503 Service Unavailable".to_owned()),
        _ => Some("404 Not Found".to_owned()),
    });
    let ca = host.ca_file();
    let grants = format!("client_credentials,authorization_code,refresh_token,{DEVICE},{CIBA}");
    let environment = [
        ("CLAIMSMITH_GRANTS__ENABLED", grants.as_str()),
        ("CLAIMSMITH_FETCH__CA_FILE", ca.as_str()),
        ("CLAIMSMITH_FETCH__ALLOWED_NETWORKS", "127.0.0.1"),
        ("CLAIMSMITH_FETCH__TIMEOUT", "2 s"),
        ("CLAIMSMITH_CLIENT_DOCUMENTS__ENABLED", "true"),
        ("CLAIMSMITH_CLIENT_DOCUMENTS__GRANT_TYPES", grants.as_str()),
        ("CLAIMSMITH_CLIENT_DOCUMENTS__CACHE_TIME_MIN", "1 s"),
        ("CLAIMSMITH_CLIENT_DOCUMENTS__BURST", "1000"),
        ("CLAIMSMITH_LOG__FORMAT", "json"),
    ];
    let dev = Dev::start_with(&[], &environment);
    Rig { host, dev }
});

/// What stands at a path, for the longest time there is; with what the test adds.
fn document(path: &str, more: Value) -> Value {
    let mut document = json!({
        "client_id": RIG.host.url(path),
        "client_name": "Travelling App",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid offline_access",
    });
    for (name, value) in more.as_object().expect("an object") {
        document[name] = value.clone();
    }
    document
}

fn publish(path: &str, document: &Value) {
    RIG.host.serve(path, "application/json", &document.to_string());
}

/// The same, good for a second.
fn publish_shortly(path: &str, document: &Value) {
    publish_for(1, path, document);
}

fn publish_for(seconds: u32, path: &str, document: &Value) {
    RIG.host.serve(path, &format!("application/json\r\nCache-Control: max-age={seconds}"), &document.to_string());
}

/// A client with a document.
fn client(path: &str, more: Value) -> Registered {
    publish(path, &document(path, more));
    Registered { client_id: RIG.host.url(path), client_secret: None }
}

fn fetches(path: &str) -> usize {
    RIG.host.received(path).len()
}

/// What a browser gets that comes with a `client_id`.
fn knock(client_id: &str) -> Reply {
    let client = Registered { client_id: client_id.to_owned(), client_secret: None };
    Person::alice(&RIG.dev).fetch(&request(&RIG.dev, &client, "&scope=openid"))
}

/// Nobody is sent anywhere (RFC 6749 §4.1.2.1).
fn is_page(reply: &Reply) -> bool {
    reply.status == 400 && reply.headers.get("location").is_none() && reply.body.contains("id=\"page-error\"")
}

fn is_known(reply: &Reply) -> bool {
    reply.body.contains("id=\"page-sign_in\"") || reply.headers.get("location").is_some()
}

#[test]
fn cim_012_a_document_is_all_it_takes_from_the_browser_to_the_refreshed_token() {
    let client = client("/whole", json!({}));
    let alice = Person::alice(&RIG.dev);
    let code = code(&RIG.dev, &alice, &client, "&scope=openid+offline_access");
    let reply = redeem(&RIG.dev, &client, &code, "");
    let access = RIG.dev.decode(&reply.okt());
    assert_eq!(access.claims["client_id"], client.client_id);
    refresh(&RIG.dev, &client, &refresh_token(&reply), "").okt();
    assert_eq!(fetches("/whole"), 1, "one fetch serves for as long as it is good");
}

#[test]
fn cim_001_only_urls_in_their_normal_form_are_read() {
    let host = RIG.host.url("");
    publish("/c", &document("/c", json!({})));
    for bad in [
        host.replace("https:", "http:") + "/c",
        host.clone(),
        format!("{host}/a/../c"),
        format!("{host}/./c"),
        format!("{host}/a/%2e%2E/c"),
        format!("{host}/c#fragment"),
        format!("{host}/c#"),
        host.replace("https://", "https://user@") + "/c",
        host.replace("https://", "HTTPS://") + "/c",
    ] {
        assert!(is_page(&knock(&bad)), "{bad}");
    }
    assert_eq!(fetches("/c"), 0);
    assert!(is_known(&knock(&RIG.host.url("/c"))));
    assert_eq!(fetches("/c"), 1);
    publish("/c?v=1", &document("/c?v=1", json!({})));
    assert!(is_known(&knock(&RIG.host.url("/c?v=1"))), "a query is no mistake");
}

#[test]
fn cim_002_where_it_is_off_a_url_is_nobody() {
    let client = Registered { client_id: "https://app.example/client.json".to_owned(), client_secret: None };
    assert!(is_page(&Person::alice(server()).fetch(&request(server(), &client, ""))));
    token(server(), &client, "grant_type=authorization_code&code=x").err_with("invalid_client", 401);
}

#[test]
fn cim_002_a_registered_client_wins() {
    let client = client("/registered", json!({}));
    assert!(is_known(&knock(&client.client_id)));
    // As an operator's import would have it: with no document of its own.
    sql(&format!("DELETE FROM client_documents WHERE client_id = '{}'", client.client_id));
    publish("/registered", &document("/registered", json!({ "redirect_uris": ["https://other.example/cb"] })));
    let off = patch(&client.client_id, &json!({ "metadata": { "a": "b" } }));
    assert_eq!(off.status, 200, "{off:?}");
    sleep(Duration::from_millis(1_500));
    assert!(is_known(&knock(&client.client_id)));
    assert_eq!(fetches("/registered"), 1);
}

fn patch(client_id: &str, change: &Value) -> Reply {
    let headers = [("content-type", "application/merge-patch+json"), ("if-match", "*")];
    RIG.dev.admin(Method::PATCH, &format!("/clients/{}", encode(client_id)), &headers, change.to_string().into_bytes())
}

fn sql(statement: &str) {
    let url = RIG.dev.info["database_url"].as_str().expect("a URL");
    assert!(std::process::Command::new("psql").args([url, "--quiet", "--command", statement]).status().expect("psql").success());
}

#[test]
fn cim_003_what_cannot_be_had_in_order_is_a_page_and_is_asked_for_again() {
    let good = |path: &str| document(path, json!({})).to_string();
    RIG.host.serve("/elsewhere", "application/json", &good("/redirect"));
    RIG.host.serve("/page", "text/html", &good("/page"));
    RIG.host.serve("/plus", "application/client+json", &good("/plus"));
    RIG.host.serve("/torn", "application/json", "{\"client_id\":");
    RIG.host.serve("/list", "application/json", "[]");
    let long = document("/long", json!({ "client_name": "x", "more": "y".repeat(6 << 10) }));
    publish("/long", &long);
    for path in ["/redirect", "/missing", "/hang", "/down", "/page", "/torn", "/list", "/long"] {
        for times in 1..=2 {
            let reply = knock(&RIG.host.url(path));
            assert!(is_page(&reply), "{path}: {reply:?}");
            assert_eq!(fetches(path), times, "failures are not kept: {path}");
        }
        let client = Registered { client_id: RIG.host.url(path), client_secret: None };
        token(&RIG.dev, &client, "grant_type=authorization_code&code=x").err_with("invalid_client", 401);
    }
    assert!(RIG.host.received("/elsewhere").is_empty());
    assert!(is_known(&knock(&RIG.host.url("/plus"))));
    publish("/missing", &document("/missing", json!({})));
    assert!(is_known(&knock(&RIG.host.url("/missing"))), "there at last");
}

#[test]
fn cim_004_a_document_that_names_another_url_is_no_use() {
    for other in [RIG.host.url("/other"), RIG.host.url("/mismatch/"), RIG.host.url("/Mismatch")] {
        publish("/mismatch", &document("/mismatch", json!({ "client_id": other })));
        assert!(is_page(&knock(&RIG.host.url("/mismatch"))), "{other}");
    }
}

#[test]
fn cim_005_and_cim_009_no_secrets_and_no_private_keys() {
    let mut private = AssertionKey::generate(SigningAlg::Es256).jwks();
    private["keys"][0]["d"] = json!("AAAA");
    for (index, wrong) in [
        json!({ "client_secret": "s" }),
        json!({ "client_secret_expires_at": 0 }),
        json!({ "token_endpoint_auth_method": "client_secret_basic" }),
        json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
        json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": private }),
        json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] } }),
    ]
    .into_iter()
    .enumerate()
    {
        let client = client(&format!("/secret/{index}"), wrong.clone());
        assert!(is_page(&knock(&client.client_id)), "{wrong}");
    }
}

#[test]
fn cim_006_redirect_uris_are_those_of_the_document() {
    let client = client("/redirects", json!({ "redirect_uris": ["https://other.example/cb", format!("{CALLBACK}/")] }));
    assert!(is_page(&knock(&client.client_id)));
    let strict = Dev::start_with(
        &["--no-demo"],
        &[
            ("CLAIMSMITH_FETCH__CA_FILE", RIG.host.ca_file().as_str()),
            ("CLAIMSMITH_FETCH__ALLOWED_NETWORKS", "127.0.0.1"),
            ("CLAIMSMITH_CLIENT_DOCUMENTS__ENABLED", "true"),
            ("CLAIMSMITH_CLIENT_DOCUMENTS__SAME_ORIGIN", "true"),
            ("CLAIMSMITH_CLIENT_DOCUMENTS__BURST", "2"),
            ("CLAIMSMITH_CLIENT_DOCUMENTS__EVERY", "24 h"),
        ],
    );
    let at = |uri: &str, id: &str| {
        let base = strict.url("authorization_endpoint");
        let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        let url = format!("{base}?response_type=code&client_id={}&redirect_uri={}&{challenge}", encode(id), encode(uri));
        Person::new(&strict, "nobody", "nothing").fetch(&url)
    };
    let (own, foreign) = (RIG.host.url("/cb"), self::client("/foreign", json!({})));
    let same = self::client("/same", json!({ "redirect_uris": [own] }));
    assert!(is_page(&at(CALLBACK, &foreign.client_id)));
    assert!(is_known(&at(&own, &same.client_id)));
    // Two fetches are what this address may cause.
    let more = self::client("/more", json!({ "redirect_uris": [own] }));
    assert_eq!(at(&own, &more.client_id).status, 429);
    assert!(is_known(&at(&own, &same.client_id)), "who is known is served");
    assert_eq!(fetches("/more"), 0);
}

#[test]
fn cim_007_addresses_inside_are_not_asked() {
    for inside in
        ["https://169.254.169.254/latest", "https://[::1]/c", "https://10.0.0.1/c", "https://192.168.0.1/c", "https://[fd00::1]/c"]
    {
        assert!(is_page(&knock(inside)), "{inside}");
    }
    // Loopback is allowed here, and nowhere else: the same is so for keys.
    let key = AssertionKey::generate(SigningAlg::Es256);
    let client = client(
        "/inner-keys",
        json!({
            "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://10.0.0.1/jwks",
        }),
    );
    assertive(&client, &key, "grant_type=authorization_code&code=x").err_with("invalid_client", 401);
}

/// Posts to the token endpoint with an assertion.
fn assertive(client: &Registered, key: &AssertionKey, form: &str) -> Reply {
    RIG.dev.post("token_endpoint", None, &format!("{}&{form}", assertion(client, key)))
}

fn assertion(client: &Registered, key: &AssertionKey) -> String {
    let jti = claimsmith_jose::Digest::of(format!("{:?}", std::time::Instant::now()).as_bytes()).to_base64url();
    let assertion = key.assertion(&client.client_id, RIG.dev.issuer(), &jti);
    format!("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}")
}

#[test]
fn cim_008_a_document_is_good_for_as_long_as_its_server_says() {
    let path = "/cached";
    let id = RIG.host.url(path);
    publish_for(3, path, &document(path, json!({})));
    assert!(is_known(&knock(&id)) && is_known(&knock(&id)));
    assert_eq!(fetches(path), 1);
    sleep(Duration::from_millis(4_100));
    assert!(is_known(&knock(&id)) && is_known(&knock(&id)));
    assert_eq!(fetches(path), 2, "the same again, for as long again");
    publish_for(3, path, &document(path, json!({ "redirect_uris": ["https://app.example/new"] })));
    sleep(Duration::from_millis(4_100));
    assert!(is_page(&knock(&id)), "what is new holds");
    // What is no document any more is nobody.
    RIG.host.serve(path, "text/plain", "gone");
    sleep(Duration::from_millis(4_100));
    let client = Registered { client_id: id, client_secret: None };
    token(&RIG.dev, &client, "grant_type=authorization_code&code=x").err_with("invalid_client", 401);
}

#[test]
fn cim_008_while_a_host_is_away_its_clients_are_told_to_come_again() {
    let path = "/down-for-now";
    publish_shortly(path, &document(path, json!({})));
    let client = Registered { client_id: RIG.host.url(path), client_secret: None };
    let ask = || token(&RIG.dev, &client, "grant_type=authorization_code&code=x");
    ask().err("invalid_grant");
    RIG.host.withdraw(path);
    sleep(Duration::from_millis(2_100));
    ask().err_with("temporarily_unavailable", 503);
    assert!(!is_known(&knock(&client.client_id)), "what was true is not used");
    publish_shortly(path, &document(path, json!({})));
    ask().err("invalid_grant");
}

#[test]
fn cim_009_keys_of_a_document_prove_who_it_is() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    RIG.host.serve("/jwks", "application/jwk-set+json", &key.jwks().to_string());
    let by_uri = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": RIG.host.url("/jwks") });
    for (path, keys) in [("/keys", json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks() })), ("/keys-uri", by_uri)] {
        let client = client(path, keys);
        let code = code(&RIG.dev, &Person::alice(&RIG.dev), &client, "&scope=openid");
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={}",
            encode(CALLBACK),
            super::code_flow::VERIFIER
        );
        token(&RIG.dev, &client, &form).err_with("invalid_client", 401);
        let other = AssertionKey::generate(SigningAlg::Es256);
        assertive(&client, &other, &form).err_with("invalid_client", 401);
        let access = assertive(&client, &key, &form).okt();
        let form = format!("{}&token={access}", assertion(&client, &key));
        let answer = RIG.dev.post("introspection_endpoint", None, &form).json();
        assert_eq!((&answer["active"], &answer["client_id"]), (&json!(true), &json!(client.client_id)), "{answer}");
    }
}

#[test]
fn cim_010_people_see_the_host_and_no_picture_from_there() {
    let client = client("/shown", json!({ "logo_uri": RIG.host.url("/logo.png"), "client_name": "Your Bank" }));
    let alice = Person::alice(&RIG.dev);
    let sign_in = alice.go(&request(&RIG.dev, &client, "&scope=openid")).page();
    let consent = alice.sign_in(&sign_in).page();
    assert!(consent.body.contains("id=\"page-consent\""), "{consent:?}");
    for page in [&sign_in, &consent] {
        assert!(page.body.contains("id=\"client-host\"") && page.body.contains("127.0.0.1"), "{page:?}");
        assert!(!page.body.contains("logo.png") && !page.header("content-security-policy").contains("127.0.0.1"), "{page:?}");
    }
    assert_eq!(fetches("/logo.png"), 0);
}

#[test]
fn cim_011_metadata_say_so() {
    assert_eq!(RIG.dev.metadata()["client_id_metadata_document_supported"], json!(true));
    assert!(server().metadata().get("client_id_metadata_document_supported").is_none());
}

#[test]
fn cim_012_pushed_requests_and_devices_too() {
    let client = client("/matrix", json!({ "grant_types": ["authorization_code", DEVICE, "no-such-grant"] }));
    let id = encode(&client.client_id);
    let begun = RIG.dev.post("device_authorization_endpoint", None, &format!("client_id={id}&scope=openid"));
    assert_eq!(begun.status, 200, "{begun:?}");
    let device_code = begun.json()["device_code"].as_str().expect("a code").to_owned();
    token(&RIG.dev, &client, &format!("grant_type={}&device_code={device_code}", encode(DEVICE))).err("authorization_pending");
    let url = request(&RIG.dev, &client, "&scope=openid");
    let plain = url.split_once('?').expect("a query").1.to_owned();
    let pushed = RIG.dev.post("pushed_authorization_request_endpoint", None, &plain);
    let pushed = super::par::request_uri(&pushed);
    let base = RIG.dev.url("authorization_endpoint");
    let landed = Person::alice(&RIG.dev).walk(&format!("{base}?client_id={id}&request_uri={}", encode(&pushed)));
    redeem(&RIG.dev, &client, &landed.parameter("code").expect("a code"), "").okt();
    assert_eq!(fetches("/matrix"), 1);
}

#[test]
fn cim_012_a_client_that_waits_for_its_person_too() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let client = client(
        "/waiting",
        json!({
            "grant_types": [CIBA], "redirect_uris": [], "backchannel_token_delivery_mode": "poll",
            "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(),
        }),
    );
    let form = format!("{}&scope=openid&login_hint=alice", assertion(&client, &key));
    let begun = RIG.dev.post("backchannel_authentication_endpoint", None, &form);
    assert_eq!(begun.status, 200, "{begun:?}");
    let id = begun.json()["auth_req_id"].as_str().expect("an identifier").to_owned();
    assertive(&client, &key, &format!("grant_type={}&auth_req_id={id}", encode(CIBA))).err("authorization_pending");
}

#[test]
fn cim_013_a_hundred_at_once_are_one_fetch() {
    let client = client("/crowd", json!({}));
    std::thread::scope(|scope| {
        let ask = || token(&RIG.dev, &client, "grant_type=authorization_code&code=x").err("invalid_grant");
        let all: Vec<_> = (0..100).map(|_| scope.spawn(ask)).collect();
        all.into_iter().for_each(|one| one.join().expect("an answer"));
    });
    assert_eq!(fetches("/crowd"), 1);
}

#[test]
fn cim_014_people_are_asked_again_when_a_client_has_become_another() {
    let (path, alice) = ("/changing", Person::alice(&RIG.dev));
    let client = Registered { client_id: RIG.host.url(path), client_secret: None };
    let is_asked = |name: &str, more: Value| {
        publish_shortly(path, &document(path, more));
        sleep(Duration::from_millis(2_100));
        let landed = alice.go(&request(&RIG.dev, &client, "&scope=openid"));
        match landed {
            Landed::Page(page) if page.body.contains("id=\"page-sign_in\"") => {
                alice.allow(&alice.sign_in(&page).page());
                true
            }
            Landed::Page(page) => {
                assert!(page.body.contains("id=\"page-consent\""), "{name}: {page:?}");
                alice.allow(&page);
                true
            }
            Landed::Client(_) => false,
        }
    };
    assert!(is_asked("new", json!({})));
    assert!(!is_asked("same", json!({})));
    assert!(!is_asked("link", json!({ "client_uri": "https://app.example/" })));
    assert!(is_asked("name", json!({ "client_name": "Your Bank" })));
    assert!(is_asked("redirect", json!({ "client_name": "Your Bank", "redirect_uris": [CALLBACK, "https://app.example/two"] })));
    let key = AssertionKey::generate(SigningAlg::Es256);
    let keys = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks() });
    assert!(is_asked("method", keys.clone()));
    assert!(!is_asked("same method", keys));
    let other = AssertionKey::generate(SigningAlg::Es256);
    assert!(is_asked("keys", json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": other.jwks() })));
}

#[test]
fn cim_012_an_operator_shuts_a_client_out_and_it_stays_out() {
    let path = "/blocked";
    publish_shortly(path, &document(path, json!({})));
    let id = RIG.host.url(path);
    assert!(is_known(&knock(&id)));
    assert_eq!(patch(&id, &json!({ "enabled": false })).status, 200);
    assert!(is_page(&knock(&id)));
    publish_shortly(path, &document(path, json!({ "client_name": "Another" })));
    sleep(Duration::from_millis(2_100));
    assert!(is_page(&knock(&id)));
}

#[test]
fn plg_009_plugins_meet_clients_with_documents_by_their_tag_and_one_by_one() {
    let plugin = super::hooks::install(&RIG.dev);
    let bind = |to: &str, configuration: Value, permissions: Value| {
        let binding = json!({ "plugin": plugin, "configuration": configuration, "permissions": permissions });
        let reply = RIG.dev.admin_post(&format!("{to}/bindings"), &binding);
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["id"].to_string().trim_matches('"').to_owned()
    };
    let at = |deed: &str| json!({ "at": "client_registration", deed: if deed == "fails" { json!(true) } else { json!("access_denied") } });
    let path = "/shaped";
    publish_shortly(path, &document(path, json!({ "tags": ["mine"], "client_name": "Plain" })));
    let id = RIG.host.url(path);
    for deed in ["refuse", "fails"] {
        let binding = bind("/tags/document", at(deed), json!([]));
        let reply = knock(&id);
        assert!(!is_known(&reply) && reply.headers.get("location").is_none(), "{deed}: {reply:?}");
        super::hooks::unbind(&RIG.dev, &binding);
    }
    let named = json!({ "at": "client_registration", "edits": [{ "set_metadata": { "name": "client_name", "value": "Shaped" } }] });
    let binding = bind("/tags/document", named, json!(["metadata:client_name"]));
    let page = Person::alice(&RIG.dev).go(&request(&RIG.dev, &Registered { client_id: id.clone(), client_secret: None }, "")).page();
    assert!(page.body.contains("Shaped") && !page.body.contains("Plain"), "{page:?}");
    super::hooks::unbind(&RIG.dev, &binding);
    // Bound to this one client, whatever its document says from now on.
    let refusing = json!({ "at": "token_response", "refuse": "access_denied" });
    let binding = bind(&format!("/clients/{}", encode(&id)), refusing, json!([]));
    let (client, alice) = (Registered { client_id: id, client_secret: None }, Person::alice(&RIG.dev));
    let code = code(&RIG.dev, &alice, &client, "&scope=openid");
    redeem(&RIG.dev, &client, &code, "").err("access_denied");
    super::hooks::unbind(&RIG.dev, &binding);
    redeem(&RIG.dev, &client, &code, "").okt();
}
