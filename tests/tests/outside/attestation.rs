//! ABC: clients that an attester vouches for, each instance with a key of its own.

use std::sync::{Arc, LazyLock};

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Person, Registered, Reply, encode, send};
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, VERIFIER, app, code, request};
use super::dpop::{fresh, now, proof};
use crate::server;

const ATTESTATION: &str = "oauth-client-attestation";
const POP: &str = "oauth-client-attestation-pop";
const CHALLENGE: &str = "oauth-client-attestation-challenge";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const METHODS: &str = "client_secret_basic,client_secret_post,private_key_jwt,none,attest_jwt_client_auth,attest_jwt_client_auth_dpop";

fn dev(more: &[(&str, &str)]) -> Dev {
    let grants = format!("client_credentials,authorization_code,refresh_token,{DEVICE},{}", super::ciba::GRANT);
    let mut settings = vec![("CLAIMSMITH_CLIENT_AUTH__METHODS", METHODS), ("CLAIMSMITH_GRANTS__ENABLED", grants.as_str())];
    settings.extend(more);
    Dev::start_with(&[], &settings)
}

static DEV: LazyLock<Dev> = LazyLock::new(|| dev(&[]));

/// A server that wants challenges, and young attestations.
static STRICT: LazyLock<Dev> = LazyLock::new(|| {
    dev(&[("CLAIMSMITH_CLIENT_ATTESTATION__REQUIRE_CHALLENGE", "true"), ("CLAIMSMITH_CLIENT_ATTESTATION__AGE_MAX", "1 h")])
});

/// A client, its attester, and one instance of it.
struct Rig {
    dev: &'static Dev,
    client: Registered,
    attester: String,
    attester_key: Arc<AssertionKey>,
    instance: AssertionKey,
}

fn key() -> AssertionKey {
    AssertionKey::generate(SigningAlg::Es256)
}

fn rig_at(dev: &'static Dev, method: &str, more: Value) -> Rig {
    let mut metadata = json!({ "token_endpoint_auth_method": method, "grant_types": ["authorization_code", "refresh_token", "client_credentials", DEVICE] });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    let client = app(dev, metadata);
    let rig =
        Rig { dev, client, attester: format!("https://{}.attester.example", fresh()), attester_key: Arc::new(key()), instance: key() };
    trust(&rig, &json!([rig.client.client_id]));
    rig
}

fn rig() -> Rig {
    rig_at(&DEV, "attest_jwt_client_auth", json!({}))
}

fn trust(rig: &Rig, clients: &Value) {
    let trusted = json!({ "issuer": rig.attester, "jwks": rig.attester_key.jwks(), "algorithms": ["ES256"],
        "purposes": ["client_attestation"], "clients": clients });
    let reply = rig.dev.admin_post("/trusted-issuers", &trusted);
    assert_eq!(reply.status, 201, "{reply:?}");
}

impl Rig {
    fn attestation_of(&self, typ: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({ "iss": self.attester, "sub": self.client.client_id, "iat": now(), "exp": now() + 3_600,
            "cnf": { "jwk": self.instance.jwks()["keys"][0] } });
        change(&mut claims);
        self.attester_key.sign(&json!({ "alg": "ES256", "kid": self.attester_key.kid(), "typ": typ }), &claims)
    }

    fn attestation(&self, change: impl FnOnce(&mut Value)) -> String {
        self.attestation_of("oauth-client-attestation+jwt", change)
    }

    fn pop_of(&self, typ: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({ "aud": self.dev.issuer(), "jti": fresh(), "iat": now() });
        change(&mut claims);
        self.instance.sign(&json!({ "alg": "ES256", "typ": typ }), &claims)
    }

    fn pop(&self, change: impl FnOnce(&mut Value)) -> String {
        self.pop_of("oauth-client-attestation-pop+jwt", change)
    }

