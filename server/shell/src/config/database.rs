//! Where the database is, and its password.

use super::Config;
use claimsmith_jose::Secret;
use std::io;
use std::path::{Path, PathBuf};
use url::Url;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseSource {
    /// A connection URI without a password, and perhaps the file with one.
    Url {
        /// The URI.
        url: Box<str>,
        /// The file with the password.
        password_file: Option<PathBuf>,
    },
    /// A file with the whole connection URI.
    UrlFile(PathBuf),
    /// A private PostgreSQL with its data in this folder.
    Embedded(PathBuf),
}

/// A file that should hold a secret cannot be used. The text never shows its contents.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {}: {cause}", path.display())]
pub struct UnreadableSecret {
    /// The setting that names the file.
    pub setting: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub cause: io::Error,
}

/// What the settings say; `None` when they say nothing.
pub(super) fn source(config: &Config) -> Option<DatabaseSource> {
    let database = &config.database;
    if database.embedded {
        let folder = database.data_dir.clone().unwrap_or_else(|| config.general.state_dir.join("postgres"));
        return Some(DatabaseSource::Embedded(folder));
    }
    if let Some(file) = &database.url_file {
        return Some(DatabaseSource::UrlFile(file.clone()));
    }
    let url = database.url.as_ref()?.as_str().into();
    Some(DatabaseSource::Url { url, password_file: database.password_file.clone() })
}

impl Config {
    /// Where the database is; `None` when no setting says so.
    pub fn database_source(&self) -> Option<DatabaseSource> {
        source(self)
    }
}

impl DatabaseSource {
    /// The connection URI with its password, read from the files now; `None` for a private PostgreSQL, which has none yet.
    pub fn url(&self) -> Result<Option<Secret<String>>, UnreadableSecret> {
        match self {
            Self::Embedded(_) => Ok(None),
            Self::UrlFile(path) => {
                let text = secret_text("database.url_file", path)?;
                let is_uri = Url::parse(text.expose()).is_ok_and(|url| matches!(url.scheme(), "postgresql" | "postgres"));
                if is_uri { Ok(Some(text)) } else { Err(malformed("database.url_file", path, "holds no PostgreSQL connection URI")) }
            }
            Self::Url { url, password_file: None } => Ok(Some(Secret::new(url.to_string()))),
            Self::Url { url, password_file: Some(path) } => {
                let password = secret_text("database.password_file", path)?;
                let with = with_password(url, password.expose());
                let none = || malformed("database.url", path, "a password needs a host in the URI");
                with.map(Some).ok_or_else(none)
            }
        }
    }
}

fn malformed(setting: &'static str, path: &Path, message: &'static str) -> UnreadableSecret {
    UnreadableSecret { setting, path: path.to_owned(), cause: io::Error::new(io::ErrorKind::InvalidData, message) }
}

/// A file's text without the line break at its end.
pub(super) fn secret_text(setting: &'static str, path: &Path) -> Result<Secret<String>, UnreadableSecret> {
    let text = std::fs::read_to_string(path).map_err(|cause| UnreadableSecret { setting, path: path.to_owned(), cause })?;
    let whole = Secret::new(text);
    let trimmed = whole.expose().trim_end_matches(['\r', '\n']);
    if trimmed.is_empty() {
        return Err(malformed(setting, path, "the file is empty"));
    }
    Ok(Secret::new(trimmed.to_owned()))
}

/// Puts a password into a URI as a parameter, which libpq takes with a host as well as with a socket's folder.
fn with_password(url: &str, password: &str) -> Option<Secret<String>> {
    let mut url = Url::parse(url).ok()?;
    url.query_pairs_mut().append_pair("password", password);
    // libpq decodes `%20` and not `+`; a `+` of the password itself is `%2B` by now.
    let query = url.query()?.replace('+', "%20");
    url.set_query(Some(&query));
    Some(Secret::new(url.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_from_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("password");
        std::fs::write(&file, "p+ä s&s%\n").expect("written");
        let source = DatabaseSource::Url { url: "postgresql://u@h/d?sslmode=require".into(), password_file: Some(file.clone()) };
        let url = source.url().expect("readable").expect("not private");
        assert_eq!(url.expose(), "postgresql://u@h/d?sslmode=require&password=p%2B%C3%A4%20s%26s%25");
        std::fs::write(&file, "\n").expect("written");
        assert!(source.url().is_err());
    }

    #[test]
    fn a_uri_comes_from_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("url");
        std::fs::write(&file, "postgresql://u:hunter2@h/d\n").expect("written");
        let source = DatabaseSource::UrlFile(file.clone());
        assert_eq!(source.url().expect("readable").expect("not private").expose(), "postgresql://u:hunter2@h/d");
        std::fs::write(&file, "hunter2").expect("written");
        let wrong = source.url().expect_err("no URI").to_string();
        assert!(wrong.contains("database.url_file") && !wrong.contains("hunter2"), "{wrong}");
    }
}
