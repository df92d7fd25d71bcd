//! A plugin that never returns, under a flood: it harms its own client and nobody else.
//!
//! The circuit breaker is off here: it would end the flood's work after twenty faults, and what is asked is how the others
//! fare while the flood works.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use claimsmith_tests::{Dev, Registered, Reply, Variant, marker, send, wait_for};
use serde_json::{Value, json};

/// Requests of the slow plugin's client that are under way at any time.
const FLOOD: usize = 24;
/// Tokens that each of the others gets while it lasts.
const TOKENS: usize = 40;

fn bound(dev: &Dev, plugin: &str, limits: &Value, loops: bool) -> Registered {
    let client = dev.register_basic("read");
    let configuration = json!({ "value": client.client_id, "loops": loops });
    let binding = json!({ "plugin": plugin, "configuration": configuration, "permissions": ["claim:marker_*"], "limits": limits });
    let reply = dev.admin_post(&format!("/clients/{}/bindings", client.client_id), &binding);
    assert_eq!(reply.status, 201, "{reply:?}");
    client
}

/// What a request ends with whose plugin does not: its fault, or that too many of its kind are waiting.
fn is_documented(reply: &Reply) -> bool {
    match reply.status {
        500 => reply.err_with("server_error", 500),
        503 => reply.err_with("temporarily_unavailable", 503),
        _ => return false,
    }
    true
}

/// PLG-007: while a flood of calls that never return is under way, every request of every other client succeeds; the flood's
/// requests end with their error; and the server is as good as before.
#[test]
fn plg_007_a_slow_plugin_is_cut_off_and_stalls_nobody_else() {
    // Few may wait, so that it shows whether the rest is turned away; and there is so much time that on a busy machine
    // nothing ends for want of it but the calls that never return.
    let environment = [
        ("CLAIMSMITH_HOOKS__BREAKER_FAULTS", "0"),
        ("CLAIMSMITH_HOOKS__QUEUE", "4"),
        ("CLAIMSMITH_HOOKS__QUEUE_WAIT", "30 s"),
        ("CLAIMSMITH_HOOKS__FUEL", "100000000000"),
        ("CLAIMSMITH_HOOKS__WALL", "30 s"),
    ];
    let dev = Dev::start_with(&["--no-demo"], &environment);
    dev.install("slow", marker(Variant(1)));
    dev.install("quick", marker(Variant(2)));
    let slow = bound(&dev, "slow", &json!({ "milliseconds": 50 }), true);
    // One with a plugin of its own, one without any.
    let others = [bound(&dev, "quick", &json!({}), false), dev.register_basic("read")];

    let (stop, started) = (AtomicBool::new(false), AtomicUsize::new(0));
    let ended = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..FLOOD {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    started.fetch_add(1, Ordering::Relaxed);
                    let reply = dev.token(&slow, "");
                    ended.lock().expect("not poisoned").push(reply);
                }
            });
        }
        wait_for("the flood", || started.load(Ordering::Relaxed) >= FLOOD && !ended.lock().expect("not poisoned").is_empty());
        let served: Vec<_> = others
            .iter()
            .map(|client| {
                let dev = &dev;
                scope.spawn(move || (0..TOKENS).map(|_| dev.token(client, "").status).collect::<Vec<_>>())
            })
            .collect();
        let served: Vec<_> = served.into_iter().map(|thread| thread.join().expect("answers")).collect();
        stop.store(true, Ordering::Relaxed);
        for statuses in served {
            assert_eq!(statuses, [200; TOKENS], "of a client that has nothing to do with it");
        }
    });
    let ended = ended.into_inner().expect("not poisoned");
    assert_eq!(ended.len(), started.load(Ordering::Relaxed), "every request of the flood ended");
    assert!(ended.iter().all(is_documented), "{:?}", ended.iter().find(|reply| !is_documented(reply)));
    // Bounded: what can neither run nor wait is turned away at once, so both endings are seen.
    for status in [500, 503] {
        assert!(ended.iter().any(|reply| reply.status == status), "none ended with {status}");
    }
    dev.token(&slow, "").err_with("server_error", 500);
    let metrics = send(dev.http.get(format!("{}/metrics", dev.info["admin_url"].as_str().expect("a URL")))).body;
    for line in ["claimsmith_plugin_slow{plugin=\"slow\"} 1", "claimsmith_plugin_slow{plugin=\"quick\"} 0"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    for client in &others {
        dev.token(client, "").okt();
    }
}
