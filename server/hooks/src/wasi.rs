//! The part of WASI 0.2 that std for wasm32-wasip2 drags in, and nothing behind it.
//!
//! Standard output and error are the plugin's log; the environment is empty; standard input is closed; both clocks stand
//! still at the time of the call; `exit` ends the call; nothing can be waited for. Files and sockets do not exist: a
//! component that imports them is refused at upload. Written by hand rather than taken from wasmtime-wasi, for every line
//! of that crate would be reachable by strangers, and this is all that may happen.

use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType};
use wasmtime::{Error, Result};

use crate::guest::{Guest, Stop};
use crate::imports::Store;
use crate::log::Stream;

/// The interfaces linked here, without versions.
pub(crate) const INTERFACES: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
];

/// The version linked; wasmtime matches it with every 0.2 a guest asks for.
const VERSION: &str = "0.2.6";

/// Bytes that a stream takes at a time.
const WRITE: u64 = 4096;

/// Host resources; none has state, the number says which one it is.
struct Failure;
struct Pollable;
struct Input;
struct Output;
struct Terminal;

/// A pollable that is always ready, or one that never is.
const READY: u32 = 0;
const NEVER: u32 = 1;

/// `wasi:io/streams.stream-error`.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    Failed(Resource<Failure>),
    #[component(name = "closed")]
    Closed,
}

/// `wasi:clocks/wall-clock.datetime`.
#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

pub(crate) fn link(linker: &mut Linker<Guest>) -> Result<()> {
    cli(linker)?;
    terminals(linker)?;
    clocks(linker)?;
    random(linker)?;
    resource::<Failure>(&mut interface(linker, "wasi:io/error")?, "error")?;
    interface(linker, "wasi:io/error")?.func_wrap(
        "[method]error.to-debug-string",
        |mut store: Store<'_>, (_,): (Resource<Failure>,)| {
            store.data_mut().enter()?;
            Ok((String::new(),))
        },
    )?;
    poll(&mut interface(linker, "wasi:io/poll")?)?;
    let mut streams = interface(linker, "wasi:io/streams")?;
    input(&mut streams)?;
    output(&mut streams)
}

fn interface<'a>(linker: &'a mut Linker<Guest>, name: &str) -> Result<LinkerInstance<'a, Guest>> {
    // Shadowing lets an interface be opened twice; functions are still defined once each.
    linker.instance(&format!("{name}@{VERSION}"))
}

fn resource<T: 'static>(instance: &mut LinkerInstance<'_, Guest>, name: &str) -> Result<()> {
    instance.resource(name, ResourceType::host::<T>(), |_, _| Ok(()))
}

fn cli(linker: &mut Linker<Guest>) -> Result<()> {
    let mut environment = interface(linker, "wasi:cli/environment")?;
    environment.func_wrap("get-environment", |mut store: Store<'_>, ()| {
        store.data_mut().enter()?;
        Ok((Vec::<(String, String)>::new(),))
    })?;
    environment.func_wrap("get-arguments", |mut store: Store<'_>, ()| {
        store.data_mut().enter()?;
        Ok((Vec::<String>::new(),))
    })?;
    environment.func_wrap("initial-cwd", |mut store: Store<'_>, ()| {
        store.data_mut().enter()?;
        Ok((None::<String>,))
    })?;
    interface(linker, "wasi:cli/exit")?.func_wrap("exit", |_: Store<'_>, (_,): (std::result::Result<(), ()>,)| -> Result<()> {
        Err(Error::new(Stop::Forbidden("the guest called exit")))
    })?;
    interface(linker, "wasi:cli/stdin")?.func_wrap("get-stdin", |mut store: Store<'_>, ()| {
        store.data_mut().enter()?;
        Ok((Resource::<Input>::new_own(0),))
    })?;
    for (name, function, stream) in [("wasi:cli/stdout", "get-stdout", Stream::Out), ("wasi:cli/stderr", "get-stderr", Stream::Err)] {
        interface(linker, name)?.func_wrap(function, move |mut store: Store<'_>, ()| {
            store.data_mut().enter()?;
            Ok((Resource::<Output>::new_own(stream as u32),))
        })?;
    }
    Ok(())
}

