//! `claimsmith plugin build | test | inspect`: here, without any server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use claimsmith_hooks::{Compiler, Host, Inspection, Settings, inspect};
use claimsmith_jose::Digest;
use clap::Args;
use serde_json::{Value, json};

use super::failure::Failure;
use super::outcome::Outcome;
use crate::admin::report as said;

const TARGET: &str = "wasm32-wasip2";

#[derive(Debug, Args)]
pub(super) struct Build {
    /// The project's folder
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Test {
    /// A component, or a project's folder, which is built first
    #[arg(value_name = "FILE|DIR", default_value = ".")]
    path: PathBuf,
    /// Fixtures to run instead of those the component carries
    #[arg(long, value_name = "FILE")]
    fixtures: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The component
    file: PathBuf,
}

/// The bytes of a component.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::refused(format!("{}: {error}", path.display())))
}

impl Build {
    pub(super) fn run(self, json: bool) -> Result<Outcome, Failure> {
        let file = build(&self.dir, json)?;
        let size = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
        let text = format!("built {} ({size} bytes)", file.display());
        Ok(Outcome::new(json!({ "file": file, "bytes": size }), text))
    }
}

/// Builds a project and answers where its component is. Cargo speaks for itself, on standard error.
fn build(dir: &Path, json: bool) -> Result<PathBuf, Failure> {
    if !dir.join("Cargo.toml").is_file() {
        let hint = "`claimsmith plugin new NAME` writes a project";
        return Err(Failure::refused(format!("{} is no plugin project: there is no Cargo.toml; {hint}", dir.display())));
    }
    check_target(dir)?;
    let mut cargo = Command::new("cargo");
    cargo.current_dir(dir).args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
    if json {
        cargo.arg("--quiet");
    }
    let output = cargo.stderr(Stdio::inherit()).stdin(Stdio::null()).output().map_err(|error| no_cargo(&error))?;
    if !output.status.success() {
        return Err(Failure::refused("the build failed; cargo has said why".to_owned()));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    artifact(&messages).ok_or_else(|| {
        Failure::refused("the build made no component: the crate needs `crate-type = [\"cdylib\"]` in [lib] of its Cargo.toml".to_owned())
    })
}

/// The component among what cargo made: the last file that ends so, for the project comes after what it needs.
fn artifact(messages: &str) -> Option<PathBuf> {
    let files = |line: &str| -> Option<Vec<PathBuf>> {
        let message: Value = serde_json::from_str(line).ok()?;
        let made = message.get("reason")?.as_str()? == "compiler-artifact";
        let names = message.get("filenames")?.as_array()?.iter().filter_map(|name| Some(PathBuf::from(name.as_str()?)));
        made.then(|| names.collect())
    };
    let is_component = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "wasm");
    messages.lines().rev().filter_map(files).flatten().find(is_component)
}

fn no_cargo(error: &std::io::Error) -> Failure {
    Failure::refused(format!("cargo cannot be run ({error}): install Rust, https://rustup.rs"))
}

/// Without the target's standard library the build's own complaint is hard to read.
fn check_target(dir: &Path) -> Result<(), Failure> {
    let rustc =
        Command::new("rustc").current_dir(dir).args(["--print", "target-libdir", "--target", TARGET]).stderr(Stdio::null()).output();
    let output = rustc.map_err(|error| no_cargo(&error))?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    if output.status.success() && libraries.is_dir() {
        return Ok(());
    }
    Err(Failure::refused(format!("the target {TARGET} is not installed: rustup target add {TARGET}")))
}

impl Inspect {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let settings = Settings::default();
        let inspection = inspected(&self.file, &settings)?;
        let document = described(&inspection, &settings);
        let text = report(&document).join("\n");
        Ok(Outcome::new(document, text))
    }
}

fn inspected(file: &Path, settings: &Settings) -> Result<Inspection, Failure> {
    inspect(&read(file)?, settings).map_err(|refusal| Failure::refused(format!("{}: {refusal}", file.display())))
}

fn described(inspection: &Inspection, settings: &Settings) -> Value {
    let mut document = said::inspection(inspection, &settings.limits);
    document["manifest"] = said::manifest(inspection);
    document["name"] = document["manifest"]["name"].clone();
    document
}

