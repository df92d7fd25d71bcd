//! One call of one plugin: a new store, a new instance, one answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use claimsmith_issuer::hook::{Context, Draft, HookPoint, PluginAnswer};
use tokio::sync::SemaphorePermit;
use wasmtime::component::{ComponentNamedList, Instance, Lower};
use wasmtime::{Error, Result, Store, StoreContextMut, Trap, UpdateDeadline};

use crate::abi::{self, AnswerOut, ContextIn, EditOut, IntrospectionIn, ResponseIn, TokenIn};
use crate::fault::HookFault;
use crate::gate::Overrun;
use crate::guest::{Guest, Lookup, Stop};
use crate::host::Host;
use crate::lift::{self, ITEM_COST};
use crate::log::LogLine;
use crate::plugin::{Hook, Plugin};
use crate::settings::Limits;

/// Ticks until a call is first interrupted: two, so that an honest call never is.
const FIRST_TICKS: u64 = 2;

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
    pub async fn call(&self, plugin: &Plugin, context: &Context<'_>, configuration: &str, draft: &Draft<'_>, limits: &Limits) -> Call {
        let began = Instant::now();
        let mut call = Call { answer: Err(HookFault::NoSuchHook), fuel: 0, log: Vec::new(), duration: Duration::ZERO };
        let Some(hook) = plugin.hook(point(draft)) else { return call };
        call.answer = self.admitted(plugin, hook, &Input { context, configuration, draft }, limits, &mut call).await;
        call.duration = began.elapsed();
        settle(plugin, hook, &call);
        call
    }

    async fn admitted(
        &self,
        plugin: &Plugin,
        hook: &Hook,
        input: &Input<'_>,
        limits: &Limits,
        call: &mut Call,
    ) -> Result<PluginAnswer, HookFault> {
        let bytes = input.bytes();
        if bytes > limits.input {
            return Err(HookFault::InputTooBig { bytes, limit: limits.input });
        }
        plugin.breaker.admit()?;
        let place = plugin.gate.enter().await?;
        let _slot = self.slot().await?;
        self.ticker.touch();

        let mut guest = Guest::new(input.context.now_milliseconds, limits, &plugin.gate, place);
        if plugin.reads_request {
            guest.parameters = Lookup::of(input.context.parameters);
            guest.headers = Lookup::of(input.context.headers);
        }
        let mut store = Store::new(&self.engine, guest);
        let outcome = shape(&mut store, plugin, hook, input, limits).await;
        call.fuel = limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0));
        let guest = store.into_data();
        let answer = match outcome {
            Ok(answer) => lift::answer(answer, limits),
            Err(error) => Err(fault(&error, &guest)),
        };
        call.log = guest.log.finish();
        answer
    }

    /// A slot of the pool; waits when all are taken.
    async fn slot(&self) -> Result<SemaphorePermit<'_>, HookFault> {
        if let Ok(permit) = self.slots.try_acquire() {
            return Ok(permit);
        }
        match tokio::time::timeout(self.settings.queue_wait, self.slots.acquire()).await {
            Ok(permit) => Ok(permit.expect("the semaphore of slots is never closed")),
            Err(_) => Err(HookFault::Busy),
        }
    }
}

struct Input<'a> {
    context: &'a Context<'a>,
    configuration: &'a str,
    draft: &'a Draft<'a>,
}

async fn shape(store: &mut Store<Guest>, plugin: &Plugin, hook: &Hook, input: &Input<'_>, limits: &Limits) -> Result<AnswerOut> {
    // The start function runs inside instantiation: every limit stands before.
    store.limiter(|guest| guest);
    store.set_fuel(limits.fuel)?;
    store.set_epoch_deadline(FIRST_TICKS);
    store.epoch_deadline_callback(overrun);
    // Security: the default lets a guest have 128 MiB copied in each call of a host function.
    store.set_hostcall_fuel(limits.output + limits.edits * size_of::<EditOut>());
    let instance = plugin.pre.instantiate_async(&mut *store).await?;
    let context = input.context_in();
    match input.draft {
        Draft::Token { claims, scopes, audience, lifetime } => {
            let draft = TokenIn { claims: abi::members(claims), scopes, audience, lifetime: *lifetime };
            invoke(store, &instance, hook, (context, draft)).await
        }
        Draft::Response { members } => {
            let draft = ResponseIn { members: abi::members(members) };
            invoke(store, &instance, hook, (context, draft)).await
        }
        Draft::Introspection { members, caller } => {
            let draft = IntrospectionIn { members: abi::members(members), caller };
            invoke(store, &instance, hook, (context, draft)).await
        }
    }
}

