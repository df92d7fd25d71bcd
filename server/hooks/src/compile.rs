//! Compiling, in a short-lived child process: a component that overwhelms the compiler takes down nothing but the child.
//!
//! The child is the server's own program, run with a hidden subcommand that calls [`compile_child_main`]. It gets the
//! component on standard input, an empty environment and no files, limits itself, and answers on standard output.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use wasmtime::Engine;

use crate::engine;
use crate::fault::{HostFault, LoadFault, UploadRefusal};
use crate::settings::Settings;

/// Stands before the code on the child's standard output.
const MAGIC: &[u8; 16] = b"claimsmith code\n";
/// Most native code that a child may write.
const CODE: u64 = 256 << 20;
/// Most of the child's standard error that is read.
const COMPLAINT: u64 = 4096;
/// The child's way to say that the component, not the compiler, is at fault.
const REFUSED: u8 = 65;

/// How to start the compiling child.
#[derive(Debug, Clone)]
pub struct Compiler {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Compiler {
    /// The program and the arguments that lead it to [`compile_child_main`].
    pub fn new(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { program: program.into(), arguments: arguments.into_iter().map(Into::into).collect() }
    }

    /// Compiles a component that passed [`crate::inspect`]. Blocks until the child ends.
    pub(crate) fn compile(&self, component: &[u8], settings: &Settings) -> Result<Vec<u8>, LoadFault> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| HostFault::Compiler(error.to_string()))?;
        let heard = converse(&mut child, Order::of(settings).message(component), Duration::from_secs(settings.compile_cpu * 4));
        if heard.is_none() {
            // A child that ended by itself cannot be killed; either way it is waited for.
            let _ = child.kill();
        }
        let status = child.wait().map_err(|error| HostFault::Compiler(error.to_string()))?;
        let Some((output, complaint)) = heard else {
            return Err(UploadRefusal::Compile("it takes too long".to_owned()).into());
        };
        match output.strip_prefix(MAGIC) {
            Some(code) if status.success() => Ok(code.to_vec()),
            _ => Err(verdict(status, &complaint)),
        }
    }
}

/// Feeds the child and reads both its streams; `None` when that took too long.
fn converse(child: &mut Child, message: Vec<u8>, patience: Duration) -> Option<(Vec<u8>, String)> {
    let (mut stdin, stdout, stderr) = (child.stdin.take()?, child.stdout.take()?, child.stderr.take()?);
    // A child that dies early closes its end; that shows in its status.
    thread::spawn(move || drop(stdin.write_all(&message)));
    let complaints = read_on_a_thread(stderr, COMPLAINT);
    let output = read_on_a_thread(stdout, CODE).recv_timeout(patience).ok()?;
    let complaint = complaints.recv_timeout(Duration::from_secs(1)).ok()?;
    Some((output, String::from_utf8_lossy(&complaint).trim().chars().filter(|character| !character.is_control()).collect()))
}

fn read_on_a_thread(stream: impl Read + Send + 'static, limit: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if stream.take(limit).read_to_end(&mut bytes).is_ok() {
            // Whoever waited may have given up.
            let _ = sender.send(bytes);
        }
    });
    receiver
}

/// What the end of a child without code means.
fn verdict(status: ExitStatus, complaint: &str) -> LoadFault {
    use std::os::unix::process::ExitStatusExt as _;
    let refused = |message: &str| LoadFault::Refused(UploadRefusal::Compile(message.to_owned()));
    match (status.code(), status.signal()) {
        (Some(code), _) if code == i32::from(REFUSED) => refused(complaint),
        // How Rust ends after a panic: the compiler met something it did not expect.
        (Some(101), _) => refused("the compiler gave up on it"),
        (_, Some(signal)) if signal == rustix::process::Signal::XCPU.as_raw() => refused("it takes too long"),
        (_, Some(signal)) if signal == rustix::process::Signal::KILL.as_raw() => refused("it takes too long or too much memory"),
        // Rust aborts when an allocation fails.
        (_, Some(signal)) if signal == rustix::process::Signal::ABORT.as_raw() => refused("it takes too much memory"),
        (_, Some(signal)) if signal == rustix::process::Signal::SEGV.as_raw() => refused("it overflows the compiler's stack"),
        _ => HostFault::Compiler(format!("{status}: {complaint}")).into(),
    }
}

