//! npm `oidc-provider` beside us, where npm is in reach.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::admin::Registered;

/// How long npm may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The peer, serving.
pub struct Peer {
    child: Child,
    /// Where it listens.
    pub addr: String,
    /// What `Host` says.
    pub host: String,
}

impl Peer {
    /// Installs it below `folder` and starts it with these clients; or says why it cannot be had.
    ///
    /// # Errors
    /// When node or npm are missing, or npm fails.
    pub fn start(sources: &Path, folder: &Path, tls: &Path, clients: &[Registered]) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        for name in ["package.json", "server.mjs"] {
            fs::copy(sources.join(name), folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
        }
        install(folder)?;
        let list: Vec<Value> = clients.iter().map(|client| json!({ "id": client.id, "secret": client.secret })).collect();
        let file = folder.join("clients.json");
        fs::write(&file, Value::from(list).to_string()).map_err(|error| error.to_string())?;
        let mut command = Command::new("node");
        command.arg("server.mjs").arg(&file).arg(tls.join("server.pem")).arg(tls.join("server.key")).current_dir(folder);
        command.env("NODE_ENV", "production").stdin(Stdio::null()).stdout(Stdio::piped());
        let errors = fs::File::create(folder.join("log")).map_err(|error| error.to_string())?;
        let mut child = command.stderr(errors).spawn().map_err(|error| format!("node: {error}"))?;
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).map_err(|error| error.to_string())?;
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let port = serde_json::from_str::<Value>(&line).ok().and_then(|info| info["port"].as_u64());
        let Some(port) = port else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("it does not start: {}", fs::read_to_string(folder.join("log")).unwrap_or_default()));
        };
        Ok(Self { child, addr: format!("127.0.0.1:{port}"), host: format!("localhost:{port}") })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn install(folder: &Path) -> Result<(), String> {
    let mut command = Command::new("npm");
    command.args(["install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
    let log = fs::File::create(folder.join("npm.log")).map_err(|error| error.to_string())?;
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut child = command.spawn().map_err(|error| format!("npm: {error}"))?;
    let begun = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(_) => return Err("npm cannot install oidc-provider".to_owned()),
            None if begun.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("npm takes too long".to_owned());
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}