    fn send(&self, endpoint: &str, headers: &[(&str, &str)], form: &str) -> Reply {
        let mut request = self.dev.http.post(self.dev.url(endpoint));
        request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request)
    }

    /// Asks for a token with these.
    fn ask(&self, attestation: &str, pop: &str) -> Reply {
        self.send("token_endpoint", &[(ATTESTATION, attestation), (POP, pop)], "grant_type=client_credentials")
    }

    /// Posts to an endpoint in good order.
    fn post(&self, endpoint: &str, form: &str) -> Reply {
        self.send(endpoint, &[(ATTESTATION, &self.attestation(|_| ())), (POP, &self.pop(|_| ()))], form)
    }

    /// The same software on another device.
    fn other(&self) -> Self {
        let attester_key = Arc::clone(&self.attester_key);
        Self { dev: self.dev, client: self.client.clone(), attester: self.attester.clone(), attester_key, instance: key() }
    }

    fn redeem(&self, code: &str) -> Reply {
        let form = format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}", encode(CALLBACK));
        self.post("token_endpoint", &form)
    }
}

/// The access token of an answer, bound to a key.
fn bound(reply: &Reply) -> String {
    assert_eq!((reply.status, &reply.json()["token_type"]), (200, &json!("DPoP")), "{reply:?}");
    reply.json()["access_token"].as_str().expect("a token").to_owned()
}

#[test]
fn abc_002_and_012_an_attestation_and_its_proof_are_all_it_takes() {
    let rig = rig();
    let access = rig.ask(&rig.attestation(|_| ()), &rig.pop(|_| ())).okt();
    assert_eq!(rig.dev.decode(&access).claims["client_id"], rig.client.client_id);
    let (attestation, pop) = (rig.attestation(|_| ()), rig.pop(|_| ()));
    let loud = [("OAUTH-CLIENT-ATTESTATION", attestation.as_str()), ("OAuth-Client-Attestation-PoP", pop.as_str())];
    rig.send("token_endpoint", &loud, "grant_type=client_credentials").okt();
    for bad in ["not a token", "", "a,b", "==", "\"quoted\""] {
        rig.ask(bad, &rig.pop(|_| ())).err_with("invalid_client_attestation", 401);
        rig.ask(&rig.attestation(|_| ()), bad).err_with("invalid_client_attestation", 401);
    }
}

#[test]
fn abc_001_metadata_name_methods_algorithms_and_the_challenge_endpoint() {
    let metadata = DEV.metadata();
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().expect("a list");
    assert!(["attest_jwt_client_auth", "attest_jwt_client_auth_dpop"].iter().all(|name| methods.contains(&json!(name))));
    for name in ["client_attestation_signing_alg_values_supported", "client_attestation_pop_signing_alg_values_supported"] {
        assert!(metadata[name].as_array().expect("a list").contains(&json!("ES256")), "{name}");
        assert!(server().metadata().get(name).is_none(), "off where nobody switched it on");
    }
    assert!(metadata["challenge_endpoint"].is_string() && server().metadata().get("challenge_endpoint").is_none());
}

#[test]
fn abc_002_one_attestation_whole_and_of_its_kind() {
    let rig = rig();
    for name in ["sub", "exp", "cnf"] {
        let without = rig.attestation(|claims| drop(claims.as_object_mut().expect("an object").remove(name)));
        let reply = rig.ask(&without, &rig.pop(|_| ()));
        assert!([400, 401].contains(&reply.status) && reply.json()["error"] != "invalid_grant", "{name}: {reply:?}");
    }
    let mut private = rig.instance.jwks()["keys"][0].clone();
    private["d"] = json!("AAAA");
    rig.ask(&rig.attestation(|claims| claims["cnf"]["jwk"] = private), &rig.pop(|_| ())).err_with("invalid_client_attestation", 401);
    for typ in ["JWT", "dpop+jwt", "oauth-client-attestation-pop+jwt"] {
        rig.ask(&rig.attestation_of(typ, |_| ()), &rig.pop(|_| ())).err_with("invalid_client_attestation", 401);
    }
    let (attestation, pop) = (rig.attestation(|_| ()), rig.pop(|_| ()));
    let form = "grant_type=client_credentials";
    let twice = [(ATTESTATION, attestation.as_str()), (ATTESTATION, attestation.as_str()), (POP, pop.as_str())];
    rig.send("token_endpoint", &twice, form).err_with("invalid_client_attestation", 401);
    let twice = [(ATTESTATION, attestation.as_str()), (POP, pop.as_str()), (POP, pop.as_str())];
    rig.send("token_endpoint", &twice, form).err_with("invalid_client_attestation", 401);
    rig.send("token_endpoint", &[(POP, &pop)], &format!("{form}&client_id={}", rig.client.client_id))
        .err_with("invalid_client_attestation", 401);
    rig.send("token_endpoint", &[(ATTESTATION, &attestation)], form).err_with("invalid_client_attestation", 401);
    rig.send("token_endpoint", &[], &format!("{form}&client_id={}", rig.client.client_id)).err_with("invalid_client", 401);
    // Nothing of this was used up.
    rig.ask(&attestation, &pop).okt();
}

