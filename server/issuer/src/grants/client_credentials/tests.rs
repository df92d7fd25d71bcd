//! The court's table: who asks for what, and what comes of it.

use std::sync::Arc;

use claimsmith_jose::SigningAlg;
use claimsmith_protocol::error::ErrorCode;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Lifetime;

use super::*;
use crate::client::{Authentication, SecretMethod, SecretVerifier, StoredSecret, TokenFormat};
use crate::grants::rig::admit;
use crate::grants::target::RESOURCES_MAX;
use crate::resource::Resource;

fn client() -> Client {
    let secret =
        StoredSecret { id: 1, verifier: SecretVerifier::Sha256(claimsmith_jose::Digest::of(b"s")), sealed: None, expires_at: None };
    let authentication = Authentication::Secret { method: SecretMethod::Basic, secrets: vec![secret] };
    Client {
        grants: vec![GrantType::ClientCredentials],
        scopes: ScopeSet::parse("read write orders:read bills:read openid").expect("scopes"),
        default_scopes: ScopeSet::parse("read").expect("scopes"),
        resources: vec!["https://orders.example".into(), "https://bills.example".into()],
        ..Client::new(ClientId::parse("demo").expect("an id"), authentication)
    }
}

fn resource(identifier: &str, scope: &str) -> Resource {
    Resource {
        identifier: identifier.into(),
        name: None,
        scopes: ScopeSet::parse(scope).expect("scopes"),
        token_format: None,
        signing_alg: None,
        lifetime_ceiling: None,
        introspectors: vec![],
    }
}

fn resources(change: impl Fn(&mut Resource)) -> Resources {
    let mut orders = resource("https://orders.example", "orders:read");
    change(&mut orders);
    let foreign = resource("https://foreign.example", "foreign:read");
    [orders, resource("https://bills.example", "bills:read"), foreign]
        .into_iter()
        .map(|one| (one.identifier.clone(), Arc::new(one)))
        .collect()
}

fn defaults() -> Defaults {
    Defaults {
        audience: "https://issuer.example".into(),
        lifetime: Lifetime::from_seconds(300),
        lifetime_ceiling: Lifetime::from_seconds(3_600),
        format: TokenFormat::Jwt,
        alg: SigningAlg::Es256,
    }
}

fn ask_as(client: Client, body: &str, resources: &Resources) -> Result<Entitled, ErrorCode> {
    let form = Form::parse(body.as_bytes(), &["resource"]).expect("well formed");
    let decided = parse(&form).and_then(|request| decide(&admit(client), &request, resources, &defaults()));
    decided.map_err(|refusal| refusal.code)
}

fn ask(body: &str) -> Result<Entitled, ErrorCode> {
    ask_as(client(), body, &resources(|_| {}))
}

fn scope_of(body: &str) -> Result<String, ErrorCode> {
    ask(body).map(|entitled| entitled.scopes.join(" "))
}

#[test]
fn clc_001_public_clients_are_refused() {
    let public = Client { authentication: Authentication::Public, ..client() };
    assert_eq!(ask_as(public, "", &Resources::new()), Err(ErrorCode::UnauthorizedClient));
}

#[test]
fn tok_009_a_grant_the_client_does_not_have_is_unauthorized() {
    let without = Client { grants: vec![], ..client() };
    assert_eq!(ask_as(without, "", &Resources::new()), Err(ErrorCode::UnauthorizedClient));
}

#[test]
fn clc_002_scopes_of_people_are_dropped() {
    assert_eq!(scope_of("scope=openid+read"), Ok("read".to_owned()));
    assert_eq!(scope_of("scope=openid"), Ok(String::new()));
}

#[test]
fn clc_003_unset_scope_is_the_default_and_a_foreign_one_is_refused() {
    assert_eq!(scope_of(""), Ok("read".to_owned()));
    assert_eq!(scope_of("scope="), Ok("read".to_owned()));
    assert_eq!(scope_of("scope=write+read"), Ok("write read".to_owned()));
    assert_eq!(scope_of("scope=admin"), Err(ErrorCode::InvalidScope));
    assert_eq!(scope_of("scope=READ"), Err(ErrorCode::InvalidScope));
}

