//! Users as JSON Lines: out of a server, and in.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::outcome::Outcome;
use crate::cli::reach::{Reach, Server};

/// Members of an export that a server sets itself.
const SET_BY_SERVER: [&str; 5] = ["version", "created_at", "updated_at", "password_changed_at", "factors"];

#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// The file; `-` reads standard input
    file: PathBuf,
    /// Where lines that are refused are written, to be mended and imported again
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// Where to write; nobody but the owner may read a new file. Standard output when left out
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// With the hashes of passwords; the admin token needs the scope users:export
    #[arg(long)]
    with_password_hashes: bool,
    #[command(flatten)]
    reach: Reach,
}

fn broken(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::refused(format!("{path}: {error}"))
}

/// A file that only its owner may read: it holds what is known of people.
fn private_file(path: &Path) -> Result<File, Failure> {
    File::options().create(true).truncate(true).write(true).mode(0o600).open(path).map_err(broken(path))
}

/// A line that was not taken.
struct Refused {
    number: usize,
    reason: String,
}

impl Import {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let server = self.reach.server()?;
        let lines: Box<dyn BufRead> = match self.file.as_os_str().as_encoded_bytes() {
            b"-" => Box::new(std::io::stdin().lock()),
            _ => Box::new(BufReader::new(File::open(&self.file).map_err(broken(&self.file))?)),
        };
        let mut kept = self.refused.as_deref().map(private_file).transpose()?;
        let (mut imported, mut refused) = (0_usize, Vec::new());
        for (index, line) in lines.lines().enumerate() {
            let line = line.map_err(broken(&self.file))?;
            if line.trim().is_empty() {
                continue;
            }
            match register(&server, &line) {
                Ok(()) => imported += 1,
                Err(Err(stop)) => return Err(stopped(stop, index + 1, imported)),
                Err(Ok(reason)) => {
                    if let (Some(file), Some(path)) = (&mut kept, &self.refused) {
                        writeln!(file, "{line}").map_err(broken(path))?;
                    }
                    refused.push(Refused { number: index + 1, reason });
                }
            }
        }
        report(imported, &refused)
    }
}

/// Registers the user of a line. An error is why not, or that there is no use in going on.
fn register(server: &Server, line: &str) -> Result<(), Result<String, Failure>> {
    let mut body: serde_json::Map<String, Value> = serde_json::from_str(line).map_err(|error| Ok(format!("no JSON object: {error}")))?;
    body.retain(|name, _| !SET_BY_SERVER.contains(&name.as_str()));
    match server.post("/users", Some(&Value::Object(body))) {
        Ok(_) => Ok(()),
        Err(Failure::Refused { message, problem: Some(problem) }) => match problem["status"].as_u64() {
            Some(400 | 409 | 413 | 422) => Err(Ok(message.replace('\n', " "))),
            _ => Err(Err(Failure::Refused { message, problem: Some(problem) })),
        },
        Err(other) => Err(Err(other)),
    }
}

/// No line after this one was sent: whoever tries again knows where to begin.
fn stopped(stop: Failure, number: usize, imported: usize) -> Failure {
    let about = |message: String| format!("{message}\nstopped at line {number}; {imported} users before it are imported");
    match stop {
        Failure::Refused { message, problem } => Failure::Refused { message: about(message), problem },
        Failure::Usage(message) => Failure::Usage(about(message)),
        Failure::Unreachable(message) => Failure::Unreachable(about(message)),
    }
}

/// What became of every line. It is a failure where one was refused, so that a script notices.
fn report(imported: usize, refused: &[Refused]) -> Result<Outcome, Failure> {
    let lines: Vec<Value> = refused.iter().map(|refused| json!({ "line": refused.number, "detail": refused.reason })).collect();
    let document = json!({ "imported": imported, "refused": lines });
    if refused.is_empty() {
        return Ok(Outcome::new(document, format!("{imported} users are imported")));
    }
    let lines: String = refused.iter().map(|refused| format!("\n  line {}: {}", refused.number, refused.reason)).collect();
    let message = format!("{imported} users are imported, {} lines are refused:{lines}", refused.len());
    Err(Failure::Refused { message, problem: Some(document) })
}

impl Export {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let query: &[(&str, &str)] = if self.with_password_hashes { &[("include", "password_hash")] } else { &[] };
        let users = self.reach.server()?.list("/users", query, None)?;
        let items = users["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(path) = &self.output else {
            let lines: Vec<String> = items.iter().map(Value::to_string).collect();
            return Ok(Outcome::new(users.clone(), lines.join("\n")));
        };
        let mut file = std::io::BufWriter::new(private_file(path)?);
        for item in items {
            writeln!(file, "{item}").map_err(broken(path))?;
        }
        file.flush().map_err(broken(path))?;
        let text = format!("{} users are written to {}", items.len(), path.display());
        Ok(Outcome::new(json!({ "exported": items.len(), "output": path }), text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refused_line_is_named_and_makes_it_a_failure() {
        assert_eq!(report(2, &[]).unwrap().document, json!({ "imported": 2, "refused": [] }));
        let refused = [Refused { number: 3, reason: "no JSON object".to_owned() }];
        let failure = report(1, &refused).unwrap_err();
        assert_eq!(failure.code(), 1);
        assert!(failure.to_string().contains("line 3: no JSON object"));
        assert_eq!(failure.document()["refused"][0]["line"], 3);
    }
}
