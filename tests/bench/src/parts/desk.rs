//! Reading room, identity desk and court: from the bytes of a form to a draft, without a socket.

use std::sync::Arc;

use base64::Engine;
use claimsmith_issuer::claims::{Claims, Draft};
use claimsmith_issuer::client::{Authentication, Client, SecretMethod, SecretVerifier, StoredSecret, TokenFormat};
use claimsmith_issuer::client_auth::{self, Evidence, Policy};
use claimsmith_issuer::grants::Defaults;
use claimsmith_issuer::grants::{Resources, client_credentials};
use claimsmith_jose::{Digest, SigningAlg};
use claimsmith_protocol::credentials::{AuthMethod, Presented};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::Lifetime;
use claimsmith_protocol::token::{REPEATABLE, parse_form, parse_grant_type};

use crate::cpu::best_of_five;
use crate::sample;

/// CPU microseconds of one request's way to its draft.
///
/// # Panics
/// When the sample is refused.
pub fn measure() -> f64 {
    let (client, policy, resources, defaults) = (client(secret()), policy(), Resources::new(), defaults());
    let pair = format!("{}:{}", sample::CLIENT_ID, sample::SECRET);
    let header = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    best_of_five(200_000, |turns| {
        for _ in 0..turns {
            std::hint::black_box(walk(header.as_bytes(), &client, &policy, &resources, &defaults));
        }
    })
}

fn walk(header: &[u8], client: &Arc<Client>, policy: &Policy, resources: &Resources, defaults: &Defaults) -> Claims<Draft> {
    let form = parse_form(std::hint::black_box(sample::FORM.as_bytes()), REPEATABLE).expect("a form");
    parse_grant_type(&form, &[GrantType::ClientCredentials]).expect("a grant");
    let presented = Presented::parse(std::iter::once(std::hint::black_box(header)), &form).expect("credentials");
    client_auth::alleged_client_id(&presented).expect("a client");
    let candidate = client_auth::recognise(presented, Some(Arc::clone(client)), policy).expect("the registered method");
    std::hint::black_box(candidate.need(sample::NOW));
    let proof = candidate.verify(Evidence::Nothing, policy, sample::NOW).expect("the right secret");
    let caller = proof.admit(true).expect("no mark");
    let request = client_credentials::parse(&form).expect("a request");
    let entitled = client_credentials::decide(&caller, &request, resources, defaults).expect("entitled");
    sample::draft(&entitled.scopes, &entitled.audience)
}

/// `client_secret_basic` with the sample's secret.
fn secret() -> Authentication {
    let verifier = SecretVerifier::Sha256(Digest::of(sample::SECRET.as_bytes()));
    let secrets = vec![StoredSecret { id: 1, verifier, sealed: None, expires_at: None }];
    Authentication::Secret { method: SecretMethod::Basic, secrets }
}

pub(super) fn client(authentication: Authentication) -> Arc<Client> {
    let scopes = ScopeSet::parse(sample::SCOPE).expect("scopes");
    Arc::new(Client {
        grants: vec![GrantType::ClientCredentials],
        scopes: scopes.clone(),
        default_scopes: scopes,
        metadata: sample::METADATA.into(),
        ..Client::new(ClientId::parse(sample::CLIENT_ID).expect("an id"), authentication)
    })
}

pub(super) fn policy() -> Policy {
    Policy {
        issuer: sample::ISSUER.into(),
        token_endpoints: vec![format!("{}/oauth2/token", sample::ISSUER).into()],
        methods: AuthMethod::ALL.to_vec(),
        signing_algs: vec![SigningAlg::Es256],
        mac_algs: Vec::new(),
    }
}

fn defaults() -> Defaults {
    let hour = Lifetime::from_seconds(3_600);
    Defaults { audience: sample::ISSUER.into(), lifetime: hour, lifetime_ceiling: hour, format: TokenFormat::Jwt, alg: SigningAlg::Es256 }
}
