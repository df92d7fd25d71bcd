//! FAP and FMS: clients that are held to FAPI 2.0, on a server that serves others as well.

use claimsmith_jose::SigningAlg;
use claimsmith_tests::{AssertionKey, Dev, Landed, Person, Registered, Reply, claims, encode, send};
use serde_json::{Value, json};

use super::code_flow::{CALLBACK, VERIFIER, app, error_at_client, request, userinfo};
use super::dpop::{fresh, now, proof};
use super::par::{parameters, request_uri, url};
use crate::server;

const PAR: &str = "pushed_authorization_request_endpoint";
const TYPE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

/// A client of the profile, the key that it signs assertions and objects with, and the one of its proofs.
struct Fapi {
    client: Registered,
    key: AssertionKey,
    proofs: AssertionKey,
}

fn metadata(key: &AssertionKey, more: &Value) -> Value {
    let mut metadata = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(), "profile": "fapi2_security",
        "dpop_bound_access_tokens": true,
    });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    metadata
}

fn fapi(more: Value) -> Fapi {
    with_alg(SigningAlg::Es256, more)
}

fn with_alg(alg: SigningAlg, more: Value) -> Fapi {
    let key = AssertionKey::generate(alg);
    let client = app(server(), metadata(&key, &more));
    Fapi { client, key, proofs: AssertionKey::generate(SigningAlg::Es256) }
}

impl Fapi {
    fn assertion(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims(&self.client.client_id, server().issuer(), &fresh());
        change(&mut claims);
        self.key.sign(&json!({ "alg": self.key.jwks()["keys"][0]["alg"], "kid": self.key.kid() }), &claims)
    }

    /// Posts with an assertion and, where there is one, a proof.
    fn send(&self, member: &str, assertion: &str, proof: Option<&str>, form: &str) -> Reply {
        let form = format!("{form}&client_assertion_type={TYPE}&client_assertion={assertion}");
        let mut request = server().http.post(server().url(member)).header("content-type", "application/x-www-form-urlencoded").body(form);
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        send(request)
    }

    fn push(&self, form: &str) -> Reply {
        self.send(PAR, &self.assertion(|_| ()), None, form)
    }

    fn parameters(&self, more: &str) -> String {
        parameters(&self.client, more)
    }

    /// A code for what was asked, the first time with a sign-in.
    fn walk(&self, person: &Person, more: &str) -> Landed {
        person.walk(&url(&self.client, &request_uri(&self.push(&self.parameters(more))), ""))
    }

    fn code(&self, more: &str) -> String {
        let landed = self.walk(&Person::alice(server()), more);
        landed.parameter("code").unwrap_or_else(|| panic!("{landed:?}"))
    }

    fn proof(&self, member: &str) -> String {
        proof(&self.proofs, server().url(member), |_| ())
    }

    fn token(&self, form: &str) -> Reply {
        self.send("token_endpoint", &self.assertion(|_| ()), Some(&self.proof("token_endpoint")), form)
    }

    fn redeem(&self, code: &str) -> Reply {
        self.token(&redemption(code))
    }

    /// The good claims of a request object.
    fn object(&self) -> Value {
        json!({
            "iss": self.client.client_id, "client_id": self.client.client_id, "aud": server().issuer(), "exp": now() + 300, "nbf": now(),
            "response_type": "code", "redirect_uri": CALLBACK, "scope": "read", "state": "inner",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
        })
    }

    fn push_object(&self, claims: &Value) -> Reply {
        let alg = &self.key.jwks()["keys"][0]["alg"];
        let object = self.key.sign(&json!({ "alg": alg, "kid": self.key.kid(), "typ": "oauth-authz-req+jwt" }), claims);
        self.push(&format!("client_id={}&request={object}", encode(&self.client.client_id)))
    }
}

fn redemption(code: &str) -> String {
    format!("grant_type=authorization_code&code={}&redirect_uri={}&code_verifier={VERIFIER}", encode(code), encode(CALLBACK))
}

