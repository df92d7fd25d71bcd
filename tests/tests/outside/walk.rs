//! The first five minutes of a newcomer.

use std::process::Command;

use serde_json::json;

use crate::server;

/// The lines of the banner that are to be pasted, run as they stand.
#[test]
fn the_printed_lines_work_as_printed() {
    let banner = server().banner();
    let lines: Vec<&str> = banner.lines().filter(|line| line.contains("curl ")).collect();
    assert_eq!(lines.len(), 2, "{banner}");
    let output = Command::new("bash").arg("-c").arg(lines.join("\n")).current_dir(claimsmith_tests::root()).output().expect("bash");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut lines = text.lines();
    let token = lines.next().expect("a token");
    let decoded = server().decode(token);
    assert_eq!(decoded.header["typ"], "at+jwt");
    assert_eq!(decoded.header["alg"], "ES256");
    assert_eq!(decoded.claims["org"], "acme", "the claim that the plugin set");
    assert_eq!(decoded.claims["tier"], "gold", "the claim that the plugin took from the client's metadata");
    let introspected: serde_json::Value = serde_json::from_str(lines.next().expect("an answer")).expect("JSON");
    assert_eq!((&introspected["active"], &introspected["org"]), (&json!(true), &json!("acme")));
}

#[test]
fn a_token_explains_itself() {
    let token = server().token(&server().demo(), "").okt();
    let output = server().command_with_input(&["token", "explain", "-", "--json"], token.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let explained = String::from_utf8(output.stdout).expect("text");
    let versions = server().command_json(&["plugin", "show", "tenant-claims"]);
    let digest = versions["active"].as_str().expect("an active version").to_owned();
    // The record travels in a group; asking again is what a person would do.
    claimsmith_tests::wait_for("the issuance record", || {
        let output = server().command_with_input(&["token", "explain", "-", "--json"], token.as_bytes());
        String::from_utf8_lossy(&output.stdout).contains(&digest)
    });
    assert!(explained.contains("org"), "{explained}");
}

#[test]
fn two_servers_run_side_by_side() {
    let other = claimsmith_tests::Dev::start_with(&["--no-demo"], &[]);
    assert_ne!(other.issuer(), server().issuer());
    assert!(other.info.get("demo").is_none());
}

/// Who deletes the data directory begins anew, also where PostgreSQL keeps its cluster elsewhere.
#[test]
fn a_deleted_data_directory_begins_anew() {
    let folder = server().folder().join("again");
    for _ in 0..2 {
        let arguments = ["dev", "--no-demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"];
        let mut child = Command::new(claimsmith_tests::binary()).args(arguments).arg(&folder).spawn().expect("started");
        claimsmith_tests::wait_for("dev.json", || {
            assert!(child.try_wait().expect("a status").is_none(), "the server ended");
            folder.join("dev.json").exists()
        });
        assert!(Command::new("kill").arg(child.id().to_string()).status().expect("kill").success());
        assert!(child.wait().expect("an end").success(), "SIGTERM stops it in order");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
