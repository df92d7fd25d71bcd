//! What the tests of the courts share: a client, a person's grant, and a case around them.

use std::sync::Arc;

use claimsmith_jose::{Digest, Secret, SigningAlg};
use claimsmith_protocol::authorize::Challenge;
use claimsmith_protocol::credentials::{AuthMethod, Presented};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::handle::{Code, GrantId, RefreshToken};
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::registration::{Registration, Rotation};
use claimsmith_protocol::response::ResponseType;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_protocol::token::REPEATABLE;

use super::jwt_bearer::Asserted;
use super::token_exchange::Exchange;
use super::{Allowed, Case, CodeState, Defaults, GrantRecord, Newcomer, Polled, RefreshState, Resources};
use crate::client::{Authentication, Client, SecretMethod, SecretVerifier, StoredSecret, TokenFormat};
use crate::client_auth::{self, AuthenticatedClient, Evidence};
use crate::confirmation::Confirmation;
use crate::person::UserId;
use crate::policy::{PeoplePolicy, RefreshPolicy};
use crate::resource::Resource;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const ID: GrantId = GrantId::from_bytes([7; 16]);

/// Everything around a request; each test spoils what it is about.
pub(crate) struct Rig {
    client: Client,
    caller: AuthenticatedClient,
    pub(crate) grant: GrantRecord,
    pub(crate) polled: Option<Polled>,
    pub(crate) newcomer: Option<Newcomer>,
    pub(crate) asserted: Option<Asserted>,
    pub(crate) exchange: Option<Exchange>,
    pub(crate) known: bool,
    pub(crate) genuine: bool,
    pub(crate) person_is_there: bool,
    pub(crate) confirmation: Option<Confirmation>,
    resources: Resources,
    defaults: Defaults,
    pub(crate) policy: PeoplePolicy,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let client = client();
        let resource = Resource {
            identifier: "https://api.example".into(),
            name: None,
            scopes: ScopeSet::parse("read").expect("good"),
            token_format: None,
            signing_alg: None,
            lifetime_ceiling: None,
            introspectors: Vec::new(),
        };
        Self {
            caller: admit(client.clone()),
            client,
            grant: grant(),
            polled: None,
            newcomer: None,
            asserted: None,
            exchange: None,
            known: true,
            genuine: true,
            person_is_there: true,
            confirmation: None,
            resources: [(resource.identifier.clone(), Arc::new(resource))].into_iter().collect(),
            defaults: Defaults {
                audience: "https://id.example".into(),
                lifetime: Lifetime::from_seconds(300),
                lifetime_ceiling: Lifetime::from_seconds(3_600),
                format: TokenFormat::Jwt,
                alg: SigningAlg::Es256,
            },
            policy: policy(),
        }
    }

    pub(crate) fn client_mut(&mut self, change: impl FnOnce(&mut Client)) {
        change(&mut self.client);
        self.caller = admit(self.client.clone());
    }
}

/// The client, after it has proved who it is; its secret is `s`.
pub(crate) fn admit(client: Client) -> AuthenticatedClient {
    let policy = client_auth::Policy {
        issuer: "https://issuer.example".into(),
        token_endpoints: vec![],
        methods: AuthMethod::ALL.to_vec(),
        signing_algs: vec![],
        mac_algs: vec![],
    };
    let presented = match client.authentication {
        Authentication::Public => Presented::Identified { client_id: client.id.to_string() },
        _ => Presented::Basic { client_id: client.id.to_string(), secret: Secret::new("s".to_owned()) },
    };
    let candidate = client_auth::recognise(presented, Some(Arc::new(client)), &policy).expect("recognised");
    candidate.verify(Evidence::Nothing, &policy, Timestamp::from_seconds(0)).expect("verified").admit(true).expect("admitted")
}

