//! One run of one guest: a new store, a new instance, one answer.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use claimsmith_issuer::hook::PluginAnswer;
use wasmtime::component::{ComponentNamedList, Instance, Lower};
use wasmtime::{Engine, Error, Result, Store, StoreContextMut, Trap, UpdateDeadline};

use crate::abi::draft::with_record;
use crate::abi::{AnswerOut, EditOut};
use crate::fault::HookFault;
use crate::gate::Overrun;
use crate::guest::{Guest, Lookup, Stop, Turn};
use crate::input::Input;
use crate::lift;
use crate::log::LogLine;
use crate::plugin::{Hook, Plugin};
use crate::settings::Limits;
use crate::slow_lane::thread_time;

/// Ticks until a guest is first interrupted: two, so that an honest call never is.
const FIRST_TICKS: u64 = 2;

/// How often its wall time a guest of the slow lane may have again when it got less than half of that on a processor.
pub(crate) const PATIENCE: u32 = 4;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) answer: Result<PluginAnswer, HookFault>,
    pub(crate) fuel: u64,
    pub(crate) log: Vec<LogLine>,
}

impl Outcome {
    /// The guest was not run.
    pub(crate) const fn not_run(fault: HookFault) -> Self {
        Self { answer: Err(fault), fuel: 0, log: Vec::new() }
    }
}

/// What a run needs beside its input.
pub(crate) struct Run<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) plugin: &'a Plugin,
    pub(crate) hook: &'a Hook,
    pub(crate) limits: &'a Limits,
    pub(crate) turn: Turn,
}

impl Run<'_> {
    /// Runs the guest. Nothing of it outlives the run; dropping the future ends it.
    pub(crate) async fn on(self, input: &Input<'_>) -> Outcome {
        let Run { engine, plugin, hook, limits, turn } = self;
        let mut guest = Guest::new(input.context.now_milliseconds, limits, turn);
        if plugin.reads_request {
            guest.parameters = Lookup::of(input.context.parameters);
            guest.headers = Lookup::of(input.context.headers);
        }
        if plugin.reads_background {
            guest.background = input.context.background.cloned();
        }
        let mut store = Store::new(engine, guest);
        let outcome = shape(&mut store, plugin, hook, input, limits).await;
        let fuel = limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0));
        let guest = store.into_data();
        let answer = match outcome {
            Ok(answer) => lift::answer(answer, limits),
            Err(error) => Err(fault(&error, &guest)),
        };
        Outcome { answer, fuel, log: guest.log.finish() }
    }
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
    with_record!(input.point(), Record => invoke(store, &instance, hook, (context, Record::from(input.draft))).await)
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
    let late = Instant::now() >= guest.deadline;
    let pause: Pause = match &mut guest.turn {
        // It may have been kept from running, for others come first: then it gets more time, and is not to blame in the end.
        Turn::Aside { began } if late => {
            if thread_time().saturating_sub(*began) >= guest.wall / 2 {
                return Err(Error::new(Stop::Time));
            }
            if Instant::now() >= guest.deadline + PATIENCE * guest.wall {
                return Err(Error::new(Stop::Starved));
            }
            Box::pin(tokio::task::yield_now())
        }
        Turn::Aside { .. } => Box::pin(tokio::task::yield_now()),
        // Only from the second interruption on: at the first, it may be the thread that was kept waiting and not the guest
        // that was slow, and a call that needs a few microseconds more should get them.
        Turn::Here { overrun: Some(overrun), .. } if late => {
            return Err(Error::new(if overrun.has_place() { Stop::Time } else { Stop::Starved }));
        }
        Turn::Here { gate, place, overrun } => {
            let overrun = overrun.get_or_insert_with(|| Overrun::begin(gate, place.take()));
            Box::pin(Arc::clone(overrun).pause(guest.deadline))
        }
    };
    Ok(UpdateDeadline::YieldCustom(1, pause))
}

/// What a guest that overruns waits for before it goes on.
type Pause = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

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
