//! The rules of the house that no compiler checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Every file below a folder with this ending; what is built or generated is left out.
fn files(below: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(below)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = entry.file_name().expect("a name").to_string_lossy().into_owned();
            if entry.is_dir() && !["target", "node_modules", "var", ".git"].contains(&name.as_str()) {
                folders.push(entry);
            } else if name.ends_with(ending) {
                found.push(entry);
            }
        }
    }
    assert!(!found.is_empty(), "no {ending} below {below}");
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned()
}

/// Name of each crate of ours → its ordinary dependencies.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata =
        Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root()).output();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.expect("cargo metadata").stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let of = |package: &serde_json::Value| {
        let ordinary = package["dependencies"].as_array().expect("dependencies").iter().filter(|dependency| dependency["kind"].is_null());
        ordinary.map(|dependency| dependency["name"].as_str().expect("a name").to_owned()).collect()
    };
    packages.iter().map(|package| (package["name"].as_str().expect("a name").to_owned(), of(package))).collect()
}

#[test]
fn rooms_see_only_the_rooms_before_them() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("claimsmith-jose", &[][..]),
        ("claimsmith-protocol", &["jose"]),
        ("claimsmith-issuer", &["jose", "protocol"]),
        ("claimsmith-store", &["jose", "protocol", "issuer"]),
        ("claimsmith-hooks", &["jose", "protocol", "issuer"]),
        ("claimsmith-vault", &["jose", "protocol", "issuer"]),
        ("claimsmith", &["jose", "protocol", "issuer", "store", "hooks", "vault"]),
    ]);
    let dependencies = dependencies();
    for (name, allowed) in allowed {
        let ours = dependencies[name].iter().filter_map(|dependency| dependency.strip_prefix("claimsmith-"));
        let foreign: Vec<_> = ours.filter(|dependency| !allowed.contains(dependency)).collect();
        assert!(foreign.is_empty(), "{name} sees {foreign:?}");
    }
}

#[test]
fn guarded_libraries_stay_in_their_rooms() {
    let homes: [(&str, &[&str]); 10] = [
        ("diesel", &["claimsmith-store"]),
        ("r2d2", &["claimsmith-store"]),
        ("wasmtime", &["claimsmith-hooks"]),
        ("wasmparser", &["claimsmith-hooks"]),
        ("hyper", &["claimsmith"]),
        ("hyper-util", &["claimsmith"]),
        ("openssl", &["claimsmith-jose", "claimsmith-vault", "claimsmith"]),
        ("tokio", &["claimsmith-store", "claimsmith-hooks", "claimsmith"]),
        ("rand", &["claimsmith"]),
        ("getrandom", &["claimsmith-hooks", "claimsmith"]),
    ];
    for (name, dependencies) in dependencies() {
        if !name.starts_with("claimsmith")
            || ["claimsmith-tests", "claimsmith-bench", "claimsmith-plugin", "claimsmith-plugin-macros"].contains(&name.as_str())
        {
            continue;
        }
        for (library, homes) in homes {
            assert!(!dependencies.contains(library) || homes.contains(&name.as_str()), "{name} depends on {library}");
        }
    }
}

#[test]
fn in_the_shell_only_the_tls_file_speaks_openssl() {
    for path in files("server/shell/src", ".rs") {
        let name = relative(&path);
        let is_test = name.ends_with("/tests.rs");
        let is_tls = is_test || name == "server/shell/src/tls.rs" || name.starts_with("server/shell/src/tls/");
        let speaks = fs::read_to_string(&path).expect("text").contains("openssl::");
        assert!(is_tls || !speaks, "{name} uses openssl");
    }
}

#[test]
fn pure_rooms_ask_nobody_for_time_chance_or_files() {
    let forbidden =
        ["SystemTime::", "Instant::now", "std::fs", "std::net", "std::env", "std::process", "rand::", "tokio::", "async fn", ".await"];
    for room in ["jose", "protocol", "issuer"] {
        for path in files(&format!("server/{room}/src"), ".rs") {
            let text = fs::read_to_string(&path).expect("text");
            let code: String =
                text.split("#[cfg(test)]").next().unwrap_or_default().lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            // Who encrypts makes a key and a vector for each message.
            let code = if relative(&path) == "server/jose/src/jwe/content.rs" { code.replace("openssl::rand::", "") } else { code };
            let is_test = relative(&path).ends_with("tests.rs") || relative(&path).contains("/tests/");
            let found: Vec<_> = forbidden.iter().filter(|word| code.contains(**word)).collect();
            assert!(is_test || found.is_empty(), "{} uses {found:?}", relative(&path));
        }
    }
}

