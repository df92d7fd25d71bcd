//! The store as the other rooms see it. What it can do is in one file per table.

use std::time::Duration;

use diesel::RunQueryDsl;
use diesel::sql_types::Text;

use crate::boundary::{Boundary, PoolState};
use crate::connection::Connector;
use crate::fault::Fault;
use crate::migrate;
use crate::settings::Settings;
use crate::writer::{Writer, WriterCounts};

/// State in PostgreSQL.
pub struct Store {
    pub(crate) boundary: Boundary,
    pub(crate) writer: Writer,
    pub(crate) audit_retention: Option<Duration>,
}

#[derive(diesel::QueryableByName)]
struct SettingRow {
    #[diesel(sql_type = Text)]
    setting: String,
}

impl Store {
    /// Opens the store on a database that has its migrations. Blocks.
    pub fn open(url: &str, settings: &Settings) -> Result<Self, Fault> {
        settings.check()?;
        let connector = Connector::new(url, settings);
        let mut conn = connector.open()?;
        migrate::check(&mut conn)?;
        let limit: SettingRow = diesel::sql_query("SELECT current_setting('max_connections') AS setting").get_result(&mut conn)?;
        settings.check_against_server(limit.setting.parse().unwrap_or(u32::MAX))?;
        drop(conn);
        let boundary = Boundary::new(connector.clone(), settings)?;
        Ok(Self { boundary, writer: Writer::start(connector, settings)?, audit_retention: settings.audit_retention })
    }

    /// Errors while the database does not answer.
    pub async fn ping(&self) -> Result<(), Fault> {
        self.boundary.read(|tx| Ok(diesel::sql_query("SELECT 1").execute(tx).map(drop)?)).await
    }

    /// The pool now.
    pub fn pool(&self) -> PoolState {
        self.boundary.state()
    }

    /// What the writer has done so far.
    pub fn writer_counts(&self) -> WriterCounts {
        self.writer.counts()
    }

    /// Writes what is queued and closes the store. Blocks until it is written, at most some seconds.
    pub fn close(self) {
        self.writer.finish();
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Store").field("pool", &self.pool()).finish_non_exhaustive()
    }
}
