//! Migrations, embedded in the binary, applied and reverted under an advisory lock.
//!
//! A binary works on a database that has exactly its migrations, or on one that is ahead by migrations which older
//! binaries can live with: `schema_reader.minimum_version` names the newest migration that a reader must know. So one
//! version can run beside the next while nodes are replaced one by one.

use std::fmt;

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::{Pg, PgConnection};
use diesel::sql_types::Text;
use diesel::{Connection, OptionalExtension, QueryableByName, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::connection::with_defaults;
use crate::fault::Fault;
use crate::settings::Settings;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// The key of the advisory lock: the first eight bytes of `claimsmi`.
const LOCK: i64 = i64::from_be_bytes(*b"claimsmi");

/// How the database's migrations compare with the binary's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Versions that are applied and known.
    pub applied: Vec<String>,
    /// Versions that the binary has and the database lacks.
    pub pending: Vec<String>,
    /// Versions that the database has and the binary does not know.
    pub unknown: Vec<String>,
    /// The newest migration that a binary must know to work on this database.
    pub minimum_version: Option<String>,
}

/// The database and this binary do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct WrongMigration {
    /// Versions that the binary has and the database lacks.
    pub pending: Vec<String>,
    /// Versions that the database has and the binary does not know.
    pub unknown: Vec<String>,
}

impl fmt::Display for WrongMigration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the database is at another migration than this binary")?;
        if !self.pending.is_empty() {
            write!(out, "; it lacks {}: run `claimsmith migrate up`", self.pending.join(", "))?;
        }
        if !self.unknown.is_empty() {
            write!(
                out,
                "; it has {}, which this binary does not know: run the newer binary, or its `claimsmith migrate down` first",
                self.unknown.join(", ")
            )?;
        }
        Ok(())
    }
}

impl Status {
    /// Whether this binary may work on that database.
    pub fn check(&self) -> Result<(), WrongMigration> {
        let newest = known().into_iter().next_back();
        let readable = self.minimum_version <= newest;
        if self.pending.is_empty() && (self.unknown.is_empty() || readable) {
            return Ok(());
        }
        Err(WrongMigration { pending: self.pending.clone(), unknown: self.unknown.clone() })
    }
}

/// Applies every pending migration, each in a transaction; answers their versions.
pub fn up(url: &str) -> Result<Vec<String>, Fault> {
    locked(url, |conn| {
        let status = status_of(conn)?;
        if !status.unknown.is_empty() {
            status.check()?;
        }
        let done = conn.run_pending_migrations(MIGRATIONS).map_err(failed)?;
        Ok(done.iter().map(ToString::to_string).collect())
    })
}

/// Reverts the newest migration, and answers its version; `None` when none is applied.
pub fn down(url: &str) -> Result<Option<String>, Fault> {
    locked(url, |conn| {
        let status = status_of(conn)?;
        if !status.unknown.is_empty() {
            return Err(WrongMigration { pending: Vec::new(), unknown: status.unknown }.into());
        }
        if status.applied.is_empty() {
            return Ok(None);
        }
        conn.revert_last_migration(MIGRATIONS).map(|version| Some(version.to_string())).map_err(failed)
    })
}

/// Compares the database with the binary.
pub fn status(url: &str) -> Result<Status, Fault> {
    locked(url, status_of)
}

/// Errors unless this binary may work on the database of `conn`. Writes nothing.
pub(crate) fn check(conn: &mut PgConnection) -> Result<(), Fault> {
    Ok(status_of(conn)?.check()?)
}

fn locked<T>(url: &str, work: impl FnOnce(&mut PgConnection) -> Result<T, Fault>) -> Result<T, Fault> {
    let settings = Settings { application_name: "claimsmith-migrate".to_owned(), ..Settings::default() };
    let mut conn = PgConnection::establish(&with_defaults(url, &settings))?;
    // The lock is the session's: it goes with the connection, whatever happens.
    diesel::sql_query("SELECT pg_advisory_lock($1)").bind::<diesel::sql_types::BigInt, _>(LOCK).execute(&mut conn)?;
    work(&mut conn)
}

#[derive(QueryableByName)]
struct VersionRow {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Versions of the migrations in this binary, oldest first.
fn known() -> Vec<String> {
    let migrations: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().unwrap_or_default();
    let mut versions: Vec<String> = migrations.iter().map(|migration| migration.name().version().to_string()).collect();
    versions.sort();
    versions
}

fn status_of(conn: &mut PgConnection) -> Result<Status, Fault> {
    let table: Option<VersionRow> = diesel::sql_query("SELECT 'x' AS version WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL")
        .get_result(conn)
        .optional()?;
    let mut present = Vec::new();
    let mut minimum_version = None;
    if table.is_some() {
        let rows: Vec<VersionRow> =
            diesel::sql_query("SELECT version::text AS version FROM __diesel_schema_migrations ORDER BY 1").load(conn)?;
        present = rows.into_iter().map(|row| row.version).collect();
    }
    if !present.is_empty() {
        minimum_version = diesel::sql_query("SELECT minimum_version AS version FROM schema_reader")
            .get_result::<VersionRow>(conn)
            .optional()?
            .map(|row| row.version);
    }
    let known = known();
    let pending = known.iter().filter(|version| !present.contains(version)).cloned().collect();
    let (applied, unknown) = present.into_iter().partition(|version| known.contains(version));
    Ok(Status { applied, pending, unknown, minimum_version })
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Fault {
    Fault::Statement { reason: format!("migration: {error}") }
}

/// A name that changes with every migration, for templates of test databases.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn fingerprint() -> String {
    let texts = [texts_of_migrations(), known().join(",")].concat();
    claimsmith_jose::Digest::of(texts.as_bytes()).to_hex()[..16].to_owned()
}

#[cfg(any(test, feature = "testing"))]
fn texts_of_migrations() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    let mut texts: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("up.sql")).ok())
        .collect();
    texts.sort();
    texts.concat()
}