fn bound(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    let json = reply.json();
    assert_eq!(json["token_type"], "DPoP");
    json
}

/// What a registration is refused for.
fn refused(more: Value) -> Value {
    let mut metadata = metadata(&AssertionKey::generate(SigningAlg::Es256), &more);
    for (name, value) in [("grant_types", json!(["authorization_code"])), ("redirect_uris", json!([CALLBACK])), ("scope", json!("read"))] {
        if metadata.get(name).is_none() {
            metadata[name] = value;
        }
    }
    let reply = server().admin_post("/clients", &metadata);
    assert_eq!(reply.status, 422, "{more}: {reply:?}");
    reply.json()
}

#[test]
fn fap_001_fap_018_and_fap_020_what_a_client_of_the_profile_may_register() {
    for more in [
        json!({ "token_endpoint_auth_method": "client_secret_basic" }),
        json!({ "token_endpoint_auth_method": "none" }),
        json!({ "redirect_uris": ["http://127.0.0.1/cb"], "application_type": "native" }),
        json!({ "response_types": ["code id_token"] }),
        json!({ "grant_types": ["password"] }),
        json!({ "dpop_bound_access_tokens": false }),
        json!({ "grant_types": ["client_credentials"], "redirect_uris": [], "dpop_bound_access_tokens": false }),
    ] {
        refused(more);
    }
}

#[test]
fn fap_002_fap_004_fap_008_fap_010_and_fap_012_the_whole_way() {
    let client = fapi(json!({}));
    let nonce = "n".repeat(64);
    let alice = Person::alice(server());
    let landed = client.walk(&alice, &format!("&scope=openid+offline_access+read&nonce={nonce}"));
    assert_eq!(landed.parameter("iss").as_deref(), Some(server().issuer()));
    assert_eq!(landed.parameter("state"), None);
    let code = landed.parameter("code").expect("a code");
    client.send("token_endpoint", &client.assertion(|_| ()), None, &redemption(&code)).err("invalid_dpop_proof");
    let tokens = bound(&client.redeem(&code));
    let access = server().decode(tokens["access_token"].as_str().expect("a token"));
    assert_eq!(access.claims["cnf"], json!({ "jkt": client.proofs.kid() }));
    let id_token = server().decode(tokens["id_token"].as_str().expect("an ID token"));
    assert_eq!(id_token.claims["nonce"], json!(nonce));
    assert!(!id_token.claims.contains_key("s_hash"));
    let held = tokens["refresh_token"].as_str().expect("a refresh token");
    for _ in 0..2 {
        let again = bound(&client.token(&format!("grant_type=refresh_token&refresh_token={held}")));
        assert!(again["refresh_token"].as_str().is_none_or(|token| token == held), "kept, not replaced");
    }
}

#[test]
fn fap_003_the_audience_of_an_assertion_is_the_issuer_alone() {
    let client = fapi(json!({}));
    let form = client.parameters("");
    for audience in [json!([server().issuer()]), json!(server().url("token_endpoint")), json!(server().url(PAR))] {
        let assertion = client.assertion(|claims| claims["aud"] = audience.clone());
        client.send(PAR, &assertion, None, &form).err_with("invalid_client", 401);
    }
    assert_eq!(client.push(&form).status, 201);
}

#[test]
fn fap_005_and_fap_016_a_code_counts_once_and_for_its_client() {
    let (client, other) = (fapi(json!({})), fapi(json!({})));
    let code = client.code("&scope=read");
    other.redeem(&code).err("invalid_grant");
    // The other's credentials with this client's name.
    other.token(&format!("{}&client_id={}", redemption(&code), encode(&client.client.client_id))).err_with("invalid_client", 401);
    bound(&client.redeem(&code));
    client.redeem(&code).err("invalid_grant");
}

