//! What people do for themselves: where they are signed in, what has access, and what they sign in with.

use std::time::{SystemTime, UNIX_EPOCH};

use claimsmith_tests::{Dev, Person, Reply, encode, hidden, root};
use reqwest::Method;
use serde_json::{Value, json};

use super::code_flow::{app, code, is_active, redeem, refresh, refresh_token};
use crate::server;

const PASSWORD: &str = "a long enough password";
const PLACES: [&str; 7] = ["", "/sessions", "/apps", "/password", "/passkeys", "/authenticator", "/recovery-codes"];

/// Somebody new, and their id.
fn somebody(username: &str) -> (Person, String) {
    let created = server().admin_post("/users", &json!({ "username": username, "password": PASSWORD }));
    assert_eq!(created.status, 201, "{created:?}");
    let id = created.json()["user_id"].as_str().expect("an id").to_owned();
    (Person::new(server(), username, PASSWORD), id)
}

/// The URL of a page of the account.
fn at(page: &str) -> String {
    format!("{}/account{page}", server().issuer())
}

/// The name of a page.
fn name(page: &Reply) -> &str {
    let rest = page.body.split("id=\"page-").nth(1).unwrap_or_else(|| panic!("no page: {page:?}"));
    rest.split('"').next().unwrap_or_default()
}

/// A page of the account, on which the person is signed in.
fn open(person: &Person, path: &str) -> Reply {
    let page = person.go(&at(path)).page();
    let page = if name(&page) == "sign_in" { person.sign_in(&page).page() } else { page };
    assert_eq!(page.status, 200, "{page:?}");
    page
}

fn submit(person: &Person, page: &Reply, fields: &[(&str, &str)]) -> Reply {
    person.submit(page, fields).page()
}

/// What was done, as the page says it.
fn notice(page: &Reply) -> bool {
    page.body.contains("id=\"notice\"")
}

fn sql(statement: &str) {
    let url = server().info["database_url"].as_str().expect("a URL");
    let status = std::process::Command::new("psql").args([url, "--quiet", "--command", statement]).status();
    assert!(status.expect("psql").success(), "{statement}");
}

/// Their sign-ins are an hour ago.
fn was_long_ago(id: &str) {
    sql(&format!("UPDATE sessions SET authenticated_at = authenticated_at - interval '1 hour' WHERE user_id = '{id}'"));
}

/// What the audit says that somebody did themselves.
fn audited(id: &str) -> Vec<String> {
    let reply = server().admin(Method::GET, &format!("/audit?actor={id}&limit=100"), &[], Vec::new());
    assert_eq!(reply.status, 200, "{reply:?}");
    let items = reply.json()["items"].as_array().expect("items").clone();
    let mut actions: Vec<String> = items
        .iter()
        .filter(|item| item["actor"] == *id && item["key"] == *id)
        .map(|item| item["action"].as_str().expect("an action").to_owned())
        .collect();
    actions.sort();
    actions
}

