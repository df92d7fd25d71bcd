//! A private PostgreSQL: found on the machine, made on first start, on a Unix socket only, stopped with its owner.
//!
//! What bites, and what is done about it:
//! - PostgreSQL refuses to run as root: started as root it runs under an account of its own ([`place`]);
//! - that account may be unable to reach the data directory (a 0700 home): then the cluster lives under the state directory;
//! - a socket path has at most 107 bytes: a long one is replaced by a short private directory;
//! - Ctrl-C goes to the whole foreground process group: the cluster has its own, so it outlives the drain;
//! - SIGKILL leaves an orphan: a watchdog holds the read end of a pipe and stops the postmaster when the pipe closes, which
//!   no thread of ours has to live for; what is left even so is stopped at the next start;
//! - a data directory of another major version is a named error.

mod place;
mod postmaster;
mod programs;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::{Connection, RunQueryDsl};

pub(crate) use place::Place;
#[cfg(any(test, feature = "testing"))]
pub(crate) use postmaster::clear_leftovers;
pub(crate) use postmaster::{Postmaster, Tuning};
pub(crate) use programs::Programs;

/// The role and the database of the private cluster.
pub(crate) const NAME: &str = "claimsmith";

/// Where and how the private cluster runs.
#[derive(Debug, Clone)]
pub struct EmbeddedSettings {
    /// Where its files should be. Made if absent.
    pub directory: PathBuf,
    /// Where they go instead when the account that PostgreSQL runs under cannot reach `directory`.
    pub state_directory: PathBuf,
    /// How many connections it allows.
    pub max_connections: u32,
    /// Whether a new cluster is flushed to disk before it is used: seconds on the first start, worth it in production.
    pub sync_at_birth: bool,
}

impl EmbeddedSettings {
    /// A cluster in `directory`, with everything else as `dev` wants it.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), state_directory: "/var/lib/claimsmith".into(), max_connections: 60, sync_at_birth: false }
    }
}

/// Why there is no private PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedFault {
    /// `initdb` and `postgres` are nowhere.
    #[error(
        "PostgreSQL is not installed: `initdb` and `postgres` are neither on PATH nor under /usr/lib/postgresql; on Debian and Ubuntu, `apt-get install postgresql`"
    )]
    NotInstalled,
    /// The data directory was made by another major version than any installed.
    #[error("the data directory {} was made by PostgreSQL {made_by}, and installed is {}; install that version, or move the directory away", directory.display(), installed.join(", "))]
    OtherMajor {
        /// The data directory.
        directory: PathBuf,
        /// The major version that made it.
        made_by: String,
        /// The major versions that are installed.
        installed: Vec<String>,
    },
    /// Running as root, and there is no account for PostgreSQL.
    #[error(
        "PostgreSQL does not run as root, and there is neither an account `claimsmith` nor `postgres`: make one with `useradd --system claimsmith`"
    )]
    NoAccount,
    /// Somebody else runs a cluster there.
    #[error("another claimsmith is using {}", .0.display())]
    InUse(PathBuf),
    /// A directory we need belongs to somebody else.
    #[error("{} belongs to somebody else (uid {uid})", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        uid: u32,
    },
    /// A program did not do its work.
    #[error("{program} failed: {output}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What it said, or the last lines of its log.
        output: String,
    },
    /// The cluster runs but does not answer.
    #[error("the private PostgreSQL does not answer after {0:?}")]
    Silent(Duration),
    /// The file system said no.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
}

/// Names the path in an I/O error.
pub(crate) fn at(path: &Path) -> impl Fn(std::io::Error) -> EmbeddedFault + '_ {
    move |reason| EmbeddedFault::File { path: path.to_owned(), reason }
}

/// A running private cluster. Dropping it shuts it down cleanly.
#[derive(Debug)]
pub struct Embedded {
    // Invariant: dropped before the lock, so that nobody else starts on the files of a cluster that is still stopping.
    postmaster: Postmaster,
    place: Place,
    url: String,
    _lock: File,
}

impl Embedded {
    /// Starts the cluster, making it first if need be. Blocks until it answers.
    pub fn start(settings: &EmbeddedSettings) -> Result<Self, EmbeddedFault> {
        let place = Place::choose(&settings.directory, &settings.state_directory)?;
        let lock = lock(&place)?;
        let programs = Programs::find(place.made_by()?.as_deref(), &place.data())?;
        postmaster::clear_leftovers(&place)?;
        if place.made_by()?.is_none() {
            make_cluster(&programs, &place, settings.sync_at_birth)?;
        }
        let socket_directory = place.socket_directory()?;
        let tuning = Tuning { max_connections: settings.max_connections, durable: true };
        let mut postmaster = Postmaster::launch(&programs, &place, &socket_directory, tuning)?;
        postmaster.watch(&place)?;
        postmaster.await_ready(&place, &url_of(&socket_directory, "postgres"))?;
        make_database(&url_of(&socket_directory, "postgres"))?;
        Ok(Self { url: url_of(&socket_directory, NAME), postmaster, place, _lock: lock })
    }

    /// The connection URI: role and database `claimsmith` on the Unix socket.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the cluster's files really are.
    pub fn directory(&self) -> &Path {
        self.place.root()
    }

    /// The process id of the postmaster.
    pub fn pid(&self) -> u32 {
        self.postmaster.pid()
    }

    /// Shuts the cluster down and waits until it is gone.
    pub fn stop(mut self) -> Result<(), EmbeddedFault> {
        self.postmaster.stop()
    }
}

/// Claims the place for this process. The kernel lets go of the lock when the process is gone, however it went.
fn lock(place: &Place) -> Result<File, EmbeddedFault> {
    let path = place.root().join("claimsmith.lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedFault::InUse(place.root().to_owned())),
        Err(TryLockError::Error(reason)) => Err(EmbeddedFault::File { path, reason }),
    }
}

/// `initdb`, into a directory beside the real one, so that a half-made cluster is never taken for a whole one.
pub(crate) fn make_cluster(programs: &Programs, place: &Place, sync: bool) -> Result<(), EmbeddedFault> {
    let unborn = place.root().join("data.new");
    if unborn.exists() {
        std::fs::remove_dir_all(&unborn).map_err(at(&unborn))?;
    }
    let mut command = place.command(&programs.initdb);
    // Security: `trust` because the socket's directory is private to the account, as are the files themselves.
    command.args(["--username", NAME, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--pgdata"]).arg(&unborn);
    if !sync {
        command.arg("--no-sync");
    }
    let output = command.output().map_err(at(&programs.initdb))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(EmbeddedFault::Program { program: "initdb", output: String::from_utf8_lossy(&said).into_owned() });
    }
    std::fs::rename(&unborn, place.data()).map_err(at(&unborn))
}

/// The URI of a database on a Unix socket.
pub(crate) fn url_of(socket_directory: &Path, database: &str) -> String {
    let host: String = socket_directory
        .to_string_lossy()
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("postgresql:///{database}?host={host}&user={NAME}")
}

fn make_database(url: &str) -> Result<(), EmbeddedFault> {
    let failed = |error: String| EmbeddedFault::Program { program: "CREATE DATABASE", output: error };
    let mut conn = PgConnection::establish(url).map_err(|error| failed(error.to_string()))?;
    let present = diesel::sql_query("SELECT 1 FROM pg_database WHERE datname = 'claimsmith'")
        .execute(&mut conn)
        .map_err(|error| failed(error.to_string()))?;
    if present == 0 {
        conn.batch_execute("CREATE DATABASE claimsmith").map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}
