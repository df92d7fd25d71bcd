use super::raw::{Entries, read_text};
use super::*;
use std::ffi::OsString;
use std::time::Duration;

/// A file's text, and variables, as a draft. The file is called `/etc/claimsmith/c.toml`.
fn draft_of(text: &str, variables: &[(&str, &str)]) -> Draft {
    let environment = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    let (mut entries, mut problems) = (Entries::new(), Vec::new());
    read_text(text, Path::new("/etc/claimsmith/c.toml"), &mut entries, &mut problems);
    let (from_environment, more) = Sources { environment, ..Sources::default() }.read();
    entries.extend(from_environment);
    problems.extend(more);
    draft(entries, problems, Path::new("/etc/claimsmith"))
}

fn checked(text: &str, variables: &[(&str, &str)]) -> Config {
    draft_of(text, variables).check().unwrap_or_else(|problems| panic!("{problems}"))
}

fn problems(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let problems = draft_of(text, variables).check().expect_err("something is wrong");
    problems.0.iter().map(ToString::to_string).collect()
}

/// What serving needs at least.
const SERVING: &str = "
issuer = 'https://id.example'
database.url = 'postgresql://claimsmith@db/claimsmith'
keys.master_key_file = 'master.key'
tls = { certificate_file = 'tls/cert.pem', key_file = 'tls/key.pem' }
";

#[test]
fn defaults_are_a_configuration() {
    let config = checked("", &[]);
    assert_eq!(config.lifetimes.access_token, Duration::from_secs(300));
    assert_eq!(config.signing.default_alg.as_str(), "ES256");
    assert_eq!(config.limits.connections, 8192);
    assert!(!config.database.embedded && config.database.url.is_none());
    assert!(config.effective.iter().all(|effective| effective.origin == Origin::Default));
    assert_eq!(config.effective.len(), descriptors().len());
}

#[test]
fn every_default_lies_within_its_bounds_and_says_what_it_means() {
    for setting in descriptors() {
        assert!(setting.meaning.ends_with('.'), "{}: {}", setting.name, setting.meaning);
        if !setting.default.is_empty() && !setting.kind.starts_with("list") {
            let text = format!("{} = '{}'", setting.name, setting.default);
            let variable = [(variable_of(&setting.name), setting.default.to_owned())];
            let variable: Vec<(&str, &str)> = variable.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert!(draft_of("", &variable).problems.is_empty(), "{text}");
        }
    }
}

#[test]
fn hyb_001_tokens_go_through_the_browser_only_where_the_grant_is_switched_on_too() {
    assert_eq!(checked("authorize.response_types = ['code', 'none']", &[]).authorize.response_types.len(), 2);
    let grants = "grants.enabled = ['authorization_code', 'implicit']";
    for response_type in ["id_token", "token", "id_token token", "code id_token", "code token", "code id_token token"] {
        let found = problems(&format!("authorize.response_types = ['code', '{response_type}']"), &[]);
        assert!(matches!(found.as_slice(), [one] if one.contains("authorize.response_types")), "{response_type}: {found:?}");
        let both = format!("authorize.response_types = ['code', '{response_type}']\n{grants}");
        assert_eq!(checked(&both, &[]).authorize.response_types.len(), 2);
    }
}

#[test]
fn unknown_settings_are_errors_with_the_nearest_name() {
    assert_eq!(
        problems("[limits]\nconections = 5\n", &[]),
        ["/etc/claimsmith/c.toml:2: limits.conections: unknown setting; did you mean limits.connections?"]
    );
    assert_eq!(problems("isuer = 'https://a.example'", &[]), ["/etc/claimsmith/c.toml:1: isuer: unknown setting; did you mean issuer?"]);
    assert_eq!(
        problems("", &[("CLAIMSMITH_SIGNING__DEFAULT_ALGO", "ES256")]),
        ["CLAIMSMITH_SIGNING__DEFAULT_ALGO: signing.default_algo: unknown setting; did you mean signing.default_alg?"]
    );
    assert_eq!(
        problems("statement_timeout = 5", &[]),
        ["/etc/claimsmith/c.toml:1: statement_timeout: unknown setting; did you mean database.statement_timeout?"]
    );
    assert!(problems("quux_frobnicate_everything = 5", &[])[0].contains("config reference"));
}

#[test]
fn everything_wrong_is_said_at_once_with_its_line() {
    let text = "\
issuer = 'http://id.example'

[limits]
connections = 0
idle = 'soon'
body_bytes = [1]

[signing]
default_alg = 'none'

[tokens]
max_bytes = true

[lifetimes]
access_token = '2 d'
";
    let said = problems(text, &[("CLAIMSMITH_DATABASE__POOL", "many")]);
    let expected = [
        ":1: issuer: an issuer is always an https URL",
        ":4: limits.connections: must be between 1 and 1000000",
        ":5: limits.idle: expected a duration",
        ":6: limits.body_bytes: expected size (bytes, or a text such as \"64 KiB\"), found a list",
        ":9: signing.default_alg: expected \"ES256\" | ",
        ":12: tokens.max_bytes: expected size (bytes, or a text such as \"64 KiB\"), found true or false",
        ":15: lifetimes.access_token: is longer than lifetimes.access_token_ceiling",
        "CLAIMSMITH_DATABASE__POOL: database.pool: expected a whole number",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.trim_start_matches("/etc/claimsmith/c.toml").starts_with(expected), "{said}\n{expected}");
    }
}