#[test]
fn fap_006_a_code_is_bound_to_a_key_by_name_and_by_proof() {
    let client = fapi(json!({}));
    let stranger = AssertionKey::generate(SigningAlg::Es256);
    let by_name = client.code(&format!("&scope=read&dpop_jkt={}", client.proofs.kid()));
    let pushed = client.send(PAR, &client.assertion(|_| ()), Some(&client.proof(PAR)), &client.parameters("&scope=read"));
    let landed = Person::alice(server()).walk(&url(&client.client, &request_uri(&pushed), ""));
    let by_proof = landed.parameter("code").expect("a code");
    for code in [by_name, by_proof] {
        let wrong = proof(&stranger, server().url("token_endpoint"), |_| ());
        let reply = client.send("token_endpoint", &client.assertion(|_| ()), Some(&wrong), &redemption(&code));
        assert!(reply.status == 400 && reply.json()["error"] != "invalid_client", "{reply:?}");
        bound(&client.redeem(&code));
    }
}

#[test]
fn fap_007_clocks_differ_a_little() {
    let client = fapi(json!({}));
    for (offset, is_good) in [(8, true), (65, false)] {
        let assertion = client.assertion(|claims| {
            claims["iat"] = json!(now() + offset);
            claims["nbf"] = json!(now() + offset);
            claims["exp"] = json!(now() + offset + 60);
        });
        let reply = client.send(PAR, &assertion, None, &client.parameters(""));
        assert_eq!(reply.status == 201, is_good, "assertion, {offset}: {reply:?}");
        let proof = proof(&client.proofs, server().url(PAR), |claims| claims["iat"] = json!(now() + offset));
        let reply = client.send(PAR, &client.assertion(|_| ()), Some(&proof), &client.parameters(""));
        assert_eq!(reply.status == 201, is_good, "proof, {offset}: {reply:?}");
    }
}

#[test]
fn fap_008_fap_009_and_fap_021_what_has_to_be_pushed() {
    let client = fapi(json!({}));
    let alice = Person::alice(server());
    assert_eq!(error_at_client(&alice.go(&request(server(), &client.client, ""))), "invalid_request", "not pushed");
    let good = client.parameters("");
    server().post(PAR, None, &good).err_with("invalid_client", 401);
    let redirect = format!("&redirect_uri={}", encode(CALLBACK));
    assert!(good.contains(&redirect));
    client.push(&good.replace(&redirect, "")).err("invalid_request");
    client.push(&good.replace("S256", "plain")).err("invalid_request");
    let bare: Vec<&str> = good.split('&').filter(|pair| !pair.starts_with("code_challenge")).collect();
    client.push(&bare.join("&")).err("invalid_request");
    assert!(client.push(&good).json()["expires_in"].as_u64().is_some_and(|seconds| seconds < 600));
    // Who is not of the profile pushes nothing.
    let other = app(server(), json!({}));
    assert!(Person::alice(server()).walk(&request(server(), &other, "&scope=read")).parameter("code").is_some());
}

#[test]
fn fap_011_and_fap_018_nothing_in_the_browser_counts() {
    let client = fapi(json!({}));
    let uri = request_uri(&client.push(&client.parameters("&scope=read&state=inner")));
    let junk = "&state=outer&scope=write&redirect_uri=https%3A%2F%2Fevil.example&response_type=token&nonce=x";
    // Every redirect on the way is 303: the person sees to that.
    let landed = Person::alice(server()).walk(&url(&client.client, &uri, junk));
    assert_eq!(landed.parameter("state").as_deref(), Some("inner"));
    let code = landed.parameter("code").expect("a code");
    assert_eq!(bound(&client.redeem(&code))["scope"], "read");
}

