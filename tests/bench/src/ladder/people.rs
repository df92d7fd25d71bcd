//! Grants of people, as many as the bench needs: written straight into the database, as the server would have.

use std::io::Write;
use std::process::{Command, Stdio};

use claimsmith_issuer::grants::Allowed;
use claimsmith_jose::Digest;
use claimsmith_protocol::authorize::Challenge;
use claimsmith_protocol::handle::{Code, GrantId};
use claimsmith_shell::shared_secret::SharedSecret;
use claimsmith_store::{Settings, Store};
use claimsmith_vault::{MasterKey, Sealer};

use super::processes::Dev;

/// RFC 7636 App. B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Where codes go.
pub const CALLBACK: &str = "https://app.example/cb";

/// Makes grants of one person for one client.
pub struct Grants {
    url: String,
    shared: SharedSecret,
    client: String,
    user: String,
    made: u64,
}

impl Grants {
    /// Reads what the server makes refresh tokens with, as a node of its own would.
    ///
    /// # Panics
    /// When the development server's files are not where they are.
    pub fn new(dev: &Dev, master_key: &std::path::Path, client: &str, user: &str) -> Self {
        let master = MasterKey::read(master_key).expect("the master key");
        let store = Store::open(dev.text("database_url"), &Settings::default()).expect("the database");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let shared = runtime.block_on(SharedSecret::open(&store, &Sealer::new(&master, &[]))).expect("the shared secret");
        Self { url: dev.text("database_url").to_owned(), shared, client: client.to_owned(), user: user.to_owned(), made: 0 }
    }

    fn next(&mut self) -> (GrantId, [u8; 32]) {
        self.made += 1;
        let first = Digest::of(format!("grant {}", self.made).as_bytes());
        let second = Digest::of(format!("chance {}", self.made).as_bytes());
        (GrantId::from_bytes(*first.as_bytes().first_chunk().expect("32 bytes have 16")), *second.as_bytes())
    }

    fn allowed(&self) -> String {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).expect("good");
        let allowed = Allowed {
            subject: self.user.as_str().into(),
            scopes: ["openid", "profile", "offline_access"].map(Into::into).to_vec(),
            redirect_uri: Some(CALLBACK.into()),
            challenge,
            nonce: Some("n-0S6_WzA2Mj".into()),
            auth_time: 1_790_000_000,
            acr: Some("urn:claimsmith:acr:password".into()),
            amr: vec!["pwd".into()],
            sid: Some("08a5019c-17e1-4977-8f42-65a12843ea02".into()),
            ..Allowed::default()
        };
        allowed.to_text()
    }

    /// So many codes that nobody has used.
    pub fn codes(&mut self, count: usize) -> Vec<String> {
        let mut rows = String::new();
        let codes = (0..count).map(|_| {
            let (id, chance) = self.next();
            let code = Code::new(id, chance);
            rows.push_str(&format!("\\\\x{}\t\\\\x{}\n", hex(id.as_bytes()), hex(code.digest().as_bytes())));
            code.expose().to_owned()
        });
        let codes: Vec<String> = codes.collect();
        self.copy(
            "codes",
            "id bytea, digest bytea",
            &rows,
            "INSERT INTO grants (grant_id, client_id, user_id, allowed, code_digest, code_expires_at, created_at, expires_at) \
             SELECT id, :client, :user, :allowed, digest, now() + interval '10 min', now(), now() + interval '30 d' FROM codes",
        );
        codes
    }

    /// So many refresh tokens that nobody has used.
    pub fn refresh_tokens(&mut self, count: usize) -> Vec<String> {
        let mut rows = String::new();
        let mut tokens = Vec::with_capacity(count);
        for _ in 0..count {
            let (id, _) = self.next();
            let token = self.shared.refresh_token(id, 0);
            rows.push_str(&format!("\\\\x{}\t\\\\x{}\n", hex(id.as_bytes()), hex(token.digest().as_bytes())));
            tokens.push(token.expose().to_owned());
        }
        self.copy("tokens", "id bytea, digest bytea", &rows, "INSERT INTO grants (grant_id, client_id, user_id, allowed, refresh_number, refresh_digest, refresh_expires_at, created_at, expires_at) \
             SELECT id, :client, :user, :allowed, 0, digest, now() + interval '30 d', now(), now() + interval '30 d' FROM tokens");
        tokens
    }

    /// Grants of other people with refresh tokens that nobody holds, until there are so many.
    pub fn fill_between(&self, from: u64, to: u64) {
        let insert = format!(
            "INSERT INTO grants (grant_id, client_id, user_id, allowed, refresh_number, refresh_digest, refresh_expires_at, created_at, expires_at) \
             SELECT substr(digest, 1, 16), :client, 'usr_' || (number % 1000000), :allowed, 0, digest, now() + interval '30 d', now(), now() + interval '30 d' \
             FROM (SELECT number, sha256(('filler ' || number)::bytea) AS digest FROM generate_series({from} + 1, {to}) AS number) AS made"
        );
        self.copy("nothing", "id bytea", "", &insert);
    }

    fn copy(&self, table: &str, columns: &str, rows: &str, insert: &str) {
        let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let insert = insert
            .replace(":client", &quote(&self.client))
            .replace(":user", &quote(&self.user))
            .replace(":allowed", &quote(&self.allowed()));
        let script = format!(
            "SET statement_timeout = 0;\nCREATE TEMPORARY TABLE {table} ({columns});\nCOPY {table} FROM STDIN;\n{rows}\\.\n{insert};\nANALYZE grants;\n"
        );
        let mut psql =
            Command::new("psql").args(["-X", "-q", "-v", "ON_ERROR_STOP=1", &self.url]).stdin(Stdio::piped()).spawn().expect("psql");
        psql.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("written");
        assert!(psql.wait().expect("a status").success(), "psql refused");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
