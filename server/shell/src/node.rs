//! One node: everything a process needs to serve, opened in the order in which it can fail, and closed in the reverse.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use claimsmith_hooks::{Compiler, Host};
use claimsmith_issuer::dpop::Nonces;
use claimsmith_jose::Digest;
use claimsmith_protocol::grant::GrantType;
use claimsmith_store::{Database, MasterKeyCheck, Store};
use claimsmith_vault::{CheckValue, MasterKey, Purpose, Sealer};
use tokio::sync::watch;

use crate::authorize::device::UserCodes;
use crate::client_documents::Documents;
use crate::client_keys::ClientKeysCache;
use crate::clock::Clock;
use crate::config::ServeConfig;
use crate::detail_types;
use crate::directory::Directory;
use crate::endpoints::Document;
use crate::fetch::Fetcher;
use crate::freshness::Freshness;
use crate::guesses::Guesses;
use crate::key_life::KeyLife;
use crate::object_keys::ObjectKeys;
use crate::pages::Pages;
use crate::people::People;
use crate::rooms::{self, Rooms};
use crate::secret_desk::SecretDesk;
use crate::shared_secret::SharedSecret;
use crate::slow_signing::SlowSigning;
use crate::start_fault::StartFault;
use crate::telemetry::Metrics;
use crate::throttle::Throttle;
use crate::tls::client_certificate::ClientTrust;
use crate::upstream::Provider;
use crate::{back_channel, decisions};

/// How often expired rows are removed, and keys are looked after.
const SWEEP: Duration = Duration::from_secs(5);
const TEND: Duration = Duration::from_secs(60);
/// Request objects that may be fetched at once.
const OBJECT_ERRANDS: usize = 8;

/// A node that is ready to be put behind listeners.
pub struct Node {
    /// What the endpoints share.
    pub rooms: Arc<Rooms>,
    /// Looks after signing keys.
    pub key_life: Arc<KeyLife>,
    /// Compiles plugins in a child process.
    pub compiler: Arc<Compiler>,
    database: Database,
    stop: watch::Sender<bool>,
    keeper: JoinHandle<()>,
}

impl Node {
    /// Opens a node on a database that is there and migrated.
    pub fn open(config: &ServeConfig, database: Database, metrics: Arc<Metrics>) -> Result<Self, StartFault> {
        let offers_requests = config.grants.enabled.contains(&GrantType::Ciba);
        let pages = Pages::load(&config.pages, &config.issuer)?.offering_requests(offers_requests);
        let (types, detail_titles) = detail_types::read(config.authorize.details_types_file.as_deref())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartFault::Runtime)?;
        let (master_key, sealer) = open_master_key(config)?;
        let store = Arc::new(Store::open(database.url(), &config.store_settings())?);
        runtime.block_on(check_master_key(&store, &master_key, &sealer))?;

        let host = Arc::new(Host::new(config.hook_settings(), *master_key.derive(Purpose::CompiledPlugins).expose())?);
        let program = std::env::current_exe().map_err(StartFault::Runtime)?;
        let compiler = Compiler::new(program, ["__compile"]);
        let key_life = Arc::new(KeyLife::new(Arc::clone(&store), Arc::clone(&sealer), config.key_life_settings()));
        let node_id = fresh_node_id();

        let mut freshness = Freshness::new(Arc::clone(&store), Arc::clone(&host), Arc::clone(&sealer), compiler.clone(), node_id.clone());
        let object_keys = match config.authorize.encrypted_requests {
            true => runtime.block_on(ObjectKeys::open(&store, &sealer)).map_err(StartFault::Shared)?,
            false => ObjectKeys::default(),
        };
        let object_keys = Arc::new(object_keys);
        freshness.publish(Arc::clone(&object_keys));
        let clock = Clock::default();
        runtime.block_on(key_life.tend(clock.now().timestamp()))?;
        let policy = runtime.block_on(freshness.read_policy(None))?;
        runtime.block_on(freshness.report())?;

