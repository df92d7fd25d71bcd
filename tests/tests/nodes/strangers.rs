//! Clients that nobody registered on this node: what they say of themselves, and who vouches for them, on two nodes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use claimsmith_jose::SigningAlg;
use claimsmith_store::testing::TestDatabase;
use claimsmith_tests::serve::{ISSUER, Node, Site};
use claimsmith_tests::{AssertionKey, Receiver, Reply, encode, send};
use reqwest::Method;
use serde_json::json;

fn now() -> u64 {
    #[allow(clippy::disallowed_methods, reason = "a client has a clock of its own")]
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

#[test]
fn cim_013_nodes_share_what_one_of_them_has_read() {
    let host = Receiver::start(|_, _| Some("404 Not Found".to_owned()));
    let (database, ca) = (TestDatabase::migrated(), host.ca_file());
    let site = Site::on(&database);
    let token = site.admin_token("admin");
    let settings = [
        ("CLAIMSMITH_CLIENT_DOCUMENTS__ENABLED", "true"),
        ("CLAIMSMITH_CLIENT_DOCUMENTS__CACHE_TIME_MIN", "1 s"),
        ("CLAIMSMITH_FETCH__CA_FILE", ca.as_str()),
        ("CLAIMSMITH_FETCH__ALLOWED_NETWORKS", "127.0.0.1"),
    ];
    let (one, two) = (site.serve(&token, &settings), site.serve(&token, &settings));
    let publish = |path: &str, kind: &str, name: &str| {
        let document = json!({ "client_id": host.url(path), "client_name": name, "redirect_uris": ["https://app.example/cb"] });
        host.serve(path, kind, &document.to_string());
    };
    let ask = |node: &Node<'_>, path: &str| {
        let form = format!("grant_type=authorization_code&code=x&client_id={}", encode(&host.url(path)));
        node.post("/oauth2/token", None, &form).err("invalid_grant");
    };
    publish("/one", "application/json", "App");
    ask(&one, "/one");
    ask(&two, "/one");
    assert_eq!(host.received("/one").len(), 1, "what one node has read the other knows");
    // Both at once: each fetches for itself at most, and nobody is refused.
    publish("/both", "application/json", "App");
    std::thread::scope(|scope| {
        for index in 0..50 {
            let node = if index % 2 == 0 { &one } else { &two };
            let ask = &ask;
            scope.spawn(move || ask(node, "/both"));
        }
    });
    let fetched = host.received("/both").len();
    assert!((1..=2).contains(&fetched), "{fetched}");
    // What is new, either reads; the other has it from there.
    publish("/short", "application/json\r\nCache-Control: max-age=1", "Before");
    ask(&one, "/short");
    ask(&two, "/short");
    std::thread::sleep(Duration::from_millis(2_100));
    publish("/short", "application/json", "After");
    ask(&two, "/short");
    ask(&one, "/short");
    let client = one.admin(Method::GET, &format!("/clients/{}", encode(&host.url("/short"))), None);
    assert_eq!(client.json()["client_name"], "After", "{client:?}");
}

#[test]
fn abc_005_a_proof_counts_once_on_all_nodes() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("admin");
    let settings = [("CLAIMSMITH_CLIENT_AUTH__METHODS", "client_secret_basic,attest_jwt_client_auth")];
    let (one, two) = (site.serve(&token, &settings), site.serve(&token, &settings));
    let metadata =
        json!({ "grant_types": ["client_credentials"], "scope": "read", "token_endpoint_auth_method": "attest_jwt_client_auth" });
    let client = one.register(&metadata);
    let (attester, instance) = (AssertionKey::generate(SigningAlg::Es256), AssertionKey::generate(SigningAlg::Es256));
    let trusted = json!({ "issuer": "https://attester.example", "jwks": attester.jwks(), "algorithms": ["ES256"],
        "purposes": ["client_attestation"], "clients": [client.client_id] });
    assert_eq!(one.admin(Method::POST, "/trusted-issuers", Some(&trusted)).status, 201);
    let claims = json!({ "iss": "https://attester.example", "sub": client.client_id, "iat": now(), "exp": now() + 600,
        "cnf": { "jwk": instance.jwks()["keys"][0] } });
    let attestation = attester.sign(&json!({ "alg": "ES256", "typ": "oauth-client-attestation+jwt" }), &claims);
    let proof = |jti: &str| {
        let claims = json!({ "aud": ISSUER, "iat": now(), "jti": jti });
        instance.sign(&json!({ "alg": "ES256", "typ": "oauth-client-attestation-pop+jwt" }), &claims)
    };
    let ask = |node: &Node<'_>, proof: &str| {
        let request = node.http.post(format!("{ISSUER}/oauth2/token")).header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("oauth-client-attestation", &attestation).header("oauth-client-attestation-pop", proof);
        send(request.body("grant_type=client_credentials"))
    };
    ask(&one, &proof("first")).okt();
    claimsmith_tests::wait_for("the attester on the other node", || {
        ask(&two, &proof(&format!("{:?}", std::time::Instant::now()))).status == 200
    });
    let raced = proof("raced");
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..50)
            .map(|index| {
                let node = if index % 2 == 0 { &one } else { &two };
                let (ask, raced) = (&ask, &raced);
                scope.spawn(move || ask(node, raced))
            })
            .collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(won.len(), 1);
    lost.iter().for_each(|reply| reply.err_with("invalid_client_attestation", 401));
}