/// The code of an app with this secret (RFC 6238), of a step of 30 s from now.
#[allow(clippy::disallowed_methods, reason = "an app has a clock of its own")]
fn totp(secret: &str, from_now: i64) -> String {
    let mut bits = String::new();
    for letter in secret.chars().filter(|letter| !letter.is_whitespace()) {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).expect("base32");
        bits.push_str(&format!("{value:05b}"));
    }
    let bytes = bits.as_bytes().chunks_exact(8).map(|byte| std::str::from_utf8(byte).expect("ASCII"));
    let key: Vec<u8> = bytes.map(|byte| u8::from_str_radix(byte, 2).expect("bits")).collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let step = (i64::try_from(now).expect("a time") / 30 + from_now).to_be_bytes();
    let key = openssl::pkey::PKey::hmac(&key).expect("a key");
    let mut signer = openssl::sign::Signer::new(openssl::hash::MessageDigest::sha1(), &key).expect("a signer");
    let mac = signer.sign_oneshot_to_vec(&step).expect("a MAC");
    let at = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes([mac[at] & 127, mac[at + 1], mac[at + 2], mac[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

#[test]
fn who_comes_by_themselves_signs_in_and_reaches_every_page() {
    let (person, _) = somebody("account-comes");
    let page = person.go(&at("")).page();
    assert_eq!(name(&page), "sign_in");
    assert!(!page.body.contains("id=\"client\""), "there is no client: {page:?}");
    let wrong = submit(&person, &page, &[("identifier", "account-comes"), ("password", "not it"), ("action", "password")]);
    assert!(name(&wrong) == "sign_in" && wrong.body.contains("id=\"complaints\""), "{wrong:?}");
    assert_eq!(name(&person.sign_in(&wrong).page()), "account");
    for (path, expected) in PLACES.iter().zip(["account", "sessions", "apps", "password", "passkeys", "authenticator", "recovery_codes"]) {
        assert_eq!(name(&open(&person, path)), expected);
    }
    let (stranger, _) = somebody("account-stranger");
    for (path, expected) in PLACES.iter().zip(["sign_in"; 7]) {
        let page = stranger.go(&at(path)).page();
        assert_eq!(name(&page), expected, "{path}");
    }
    // Each leads back to where they wanted to go.
    let page = stranger.go(&at("/apps")).page();
    assert_eq!(name(&stranger.sign_in(&page).page()), "apps");
}

#[test]
fn who_does_not_want_to_sign_in_is_not() {
    let (person, _) = somebody("account-cancels");
    let page = person.go(&at("/sessions")).page();
    assert_eq!(name(&submit(&person, &page, &[("action", "cancel")])), "signed_out");
    let again = person.sign_in(&page).page();
    assert_eq!(again.status, 400, "the way is over: {again:?}");
    let page = person.go(&at("/sessions")).page();
    let forged = submit(&person, &page, &[("action", "allow")]);
    assert!(name(&forged) != "sessions", "nothing is agreed to on this way: {forged:?}");
}

#[test]
fn no_change_without_a_recent_sign_in() {
    let (person, id) = somebody("account-recent");
    let pages: Vec<Reply> = PLACES.iter().map(|path| open(&person, path)).collect();
    let csrf = hidden(&pages[1].body, "csrf").expect("a token");
    was_long_ago(&id);
    assert_eq!(name(&open_unsigned(&person, "")), "account", "looking needs none");
    for path in ["/password", "/passkeys", "/authenticator", "/recovery-codes"] {
        assert_eq!(name(&open_unsigned(&person, path)), "reauthenticate", "{path}");
    }
    let changes: [(usize, &[(&str, &str)]); 6] = [
        (1, &[("action", "end_all")]),
        (2, &[("action", "revoke"), ("client", "demo")]),
        (
            3,
            &[
                ("action", "change"),
                ("password", PASSWORD),
                ("new_password", "another one of them"),
                ("repeat_password", "another one of them"),
            ],
        ),
        (4, &[("action", "remove"), ("passkey", "AAAA")]),
        (5, &[("action", "begin")]),
        (6, &[("action", "new")]),
    ];
    for (place, fields) in changes {
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("&{name}={}", encode(value))).collect();
        let form = format!("csrf={}{}", encode(&csrf), fields.concat());
        let page = person.follow(person.post(&at(PLACES[place]), &form)).page();
        assert_eq!(name(&page), "reauthenticate", "{form}");
        assert!(!page.body.contains("id=\"another\""), "nobody else changes this account: {page:?}");
    }
    assert!(audited(&id).is_empty(), "{:?}", audited(&id));
    let page = submit(&person, &pages[6], &[("action", "new")]);
    let back = submit(&person, &page, &[("password", PASSWORD), ("action", "password")]);
    assert_eq!(name(&back), "recovery_codes");
    assert!(submit(&person, &back, &[("action", "new")]).body.contains("id=\"codes\""));
}

/// A page without signing in where that is asked for.
fn open_unsigned(person: &Person, path: &str) -> Reply {
    person.go(&at(path)).page()
}

#[test]
fn sec_003_a_form_counts_only_in_its_browser_and_session() {
    let ((person, id), (other, other_id)) = (somebody("account-forged"), somebody("account-forger"));
    let (own, foreign) = (open(&person, "/recovery-codes"), open(&other, "/recovery-codes"));
    let token = hidden(&foreign.body, "csrf").expect("a token");
    for csrf in [String::new(), format!("csrf={}&", encode(&token))] {
        let reply = person.post(&at("/recovery-codes"), &format!("{csrf}action=new"));
        assert_eq!((reply.status, name(&reply)), (403, "error"), "{reply:?}");
    }
    assert!(audited(&id).is_empty() && audited(&other_id).is_empty());
    assert!(submit(&person, &own, &[("action", "new")]).body.contains("id=\"codes\""));
    // What was done is said by us alone.
    let claimed = person.go(&format!("{}?done=password-changed&proof={}", at("/sessions"), encode(&token))).page();
    assert!(name(&claimed) == "sessions" && !notice(&claimed));
}

#[test]
fn sessions_are_seen_and_ended() {
    let (here, id) = somebody("account-sessions");
    let there = Person::new(server(), "account-sessions", PASSWORD);
    let third = Person::new(server(), "account-sessions", PASSWORD);
    for person in [&here, &there, &third] {
        open(person, "");
    }
    let page = open(&here, "/sessions");
    assert_eq!(page.body.matches("id=\"session-").count(), 3, "{page:?}");
    assert!(page.body.contains("(test)"));
    let ids: Vec<&str> = page.body.split("id=\"session-").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    // The first is this browser's.
    let ended = submit(&here, &page, &[("action", "end"), ("session", ids[1])]);
    assert!(notice(&ended) && ended.body.matches("id=\"session-").count() == 2, "{ended:?}");
    let gone = submit(&here, &page, &[("action", "end"), ("session", ids[1])]);
    assert!(name(&gone) == "sessions" && !notice(&gone));
    let (stranger, _) = somebody("account-sessions-stranger");
    let theirs = submit(&stranger, &open(&stranger, "/sessions"), &[("action", "end"), ("session", ids[0])]);
    assert!(!notice(&theirs));
    assert_eq!(name(&open_unsigned(&here, "")), "account", "nobody ends another's session");
    let others = submit(&here, &ended, &[("action", "end_others")]);
    assert!(notice(&others) && others.body.matches("id=\"session-").count() == 1, "{others:?}");
    for person in [&there, &third] {
        assert_eq!(name(&open_unsigned(person, "")), "sign_in");
    }
    assert_eq!(audited(&id), ["end_session", "end_sessions"]);
}

#[test]
fn sec_009_signing_out_everywhere_ends_every_session_and_what_came_of_it() {
    let (here, id) = somebody("account-everywhere");
    let there = Person::new(server(), "account-everywhere", PASSWORD);
    let client = app(server(), json!({}));
    let tokens = redeem(server(), &client, &code(server(), &there, &client, "&scope=openid+profile+read"), "");
    let token = tokens.okt();
    assert!(is_active(server(), &client, &token));
    let page = open(&here, "/sessions");
    assert_eq!(name(&submit(&here, &page, &[("action", "end_all")])), "signed_out");
    for person in [&here, &there] {
        assert_eq!(name(&open_unsigned(person, "")), "sign_in");
    }
    assert!(!is_active(server(), &client, &token));
    assert_eq!(audited(&id), ["end_sessions"]);
    // One's own alone, from the overview; however long ago the sign-in was.
    let overview = open(&here, "");
    was_long_ago(&id);
    assert_eq!(name(&submit(&here, &overview, &[("action", "sign_out")])), "signed_out");
    assert_eq!(name(&open_unsigned(&here, "")), "sign_in");
}

#[test]
fn access_is_seen_and_withdrawn() {
    let (person, id) = somebody("account-apps");
    let client = app(server(), json!({ "client_name": "Photo <b>Frame" }));
    let tokens = redeem(server(), &client, &code(server(), &person, &client, "&scope=openid+profile+offline_access"), "");
    let page = open(&person, "/apps");
    assert!(page.body.contains("Photo &lt;b&gt;Frame") && page.body.contains(&format!("id=\"revoke-{}\"", client.client_id)), "{page:?}");
    let (stranger, _) = somebody("account-apps-stranger");
    let csrf = hidden(&open(&stranger, "/sessions").body, "csrf").expect("a token");
    let form = format!("csrf={}&action=revoke&client={}", encode(&csrf), encode(&client.client_id));
    assert!(!notice(&stranger.follow(stranger.post(&at("/apps"), &form)).page()));
    let done = submit(&person, &page, &[("action", "revoke"), ("client", &client.client_id)]);
    assert!(notice(&done) && !done.body.contains("id=\"revoke-"), "{done:?}");
    refresh(server(), &client, &refresh_token(&tokens), "").err("invalid_grant");
    assert_eq!(audited(&id), ["withdraw_consent"]);
}

#[test]
fn tokens_of_an_app_are_seen_and_ended_one_by_one() {
    let (person, id) = somebody("account-grants");
    let client = app(server(), json!({ "client_name": "Two Windows" }));
    let issued = || redeem(server(), &client, &code(server(), &person, &client, "&scope=openid+profile+offline_access"), "");
    let (first, second) = (issued(), issued());
    let shown = server().admin(Method::GET, &format!("/users/{id}/grants"), &[], Vec::new()).json();
    let grant = |number: usize| shown["items"][number]["grant_id"].as_str().expect("an id").to_owned();
    let page = open(&person, "/apps");
    for number in 0..2 {
        assert!(page.body.contains(&format!("id=\"end-{}\"", grant(number))), "{page:?}");
    }
    let (stranger, _) = somebody("account-grants-stranger");
    let csrf = hidden(&open(&stranger, "/sessions").body, "csrf").expect("a token");
    let form = format!("csrf={}&action=end&grant={}", encode(&csrf), grant(1));
    assert!(!notice(&stranger.follow(stranger.post(&at("/apps"), &form)).page()));
    assert!([&first, &second].iter().all(|reply| is_active(server(), &client, &reply.okt())), "nobody ends what is somebody else's");
    let done = submit(&person, &page, &[("action", "end"), ("grant", &grant(1))]);
    assert!(notice(&done) && !done.body.contains(&grant(1)) && done.body.contains(&grant(0)), "{done:?}");
    // Which of the two it was, the list of one second does not say.
    let (ended, kept) = if is_active(server(), &client, &first.okt()) { (second, first) } else { (first, second) };
    assert!(!is_active(server(), &client, &ended.okt()));
    refresh(server(), &client, &refresh_token(&ended), "").err("invalid_grant");
    assert!(is_active(server(), &client, &kept.okt()), "the other is good");
    refresh(server(), &client, &refresh_token(&kept), "").okt();
    assert_eq!(audited(&id), ["end_grant"]);
}

#[test]
fn a_password_is_changed_by_who_knows_it() {
    let (person, id) = somebody("account-password");
    let other = Person::new(server(), "account-password", PASSWORD);
    open(&other, "");
    let page = open(&person, "/password");
    let new = "quite another password";
    let change = |present: &str, new: &str, again: &str| {
        let fields = [("password", present), ("new_password", new), ("repeat_password", again), ("action", "change")];
        submit(&person, &page, &fields)
    };
    for (present, chosen, again) in [
        ("not the password", new, new),
        (PASSWORD, new, "something else"),
        (PASSWORD, PASSWORD, PASSWORD),
        (PASSWORD, "short", "short"),
        (PASSWORD, "account-password", "account-password"),
        ("", new, new),
    ] {
        let refused = change(present, chosen, again);
        assert!(name(&refused) == "password" && refused.body.contains("id=\"complaints\""), "{present} {chosen} {again}: {refused:?}");
        assert!(!refused.body.contains(new), "no password is shown again");
    }
    assert!(audited(&id).is_empty());
    assert!(notice(&change(PASSWORD, new, new)));
    assert_eq!(name(&open_unsigned(&person, "")), "account", "this session stays");
    assert_eq!(name(&open_unsigned(&other, "")), "sign_in", "the others end");
    assert_eq!(name(&open(&other, "")), "sign_in", "and the old password with them");
    let renewed = Person::new(server(), "account-password", new);
    assert_eq!(name(&open(&renewed, "")), "account");
    assert_eq!(audited(&id).len(), 1);
}

#[test]
fn an_app_is_set_up_asked_for_and_removed() {
    let (person, id) = somebody("account-totp");
    let page = submit(&person, &open(&person, "/authenticator"), &[("action", "begin")]);
    assert!(page.body.contains("id=\"qr\""), "{page:?}");
    let secret = page.body.split("id=\"secret\"").nth(1).and_then(|rest| rest.split(['>', '<']).nth(1)).expect("a secret").to_owned();
    let wrong = submit(&person, &page, &[("code", "00000a"), ("action", "enrol")]);
    assert!(wrong.body.contains("id=\"complaints\"") && wrong.body.contains(&secret), "{wrong:?}");
    assert!(audited(&id).is_empty());
    // Another person's browser cannot finish it.
    let (stranger, stranger_id) = somebody("account-totp-stranger");
    let flow = hidden(&page.body, "flow").expect("a flow");
    let theirs = open(&stranger, "/authenticator");
    let csrf = hidden(&theirs.body, "csrf").expect("a token");
    let form = format!("csrf={}&flow={flow}&code={}&action=enrol", encode(&csrf), totp(&secret, 0));
    stranger.post(&at("/authenticator"), &form);
    assert!(audited(&stranger_id).is_empty());
    let done = submit(&person, &wrong, &[("code", &totp(&secret, 0)), ("action", "enrol")]);
    assert!(notice(&done) && done.body.contains("id=\"remove\""), "{done:?}");
    // From now on the password is half of it.
    let elsewhere = Person::new(server(), "account-totp", PASSWORD);
    let half = open(&elsewhere, "");
    assert_eq!(name(&half), "second_factor");
    assert_eq!(name(&open_unsigned(&elsewhere, "")), "sign_in", "half a sign-in opens nothing");
    let half = open(&elsewhere, "");
    let inside = submit(&elsewhere, &half, &[("code", &totp(&secret, 1)), ("action", "code")]);
    assert_eq!(name(&inside), "account");
    let removed = submit(&person, &done, &[("action", "remove")]);
    assert!(notice(&removed) && removed.body.contains("id=\"begin\""), "{removed:?}");
    let codes = audited(&id);
    assert_eq!(codes.len(), 2, "set up and removed: {codes:?}");
}

#[test]
fn recovery_codes_are_shown_once_and_let_in_once() {
    let (person, id) = somebody("account-codes");
    let page = submit(&person, &open(&person, "/authenticator"), &[("action", "begin")]);
    let secret = page.body.split("id=\"secret\"").nth(1).and_then(|rest| rest.split(['>', '<']).nth(1)).expect("a secret").to_owned();
    submit(&person, &page, &[("code", &totp(&secret, 0)), ("action", "enrol")]);
    let fresh = submit(&person, &open(&person, "/recovery-codes"), &[("action", "new")]);
    let codes: Vec<&str> = fresh.body.split("<li><code>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(codes.len(), 10, "{fresh:?}");
    assert!(!open(&person, "/recovery-codes").body.contains(codes[0]));
    for (expected, attempt) in [("account", 1), ("recovery_code", 2)] {
        let browser = Person::new(server(), "account-codes", PASSWORD);
        let page = submit(&browser, &open(&browser, ""), &[("action", "recovery")]);
        let landed = submit(&browser, &page, &[("code", codes[0]), ("action", "recovery_code")]);
        assert_eq!(name(&landed), expected, "attempt {attempt}: {landed:?}");
    }
    assert_eq!(audited(&id).len(), 2);
}

#[test]
fn passkeys_are_named_and_removed_but_not_the_last_way_in() {
    let (person, id) = somebody("account-passkeys");
    let (stranger, stranger_id) = somebody("account-passkeys-stranger");
    open(&person, "");
    open(&stranger, "");
    for (key, owner) in [("\\x0101", &id), ("\\x0202", &id), ("\\x0303", &stranger_id)] {
        sql(&format!("INSERT INTO passkeys (credential_id, user_id, name, credential) VALUES ('{key}', '{owner}', 'Key', '{{}}')"));
    }
    let page = open(&person, "/passkeys");
    assert_eq!(page.body.matches("id=\"passkey-AQE\"").count(), 1, "{page:?}");
    let renamed = submit(&person, &page, &[("passkey", "AQE"), ("name", " Blue\u{7} <key> "), ("action", "rename")]);
    assert!(notice(&renamed) && renamed.body.contains("Blue &lt;key&gt;"), "{renamed:?}");
    for action in ["rename", "remove"] {
        let theirs = submit(&person, &page, &[("passkey", "AwM"), ("name", "Mine"), ("action", action)]);
        assert!(!notice(&theirs), "{action}: {theirs:?}");
    }
    assert!(open(&stranger, "/passkeys").body.contains("id=\"passkey-AwM\""));
    assert!(notice(&submit(&person, &page, &[("passkey", "AgI"), ("action", "remove")])));
    sql(&format!("UPDATE users SET password_hash = NULL, password_changed_at = NULL WHERE user_id = '{id}'"));
    let only = submit(&person, &page, &[("passkey", "AQE"), ("action", "remove")]);
    assert!(only.body.contains("id=\"complaints\"") && only.body.contains("id=\"passkey-AQE\""), "{only:?}");
    let refused = submit(&person, &page, &[("name", "New"), ("credential", "{}"), ("action", "add")]);
    assert!(refused.body.contains("id=\"complaints\""), "{refused:?}");
    assert_eq!(audited(&id), ["remove_passkey", "rename_passkey"]);
}

#[test]
fn the_pages_run_no_script_but_for_passkeys() {
    let (person, _) = somebody("account-pages");
    for path in PLACES {
        let page = open(&person, path);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && page.header("cache-control").contains("no-store"), "{page:?}");
        assert_eq!(page.body.contains("<script"), path == "/passkeys", "{path}");
    }
}

/// The account pages are a client to plugins; nobody can be it.
#[test]
fn no_client_can_be_the_account_pages() {
    let body: Value = json!({ "client_id": "claimsmith-account", "grant_types": ["client_credentials"] });
    let reply = server().admin_post("/clients", &body);
    assert_eq!((reply.status, reply.json()["field"].as_str()), (422, Some("client_id")), "{reply:?}");
}

/// Who is refused by a plugin at every client is refused here too.
#[test]
fn plg_001_plugins_bound_to_everything_judge_who_comes_by_themselves() {
    let dev = Dev::start();
    let component = std::fs::read(root().join("target/guests/every-hook.wasm")).expect("make guests");
    dev.install("every-hook", component);
    let alice = Person::alice(&dev);
    let home = format!("{}/account", dev.issuer());
    let binding = json!({ "plugin": "every-hook", "configuration": { "refuse": "access_denied" } });
    let bound = dev.admin_post("/all/bindings", &binding);
    assert_eq!(bound.status, 201, "{bound:?}");
    let refused = alice.sign_in(&alice.go(&home).page()).page();
    assert_eq!((refused.status, name(&refused)), (403, "error"), "{refused:?}");
    assert_eq!(name(&alice.go(&home).page()), "sign_in");
    let id = bound.json()["id"].to_string();
    let gone = dev.admin(Method::DELETE, &format!("/bindings/{}", id.trim_matches('"')), &[("if-match", "*")], Vec::new());
    assert_eq!(gone.status, 204, "{gone:?}");
    assert_eq!(name(&alice.sign_in(&alice.go(&home).page()).page()), "account");
    let metrics = claimsmith_tests::send(dev.http.get(format!("{}/metrics", dev.info["admin_url"].as_str().expect("a URL")))).body;
    for outcome in ["ok", "refused"] {
        assert!(metrics.contains(&format!("claimsmith_sign_ins_total{{method=\"password\",outcome=\"{outcome}\"}}")), "{metrics}");
    }
}