async fn invoke<P>(store: &mut Store<Guest>, instance: &Instance, hook: &Hook, input: P) -> Result<AnswerOut>
where
    P: ComponentNamedList + Lower + Send + Sync,
{
    let shape = instance.get_typed_func::<P, AnswerOut>(&mut *store, &hook.shape)?;
    shape.call_async(&mut *store, input).await
}

/// Called when a guest has run for two ticks, and at every tick from then on.
fn overrun(mut store: StoreContextMut<'_, Guest>) -> Result<UpdateDeadline> {
    let guest = store.data_mut();
    // Only from the second interruption on: at the first, it may be the thread that was kept waiting and not the guest that
    // was slow, and a call that needs a few microseconds more should get them.
    if let Some(overrun) = &guest.overrun
        && Instant::now() >= guest.deadline
    {
        return Err(Error::new(if overrun.has_place() { Stop::Time } else { Stop::Starved }));
    }
    let place = guest.place.take();
    let overrun = guest.overrun.get_or_insert_with(|| Overrun::begin(&guest.gate, place));
    Ok(UpdateDeadline::YieldCustom(1, Box::pin(Arc::clone(overrun).pause(guest.deadline))))
}

/// Why a call ended without an answer.
fn fault(error: &Error, guest: &Guest) -> HookFault {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::Time => HookFault::TimedOut,
            Stop::Starved => HookFault::Busy,
            Stop::Forbidden(message) => HookFault::Trapped { message: (*message).to_owned() },
        };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::OutOfFuel => HookFault::OutOfFuel,
            Trap::Interrupt => HookFault::TimedOut,
            _ if guest.out_of_memory => HookFault::MemoryLimit,
            trap => HookFault::Trapped { message: trap.to_string() },
        };
    }
    // The limit on what a guest may have copied has no public type; a test holds its words.
    if error.chain().any(|cause| cause.to_string().contains("fuel allocated for hostcalls has been exhausted")) {
        return HookFault::OutputTooBig;
    }
    if guest.out_of_memory {
        return HookFault::MemoryLimit;
    }
    HookFault::BadOutput { message: error.root_cause().to_string() }
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

/// The hook point that a draft belongs to.
fn point(draft: &Draft<'_>) -> HookPoint {
    match draft {
        Draft::Token { .. } => HookPoint::AccessToken,
        Draft::Response { .. } => HookPoint::TokenResponse,
        Draft::Introspection { .. } => HookPoint::Introspection,
    }
}

impl Input<'_> {
    fn context_in(&self) -> ContextIn<'_> {
        let context = self.context;
        ContextIn {
            client_id: context.client_id,
            client_tags: context.client_tags,
            client_metadata: context.client_metadata,
            grant_type: context.grant_type,
            refresh: context.refresh,
            requested_scopes: context.requested_scopes,
            requested_resources: context.requested_resources,
            subject: context.subject,
            configuration: self.configuration,
            now: context.now_milliseconds / 1000,
        }
    }

    /// How much is handed over, roughly as the guest will hold it.
    fn bytes(&self) -> usize {
        let context = self.context;
        let pairs =
            |pairs: &[(Box<str>, Box<str>)]| -> usize { pairs.iter().map(|(name, value)| name.len() + value.len() + 2 * ITEM_COST).sum() };
        let draft = match self.draft {
            Draft::Token { claims, scopes, audience, .. } => abi::size(claims) + texts(scopes) + texts(audience),
            Draft::Response { members } => abi::size(members),
            Draft::Introspection { members, caller } => abi::size(members) + caller.len(),
        };
        context.client_id.len()
            + texts(context.client_tags)
            + context.client_metadata.len()
            + context.grant_type.len()
            + texts(context.requested_scopes)
            + texts(context.requested_resources)
            + context.subject.map_or(0, str::len)
            + self.configuration.len()
            + pairs(context.parameters)
            + pairs(context.headers)
            + draft
    }
}

fn texts(texts: &[Box<str>]) -> usize {
    texts.iter().map(|text| text.len() + ITEM_COST).sum()
}