#[test]
fn sec_006_what_a_secret_exposes_is_compared_by_its_own_means_only() {
    for path in files("server", ".rs") {
        let (name, text) = (relative(&path), fs::read_to_string(&path).expect("text"));
        if name.ends_with("tests.rs") || name.contains("/tests/") {
            continue;
        }
        // One line, however a statement is broken; then its parts.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        for part in code.split([';', '{', '}', ',', '&', '|']) {
            let compares = part.contains(" == ") || part.contains(" != ") || part.contains(".eq(");
            assert!(!part.contains(".expose()") || !compares, "{name}: {part}");
        }
    }
}

#[test]
fn unsafe_stands_where_it_is_argued_for_and_nowhere_else() {
    let allowed = ["server/hooks/src/", "plugin-sdk/src/", "plugin-sdk/macros/src/"];
    for path in ["server", "plugins", "plugin-sdk", "tests/src", "tests/bench"].iter().flat_map(|below| files(below, ".rs")) {
        let name = relative(&path);
        let text = fs::read_to_string(&path).expect("text");
        let uses = text
            .lines()
            .any(|line| line.trim_start().starts_with("unsafe ") || line.contains("= unsafe {") || line.contains(" unsafe impl"));
        assert!(!uses || allowed.iter().any(|place| name.starts_with(place)), "{name} is unsafe");
        assert!(!uses || text.contains("SAFETY:"), "{name} does not say why it is sound");
    }
}

#[test]
fn modules_are_files_named_after_themselves() {
    for below in ["server", "plugin-sdk", "plugins", "tests/src"] {
        for path in files(below, ".rs") {
            assert_ne!(path.file_name().expect("a name"), "mod.rs", "{}", relative(&path));
        }
    }
}

#[test]
fn files_stay_readable() {
    for path in files("server", ".rs") {
        let lines = fs::read_to_string(&path).expect("text").lines().count();
        let is_test = relative(&path).contains("tests");
        assert!(is_test || lines <= 540, "{} has {lines} lines", relative(&path));
    }
    let walk = fs::read_to_string(root().join("server/shell/src/endpoints/token.rs")).expect("text");
    assert!(walk.lines().count() <= 90, "the walk no longer fits a screen: a room is missing");
}

#[test]
fn rooms_say_what_comes_in_and_what_they_must_never_know() {
    for room in ["jose", "protocol", "issuer", "store", "hooks", "vault", "shell"] {
        let text = fs::read_to_string(root().join(format!("server/{room}/src/lib.rs"))).expect("text");
        for line in ["Comes in", "Goes out", "May fail", "Must never know"] {
            assert!(text.contains(line), "server/{room}/src/lib.rs lacks `{line}`");
        }
    }
}

#[test]
fn migrations_go_both_ways() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("migrations")).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            seen += 1;
            for file in ["up.sql", "down.sql"] {
                let text = fs::read_to_string(entry.join(file)).unwrap_or_default();
                assert!(!text.trim().is_empty(), "{} lacks {file}", relative(&entry));
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn decisions_are_numbered_once() {
    let mut numbers = BTreeSet::new();
    for path in files("docs/decisions", ".md") {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let number = name.split('-').next().unwrap_or_default().to_owned();
        assert!(number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit()), "{name}");
        assert!(numbers.insert(number), "{name} has the number of another decision");
    }
}

#[test]
fn every_grant_has_its_file_its_tests_and_its_place_in_the_walk() {
    use std::fmt::Write;
    let grants = fs::read_to_string(root().join("server/protocol/src/grant.rs")).expect("text");
    let mut missing = String::new();
    for name in grants.lines().filter_map(|line| line.trim().strip_prefix("#[serde(rename = \"")).filter_map(|rest| rest.split('"').next())
    {
        let file = name.rsplit(':').next().unwrap_or(name).replace('-', "_");
        for path in [format!("server/issuer/src/grants/{file}.rs"), format!("server/issuer/src/grants/{file}/tests.rs")] {
            if !root().join(&path).exists() {
                let _ = writeln!(missing, "{path}");
            }
        }
    }
    assert!(missing.is_empty(), "missing:\n{missing}");
}

#[test]
fn messages_that_are_explained_are_messages_of_the_server() {
    let sources: String = files("server", ".rs").iter().map(|path| fs::read_to_string(path).expect("text")).collect();
    let page = fs::read_to_string(root().join("docs/troubleshoot.md")).expect("text");
    let mut seen = 0;
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let messages = row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2);
        for part in messages.flat_map(|message| message.split(['…', ';'])).map(str::trim).filter(|part| part.len() > 2) {
            seen += 1;
            assert!(sources.contains(part), "no source says `{part}`");
        }
    }
    assert!(seen > 30, "{seen}");
}
