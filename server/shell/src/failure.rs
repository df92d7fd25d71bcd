//! What a walk can end with other than an answer, and how each looks from outside.

use std::time::Duration;

use claimsmith_hooks::HookFault;
use claimsmith_issuer::hook::Told;
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
    #[error("too much is waiting for {what}")]
    Busy {
        /// What for.
        what: &'static str,
        /// When to come again.
        retry_after: Duration,
    },
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
    /// It has no active version, is disabled, or could not be loaded on this node.
    #[error("it has no active version, is disabled, or could not be loaded on this node: see `claimsmith plugin show`")]
    NotLoaded,
}

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The client's doing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The client's doing, too: it was wrong too often of late, and nobody looked at what it sent.
    #[error("too many wrong attempts of late")]
    Throttled {
        /// When to come again.
        retry_after: Duration,
    },
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
            Self::Stale | Self::Busy { .. } => ErrorCode::TemporarilyUnavailable,
            Self::Hook { source: HookFailure::Sandbox(HookFault::Busy | HookFault::Broken { .. }), .. } => {
                ErrorCode::TemporarilyUnavailable
            }
            Self::Store(_) | Self::Vault(_) | Self::NoKey(_) | Self::Hook { .. } | Self::TokenTooBig { .. } | Self::SecretDesk(_) => {
                ErrorCode::ServerError
            }
        }
    }

    /// When a retry may help, where it may.
    fn retry_after(&self) -> Duration {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            Self::Hook { source: HookFailure::Sandbox(HookFault::Broken { rest }), .. } => *rest,
            _ => Duration::from_secs(1),
        }
    }
}

impl Failure {
    /// The code the client sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Throttled { .. } => ErrorCode::TooManyRequests,
            Self::Failed(fault) => fault.code(),
        }
    }

    /// The fault, where the refusal could not be anybody's but ours.
    pub fn into_fault(self) -> Fault {
        match self {
            Self::Failed(fault) => fault,
            Self::Refused(_) | Self::Throttled { .. } => Fault::Stale,
        }
    }

    /// The client's face of it: JSON, never stored, with `WWW-Authenticate` on every 401 whose credentials came in the
    /// header ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)), and `Retry-After` on 429 and 503.
    pub fn answer(&self, credentials_in_header: bool) -> Answer {
        let code = self.code();
        let description = match self {
            Self::Refused(refusal) => refusal.description.as_ref(),
            Self::Throttled { .. } => "too many wrong attempts of late",
            Self::Failed(_) if code == ErrorCode::TemporarilyUnavailable => "try again shortly",
            Self::Failed(_) => "the server could not complete the request",
        };
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let answer = Answer::json(status, render_error(code, description)).uncached();
        match code {
            ErrorCode::TemporarilyUnavailable | ErrorCode::TooManyRequests => answer.retry_after(self.retry_after()),
            ErrorCode::InvalidClient if credentials_in_header => {
                answer.with(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"claimsmith\", charset=\"UTF-8\""))
            }
            _ => answer,
        }
    }

    /// Whole seconds until a retry may help, rounded up; at least 1.
    fn retry_after(&self) -> u32 {
        let wait = match self {
            Self::Refused(_) => Duration::from_secs(1),
            Self::Throttled { retry_after } => *retry_after,
            Self::Failed(fault) => fault.retry_after(),
        };
        u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
    }

    /// The reason in logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.reason.as_str(),
            Self::Throttled { .. } => Reason::Throttled.as_str(),
            Self::Failed(Fault::Store(_)) => "store",
            Self::Failed(Fault::Vault(_)) => "vault",
            Self::Failed(Fault::NoKey(_)) => "no_key",
            Self::Failed(Fault::Hook { .. }) => "hook",
            Self::Failed(Fault::SecretDesk(_)) => "secret_desk",
            Self::Failed(Fault::Stale) => "stale",
            Self::Failed(Fault::Busy { .. }) => "busy",
            Self::Failed(Fault::TokenTooBig { .. }) => "token_too_big",
        }
    }

    /// Whether it is a failed client authentication, whose answer leaves at a steady time.
    pub fn is_invalid_client(&self) -> bool {
        self.code() == ErrorCode::InvalidClient
    }
}

/// A refusal by a plugin, with a legal code and its short public reason.
pub fn of_plugin(told: Told, code: &str, reason: String) -> Refusal {
    Refusal { code: told.code(code), description: reason.into(), reason: Reason::RefusedByPlugin }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(failure: &Failure) -> String {
        let answer = failure.answer(false);
        answer.headers.get(http::header::RETRY_AFTER).map_or("", |value| value.to_str().unwrap()).to_owned()
    }

    #[test]
    fn who_is_told_to_wait_is_told_how_long() {
        let throttled = Failure::Throttled { retry_after: Duration::from_secs(37) };
        assert_eq!((throttled.answer(false).status.as_u16(), seconds(&throttled).as_str()), (429, "37"));
        let busy = Failure::from(Fault::Busy { what: "the test", retry_after: Duration::from_millis(2_001) });
        assert_eq!((busy.answer(false).status.as_u16(), seconds(&busy).as_str()), (503, "3"));
        let source = HookFailure::Sandbox(HookFault::Broken { rest: Duration::from_millis(4_200) });
        let broken = Failure::from(Fault::Hook { plugin: "p".into(), binding: 1, hook: "access_token", source });
        assert_eq!((broken.answer(false).status.as_u16(), seconds(&broken).as_str()), (503, "5"));
        assert_eq!(seconds(&Fault::Stale.into()), "1");
        assert_eq!(seconds(&Fault::NoKey("ES256").into()), "", "a retry does not help there");
        assert_eq!(seconds(&Refusal::invalid_client(Reason::WrongSecret).into()), "");
    }
}
