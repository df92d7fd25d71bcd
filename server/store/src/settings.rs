//! How many connections, how long things may take: checked against each other before anything is opened.

use std::time::Duration;

use crate::fault::Fault;

/// Settings of the store. `Default` is what the configuration reference documents.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Pooled connections, and therefore reads and admin writes at one time. The writer has two more of its own.
    pub pool_size: u32,
    /// How long a request waits for its turn at a connection before it is answered 503.
    pub permit_timeout: Duration,
    /// How long opening a connection may take. libpq counts whole seconds, at least two.
    pub connect_timeout: Duration,
    /// PostgreSQL's `statement_timeout`.
    pub statement_timeout: Duration,
    /// PostgreSQL's `lock_timeout`; at most the statement timeout.
    pub lock_timeout: Duration,
    /// Settles that may wait for the writer before further ones are answered 503.
    pub settle_queue: usize,
    /// Issuance records that may wait for the writer before requests wait for room.
    pub audit_queue: usize,
    /// Whether issuance records are awaited.
    pub audit_mode: AuditMode,
    /// How long issuance records are kept; for ever when absent.
    pub audit_retention: Option<Duration>,
    /// PostgreSQL's `application_name`.
    pub application_name: String,
}

/// Whether a token waits for its issuance record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditMode {
    /// No: records travel in groups; SIGKILL may lose the last 100 ms of them.
    Grouped,
    /// Yes (`audit.tokens = "sync"`): no token leaves before its record is committed.
    Sync,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pool_size: 8,
            permit_timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(3),
            settle_queue: 4096,
            audit_queue: 16_384,
            audit_mode: AuditMode::Grouped,
            audit_retention: Some(Duration::from_secs(90 * 24 * 3600)),
            application_name: "claimsmith".to_owned(),
        }
    }
}

/// Connections beside the pool: one per lane of the writer.
pub(crate) const WRITER_CONNECTIONS: u32 = 2;

impl Settings {
    /// Says everything that is wrong with these settings, at once.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let mut wrong = Vec::new();
        if !(1..=256).contains(&self.pool_size) {
            wrong.push(format!("pool size {} is not between 1 and 256", self.pool_size));
        }
        if self.statement_timeout.is_zero() || self.lock_timeout.is_zero() {
            wrong.push("statement and lock timeout must not be zero, which PostgreSQL takes for `never`".to_owned());
        }
        if self.lock_timeout > self.statement_timeout {
            wrong.push("the lock timeout is longer than the statement timeout, which would always come first".to_owned());
        }
        if self.permit_timeout > 4 * self.statement_timeout {
            wrong.push("requests would wait for a connection longer than four statements may take".to_owned());
        }
        if self.connect_timeout < Duration::from_secs(2) {
            wrong.push("libpq takes a connect timeout under 2 s for 2 s".to_owned());
        }
        if self.settle_queue == 0 || self.audit_queue == 0 {
            wrong.push("a queue has at least one place".to_owned());
        }
        if wrong.is_empty() { Ok(()) } else { Err(Fault::Settings(wrong.join("; "))) }
    }

    /// Blocking threads: one per permit, so that a permit never waits for a thread.
    pub(crate) const fn blocking_threads(&self) -> usize {
        self.pool_size as usize
    }

    /// How long a caller waits for work that was begun. PostgreSQL ends a slow statement by itself; this is for one that is
    /// not heard of any more.
    pub(crate) fn patience(&self) -> Duration {
        2 * self.statement_timeout
    }

    /// Checks that the server has room for this node's connections.
    pub(crate) fn check_against_server(&self, max_connections: u32) -> Result<(), Fault> {
        let wanted = self.pool_size + WRITER_CONNECTIONS;
        if wanted <= max_connections {
            return Ok(());
        }
        Err(Fault::Settings(format!("this node wants {wanted} connections, and the server has {max_connections} for everyone")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let settings = Settings { pool_size: 0, lock_timeout: Duration::from_secs(60), settle_queue: 0, ..Settings::default() };
        let Err(Fault::Settings(text)) = settings.check() else { panic!("these cannot work") };
        for part in ["pool size 0", "lock timeout", "queue"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(Settings::default().check_against_server(9).is_err());
        assert!(Settings::default().check_against_server(10).is_ok());
    }
}
