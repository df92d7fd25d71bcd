//! MTL: clients with certificates, on a server that asks for them, and tokens bound to certificates.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use claimsmith_jose::{Digest, SigningAlg};
use claimsmith_tests::{AssertionKey, Dev, Person, Registered, Reply, claims, encode, hidden, send};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::code_flow::{CALLBACK, VERIFIER, app, code, refresh_token};
use super::dpop::proof;

/// A server with a listener that asks for certificates and one behind a proxy, and the files of some certificates.
struct Rig {
    dev: Dev,
    proxied: String,
    files: TempDir,
}

static RIG: LazyLock<Rig> = LazyLock::new(Rig::start);

/// An authority, certificates that it signed (one expired, one revoked), and one of a client's own.
const MAKE_CERTIFICATES: &str = r"
    ec='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
    touch index.txt; echo 01 > crlnumber
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=30\n' > ca.cnf
    for name in ca stranger; do
        openssl req -x509 $ec -days 30 -subj '/CN=Clients CA' -keyout $name.key -out $name.pem
    done
    sign() { # name, authority, days, options
        openssl req -new $ec -subj '/C=DE/O=Acme, Inc./CN=client one' -keyout $1.pk -out $1.csr
        printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\nsubjectAltName=DNS:one.client.example,URI:spiffe://example/one,IP:192.0.2.7,email:one@client.example\n' > $1.ext
        openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days $3 -extfile $1.ext -out $1.crt
    }
    sign good ca 20; sign second ca 20; sign other stranger 20; sign revoked ca 20; sign expired ca -1
    openssl ca -config ca.cnf -keyfile ca.key -cert ca.pem -revoke revoked.crt
    openssl ca -config ca.cnf -keyfile ca.key -cert ca.pem -gencrl -out ca.crl
    for name in own next; do
        openssl req -x509 $ec -days 30 -subj '/CN=own' -keyout $name.pk -out $name.crt
    done";

impl Rig {
    fn start() -> Self {
        let files = tempfile::tempdir().expect("a folder");
        let made = Command::new("bash").args(["-euo", "pipefail", "-c", MAKE_CERTIFICATES]).current_dir(files.path()).output();
        let made = made.expect("a shell");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let free = || TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").to_string();
        let path = |name: &str| files.path().join(name).display().to_string();
        let (mtls, proxied) = (free(), free());
        let dev = Dev::start_with(
            &[],
            &[
                ("CLAIMSMITH_LISTEN__MTLS", &mtls),
                ("CLAIMSMITH_LISTEN__PROXIED__ADDRESS", &proxied),
                ("CLAIMSMITH_LISTEN__PROXIED__TRUSTED", "127.0.0.1"),
                ("CLAIMSMITH_LISTEN__PROXIED__CERTIFICATE_HEADER", "client-cert"),
                ("CLAIMSMITH_CLIENT_AUTH__CA_FILE", &path("ca.pem")),
                ("CLAIMSMITH_CLIENT_AUTH__CRL_FILE", &path("ca.crl")),
                ("CLAIMSMITH_DPOP__REQUIRE_NONCE", "true"),
                ("CLAIMSMITH_GRANTS__ENABLED", &format!("client_credentials,authorization_code,refresh_token,{DEVICE},{CIBA}")),
            ],
        );
        Self { dev, proxied: format!("http://{proxied}"), files }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.files.path().join(name)).expect("a file")
    }

    /// A client over TLS that holds a certificate.
    fn holder(&self, name: &str) -> Client {
        let identity = reqwest::Identity::from_pkcs8_pem(&self.read(&format!("{name}.crt")), &self.read(&format!("{name}.pk")));
        let ca = std::fs::read(self.dev.info["ca_file"].as_str().expect("a path")).expect("a file");
        let ca = reqwest::Certificate::from_pem(&ca).expect("a certificate");
        Client::builder().add_root_certificate(ca).no_proxy().identity(identity.expect("an identity")).build().expect("a client")
    }

    /// The DER of a certificate.
    fn der(&self, name: &str) -> Vec<u8> {
        der(self.files.path(), name)
    }

    fn alias(&self, member: &str) -> String {
        self.dev.metadata()["mtls_endpoint_aliases"][member].as_str().expect("an alias").to_owned()
    }

    fn token(&self, http: &Client, form: &str) -> Reply {
        post(http, &self.alias("token_endpoint"), None, &format!("grant_type=client_credentials&{form}"))
    }
}

