//! A PostgreSQL server as an operator has one: over TCP with TLS and passwords, and with nothing of ours in it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::serve::Account;
use crate::wait_for;

/// The password of every role.
const PASSWORD: &str = "p+ä s&s%";

/// A server of one test, killed when it is dropped.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    child: Child,
    port: u16,
}

/// Where the distribution keeps PostgreSQL's programs; the newest.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let found = versions.filter(|folder| folder.join("initdb").exists()).max();
    found.unwrap_or_else(|| {
        let output = Command::new("pg_config").arg("--bindir").output().expect("PostgreSQL is installed");
        String::from_utf8_lossy(&output.stdout).trim().into()
    })
}

impl Postgres {
    /// Makes one with a role and a database, both named `claimsmith`, and starts it. Its certificate is one of the folder's.
    pub fn start(certificate: &Path, key: &Path) -> Self {
        let (folder, programs) = (Account::Nobody.folder(), programs());
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let files = format!("cp {} db.pem; cp {} db.key; printf '%s' '{PASSWORD}' > password", certificate.display(), key.display());
        Account::Nobody.shell(folder.path(), &format!("umask 077; {files}"));
        let bin = programs.display();
        let initdb =
            format!("{bin}/initdb --no-sync --username postgres --auth scram-sha-256 --pwfile password --encoding UTF8 --pgdata data >&2");
        Account::Nobody.shell(folder.path(), &initdb);
        let child = launch(folder.path(), &programs, port);
        let mut server = Self { folder, programs, child, port };
        wait_for("PostgreSQL", || {
            let log = || std::fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
            assert!(server.child.try_wait().expect("a status").is_none(), "PostgreSQL ended: {}", log());
            server.try_shell("pg_isready --quiet").is_ok()
        });
        server.sql("postgres", "postgres", &format!("CREATE ROLE claimsmith LOGIN PASSWORD '{PASSWORD}'"));
        server.sql("postgres", "postgres", "CREATE DATABASE claimsmith OWNER claimsmith");
        server
    }

    /// The password of the role `claimsmith`.
    pub const fn password(&self) -> &'static str {
        PASSWORD
    }

    /// A connection URI without a password, over TLS with everything verified.
    pub fn url(&self, database: &str, authority: &Path) -> String {
        format!("postgresql://claimsmith@localhost:{}/{database}?sslmode=verify-full&sslrootcert={}", self.port, authority.display())
    }

    /// Runs a line of shell with PostgreSQL's programs at hand and the server in libpq's variables; it must succeed.
    pub fn shell(&self, line: &str) -> String {
        self.try_shell(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Holds a lock on a table until the server ends, or a minute is over.
    pub fn hold(&self, table: &str, mode: &str) -> Child {
        let sql = format!("BEGIN; LOCK TABLE {table} IN {mode} MODE; SELECT pg_sleep(60);");
        let line = format!("psql --quiet --no-psqlrc --username postgres --dbname claimsmith --command '{sql}'");
        let mut command = self.shell_command(&line);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell")
    }

    fn shell_command(&self, line: &str) -> Command {
        let mut command = Account::Nobody.command(Path::new("/bin/bash"));
        command.args(["-euo", "pipefail", "-c", line]).current_dir(self.folder.path());
        command.env("PATH", format!("{}:/usr/bin:/bin", self.programs.display())).env("PGPASSWORD", PASSWORD);
        command
            .env("HOME", self.folder.path())
            .env("PGHOST", "localhost")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "claimsmith")
            .env("PGSSLMODE", "require");
        command
    }

    fn try_shell(&self, line: &str) -> Result<String, String> {
        let output = self.shell_command(line).output().expect("a shell");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Runs SQL as a role; answers rows, tab between columns.
    pub fn sql(&self, role: &str, database: &str, sql: &str) -> String {
        self.shell(&format!("psql --quiet --no-psqlrc --tuples-only --no-align --set ON_ERROR_STOP=1 --username {role} --dbname {database} <<'SQL'\n{sql}\nSQL"))
    }

    /// Stops it as a crash would.
    pub fn crash(&mut self) {
        self.shell("pg_ctl stop --silent --mode immediate --pgdata data");
        self.child.wait().expect("a status");
    }

    /// Starts it again on what it has.
    pub fn start_again(&mut self) {
        self.child = launch(self.folder.path(), &self.programs, self.port);
    }

    /// Stops every one of its processes in the middle of what it does: connections stay, and nobody answers.
    pub fn freeze(&self) {
        self.signal_all("STOP");
    }

    /// Ends [`Postgres::freeze`].
    pub fn thaw(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, signal: &str) {
        let pid = self.child.id();
        let children = Command::new("ps").args(["--no-headers", "-o", "pid", "--ppid", &pid.to_string()]).output().expect("ps runs");
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).args(children.split_whitespace()).status();
        sent.expect("kill runs");
    }
}

fn launch(folder: &Path, programs: &Path, port: u16) -> Child {
    let mut command = Account::Nobody.command(&programs.join("postgres"));
    command.args(["-D", "data", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "ssl=on"]);
    command.args(["-c", "ssl_cert_file=../db.pem", "-c", "ssl_key_file=../db.key", "-c", "fsync=off", "-p", &port.to_string()]);
    command.current_dir(folder).stdout(Stdio::null()).stderr(std::fs::File::create(folder.join("log")).expect("a log"));
    command.spawn().expect("PostgreSQL starts")
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // QUIT is its immediate shutdown, which takes its children with it.
        self.thaw();
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// Everything that a database holds, as SQL.
pub fn dump(url: &str) -> String {
    let output = Command::new(programs().join("pg_dump")).args(["--inserts", url]).output().expect("pg_dump");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Changes what a database holds behind the server's back.
pub fn execute(url: &str, sql: &str) {
    let psql = programs().join("psql");
    let output =
        Command::new(psql).args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--command", sql, url]).output().expect("psql");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
