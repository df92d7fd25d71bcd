//! `docs/operate.md`, walked: from nothing to a server in production, and through what happens to one.

use std::process::Output;

use claimsmith_store::testing::TestDatabase;
use claimsmith_tests::postgres::Postgres;
use claimsmith_tests::serve::{Account, MAKE_MASTER_KEY, Node, Site};
use claimsmith_tests::{Registered, binary, plugin, root, wait_for};
use serde_json::json;

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    errors(output)
}

fn first_client(node: &Node<'_>) -> Registered {
    let made = node.command_json(&["client", "create", "--id", "billing", "--scope", "read write", "--default-scope", "read"]);
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    Registered { client_id: text("client_id"), client_secret: Some(text("client_secret")) }
}

#[test]
fn from_installation_to_drain() {
    let (_postgres, site) = Site::with_postgres();

    // The database first: `serve` does not do it, and says who does.
    let said = site.refusal(&[]);
    assert!(said.contains("claimsmith migrate up"), "{said}");
    assert!(refused(&site.run(&["admin-token", "create", "alice"])).contains("claimsmith migrate up"));
    assert_eq!(site.run_json(&["config", "check"])["ok"], true);
    assert!(!site.run_json(&["migrate", "up"])["applied"].as_array().expect("versions").is_empty());
    assert_eq!(site.run_json(&["migrate", "status"])["fits"], true);

    let token = site.admin_token("alice");
    let node = site.serve(&token, &[]);
    let client = first_client(&node);
    let issued = node.token(&client, "").okt();
    assert_eq!(node.decode(&issued).claims["client_id"], "billing");
    assert!(node.is_active(&client, &issued));
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(node.get(path).status, 200);
        assert_eq!(node.http.get(format!("{}{path}", node.admin_url)).send().expect("an answer").status(), 200);
    }
    let metrics = node.http.get(format!("{}/metrics", node.admin_url)).send().expect("an answer").text().expect("text");
    assert!(metrics.contains(r#"claimsmith_requests_total{endpoint="token",grant="client_credentials",outcome="ok"} 1"#), "{metrics}");
    assert!(!node.log().contains(client.client_secret.as_deref().expect("a secret")), "a secret is in the log");
    assert!(!node.log().contains(&issued), "a token is in the log");

    // A port in use is known at once.
    let taken = node.public.to_string();
    let said = site.refusal(&[("CLAIMSMITH_LISTEN__PUBLIC", &taken)]);
    assert!(said.contains(&taken) && said.contains("listen.public"), "{said}");

    certificate_reload(&site, &node);

    assert_eq!(node.stop().code(), Some(0));
    let node = site.serve(&token, &[]);
    assert!(node.is_active(&client, &issued), "what was issued outlives the process");
    node.token(&client, "").okt();
}

/// A new certificate is taken over on SIGHUP, and one that cannot be used never is.
fn certificate_reload(site: &Site, node: &Node<'_>) {
    let serial_of = |pem: &str| site.shell(&format!("openssl x509 -in {pem} -noout -serial")).trim().to_owned();
    let connect = format!("openssl s_client -connect {} -servername id.test </dev/null 2>/dev/null >shown.pem", node.public);
    let shown = || {
        site.shell(&connect);
        serial_of("shown.pem")
    };
    assert_eq!(shown(), serial_of("server.pem"));
    site.new_certificate();
    node.signal("HUP");
    wait_for("the new certificate", || shown() == serial_of("server.pem"));
    let good = shown();
    site.shell("cp server.pem good.pem; echo nonsense > server.pem");
    node.signal("HUP");
    wait_for("the complaint", || node.log().contains("the certificate was not replaced"));
    assert_eq!(shown(), good);
    site.shell("mv good.pem server.pem");
}

#[test]
fn what_is_wrong_is_said_by_name() {
    let site = Site::new(Account::Nobody);
    site.configure("", "");
    let said = site.refusal(&[]);
    assert!(said.contains("database.url") && said.contains("database.embedded = true"), "{said}");

    site.configure("url = \"postgresql://claimsmith@127.0.0.1:1/claimsmith\"", "");
    let said = site.refusal(&[]);
    assert!(said.contains("the database is unavailable"), "{said}");
    assert_eq!(site.run(&["migrate", "status"]).status.code(), Some(3), "nobody answers");

    for (spoil, expected) in [
        ("chmod 640 master.key", "chmod 600"),
        ("chmod 600 master.key; chmod 644 server.key", "chmod 600"),
        ("chmod 600 server.key; mv master.key away", "master.key"),
        ("echo passphrase > master.key; chmod 600 master.key", "openssl rand -hex 32"),
        ("mv away master.key; mv server.pem away", "server.pem"),
    ] {
        site.shell(spoil);
        let said = site.refusal(&[]);
        assert!(said.contains(expected), "{spoil}: {said}");
        let checked = refused(&site.run(&["config", "check"]));
        assert!(checked.contains(expected), "{spoil}: {checked}");
    }
}

#[test]
fn a_configuration_hears_everything_at_once() {
    let site = Site::new(Account::Nobody);
    site.write("claimsmith.toml", "isuer = \"https://id.test\"\n[listen]\npublic = \"nonsense\"\n\n[limits]\nconections = 5\n");
    let said = refused(&site.run(&["config", "check"]));
    for expected in [
        "claimsmith.toml:1: isuer: unknown setting; did you mean issuer?",
        "claimsmith.toml:3: listen.public",
        "claimsmith.toml:6: limits.conections: unknown setting; did you mean limits.connections?",
        "database.url",
        "keys.master_key_file",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let lines = said.lines().skip(1).collect::<Vec<_>>().join("\n");
    assert!(site.refusal(&[]).contains(&lines), "serve says the same");
    let environment = [("CLAIMSMITH_LIMTS__CONNECTIONS", "5")];
    assert!(site.refusal(&environment).contains("CLAIMSMITH_LIMTS__CONNECTIONS"));
}

#[test]
fn backup_restore_and_the_master_key() {
    let (postgres, site) = Site::with_postgres();
    site.run_json(&["migrate", "up"]);
    let token = site.admin_token("alice");
    let node = site.serve(&token, &[]);
    let client = first_client(&node);
    let issued = node.token(&client, "").okt();
    let mac = json!({ "grant_types": ["client_credentials"], "scope": "read", "token_endpoint_auth_method": "client_secret_jwt" });
    node.register(&mac);

    // Back it up while it serves; restore it into another database.
    postgres.shell("pg_dump --format=custom --file=claimsmith.dump claimsmith");
    assert_eq!(node.stop().code(), Some(0));
    postgres.sql("postgres", "postgres", "CREATE DATABASE restored OWNER claimsmith");
    postgres.shell("pg_restore --exit-on-error --no-owner --dbname=restored claimsmith.dump");
    site.configure_postgres(&postgres, "restored", "");
    let node = site.serve(&token, &[]);
    assert!(node.is_active(&client, &issued));
    assert_eq!(node.decode(&node.token(&client, "").okt()).header["kid"], node.decode(&issued).header["kid"]);

    // Another master key: the running node goes on, none starts.
    site.shell(&format!("mv master.key old.key; {MAKE_MASTER_KEY}"));
    node.token(&client, "").okt();
    assert_eq!(node.stop().code(), Some(0));
    let said = site.refusal(&[]);
    assert!(said.contains("master key") && said.contains("keys.previous_master_key_files"), "{said}");

    // The first step of a change without a pause: still the old one, and the new one is known.
    site.shell("mv master.key new.key; mv old.key master.key");
    site.configure_postgres(&postgres, "restored", "previous_master_key_files = [\"new.key\"]\n");
    let node = site.serve(&token, &[]);
    node.token(&client, "").okt();
    assert_eq!(node.stop().code(), Some(0));
    site.shell("mv master.key old.key; mv new.key master.key");

    // With the old one beside it everything opens, and after `key reseal` the old one is not needed.
    site.configure_postgres(&postgres, "restored", "previous_master_key_files = [\"old.key\"]\n");
    let node = site.serve(&token, &[]);
    assert!(node.log().contains("claimsmith key reseal"));
    assert_eq!(node.command_json(&["key", "reseal"])["resealed"], 3, "a signing key, a recoverable secret and what all nodes share");
    assert_eq!(node.stop().code(), Some(0));
    site.configure_postgres(&postgres, "restored", "");
    site.shell("rm old.key");
    let node = site.serve(&token, &[]);
    assert_eq!(node.decode(&node.token(&client, "").okt()).header["kid"], node.decode(&issued).header["kid"]);
    assert_eq!(node.stop().code(), Some(0));

    the_master_key_is_lost(&postgres, &site, &token, &client);
}

/// What the guide does when there is no copy of the master key: what it sealed is given up, the rest stays.
fn the_master_key_is_lost(postgres: &Postgres, site: &Site, token: &str, client: &Registered) {
    site.shell(&format!("rm master.key; {MAKE_MASTER_KEY}"));
    assert!(site.refusal(&[]).contains("master key"));
    let guide = std::fs::read_to_string(root().join("docs/operate.md")).expect("the guide");
    let give_up = guide
        .split("```sql\n")
        .find(|block| block.starts_with("BEGIN"))
        .and_then(|block| block.split("```").next())
        .expect("the guide's SQL");
    postgres.sql("claimsmith", "restored", give_up);
    let node = site.serve(token, &[]);
    let fresh = node.token(client, "").okt();
    assert_eq!(node.decode(&fresh).claims["client_id"], "billing", "clients and their secrets are still there");
    let clients = node.command_json(&["client", "list"]);
    let other = clients["items"].as_array().expect("clients").iter().find(|other| other["client_id"] != "billing").expect("the other");
    let rotated = node.command_json(&["client", "rotate-secret", other["client_id"].as_str().expect("an id")]);
    assert!(rotated["client_secret"].is_string(), "{rotated}");
}

#[test]
fn migrations_go_down_and_up_and_one_version_runs_beside_the_next() {
    let database = TestDatabase::empty();
    let site = Site::on(&database);
    let applied = site.run_json(&["migrate", "up"])["applied"].as_array().expect("versions").len();
    let token = site.admin_token("alice");

    // The next version migrates first; this one goes on, and still starts.
    let old = site.serve(&token, &[]);
    let client = first_client(&old);
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000001')");
    old.token(&client, "").okt();
    let beside = site.serve(&token, &[]);
    beside.token(&client, "").okt();
    drop((old, beside));
    // Unless that version says that this one cannot live with it.
    database.execute("UPDATE schema_reader SET minimum_version = '29990101000001'");
    let said = site.refusal(&[]);
    assert!(said.contains("29990101000001") && said.contains("newer"), "{said}");
    database.execute("UPDATE schema_reader SET minimum_version = '20261101000001'");
    database.execute("DELETE FROM __diesel_schema_migrations WHERE version = '29990101000001'");

    for _ in 0..applied {
        assert!(site.run_json(&["migrate", "down"])["reverted"].is_string());
    }
    assert!(site.run_json(&["migrate", "down"])["reverted"].is_null());
    assert!(site.refusal(&[]).contains("claimsmith migrate up"));
    assert_eq!(site.run_json(&["migrate", "up"])["applied"].as_array().expect("versions").len(), applied);
    let token = site.admin_token("alice");
    let node = site.serve(&token, &[]);
    let client = first_client(&node);
    node.token(&client, "").okt();
}

#[test]
fn plugins_are_switched_while_tokens_are_issued() {
    let database = TestDatabase::migrated();
    let site = Site::on(&database);
    let token = site.admin_token("alice");
    let node = site.serve(&token, &[]);
    let client = first_client(&node);
    let push = |file: &str| {
        let path = plugin(file);
        node.command_json(&["plugin", "push", path.to_str().expect("a path"), "--name", "ours"])["digest"]
            .as_str()
            .expect("a digest")
            .to_owned()
    };
    let good = push("tenant-claims");
    node.command_json(&["plugin", "activate", "ours", &good[..12]]);
    site.write("claims.json", r#"{ "claims": { "org": "acme" } }"#);
    node.command_json(&["client", "bind", "billing", "ours", "--config", "claims.json", "--allow", "claim:org"]);
    let org = || node.decode(&node.token(&client, "").okt()).claims.get("org").cloned();
    assert_eq!(org(), Some(json!("acme")));

    // Its configuration is none of the next version's: the switch is refused or the old one comes back by one command.
    let other = push("claims-mapper");
    let switched = node.command(&["plugin", "activate", "ours", &other[..12]]);
    if switched.status.success() {
        node.command_json(&["plugin", "rollback", "ours"]);
    }
    assert_eq!(org(), Some(json!("acme")));

    node.command_json(&["plugin", "disable", "ours"]);
    assert_eq!(node.token(&client, "").status, 500, "a binding that must run and cannot refuses");
    node.command_json(&["plugin", "enable", "ours"]);
    assert_eq!(org(), Some(json!("acme")));
    node.command_json(&["client", "unbind", "billing", "ours"]);
    assert_eq!(org(), None);
}

#[test]
fn a_database_that_crashes_or_hangs_is_survived() {
    let (mut postgres, site) = Site::with_postgres();
    site.run_json(&["migrate", "up"]);
    let token = site.admin_token("alice");
    let node = site.serve(&token, &[("CLAIMSMITH_DATABASE__STATEMENT_TIMEOUT", "1 s"), ("CLAIMSMITH_DATABASE__LOCK_TIMEOUT", "1 s")]);
    let client = first_client(&node);
    let issued = node.token(&client, "").okt();

    postgres.crash();
    node.token(&client, "").okt();
    node.introspect(&client, &issued).err_with("temporarily_unavailable", 503);
    postgres.start_again();
    wait_for("introspection", || node.introspect(&client, &issued).status == 200);

    // Nobody answers, and nobody says so either: still every request gets its answer.
    postgres.freeze();
    node.introspect(&client, &issued).err_with("temporarily_unavailable", 503);
    let reply = node.post("/oauth2/revoke", Some(&client.basic()), "token=a.b.c");
    assert!(matches!(reply.status, 200 | 503), "{reply:?}");
    node.post("/oauth2/revoke", Some(&client.basic()), &format!("token={issued}")).err_with("temporarily_unavailable", 503);
    node.token(&client, "").okt();
    postgres.thaw();
    wait_for("introspection", || node.introspect(&client, &issued).status == 200);
    let made = node.token(&client, "").okt();
    assert!(node.is_active(&client, &made));
    assert_eq!(node.stop().code(), Some(0));
}

#[test]
fn what_is_shipped_is_good() {
    let site = Site::new(Account::Nobody);
    let shipped = root().join("deploy/claimsmith.toml");
    let text = std::fs::read_to_string(shipped).expect("the example");
    let ours = site.folder().display().to_string();
    let text = text.replace("/etc/claimsmith/tls/db-ca.pem", &format!("{ours}/ca.pem")).replace("/etc/claimsmith/tls", &ours);
    site.write("claimsmith.toml", &text.replace("/etc/claimsmith", &ours));
    site.shell("(umask 077; echo secret > db.password)");
    assert_eq!(site.run_json(&["config", "check"])["ok"], true);
    let unit = std::fs::read_to_string(root().join("deploy/claimsmith.service")).expect("the unit");
    for line in unit.lines().filter(|line| line.starts_with("ExecStart")) {
        let arguments: Vec<&str> = line.split_whitespace().skip(1).collect();
        assert!(arguments.ends_with(&["--config", "/etc/claimsmith/claimsmith.toml"]), "{line}");
        let help: Vec<&str> = arguments.iter().take_while(|argument| !argument.starts_with('-')).copied().chain(["--help"]).collect();
        assert!(std::process::Command::new(binary()).args(&help).output().expect("it runs").status.success(), "{line}");
    }
}
