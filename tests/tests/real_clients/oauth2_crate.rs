//! A client with the `oauth2` crate, and a resource server with `josekit`. `docs/clients.md` shows these functions.

use std::time::SystemTime;

use claimsmith_tests::Dev;
use josekit::jwk::JwkSet;
use josekit::jws::ES256;
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};
use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{AccessToken, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse};
use oauth2::{IntrospectionUrl, RequestTokenError, RevocationUrl, Scope, StandardRevocableToken, TokenIntrospectionResponse};
use oauth2::{TokenResponse, TokenUrl};
use serde_json::Value;

use super::{DEMO_AUDIENCE, RESOURCE, SCOPE, register, scene};

type AnyError = Box<dyn std::error::Error>;
type Connected = BasicClient<EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;

/// The HTTP client is your own: here reqwest's, with the authority of the server, and told to follow no redirect.
fn over(http: &reqwest::blocking::Client) -> impl Fn(HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    move |request| {
        let answer = http.execute(request.try_into()?)?;
        let mut response = HttpResponse::default();
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        *response.body_mut() = answer.bytes()?.to_vec();
        Ok(response)
    }
}

/// The same for the next crate, which takes the same type.
pub(super) fn over_https(dev: &Dev) -> impl Fn(HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    over(&dev.http)
}

/// `BasicAuth` is `client_secret_basic`, `RequestBody` is `client_secret_post`; `metadata` is what discovery said.
fn connect(metadata: &Value, method: AuthType, id: &str, secret: &str) -> Result<Connected, AnyError> {
    let url = |member: &str| metadata[member].as_str().unwrap_or_default().to_owned();
    Ok(BasicClient::new(ClientId::new(id.to_owned()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_auth_type(method)
        .set_token_uri(TokenUrl::new(url("token_endpoint"))?)
        .set_introspection_url(IntrospectionUrl::new(url("introspection_endpoint"))?)
        .set_revocation_url(RevocationUrl::new(url("revocation_endpoint"))?))
}

/// What a resource server does with a token: checks it without asking anybody, with the keys it keeps.
fn verify(token: &str, jwks: &JwkSet, issuer: &str, audience: &str, now: SystemTime) -> Result<JwtPayload, AnyError> {
    let header = jwt::decode_header(token)?;
    let key = header.claim("kid").and_then(Value::as_str).and_then(|kid| jwks.get(kid).first().copied());
    let verifier = ES256.verifier_from_jwk(key.ok_or("no such key")?)?;
    let (payload, header) = jwt::decode_with_verifier(token, &verifier)?;
    let mut expected = JwtPayloadValidator::new();
    expected.set_issuer(issuer);
    expected.set_audience(audience);
    expected.set_base_time(now);
    expected.validate(&payload)?;
    if header.token_type() != Some("at+jwt") || payload.expires_at().is_none() {
        return Err("this is no access token".into());
    }
    Ok(payload)
}

#[allow(clippy::disallowed_methods, reason = "a resource server has a clock of its own")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn jwks(dev: &Dev) -> JwkSet {
    let answer = dev.http.get(dev.url("jwks_uri")).send().expect("an answer");
    JwkSet::from_bytes(answer.bytes().expect("a body")).expect("a JWK set")
}

#[test]
fn the_oauth2_crate_gets_verifies_introspects_and_revokes() -> Result<(), AnyError> {
    let dev = scene();
    let http = over(&dev.http);
    let keys = jwks(&dev);
    for (name, method) in [("client_secret_basic", AuthType::BasicAuth), ("client_secret_post", AuthType::RequestBody)] {
        let registered = register(&dev, name, None);
        let client = connect(dev.metadata(), method, &registered.client_id, registered.client_secret.as_deref().expect("a secret"))?;

        let asked = client.exchange_client_credentials().add_scope(Scope::new(SCOPE.to_owned())).add_extra_param("resource", RESOURCE);
        let answer = asked.request(&http)?;
        let token: &AccessToken = answer.access_token();

        let payload = verify(token.secret(), &keys, dev.issuer(), RESOURCE, now())?;
        assert_eq!((payload.issuer(), payload.subject()), (Some(dev.issuer()), Some(registered.client_id.as_str())));
        assert_eq!(payload.claim("client_id"), Some(&Value::from(registered.client_id.as_str())));
        let life = payload.expires_at().expect("exp").duration_since(payload.issued_at().expect("iat"))?;
        assert_eq!(answer.expires_in(), Some(life));
        verify(token.secret(), &keys, dev.issuer(), "https://elsewhere.example", now()).expect_err("another audience");
        verify(token.secret(), &keys, dev.issuer(), RESOURCE, now() + life).expect_err("expired");

        assert!(client.introspect(token).request(&http)?.active());
        client.revoke_token(StandardRevocableToken::from(token))?.request(&http)?;
        assert!(!client.introspect(token).request(&http)?.active());
    }
    Ok(())
}

#[test]
fn the_oauth2_crate_sees_the_plugins_claim_and_reads_errors() -> Result<(), AnyError> {
    let dev = scene();
    let http = over(&dev.http);
    let demo = dev.demo();
    let secret = demo.client_secret.as_deref().expect("a secret");
    let client = connect(dev.metadata(), AuthType::BasicAuth, &demo.client_id, secret)?;
    let answer = client.exchange_client_credentials().request(&http)?;
    let payload = verify(answer.access_token().secret(), &jwks(&dev), dev.issuer(), DEMO_AUDIENCE, now())?;
    assert_eq!(payload.claim("org"), Some(&Value::from("acme")));

    let wrong = connect(dev.metadata(), AuthType::BasicAuth, &demo.client_id, "wrong")?;
    match wrong.exchange_client_credentials().request(&http) {
        Err(RequestTokenError::ServerResponse(refusal)) => assert_eq!(refusal.error(), &BasicErrorResponseType::InvalidClient),
        other => panic!("{other:?}"),
    }
    match client.exchange_client_credentials().add_scope(Scope::new("unheard-of".to_owned())).request(&http) {
        Err(RequestTokenError::ServerResponse(refusal)) => assert_eq!(refusal.error(), &BasicErrorResponseType::InvalidScope),
        other => panic!("{other:?}"),
    }
    Ok(())
}
