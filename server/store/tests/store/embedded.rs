//! The private PostgreSQL: everything that bites.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use claimsmith_store::{Claim, Embedded, EmbeddedFault, EmbeddedSettings, Outcome, ReplayGuard, Settings, Store, migrate};

use crate::samples::{client, digest, id, in_seconds};

/// A directory of its own, removed afterwards.
struct Home(PathBuf);

impl Home {
    fn new(mode: u32) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = PathBuf::from(format!("/tmp/claimsmith-e-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        fs::DirBuilder::new().mode(mode).create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        Self(path)
    }

    fn settings(&self) -> EmbeddedSettings {
        EmbeddedSettings { state_directory: self.0.join("state"), ..EmbeddedSettings::in_directory(self.0.join("pg")) }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn runs(pid: u32) -> bool {
    // A zombie has ended.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn await_end(pid: u32) {
    for _ in 0..1000 {
        if !runs(pid) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("process {pid} does not end");
}

fn kill(pid: u32) {
    assert!(Command::new("/bin/sh").args(["-c", &format!("kill -KILL {pid}")]).status().unwrap().success());
}

/// The shell among the children of a process.
fn watchdog_of(parent: u32) -> u32 {
    let processes = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_it = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)) == Some(&parent.to_string()) && command.contains("watchdog")
    };
    processes.into_iter().find(is_it).expect("the owner has a watchdog")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn it_starts_answers_stops_and_starts_again() {
    let home = Home::new(0o755);
    let embedded = Embedded::start(&home.settings()).unwrap();
    migrate::up(embedded.url()).unwrap();
    let pid = embedded.pid();
    assert!(runs(pid));
    let group = |pid: u32| {
        fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().rsplit(") ").next().unwrap().split(' ').nth(2).unwrap().to_owned()
    };
    assert_ne!(group(pid), group(std::process::id()), "Ctrl-C would stop it before the drain");
    assert!(matches!(Embedded::start(&home.settings()), Err(EmbeddedFault::InUse(_))));
    embedded.stop().unwrap();
    assert!(!runs(pid));

    let embedded = Embedded::start(&home.settings()).unwrap();
    assert!(migrate::status(embedded.url()).unwrap().pending.is_empty());
    let pid = embedded.pid();
    drop(embedded);
    assert!(!runs(pid), "dropping it stops it");
}

#[test]
fn it_listens_on_a_private_socket_only_and_never_as_root() {
    let home = Home::new(0o755);
    let embedded = Embedded::start(&home.settings()).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", embedded.pid())).unwrap();
    let uid = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
    assert!(!uid.contains("\t0"), "{uid}");
    let groups = status.lines().find(|line| line.starts_with("Groups:")).unwrap();
    assert!(!is_root() || groups.trim_start_matches("Groups:").trim().is_empty(), "supplementary groups stayed: {groups}");
    let mode = |path: PathBuf| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(embedded.directory().to_owned()), 0o700);
    assert_eq!(mode(embedded.directory().join("data")), 0o700);
    assert_eq!(mode(embedded.directory().join("s")), 0o700);
    let settings = fs::read_to_string(format!("/proc/{}/cmdline", embedded.pid())).unwrap();
    assert!(settings.contains("listen_addresses=\0") && settings.contains("fsync=on\0"), "{settings}");
}

#[test]
fn below_a_private_home_of_root_it_goes_to_the_state_directory() {
    if !is_root() {
        return;
    }
    let (home, state) = (Home::new(0o700), Home::new(0o711));
    let settings = EmbeddedSettings { state_directory: state.0.join("state"), ..EmbeddedSettings::in_directory(home.0.join("var/pg")) };
    let embedded = Embedded::start(&settings).unwrap();
    assert!(embedded.directory().starts_with(state.0.join("state")), "{}", embedded.directory().display());
    let place = embedded.directory().to_owned();
    drop(embedded);
    // The same directory leads to the same cluster.
    assert_eq!(Embedded::start(&settings).unwrap().directory(), place);
}

#[test]
fn a_long_path_gets_a_short_socket() {
    let home = Home::new(0o755);
    let settings = EmbeddedSettings::in_directory(home.0.join("x".repeat(90)));
    let embedded = Embedded::start(&settings).unwrap();
    migrate::status(embedded.url()).expect("the socket can be reached");
    assert!(embedded.url().contains("host=/tmp/claimsmith-"), "{}", embedded.url());
    let directory = embedded.url().split("host=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    drop(embedded);
    fs::remove_dir(directory).unwrap();
}

#[test]
fn a_data_directory_of_another_major_version_is_named() {
    let home = Home::new(0o755);
    drop(Embedded::start(&home.settings()).unwrap());
    fs::write(home.0.join("pg/data/PG_VERSION"), "9\n").unwrap();
    let fault = Embedded::start(&home.settings()).unwrap_err();
    assert!(matches!(&fault, EmbeddedFault::OtherMajor { made_by, .. } if made_by == "9"), "{fault}");
}

#[test]
fn a_half_made_cluster_is_made_anew() {
    let home = Home::new(0o755);
    drop(Embedded::start(&home.settings()).unwrap());
    fs::rename(home.0.join("pg/data"), home.0.join("pg/data.new")).unwrap();
    fs::remove_file(home.0.join("pg/data.new/PG_VERSION")).unwrap();
    drop(Embedded::start(&home.settings()).unwrap());
}

#[test]
fn a_directory_of_somebody_else_is_refused() {
    if !is_root() {
        return;
    }
    let home = Home::new(0o755);
    std::os::unix::fs::symlink("/var/tmp", home.0.join("pg")).unwrap();
    assert!(matches!(Embedded::start(&home.settings()), Err(EmbeddedFault::Foreign { .. })));
}

#[test]
fn a_pid_file_whose_number_belongs_to_another_process_is_no_obstacle() {
    let home = Home::new(0o755);
    drop(Embedded::start(&home.settings()).unwrap());
    fs::write(home.0.join("pg/data/postmaster.pid"), format!("{}\n", std::process::id())).unwrap();
    drop(Embedded::start(&home.settings()).unwrap());
}

#[test]
fn a_broken_cluster_says_what_postgres_said() {
    let home = Home::new(0o755);
    drop(Embedded::start(&home.settings()).unwrap());
    fs::write(home.0.join("pg/data/postgresql.conf"), "nonsense = 1\n").unwrap();
    let fault = Embedded::start(&home.settings()).unwrap_err();
    assert!(fault.to_string().contains("nonsense"), "{fault}");
}

/// Runs `owner_for_the_tests_below` in a process of its own on `home`; answers the process and the postmaster's id.
fn owner(home: &Path) -> (std::process::Child, u32, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["embedded::owner_for_the_tests_below", "--exact", "--ignored", "--nocapture"])
        .env("CLAIMSMITH_TEST_HOME", home)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let pid = loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the owner ended early");
        if let Some((_, pid)) = line.split_once("postmaster ") {
            break pid.trim().parse().unwrap();
        }
    };
    (child, pid, lines)
}

