//! `initdb` and `postgres`: on PATH, or where distributions put them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::EmbeddedFault;

/// The programs of one PostgreSQL installation.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) initdb: PathBuf,
    pub(crate) postgres: PathBuf,
    pub(crate) major: String,
}

impl Programs {
    /// The installation of the major version `made_by`; the newest there is for a new cluster.
    pub(crate) fn find(made_by: Option<&str>, directory: &Path) -> Result<Self, EmbeddedFault> {
        let installed: Vec<Self> = folders().iter().filter_map(|folder| Self::look_into(folder)).collect();
        choose(installed, made_by, directory)
    }

    fn look_into(folder: &Path) -> Option<Self> {
        // Links on PATH lead to the folder whose libraries fit.
        let postgres = folder.join("postgres").canonicalize().ok()?;
        let initdb = folder.join("initdb").canonicalize().ok()?;
        let output = Command::new(&postgres).arg("--version").env_clear().output().ok()?;
        let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { initdb, postgres, major })
    }
}

fn choose(mut installed: Vec<Programs>, made_by: Option<&str>, directory: &Path) -> Result<Programs, EmbeddedFault> {
    if installed.is_empty() {
        return Err(EmbeddedFault::NotInstalled);
    }
    let Some(made_by) = made_by else {
        let newest =
            installed.iter().enumerate().max_by_key(|(_, programs)| programs.major.parse::<u32>().unwrap_or(0)).map_or(0, |(at, _)| at);
        return Ok(installed.swap_remove(newest));
    };
    match installed.iter().position(|programs| programs.major == made_by) {
        Some(fitting) => Ok(installed.swap_remove(fitting)),
        None => Err(EmbeddedFault::OtherMajor {
            directory: directory.to_owned(),
            made_by: made_by.to_owned(),
            installed: installed.into_iter().map(|programs| programs.major).collect(),
        }),
    }
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    for distribution in ["/usr/lib/postgresql", "/usr"] {
        let Ok(entries) = std::fs::read_dir(distribution) else { continue };
        let versions = entries.flatten().map(|entry| entry.path().join("bin"));
        // Debian: /usr/lib/postgresql/15/bin; Red Hat: /usr/pgsql-15/bin.
        folders.extend(versions.filter(|bin| distribution != "/usr" || bin.to_string_lossy().contains("/pgsql-")));
    }
    folders
}

/// `15` of `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn major_of(text: &str) -> Option<String> {
    let version = text.split_whitespace().nth(2)?;
    let major: String = version.chars().take_while(char::is_ascii_digit).collect();
    if major.is_empty() { None } else { Some(major) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(major: &str) -> Programs {
        Programs { initdb: "/i".into(), postgres: "/p".into(), major: major.to_owned() }
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)").as_deref(), Some("15"));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1").as_deref(), Some("18"));
        assert_eq!(major_of("nonsense"), None);
    }

    #[test]
    fn a_new_cluster_gets_the_newest_and_an_old_one_its_own() {
        let both = || vec![installed("9"), installed("15"), installed("14")];
        assert_eq!(choose(both(), None, Path::new("/d")).unwrap().major, "15");
        assert_eq!(choose(both(), Some("14"), Path::new("/d")).unwrap().major, "14");
    }

    #[test]
    fn another_major_version_is_a_named_error() {
        let fault = choose(vec![installed("15")], Some("13"), Path::new("/d")).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "the data directory /d was made by PostgreSQL 13, and installed is 15; install that version, or move the directory away"
        );
        assert!(matches!(choose(vec![], None, Path::new("/d")), Err(EmbeddedFault::NotInstalled)));
    }
}
