//! Where the cluster's files are, and under which account it runs.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use claimsmith_jose::Digest;

use super::{EmbeddedFault, at};

/// The longest path of a Unix socket on Linux.
const SOCKET_PATH_MAX: usize = 107;

/// The accounts that may run PostgreSQL when we are root, in order.
const ACCOUNTS: [&str; 2] = ["claimsmith", "postgres"];

/// An unprivileged account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// A private directory, and the account it belongs to where that is not ours.
#[derive(Debug)]
pub(crate) struct Place {
    root: PathBuf,
    run_as: Option<Account>,
}

impl Place {
    /// Makes or takes over a directory: `wanted`, or one below `state` when the account cannot reach `wanted`.
    pub(crate) fn choose(wanted: &Path, state: &Path) -> Result<Self, EmbeddedFault> {
        let euid = rustix::process::geteuid().as_raw();
        let wanted = std::path::absolute(wanted).map_err(at(wanted))?;
        if euid != 0 {
            fs::create_dir_all(wanted.parent().unwrap_or(Path::new("/"))).map_err(at(&wanted))?;
            make_private(&wanted, Account { uid: euid, gid: rustix::process::getegid().as_raw() })?;
            return Ok(Self { root: wanted, run_as: None });
        }
        let account = owner_of(&wanted).map_or_else(account, Ok)?;
        let parent = wanted.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).map_err(at(parent))?;
        let root = if can_traverse(account, parent) {
            wanted
        } else {
            fs::create_dir_all(state).map_err(at(state))?;
            if !can_traverse(account, state) {
                fs::set_permissions(state, Permissions::from_mode(0o711)).map_err(at(state))?;
            }
            let name = Digest::of(wanted.as_os_str().as_encoded_bytes()).to_hex();
            state.join(format!("embedded-{}", &name[..12]))
        };
        let account = owner_of(&root).unwrap_or(account);
        make_private(&root, account)?;
        Ok(Self { root, run_as: Some(account) })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// PostgreSQL's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// What PostgreSQL says goes here.
    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// The major version that made the cluster; `None` when there is none yet.
    pub(crate) fn made_by(&self) -> Result<Option<String>, EmbeddedFault> {
        let path = self.data().join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(reason) => Err(EmbeddedFault::File { path, reason }),
        }
    }

    /// A private directory whose socket has a path that is short enough.
    pub(crate) fn socket_directory(&self) -> Result<PathBuf, EmbeddedFault> {
        let near = self.root.join("s");
        let name = Digest::of(self.root.as_os_str().as_encoded_bytes()).to_hex();
        let directory = if fits(&near) { near } else { PathBuf::from(format!("/tmp/claimsmith-{}", &name[..12])) };
        make_private(&directory, self.account())?;
        Ok(directory)
    }

    /// A program that runs under the account, in a process group of its own, with nothing of our environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.current_dir("/").process_group(0).stdin(Stdio::null());
        if let Some(account) = self.run_as {
            // With the uid, the standard library drops supplementary groups too.
            command.uid(account.uid).gid(account.gid);
        }
        command
    }

    fn account(&self) -> Account {
        self.run_as.unwrap_or_else(|| Account { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() })
    }
}

fn fits(directory: &Path) -> bool {
    directory.join(".s.PGSQL.5432").as_os_str().len() <= SOCKET_PATH_MAX
}

/// The account that an existing directory belongs to; not root's, for that is no account for PostgreSQL.
fn owner_of(directory: &Path) -> Option<Account> {
    let metadata = fs::symlink_metadata(directory).ok()?;
    (metadata.is_dir() && metadata.uid() != 0).then(|| Account { uid: metadata.uid(), gid: metadata.gid() })
}

/// The account for a new cluster, from the local user database.
fn account() -> Result<Account, EmbeddedFault> {
    let path = Path::new("/etc/passwd");
    let text = fs::read_to_string(path).map_err(at(path))?;
    ACCOUNTS.iter().find_map(|name| account_named(name, &text)).ok_or(EmbeddedFault::NoAccount)
}

fn account_named(name: &str, passwd: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (uid != 0).then_some(Account { uid, gid })
    })
}

/// Whether the account can pass through every directory of the path. Access lists are not looked at: then it goes elsewhere.
fn can_traverse(account: Account, directory: &Path) -> bool {
    let Ok(directory) = directory.canonicalize() else { return false };
    directory.ancestors().all(|step| {
        fs::metadata(step).is_ok_and(|metadata| {
            let needed = match (metadata.uid() == account.uid, metadata.gid() == account.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            metadata.mode() & needed != 0
        })
    })
}

/// Makes a 0700 directory for the account, or checks that the one that is there is the account's.
// Security: in a shared directory somebody else may have been there first, with a directory or a link of theirs.
fn make_private(directory: &Path, account: Account) -> Result<(), EmbeddedFault> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(reason) => return Err(EmbeddedFault::File { path: directory.to_owned(), reason }),
    }
    let metadata = fs::symlink_metadata(directory).map_err(at(directory))?;
    let ours = rustix::process::geteuid().as_raw();
    if !metadata.is_dir() || (metadata.uid() != account.uid && metadata.uid() != ours) {
        return Err(EmbeddedFault::Foreign { path: directory.to_owned(), uid: metadata.uid() });
    }
    if metadata.uid() != account.uid {
        chown(directory, Some(account.uid), Some(account.gid)).map_err(at(directory))?;
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(at(directory))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_and_root_is_none() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nclaimsmith:x:0:0::/:/bin/false\npostgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(account_named("postgres", passwd), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(account_named("claimsmith", passwd), None);
        assert_eq!(account_named("nobody", passwd), None);
    }

    #[test]
    fn a_long_path_gets_a_short_socket_directory() {
        assert!(fits(Path::new("/var/lib/claimsmith/embedded-0123456789ab/s")));
        assert!(!fits(Path::new(&format!("/{}", "x".repeat(94)))));
        assert!(fits(Path::new(&format!("/{}", "x".repeat(92)))));
    }

    #[test]
    fn a_private_home_stops_the_account() {
        let home = std::env::temp_dir().join(format!("claimsmith-home-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&home).unwrap();
        let stranger = Account { uid: 54_321, gid: 54_321 };
        assert!(!can_traverse(stranger, &home));
        fs::set_permissions(&home, Permissions::from_mode(0o711)).unwrap();
        assert_eq!(can_traverse(stranger, &home), can_traverse(stranger, home.parent().unwrap()));
        fs::remove_dir(&home).unwrap();
    }
}
