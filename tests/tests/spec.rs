//! The requirements, each with the tests that hold it: `docs/spec/` is generated from `items.tsv` and the names of the tests.
//!
//! `UPDATE_DOCS=1 cargo test -p claimsmith-tests --test spec` writes the pages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The groups in the order of a request's way, with their titles.
const GROUPS: &[(&str, &str)] = &[
    ("NET", "Transport and HTTP"),
    ("TOK", "The token endpoint"),
    ("AUZ", "The authorization endpoint"),
    ("HYB", "Tokens through the browser"),
    ("JRM", "Signed responses (JARM)"),
    ("REQ", "Request objects (JAR)"),
    ("PAR", "Pushed requests"),
    ("RAR", "Authorization details"),
    ("OAR", "What OpenID Connect adds to a request"),
    ("COD", "Authorization codes"),
    ("PKC", "Challenges and verifiers of codes (PKCE)"),
    ("DEV", "Devices"),
    ("CIB", "Requests at the backchannel (CIBA)"),
    ("ROP", "The password grant"),
    ("JWB", "The JWT bearer grant"),
    ("IDJ", "Identity assertions (ID-JAG)"),
    ("TXN", "Transaction tokens"),
    ("TEX", "Token exchange"),
    ("RFT", "Refresh tokens"),
    ("CLC", "Client credentials"),
    ("CAU", "Client authentication: secrets and none"),
    ("CAJ", "Client authentication: assertions"),
    ("ABC", "Clients that an attester vouches for"),
    ("DPO", "Tokens bound to a key"),
    ("MTL", "Certificates of clients, and tokens bound to them"),
    ("BEA", "Bearer tokens at our own resource"),
    ("JBP", "JSON Web Tokens, wherever we read one"),
    ("JAT", "Self-contained access tokens"),
    ("RES", "Resource indicators"),
    ("INT", "Introspection"),
    ("REV", "Revocation"),
    ("DCR", "Clients that register themselves"),
    ("CIM", "Clients that describe themselves"),
    ("DIS", "Discovery"),
    ("KEY", "Keys and their lives"),
    ("IDT", "ID tokens"),
    ("CLM", "Claims and userinfo"),
    ("SUB", "Subjects"),
    ("LGO", "Signing out"),
    ("BCL", "Telling clients: logout tokens"),
    ("FCL", "Telling clients: framed pages"),
    ("STP", "Stepping up"),
    ("FAP", "The security profile of FAPI 2.0"),
    ("FMS", "Message signing of FAPI 2.0"),
    ("SEC", "Security across everything"),
    ("O21", "What OAuth 2.1 changes"),
    ("PLG", "Plugins"),
];

/// Where clause tests stand.
const PLACES: [&str; 4] = ["server", "plugin-sdk", "plugins", "tests"];

/// Folders of things that were built or fetched.
const NOT_OURS: [&str; 4] = ["target", "node_modules", "var", ".git"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A requirement: one row of `items.tsv`.
struct Item {
    id: String,
    force: String,
    status: String,
    wording: String,
    source: String,
}

impl Item {
    fn is_due(&self) -> bool {
        self.force == "M" && self.status == "applies"
    }

    fn group(&self) -> &str {
        &self.id[..3]
    }
}

fn items() -> Vec<Item> {
    let parse = |line: &str| {
        let [id, force, status, wording, source] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("not five columns: {line}") };
        let item = Item { id: id.into(), force: force.into(), status: status.into(), wording: wording.into(), source: source.into() };
        assert!(GROUPS.iter().any(|(group, _)| *group == item.group()), "{id} is of no group");
        assert!(["M", "S", "O", "D"].contains(&force) && ["applies", "later", "not-ours"].contains(&status), "{line}");
        assert!(wording.ends_with('.') && !wording.contains('|') && !source.is_empty(), "{line}");
        item
    };
    let items: Vec<Item> = read("docs/spec/items.tsv").lines().skip(1).map(parse).collect();
    let ids: BTreeSet<_> = items.iter().map(|item| &item.id).collect();
    assert_eq!(ids.len(), items.len(), "an id stands twice in items.tsv");
    items
}