/// What the child must know beside the component: limits for itself, and what goes into compiled code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    memory: u64,
    wasm_stack: u64,
    async_stack: u64,
    compile_memory: u64,
    compile_cpu: u64,
}

impl Order {
    const SIZE: usize = 5 * 8;

    fn of(settings: &Settings) -> Self {
        Self {
            memory: settings.memory as u64,
            wasm_stack: settings.wasm_stack as u64,
            async_stack: settings.async_stack as u64,
            compile_memory: settings.compile_memory,
            compile_cpu: settings.compile_cpu,
        }
    }

    fn message(self, component: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(Self::SIZE + component.len());
        for number in [self.memory, self.wasm_stack, self.async_stack, self.compile_memory, self.compile_cpu] {
            message.extend_from_slice(&number.to_le_bytes());
        }
        message.extend_from_slice(component);
        message
    }

    fn read(input: &mut impl Read) -> std::io::Result<Self> {
        let mut number = || {
            let mut bytes = [0; 8];
            input.read_exact(&mut bytes).map(|()| u64::from_le_bytes(bytes))
        };
        Ok(Self { memory: number()?, wasm_stack: number()?, async_stack: number()?, compile_memory: number()?, compile_cpu: number()? })
    }

    fn settings(self) -> Settings {
        // Invariant: the parent made these numbers from `usize`s of the same program.
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Settings {
            memory: size(self.memory),
            wasm_stack: size(self.wasm_stack),
            async_stack: size(self.async_stack),
            ..Settings::default()
        }
    }
}

/// The whole life of the compiling child. Reads from standard input, writes to standard output, and to nothing else.
pub fn compile_child_main() -> ExitCode {
    match compile_child() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended::Refused(message)) => {
            complain(&message);
            ExitCode::from(REFUSED)
        }
        Err(Ended::Failed(message)) => {
            complain(&message);
            ExitCode::FAILURE
        }
    }
}

enum Ended {
    Refused(String),
    Failed(String),
}

fn compile_child() -> Result<(), Ended> {
    let failed = |error: &dyn std::fmt::Display| Ended::Failed(error.to_string());
    let mut input = std::io::stdin().lock();
    let order = Order::read(&mut input).map_err(|error| failed(&error))?;
    // The limits stand before the first byte of the component is read.
    let before = address_space().map_err(|error| failed(&error))?;
    limit(order, before).map_err(|error| failed(&error))?;
    let mut component = Vec::new();
    input.read_to_end(&mut component).map_err(|error| failed(&error))?;
    let engine = Engine::new(&engine::compiling(&order.settings())).map_err(|error| failed(&error))?;
    let code = engine.precompile_component(&component).map_err(|error| Ended::Refused(format!("{error:#}")))?;
    let mut output = std::io::stdout().lock();
    output.write_all(MAGIC).and_then(|()| output.write_all(&code)).and_then(|()| output.flush()).map_err(|error| failed(&error))
}

/// CPU time, no core, no file, and memory beyond what the program itself occupies already: an allocator may have reserved
/// a good deal of address space before anything was compiled.
fn limit(order: Order, before: u64) -> rustix::io::Result<()> {
    let at_most = |soft: u64, hard: u64| Rlimit { current: Some(soft), maximum: Some(hard) };
    setrlimit(Resource::Core, at_most(0, 0))?;
    setrlimit(Resource::Fsize, at_most(0, 0))?;
    setrlimit(Resource::Cpu, at_most(order.compile_cpu, order.compile_cpu + 1))?;
    let memory = before.saturating_add(order.compile_memory);
    setrlimit(Resource::As, at_most(memory, memory))
}

/// Address space this process occupies, bytes.
fn address_space() -> std::io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    size.map(|kibibytes| kibibytes << 10).ok_or_else(|| std::io::Error::other("/proc/self/status does not tell VmSize"))
}

fn complain(message: &str) {
    // Nobody may be listening any more.
    let _ = writeln!(std::io::stderr(), "{message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_survives_the_way() {
        let order = Order::of(&Settings { memory: 1 << 20, compile_cpu: 7, ..Settings::default() });
        let message = order.message(b"rest");
        let mut input = message.as_slice();
        assert_eq!(Order::read(&mut input).unwrap(), order);
        assert_eq!(input, b"rest");
    }
}