#[test]
fn fap_013_and_fap_014_weak_algorithms_and_keys_are_refused() {
    let weak = with_alg(SigningAlg::Rs256, json!({}));
    weak.push(&weak.parameters("")).err_with("invalid_client", 401);
    for alg in [SigningAlg::Ps256, SigningAlg::EdDsa] {
        let client = with_alg(alg, json!({}));
        assert_eq!(client.push(&client.parameters("")).status, 201, "{alg:?}");
    }
    let client = fapi(json!({}));
    let proof = proof(&AssertionKey::generate(SigningAlg::Rs256), server().url(PAR), |_| ());
    client.send(PAR, &client.assertion(|_| ()), Some(&proof), &client.parameters("")).err("invalid_dpop_proof");
    for member in ["request_object_signing_alg", "authorization_signed_response_alg", "id_token_signed_response_alg"] {
        refused(json!({ member: "RS256" }));
    }
    // RSA of 1024 bits is no key at all.
    let short = json!({ "keys": [{ "kty": "RSA", "alg": "PS256", "e": "AQAB", "n": "t".repeat(171) }] });
    let reply = server().admin_post("/clients", &metadata(&client.key, &json!({ "jwks": short, "redirect_uris": [CALLBACK] })));
    assert_eq!(reply.status, 422, "{reply:?}");
}

#[test]
fn fap_015_our_own_resource_takes_tokens_from_the_header() {
    let client = fapi(json!({}));
    let tokens = bound(&client.redeem(&client.code("&scope=openid&nonce=n")));
    let token = tokens["access_token"].as_str().expect("a token");
    let endpoint = server().url("userinfo_endpoint");
    let ath = claimsmith_jose::Digest::of(token.as_bytes()).to_base64url();
    let made = |url: &str| {
        proof(&client.proofs, url, |claims| {
            claims["htm"] = json!("GET");
            claims["ath"] = json!(ath);
        })
    };
    let get = |url: &str| server().http.get(url).header("dpop", made(endpoint));
    assert_eq!(send(get(endpoint).header("authorization", format!("DPoP {token}"))).status, 200);
    assert_eq!(send(get(&format!("{endpoint}?access_token={token}"))).status, 400);
    assert_eq!(userinfo(server(), token).status, 401, "as a bearer token");
}

#[test]
fn fap_017_metadata_say_what_the_profile_needs() {
    let metadata = server().metadata();
    assert!(metadata[PAR].is_string());
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert!(metadata["dpop_signing_alg_values_supported"].as_array().is_some_and(|algs| algs.contains(&json!("ES256"))));
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().expect("a list");
    assert!(methods.contains(&json!("private_key_jwt")));
}

#[test]
fn fap_019_who_says_no_is_believed() {
    let client = fapi(json!({}));
    let alice = Person::alice(server());
    let uri = request_uri(&client.push(&client.parameters("&scope=read&state=s")));
    let page = alice.go(&url(&client.client, &uri, "")).page();
    let landed = alice.submit(&alice.sign_in(&page).page(), &[("action", "deny")]);
    assert_eq!(error_at_client(&landed), "access_denied");
    assert_eq!((landed.parameter("state").as_deref(), landed.parameter("iss").as_deref()), (Some("s"), Some(server().issuer())));
}

#[test]
fn fap_020_client_credentials_are_bound_too() {
    let client = fapi(json!({ "grant_types": ["client_credentials"], "redirect_uris": [], "scope": "read" }));
    let form = "grant_type=client_credentials";
    client.send("token_endpoint", &client.assertion(|_| ()), None, form).err("invalid_dpop_proof");
    let tokens = bound(&client.token(form));
    assert!(tokens.get("refresh_token").is_none());
}

#[test]
fn fms_001_and_fms_002_message_signing_wants_signed_objects() {
    let client = fapi(json!({ "profile": "fapi2_message_signing" }));
    client.push(&client.parameters("")).err("invalid_request");
    for missing in ["aud", "nbf", "exp"] {
        let mut claims = client.object();
        claims.as_object_mut().expect("an object").remove(missing);
        client.push_object(&claims).err("invalid_request_object");
    }
    let mut long = client.object();
    long["exp"] = json!(now() + 3_700);
    client.push_object(&long).err("invalid_request_object");
    assert_eq!(client.push_object(&client.object()).status, 201);
}

