//! The postmaster: launched, watched over, stopped, and cleared away when an earlier owner could not.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::pg::PgConnection;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::{EmbeddedFault, Place, Programs, at};

/// How long crash recovery may take before we give up on a start.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How long a fast shutdown may take before an immediate one.
const STOP_LIMIT: Duration = Duration::from_secs(30);

const STEP: Duration = Duration::from_millis(10);

/// Logs beyond this are begun anew, in bytes.
const LOG_MAX: u64 = 16 * 1024 * 1024;

/// What differs between clusters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuning {
    pub(crate) max_connections: u32,
    /// Off only for clusters that hold nothing but tests.
    pub(crate) durable: bool,
}

/// A postmaster of ours.
#[derive(Debug)]
pub(crate) struct Postmaster {
    child: Child,
    /// The write end of the watchdog's pipe; it closes when this process ends, in whatever way.
    watchdog: Option<(Child, ChildStdin)>,
    stopped: bool,
}

impl Postmaster {
    /// Starts PostgreSQL on the place's cluster.
    pub(crate) fn launch(programs: &Programs, place: &Place, sockets: &Path, tuning: Tuning) -> Result<Self, EmbeddedFault> {
        let path = place.log();
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LOG_MAX) {
            fs::remove_file(&path).map_err(at(&path))?;
        }
        let log = File::options().create(true).append(true).open(&path).map_err(at(&path))?;
        let mut command = place.command(&programs.postgres);
        command.arg("-D").arg(place.data());
        for setting in settings(sockets, tuning) {
            command.arg("-c").arg(setting);
        }
        command.stdout(log.try_clone().map_err(at(&path))?).stderr(log);
        let child = command.spawn().map_err(at(&programs.postgres))?;
        Ok(Self { child, watchdog: None, stopped: false })
    }

    /// Sets a watchdog that stops the postmaster if this process ends without doing so.
    pub(crate) fn watch(&mut self, place: &Place) -> Result<(), EmbeddedFault> {
        const SCRIPT: &str = r#"read -r word
            [ "$word" = stopped ] && exit 0
            [ "$(head -n 1 "$1/postmaster.pid" 2>/dev/null)" = "$2" ] && kill -INT "$2""#;
        let shell = Path::new("/bin/sh");
        let mut command = place.command(shell);
        command.args(["-c", SCRIPT, "watchdog"]).arg(place.data()).arg(self.pid().to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(at(shell))?;
        self.watchdog = child.stdin.take().map(|pipe| (child, pipe));
        Ok(())
    }

    /// Waits until the cluster answers.
    pub(crate) fn await_ready(&mut self, place: &Place, url: &str) -> Result<(), EmbeddedFault> {
        let started_at = Instant::now();
        while started_at.elapsed() < START_LIMIT {
            if let Ok(Some(_)) = self.child.try_wait() {
                self.stopped = true;
                return Err(EmbeddedFault::Program { program: "postgres", output: last_lines(&place.log()) });
            }
            if PgConnection::establish(url).is_ok() {
                return Ok(());
            }
            std::thread::sleep(STEP);
        }
        Err(EmbeddedFault::Silent(START_LIMIT))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Shuts down: fast, then at once, then by force.
    pub(crate) fn stop(&mut self) -> Result<(), EmbeddedFault> {
        if self.stopped {
            return Ok(());
        }
        self.stopped = true;
        self.signal(Signal::INT);
        if !self.wait(STOP_LIMIT) {
            self.signal(Signal::QUIT);
            if !self.wait(STOP_LIMIT) {
                self.child.kill().map_err(at(Path::new("postgres")))?;
                self.wait(STOP_LIMIT);
            }
        }
        if let Some((mut child, mut pipe)) = self.watchdog.take() {
            // It ends with the pipe anyway.
            let _ = pipe.write_all(b"stopped\n");
            drop(pipe);
            let _ = child.wait();
        }
        Ok(())
    }

    /// Leaves the postmaster running, for clusters that outlive the process that started them.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn leave(mut self) {
        self.stopped = true;
    }

    fn signal(&self, signal: Signal) {
        // Invariant: the child has not been waited for, so the number is still its own.
        if let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }

    fn wait(&mut self, limit: Duration) -> bool {
        let started_at = Instant::now();
        while started_at.elapsed() < limit {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(STEP);
        }
        false
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if let Err(fault) = self.stop() {
            tracing::error!(%fault, "cannot stop the private PostgreSQL");
        }
    }
}

fn settings(sockets: &Path, tuning: Tuning) -> Vec<String> {
    let switch = if tuning.durable { "on" } else { "off" };
    vec![
        "listen_addresses=".to_owned(),
        format!("unix_socket_directories=\"{}\"", sockets.to_string_lossy().replace('"', "\"\"")),
        "unix_socket_permissions=0700".to_owned(),
        format!("max_connections={}", tuning.max_connections),
        "shared_buffers=64MB".to_owned(),
        "huge_pages=off".to_owned(),
        "wal_level=minimal".to_owned(),
        "max_wal_senders=0".to_owned(),
        "max_wal_size=512MB".to_owned(),
        "max_parallel_workers_per_gather=0".to_owned(),
        "jit=off".to_owned(),
        "logging_collector=off".to_owned(),
        "log_timezone=UTC".to_owned(),
        "lc_messages=C".to_owned(),
        "cluster_name=claimsmith".to_owned(),
        format!("fsync={switch}"),
        format!("full_page_writes={switch}"),
        format!("synchronous_commit={switch}"),
    ]
}

/// Stops a postmaster that an owner killed by SIGKILL left behind, and removes the files by which it would still be there.
///
/// The caller holds the place's lock, so no living owner has it.
pub(crate) fn clear_leftovers(place: &Place) -> Result<(), EmbeddedFault> {
    let path = place.data().join("postmaster.pid");
    let text = fs::read_to_string(&path).unwrap_or_default();
    if let Some(pid) = text.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw) {
        stop_orphan(pid, place)?;
    }
    // The number may be some other process's by now, or a zombie's, which would keep PostgreSQL from starting.
    let sockets = place.socket_directory()?;
    for path in [path, sockets.join(".s.PGSQL.5432.lock"), sockets.join(".s.PGSQL.5432")] {
        match fs::remove_file(&path) {
            Err(reason) if reason.kind() != std::io::ErrorKind::NotFound => return Err(EmbeddedFault::File { path, reason }),
            _ => {}
        }
    }
    Ok(())
}

fn stop_orphan(pid: Pid, place: &Place) -> Result<(), EmbeddedFault> {
    let started_at = Instant::now();
    let mut signal = Signal::INT;
    while is_postmaster_of(pid, &place.data()) {
        let _ = kill_process(pid, signal);
        std::thread::sleep(10 * STEP);
        if started_at.elapsed() > STOP_LIMIT {
            signal = Signal::QUIT;
        }
        if started_at.elapsed() > 2 * STOP_LIMIT {
            return Err(EmbeddedFault::InUse(place.root().to_owned()));
        }
    }
    Ok(())
}

/// Whether that process is a postmaster on that data directory: it has made it its working directory.
fn is_postmaster_of(pid: Pid, data: &Path) -> bool {
    if test_kill_process(pid).is_err() {
        return false;
    }
    let seen = fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero()));
    matches!((seen, data.canonicalize()), (Ok(seen), Ok(data)) if seen == data)
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(8).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
