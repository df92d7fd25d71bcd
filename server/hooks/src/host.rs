//! The host: one engine, one pool, one clock, one linker, shared by all plugins.

use std::sync::Arc;
use std::time::Duration;

use claimsmith_jose::Digest;
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::fault::HostFault;
use crate::guest::Guest;
use crate::plugin::Plugin;
use crate::settings::Settings;
use crate::ticker::Ticker;
use crate::{engine, imports};

/// How long the clock goes on after the last call began. Longer than any call may last.
const LINGER: Duration = Duration::from_secs(2);

/// Runs plugins.
pub struct Host {
    pub(crate) settings: Settings,
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Guest>,
    pub(crate) ticker: Ticker,
    /// As many permits as the pool has slots: when they are used up, calls wait instead of failing.
    pub(crate) slots: Arc<Semaphore>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Host").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Host {
    /// Sets up the engine and its pool, and starts its clock.
    pub fn new(settings: Settings) -> Result<Self, HostFault> {
        let engine = engine::running(&settings)?;
        let mut linker = Linker::new(&engine);
        imports::link(&mut linker).map_err(HostFault::engine)?;
        let linger = LINGER.max(settings.limits.wall * 2);
        let ticker = Ticker::start(engine.clone(), linger).map_err(|error| HostFault::Engine(error.into()))?;
        let slots = Arc::new(Semaphore::new(settings.slots as usize));
        Ok(Self { settings, engine, linker, ticker, slots })
    }

    /// The settings this host was set up with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Compiles a component in this process and links it. Only for components that are trusted: tests and benches.
    pub fn load_trusted(&self, component: &[u8]) -> Result<Plugin, HostFault> {
        let compiled = Component::from_binary(&self.engine, component).map_err(HostFault::link)?;
        Plugin::link(Digest::of(component), &compiled, &self.linker, &self.settings)
    }
}
