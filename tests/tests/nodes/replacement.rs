//! A plugin is replaced, back and forth, while tokens are issued on two nodes.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use claimsmith_store::testing::TestDatabase;
use claimsmith_tests::serve::{Node, Site};
use claimsmith_tests::{Registered, Variant, decode_with, marker, wait_for};
use reqwest::Method;
use serde_json::{Value, json};

use super::FRESHNESS;

const NAME: &str = "swap";

/// What the load may expect of a token that it asks for now.
struct Stage {
    /// Counts the changes.
    epoch: AtomicUsize,
    /// The only version that a node may run, once it must have seen the change.
    settled: [Mutex<Option<Variant>>; 2],
    /// Id of each token and the version its claims are of.
    tokens: Mutex<BTreeMap<String, Variant>>,
    done: AtomicBool,
}

struct Versions<'a> {
    admin: &'a Node<'a>,
    digests: BTreeMap<u32, String>,
}

impl Versions<'_> {
    fn push(&mut self, variant: Variant) {
        self.digests.insert(variant.0, self.admin.push(NAME, marker(variant)));
    }

    fn activate(&self, variant: Variant) {
        self.admin.activate(NAME, &self.digests[&variant.0]);
    }

    fn rollback(&self) {
        let reply = self.admin.admin(Method::POST, &format!("/plugins/{NAME}/rollback"), None);
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

impl Stage {
    fn new() -> Self {
        let (epoch, done) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { epoch, settled: [Mutex::new(None), Mutex::new(None)], tokens: Mutex::default(), done }
    }

    fn settle(&self, node: usize, variant: Option<Variant>) {
        *self.settled[node].lock().expect("not poisoned") = variant;
    }

    fn settled(&self, node: usize) -> Option<Variant> {
        *self.settled[node].lock().expect("not poisoned")
    }

    /// Asks a node for tokens until the test is over. Every request succeeds, and every token is of one version.
    fn load(&self, number: usize, node: &Node<'_>, client: &Registered, jwks: &str) {
        while !self.done.load(Ordering::Relaxed) {
            // Invariant: the epoch before what it settles; `change` unsettles before it begins a new one.
            let epoch = self.epoch.load(Ordering::SeqCst);
            let before = self.settled(number);
            let claims = decode_with(jwks, &node.token(client, "").okt()).claims;
            let variant = [Variant(1), Variant(2)].into_iter().find(|variant| variant.made(&claims));
            let variant = variant.unwrap_or_else(|| panic!("a token of no version or of two: {claims:?}"));
            if let Some(expected) = before
                && self.epoch.load(Ordering::SeqCst) == epoch
            {
                assert_eq!(variant, expected, "node {number} still runs what was replaced");
            }
            self.tokens.lock().expect("not poisoned").insert(claims["jti"].as_str().expect("an id").to_owned(), variant);
        }
    }

    /// One change: nothing may be expected while it is under way; then the node that was asked has it at once, and the
    /// other one within a second. A pause lets the load see so.
    fn change(&self, to: Variant, act: impl FnOnce(), dwell: bool) {
        self.settle(0, None);
        self.settle(1, None);
        self.epoch.fetch_add(1, Ordering::SeqCst);
        act();
        self.settle(0, Some(to));
        if dwell {
            std::thread::sleep(FRESHNESS);
            self.settle(1, Some(to));
            let seen = self.tokens.lock().expect("not poisoned").len();
            wait_for("tokens of the new version", || {
                assert!(!self.done.load(Ordering::Relaxed), "a request failed, or its token was wrong");
                self.tokens.lock().expect("not poisoned").len() > seen + 20
            });
        }
    }
}

/// Stops the load however the test ends.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn plg_008_a_plugin_replaced_under_load_is_one_version_in_every_token_on_every_node() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("alice");
    // Time for a call is not what is asked about, and the machine may be busy.
    let patient = [("CLAIMSMITH_HOOKS__WALL", "30 s")];
    let nodes = [site.serve(&token, &patient), site.serve(&token, &patient)];
    let mut versions = Versions { admin: &nodes[0], digests: BTreeMap::new() };
    let (one, two) = (Variant(1), Variant(2));
    versions.push(one);
    versions.activate(one);
    let client = super::client(&nodes[0]);
    let binding = json!({ "plugin": NAME, "configuration": { "value": "same" }, "permissions": ["claim:marker_*"] });
    let reply = nodes[0].admin(Method::POST, &format!("/clients/{}/bindings", client.client_id), Some(&binding));
    assert_eq!(reply.status, 201, "{reply:?}");
    // Within the first second, the other node may know of the binding and not yet of the plugin.
    let runs = |node: &Node<'_>| {
        let reply = node.token(&client, "");
        reply.status == 200 && one.made(&node.decode(&reply.okt()).claims)
    };
    wait_for("the binding", || nodes.iter().all(runs));

    let (stage, jwks) = (Stage::new(), nodes[0].get("/oauth2/jwks").body);
    std::thread::scope(|scope| {
        let _ends = Ends(&stage.done);
        for (number, node) in nodes.iter().enumerate() {
            for _ in 0..3 {
                let (stage, client, jwks) = (&stage, &client, &jwks);
                scope.spawn(move || {
                    // A failure must end the test, not leave it waiting for tokens.
                    let _ends = Ends(&stage.done);
                    stage.load(number, node, client, jwks);
                });
            }
        }
        // Uploaded under load, as an operator would.
        versions.push(two);
        assert_ne!(versions.digests[&1], versions.digests[&2]);
        for round in 0..4 {
            stage.change(two, || versions.activate(two), true);
            if round % 2 == 0 {
                stage.change(one, || versions.rollback(), true);
            } else {
                stage.change(one, || versions.activate(one), true);
            }
        }
        for _ in 0..20 {
            stage.change(two, || versions.activate(two), false);
            stage.change(one, || versions.activate(one), false);
        }
        stage.change(two, || versions.activate(two), true);
    });
    records_agree(&nodes[0], &stage, &versions.digests);
}

/// Every token's issuance record names the one version that its claims are of.
fn records_agree(node: &Node<'_>, stage: &Stage, digests: &BTreeMap<u32, String>) {
    let tokens = stage.tokens.lock().expect("not poisoned");
    for variant in [1, 2] {
        assert!(tokens.values().any(|held| held.0 == variant), "both versions were in use");
    }
    let mut records = BTreeMap::new();
    wait_for("a record of every token", || {
        records = issuance(node);
        tokens.keys().all(|id| records.contains_key(id))
    });
    for (id, variant) in &*tokens {
        let (record, digest) = (&records[id], &digests[&variant.0]);
        assert_eq!(record["plugins"], json!([digest]), "{variant:?}: {record}");
        let sources = record["claims"].as_object().expect("claims and who set them");
        assert!(sources.len() == 4 && sources.values().all(|source| source == digest.as_str()), "{record}");
    }
}

/// All issuance records by token id.
fn issuance(node: &Node<'_>) -> BTreeMap<String, Value> {
    let (mut records, mut after) = (BTreeMap::new(), String::new());
    loop {
        let reply = node.admin(Method::GET, &format!("/audit/tokens?limit=500{after}"), None);
        assert_eq!(reply.status, 200, "{reply:?}");
        let page = reply.json();
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
        records.extend(items.iter().filter_map(|item| Some((item["token_id"].as_str()?.to_owned(), item.clone()))));
        let Some(next) = page["next"].as_str() else { return records };
        after = format!("&after={}", claimsmith_tests::encode(next));
    }
}
