//! What a walk can end with other than an answer, and how each looks from outside.

use claimsmith_hooks::HookFault;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal, render_error};
use claimsmith_store::Fault as StoreFault;
use claimsmith_vault::VaultFault;
use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};

use crate::http::Answer;

/// Ours, never the client's.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database.
    #[error("the database failed")]
    Store(#[from] StoreFault),
    /// Keys and signatures.
    #[error("signing failed")]
    Vault(#[from] VaultFault),
    /// There is no active key for the algorithm.
    #[error("there is no active {0} key")]
    NoKey(&'static str),
    /// A plugin failed, and its binding says that nothing is issued then.
    #[error("the plugin `{plugin}` of binding {binding} failed at {hook}")]
    Hook {
        /// The plugin's name.
        plugin: Box<str>,
        /// The binding.
        binding: i64,
        /// The hook point.
        hook: &'static str,
        /// What it did.
        #[source]
        source: HookFailure,
    },
    /// The node has not heard from the database for longer than `store.max_stale`.
    #[error("the database has been away for longer than store.max_stale")]
    Stale,
    /// An imported secret could not be checked.
    #[error("an imported secret could not be checked")]
    SecretDesk(#[source] crate::secret_desk::SecretDeskFault),
    /// A queue is full.
    #[error("too much is waiting for {0}")]
    Busy(&'static str),
    /// The token would be longer than `tokens.max_bytes`.
    #[error("the access token would have {bytes} bytes; tokens.max_bytes is {limit}")]
    TokenTooBig {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

/// How a plugin failed.
#[derive(Debug, thiserror::Error)]
pub enum HookFailure {
    /// In the sandbox.
    #[error(transparent)]
    Sandbox(#[from] HookFault),
    /// Its edits are not permitted.
    #[error("its edits are refused: {0}")]
    Edits(#[from] claimsmith_issuer::claims::EditRefused),
    /// It is not loaded on this node.
    #[error("it is not loaded on this node")]
    NotLoaded,
}

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The client's doing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ours.
    #[error(transparent)]
    Failed(#[from] Fault),
}

impl From<StoreFault> for Failure {
    fn from(fault: StoreFault) -> Self {
        Self::Failed(fault.into())
    }
}

impl Fault {
    /// `temporarily_unavailable` where a retry may help by itself, else `server_error`.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Store(fault) if fault.is_temporary() => ErrorCode::TemporarilyUnavailable,
            Self::Stale | Self::Busy(_) => ErrorCode::TemporarilyUnavailable,
            Self::Hook { source: HookFailure::Sandbox(HookFault::Busy | HookFault::Broken { .. }), .. } => {
                ErrorCode::TemporarilyUnavailable
            }
            Self::Store(_) | Self::Vault(_) | Self::NoKey(_) | Self::Hook { .. } | Self::TokenTooBig { .. } | Self::SecretDesk(_) => {
                ErrorCode::ServerError
            }
        }
    }
}

impl Failure {
    /// The code the client sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Failed(fault) => fault.code(),
        }
    }

    /// The client's face of it: JSON, never stored, with `WWW-Authenticate` on every 401 whose credentials came in the
    /// header ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)), and `Retry-After` on 503.
    pub fn answer(&self, credentials_in_header: bool) -> Answer {
        let code = self.code();
        let description = match self {
            Self::Refused(refusal) => refusal.description.as_ref(),
            Self::Failed(_) if code == ErrorCode::TemporarilyUnavailable => "try again shortly",
            Self::Failed(_) => "the server could not complete the request",
        };
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let answer = Answer::json(status, render_error(code, description)).uncached();
        match code {
            ErrorCode::TemporarilyUnavailable => answer.retry_after(1),
            ErrorCode::InvalidClient if credentials_in_header => {
                answer.with(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"claimsmith\", charset=\"UTF-8\""))
            }
            _ => answer,
        }
    }

    /// The reason in logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.reason.as_str(),
            Self::Failed(Fault::Store(_)) => "store",
            Self::Failed(Fault::Vault(_)) => "vault",
            Self::Failed(Fault::NoKey(_)) => "no_key",
            Self::Failed(Fault::Hook { .. }) => "hook",
            Self::Failed(Fault::SecretDesk(_)) => "secret_desk",
            Self::Failed(Fault::Stale) => "stale",
            Self::Failed(Fault::Busy(_)) => "busy",
            Self::Failed(Fault::TokenTooBig { .. }) => "token_too_big",
        }
    }

    /// Whether it is a failed client authentication, whose answer leaves at a steady time.
    pub fn is_invalid_client(&self) -> bool {
        self.code() == ErrorCode::InvalidClient
    }
}

/// A refusal by a plugin, with a legal code and its short public reason.
pub fn of_plugin(code: &str, reason: String) -> Refusal {
    Refusal { code: ErrorCode::of_plugin(code), description: reason.into(), reason: Reason::RefusedByPlugin }
}