/// There is no terminal.
fn terminals(linker: &mut Linker<Guest>) -> Result<()> {
    resource::<Terminal>(&mut interface(linker, "wasi:cli/terminal-input")?, "terminal-input")?;
    resource::<Terminal>(&mut interface(linker, "wasi:cli/terminal-output")?, "terminal-output")?;
    for stream in ["stdin", "stdout", "stderr"] {
        interface(linker, &format!("wasi:cli/terminal-{stream}"))?.func_wrap(
            &format!("get-terminal-{stream}"),
            |mut store: Store<'_>, ()| {
                store.data_mut().enter()?;
                Ok((None::<Resource<Terminal>>,))
            },
        )?;
    }
    Ok(())
}

/// Clocks that stand still: the same input gives the same answer, and there is nothing to measure the host with.
fn clocks(linker: &mut Linker<Guest>) -> Result<()> {
    let mut monotonic = interface(linker, "wasi:clocks/monotonic-clock")?;
    for (function, nanoseconds) in [("now", 0_u64), ("resolution", 1_000_000)] {
        monotonic.func_wrap(function, move |mut store: Store<'_>, ()| {
            store.data_mut().enter()?;
            Ok((nanoseconds,))
        })?;
    }
    for function in ["subscribe-instant", "subscribe-duration"] {
        monotonic.func_wrap(function, |mut store: Store<'_>, (nanoseconds,): (u64,)| {
            store.data_mut().enter()?;
            Ok((Resource::<Pollable>::new_own(if nanoseconds == 0 { READY } else { NEVER }),))
        })?;
    }
    let mut wall = interface(linker, "wasi:clocks/wall-clock")?;
    wall.func_wrap("now", |mut store: Store<'_>, ()| {
        store.data_mut().enter()?;
        let now = store.data().now_milliseconds;
        // Invariant: less than 1000 milliseconds fit a u32 of nanoseconds.
        Ok((Datetime { seconds: now / 1000, nanoseconds: (now % 1000) as u32 * 1_000_000 },))
    })?;
    wall.func_wrap("resolution", |mut store: Store<'_>, ()| {
        store.data_mut().enter()?;
        Ok((Datetime { seconds: 0, nanoseconds: 1_000_000 },))
    })
}

fn random(linker: &mut Linker<Guest>) -> Result<()> {
    for (name, bytes, number) in [
        ("wasi:random/random", "get-random-bytes", "get-random-u64"),
        ("wasi:random/insecure", "get-insecure-random-bytes", "get-insecure-random-u64"),
    ] {
        let mut instance = interface(linker, name)?;
        instance.func_wrap(bytes, |mut store: Store<'_>, (length,): (u64,)| {
            store.data_mut().enter()?;
            Ok((store.data_mut().random(length)?,))
        })?;
        instance.func_wrap(number, |mut store: Store<'_>, ()| {
            store.data_mut().enter()?;
            Ok((store.data_mut().random_u64()?,))
        })?;
    }
    // Seeds hash maps. The same in every call: the order of a map may end up in an answer, and answers must be repeatable;
    // whoever floods a map only burns the fuel of that one call.
    interface(linker, "wasi:random/insecure-seed")?.func_wrap("insecure-seed", |mut store: Store<'_>, ()| {
        store.data_mut().enter()?;
        Ok(((0x243f_6a88_85a3_08d3_u64, 0x1319_8a2e_0370_7344_u64),))
    })
}