#[test]
fn a_file_that_is_not_toml_is_said_to_be_so_by_line() {
    let said = problems("[limits]\nconnections = \nidle = 5\nquux = 1\n", &[]);
    assert!(said[0].starts_with("/etc/claimsmith/c.toml:2: not TOML"), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("limits.quux")), "the rest of the file is checked too: {said:#?}");
    let missing = read(&Sources { file: Some("/nowhere/c.toml".into()), ..Sources::default() }).check();
    assert!(missing.is_err_and(|problems| problems.to_string().contains("cannot read /nowhere/c.toml")));
}

#[test]
fn the_environment_is_stronger_than_the_file_and_options_are_strongest() {
    let variables = [
        ("CLAIMSMITH__ISSUER", "https://env.example"),
        ("CLAIMSMITH_LIMITS__CONNECTIONS", "7000"),
        ("CLAIMSMITH_LISTEN__PROXIED__TRUSTED", "10.0.0.0/8, fd00::/8"),
        ("CLAIMSMITH_LISTEN__PUBLIC", "off"),
        ("CLAIMSMITH_ADMIN_TOKEN", "hunter2"),
        ("PATH", "/bin"),
    ];
    let config = checked("issuer = 'https://file.example'\n[limits]\nidle = 5\n", &variables);
    assert_eq!(config.general.issuer.as_ref().map(Issuer::as_str), Some("https://env.example"));
    assert_eq!((config.limits.connections, config.limits.idle), (7000, Duration::from_secs(5)));
    assert_eq!((config.proxied.trusted.len(), config.listen.public), (2, None));

    let environment = vec![("CLAIMSMITH_LISTEN__PUBLIC".into(), "127.0.0.1:1".into()), ("CLAIMSMITH_LOG__LEVEL".into(), "warn".into())];
    let sources = Sources { environment, ..Sources::default() }.base("log.level", "error").base("log.format", "text").option(
        "--listen",
        "listen.public",
        "127.0.0.1:2",
    );
    let config = read(&sources).check().expect("well-formed");
    assert_eq!(config.listen.public.map(|address| address.port()), Some(2));
    assert_eq!((config.log.level, config.log.format), (LogLevel::Warn, LogFormat::Text));
}

#[test]
fn secrets_are_refused_as_values_and_never_shown() {
    let text = "\
[keys]
master_key = 'hunter2'
master_key_file = '''
-----BEGIN hunter2'''
[database]
password = 'hunter2'
url = 'postgresql://me:hunter2@db/x'
[hunter]
client_secret = 'hunter2'
";
    let said = problems(text, &[("CLAIMSMITH_TLS__KEY", "hunter2")]);
    assert_eq!(said.len(), 6, "{said:#?}");
    for (setting, file) in [
        ("keys.master_key:", "keys.master_key_file"),
        ("database.password:", "database.password_file"),
        ("database.url:", "database.password_file"),
        ("tls.key:", "tls.key_file"),
    ] {
        assert!(said.iter().any(|line| line.contains(setting) && line.contains(file)), "{setting} {said:#?}");
    }
    assert!(said.iter().all(|line| !line.contains("hunter2")), "{said:#?}");
}

#[test]
fn paths_lie_in_the_folder_of_the_file() {
    let config = checked("keys.master_key_file = 'master.key'\nstate_dir = '/srv/state'", &[("CLAIMSMITH_FETCH__CA_FILE", "ca.pem")]);
    assert_eq!(config.keys.master_key_file.as_deref(), Some(Path::new("/etc/claimsmith/master.key")));
    assert_eq!(config.fetch.ca_file.as_deref(), Some(Path::new("/etc/claimsmith/ca.pem")));
    assert_eq!(config.general.state_dir, Path::new("/srv/state"));
}