fn der(folder: &Path, name: &str) -> Vec<u8> {
    let made = Command::new("openssl").args(["x509", "-outform", "DER", "-in", &format!("{name}.crt")]).current_dir(folder).output();
    made.expect("openssl runs").stdout
}

fn post(http: &Client, url: &str, client: Option<&Registered>, form: &str) -> Reply {
    let mut request = http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    if let Some(client) = client {
        request = request.header("authorization", client.basic());
    }
    send(request)
}

fn register(change: &Value) -> Registered {
    let mut metadata = json!({ "grant_types": ["client_credentials"], "scope": "a" });
    metadata.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    RIG.dev.register(&metadata)
}

fn by_authority(name: &str, value: &str) -> Registered {
    register(&json!({ "token_endpoint_auth_method": "tls_client_auth", name: value }))
}

fn thumbprint(name: &str) -> Value {
    json!({ "x5t#S256": Digest::of(&RIG.der(name)).to_base64url() })
}

const CIBA: &str = "urn:openid:params:grant-type:ciba";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const SUBJECT: &str = r"CN=client one,O=Acme\, Inc.,C=DE";

#[test]
fn mtl_001_the_chain_and_the_registered_name_decide() {
    let holder = RIG.holder("good");
    for (name, right, wrong) in [
        ("tls_client_auth_subject_dn", SUBJECT, "CN=client two,C=DE"),
        ("tls_client_auth_san_dns", "one.client.example", "two.client.example"),
        ("tls_client_auth_san_uri", "spiffe://example/one", "spiffe://example/two"),
        ("tls_client_auth_san_ip", "192.0.2.7", "192.0.2.8"),
        ("tls_client_auth_san_email", "one@client.example", "two@client.example"),
    ] {
        let (client, stranger) = (by_authority(name, right), by_authority(name, wrong));
        RIG.token(&holder, &format!("client_id={}", client.client_id)).okt();
        RIG.token(&holder, &format!("client_id={}", stranger.client_id)).err_with("invalid_client", 401);
    }
}

#[test]
fn mtl_001_mtl_006_and_mtl_017_without_a_current_certificate_of_the_authority_nobody_gets_in() {
    let client = by_authority("tls_client_auth_subject_dn", SUBJECT);
    let form = format!("client_id={}", client.client_id);
    RIG.token(&RIG.holder("good"), &form).okt();
    for name in ["other", "expired", "revoked", "own"] {
        RIG.token(&RIG.holder(name), &form).err_with("invalid_client", 401);
    }
    RIG.token(&RIG.dev.http, &form).err_with("invalid_client", 401);
}

#[test]
fn mtl_002_a_subject_is_compared_by_meaning() {
    for subject in [r"cn=client one, o=Acme\2C Inc., c=DE", r"2.5.4.3=client one,2.5.4.10=#0c0a41636d652c20496e632e,C=#13024445"] {
        let client = by_authority("tls_client_auth_subject_dn", subject);
        RIG.token(&RIG.holder("good"), &format!("client_id={}", client.client_id)).okt();
    }
}

#[test]
fn mtl_003_a_registration_names_the_certificate_once() {
    let metadata = |change: Value| {
        let mut metadata = json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "tls_client_auth" });
        metadata.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        RIG.dev.admin_post("/clients", &metadata)
    };
    for change in [
        json!({}),
        json!({ "tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_dns": "a.example" }),
        json!({ "tls_client_auth_subject_dn": "no name" }),
        json!({ "tls_client_auth_san_ip": "no address" }),
    ] {
        let reply = metadata(change);
        assert_eq!(reply.status, 422, "{reply:?}");
    }
}