/// The requirements that nothing tests yet, each with the reason.
fn untested() -> BTreeMap<String, String> {
    let rows = read("docs/spec/untested.txt");
    let rows = rows.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| {
        line.split_once(' ').map(|(id, reason)| (id.to_owned(), reason.trim().to_owned())).unwrap_or_else(|| panic!("{line} has no reason"))
    })
    .collect()
}

/// The ids in a test's name: `caj_005_006_the_audience` is about CAJ-005 and CAJ-006, `res_005_and_jat_005_without` about
/// RES-005 and JAT-005, `lifetimes_are_clamped` about none.
fn ids_of(name: &str) -> Vec<String> {
    let is_number = |word: &str| word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_group = |word: &str| word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !is_number(word);
    let words: Vec<&str> = name.split('_').collect();
    let (mut ids, mut group, mut at) = (Vec::new(), None, 0);
    while at < words.len() {
        let next = words.get(at + 1).copied().unwrap_or_default();
        match words[at] {
            "and" if !ids.is_empty() => {}
            word if is_group(word) && is_number(next) => group = Some(word.to_uppercase()),
            word if is_number(word) && group.is_some() => ids.extend(group.iter().map(|group| format!("{group}-{word}"))),
            _ => break,
        }
        at += 1;
    }
    ids
}

fn rust_files() -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), PLACES.map(|place| root().join(place)).to_vec());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                folders.push(path);
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The names of the tests in a file: functions below `#[test]` or `#[tokio::test]` that are not ignored.
fn tests_in(text: &str) -> Vec<&str> {
    let (mut found, mut is_test, mut in_attribute) = (Vec::new(), false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") || in_attribute {
            is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
            is_test &= !line.starts_with("#[ignore");
            in_attribute = !line.ends_with(']');
        } else if !line.is_empty() && !line.starts_with("//") {
            let name =
                line.trim_start_matches("pub ").trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            found.extend(name.filter(|_| is_test));
            is_test = false;
        }
    }
    found
}

/// Id → the tests that are named after it, each as `path::name`.
fn tests() -> BTreeMap<String, Vec<String>> {
    let mut tests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in rust_files() {
        let text = fs::read_to_string(&path).expect("text");
        let place = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        for name in tests_in(&text) {
            for id in ids_of(name) {
                tests.entry(id).or_default().push(format!("{place}::{name}"));
            }
        }
    }
    tests
}

fn page(title: &str, items: &[&Item], tests: &BTreeMap<String, Vec<String>>, untested: &BTreeMap<String, String>) -> String {
    let mut page =
        format!("# {title}\n\nGenerated from [items.tsv](items.tsv) and the names of the tests; see [README.md](README.md).\n\n");
    page.push_str("| Id | Force | Requirement | Source | Status | Tests |\n|---|---|---|---|---|---|\n");
    for item in items {
        let tests = match (tests.get(&item.id), untested.get(&item.id)) {
            (Some(tests), _) => tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join("<br>"),
            (None, Some(reason)) => format!("none: {reason}"),
            (None, None) => "–".to_owned(),
        };
        let Item { id, force, status, wording, source } = item;
        let _ = writeln!(page, "| {id} | {force} | {wording} | {source} | {status} | {tests} |");
    }
    page
}

fn front_page(items: &[Item], tests: &BTreeMap<String, Vec<String>>) -> String {
    let mut page = String::from(
        "# Requirements and their tests\n\n\
         What the specifications ask of this server, in our own words, and the tests that hold it to that. Force: M must,\n\
         S should, O optional. Status: `applies` to what this release does; `later` with the grants, pages and people that it\n\
         does not have yet; `not-ours` where the design decides otherwise. A test is named after its requirements\n\
         (`cau_001_…` holds CAU-001) and fails when the rule is taken away; [mutants.md](mutants.md) tells how that was tried.\n\n\
         The tables are generated from [items.tsv](items.tsv) and the names of the tests:\n\
         `UPDATE_DOCS=1 cargo test -p claimsmith-tests --test spec`. The same test fails when a page is out of date, when a test\n\
         names a requirement that is not listed, and when a must that applies has no test and no reason in\n\
         [untested.txt](untested.txt).\n\n\
         | Group | | Listed | Apply | Musts that apply | of them tested | Later | Not ours |\n|---|---|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut row = |name: &str, title: &str, items: &[&Item]| {
        let count = |holds: &dyn Fn(&Item) -> bool| items.iter().filter(|item| holds(item)).count();
        let by_status = |status: &str| count(&|item| item.status == status);
        let tested = count(&|item| item.is_due() && tests.contains_key(&item.id));
        let (due, apply) = (count(&Item::is_due), by_status("applies"));
        let (later, not_ours) = (by_status("later"), by_status("not-ours"));
        let _ = writeln!(page, "| {name} | {title} | {} | {apply} | {due} | {tested} | {later} | {not_ours} |", items.len());
    };
    for &(group, title) in GROUPS {
        let of_group: Vec<&Item> = items.iter().filter(|item| item.group() == group).collect();
        row(&format!("[{group}]({group}.md)"), title, &of_group);
    }
    row("", "All", &items.iter().collect::<Vec<_>>());
    page
}