#[test]
fn clc_006_and_res_003_only_known_and_permitted_resources() {
    assert_eq!(ask("resource=https://orders.example").expect("known").audience, ["https://orders.example".into()]);
    for bad in ["https://unknown.example", "https://foreign.example", "orders", "https://orders.example%23x"] {
        assert_eq!(ask(&format!("resource={bad}")), Err(ErrorCode::InvalidTarget), "{bad}");
    }
}

#[test]
fn res_002_several_resources_are_accepted() {
    let entitled = ask("resource=https://orders.example&resource=https://bills.example&resource=https://orders.example").expect("both");
    assert_eq!(entitled.audience, ["https://orders.example".into(), "https://bills.example".into()]);
}

#[test]
fn res_005_and_jat_005_without_resource_the_audience_is_the_default_or_follows_the_scopes() {
    assert_eq!(ask("").expect("default").audience, ["https://issuer.example".into()]);
    assert_eq!(ask("scope=orders:read").expect("inferred").audience, ["https://orders.example".into()]);
    assert_eq!(ask("scope=orders:read+bills:read"), Err(ErrorCode::InvalidScope));
}

#[test]
fn a_scope_of_a_resource_the_client_may_not_ask_for_belongs_to_nobody() {
    let stranger = Client { resources: vec![], ..client() };
    let entitled = ask_as(stranger, "scope=orders:read", &resources(|_| {})).expect("granted");
    assert_eq!((entitled.audience, entitled.scopes), (vec!["https://issuer.example".into()], vec!["orders:read".into()]));
}

#[test]
fn res_006_scopes_of_other_resources_are_not_carried() {
    let body = "resource=https://orders.example&scope=orders:read+bills:read+write";
    assert_eq!(scope_of(body), Ok("orders:read write".to_owned()));
}

#[test]
fn res_007_resources_are_compared_byte_by_byte() {
    for other in ["https://orders.example/", "https://ORDERS.example", "https://orders.example:443"] {
        assert_eq!(ask(&format!("resource={other}")), Err(ErrorCode::InvalidTarget), "{other}");
    }
}

#[test]
fn the_resource_sets_format_algorithm_and_ceiling() {
    let strict = resources(|orders| {
        orders.token_format = Some(TokenFormat::Opaque);
        orders.signing_alg = Some(SigningAlg::Ps256);
        orders.lifetime_ceiling = Some(Lifetime::from_seconds(60));
    });
    let entitled = ask_as(client(), "resource=https://orders.example", &strict).expect("granted");
    let ceiling = Lifetime::from_seconds(60);
    assert_eq!(
        (entitled.format, entitled.alg, entitled.lifetime, entitled.lifetime_ceiling),
        (TokenFormat::Opaque, SigningAlg::Ps256, ceiling, ceiling)
    );
    let both = "resource=https://orders.example&resource=https://bills.example";
    assert_eq!(ask_as(client(), both, &strict), Err(ErrorCode::InvalidTarget));
}

#[test]
fn the_clients_lifetime_is_below_the_ceiling() {
    let patient = Client { access_token_lifetime: Some(Lifetime::from_seconds(90_000)), ..client() };
    assert_eq!(ask_as(patient, "", &Resources::new()).expect("granted").lifetime, Lifetime::from_seconds(3_600));
}

#[test]
fn res_004_of_its_resources_a_client_may_pick_one() {
    let audience = |body: &str| ask(body).map(|entitled| entitled.audience);
    assert_eq!(audience("resource=https://bills.example"), Ok(vec!["https://bills.example".into()]));
    assert_eq!(audience("resource=https://bills.example&resource=https://foreign.example"), Err(ErrorCode::InvalidTarget));
}

