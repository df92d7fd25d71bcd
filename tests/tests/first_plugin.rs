//! `docs/plugins/first.md`, walked as it is written: from an empty folder to a claim in a token.

use std::fs;
use std::path::Path;
use std::process::Command;

use claimsmith_tests::{Dev, binary, root, wait_for};
use serde_json::{Value, json};

/// The fenced blocks of the guide in a language, in their order.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/plugins/first.md")).expect("the guide");
    let (mut found, mut open) = (Vec::new(), None::<(bool, String)>);
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(name)) => open = Some((name == language, String::new())),
            (Some(_), Some(_)) => found.extend(open.take().filter(|(wanted, _)| *wanted).map(|(_, block)| block)),
            (Some((_, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// A shell as a plugin author has one: the binary on the path, a server to push to, and nothing of this build.
fn shell(dev: &Dev, folder: &Path, lines: &str) -> String {
    let path = std::env::var("PATH").expect("a path");
    let binaries = binary().parent().expect("a folder").display().to_string();
    let info = |name: &str| dev.info[name].as_str().expect("a text");
    let token = fs::read_to_string(info("admin_token_file")).expect("a token");
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", lines]).current_dir(folder);
    // What cargo sets for tests would leak into the builds of another project.
    let ours = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("CARGO") && name != "CARGO_HOME");
    for name in ours {
        command.env_remove(name);
    }
    command.env("PATH", format!("{binaries}:{path}")).env("CLAIMSMITH_ADMIN", info("admin_url"));
    command.env("CLAIMSMITH_CA", info("ca_file")).env("CLAIMSMITH_ADMIN_TOKEN", token.trim());
    let output = command.output().expect("a shell");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{lines}: {errors}\n{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_guide_leads_from_an_empty_folder_to_a_claim() {
    let (dev, folder) = (Dev::start(), tempfile::tempdir().expect("a folder"));
    let commands = blocks("text");
    let [make, test, build, push] = &commands[..] else { panic!("four blocks of commands: {commands:?}") };
    let programs = blocks("rust");
    let [plugin, more_tests] = &programs[..] else { panic!("the plugin and a test: {programs:?}") };

    shell(&dev, folder.path(), make);
    let project = folder.path().join("team-gate");
    let written = fs::read_to_string(project.join("src/lib.rs")).expect("the plugin");
    for line in plugin.lines() {
        assert!(written.contains(line), "the plugin that is written has no\n{line}");
    }
    let fixtures: Vec<Value> = serde_json::from_str(&fs::read_to_string(project.join("fixtures.json")).expect("fixtures")).expect("JSON");
    for block in blocks("json") {
        let shown: Value = serde_json::from_str(&block).expect("JSON");
        assert!(fixtures.contains(&shown), "the fixtures that are written have no {shown}");
    }
    // What the guide shows is a plugin and a test of it, as they stand.
    fs::write(project.join("src/lib.rs"), plugin).expect("written");
    fs::write(project.join("tests/guide.rs"), more_tests).expect("written");

    let said = shell(&dev, &project, test);
    assert!(said.contains("test the_claim_is_what_the_binding_says ... ok"), "{said}");
    shell(&dev, &project, build);
    shell(&dev, &project, push);
    let demo = dev.demo();
    wait_for("the claim", || dev.decode(&dev.token(&demo, "").okt()).claims.get("org") == Some(&json!("acme")));
    // The demo has a plugin of its own, which sets the same claim before: it is the new one that has the last word.
    let token = dev.token(&demo, "").okt();
    wait_for("the record", || {
        let explained = dev.admin_post("/tokens/explain", &json!({ "token": token })).json();
        explained["sources"]["org"]["plugin"] == "team-gate"
    });
}
