//! The guide shows code that runs: what it quotes stands in the tested files, and its shell lines are run.

use std::fs;
use std::process::Command;

use claimsmith_tests::root;

use super::{RESOURCE, SCOPE, register, run, scene};

/// The fenced blocks of the guide in a language.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/clients.md")).expect("the guide");
    let fence = format!("```{language}\n");
    let found: Vec<_> = text.split(&fence).skip(1).map(|rest| rest.split("```").next().expect("a block").to_owned()).collect();
    assert!(!found.is_empty(), "no {language} in the guide");
    found
}

#[test]
fn what_the_guide_quotes_is_what_is_tested() {
    let sources = [
        (
            "js",
            &[
                "tests/clients/node/client.mjs",
                "tests/clients/node/people.mjs",
                "tests/clients/node/hardened.mjs",
                "tests/clients/node/grants.mjs",
                "tests/clients/node/register.mjs",
            ][..],
        ),
        (
            "python",
            &[
                "tests/clients/python/client.py",
                "tests/clients/python/people.py",
                "tests/clients/python/grants.py",
                "tests/clients/python/resource_server.py",
            ],
        ),
        ("rust", &["tests/tests/real_clients/oauth2_crate.rs"]),
    ];
    for (language, paths) in sources {
        let source: String = paths.iter().map(|path| fs::read_to_string(root().join(path)).expect("a file")).collect();
        // Between imports and functions the guide may leave something out; inside of one it may not.
        for part in blocks(language).iter().flat_map(|block| block.split("\n\n\n")) {
            assert!(source.contains(part.trim()), "{paths:?} have no\n{part}");
        }
    }
}

#[test]
fn the_shell_lines_of_the_guide_work_as_they_stand() {
    let dev = scene();
    let client = register(&dev, "client_secret_basic", None);
    let script = format!("set -euo pipefail\n{}", blocks("sh").concat());
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).env("ISSUER", dev.issuer()).env("CA", dev.info["ca_file"].as_str().expect("a path"));
    bash.env("CLIENT_ID", &client.client_id).env("CLIENT_SECRET", client.client_secret.expect("a secret"));
    bash.env("RESOURCE", RESOURCE).env("SCOPE", SCOPE);
    let output = run("the guide", &mut bash);
    let text = String::from_utf8_lossy(&output.stdout);
    for expected in
        ["\"token_endpoint\"", "\"keys\"", "\"active\":true", "\"active\":false", "invalid_scope", "304", "registration_client_uri"]
    {
        assert!(text.contains(expected), "no {expected} in\n{text}");
    }
    let active = text.find("\"active\":true");
    assert!(active < text.find("\"active\":false"), "revoked after it was active\n{text}");
}
