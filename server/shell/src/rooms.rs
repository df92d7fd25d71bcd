//! What the endpoints of this node share.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use claimsmith_hooks::{Host, Limits};
use claimsmith_issuer::assurance::AcrNames;
use claimsmith_issuer::attestation::Policy as AttestationPolicy;
use claimsmith_issuer::client_auth::Policy as ClientAuthPolicy;
use claimsmith_issuer::dpop::{Nonces, Policy as DpopPolicy};
use claimsmith_issuer::grants::Defaults;
use claimsmith_issuer::grants::token_exchange::Offers;
use claimsmith_issuer::policy::PeoplePolicy;
use claimsmith_issuer::step_up::Demand;
use claimsmith_protocol::grant::GrantType;
use claimsmith_store::Store;
use claimsmith_vault::Sealer;
use tokio::sync::Semaphore;

use crate::authorize::backchannel::BackchannelSettings;
use crate::authorize::device::{DeviceSettings, UserCodes};
use crate::client_documents::{DocumentSettings, Documents};
use crate::client_keys::ClientKeysCache;
use crate::clock::Clock;
use crate::config::Issuer;
use crate::detail_types::DetailTitles;
use crate::directory::Directory;
use crate::endpoints::Document;
use crate::fetch::Fetcher;
use crate::guesses::Guesses;
use crate::object_keys::ObjectKeys;
use crate::pages::Pages;
use crate::people::People;
use crate::register::RegistrationSettings;
use crate::secret_desk::SecretDesk;
use crate::shared_secret::SharedSecret;
use crate::slow_signing::SlowSigning;
use crate::telemetry::Metrics;
use crate::throttle::Throttle;
use crate::tls::client_certificate::ClientTrust;
use crate::upstream::Provider;

/// Settings in the form in which requests use them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Further paths of an endpoint, by its name.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// The origins whose pages may call the endpoints that allow it.
    pub allowed_origins: Vec<String>,
    /// How clients may authenticate.
    pub client_auth: ClientAuthPolicy,
    /// What is wanted of attestations of clients.
    pub attestation: AttestationPolicy,
    /// What is wanted of DPoP proofs.
    pub dpop: DpopPolicy,
    /// Whether a client's certificate can reach us at all.
    pub has_certificates: bool,
    /// The grants that are switched on.
    pub grants: Vec<GrantType>,
    /// How clients wait at the backchannel.
    pub backchannel: BackchannelSettings,
    /// What a device waits for, and how.
    pub device: DeviceSettings,
    /// What token exchange offers beside access tokens.
    pub exchanges: Arc<Offers>,
    /// What is decided for the flows of people.
    pub people: PeoplePolicy,
    /// How clients register themselves.
    pub registration: RegistrationSettings,
    /// Clients that are what a document at their `client_id` says.
    pub documents: DocumentSettings,
    /// The languages of the pages, by their tags.
    pub languages: Vec<String>,
    /// How long a device is known, seconds.
    pub device_lifetime: u32,
    /// What tokens are like where neither client nor resource says anything.
    pub defaults: Defaults,
    /// What one call of a plugin may use.
    pub hook_limits: Limits,
    /// Whether metadata list the scopes of resources.
    pub lists_scopes: bool,
    /// The most bytes of a request body; an endpoint may allow less.
    pub body_bytes_max: usize,
    /// The most bytes of a self-contained token.
    pub token_bytes_max: usize,
    /// Every `invalid_client` leaves at a multiple of this after its arrival.
    pub invalid_client_quantum: Duration,
    /// Scheme, host and port of the listener that asks for client certificates, where there is one.
    pub mtls_origin: Option<String>,
    /// The names of the levels of assurance.
    pub acr_names: AcrNames,
    /// What UserInfo asks of the sign-in behind a token.
    pub userinfo: Demand,
    /// Whether clients' pages can watch the session (`check_session_iframe`).
    pub check_session: bool,
}

/// Everything the endpoints need, made once.
pub struct Rooms {
    /// The issuer's URLs.
    pub urls: Issuer,
    /// Settings.
    pub settings: Settings,
    /// This node's name in records.
    pub node_id: Arc<str>,
    /// The time.
    pub clock: Clock,
    /// Clients and policy in memory.
    pub directory: Directory,
    /// The database.
    pub store: Arc<Store>,
    /// The sandbox.
    pub host: Arc<Host>,
    /// Opens sealed values.
    pub sealer: Arc<Sealer>,
    /// The errand: what is fetched from others.
    pub fetcher: Fetcher,
    /// What clients encrypt request objects to.
    pub object_keys: Arc<ObjectKeys>,
    /// Request objects that are being fetched; browsers make us fetch them, and must not keep other errands waiting.
    pub object_errands: Semaphore,
    /// Documents of clients that are being fetched.
    pub documents: Documents,
    /// Public keys of clients.
    pub client_keys: ClientKeysCache,
    /// Who vouches for the certificates of clients.
    pub client_trust: ClientTrust,
    /// Nonces of DPoP proofs.
    pub dpop_nonces: Nonces,
    /// Costly comparisons of secrets.
    pub secret_desk: Arc<SecretDesk>,
    /// People: how they sign in, and what they sign in with.
    pub people: People,
    /// Another provider with which people may sign in.
    pub upstream: Option<Provider>,
    /// Who has failed too often.
    pub throttle: Arc<Throttle>,
    /// Who has begun too many sign-ins.
    pub beginnings: Throttle,
    /// Who has typed too many user codes that nobody waits with.
    pub user_codes: UserCodes,
    /// Who has registered too many clients.
    pub registrations: Throttle,
    /// Who has asked about too many tokens that nobody knows.
    pub guesses: Guesses,
    /// What refresh tokens, subjects and forms are made with.
    pub shared: SharedSecret,
    /// Where slow signatures are made.
    pub slow_signing: SlowSigning,
    /// Counters and timings.
    pub metrics: Arc<Metrics>,
    /// The names of the types of authorization details, for people.
    pub detail_titles: DetailTitles,
    /// The metadata document.
    pub metadata: Document,
    /// The pages that people see; replaced when the configuration is reloaded.
    pub pages: ArcSwap<Pages>,
    /// Set when the node drains.
    pub draining: AtomicBool,
}

impl Rooms {
    /// Waits until this node acts on every change that is committed now, so that who made one meets it in the next request
    /// here. Other nodes follow within their pulse.
    pub async fn catch_up(&self) {
        if let Ok(generation) = self.store.generation().await {
            self.directory.reach(generation).await;
        }
    }

    /// Why the node cannot issue tokens now; nothing when it can.
    pub fn not_ready(&self) -> Option<&'static str> {
        let now = self.clock.now().timestamp().seconds();
        let policy = self.directory.policy();
        if self.draining.load(Ordering::Relaxed) {
            Some("draining")
        } else if self.directory.is_stale() {
            Some("the database has been away for longer than store.max_stale")
        } else if policy.keyring.signer(self.settings.defaults.alg, now).is_none() {
            Some("there is no active signing key for signing.default_alg")
        } else {
            None
        }
    }
}

/// Resources by identifier.
pub fn resources_by_identifier(resources: Vec<claimsmith_issuer::resource::Resource>) -> claimsmith_issuer::grants::Resources {
    resources.into_iter().map(|resource| (resource.identifier.clone(), Arc::new(resource))).collect::<HashMap<_, _>>()
}