#[test]
fn abc_003_an_attester_is_trusted_for_the_clients_that_the_operator_names() {
    let (rig, other) = (rig(), self::rig());
    let stranger = Rig { attester_key: Arc::new(key()), ..rig.other() };
    stranger.ask(&stranger.attestation(|_| ()), &stranger.pop(|_| ())).err_with("invalid_client_attestation", 401);
    let unknown = Rig { attester: "https://nobody.attester.example".to_owned(), ..rig.other() };
    unknown.ask(&unknown.attestation(|_| ()), &unknown.pop(|_| ())).err_with("invalid_client_attestation", 401);
    // One that is trusted, and not for this client.
    let meddling = Rig { client: rig.client.clone(), ..other.other() };
    meddling.ask(&meddling.attestation(|_| ()), &meddling.pop(|_| ())).err_with("invalid_client_attestation", 401);
    let none = rig.attestation_of("oauth-client-attestation+jwt", |_| ());
    let body = none.split('.').nth(1).expect("a payload");
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoib2F1dGgtY2xpZW50LWF0dGVzdGF0aW9uK2p3dCJ9.{body}.");
    rig.ask(&unsigned, &rig.pop(|_| ())).err_with("invalid_client_attestation", 401);
    // An attestation need not name its attester where there is one only.
    rig.ask(&rig.attestation(|claims| drop(claims.as_object_mut().expect("an object").remove("iss"))), &rig.pop(|_| ())).okt();
    rig.ask(&rig.attestation(|_| ()), &rig.pop(|_| ())).okt();
}

#[test]
fn abc_004_the_proof_is_for_this_server_of_this_key_and_of_now() {
    let rig = rig();
    let attestation = rig.attestation(|_| ());
    let ask = |pop: String| rig.ask(&attestation, &pop).err_with("invalid_client_attestation", 401);
    let endpoint = rig.dev.url("token_endpoint");
    ask(rig.pop(|claims| claims["aud"] = json!(endpoint)));
    ask(rig.pop(|claims| claims["aud"] = json!([rig.dev.issuer(), "https://other.example"])));
    ask(rig.pop(|claims| claims["iat"] = json!(now() - 120)));
    ask(rig.pop(|claims| claims["iat"] = json!(now() + 120)));
    ask(rig.pop(|claims| claims["iss"] = json!("another")));
    ask(rig.pop_of("JWT", |_| ()));
    ask(rig.other().pop(|_| ()));
    for name in ["aud", "jti", "iat"] {
        ask(rig.pop(|claims| drop(claims.as_object_mut().expect("an object").remove(name))));
    }
    rig.ask(&attestation, &rig.pop(|_| ())).okt();
}

#[test]
fn abc_005_a_proof_counts_once_however_many_come() {
    let rig = rig();
    let (attestation, pop) = (rig.attestation(|_| ()), rig.pop(|_| ()));
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..50).map(|_| scope.spawn(|| rig.ask(&attestation, &pop))).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(won.len(), 1);
    lost.iter().for_each(|reply| reply.err_with("invalid_client_attestation", 401));
    rig.ask(&attestation, &rig.pop(|_| ())).okt();
}

