//! One run: parts, ladder, peer, in this order; at its end the table.

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::cpu::{self, is_quick, is_short};
use crate::ladder::admin::{Admin, Registered, basic, binding};
use crate::ladder::peer::Peer;
use crate::ladder::people::{CALLBACK, Grants, VERIFIER};
use crate::ladder::processes::{Dev, Door, Server, load, parts, start_load};
use crate::ladder::table::Table;
use crate::ladder::{least, median, plugins, say};
use crate::load::{Order, Plan, Report, Request};
use crate::parts::assertion::AssertionKey;
use crate::sample;

const TOKEN: &str = "/oauth2/token";
const INTROSPECT: &str = "/oauth2/introspect";
/// Rounds of the ladder: each rung once per round, so that noise meets all of them alike.
fn rounds() -> usize {
    if is_quick() { 1 } else { 5 }
}
/// Rounds of what is measured beside it.
fn few() -> usize {
    if is_quick() { 1 } else { 3 }
}
/// Different plugins, and clients bound to them.
fn plugins() -> usize {
    if is_quick() { 3 } else { 50 }
}
fn clients() -> usize {
    if is_quick() { 60 } else { 1_000 }
}
/// Clients of the larger population.
fn many() -> usize {
    if is_quick() { 200 } else { 10_000 }
}

/// Somebody who serves.
#[derive(Clone)]
struct Target {
    addr: String,
    host: String,
    pid: u32,
}

impl Target {
    fn of(server: &Server) -> Self {
        Self { addr: server.addr.clone(), host: server.host.clone(), pid: server.pid() }
    }

    /// The load's connections on these requests, for a second and a half.
    fn plan(&self, requests: Vec<Request>) -> Plan {
        Plan {
            addr: self.addr.clone(),
            host: self.host.clone(),
            pid: self.pid,
            h1: 32,
            h2: 4,
            count: 200_000,
            seconds: if is_quick() { 0.3 } else { 1.5 },
            warm_up: 500,
            rate: None,
            order: Order::Random,
            requests,
        }
    }

    /// CPU microseconds per request; every answer must be the right one.
    fn cost(&self, requests: &[Request]) -> f64 {
        sound(load(&self.plan(requests.to_vec()))).per_request()
    }
}

fn sound(report: Report) -> Report {
    assert_eq!(report.wrong, 0, "{}", report.first_wrong.unwrap_or_default());
    report
}

fn token(client: &Registered, status: u16) -> Request {
    Request::post("token", TOKEN, Some(client.basic()), sample::FORM, status)
}

fn exchange_form(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier={VERIFIER}")
}

/// What the bench holds while it runs.
struct Bench {
    dev: Dev,
    admin: Admin,
    target: Target,
    folder: tempfile::TempDir,
    root: std::path::PathBuf,
    parts: Value,
    table: Table,
}

/// Measures everything and writes the report.
///
/// # Panics
/// When something that is measured does not work.
pub fn run(root: &Path, report: &Path) {
    let begun = Instant::now();
    let component = std::fs::read(root.join("target/plugins/tenant-claims.wasm")).expect("target/plugins/tenant-claims.wasm: make plugins");
    say("Parts: desk, signatures, assertion, plugin");
    let path = root.join("target/plugins/tenant-claims.wasm");
    let parts = parts(&["loops", &path.display().to_string()]);
    say(&format!("{parts}"));
    say("Starting a server");
    let folder = tempfile::Builder::new().prefix("claimsmith-bench-").tempdir().expect("a folder");
    let dev = Dev::start(folder.path());
    let (admin, target) = (dev.admin(), Target::of(&dev.server));
    let mut bench = Bench { dev, admin, target, folder, root: root.to_owned(), parts, table: Table::default() };
    bench.table.plain("first start of `dev`: certificate, keys, database made", bench.dev.server.started_in.as_secs_f64() * 1e3, "ms");
    bench.populate(&component);
    // One stage alone, for who works on it: `BENCH_ONLY=people`.
    let only = std::env::var("BENCH_ONLY").ok();
    let wanted = |stage: &str| only.as_deref().is_none_or(|only| only == stage);
    if wanted("ladder") {
        bench.climb();
        if !is_short() {
            bench.algorithms();
            bench.methods();
        }
    }
    if wanted("load") {
        let clients = bench.the_load();
        bench.hostile(&clients);
    }
    if wanted("people") {
        bench.people();
    }
    if wanted("population") && !is_short() {
        bench.population();
    }
    bench.table.plain("this run", begun.elapsed().as_secs_f64(), "s");
    let text = bench.table.render(&machine());
    std::fs::create_dir_all(report.parent().expect("a folder")).expect("a folder");
    std::fs::write(report, &text).expect("the report");
    use std::io::Write;
    writeln!(std::io::stdout(), "{text}").expect("standard output");
}