impl Test {
    pub(super) fn run(self, json: bool) -> Result<Outcome, Failure> {
        let file = if self.path.is_dir() { build(&self.path, json)? } else { self.path.clone() };
        let settings = Settings::default();
        let inspection = inspected(&file, &settings)?;
        let carried = inspection.manifest.as_ref().map(|manifest| manifest.fixtures.get().to_owned());
        let fixtures = match &self.fixtures {
            Some(path) => std::fs::read_to_string(path).map_err(|error| Failure::refused(format!("{}: {error}", path.display())))?,
            None => carried.unwrap_or_else(|| "[]".to_owned()),
        };
        let mut document = described(&inspection, &settings);
        document["self_test"] = said::self_test(&tested(settings, &inspection, &fixtures)?);
        let failed = document["self_test"]["failed"].as_u64().unwrap_or(0);
        let text = report(&document).join("\n");
        if failed == 0 {
            return Ok(Outcome::new(document, text));
        }
        Err(Failure::Refused { message: format!("{failed} of the fixtures failed\n{text}"), problem: Some(document) })
    }
}

/// Compiles in a child, as a server does, and runs the fixtures with the real limits.
fn tested(settings: Settings, inspection: &Inspection, fixtures: &str) -> Result<claimsmith_hooks::SelfTest, Failure> {
    let refused = |error: &dyn std::error::Error| Failure::refused(super::server::chain(error));
    // Nothing is kept of what is compiled, so the key that would seal it does not matter.
    let host = Host::new(Settings { cache: None, ..settings }, [0; 32]).map_err(|fault| refused(&fault))?;
    let program = std::env::current_exe().map_err(|error| refused(&error))?;
    let digest = Digest::of(&inspection.component);
    let plugin = host.load(&digest, &inspection.component, &Compiler::new(program, ["__compile"])).map_err(|fault| refused(&fault))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| refused(&error))?;
    runtime.block_on(host.self_test(&plugin, fixtures)).map_err(|refusal| refused(&refusal))
}

/// What is told of a component, for people.
pub(super) fn report(document: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    let row = |name: &str, value: &Value| format!("{name:<10}{}", text(value));
    let mut lines = Vec::new();
    if document["name"].is_string() {
        lines.push(row("name", &document["name"]));
    }
    lines.extend([
        row("digest", &document["digest"]),
        row("bytes", &document["bytes"]),
        row("hooks", &document["hooks"]),
        row("imports", &document["imports"]),
    ]);
    let limits = &document["limits"];
    lines.push(format!("limits    {} fuel, {} ms, {} bytes of memory", limits["fuel"], limits["milliseconds"], limits["memory"]));
    if document["manifest"]["permissions"].as_array().is_some_and(|wishes| !wishes.is_empty()) {
        lines.push(row("wishes", &document["manifest"]["permissions"]));
    }
    lines.extend(document["warnings"].as_array().into_iter().flatten().map(|warning| row("warning", warning)));
    let test = &document["self_test"];
    for fixture in test["fixtures"].as_array().into_iter().flatten() {
        let passed = fixture["passed"] == Value::Bool(true);
        lines.push(format!("{}  {} ({} fuel)", if passed { "ok    " } else { "FAILED" }, text(&fixture["name"]), fixture["fuel"]));
        lines.extend(fixture["difference"].as_str().map(|difference| format!("        {difference}")));
        lines.extend(fixture["log"].as_array().into_iter().flatten().map(|line| format!("        {}", text(line))));
    }
    if test.is_object() {
        lines.push(format!("fixtures  {} passed, {} failed", test["passed"], test["failed"]));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_the_last_wasm_file_that_cargo_made() {
        let messages = r#"{"reason":"compiler-artifact","filenames":["/t/libdep.rlib"]}
{"reason":"build-script-executed"}
{"reason":"compiler-artifact","filenames":["/t/libmine.rlib","/t/mine.wasm"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(artifact(messages), Some(PathBuf::from("/t/mine.wasm")));
        assert_eq!(artifact("{}\nnot json"), None);
    }

    #[test]
    fn a_folder_without_a_project_is_refused_with_what_to_do() {
        let failure = build(Path::new("/"), true).unwrap_err();
        assert_eq!(failure.code(), 1);
        assert!(failure.to_string().contains("claimsmith plugin new"), "{failure}");
    }
}