/// Owns a cluster, acknowledges writes line by line, and never ends by itself.
#[test]
#[ignore = "a process for other tests"]
#[allow(clippy::print_stdout, reason = "the tests read it")]
fn owner_for_the_tests_below() {
    let home = PathBuf::from(std::env::var("CLAIMSMITH_TEST_HOME").unwrap());
    let embedded = Embedded::start(&EmbeddedSettings::in_directory(home.join("pg"))).unwrap();
    migrate::up(embedded.url()).unwrap();
    println!("postmaster {}", embedded.pid());
    let store = Store::open(embedded.url(), &Settings::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for number in 0..1_000_000 {
            let guard = ReplayGuard { client_id: id("c"), jti_digest: digest(&number.to_string()), expires_at: in_seconds(3600) };
            assert_eq!(store.settle(vec![Claim::Guard(guard)]).await.unwrap(), [Outcome::Settled]);
            if number % 10 == 0 {
                store.create_client("root", client(&format!("c{number}"))).await.unwrap();
            }
            println!("acknowledged {number}");
        }
    });
}

#[test]
fn an_owner_killed_by_sigkill_takes_its_postmaster_along() {
    let home = Home::new(0o755);
    let (mut child, postmaster, _lines) = owner(&home.0);
    assert!(runs(postmaster));
    child.kill().unwrap();
    child.wait().unwrap();
    await_end(postmaster);
}

#[test]
fn after_sigkill_of_both_everything_acknowledged_is_there() {
    let home = Home::new(0o755);
    let (mut child, postmaster, mut lines) = owner(&home.0);
    let mut last = -1;
    while last < 200 {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        if let Some((_, number)) = line.split_once("acknowledged ") {
            last = number.trim().parse().unwrap();
        }
    }
    // The postmaster first, so that it has no chance of a clean shutdown.
    kill(postmaster);
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines.lines().map_while(Result::ok) {
        if let Some((_, number)) = line.split_once("acknowledged ") {
            last = number.trim().parse().unwrap();
        }
    }
    let embedded = Embedded::start(&EmbeddedSettings::in_directory(home.0.join("pg"))).unwrap();
    let store = Store::open(embedded.url(), &Settings::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for number in 0..=last {
            let guard = ReplayGuard { client_id: id("c"), jti_digest: digest(&number.to_string()), expires_at: in_seconds(3600) };
            assert_eq!(store.settle(vec![Claim::Guard(guard)]).await.unwrap(), [Outcome::LostRace], "{number} was acknowledged");
            assert!(number % 10 != 0 || store.load_client(&id(&format!("c{number}"))).await.unwrap().is_some());
        }
    });
}

#[test]
fn a_postmaster_that_outlived_its_owner_is_stopped_at_the_next_start() {
    let home = Home::new(0o755);
    let (mut child, postmaster, _lines) = owner(&home.0);
    // Without its watchdog, as when the kernel ran out of memory.
    kill(watchdog_of(child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(runs(postmaster));
    let embedded = Embedded::start(&EmbeddedSettings::in_directory(home.0.join("pg"))).unwrap();
    assert!(!runs(postmaster));
    assert_ne!(embedded.pid(), postmaster);
}