#[test]
fn serving_needs_a_database_an_issuer_a_master_key_and_certificates() {
    let missing = draft_of("", &[]).check_for_serve().expect_err("nothing is set").to_string();
    for setting in ["issuer", "database.url", "database.embedded = true", "keys.master_key_file", "tls.certificate_file"] {
        assert!(missing.contains(setting), "{setting}: {missing}");
    }
    // What is there but wrong is not said to be missing as well.
    let wrong = draft_of("issuer = 'https://id.example/'", &[]).check_for_serve().expect_err("much is missing");
    assert_eq!(wrong.0.iter().filter(|problem| problem.setting == "issuer").count(), 1);

    let serve = draft_of(SERVING, &[]).check_for_serve().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!((serve.issuer.as_str(), serve.default_audience()), ("https://id.example", "https://id.example"));
    assert_eq!(serve.admin_tls, serve.public_tls, "the public certificate serves where no other is set");
    assert_eq!(serve.mtls_tls, None);
    let url = DatabaseSource::Url { url: "postgresql://claimsmith@db/claimsmith".into(), password_file: None };
    assert_eq!(serve.database, url);

    let embedded = SERVING.replace("database.url = 'postgresql://claimsmith@db/claimsmith'", "database.embedded = true");
    let serve = draft_of(&embedded, &[]).check_for_serve().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(serve.database, DatabaseSource::Embedded("/var/lib/claimsmith/postgres".into()));
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (text, setting) in [
        ("[database]\nurl = 'postgresql:///d'\nembedded = true", "database.embedded"),
        ("[database]\nurl = 'postgresql:///d'\nurl_file = 'u'", "database.url_file"),
        ("[database]\npassword_file = 'p'", "database.password_file"),
        ("[database]\nlock_timeout = 60", "database.lock_timeout"),
        ("[database]\npool_wait = 60", "database.pool_wait"),
        ("[limits]\nconnections = 5", "limits.connections_per_address"),
        ("[signing]\ndefault_alg = 'RS256'", "signing.algs"),
        ("[signing]\nrotation = '1 h'", "signing.publish_before_use"),
        ("[client_auth]\nmethods = ['private_key_jwt']", "client_auth.methods"),
        ("[grants]\nenabled = []", "grants.enabled"),
        ("[hooks]\nupload_max_bytes = '1 MiB'", "hooks.component_max_bytes"),
        ("[tls]\nkey_file = 'k'", "tls.certificate_file"),
        ("[listen.proxied]\naddress = '127.0.0.1:80'", "listen.proxied.trusted"),
        ("[listen]\nadmin = '127.0.0.1:8443'", "listen.admin"),
    ] {
        let said = problems(text, &[]);
        assert!(said.len() == 1 && said[0].contains(&format!("{setting}: ")), "{text}: {said:#?}");
    }
}

#[test]
fn what_is_printed_reads_back_the_same() {
    let text = SERVING.to_owned()
        + "listen.mtls = '[::1]:8445'\nsigning = { algs = ['ES256', 'PS256'], rotation = 'off' }\naudit.retention = 'off'\n";
    let config = checked(&text, &[("CLAIMSMITH_LIMITS__IDLE", "90")]);
    let printed = print(&config);
    assert!(printed.contains("idle = \"90 s\"  # CLAIMSMITH_LIMITS__IDLE"), "{printed}");
    assert!(printed.contains("issuer = \"https://id.example\"  # /etc/claimsmith/c.toml:2"), "{printed}");
    let again = checked(&printed, &[]);
    assert_eq!(config.changes(&again), [], "{printed}");
    assert!(again.signing.rotation.is_none() && again.audit.retention.is_none());
}

#[test]
fn changes_say_what_needs_a_restart() {
    let (old, new) = (checked("", &[]), checked("log.level = 'debug'\nlimits.connections = 300", &[]));
    let changes = old.changes(&new);
    assert_eq!(changes, [Change { name: "limits.connections".into(), live: false }, Change { name: "log.level".into(), live: true }]);
}

#[test]
fn the_reference_is_in_sync() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/config.md");
    if std::env::var_os("CLAIMSMITH_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, reference()).expect("written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == reference(), "docs/reference/config.md is out of date: run the tests with CLAIMSMITH_BLESS=1");
}

#[test]
fn the_reference_names_every_setting() {
    let text = reference();
    for setting in descriptors() {
        assert!(text.contains(&format!("### `{}`\n", setting.name)), "{}", setting.name);
        assert!(text.contains(&format!("`{}`", variable_of(&setting.name))), "{}", setting.name);
    }
}

/// All sources of this crate but the declaration of the settings and the tests.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if entry.is_dir() && name != "tests" {
            sources(&entry, text);
        } else if name.ends_with(".rs") && !["settings.rs", "tests.rs"].contains(&name) {
            text.push_str(&std::fs::read_to_string(&entry).expect("a source"));
        }
    }
}

#[test]
fn every_setting_is_read_by_something() {
    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    // What chains of calls break over lines is one line here.
    let text = text.split_whitespace().collect::<String>();
    let unread = descriptors().into_iter().filter(|setting| {
        // The variables that hold a section where it is read.
        let holders = match setting.section {
            "" => vec!["general"],
            "listen.proxied" => vec!["proxied"],
            "paths.aliases" => vec!["self"],
            "client_auth" => vec!["client_auth", "auth"],
            "sign_in.throttle" => vec!["throttle"],
            "assurance" => vec!["names"],
            "introspection" => vec!["asked"],
            section @ ("log" | "metrics" | "otel" | "pages") => vec![section, "settings"],
            section => vec![section],
        };
        let field = setting.name.rsplit('.').next().unwrap_or_default();
        let read = |holder: &&str| {
            let wanted = format!("{holder}.{field}");
            let ends = |at: usize| !text[at + wanted.len()..].starts_with(|next: char| next == '_' || next.is_ascii_alphanumeric());
            text.match_indices(&wanted).any(|(at, _)| ends(at))
        };
        !holders.iter().any(read)
    });
    let unread: Vec<_> = unread.map(|setting| setting.name).collect();
    assert!(unread.is_empty(), "nothing reads {unread:?}");
}
