//! Many clients, many plugins, many configurations, all at once: each gets its own claims and nobody else's.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use claimsmith_tests::{Dev, Registered, Variant, decode_with, marker};
use reqwest::Method;
use serde_json::{Value, json};

const CLIENTS: u32 = 1_000;
const PLUGINS: u32 = 50;
const ROUNDS: usize = 2;
/// Requests under way at a time.
const CONNECTIONS: usize = 32;

/// Does something for every number below an end, by several threads, in a random order.
fn for_each(end: u32, threads: usize, act: impl Fn(u32) + Sync) {
    let chance = RandomState::new();
    let mut order: Vec<u32> = (0..end).collect();
    order.sort_by_key(|number| chance.hash_one(number));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(number) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    act(*number);
                }
            });
        }
    });
}

/// Client `number` is bound to this plugin, which is this build of the marker.
const fn variant_of(number: u32) -> Variant {
    Variant(1 + number % PLUGINS)
}

fn name_of(variant: Variant) -> String {
    format!("marker-{}", variant.0)
}

/// Registers client `number` with metadata and a configuration of its own.
fn enrol(dev: &Dev, number: u32) -> Registered {
    let metadata = json!({ "marker": format!("metadata-{number}") });
    let client = dev.register(&json!({ "grant_types": ["client_credentials"], "scope": "read", "metadata": metadata }));
    let binding = json!({
        "plugin": name_of(variant_of(number)),
        "configuration": { "value": format!("configured-{number}") },
        "permissions": ["claim:marker_*"],
    });
    let reply = dev.admin_post(&format!("/clients/{}/bindings", client.client_id), &binding);
    assert_eq!(reply.status, 201, "{reply:?}");
    client
}

/// PLG-006: a thousand clients with fifty different components and a thousand configurations, in a random order, at once.
#[test]
fn plg_006_each_of_many_clients_gets_only_its_own_claims() {
    // Time is not what is asked about: on a busy machine a call may take longer than the default allows.
    let dev = Dev::start_with(&["--no-demo"], &[("CLAIMSMITH_HOOKS__WALL", "30 s")]);
    let digests = Mutex::new(BTreeSet::new());
    for_each(PLUGINS, 4, |number| {
        let variant = variant_of(number);
        let digest = dev.install(&name_of(variant), marker(variant));
        digests.lock().expect("not poisoned").insert(digest);
    });
    assert_eq!(digests.into_inner().expect("not poisoned").len(), PLUGINS as usize, "as many different components");

    let clients = Mutex::new(vec![None; CLIENTS as usize]);
    for_each(CLIENTS, 8, |number| {
        let client = enrol(&dev, number);
        clients.lock().expect("not poisoned")[number as usize] = Some(client);
    });
    let clients: Vec<Registered> = clients.into_inner().expect("not poisoned").into_iter().flatten().collect();
    assert_eq!(clients.len(), CLIENTS as usize);

    let jwks = dev.http.get(dev.url("jwks_uri")).send().expect("an answer").text().expect("text");
    let token_ids = Mutex::new(BTreeSet::new());
    for _ in 0..ROUNDS {
        for_each(CLIENTS, CONNECTIONS, |number| {
            let client = &clients[number as usize];
            let claims = decode_with(&jwks, &dev.token(client, "").okt()).claims;
            assert!(variant_of(number).made(&claims), "{number}: {claims:?}");
            assert_eq!(claims["marker_configured"], format!("configured-{number}"));
            assert_eq!(claims["marker_metadata"], format!("metadata-{number}"));
            assert_eq!((&claims["client_id"], &claims["sub"]), (&json!(client.client_id), &json!(client.client_id)));
            let markers = claims.keys().filter(|name| name.starts_with("marker_")).count();
            assert_eq!(markers, 4, "and nothing else: {claims:?}");
            let fresh = token_ids.lock().expect("not poisoned").insert(claims["jti"].as_str().map(str::to_owned));
            assert!(fresh, "a token of its own");
        });
    }
    no_record_names_another(&dev);
}

/// Each issuance record names one component, and that for every claim it set.
fn no_record_names_another(dev: &Dev) {
    let reply = dev.admin(Method::GET, "/audit/tokens?limit=100", &[], Vec::new());
    assert_eq!(reply.status, 200, "{reply:?}");
    let page = reply.json();
    let records = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    assert!(!records.is_empty());
    for record in records {
        let digest: &Value = &record["plugins"][0];
        assert_eq!(record["plugins"].as_array().map(Vec::len), Some(1), "{record}");
        let sources = record["claims"].as_object().expect("the claims and who set them");
        assert_eq!(sources.len(), 4, "{record}");
        assert!(sources.values().all(|source| source == digest), "{record}");
    }
}
