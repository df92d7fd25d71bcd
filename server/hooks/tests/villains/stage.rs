//! What every villain meets: a host, an honest neighbour, and a way from text to component.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use claimsmith_hooks::{Call, HookFault, Host, Limits, Plugin, Settings};
use claimsmith_issuer::hook::{Context, Draft, Edit};
use claimsmith_issuer::value::{Member, Value};

/// A realloc that moves up, for guests that bring none.
const REALLOC: &str = "(func $realloc (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))";
/// A hook for guests that bring none.
const SHAPE: &str = r#"(func (export "shape") (param i32) (result i32) (call $answer (i32.const 1008) (i32.const 4)))"#;

/// One file of `tests/villains`.
pub(crate) struct Guest {
    pub(crate) name: String,
    /// The kinds of fault it may end in; empty where it must answer.
    pub(crate) faults: Vec<String>,
    pub(crate) may_answer: bool,
    pub(crate) component: Vec<u8>,
}

/// Every file of `tests/villains` but the shell.
pub(crate) fn guests() -> Vec<Guest> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".wat").map(str::to_owned))
        .filter(|name| name != "shell")
        .collect();
    names.sort();
    names.iter().map(|name| guest(name)).collect()
}

/// The guest of a file.
pub(crate) fn guest(name: &str) -> Guest {
    let text = fs::read_to_string(folder().join(format!("{name}.wat"))).unwrap();
    let faults = text.lines().nth(1).and_then(|line| line.strip_prefix(";; fault: ")).expect("the second line names the faults");
    let mut faults: Vec<String> = faults.split(' ').map(str::to_owned).collect();
    let may_answer = faults.iter().any(|fault| fault == "none");
    faults.retain(|fault| fault != "none");
    let component = wat::parse_str(assemble(&text)).unwrap_or_else(|error| panic!("{name}: {error}"));
    Guest { name: name.to_owned(), faults, may_answer, component }
}

/// Puts a guest's parts into the shell.
pub(crate) fn assemble(text: &str) -> String {
    let mut parts: HashMap<&str, String> = HashMap::new();
    let mut part = "";
    for line in text.lines() {
        match line.strip_prefix(";;@") {
            Some(name) => part = name,
            None => *parts.entry(part).or_default() += &format!("{line}\n"),
        }
    }
    let core = parts.entry("CORE").or_default();
    if !core.contains("(func $realloc") {
        *core += REALLOC;
    }
    if !core.contains(r#"(export "shape")"#) {
        *core += SHAPE;
    }
    let shell = fs::read_to_string(folder().join("shell.wat")).unwrap();
    let part = |name: &str| parts.get(name).cloned().unwrap_or_default();
    let memory = if parts.contains_key("MEMORY") { part("MEMORY") } else { "1".to_owned() };
    ["IMPORTS", "LOWERED", "HOST", "CORE-IMPORTS", "CORE", "LIFTED"]
        .iter()
        .fold(shell, |shell, name| shell.replace(&format!(";;@{name}\n"), &(part(name) + "\n")))
        .replace("(;@MEMORY;)", &memory)
        .replace("(;@POST;)", &part("POST"))
}

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "villains"].iter().collect()
}

/// A host with few slots, whose breaker never opens, and whose clock has patience: fuel ends loops, on any machine.
pub(crate) fn host() -> Host {
    Host::new(settings(), [7; 32]).unwrap()
}

pub(crate) fn settings() -> Settings {
    let limits = Limits { wall: Duration::from_secs(60), ..Limits::default() };
    Settings { slots: 8, breaker_faults: 0, limits, ..Settings::default() }
}

pub(crate) fn plugin(host: &Host, name: &str) -> Arc<Plugin> {
    host.load_trusted(&guest(name).component).unwrap_or_else(|error| panic!("{name}: {error}"))
}

static CLAIMS: LazyLock<Vec<Member>> = LazyLock::new(|| {
    vec![
        Member::known("iss", Value::from("https://issuer.example")),
        Member::known("exp", Value::Integer(1_767_229_200)),
        Member::known("roles", Value::Texts(vec!["a".into(), "b".into()])),
        Member::known("address", Value::Json("{}".into())),
    ]
});

/// Calls a plugin for a client.
pub(crate) async fn call(host: &Host, plugin: &Arc<Plugin>, client_id: &str) -> Call {
    call_within(host, plugin, client_id, &host.settings().limits).await
}

/// Calls a plugin for a client within given limits.
pub(crate) async fn call_within(host: &Host, plugin: &Arc<Plugin>, client_id: &str, limits: &Limits) -> Call {
    let scopes = ["read".into(), "write".into()];
    let context = Context {
        client_id,
        client_tags: &scopes,
        client_metadata: "{}",
        grant_type: "client_credentials",
        refresh: false,
        requested_scopes: &scopes,
        requested_resources: &[],
        subject: Some(client_id),
        parameters: &[],
        headers: &[],
        now_milliseconds: 1_767_225_600_000,
        background: None,
    };
    let draft = Draft::access_token(&CLAIMS, &scopes, &[], 3600);
    host.call(plugin, &context, r#"{"a":1}"#, &draft, limits).await
}

/// What the honest plugin answers for a client.
pub(crate) fn honest_answer(client_id: &str) -> Vec<Edit> {
    vec![Edit::SetClaim("seen".to_owned(), Value::from(client_id))]
}

/// The honest neighbour still answers, for two clients, each its own name.
pub(crate) async fn assert_unharmed(host: &Host, honest: &Arc<Plugin>, after: &str) {
    for client in ["first", "second"] {
        let answer = call(host, honest, client).await.answer;
        assert_eq!(answer, Ok(Ok(honest_answer(client))), "after {after}");
    }
}

/// The fault that a call ended in.
pub(crate) fn fault(call: Call) -> HookFault {
    call.answer.expect_err("a fault")
}