fn poll(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    resource::<Pollable>(instance, "pollable")?;
    instance.func_wrap("[method]pollable.ready", |mut store: Store<'_>, (pollable,): (Resource<Pollable>,)| {
        store.data_mut().enter()?;
        Ok((pollable.rep() == READY,))
    })?;
    instance.func_wrap("[method]pollable.block", |mut store: Store<'_>, (pollable,): (Resource<Pollable>,)| {
        store.data_mut().enter()?;
        if pollable.rep() == READY { Ok(()) } else { Err(waiting()) }
    })?;
    instance.func_wrap("poll", |mut store: Store<'_>, (pollables,): (Vec<Resource<Pollable>>,)| {
        store.data_mut().enter()?;
        let ready: Vec<u32> = (0..).zip(&pollables).filter(|(_, one)| one.rep() == READY).map(|(index, _)| index).collect();
        if ready.is_empty() { Err(waiting()) } else { Ok((ready,)) }
    })
}

fn waiting() -> Error {
    Error::new(Stop::Forbidden("a hook cannot wait"))
}

fn input(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    resource::<Input>(instance, "input-stream")?;
    for function in ["read", "blocking-read"] {
        instance.func_wrap(&format!("[method]input-stream.{function}"), |mut store: Store<'_>, (_, _): (Resource<Input>, u64)| {
            store.data_mut().enter()?;
            Ok((Err::<Vec<u8>, _>(StreamError::Closed),))
        })?;
    }
    for function in ["skip", "blocking-skip"] {
        instance.func_wrap(&format!("[method]input-stream.{function}"), |mut store: Store<'_>, (_, _): (Resource<Input>, u64)| {
            store.data_mut().enter()?;
            Ok((Err::<u64, _>(StreamError::Closed),))
        })?;
    }
    instance.func_wrap("[method]input-stream.subscribe", |mut store: Store<'_>, (_,): (Resource<Input>,)| {
        store.data_mut().enter()?;
        Ok((Resource::<Pollable>::new_own(READY),))
    })
}

type Written = std::result::Result<(), StreamError>;

fn output(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    resource::<Output>(instance, "output-stream")?;
    instance.func_wrap("[method]output-stream.check-write", |mut store: Store<'_>, (_,): (Resource<Output>,)| {
        store.data_mut().enter()?;
        Ok((Ok::<u64, StreamError>(WRITE),))
    })?;
    for function in ["write", "blocking-write-and-flush"] {
        instance.func_wrap(
            &format!("[method]output-stream.{function}"),
            |mut store: Store<'_>, (stream, bytes): (Resource<Output>, Vec<u8>)| {
                store.data_mut().enter()?;
                let stream = if stream.rep() == Stream::Err as u32 { Stream::Err } else { Stream::Out };
                store.data_mut().log.stream(stream, &bytes);
                Ok((Written::Ok(()),))
            },
        )?;
    }
    for function in ["flush", "blocking-flush"] {
        instance.func_wrap(&format!("[method]output-stream.{function}"), |mut store: Store<'_>, (_,): (Resource<Output>,)| {
            store.data_mut().enter()?;
            Ok((Written::Ok(()),))
        })?;
    }
    instance.func_wrap("[method]output-stream.subscribe", |mut store: Store<'_>, (_,): (Resource<Output>,)| {
        store.data_mut().enter()?;
        Ok((Resource::<Pollable>::new_own(READY),))
    })?;
    for function in ["write-zeroes", "blocking-write-zeroes-and-flush"] {
        instance.func_wrap(&format!("[method]output-stream.{function}"), |mut store: Store<'_>, (_, _): (Resource<Output>, u64)| {
            store.data_mut().enter()?;
            Ok((Written::Err(StreamError::Closed),))
        })?;
    }
    for function in ["splice", "blocking-splice"] {
        instance.func_wrap(
            &format!("[method]output-stream.{function}"),
            |mut store: Store<'_>, (_, _, _): (Resource<Output>, Resource<Input>, u64)| {
                store.data_mut().enter()?;
                Ok((Err::<u64, _>(StreamError::Closed),))
            },
        )?;
    }
    Ok(())
}
