//! A client with the `oauth2` crate, and a resource server with `josekit`. `docs/clients.md` shows these functions.

use claimsmith_tests::{Dev, Registered};
use josekit::JoseError;
use josekit::jwk::{Jwk, JwkSet};
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm::Es256;
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};
use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::{
    AccessToken, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IntrospectionUrl, RequestTokenError,
    RevocationUrl, Scope, StandardRevocableToken, TokenIntrospectionResponse, TokenResponse, TokenUrl,
};
use serde_json::Value;

use super::{RESOURCE, SCOPE, dev, register};

type AnyError = Box<dyn std::error::Error>;
type Connected = BasicClient<EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;

/// The HTTP client is your own; here that of reqwest, which must not follow redirects.
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

/// `BasicAuth` is `client_secret_basic`, `RequestBody` is `client_secret_post`. `metadata` is the discovery document.
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
fn verify(token: &str, jwks: &JwkSet, issuer: &str, audience: &str, now: std::time::SystemTime) -> Result<JwtPayload, JoseError> {
    let (payload, header) = jwt::decode_with_verifier_in_jwk_set(token, jwks, |key: &Jwk| Ok(Some(Box::leak(Box::new(Es256.verifier_from_jwk(key)?)))))?;
    let mut expected = JwtPayloadValidator::new();
    expected.set_issuer(issuer);
    expected.set_audience(audience);
    expected.set_base_time(now);
    expected.validate(&payload)?;
    match header.token_type() {
        Some("at+jwt") => Ok(payload),
        other => Err(JoseError::InvalidClaim(AnyError::from(format!("no access token: {other:?}")).into())),
    }
}