impl Bench {
    fn part(&self, name: &str) -> f64 {
        self.parts.pointer(name).and_then(Value::as_f64).unwrap_or_else(|| panic!("no part {name}"))
    }

    fn populate(&mut self, component: &[u8]) {
        say(&format!("Uploading {} plugins", plugins()));
        let begun = Instant::now();
        for number in 0..plugins() {
            let number = u8::try_from(number).expect("few");
            self.admin.push(&format!("tenant-{number}"), plugins::numbered(component, number));
        }
        let each = begun.elapsed().as_secs_f64() * 1e3 / plugins() as f64;
        self.table.plain("upload of a plugin: inspected, compiled in a child, self-tested, activated", each, "ms");
    }

    /// The ladder, with one worker and with two; start and memory of the second node on the way.
    fn climb(&mut self) {
        say("A second node: it compiles what the database holds, then starts again");
        let first = Server::second(&self.dev, self.folder.path(), 1);
        self.table.plain(&format!("start of a new node that compiles {} plugins", plugins()), first.started_in.as_secs_f64() * 1e3, "ms");
        drop(first);
        let mut starts = Vec::new();
        let node = loop {
            let node = Server::second(&self.dev, self.folder.path(), 1);
            starts.push(node.started_in.as_secs_f64() * 1e3);
            if starts.len() == few() {
                break node;
            }
        };
        self.table.bound(&format!("start to ready, warm database and {} plugins", plugins()), 300.0, least(starts), "ms");
        std::thread::sleep(std::time::Duration::from_secs(1));
        let idle = cpu::resident(node.pid()) as f64 / 1048576.0;
        self.table.bound(&format!("resident memory, idle, {} plugins", plugins()), 60.0, idle, "MB");

        let plain = self.admin.register(&json!({}));
        let shaped = self.admin.register(&json!({ "bindings": [binding("tenant-0")] }));
        let tls = self.folder.path().join("var/tls");
        let doors = [1, 2].map(|workers| Door::open(workers, &tls));
        let doors = doors.each_ref().map(|door| Target { addr: door.addr.clone(), host: self.target.host.clone(), pid: door.pid });
        let (two, one) = (self.target.clone(), Target::of(&node));
        let refused = Request { body: sample::FORM.replace("orders%3Aread", "nothing"), status: 400, ..token(&plain, 400) };
        let rungs: [(&str, &Target, Request); 7] = [
            ("door1", &doors[0], token(&plain, 200)),
            ("door2", &doors[1], token(&plain, 200)),
            ("static", &two, Request::get("static", "/health/live")),
            ("auth", &two, refused),
            ("sign", &two, token(&plain, 200)),
            ("whole", &two, token(&shaped, 200)),
            ("whole1", &one, token(&shaped, 200)),
        ];
        say(&format!("The ladder: {} rungs, {} rounds", rungs.len(), rounds()));
        let mut costs: Vec<Vec<f64>> = vec![Vec::new(); rungs.len()];
        for _ in 0..rounds() {
            for (rung, held) in rungs.iter().zip(&mut costs) {
                held.push(rung.1.cost(std::slice::from_ref(&rung.2)));
            }
        }
        let best = |name: &str| {
            let index = rungs.iter().position(|rung| rung.0 == name).expect("a rung");
            least(costs[index].iter().copied())
        };
        let (desk, es256, plugin) = (self.part("/desk"), self.part("/sign/ES256"), self.part("/plugin"));
        let loops = desk + es256 + plugin;
        let whole = best("whole");
        self.table.at_most(
            "minted token, two workers: TLS, client_secret_basic, plugin, ES256; against the sum of its parts",
            1.25,
            whole,
            best("door2") + loops,
            "µs",
        );
        self.table.at_most("the same with one worker", 1.25, best("whole1"), best("door1") + loops, "µs");
        self.table.at_most("CPU per token, two workers against one", 1.1, whole, best("whole1"), "µs");
        self.table.at_most(
            "plugin call in the server (the whole less the same without plugin) against the call alone",
            1.5,
            whole - best("sign"),
            plugin,
            "µs",
        );
        for (what, value) in [
            ("part: the door, static answer of 700 bytes over TLS 1.3, one worker", best("door1")),
            ("part: the same, two workers", best("door2")),
            ("part: form, credentials, court, draft", desk),
            ("part: payload rendered and signed, ES256", es256),
            ("part: plugin call alone", plugin),
            ("ladder: static answer (`/health/live`)", best("static")),
            ("ladder: + client authentication (a scope is refused)", best("auth")),
            ("ladder: + signing", best("sign")),
            ("ladder: + plugin: the whole", whole),
        ] {
            self.table.plain(what, value, "µs");
        }
        self.table.plain("payload", self.part("/payload_bytes"), "bytes");
        self.parts["door"] = json!(best("door2"));
        self.parts["plain"] = json!(best("sign"));
    }