#[test]
fn mtl_004_a_certificate_of_the_clients_own_is_the_registered_one() {
    let jwks = |name: &str| {
        let key = self_made_jwk(&RIG.der(name));
        json!({ "keys": [key] })
    };
    let client = register(&json!({ "token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": jwks("own") }));
    let form = format!("client_id={}", client.client_id);
    RIG.token(&RIG.holder("own"), &form).okt();
    for name in ["next", "good"] {
        RIG.token(&RIG.holder(name), &form).err_with("invalid_client", 401);
    }
    let path = format!("/clients/{}", client.client_id);
    let held = RIG.dev.admin(reqwest::Method::GET, &path, &[], Vec::new());
    let body = json!({ "jwks": jwks("next") }).to_string().into_bytes();
    let headers = [("content-type", "application/merge-patch+json"), ("if-match", held.header("etag"))];
    let changed = RIG.dev.admin(reqwest::Method::PATCH, &path, &headers, body);
    assert_eq!(changed.status, 200, "{changed:?}");
    RIG.token(&RIG.holder("next"), &form).okt();
    RIG.token(&RIG.holder("own"), &form).err_with("invalid_client", 401);
    let bare = json!({ "keys": [AssertionKey::generate(SigningAlg::Es256).jwks()["keys"][0]] });
    let metadata =
        json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": bare });
    assert_eq!(RIG.dev.admin_post("/clients", &metadata).status, 422, "a key without a certificate");
}

/// The JWK of a P-256 certificate, with the certificate.
fn self_made_jwk(der: &[u8]) -> Value {
    // An uncompressed point behind the identifier of P-256: BIT STRING of 66 bytes, no unused bits.
    let head = [0x03, 0x42, 0x00, 0x04];
    let at = der.windows(4).position(|window| window == head).expect("a point") + 4;
    let text = claimsmith_jose::base64url::encode;
    let x5c = text(der).replace('-', "+").replace('_', "/");
    let padded = format!("{x5c}{}", "=".repeat((4 - x5c.len() % 4) % 4));
    json!({ "kty": "EC", "crv": "P-256", "x": text(&der[at..at + 32]), "y": text(&der[at + 32..at + 64]), "x5c": [padded] })
}

#[test]
fn mtl_005_and_mtl_007_a_certificate_needs_the_name_of_its_client() {
    let holder = RIG.holder("good");
    RIG.token(&holder, "").err_with("invalid_client", 401);
    let other = register(&json!({ "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": { "keys": [self_made_jwk(&RIG.der("own"))] } }));
    RIG.token(&holder, &format!("client_id={}", other.client_id)).err_with("invalid_client", 401);
    let secret = register(&json!({}));
    RIG.token(&holder, &format!("client_id={}", secret.client_id)).err_with("invalid_client", 401);
}

#[test]
fn mtl_008_and_mtl_010_tokens_are_bound_to_the_certificate_or_not_given() {
    let bound = json!({ "tls_client_certificate_bound_access_tokens": true });
    let client = register(&bound);
    let form = "grant_type=client_credentials";
    let token = post(&RIG.holder("good"), &RIG.alias("token_endpoint"), Some(&client), form).okt();
    assert_eq!(RIG.dev.decode(&token).claims["cnf"], thumbprint("good"));
    let told = post(&RIG.dev.http, RIG.dev.url("introspection_endpoint"), Some(&client), &format!("token={token}")).json();
    assert_eq!((&told["token_type"], &told["cnf"]), (&json!("Bearer"), &thumbprint("good")));
    for (http, url) in [
        (&RIG.dev.http, RIG.alias("token_endpoint")),
        (&RIG.dev.http, RIG.dev.url("token_endpoint").to_owned()),
        (&RIG.holder("good"), RIG.dev.url("token_endpoint").to_owned()),
    ] {
        post(http, &url, Some(&client), form).err("invalid_request");
    }
    let plain = register(&json!({}));
    let token = post(&RIG.holder("good"), &RIG.alias("token_endpoint"), Some(&plain), form).okt();
    assert!(!RIG.dev.decode(&token).claims.contains_key("cnf"), "nobody asked for it");
}