/// A rig whose grant has a refresh token of this number, which replaced the one before five seconds ago.
pub(crate) fn with_refresh(number: u32) -> Rig {
    let mut rig = Rig::new();
    rig.grant.refresh = Some(RefreshState {
        number,
        digest: token(number).digest(),
        previous_digest: number.checked_sub(1).map(|before| token(before).digest()),
        rotated_at: Some(Timestamp::from_seconds(NOW.seconds() - 5)),
        expires_at: Timestamp::from_seconds(NOW.seconds() + 100),
        bound_to: None,
    });
    rig
}

pub(crate) fn case(rig: &Rig) -> Case<'_> {
    Case {
        caller: &rig.caller,
        grant: rig.known.then_some(&rig.grant),
        polled: rig.polled.as_ref(),
        newcomer: rig.newcomer.as_ref(),
        asserted: rig.asserted.as_ref(),
        exchange: rig.exchange.as_ref(),
        genuine: rig.genuine,
        person_is_there: rig.person_is_there,
        confirmation: rig.confirmation.as_ref(),
        resources: &rig.resources,
        defaults: &rig.defaults,
        policy: &rig.policy,
        now: NOW,
    }
}

pub(crate) fn form(body: &str) -> Form<'_> {
    Form::parse(body.as_bytes(), REPEATABLE).expect("well formed")
}

pub(crate) fn code() -> Code {
    Code::new(ID, [9; 32])
}

pub(crate) fn token(number: u32) -> RefreshToken {
    RefreshToken::new(ID, number, [3; 32])
}

pub(crate) fn client() -> Client {
    let id = ClientId::parse("app").expect("an id");
    let secret = StoredSecret { id: 1, verifier: SecretVerifier::Sha256(Digest::of(b"s")), sealed: None, expires_at: None };
    let mut client = Client::new(id, Authentication::Secret { method: SecretMethod::Basic, secrets: vec![secret] });
    client.grants = vec![GrantType::AuthorizationCode, GrantType::Implicit, GrantType::RefreshToken];
    client.scopes = ScopeSet::parse("openid profile offline_access read").expect("good");
    client.default_scopes = ScopeSet::parse("read").expect("good");
    client.resources = vec!["https://api.example".into()];
    client.registration = Box::new(Registration::from_text(r#"{"redirect_uris":["https://a.example/cb"]}"#).expect("good"));
    client
}

pub(crate) fn grant() -> GrantRecord {
    GrantRecord {
        id: ID,
        client_id: ClientId::parse("app").expect("an id"),
        user_id: UserId::from_random([1; 16]),
        session_id: None,
        allowed: Allowed {
            subject: "usr_x".into(),
            scopes: ["openid", "offline_access", "read"].map(Into::into).to_vec(),
            redirect_uri: Some("https://a.example/cb".into()),
            challenge: Challenge::parse(Some(CHALLENGE), Some("S256")).expect("good"),
            ..Allowed::default()
        },
        code: Some(CodeState { digest: code().digest(), expires_at: Timestamp::from_seconds(NOW.seconds() + 60), spent_at: None }),
        refresh: None,
        created_at: NOW,
        expires_at: Timestamp::from_seconds(NOW.seconds() + 1_000),
        revoked_at: None,
    }
}

pub(crate) fn policy() -> PeoplePolicy {
    let hour = Lifetime::from_seconds(3_600);
    PeoplePolicy {
        response_types: ResponseType::ALL.to_vec(),
        require_pkce: true,
        require_pushed_requests: false,
        require_signed_requests: false,
        request_uris: false,
        encrypted_requests: false,
        detail_types: crate::detail_types::DetailTypes::default(),
        flow_lifetime: hour,
        pushed_request_lifetime: hour,
        code_lifetime: Lifetime::from_seconds(60),
        id_token_lifetime: hour,
        refresh_lifetime: hour,
        refresh: RefreshPolicy {
            require_offline_access: true,
            rotation: Rotation::Rotate,
            extend: false,
            idle: Some(hour),
            reuse_interval: Lifetime::from_seconds(10),
            check_user: true,
        },
        session_lifetime: hour,
        session_idle: hour,
    }
}
