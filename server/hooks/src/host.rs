//! The host: one engine, one pool, one clock, one linker, shared by all plugins.

use std::sync::Arc;
use std::time::Duration;

use claimsmith_jose::Digest;
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::artifact::{self, Artifacts};
use crate::compile::Compiler;
use crate::fault::{HostFault, LoadFault, UploadRefusal};
use crate::guest::Guest;
use crate::plugin::Plugin;
use crate::run::PATIENCE;
use crate::settings::Settings;
use crate::slow_lane::SlowLane;
use crate::ticker::Ticker;
use crate::{engine, imports};

/// How long the clock goes on after the last call began, at least. It must be longer than any call may last, in the slow lane too.
const LINGER: Duration = Duration::from_secs(2);

/// Runs plugins.
pub struct Host {
    pub(crate) settings: Settings,
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Guest>,
    pub(crate) ticker: Ticker,
    /// As many permits as the pool has slots: when they are used up, calls wait instead of failing.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) slow_lane: SlowLane,
    artifacts: Artifacts,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Host").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Host {
    /// Sets up the engine and its pool, and starts its clock. `artifact_key` seals compiled code.
    pub fn new(settings: Settings, artifact_key: [u8; 32]) -> Result<Self, HostFault> {
        let engine = engine::running(&settings)?;
        let mut linker = Linker::new(&engine);
        imports::link(&mut linker).map_err(HostFault::engine)?;
        let linger = LINGER.max(settings.limits.wall * (PATIENCE + 2));
        let ticker = Ticker::start(engine.clone(), linger).map_err(|error| HostFault::Engine(error.into()))?;
        let slots = Arc::new(Semaphore::new(settings.slots as usize));
        let slow_lane = SlowLane::start(settings.cores).map_err(|error| HostFault::Engine(error.into()))?;
        let artifacts = Artifacts::new(settings.cache.as_deref(), artifact_key, &engine)?;
        Ok(Self { settings, engine, linker, ticker, slots, slow_lane, artifacts })
    }

    /// The settings this host was set up with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Loads a plugin whose compiled code is kept. `None`: it must be compiled, see [`Self::load`]. Reads one file.
    pub fn load_kept(&self, digest: &Digest) -> Result<Option<Arc<Plugin>>, LoadFault> {
        let kept = self.artifacts.kept(digest, &self.engine)?;
        kept.map(|component| self.link(*digest, &component)).transpose()
    }

    /// Loads a plugin, from kept code or by compiling it and keeping that. `component` is [`crate::Inspection::component`]
    /// of the upload with this digest. Blocks for seconds when it compiles.
    pub fn load(&self, digest: &Digest, component: &[u8], compiler: &Compiler) -> Result<Arc<Plugin>, LoadFault> {
        if let Some(plugin) = self.load_kept(digest)? {
            return Ok(plugin);
        }
        let code = compiler.compile(component, &self.settings)?;
        let compiled = artifact::trusted(&self.engine, &code).map_err(|error| UploadRefusal::Compile(format!("{error:#}")))?;
        let plugin = self.link(*digest, &compiled)?;
        self.artifacts.keep(digest, &code)?;
        Ok(plugin)
    }

    /// Compiles a component in this process, without looking at it. For components of one's own: tests and benches.
    pub fn load_trusted(&self, component: &[u8]) -> Result<Arc<Plugin>, LoadFault> {
        let compiled = Component::from_binary(&self.engine, component).map_err(|error| UploadRefusal::Compile(format!("{error:#}")))?;
        self.link(Digest::of(component), &compiled)
    }

    fn link(&self, digest: Digest, component: &Component) -> Result<Arc<Plugin>, LoadFault> {
        let plugin = Plugin::link(digest, component, &self.linker, &self.settings);
        Ok(Arc::new(plugin.map_err(|error| UploadRefusal::Contract(format!("{error:#}")))?))
    }
}
