//! `claimsmith serve`: a node behind its listeners, from the configuration to the drain.

use std::sync::Arc;
use std::time::Duration;

use claimsmith_protocol::grant::GrantType;
use claimsmith_store::{Database, Source};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::admin::{Api, Desk};
use crate::config::{DatabaseSource, ServeConfig, Sources};
use crate::endpoints::Public;
use crate::listen::{Bound, Server};
use crate::node::Node;
use crate::pages::Pages;
use crate::start_fault::StartFault;
use crate::telemetry::{self, Telemetry};

/// A node behind its listeners.
pub struct Running {
    /// The node.
    pub node: Node,
    /// The admin API, for callers in this process.
    pub api: Api,
    server: Server,
    config: ServeConfig,
    sources: Sources,
    telemetry: Telemetry,
}

/// Runs a server until it is told to stop.
pub fn run(sources: Sources) -> Result<(), StartFault> {
    let config = crate::config::read(&sources).check_for_serve()?;
    let telemetry = telemetry::start(&config, env!("CARGO_PKG_VERSION")).map_err(StartFault::Runtime)?;
    crate::hardening::forbid_dumps();
    let listeners = bind(&config)?;
    let database = open_database(&config)?;
    let signals = Signals::listen()?;
    let running = Running::open(config, sources, telemetry, listeners, database)?;
    tracing::info!(issuer = running.node.rooms.urls.as_str(), "ready");
    running.until_stopped(signals, || {});
    Ok(())
}

/// Opens the database that the configuration names. Never migrates.
fn open_database(config: &ServeConfig) -> Result<Database, StartFault> {
    let source = match &config.database {
        DatabaseSource::Embedded(_) => Source::Embedded(config.embedded_settings()),
        outside => Source::Url(outside.url()?.map(|url| url.expose().clone()).unwrap_or_default()),
    };
    Ok(source.open()?)
}

/// Takes the addresses before anything slow is begun: a port in use is known at once.
pub fn bind(config: &ServeConfig) -> Result<Vec<(Role, Bound)>, StartFault> {
    let listeners = config.listeners().into_iter().map(|(role, settings)| Ok((role, Bound::bind(settings)?)));
    listeners.collect()
}

/// What a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Clients and browsers.
    Public,
    /// Operators.
    Admin,
}

/// The signals that a server heeds. From [`Signals::listen`] on they wait to be heard and end nothing unawares: it comes
/// before anybody can find out that the server runs.
#[derive(Debug)]
pub struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> Result<Self, StartFault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartFault::Runtime)?;
        let listen = |kind| {
            let _inside = runtime.enter();
            signal(kind).map_err(StartFault::Runtime)
        };
        let (terminate, interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        let hangup = listen(SignalKind::hangup())?;
        Ok(Self { runtime, terminate, interrupt, hangup })
    }
}

async fn is_told_to_go_on(terminate: &mut Signal, interrupt: &mut Signal, hangup: &mut Signal) -> bool {
    tokio::select! {
        _ = terminate.recv() => false,
        _ = interrupt.recv() => false,
        _ = hangup.recv() => true,
    }
}

impl Running {
    /// Opens a node and puts it behind listeners that are bound already.
    pub fn open(
        config: ServeConfig,
        sources: Sources,
        telemetry: Telemetry,
        listeners: Vec<(Role, Bound)>,
        database: Database,
    ) -> Result<Self, StartFault> {
        let node = Node::open(&config, database, telemetry.metrics())?;
        let mut server = Server::start(config.door_settings())?;
        telemetry.watch_door(server.metrics());
        telemetry.watch_rooms(Arc::clone(&node.rooms));
        let metrics = telemetry.metrics();
        let api = Api::new(Desk {
            rooms: Arc::clone(&node.rooms),
            compiler: Arc::clone(&node.compiler),
            key_life: Arc::clone(&node.key_life),
            config: Arc::new((*config).clone()),
            metrics: Box::new(move || metrics.render()),
        });
        let public = Public::new(Arc::clone(&node.rooms));
        for (role, bound) in listeners {
            let name = bound.name().to_owned();
            let address = match role {
                Role::Public => server.serve(bound, public.clone()),
                Role::Admin => server.serve(bound, api.clone()),
            };
            tracing::info!(listener = name, %address, "listening");
        }
        Ok(Self { node, api, server, config, sources, telemetry })
    }

    /// Serves until SIGTERM or SIGINT, then drains; `stopping` is called when the drain begins. SIGHUP reloads.
    pub fn until_stopped(self, signals: Signals, stopping: impl FnOnce()) {
        let Signals { runtime, mut terminate, mut interrupt, mut hangup } = signals;
        let drain = self.config.limits.drain;
        runtime.block_on(async {
            while is_told_to_go_on(&mut terminate, &mut interrupt, &mut hangup).await {
                self.reload();
            }
            stopping();
            self.drain(drain, &mut interrupt).await;
        });
        let Self { node, api, server, telemetry, .. } = self;
        drop((server, api));
        telemetry.unwatch();
        node.close();
        tracing::info!("stopped");
        telemetry.finish();
    }

    /// Lets requests in flight finish; a second Ctrl-C ends the wait.
    async fn drain(&self, deadline: Duration, interrupt: &mut Signal) {
        self.node.begin_drain();
        tracing::info!(seconds = deadline.as_secs(), "draining");
        tokio::select! {
            drained = self.server.drain(deadline) => tracing::info!(?drained, "drained"),
            _ = interrupt.recv() => tracing::warn!("the drain was cut short"),
        }
    }

    /// Takes over what can be taken over while running, and says what cannot.
    fn reload(&self) {
        for (listener, fault) in self.server.reload() {
            tracing::error!(listener, %fault, "the certificate was not replaced");
        }
        match crate::config::read(&self.sources).check_for_serve() {
            Err(problems) => tracing::error!(%problems, "the configuration was not reloaded"),
            Ok(newer) => {
                for change in self.config.changes(&newer) {
                    match change.live {
                        true => tracing::info!(setting = change.name, "taken over"),
                        false => tracing::warn!(setting = change.name, "takes effect at the next start"),
                    }
                }
                self.telemetry.set_level(&newer);
                match Pages::load(&newer.pages, &self.node.rooms.urls) {
                    Ok(pages) => {
                        let offers_requests = self.node.rooms.settings.grants.contains(&GrantType::Ciba);
                        self.node.rooms.pages.store(Arc::new(pages.offering_requests(offers_requests)));
                    }
                    Err(fault) => tracing::error!(setting = fault.setting(), %fault, "the pages were not reloaded"),
                }
            }
        }
    }
}