#[test]
fn abc_006_a_challenge_is_asked_for_and_told() {
    let rig = rig_at(&STRICT, "attest_jwt_client_auth", json!({}));
    let attestation = rig.attestation(|_| ());
    let refused = rig.ask(&attestation, &rig.pop(|_| ()));
    refused.err_with("use_attestation_challenge", 400);
    let told = refused.header(CHALLENGE).to_owned();
    assert!(!told.is_empty());
    rig.ask(&attestation, &rig.pop(|claims| claims["challenge"] = json!(told))).okt();
    let stale = rig.ask(&attestation, &rig.pop(|claims| claims["challenge"] = json!("AAAAAAAAAAAAAAAAAAAAAA")));
    stale.err_with("use_attestation_challenge", 400);
    let reply = send(rig.dev.http.post(rig.dev.url("challenge_endpoint")));
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
    let told = reply.json()["attestation_challenge"].as_str().expect("a challenge").to_owned();
    rig.ask(&attestation, &rig.pop(|claims| claims["challenge"] = json!(told))).okt();
    // A wrong challenge is no proof where none is needed, either.
    let lax = self::rig();
    lax.ask(&lax.attestation(|_| ()), &lax.pop(|claims| claims["challenge"] = json!("made up"))).err("use_attestation_challenge");
}

#[test]
fn abc_007_an_old_attestation_is_to_be_renewed() {
    let rig = rig();
    rig.ask(&rig.attestation(|claims| claims["exp"] = json!(now() - 60)), &rig.pop(|_| ())).err_with("use_fresh_attestation", 400);
    let strict = rig_at(&STRICT, "attest_jwt_client_auth", json!({}));
    let ask = |attestation: String| strict.ask(&attestation, &strict.pop(|_| ())).err_with("use_fresh_attestation", 400);
    ask(strict.attestation(|claims| claims["iat"] = json!(now() - 7_200)));
    ask(strict.attestation(|claims| drop(claims.as_object_mut().expect("an object").remove("iat"))));
}

#[test]
fn abc_008_the_client_of_the_form_is_that_of_the_attestation() {
    let (rig, other) = (rig(), self::rig());
    let form = |id: &str| format!("grant_type=client_credentials&client_id={id}");
    rig.post("token_endpoint", &form(&rig.client.client_id)).okt();
    rig.post("token_endpoint", &form(&other.client.client_id)).err_with("invalid_client_attestation", 401);
    rig.post("token_endpoint", &form("nobody")).err_with("invalid_client_attestation", 401);
}

#[test]
fn abc_009_a_dpop_proof_of_the_same_key_is_enough_where_the_client_says_so() {
    let rig = rig_at(&DEV, "attest_jwt_client_auth_dpop", json!({}));
    let url = rig.dev.url("token_endpoint");
    let form = "grant_type=client_credentials";
    let ask = |attestation: &str, dpop: &str| rig.send("token_endpoint", &[(ATTESTATION, attestation), ("dpop", dpop)], form);
    let attestation = rig.attestation(|_| ());
    let good = proof(&rig.instance, url, |_| ());
    let reply = ask(&attestation, &good);
    let access = rig.dev.decode(&bound(&reply));
    assert_eq!((&reply.json()["token_type"], access.claims["cnf"]["jkt"].is_string()), (&json!("DPoP"), true));
    ask(&attestation, &good).err("invalid_dpop_proof");
    ask(&attestation, &proof(&key(), url, |_| ())).err_with("invalid_client_attestation", 401);
    rig.send("token_endpoint", &[(ATTESTATION, &attestation)], form).err_with("invalid_client_attestation", 401);
    // Each client proves its key as it is registered to.
    let (pop, dpop) = (rig.pop(|_| ()), proof(&rig.instance, url, |_| ()));
    rig.send("token_endpoint", &[(ATTESTATION, &attestation), (POP, &pop), ("dpop", &dpop)], form)
        .err_with("invalid_client_attestation", 401);
    let normal = self::rig();
    let (attestation, dpop) = (normal.attestation(|_| ()), proof(&normal.instance, url, |_| ()));
    normal.send("token_endpoint", &[(ATTESTATION, &attestation), ("dpop", &dpop)], form).err_with("invalid_client_attestation", 401);
    // Beside a proof of its own, the tokens' key may be another.
    let (pop, dpop) = (normal.pop(|_| ()), proof(&key(), url, |_| ()));
    bound(&normal.send("token_endpoint", &[(ATTESTATION, &attestation), (POP, &pop), ("dpop", &dpop)], form));
    // Where no DPoP proof is read for itself, it is the attestation's.
    let (attestation, url) = (rig.attestation(|_| ()), rig.dev.url("revocation_endpoint"));
    let dpop = proof(&rig.instance, url, |_| ());
    let revoke = || rig.send("revocation_endpoint", &[(ATTESTATION, &attestation), ("dpop", &dpop)], "token=x");
    assert_eq!(revoke().status, 200);
    revoke().err("invalid_dpop_proof");
}

