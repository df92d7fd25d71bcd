//! `docs/grants.md`: its lines run as they stand, and the answers have the members that it shows.

use std::process::Command;

use claimsmith_tests::{Dev, binary, root};
use serde_json::Value;

use crate::wide;

/// Each section of the page with its fenced blocks, by language.
fn sections() -> Vec<(String, Vec<(String, String)>)> {
    let page = std::fs::read_to_string(root().join("docs/grants.md")).expect("the page");
    let mut sections = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default().to_owned();
        let fenced = section.split("\n```").skip(1).step_by(2);
        let blocks = fenced.filter_map(|block| block.split_once('\n')).map(|(language, text)| (language.to_owned(), text.to_owned()));
        sections.push((title, blocks.collect()));
    }
    sections
}

/// Runs lines as somebody does who sits in the folder of the development server.
fn run(dev: &Dev, lines: &str) -> String {
    let path = std::env::var("PATH").expect("a path");
    let binaries = binary().parent().expect("a folder").display().to_string();
    let lines = lines.replace("https://localhost:8443", dev.issuer());
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", &lines]).current_dir(dev.folder()).env("PATH", format!("{binaries}:{path}"));
    let output = command.output().expect("a shell");
    assert!(output.status.success(), "{lines}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn every_grant_of_the_page_works_as_it_stands() {
    let dev = wide();
    let sections = sections();
    assert!(sections.len() >= 2, "{sections:?}");
    for (title, blocks) in sections {
        let of = |wanted: &str| blocks.iter().filter(|(language, _)| language == wanted).map(|(_, text)| text.as_str()).collect::<Vec<_>>();
        let (lines, shown) = (of("sh"), of("json"));
        assert!(!lines.is_empty() && !shown.is_empty(), "{title} has lines and an answer");
        // What one block keeps in a variable the next may use.
        let said = run(dev, &lines.join("\n"));
        let answers: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        assert_eq!(answers.len(), shown.len(), "{title}: one answer for each that is shown: {said}");
        for (answer, shown) in answers.iter().zip(shown) {
            let shown: Value = serde_json::from_str(shown).unwrap_or_else(|error| panic!("{title}: {error}: {shown}"));
            for (name, value) in shown.as_object().expect("an object") {
                let held = answer.get(name).unwrap_or_else(|| panic!("{title}: no {name} in {answer}"));
                assert_eq!(std::mem::discriminant(held), std::mem::discriminant(value), "{title}: {name} in {answer}");
            }
        }
    }
}
