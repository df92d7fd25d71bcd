//! `claimsmith dev`: a whole server from nothing, in one folder, with a demo.
//!
//! The folder holds a private PostgreSQL, a certification authority's certificate, a master key, an admin token and the demo's
//! secrets. It never prompts, and Ctrl-C stops all that it started.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use claimsmith_jose::Digest;
use claimsmith_store::{AdminToken, Source, migrate};
use claimsmith_vault::MasterKey;
use serde_json::json;

use crate::config::Sources;
use crate::serve::{Running, Signals, bind};
use crate::start_fault::StartFault;
use crate::tls::authority::DevelopmentFiles;

mod banner;
mod demo;

/// What `dev` was told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The public listener; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The admin listener; port 0 takes a free one.
    pub admin_listen: SocketAddr,
    /// Whether to load the demo.
    pub demo: bool,
}

/// The files of a data directory.
struct Folder {
    path: PathBuf,
    _lock: File,
}

/// Runs a development server until it is told to stop.
pub fn run(options: &Options) -> Result<(), StartFault> {
    let folder = Folder::open(&options.data_dir)?;
    say("Preparing the data directory", &folder.path);
    let files = DevelopmentFiles::in_folder(&folder.file("tls"))?;
    let master_key_file = folder.file("master.key");
    if !master_key_file.exists() {
        MasterKey::generate()?.write_new(&master_key_file)?;
    }
    let (listen, admin_listen) = (settle_port(options.listen)?, settle_port(options.admin_listen)?);
    let cluster = folder.cluster(&master_key_file)?;
    let sources = sources(&folder, &files, &master_key_file, listen, admin_listen).base("database.data_dir", cluster.display().to_string());
    let config = crate::config::read(&sources).check_for_serve()?;
    let telemetry = crate::telemetry::start(&config, env!("CARGO_PKG_VERSION")).map_err(StartFault::Runtime)?;
    crate::hardening::forbid_dumps();
    let listeners = bind(&config)?;

    say("Starting the private PostgreSQL", &cluster);
    let database = Source::Embedded(config.embedded_settings()).open()?;
    migrate::up(database.url())?;
    let signals = Signals::listen()?;
    let running = Running::open(config, sources, telemetry, listeners, database)?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartFault::Runtime)?;
    let admin_token = runtime.block_on(admin_token(&folder, &running))?;
    let demo = match options.demo {
        true => Some(runtime.block_on(demo::load(&folder.path, &running.api, &admin_token))?),
        false => None,
    };
    let info = folder.write_info(&running, &files, listen, admin_listen, demo.as_ref())?;
    banner::print(&running.node.rooms, &files, &folder.path, admin_listen, demo.as_ref());
    running.until_stopped(signals, || drop(fs::remove_file(&info)));
    Ok(())
}

/// Defaults of the command; the environment may change what is not decided here.
fn sources(folder: &Folder, files: &DevelopmentFiles, master_key_file: &Path, listen: SocketAddr, admin_listen: SocketAddr) -> Sources {
    let path = |path: &Path| path.display().to_string();
    Sources::process(None)
        .base("issuer", format!("https://localhost:{}", listen.port()))
        .base("state_dir", path(&folder.path))
        .base("database.embedded", "true")
        .base("keys.master_key_file", path(master_key_file))
        .base("tls.certificate_file", path(&files.certificate_file))
        .base("tls.key_file", path(&files.key_file))
        .base("log.format", "text")
        .base("log.level", "warn")
        .base("signing.publish_before_use", "0 s")
        .option("--listen", "listen.public", listen.to_string())
        .option("--admin-listen", "listen.admin", admin_listen.to_string())
}

/// Finds a free port where none was named: the issuer's URL has to name it before the listener is there.
fn settle_port(address: SocketAddr) -> Result<SocketAddr, StartFault> {
    if address.port() != 0 {
        return Ok(address);
    }
    TcpListener::bind(address).and_then(|listener| listener.local_addr()).map_err(StartFault::Runtime)
}

impl Folder {
    /// Makes the folder, private to its owner, and takes it for this process.
    fn open(path: &Path) -> Result<Self, StartFault> {
        let fault = |path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| StartFault::File { path, source }
        };
        // Started by root, PostgreSQL runs under another account, which has to pass through here; it can list nothing, and every
        // file with a secret is for its owner alone.
        let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
        fs::DirBuilder::new().recursive(true).mode(mode).create(path).map_err(fault(path))?;
        let path = path.canonicalize().map_err(fault(path))?;
        let lock_file = path.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).mode(0o600).open(&lock_file).map_err(fault(&lock_file))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(StartFault::InUse { path }),
            Err(fs::TryLockError::Error(source)) => Err(StartFault::File { path: lock_file, source }),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where the private PostgreSQL is. It is named after the master key: where PostgreSQL cannot reach this folder its cluster
    /// lies elsewhere under a name made from this path, and must not come back when the folder was deleted and made anew.
    fn cluster(&self, master_key_file: &Path) -> Result<PathBuf, StartFault> {
        let key_id = MasterKey::read(master_key_file)?.id().to_string();
        Ok(self.file(&format!("postgres-{}", key_id.get(..8).unwrap_or(&key_id))))
    }

    /// Writes `dev.json`, by which commands and tests find the server.
    fn write_info(
        &self,
        running: &Running,
        files: &DevelopmentFiles,
        listen: SocketAddr,
        admin_listen: SocketAddr,
        demo: Option<&demo::Demo>,
    ) -> Result<PathBuf, StartFault> {
        let mut info = json!({
            "issuer": running.node.rooms.urls.as_str(),
            "ca_file": files.ca_file,
            "listen": listen.to_string(),
            "admin_url": format!("https://localhost:{}", admin_listen.port()),
            "admin_token_file": self.file("admin.token"),
            "database_url": running.node.database_url(),
            "pid": std::process::id(),
        });
        if let Some(demo) = demo {
            info["demo"] = json!({ "client_id": demo.client_id, "client_secret_file": demo.secret_file,
                "user": demo.user, "password_file": demo.password_file });
        }
        let path = self.file("dev.json");
        write_private(&path, format!("{info:#}\n").as_bytes())?;
        Ok(path)
    }
}

/// The admin token in its file, known to the database; made where either is missing.
async fn admin_token(folder: &Folder, running: &Running) -> Result<String, StartFault> {
    let path = folder.file("admin.token");
    let store = &running.node.rooms.store;
    if let Ok(text) = fs::read_to_string(&path) {
        let text = text.trim().to_owned();
        if store.admin_token(Digest::of(text.as_bytes())).await?.is_some() {
            return Ok(text);
        }
        match store.delete_admin_token("dev", "dev").await {
            Err(fault) if !fault.is_missing() => return Err(fault.into()),
            Ok(_) | Err(_) => {}
        }
    }
    let text = crate::admin::new_token();
    let token = AdminToken { name: "dev".into(), scopes: vec!["admin".into()], expires_at: None };
    store.create_admin_token("dev", Digest::of(text.as_bytes()), token).await?;
    write_private(&path, format!("{text}\n").as_bytes())?;
    Ok(text)
}

/// Writes a file that only its owner may read, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StartFault> {
    let beside = path.with_extension("new");
    let store = || -> io::Result<()> {
        let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(bytes)?;
        fs::rename(&beside, path)
    };
    store().map_err(|source| StartFault::File { path: path.to_owned(), source })
}

#[allow(clippy::print_stderr, reason = "progress is for the person at the terminal")]
fn say(what: &str, path: &Path) {
    eprintln!("» {what} {}", path.display());
}
