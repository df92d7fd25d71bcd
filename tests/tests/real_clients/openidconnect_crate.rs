//! A person signs in to a client with the `openidconnect` crate.

use claimsmith_tests::{Dev, Person};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, OAuth2TokenResponse};
use openidconnect::{PkceCodeChallenge, RedirectUrl, Scope, TokenResponse};
use serde_json::json;

use super::oauth2_crate::over_https;

type AnyError = Box<dyn std::error::Error>;
const CALLBACK: &str = "https://app.example/cb";

#[test]
fn a_person_signs_in_through_the_openidconnect_crate() -> Result<(), AnyError> {
    let dev = Dev::start();
    let http = over_https(&dev);
    let registered = dev.register(&json!({
        "grant_types": ["authorization_code", "refresh_token"], "redirect_uris": [CALLBACK], "scope": "openid email offline_access",
    }));
    let metadata = CoreProviderMetadata::discover(&IssuerUrl::new(dev.issuer().to_owned())?, &http)?;
    let secret = registered.client_secret.clone().map(ClientSecret::new);
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new(registered.client_id.clone()), secret)
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned())?);

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let request = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random);
    let scopes = ["email", "offline_access"].map(|scope| Scope::new(scope.to_owned()));
    let (url, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
    let landed = Person::alice(&dev).walk(url.as_str());
    // The crate leaves these two to its caller.
    assert_eq!(landed.parameter("state").as_ref(), Some(state.secret()));
    assert_eq!(landed.parameter("iss").as_deref(), Some(dev.issuer()));

    let code = AuthorizationCode::new(landed.parameter("code").ok_or("no code")?);
    let tokens = client.exchange_code(code)?.set_pkce_verifier(verifier).request(&http)?;
    let id_token = tokens.id_token().ok_or("no ID token")?;
    let checks = client.id_token_verifier().set_allowed_algs([CoreJwsSigningAlgorithm::EcdsaP256Sha256]);
    let claims = id_token.claims(&checks, &nonce)?;
    id_token.claims(&checks, &Nonce::new_random()).expect_err("another nonce");
    let hash = AccessTokenHash::from_token(tokens.access_token(), id_token.signing_alg()?, id_token.signing_key(&checks)?)?;
    assert_eq!(claims.access_token_hash(), Some(&hash));
    assert_eq!(claims.auth_context_ref().map(|acr| acr.as_str()), Some("urn:claimsmith:acr:password"));

    let subject = claims.subject().clone();
    let info: CoreUserInfoClaims = client.user_info(tokens.access_token().clone(), Some(subject.clone()))?.request(&http)?;
    assert_eq!(info.email().map(|email| email.as_str()), Some("alice@example.org"));

    let held = tokens.refresh_token().ok_or("no refresh token")?;
    let second = client.exchange_refresh_token(held)?.request(&http)?;
    assert_ne!(second.access_token().secret(), tokens.access_token().secret());
    // A refreshed ID token has no nonce (OpenID Connect Core §12.2).
    let renewed = second.id_token().ok_or("no ID token")?.claims(&checks, |_: Option<&Nonce>| Ok(()))?;
    assert_eq!(renewed.subject(), &subject);
    Ok(())
}
