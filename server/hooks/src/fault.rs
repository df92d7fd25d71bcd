//! What can go wrong, by who is to blame.

use std::time::Duration;

/// A call did not come to an answer. The plugin is to blame, except for [`HookFault::Busy`] and [`HookFault::InputTooBig`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookFault {
    /// The guest trapped: a panic, an exit, a call it may not make, a stack that overflowed.
    #[error("the plugin trapped: {message}")]
    Trapped {
        /// What the sandbox says of it; never text the guest chose.
        message: String,
    },
    /// The call used up its fuel.
    #[error("the plugin used up its fuel")]
    OutOfFuel,
    /// The call took longer than its wall time.
    #[error("the plugin ran out of time")]
    TimedOut,
    /// The guest asked for more memory than it may have, and gave up.
    #[error("the plugin ran out of memory")]
    MemoryLimit,
    /// The answer, or what the guest handed to a host function, is too big.
    #[error("the plugin's output is too big")]
    OutputTooBig,
    /// What the plugin would have been handed is too big; it was not called.
    #[error("the input of the plugin is too big: {bytes} bytes of {limit}")]
    InputTooBig {
        /// Size of the input, bytes.
        bytes: usize,
        /// The limit, bytes.
        limit: usize,
    },
    /// The answer breaks the contract: text that is not UTF-8, a list outside memory, a value that is no JSON.
    #[error("the plugin's output is malformed: {message}")]
    BadOutput {
        /// What is wrong with it; never text the guest chose.
        message: String,
    },
    /// The call did not get its turn in time; the plugin was not called.
    #[error("too many calls of plugins are waiting")]
    Busy,
    /// The plugin failed too often of late and is given a rest; it was not called.
    #[error("the plugin failed too often and is not called for another {} ms", rest.as_millis())]
    Broken {
        /// How long until a call may probe.
        rest: Duration,
    },
    /// The plugin has no such hook; it was not called.
    #[error("the plugin does not export this hook")]
    NoSuchHook,
}

/// An uploaded component is not accepted. The author's doing; the text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadRefusal {
    /// More bytes than an upload may have.
    #[error("the upload has {bytes} bytes; at most {limit} are accepted: build with --release and strip debug information")]
    TooBig {
        /// Size of the upload.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// More bytes than a component may have, custom sections aside.
    #[error("the component has {bytes} bytes without its custom sections; at most {limit} are accepted: build with --release")]
    ComponentTooBig {
        /// Size of the component.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Compiled code for some processor.
    #[error("native code is never accepted; upload the component it was compiled from")]
    NativeCode,
    /// A core module.
    #[error("this is a core module; only components are accepted: build with --target wasm32-wasip2")]
    CoreModule,
    /// Something else altogether.
    #[error("this is not a WebAssembly component: build with --target wasm32-wasip2")]
    NotWebAssembly,
    /// It does not validate with the features that plugins may use.
    #[error("the component is not valid here: {0}")]
    Invalid(String),
    /// Too many of something that makes compilers slow.
    #[error("the component has too many {0}")]
    TooComplex(&'static str),
    /// It starts with more memory than a call may have.
    #[error("the component starts with {bytes} bytes of memory; a call may have {limit}")]
    InitialMemory {
        /// Memory it starts with.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// It imports something that is not there.
    #[error("the component imports {0}, which plugins cannot have; files, sockets, and other hosts' interfaces do not exist here")]
    UnknownImport(String),
    /// It imports an interface of ours that is planned.
    #[error("the component imports {0}, which is not yet available")]
    NotYetAvailable(String),
    /// It imports another version of an interface of ours.
    #[error("the component imports {0}, a version this server does not have")]
    OtherVersion(String),
    /// It exports no hook.
    #[error("the component exports no hook of claimsmith:plugin@0.1.0; annotate an impl block with #[claimsmith::plugin]")]
    NoHooks,
    /// Its manifest cannot be read.
    #[error("the manifest of the component cannot be read: {0}")]
    Manifest(String),
    /// The compiler gave up on it, or met its limits.
    #[error("the component cannot be compiled: {0}")]
    Compile(String),
    /// It exports or imports functions with other types than the contract has.
    #[error("the component does not fit claimsmith:plugin@0.1.0: {0}")]
    Contract(String),
}

/// The host itself failed.
#[derive(Debug, thiserror::Error)]
pub enum HostFault {
    /// The engine could not be set up with these settings.
    #[error("the plugin engine cannot be set up")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The compiling child could not be run, or broke off in a way that is not the component's doing.
    #[error("the plugin compiler cannot be run: {0}")]
    Compiler(String),
    /// The folder of compiled code cannot be read or written.
    #[error("the folder of compiled plugins cannot be used")]
    Cache(#[source] std::io::Error),
}

/// A component could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum LoadFault {
    /// The component's doing.
    #[error(transparent)]
    Refused(#[from] UploadRefusal),
    /// Ours.
    #[error(transparent)]
    Host(#[from] HostFault),
}

impl HostFault {
    pub(crate) fn engine(error: wasmtime::Error) -> Self {
        Self::Engine(error.into())
    }
}