        let shared = runtime.block_on(SharedSecret::open(&store, &sealer)).map_err(StartFault::Shared)?;
        let mut settings = rooms::Settings { languages: pages.languages().map(str::to_owned).collect(), ..config.room_settings() };
        settings.people.detail_types = types;
        let throttle = Arc::new(Throttle::new(&config.throttle_settings()));
        let fetcher = Fetcher::start(&config.fetch_settings())?;
        let secret_desk = Arc::new(SecretDesk::open(&config.secret_desk_settings(), Arc::clone(&throttle))?);
        let rooms = Arc::new(Rooms {
            metadata: Document::new(&config.issuer, &settings),
            urls: config.issuer.clone(),
            node_id,
            clock,
            directory: Directory::new(Arc::clone(&store), policy, config.document_hosts(), config.cache.clients, config.store.max_stale),
            fetcher: fetcher.clone(),
            object_keys,
            object_errands: tokio::sync::Semaphore::new(OBJECT_ERRANDS),
            documents: Documents::new(&config.document_throttle(), OBJECT_ERRANDS),
            client_keys: ClientKeysCache::new(config.client_keys_settings(), Arc::new(fetcher.clone())),
            people: People::open(config.people_settings(), Arc::clone(&store), Arc::clone(&sealer), Arc::clone(&secret_desk))?,
            secret_desk,
            upstream: config.upstream_settings()?.map(|settings| Provider::new(settings, fetcher.clone())),
            client_trust: ClientTrust::load(config.trust_files())?,
            dpop_nonces: Nonces::new(master_key.derive(Purpose::DpopNonces), config.nonce_window()),
            store,
            host,
            sealer,
            throttle,
            beginnings: Throttle::new(&config.beginning_settings()),
            user_codes: UserCodes::new(&config.user_code_settings()),
            registrations: Throttle::new(&config.registration_throttle()),
            guesses: Guesses::new(&config.guess_settings()),
            shared,
            slow_signing: SlowSigning::new(std::thread::available_parallelism().map_or(1, usize::from)),
            metrics,
            detail_titles,
            settings,
            pages: ArcSwap::from_pointee(pages),
            draining: AtomicBool::new(false),
        });
        let (stop, stopped) = watch::channel(false);
        let keeper = keep(runtime, freshness, (Arc::clone(&rooms), fetcher), Arc::clone(&key_life), stopped)?;
        Ok(Self { rooms, key_life, compiler: Arc::new(compiler), database, stop, keeper })
    }

    /// The connection URI of the database.
    pub fn database_url(&self) -> &str {
        self.database.url()
    }

    /// Says that the node is about to go: it is not ready any more.
    pub fn begin_drain(&self) {
        self.rooms.draining.store(true, Ordering::Relaxed);
    }

    /// Closes everything in order: what was handed over is written before the database goes.
    pub fn close(self) {
        let Self { rooms, key_life, stop, keeper, database, .. } = self;
        let _ = stop.send(true);
        let _ = keeper.join();
        drop(key_life);
        let store = Arc::clone(&rooms.store);
        drop(rooms);
        // Whoever still holds the store keeps it from closing here; then its last holder writes what is queued.
        match Arc::into_inner(store) {
            Some(store) => store.close(),
            None => tracing::warn!("the store is still in use while the node closes"),
        }
        drop(database);
    }
}

/// The thread that keeps the node fresh, its keys tended, its tables swept, and clients told of sessions that have ended and of
/// decisions that they wait for.
fn keep(
    runtime: tokio::runtime::Runtime,
    freshness: Freshness,
    (rooms, fetcher): (Arc<Rooms>, Fetcher),
    key_life: Arc<KeyLife>,
    stopped: watch::Receiver<bool>,
) -> Result<JoinHandle<()>, StartFault> {
    let run = move || {
        runtime.block_on(async move {
            let store = Arc::clone(&rooms.store);
            let node_id = rooms.node_id.clone();
            let fresh = freshness.run(Arc::clone(&rooms), stopped.clone());
            let told = back_channel::deliver(&rooms, fetcher.clone(), stopped.clone());
            let decided = decisions::tell(&rooms, fetcher, stopped.clone());
            tokio::join!(fresh, sweep(&rooms, stopped.clone()), told, decided, tend(&rooms, &key_life, stopped));
            if let Err(fault) = store.report_gone(&node_id).await {
                tracing::debug!(%fault, "the node could not say goodbye");
            }
        });
    };
    std::thread::Builder::new().name("keeper".to_owned()).spawn(run).map_err(StartFault::Runtime)
}

async fn sweep(rooms: &Rooms, mut stopped: watch::Receiver<bool>) {
    let mut pulse = tokio::time::interval(SWEEP);
    while tokio::select! { _ = pulse.tick() => true, _ = stopped.changed() => false } {
        match rooms.store.sweep().await {
            Ok(swept) if swept.total() > 0 => tracing::debug!(rows = swept.total(), "expired rows were removed"),
            Ok(_) => {}
            Err(fault) => tracing::warn!(%fault, "expired rows were not removed"),
        }
        crate::client_documents::sweep(rooms).await;
        rooms.client_trust.refresh();
    }
}

async fn tend(rooms: &Rooms, key_life: &KeyLife, mut stopped: watch::Receiver<bool>) {
    let mut pulse = tokio::time::interval(TEND);
    pulse.tick().await;
    while tokio::select! { _ = pulse.tick() => true, _ = stopped.changed() => false } {
        if let Err(fault) = key_life.tend(rooms.clock.now().timestamp()).await {
            tracing::warn!(%fault, "signing keys were not looked after");
        }
    }
}

/// Reads the master key and those before it.
pub fn open_master_key(config: &ServeConfig) -> Result<(MasterKey, Arc<Sealer>), StartFault> {
    let current = MasterKey::read(&config.master_key_file)?;
    let older: Result<Vec<_>, _> = config.keys.previous_master_key_files.iter().map(|path| MasterKey::read(path)).collect();
    let sealer = Sealer::new(&current, &older?);
    Ok((current, Arc::new(sealer)))
}

/// A wrong master key stops the start by name, before anything is sealed with it.
async fn check_master_key(store: &Store, master_key: &MasterKey, sealer: &Sealer) -> Result<(), StartFault> {
    let kept = match store.master_key_check().await? {
        Some(kept) => kept,
        None => {
            let check = MasterKeyCheck { key_id: master_key.id().to_string(), check_value: sealer.check_value()? };
            store.adopt_master_key("server", check).await?
        }
    };
    match sealer.verify_check_value(&kept.check_value)? {
        CheckValue::Current => Ok(()),
        CheckValue::Older(id) => {
            tracing::warn!(key_id = %id, "values are sealed under a previous master key: run `claimsmith key reseal`");
            Ok(())
        }
    }
}

/// A name for this process in records: nobody chooses it, and no two are the same.
fn fresh_node_id() -> Arc<str> {
    let mut bytes = [0; 16];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
    Digest::of(&bytes).to_hex()[..16].into()
}