#[test]
fn dev_017_and_cib_035_what_people_agree_to_elsewhere_is_bound_to_the_certificate() {
    let client = register(&json!({
        "tls_client_certificate_bound_access_tokens": true, "grant_types": [DEVICE, CIBA], "scope": "openid", "default_scope": "openid",
        "backchannel_token_delivery_mode": "poll",
    }));
    let (holder, alice) = (RIG.holder("good"), Person::alice(&RIG.dev));
    let begin = |member: &str, form: &str| post(&holder, &RIG.alias(member), Some(&client), form).json();
    let device = begin("device_authorization_endpoint", "scope=openid");
    let page = alice.go(device["verification_uri_complete"].as_str().expect("a link")).page();
    let page = alice.submit(&page, &[("user_code", device["user_code"].as_str().expect("a code")), ("action", "device")]).page();
    assert!(alice.allow(&alice.sign_in(&page).page()).page().body.contains("id=\"page-device_done\""));
    let ciba = begin("backchannel_authentication_endpoint", "scope=openid&login_hint=alice");
    let page = alice.go(&format!("{}/account/requests", RIG.dev.issuer())).page();
    let row = hidden(&page.body, "request").unwrap_or_else(|| panic!("{page:?}"));
    let page = alice.submit(&page, &[("request", &row), ("action", "look")]).page();
    assert!(alice.allow(&page).page().body.contains("id=\"page-device_done\""));
    for form in [
        format!("grant_type={}&device_code={}", encode(DEVICE), device["device_code"].as_str().expect("a code")),
        format!("grant_type={}&auth_req_id={}", encode(CIBA), ciba["auth_req_id"].as_str().expect("an identifier")),
    ] {
        post(&RIG.dev.http, RIG.dev.url("token_endpoint"), Some(&client), &form).err("invalid_request");
        let token = post(&holder, &RIG.alias("token_endpoint"), Some(&client), &form).okt();
        assert_eq!(RIG.dev.decode(&token).claims["cnf"], thumbprint("good"), "nothing was spent without a certificate");
    }
}

#[test]
fn mtl_014_and_clc_007_binding_goes_with_any_way_to_authenticate() {
    let key = AssertionKey::generate(SigningAlg::Es256);
    let client = register(&json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(), "tls_client_certificate_bound_access_tokens": true,
    }));
    let header = json!({ "alg": "ES256", "kid": key.kid() });
    let assertion = key.sign(&header, &claims(&client.client_id, RIG.dev.issuer(), "mtl-014"));
    let form =
        format!("client_assertion={assertion}&client_assertion_type={}", encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    let token = RIG.token(&RIG.holder("own"), &form).okt();
    assert_eq!(RIG.dev.decode(&token).claims["cnf"], thumbprint("own"), "who signed it does not matter for binding");
}

#[test]
fn mtl_009_mtl_015_and_rft_017_tokens_of_a_public_client_are_bound_to_its_certificate() {
    let bound = json!({ "token_endpoint_auth_method": "none", "tls_client_certificate_bound_access_tokens": true });
    let (client, alice) = (app(&RIG.dev, bound), Person::alice(&RIG.dev));
    let code = code(&RIG.dev, &alice, &client, "&scope=openid+offline_access");
    let ask = |name: &str, form: &str| {
        let form = format!("client_id={}&{form}", client.client_id);
        post(&RIG.holder(name), &RIG.alias("token_endpoint"), None, &form)
    };
    let redeeming = format!("grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}", encode(CALLBACK));
    let first = ask("own", &redeeming);
    let token = first.okt();
    assert_eq!(RIG.dev.decode(&token).claims["cnf"], thumbprint("own"));
    let refreshing = format!("grant_type=refresh_token&refresh_token={}", refresh_token(&first));
    ask("next", &refreshing).err("invalid_grant");
    assert_eq!(RIG.dev.decode(&ask("own", &refreshing).okt()).claims["cnf"], thumbprint("own"));
    // At our own resource (MTL-009).
    let userinfo = |http: &Client, url: &str| send(http.get(url).bearer_auth(&token)).status;
    let alias = RIG.alias("userinfo_endpoint");
    assert_eq!(userinfo(&RIG.holder("own"), &alias), 200);
    assert_eq!(userinfo(&RIG.holder("next"), &alias), 401);
    assert_eq!(userinfo(&RIG.dev.http, RIG.dev.url("userinfo_endpoint")), 401);
}