fn pages() -> BTreeMap<String, String> {
    let (items, tests, untested) = (items(), tests(), untested());
    let mut pages = BTreeMap::from([("README.md".to_owned(), front_page(&items, &tests))]);
    for &(group, title) in GROUPS {
        let of_group: Vec<&Item> = items.iter().filter(|item| item.group() == group).collect();
        pages.insert(format!("{group}.md"), page(&format!("{group}: {title}"), &of_group, &tests, &untested));
    }
    pages
}

#[test]
fn pages_are_up_to_date() {
    for (name, page) in pages() {
        let path = format!("docs/spec/{name}");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(root().join(&path), &page).expect("a page written");
        }
        let is_current = fs::read_to_string(root().join(&path)).is_ok_and(|held| held == page);
        assert!(is_current, "{path} is out of date: UPDATE_DOCS=1 cargo test -p claimsmith-tests --test spec");
    }
}

#[test]
fn tests_name_requirements_that_are_listed() {
    let known: BTreeSet<String> = items().into_iter().map(|item| item.id).collect();
    let unknown: Vec<_> = tests().into_iter().filter(|(id, _)| !known.contains(id)).collect();
    assert!(unknown.is_empty(), "not in docs/spec/items.tsv: {unknown:?}");
}

#[test]
fn every_must_that_applies_has_a_test_or_a_reason() {
    let (items, tests, untested) = (items(), tests(), untested());
    let due: BTreeSet<&String> = items.iter().filter(|item| item.is_due()).map(|item| &item.id).collect();
    let bare: Vec<_> = due.iter().filter(|id| !tests.contains_key(**id) && !untested.contains_key(**id)).collect();
    assert!(bare.is_empty(), "no test is named after {bare:?}");
    let tested: Vec<_> = untested.keys().filter(|id| tests.contains_key(*id)).collect();
    assert!(tested.is_empty(), "these have tests by now, remove them from docs/spec/untested.txt: {tested:?}");
    let strange: Vec<_> = untested.iter().filter(|(id, reason)| !due.contains(id) || reason.is_empty()).collect();
    assert!(strange.is_empty(), "in docs/spec/untested.txt, but no must that applies, or without a reason: {strange:?}");
}

#[test]
fn names_of_tests_are_read_as_they_are_meant() {
    let read = |name| ids_of(name).join(" ");
    assert_eq!(read("cau_001_basic_is_form_urlencoded_inside"), "CAU-001");
    assert_eq!(read("caj_005_006_007_the_audience_is_the_issuer"), "CAJ-005 CAJ-006 CAJ-007");
    assert_eq!(read("res_005_and_jat_005_without_resource"), "RES-005 JAT-005");
    assert_eq!(read("cau_009_and_010_secrets_expire_and_two_may_be_live"), "CAU-009 CAU-010");
    assert_eq!(read("caj_024_key_004_rsa_has_at_least_2048_bits"), "CAJ-024 KEY-004");
    assert_eq!(read("net_002_tls_1_2_takes_the_allowed_suites"), "NET-002");
    assert_eq!(read("lifetimes_are_clamped"), "");
    assert_eq!(read("the_cau_001"), "");
}

#[test]
fn only_tests_that_run_count() {
    let text = "#[test]\nfn one() {}\n\nfn helper() {}\n\n#[tokio::test(\n    start_paused = true\n)]\n// why\nasync fn two() {}\n\n#[test]\n#[ignore = \"slow\"]\nfn three() {}\n";
    assert_eq!(tests_in(text), ["one", "two"]);
}