#[test]
fn fms_003_and_jrm_009_its_responses_are_signed() {
    let client = fapi(json!({ "profile": "fapi2_message_signing" }));
    let alice = Person::alice(server());
    let landed = alice.walk(&url(&client.client, &request_uri(&client.push_object(&client.object())), ""));
    let response = landed.parameter("response").unwrap_or_else(|| panic!("{landed:?}"));
    for plain in ["code", "state", "iss"] {
        assert_eq!(landed.parameter(plain), None, "{plain}");
    }
    let response = server().decode(&response);
    assert_eq!((&response.claims["aud"], &response.claims["state"]), (&json!(client.client.client_id), &json!("inner")));
    assert!(["PS256", "ES256", "EdDSA"].contains(&response.header["alg"].as_str().expect("an algorithm")));
    bound(&client.redeem(response.claims["code"].as_str().expect("a code")));

    let mut plain = client.object();
    plain["response_mode"] = json!("query");
    client.push_object(&plain).err("invalid_request");
    let mut silent = client.object();
    silent["prompt"] = json!("none");
    silent["scope"] = json!("read write");
    let landed = Person::bob(server()).go(&url(&client.client, &request_uri(&client.push_object(&silent)), ""));
    let response = server().decode(&landed.parameter("response").expect("a response"));
    assert_eq!(response.claims["error"], "login_required");
}

#[test]
fn fms_006_what_was_signed_is_kept_with_what_came_of_it() {
    let client = fapi(json!({ "profile": "fapi2_message_signing" }));
    let kept = || {
        let path = format!("/audit/requests?client_id={}", client.client.client_id);
        server().admin(reqwest::Method::GET, &path, &[], Vec::new()).json()["items"].as_array().expect("a list").clone()
    };
    let alg = &client.key.jwks()["keys"][0]["alg"];
    let object = client.key.sign(&json!({ "alg": alg, "kid": client.key.kid(), "typ": "oauth-authz-req+jwt" }), &client.object());
    let uri = request_uri(&client.push(&format!("client_id={}&request={object}", encode(&client.client.client_id))));
    assert!(kept().is_empty(), "nobody has allowed anything");
    let landed = Person::alice(server()).walk(&url(&client.client, &uri, ""));
    let response = server().decode(&landed.parameter("response").expect("a response"));
    let tokens = bound(&client.redeem(response.claims["code"].as_str().expect("a code")));
    let [record] = &kept()[..] else { panic!("{:?}", kept()) };
    assert_eq!((&record["request_object"], &record["client_id"]), (&json!(object), &json!(client.client.client_id)));
    assert!(record["user_id"].as_str().is_some_and(|id| id.starts_with("usr_")));
    let access = server().decode(tokens["access_token"].as_str().expect("a token"));
    let (jti, grant) = (access.claims["jti"].as_str().expect("a jti"), record["grant_id"].as_str().expect("an id"));
    assert_eq!(jti[..21], grant[..21]);
    // Parameters without a signature leave nothing.
    let plain = fapi(json!({}));
    plain.code("&scope=read");
    let path = format!("/audit/requests?client_id={}", plain.client.client_id);
    assert_eq!(server().admin(reqwest::Method::GET, &path, &[], Vec::new()).json()["items"], json!([]));
}

#[test]
fn par_011_a_request_of_fapi_lives_for_less_than_ten_minutes() {
    let dev = Dev::start_with(&[], &[("CLAIMSMITH_AUTHORIZE__PUSHED_REQUEST_LIFETIME", "10 min")]);
    let key = AssertionKey::generate(SigningAlg::Es256);
    let client = app(&dev, metadata(&key, &json!({})));
    let assertion = key.assertion(&client.client_id, dev.issuer(), &fresh());
    let form = request(&dev, &client, "").split_once('?').map(|(_, form)| form.to_owned()).expect("a query");
    let reply = dev.post(PAR, None, &format!("{form}&client_assertion_type={TYPE}&client_assertion={assertion}"));
    assert_eq!((reply.status, &reply.json()["expires_in"]), (201, &json!(599)));
}