#[test]
fn abc_009_the_challenge_of_a_dpop_proof_is_its_nonce() {
    let rig = rig_at(&STRICT, "attest_jwt_client_auth_dpop", json!({}));
    let (url, attestation) = (rig.dev.url("token_endpoint"), rig.attestation(|_| ()));
    let ask = |dpop: &str| rig.send("token_endpoint", &[(ATTESTATION, &attestation), ("dpop", dpop)], "grant_type=client_credentials");
    let refused = ask(&proof(&rig.instance, url, |_| ()));
    refused.err("use_attestation_challenge");
    let told = refused.header(CHALLENGE).to_owned();
    bound(&ask(&proof(&rig.instance, url, |claims| claims["nonce"] = json!(told))));
}

#[test]
fn abc_009_a_code_can_be_bound_to_a_key_beside_the_instances() {
    let rig = rig();
    let (tokens, url) = (key(), rig.dev.url("token_endpoint"));
    let jkt = claimsmith_jose::JwkSet::parse(tokens.jwks().to_string().as_bytes()).expect("a set").keys()[0].thumbprint().to_base64url();
    let code = code(rig.dev, &Person::alice(rig.dev), &rig.client, &format!("&scope=openid&dpop_jkt={jkt}"));
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}", encode(CALLBACK));
    rig.post("token_endpoint", &form).err("invalid_grant");
    let (attestation, pop, dpop) = (rig.attestation(|_| ()), rig.pop(|_| ()), proof(&tokens, url, |_| ()));
    bound(&rig.send("token_endpoint", &[(ATTESTATION, &attestation), (POP, &pop), ("dpop", &dpop)], &form));
}

#[test]
fn abc_010_what_one_instance_was_given_is_nothing_to_another() {
    let rig = rig();
    let (other, alice) = (rig.other(), Person::alice(rig.dev));
    let code = code(rig.dev, &alice, &rig.client, "&scope=openid+offline_access");
    let refresh = super::code_flow::refresh_token(&rig.redeem(&code));
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    other.post("token_endpoint", &form).err("invalid_grant");
    let again = super::code_flow::refresh_token(&rig.post("token_endpoint", &form));
    other.post("token_endpoint", &format!("grant_type=refresh_token&refresh_token={again}")).err("invalid_grant");
}

#[test]
fn abc_010_pushed_requests_and_devices_are_of_the_instance_that_asked() {
    let rig = rig();
    let (other, alice) = (rig.other(), Person::alice(rig.dev));
    let plain = request(rig.dev, &rig.client, "&scope=openid");
    let plain = plain.split_once('?').expect("a query").1;
    let (base, id) = (rig.dev.url("authorization_endpoint"), encode(&rig.client.client_id));
    let pushed = || {
        let uri = super::par::request_uri(&rig.post("pushed_authorization_request_endpoint", plain));
        alice.walk(&format!("{base}?client_id={id}&request_uri={}", encode(&uri))).parameter("code").expect("a code")
    };
    other.redeem(&pushed()).err("invalid_grant");
    rig.redeem(&pushed()).okt();
    let begun = rig.post("device_authorization_endpoint", "scope=openid").json();
    let page = alice.go(begun["verification_uri_complete"].as_str().expect("a URL")).page();
    let page = alice.submit(&page, &[("user_code", begun["user_code"].as_str().expect("a code")), ("action", "device")]).page();
    let done = if page.body.contains("id=\"page-consent\"") { alice.allow(&page).page() } else { page };
    assert!(done.body.contains("id=\"page-device_done\""), "{done:?}");
    let form = format!("grant_type={}&device_code={}", encode(DEVICE), begun["device_code"].as_str().expect("a code"));
    other.post("token_endpoint", &form).err("invalid_grant");
    std::thread::sleep(std::time::Duration::from_millis(5_300));
    rig.post("token_endpoint", &form).okt();
}

