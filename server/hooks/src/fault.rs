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

/// The host itself failed.
#[derive(Debug, thiserror::Error)]
pub enum HostFault {
    /// The engine could not be set up with these settings.
    #[error("the plugin engine cannot be set up")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A component that passed inspection could not be linked.
    #[error("the plugin cannot be linked")]
    Link(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HostFault {
    pub(crate) fn engine(error: wasmtime::Error) -> Self {
        Self::Engine(error.into())
    }

    pub(crate) fn link(error: wasmtime::Error) -> Self {
        Self::Link(error.into())
    }
}
