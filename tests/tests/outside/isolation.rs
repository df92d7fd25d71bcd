//! Many clients, many plugins, many configurations: each gets its own claims, and a change never shows half.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use crate::server;

/// PLG-006: clients with configurations of their own, all at once.
#[test]
fn plg_006_each_of_many_clients_gets_only_its_own_claims() {
    const CLIENTS: usize = 100;
    let path = claimsmith_tests::plugin("tenant-claims");
    for number in 0..5 {
        let name = format!("many-{number}");
        let pushed = server().command_json(&["plugin", "push", path.to_str().expect("a path"), "--name", &name]);
        server().command_json(&["plugin", "activate", &name, pushed["digest"].as_str().expect("a digest")]);
    }
    let register = |number: usize| {
        let client = server().register_basic("read");
        let binding = json!({
            "plugin": format!("many-{}", number % 5),
            "configuration": { "claims": { "org": format!("org-{number}") } },
            "permissions": ["claim:org"],
        });
        assert_eq!(server().admin_post(&format!("/clients/{}/bindings", client.client_id), &binding).status, 201);
        client
    };
    let clients: Vec<_> = (0..CLIENTS).map(register).collect();
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let clients = &clients;
            scope.spawn(move || {
                for round in 0..3 {
                    for (number, client) in clients.iter().enumerate().skip(worker).step_by(8) {
                        let claims = server().decode(&server().token(client, "").okt()).claims;
                        assert_eq!(claims["org"], format!("org-{number}"), "round {round}");
                    }
                }
            });
        }
    });
}

/// PLG-008: while versions change under load no request fails and none mixes them.
#[test]
fn plg_008_while_a_plugin_is_replaced_no_request_fails_and_none_mixes_versions() {
    let dev = claimsmith_tests::Dev::start_with(&["--no-demo"], &[]);
    let mut digests = Vec::new();
    // Two versions that set the same two claims from the same configuration, told apart by the audit's digest alone, would
    // prove little: so the versions are two bindings' configurations, switched by one change.
    let path = claimsmith_tests::plugin("tenant-claims");
    let pushed = dev.command_json(&["plugin", "push", path.to_str().expect("a path"), "--name", "swap"]);
    digests.push(pushed["digest"].as_str().expect("a digest").to_owned());
    dev.command_json(&["plugin", "activate", "swap", &digests[0]]);
    let client = dev.register_basic("read");
    let both = |value: &str| json!({ "claims": { "first": value, "second": value } });
    let binding = json!({ "plugin": "swap", "configuration": both("0"), "permissions": ["claim:first", "claim:second"] });
    let created = dev.admin_post(&format!("/clients/{}/bindings", client.client_id), &binding);
    assert_eq!(created.status, 201, "{}", created.body);
    let id = created.json()["id"].as_i64().expect("a number");
    let (done, seen) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let claims = dev.decode(&dev.token(&client, "").okt()).claims;
                    assert_eq!(claims["first"], claims["second"], "a token of two versions");
                    seen.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 1..=20 {
            let patch = json!({ "configuration": both(&number.to_string()) });
            let headers = [("content-type", "application/merge-patch+json"), ("if-match", "*")];
            let reply = dev.admin(reqwest::Method::PATCH, &format!("/bindings/{id}"), &headers, patch.to_string().into_bytes());
            if reply.status != 200 {
                done.store(true, Ordering::Relaxed);
                panic!("{}", reply.body);
            }
            let again = dev.command(&["plugin", "activate", "swap", &digests[0]]);
            assert!(again.status.code().is_some());
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(seen.load(Ordering::Relaxed) > 20);
    assert_eq!(dev.decode(&dev.token(&client, "").okt()).claims["first"], "20");
}