#[test]
fn abc_010_what_a_client_waits_for_is_of_the_instance_that_asked() {
    let grants = json!({ "grant_types": [super::ciba::GRANT], "redirect_uris": [], "backchannel_token_delivery_mode": "poll" });
    let rig = rig_at(&DEV, "attest_jwt_client_auth", grants);
    let begun = rig.post(super::ciba::ENDPOINT, "scope=openid&login_hint=alice").json();
    let alice = Person::alice(rig.dev);
    let url = format!("{}/account/requests", rig.dev.issuer());
    alice.sign_in(&alice.go(&url).page());
    let page = alice.submit(&alice.go(&url).page(), &[("request", &super::ciba::row(&begun)), ("action", "look")]).page();
    assert!(super::ciba::is_done(&alice.allow(&page).page()));
    let form = format!("grant_type={}&auth_req_id={}", encode(super::ciba::GRANT), super::ciba::id(&begun));
    rig.other().post("token_endpoint", &form).err("invalid_grant");
    std::thread::sleep(std::time::Duration::from_millis(5_300));
    rig.post("token_endpoint", &form).okt();
}

#[test]
fn abc_011_beside_other_credentials_it_is_of_the_same_client_and_can_be_demanded() {
    let rig = rig_at(&DEV, "client_secret_basic", json!({}));
    let wanting = rig_at(&DEV, "client_secret_basic", json!({ "client_attestation_required": true }));
    let ask = |client: &Registered, carried: Option<(&str, &str)>| {
        let basic = client.basic();
        let mut headers = vec![("authorization", basic.as_str())];
        headers.extend(carried.into_iter().flat_map(|(attestation, pop)| [(ATTESTATION, attestation), (POP, pop)]));
        rig.send("token_endpoint", &headers, "grant_type=client_credentials")
    };
    ask(&rig.client, None).okt();
    ask(&rig.client, Some((&rig.attestation(|_| ()), &rig.pop(|_| ())))).okt();
    ask(&rig.client, Some((&wanting.attestation(|_| ()), &wanting.pop(|_| ())))).err_with("invalid_client_attestation", 401);
    ask(&rig.client, Some((&rig.attestation(|_| ()), &wanting.pop(|_| ())))).err_with("invalid_client_attestation", 401);
    ask(&wanting.client, None).err_with("invalid_client_attestation", 401);
    ask(&wanting.client, Some((&wanting.attestation(|_| ()), &wanting.pop(|_| ())))).okt();
    // It replaces no secret.
    wanting.post("token_endpoint", "grant_type=client_credentials").err_with("invalid_client", 401);
}

#[test]
fn plg_009_what_a_plugin_stops_uses_up_no_proof() {
    let rig = rig();
    let plugin = super::hooks::install(rig.dev);
    let (attestation, pop) = (rig.attestation(|_| ()), rig.pop(|_| ()));
    for (deed, code, status) in [("refuse", "invalid_client", 401), ("fails", "server_error", 500)] {
        let binding = super::hooks::bind(rig.dev, &rig.client, plugin, &super::hooks::at("client_authentication", deed));
        rig.ask(&attestation, &pop).err_with(code, status);
        super::hooks::unbind(rig.dev, &binding);
    }
    rig.ask(&attestation, &pop).okt();
}
