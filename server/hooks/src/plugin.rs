//! A plugin that is ready to be called.

use std::fmt;
use std::sync::Arc;

use claimsmith_issuer::hook::HookPoint;
use claimsmith_jose::Digest;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};
use wasmtime::{Result, bail};

use crate::abi::draft::with_record;
use crate::abi::{AnswerOut, ContextIn};
use crate::breaker::Breaker;
use crate::gate::Gate;
use crate::guest::Guest;
use crate::imports;
use crate::pace::Pace;
use crate::settings::Settings;
use crate::stats::HookStats;

/// One version of a plugin, compiled and linked. Holds no state of calls but counters.
pub struct Plugin {
    digest: Digest,
    pub(crate) pre: InstancePre<Guest>,
    hooks: [Option<Hook>; HookPoint::ALL.len()],
    /// Whether it can look up parameters and headers; only then are they copied for it.
    pub(crate) reads_request: bool,
    /// Whether it can ask for person and grant; only then are they kept for it.
    pub(crate) reads_background: bool,
    pub(crate) gate: Arc<Gate>,
    pub(crate) breaker: Breaker,
    pub(crate) pace: Pace,
}

/// A hook that a plugin exports.
pub(crate) struct Hook {
    pub(crate) shape: ComponentExportIndex,
    pub(crate) stats: HookStats,
}

impl Plugin {
    pub(crate) fn link(digest: Digest, component: &Component, linker: &Linker<Guest>, settings: &Settings) -> Result<Self> {
        let mut hooks = [const { None }; HookPoint::ALL.len()];
        for point in HookPoint::ALL {
            hooks[point as usize] = hook(component, point)?;
        }
        let types = component.component_type();
        let reads = |name| {
            let wanted = imports::interface(name);
            types.imports(component.engine()).any(|(name, _)| name == wanted)
        };
        let (reads_request, reads_background) = (reads("request"), reads("person") || reads("grant"));
        Ok(Self {
            digest,
            pre: linker.instantiate_pre(component)?,
            hooks,
            reads_request,
            reads_background,
            gate: Arc::new(Gate::new(settings)),
            breaker: Breaker::new(settings.breaker_faults, settings.breaker_rest),
            pace: Pace::default(),
        })
    }

    /// SHA-256 of the bytes that were uploaded.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Whether the plugin may read parameters and headers of the request: nobody need gather them for one that does not.
    pub const fn reads_request(&self) -> bool {
        self.reads_request
    }

    /// Whether the plugin may ask for what is known of person and grant: nobody need gather it for one that does not.
    pub const fn reads_background(&self) -> bool {
        self.reads_background
    }

    /// Whether its calls take so long, as a habit, that they are made on threads of low priority: more than a
    /// millisecond of CPU in the mean of the last eight or so.
    pub fn is_slow(&self) -> bool {
        self.pace.is_slow()
    }

    /// The hook points at which this plugin can be called.
    pub fn hooks(&self) -> impl Iterator<Item = HookPoint> + '_ {
        HookPoint::ALL.into_iter().filter(|&point| self.hook(point).is_some())
    }

    /// Counters of a hook, if the plugin has it.
    pub fn stats(&self, point: HookPoint) -> Option<&HookStats> {
        self.hook(point).map(|hook| &hook.stats)
    }

    pub(crate) fn hook(&self, point: HookPoint) -> Option<&Hook> {
        self.hooks[point as usize].as_ref()
    }
}

/// The export of a hook point, checked to have the types of the contract.
fn hook(component: &Component, point: HookPoint) -> Result<Option<Hook>> {
    let Some((item, interface)) = component.get_export(None, imports::interface(point.interface())) else { return Ok(None) };
    let ComponentItem::ComponentInstance(_) = item else { bail!("{} is not an interface", point.interface()) };
    let Some((ComponentItem::ComponentFunc(function), shape)) = component.get_export(Some(&interface), "shape") else {
        bail!("{} has no function `shape`", point.interface());
    };
    let types = component.component_type();
    let types = types.instance_type();
    with_record!(point, Record => function.typecheck::<(ContextIn<'_>, Record<'_>), AnswerOut>(&types)?);
    Ok(Some(Hook { shape, stats: HookStats::default() }))
}

impl fmt::Debug for Plugin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Plugin").field("digest", &self.digest).finish_non_exhaustive()
    }
}
