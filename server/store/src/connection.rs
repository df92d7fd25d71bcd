//! One connection: opened with our session settings, known to be broken when it is, and r2d2's way to make more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::{Connection, RunQueryDsl};

use crate::fault::Fault;
use crate::settings::Settings;

/// What every function that speaks SQL is given: a connection, inside a transaction where that matters.
pub(crate) type Tx = PgConnection;

/// How connections are opened.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    url: String,
    session: String,
    /// Why the pool's last attempt to connect failed; `None` once one has succeeded.
    trouble: Arc<Mutex<Option<String>>>,
}

/// A connection with what the pool must know about it.
pub(crate) struct Link {
    pub(crate) conn: PgConnection,
    /// When it last answered.
    proven_at: Instant,
    broken: bool,
}

impl Connector {
    /// A connector to `url`, a PostgreSQL connection URI or a `key=value` string.
    pub(crate) fn new(url: &str, settings: &Settings) -> Self {
        let milliseconds = |duration: Duration| duration.as_millis().max(1);
        Self {
            url: with_defaults(url, settings),
            // Not as `options` in the start-up packet: some poolers refuse that.
            session: format!(
                "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}; SET TIME ZONE 'UTC'",
                milliseconds(settings.statement_timeout),
                milliseconds(settings.lock_timeout),
                milliseconds(2 * settings.statement_timeout),
            ),
            trouble: Arc::default(),
        }
    }

    /// Why the pool cannot connect at present.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens a connection.
    pub(crate) fn open(&self) -> Result<PgConnection, Fault> {
        let mut conn = PgConnection::establish(&self.url)?;
        conn.batch_execute(&self.session)?;
        Ok(conn)
    }
}

/// Adds what a URL does not say itself. TLS is libpq's own `sslmode`, `sslrootcert`, `sslcert`, `sslkey`.
pub(crate) fn with_defaults(url: &str, settings: &Settings) -> String {
    let name: String = settings.application_name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    let parameters = [
        ("connect_timeout", settings.connect_timeout.as_secs().max(2).to_string()),
        ("application_name", name),
        // A peer that vanished without a word is noticed after this many milliseconds instead of a quarter of an hour.
        ("tcp_user_timeout", "15000".to_owned()),
        ("keepalives_idle", "30".to_owned()),
    ];
    let is_uri = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let mut text = url.to_owned();
    for (key, value) in parameters {
        if text.contains(&format!("{key}=")) {
            continue;
        }
        match (is_uri, text.contains('?')) {
            (true, true) => text.push('&'),
            (true, false) => text.push('?'),
            (false, _) => text.push(' '),
        }
        text.push_str(key);
        text.push('=');
        text.push_str(&value);
    }
    text
}

impl Link {
    /// Asks the server for a sign of life, unless it gave one after `suspected_at`.
    pub(crate) fn prove(&mut self, suspected_at: Option<Instant>) -> bool {
        match suspected_at {
            Some(suspected_at) if self.proven_at <= suspected_at => self.ping(),
            _ => !self.broken,
        }
    }

    fn ping(&mut self) -> bool {
        self.broken |= diesel::sql_query("SELECT 1").execute(&mut self.conn).is_err();
        self.proven_at = Instant::now();
        !self.broken
    }

    /// Learns from what a piece of work came to; turns an unclear failure on a dead connection into `Unavailable`.
    pub(crate) fn learn<T>(&mut self, result: Result<T, Fault>) -> Result<T, Fault> {
        let Err(fault) = result else { return result };
        if fault.ends_connection() {
            self.broken = true;
            return Err(fault);
        }
        match fault {
            Fault::Statement { reason } if !self.ping() => Err(Fault::Unavailable { reason }),
            fault => Err(fault),
        }
    }
}

impl r2d2::ManageConnection for Connector {
    type Connection = Link;
    type Error = Fault;

    fn connect(&self) -> Result<Link, Fault> {
        let opened = self.open();
        let trouble = opened.as_ref().err().map(|fault| match fault {
            Fault::Unavailable { reason } => reason.clone(),
            other => other.to_string(),
        });
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        Ok(Link { conn: opened?, proven_at: Instant::now(), broken: false })
    }

    fn is_valid(&self, link: &mut Link) -> Result<(), Fault> {
        if link.ping() { Ok(()) } else { Err(Fault::Unavailable { reason: "a pooled connection is dead".to_owned() }) }
    }

    fn has_broken(&self, link: &mut Link) -> bool {
        // An open transaction here means that work panicked inside it.
        link.broken || <PgConnection as Connection>::TransactionManager::is_broken_transaction_manager(&mut link.conn)
    }
}

/// r2d2's complaints belong in our log, not in that of the `log` crate.
#[derive(Debug)]
pub(crate) struct LogFaults;

impl r2d2::HandleError<Fault> for LogFaults {
    fn handle_error(&self, fault: Fault) {
        tracing::warn!(%fault, "cannot open a database connection");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_what_it_says_and_gets_the_rest() {
        let settings = Settings::default();
        let text = with_defaults("postgresql://db.example/claimsmith?sslmode=verify-full&connect_timeout=9", &settings);
        assert!(
            text.starts_with("postgresql://db.example/claimsmith?sslmode=verify-full&connect_timeout=9&application_name=claimsmith&"),
            "{text}"
        );
        assert!(with_defaults("postgres:///x", &settings).starts_with("postgres:///x?connect_timeout=3&"));
        assert!(with_defaults("host=/run dbname=x", &settings).starts_with("host=/run dbname=x connect_timeout=3 "));
    }
}