    fn algorithms(&mut self) {
        say("Signing algorithms");
        let base = self.part("/door") + self.part("/desk");
        for alg in ["ES384", "ES512", "EdDSA", "RS256", "PS256", "PS384", "PS512"] {
            let client = self.admin.register(&json!({ "access_token_signed_response_alg": alg }));
            let plan = Plan { seconds: 1.0, warm_up: 60, ..self.target.plan(vec![token(&client, 200)]) };
            let cost = least((0..2).map(|_| sound(load(&plan)).per_request()));
            let alone = self.part(&format!("/sign/{alg}"));
            self.table.plain(
                &format!("token signed with {alg}, no plugin (signature alone {alone:.0} µs; sum of parts {:.0} µs)", base + alone),
                cost,
                "µs",
            );
        }
    }

    /// Assertions, reference tokens, introspection.
    fn methods(&mut self) {
        say("Parts: grouped writes and reads");
        let opaque = self.admin.register(&json!({ "access_token_format": "opaque" }));
        let records = parts(&["records", self.dev.text("database_url"), &opaque.id]);
        say(&format!("{records}"));
        let record = |name: &str| records[name].as_f64().expect("a number");
        let base = self.part("/door") + self.part("/desk");

        say("private_key_jwt, reference tokens, introspection");
        let key = AssertionKey::generate();
        let jwks: Value = serde_json::from_str(key.jwks()).expect("JSON");
        let client = self.admin.register(&json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks }));
        #[allow(clippy::disallowed_methods, reason = "a client has a clock of its own")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
        let issuer = self.dev.text("issuer").to_owned();
        let mut number = 0;
        let cost = least((0..few()).map(|_| {
            let requests = (0..8_000).map(|_| {
                number += 1;
                Request::post("token", TOKEN, None, &key.form(&client.id, &issuer, &format!("{now}-{number}"), now), 200)
            });
            sound(load(&Plan { order: Order::Once, ..self.target.plan(requests.collect()) })).per_request()
        }));
        let sum = base + self.part("/assertion") + record("guard") + self.part("/sign/ES256");
        self.table.at_most("private_key_jwt (ES256), its grouped write included; against its parts", 1.5, cost, sum, "µs");

        let cost = least((0..few()).map(|_| self.target.cost(&[token(&opaque, 200)])));
        self.table.at_most("opaque token, its grouped write included; against its parts", 1.5, cost, base + record("reference"), "µs");

        let plain = self.admin.register(&json!({}));
        for (what, client, part) in [
            (
                "introspection of a self-contained token, its read included; against its parts",
                &plain,
                self.part("/verify") + record("read_revocation"),
            ),
            ("introspection of an opaque token, its read included; against its parts", &opaque, record("read_reference")),
        ] {
            let text = self.mint(client);
            let ask = Request::post("introspect", INTROSPECT, Some(client.basic()), &format!("token={text}"), 200);
            let cost = least((0..few()).map(|_| self.target.cost(std::slice::from_ref(&ask))));
            self.table.at_most(what, 1.5, cost, base + part, "µs");
        }
        for (what, value) in [
            ("part: assertion parsed and verified", self.part("/assertion")),
            ("part: token parsed and verified", self.part("/verify")),
            ("part: share of a reference in a grouped write", record("reference")),
            ("part: share of a replay mark in a grouped write", record("guard")),
            ("part: read of a reference", record("read_reference")),
            ("part: read of a revocation", record("read_revocation")),
        ] {
            self.table.plain(what, value, "µs");
        }
    }

    /// A token of this client.
    fn mint(&self, client: &Registered) -> String {
        let answer = self.admin_http_token(client);
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    fn admin_http_token(&self, client: &Registered) -> Value {
        let url = format!("{}{TOKEN}", self.dev.text("issuer"));
        self.admin.form(&url, &client.basic(), sample::FORM)
    }

    /// The load of the targets, and the peer under the same.
    fn the_load(&mut self) -> Vec<Registered> {
        say(&format!("The load: {} clients, {} plugins", clients(), plugins()));
        let clients =
            self.admin.register_many(clients(), |number| json!({ "bindings": [binding(&format!("tenant-{}", number % plugins()))] }));
        let mix = |path: &str| -> Vec<Request> {
            let good = clients.iter().map(|client| Request::post("token", path, Some(client.basic()), sample::FORM, 200));
            // One in twenty comes with a wrong secret.
            let wrong = clients
                .iter()
                .step_by(19)
                .map(|client| Request::post("wrong secret", path, Some(basic(&client.id, sample::SECRET)), sample::FORM, 401));
            good.chain(wrong).collect()
        };
        let warm = Plan { order: Order::Once, warm_up: 0, ..self.target.plan(mix(TOKEN)) };
        sound(load(&Plan { count: u32::MAX, seconds: 30.0, ..warm }));
        let counts = |bench: &Self| {
            ["claimsmith_recorded_rows_total", "claimsmith_record_commits_total", "claimsmith_settle_commits_total"]
                .map(|name| bench.admin.metric(name))
        };
        let transactions = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()";
        // PostgreSQL's sessions tell what they did when they have been idle for ten seconds, at the latest.
        let settle = || std::thread::sleep(std::time::Duration::from_secs(11));
        // What goes on without any request: both nodes look for changes.
        settle();
        let (calm, before_calm) = (Instant::now(), self.dev.sql(transactions));
        settle();
        let idle = (self.dev.sql(transactions) - before_calm) / calm.elapsed().as_secs_f64();
        let (began, before, rows_before) = (Instant::now(), self.dev.sql(transactions), counts(self));
        let plan = Plan { seconds: 5.0, warm_up: 0, ..self.target.plan(mix(TOKEN)) };
        let report = sound(load(&plan));
        let memory = cpu::resident(self.target.pid) as f64 / 1048576.0;
        settle();
        let (after, rows) = (self.dev.sql(transactions), counts(self));
        let [recorded, record_commits, settle_commits] = [0, 1, 2].map(|index| rows[index] - rows_before[index]);
        let ours = report.class("token");
        let waited = after - before - record_commits - settle_commits - idle * began.elapsed().as_secs_f64();
        self.table.none("statements that a warm self-contained token waits for", waited.max(0.0) / ours.requests as f64);
        self.table.floor("audit rows per statement under the load", 50.0, recorded / record_commits, "");
        self.table.bound("resident memory under the load", 250.0, memory, "MB");
        let rate = ours.requests as f64 / report.cpu;
        for (what, value, unit) in [
            ("the load: tokens per second of CPU", rate, ""),
            ("the load: tokens per second", ours.requests as f64 / report.seconds, ""),
            ("the load: median latency of tokens", ours.p50 / 1e3, "ms"),
            ("the load: 99th percentile of tokens", ours.p99 / 1e3, "ms"),
            ("the load: median latency of wrong secrets (held to 50 ms)", report.class("wrong secret").p50 / 1e3, "ms"),
        ] {
            self.table.plain(what, value, unit);
        }
        self.peer(&clients, &mix("/token"), rate);
        clients
    }

    fn peer(&mut self, clients: &[Registered], mix: &[Request], ours: f64) {
        say("npm oidc-provider under the same load");
        let (what, target) = ("tokens per second of CPU against npm oidc-provider, in memory, without a hook", 10.0);
        let folder = self.root.join("target/bench/oidc-provider");
        let peer = match Peer::start(&self.root.join("tests/bench/oidc-provider"), &folder, &self.folder.path().join("var/tls"), clients) {
            Ok(peer) => peer,
            Err(reason) => {
                say(&format!("SKIP: {reason}"));
                return self.table.skip(what, &format!("≥ {target} ×"), &reason);
            }
        };
        let peer_target = Target { addr: peer.addr.clone(), host: peer.host.clone(), pid: peer.pid() };
        // It speaks no HTTP/2. Its compiler is warm after some thousand requests.
        let report = sound(load(&Plan { h2: 0, seconds: 5.0, warm_up: 4_000, ..peer_target.plan(mix.to_vec()) }));
        let theirs = report.class("token").requests as f64 / report.cpu;
        self.table.at_least(what, target, ours, theirs, "");
    }

    /// Other clients while one client floods a hostile plugin.
    fn hostile(&mut self, clients: &[Registered]) {
        say("Hostile plugins");
        let villains = [("loops for ever", plugins::ENDLESS), ("burns its fuel and answers", plugins::SLY)];
        let hostile: Vec<Registered> = villains
            .iter()
            .enumerate()
            .map(|(number, (_, core))| {
                let name = format!("villain-{number}");
                self.admin.push(&name, plugins::villain(&self.root.join("tests/villains"), core));
                self.admin.register(&json!({ "bindings": [{ "plugin": name, "permissions": ["claim:*"] }] }))
            })
            .collect();
        let honest = Plan {
            h1: 16,
            h2: 0,
            rate: Some(1_000.0),
            seconds: 3.0,
            ..self.target.plan(clients.iter().map(|client| token(client, 200)).collect())
        };
        let mut p99: Vec<Vec<f64>> = vec![Vec::new(); villains.len() + 1];
        for _ in 0..few() {
            p99[0].push(sound(load(&honest)).class("token").p99);
            for (number, client) in hostile.iter().enumerate() {
                let flood =
                    Plan { h1: 8, h2: 0, rate: Some(400.0), seconds: 4.5, warm_up: 0, ..self.target.plan(vec![token(client, 200)]) };
                let flood = start_load(&flood);
                std::thread::sleep(std::time::Duration::from_millis(700));
                p99[number + 1].push(sound(load(&honest)).class("token").p99);
                flood.finish();
            }
        }
        let middle: Vec<f64> = p99.into_iter().map(|held| median(held) / 1e3).collect();
        for (number, (name, _)) in villains.iter().enumerate() {
            self.table.at_most(
                &format!("other clients' p99 while a plugin that {name} is flooded"),
                1.5,
                middle[number + 1],
                middle[0],
                "ms",
            );
        }
    }

    /// Codes and refresh tokens: what they cost, what they ask of the database, and how both grow with what is stored.
    fn people(&mut self) {
        say("Codes and refresh tokens");
        let client = self.admin.register(&json!({
            "grant_types": ["authorization_code", "refresh_token"], "redirect_uris": [CALLBACK], "scope": "openid profile offline_access",
            "refresh_token_rotation": "rotate",
        }));
        let person =
            json!({ "username": "bench", "password": "a long enough password", "claims": { "name": "Ada Bench", "given_name": "Ada" } });
        let user = self.admin.post("/admin/v1/users", &person)["user_id"].as_str().expect("an id").to_owned();
        let key = self.folder.path().join("var/master.key");
        let mut grants = Grants::new(&self.dev, &key, &client.id, &user);
        let few = if is_quick() { 300 } else { 6_000 };
        let populations: &[u64] = if is_quick() {
            &[10_000, 20_000]
        } else if is_short() {
            &[10_000, 1_000_000]
        } else {
            &[10_000, 10_000_000]
        };
        let (mut costs, mut stored) = (Vec::new(), 0);
        for population in populations {
            say(&format!("{population} stored refresh tokens"));
            grants.fill_between(stored, *population);
            stored = *population;
            let [exchange, refresh] = [grants.codes(few), grants.refresh_tokens(few)];
            let exchange: Vec<Request> =
                exchange.iter().map(|code| Request::post("code", TOKEN, Some(client.basic()), &exchange_form(code), 200)).collect();
            let form = |token: &String| format!("grant_type=refresh_token&refresh_token={token}");
            let refresh: Vec<Request> =
                refresh.iter().map(|token| Request::post("refresh", TOKEN, Some(client.basic()), &form(token), 200)).collect();
            costs.push([self.people_step("code exchange", *population, exchange), self.people_step("refresh", *population, refresh)]);
        }
        for (index, what) in ["code exchange", "refresh"].into_iter().enumerate() {
            let (first, last) = (costs[0][index], costs[costs.len() - 1][index]);
            let name = format!("CPU per {what}, {} stored refresh tokens against {}", populations[populations.len() - 1], populations[0]);
            self.table.at_most(&name, 1.1, last, first, "µs");
        }
    }

    /// One kind of request, each once: CPU, statements and commits per request.
    fn people_step(&mut self, what: &str, population: u64, requests: Vec<Request>) -> f64 {
        let transactions = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()";
        // PostgreSQL's sessions tell what they did when they have been idle for ten seconds, at the latest.
        let settle = || std::thread::sleep(std::time::Duration::from_secs(if is_quick() { 1 } else { 11 }));
        let counts =
            |bench: &Self| ["claimsmith_record_commits_total", "claimsmith_settle_commits_total"].map(|name| bench.admin.metric(name));
        settle();
        let (before, rows) = (self.dev.sql(transactions), counts(self));
        let count = requests.len() as f64;
        let plan = Plan { order: Order::Once, count: u32::MAX, seconds: 60.0, warm_up: 0, h1: 60, h2: 4, ..self.target.plan(requests) };
        let report = sound(load(&plan));
        settle();
        let (after, written) = (self.dev.sql(transactions), counts(self));
        let (records, settles) = (written[0] - rows[0], written[1] - rows[1]);
        let reads = (after - before - records - settles).max(0.0);
        self.table.plain(&format!("{what}, {population} stored: CPU"), report.per_request(), "µs");
        self.table.plain(&format!("{what}, {population} stored: per second, 64 at a time"), report.requests as f64 / report.seconds, "");
        self.table.bound(
            &format!("{what}, {population} stored: database visits per request, the nodes' own looks among them"),
            2.0,
            (reads + settles) / count,
            "",
        );
        self.table.bound(&format!("{what}, {population} stored: commits that are waited for, per request"), 0.34, settles / count, "");
        report.per_request()
    }

    /// A hundred clients against many.
    fn population(&mut self) {
        say(&format!("{} clients", many()));
        let begun = Instant::now();
        let clients = self.admin.register_many(many(), |_| json!({}));
        self.table.plain(
            "registration of a client by the admin API, eight at a time",
            begun.elapsed().as_secs_f64() * 1e3 / many() as f64,
            "ms",
        );
        let all: Vec<Request> = clients.iter().map(|client| token(client, 200)).collect();
        let hundred = all[..100].to_vec();
        // Every client once: afterwards all are in memory.
        sound(load(&Plan { order: Order::Once, count: u32::MAX, seconds: 30.0, warm_up: 0, ..self.target.plan(all.clone()) }));
        let mut costs = [Vec::new(), Vec::new()];
        for _ in 0..few() {
            costs[0].push(self.target.cost(&hundred));
            costs[1].push(self.target.cost(&all));
        }
        let [cost_of_few, cost_of_many] = costs.map(least);
        self.table.at_most(&format!("CPU per token, {} clients against 100, no plugin", all.len()), 1.1, cost_of_many, cost_of_few, "µs");
    }
}

/// A line about this machine.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).map_or("", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores, {model}; Linux {}; {}.", kernel.trim(), openssl::version::version())
}
