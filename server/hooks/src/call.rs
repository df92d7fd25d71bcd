//! One call of one plugin: its turn, its run, what is remembered of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use claimsmith_issuer::hook::{Context, Draft, PluginAnswer};
use tokio::sync::{OwnedSemaphorePermit, SemaphorePermit};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::fault::HookFault;
use crate::gate::Place;
use crate::guest::Turn;
use crate::host::Host;
use crate::input::{Input, Kept};
use crate::log::LogLine;
use crate::plugin::{Hook, Plugin};
use crate::run::{Outcome, Run};
use crate::settings::Limits;
use crate::slow_lane::thread_time;

/// What a call of a plugin came to.
#[derive(Debug)]
pub struct Call {
    /// The plugin's answer, or why there is none.
    pub answer: Result<PluginAnswer, HookFault>,
    /// Fuel the guest used.
    pub fuel: u64,
    /// What the plugin wrote to its log, standard output and standard error; also when it failed.
    pub log: Vec<LogLine>,
    /// How long the call took, waiting for its turn included.
    pub duration: Duration,
}

impl Host {
    /// Calls the hook that the draft belongs to. Nothing of the call outlives it; dropping the future ends the guest.
    ///
    /// The guest runs on the calling thread, unless the plugin's calls are slow as a habit: see [`Plugin::is_slow`].
    pub async fn call(&self, plugin: &Arc<Plugin>, context: &Context<'_>, configuration: &str, draft: &Draft<'_>, limits: &Limits) -> Call {
        let began = Instant::now();
        let input = Input { context, configuration, draft };
        let Some(hook) = plugin.hook(input.point()) else { return finished(Outcome::not_run(HookFault::NoSuchHook), began) };
        let outcome = match admit(plugin, &input, limits) {
            Err(fault) => Outcome::not_run(fault),
            Ok(()) if plugin.is_slow() => self.run_aside(plugin, &input, limits).await,
            Ok(()) => self.run_here(plugin, hook, &input, limits).await,
        };
        let call = finished(outcome, began);
        settle(plugin, hook, &call);
        call
    }

    /// On the calling thread.
    async fn run_here(&self, plugin: &Plugin, hook: &Hook, input: &Input<'_>, limits: &Limits) -> Outcome {
        let (place, _slot) = match self.turn(plugin).await {
            Ok(turn) => turn,
            Err(fault) => return Outcome::not_run(fault),
        };
        self.ticker.touch();
        let turn = Turn::Here { gate: Arc::clone(&plugin.gate), place, overrun: None };
        let run = Run { engine: &self.engine, plugin, hook, limits, turn };
        plugin.pace.time(run.on(input)).await
    }

    /// In the slow lane.
    async fn run_aside(&self, plugin: &Arc<Plugin>, input: &Input<'_>, limits: &Limits) -> Outcome {
        let turn = match self.turn_aside(plugin).await {
            Ok(turn) => turn,
            Err(fault) => return Outcome::not_run(fault),
        };
        let (engine, plugin, kept, limits) = (self.engine.clone(), Arc::clone(plugin), Kept::of(input), limits.clone());
        let run = async move {
            let (_turn, context, draft) = (turn, kept.context(), kept.draft());
            let input = Input { context: &context, configuration: kept.configuration(), draft: &draft };
            let Some(hook) = plugin.hook(input.point()) else { return Outcome::not_run(HookFault::NoSuchHook) };
            let run = Run { engine: &engine, plugin: &plugin, hook, limits: &limits, turn: Turn::Aside { began: thread_time() } };
            plugin.pace.time(run.on(&input)).await
        };
        self.ticker.touch();
        // Dropping the set ends the guest at its next tick.
        let mut lane = JoinSet::new();
        lane.spawn_on(run, self.slow_lane.threads());
        match lane.join_next().await {
            Some(Ok(outcome)) => outcome,
            // Only when the host is dropped meanwhile, for a run never panics.
            Some(Err(_)) | None => Outcome::not_run(HookFault::Busy),
        }
    }

    /// A place if the plugin needs one, and a slot of the pool; waits when all are taken.
    async fn turn(&self, plugin: &Plugin) -> Result<(Option<Place>, SemaphorePermit<'_>), HookFault> {
        let place = plugin.gate.enter().await?;
        if let Ok(slot) = self.slots.try_acquire() {
            return Ok((place, slot));
        }
        let slot = timeout(self.settings.queue_wait, self.slots.acquire()).await.map_err(|_| HookFault::Busy)?;
        Ok((place, slot.expect("the semaphore of slots is never closed")))
    }

    /// A share of the plugin, a thread of the lane and a slot of the pool, in this order everywhere.
    async fn turn_aside(&self, plugin: &Plugin) -> Result<[OwnedSemaphorePermit; 3], HookFault> {
        let _waiter = plugin.gate.queue()?;
        let turn = async {
            let share = plugin.gate.share().await;
            let thread = self.slow_lane.turn().await;
            let slot = Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore of slots is never closed");
            [share, thread, slot]
        };
        timeout(self.settings.queue_wait, turn).await.map_err(|_| HookFault::Busy)
    }
}

/// Whether the call is made at all.
fn admit(plugin: &Plugin, input: &Input<'_>, limits: &Limits) -> Result<(), HookFault> {
    let bytes = input.bytes();
    if bytes > limits.input {
        return Err(HookFault::InputTooBig { bytes, limit: limits.input });
    }
    plugin.breaker.admit()
}

fn settle(plugin: &Plugin, hook: &Hook, call: &Call) {
    let kind = call.answer.as_ref().err().map(HookFault::kind);
    match kind {
        None => plugin.breaker.answered(),
        Some(kind) if kind.blames_plugin() => plugin.breaker.failed(),
        Some(_) => {}
    }
    hook.stats.record(matches!(call.answer, Ok(Err(_))), kind, call.fuel, call.duration);
}

fn finished(outcome: Outcome, began: Instant) -> Call {
    Call { answer: outcome.answer, fuel: outcome.fuel, log: outcome.log, duration: began.elapsed() }
}