#[test]
fn tok_006_unknown_parameters_are_ignored() {
    assert_eq!(ask("foo=bar&audience=x&code=y"), ask(""));
}

#[test]
fn no_lifetime_is_beyond_the_ceiling() {
    let lifetime = |client_wants: Option<u32>, most: Option<u32>| {
        let client = Client { access_token_lifetime: client_wants.map(Lifetime::from_seconds), ..client() };
        let resources = resources(|orders| orders.lifetime_ceiling = most.map(Lifetime::from_seconds));
        let entitled = ask_as(client, "resource=https://orders.example", &resources).expect("granted");
        (entitled.lifetime.seconds(), entitled.lifetime_ceiling.seconds())
    };
    assert_eq!(lifetime(None, None), (300, 3_600));
    assert_eq!(lifetime(Some(4_000), None), (3_600, 3_600));
    assert_eq!(lifetime(Some(900), Some(600)), (600, 600));
    assert_eq!(lifetime(None, Some(90_000)), (300, 3_600), "a resource does not lift the server's ceiling");
}

#[test]
fn what_the_client_wants_stands_where_the_resource_is_silent() {
    let wants = || Client { access_token_format: Some(TokenFormat::Opaque), access_token_alg: Some(SigningAlg::EdDsa), ..client() };
    let entitled = ask_as(wants(), "", &Resources::new()).expect("granted");
    assert_eq!((entitled.format, entitled.alg), (TokenFormat::Opaque, SigningAlg::EdDsa));
    let firm = resources(|orders| {
        orders.token_format = Some(TokenFormat::Jwt);
        orders.signing_alg = Some(SigningAlg::Ps256);
    });
    let entitled = ask_as(wants(), "resource=https://orders.example", &firm).expect("granted");
    assert_eq!((entitled.format, entitled.alg), (TokenFormat::Jwt, SigningAlg::Ps256));
    let entitled = ask("").expect("granted");
    assert_eq!((entitled.format, entitled.alg), (TokenFormat::Jwt, SigningAlg::Es256));
}

#[test]
fn a_request_names_a_bounded_number_of_resources() {
    let body = |count: usize| (0..count).map(|number| format!("resource=urn:r:{number}")).collect::<Vec<_>>().join("&");
    let count =
        |body: &str| parse(&Form::parse(body.as_bytes(), &["resource"]).expect("well formed")).map(|request| request.resources.len());
    assert_eq!(count(&body(RESOURCES_MAX)), Ok(RESOURCES_MAX));
    assert_eq!(count(&body(RESOURCES_MAX + 1)).map_err(|refusal| refusal.code), Err(ErrorCode::InvalidTarget));
    let repeated = format!("{}&{}", body(RESOURCES_MAX), body(RESOURCES_MAX));
    assert_eq!(count(&repeated), Ok(RESOURCES_MAX), "the same one counts once");
}

#[test]
fn scopes_lead_to_a_resource_only_where_it_is_the_clients() {
    let without = Client { resources: vec!["https://bills.example".into()], ..client() };
    let entitled = ask_as(without, "scope=orders:read", &resources(|_| {})).expect("granted");
    assert_eq!(entitled.audience, ["https://issuer.example".into()], "not the resource it may not ask for");
}

#[test]
fn a_scope_of_two_resources_leads_to_neither() {
    let both = resources(|orders| orders.scopes = ScopeSet::parse("orders:read bills:read").expect("scopes"));
    let ask = |client| ask_as(client, "grant_type=client_credentials&scope=bills%3Aread", &both);
    assert_eq!(ask(client()).map(|entitled| entitled.audience), Err(ErrorCode::InvalidScope));
    // A resource that the client was given twice is still one.
    let twice = Client { resources: vec!["https://bills.example".into(); 2], ..client() };
    assert_eq!(ask(twice).map(|entitled| entitled.audience), Ok(vec!["https://bills.example".into()]));
}