#[test]
fn mtl_011_and_mtl_012_metadata_name_the_other_endpoints() {
    let metadata = RIG.dev.metadata();
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
    assert_eq!(metadata["issuer"], RIG.dev.issuer());
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().expect("a list");
    assert!(methods.contains(&json!("tls_client_auth")) && methods.contains(&json!("self_signed_tls_client_auth")));
    let client = register(&json!({}));
    for member in ["token_endpoint", "introspection_endpoint", "revocation_endpoint"] {
        let alias = RIG.alias(member);
        assert_ne!(alias, RIG.dev.url(member));
        let reply = post(&RIG.holder("good"), &alias, Some(&client), "grant_type=client_credentials&token=x");
        assert_ne!(reply.status, 404, "{member}");
    }
}

#[test]
fn mtl_011_where_no_certificate_can_come_none_is_spoken_of() {
    let metadata = crate::server().metadata();
    assert!(metadata.get("mtls_endpoint_aliases").is_none() && metadata.get("tls_client_certificate_bound_access_tokens").is_none());
    let methods = metadata["token_endpoint_auth_methods_supported"].to_string();
    assert!(!methods.contains("tls_client_auth"), "{methods}");
}

#[test]
fn mtl_013_and_dpo_014_a_proof_names_the_url_that_was_called_and_a_nonce() {
    let (client, key, url) =
        (by_authority("tls_client_auth_subject_dn", SUBJECT), AssertionKey::generate(SigningAlg::Es256), RIG.alias("token_endpoint"));
    let form = format!("grant_type=client_credentials&client_id={}", client.client_id);
    let holder = RIG.holder("good");
    let ask = |nonce: Option<&str>| {
        let proof = proof(&key, &url, |claims| claims["nonce"] = nonce.map_or(json!("none of yours"), |nonce| json!(nonce)));
        send(holder.post(&url).header("content-type", "application/x-www-form-urlencoded").header("dpop", proof).body(form.clone()))
    };
    let refused = ask(None);
    refused.err("use_dpop_nonce");
    let given = ask(Some(refused.header("dpop-nonce")));
    assert_eq!((given.status, &given.json()["token_type"]), (200, &json!("DPoP")), "{given:?}");
    let without = proof(&key, &url, |_| ());
    let reply =
        send(holder.post(&url).header("content-type", "application/x-www-form-urlencoded").header("dpop", without).body(form.clone()));
    reply.err("use_dpop_nonce");
    assert!(!reply.header("dpop-nonce").is_empty());
}

#[test]
fn mtl_016_a_proxy_hands_on_a_certificate_and_nobody_else_does() {
    let client = by_authority("tls_client_auth_subject_dn", SUBJECT);
    let form = format!("grant_type=client_credentials&client_id={}", client.client_id);
    let der = claimsmith_jose::base64url::encode(RIG.der("good")).replace('-', "+").replace('_', "/");
    let by_rfc_9440 = format!(":{der}{}:", "=".repeat((4 - der.len() % 4) % 4));
    let by_nginx = encode(&String::from_utf8(RIG.read("good.crt")).expect("text"));
    let ask = |url: &str, value: &str| {
        let request = RIG.dev.http.post(url).header("content-type", "application/x-www-form-urlencoded").header("host", "localhost");
        send(request.header("client-cert", value).body(form.clone()))
    };
    let path = RIG.dev.url("token_endpoint").strip_prefix(RIG.dev.issuer()).expect("below the issuer").to_owned();
    for value in [&by_rfc_9440, &by_nginx] {
        ask(&format!("{}{path}", RIG.proxied), value).okt();
        ask(RIG.dev.url("token_endpoint"), value).err_with("invalid_client", 401);
        ask(&RIG.alias("token_endpoint"), value).err_with("invalid_client", 401);
    }
    ask(&format!("{}{path}", RIG.proxied), ":AAAA:").err("invalid_request");
}
