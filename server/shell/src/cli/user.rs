//! `claimsmith user …`.

mod transfer;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use claimsmith_jose::Secret;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::outcome::Outcome;
use super::reach::{Reach, Server, read_object};
use crate::admin::segment;

/// The longest file of a password, in bytes.
const PASSWORD_FILE_MAX: u64 = 4096;

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Register a user; a password comes from a file or from standard input, never as an argument
    #[command(
        after_help = "Examples:\n  claimsmith user create alice --email alice@example.org --password-file alice.password\n  pass show alice | claimsmith user create alice --password-file -"
    )]
    Create(Create),
    /// Show a user
    #[command(after_help = "Examples:\n  claimsmith user show alice\n  claimsmith user show usr_BwcHBwcHBwcHBwcHBwcHBw")]
    Show(One),
    /// List users
    #[command(after_help = "Example:\n  claimsmith user list --email alice@example.org")]
    List(List),
    /// Change some of what is known of a user
    #[command(
        after_help = "Examples:\n  claimsmith user update alice --name \"Alice Doe\"\n  claimsmith user update alice --disable\n  claimsmith user update alice --file patch.json"
    )]
    Update(Update),
    /// Delete a user with password and second factors
    #[command(after_help = "Example:\n  claimsmith user delete alice")]
    Delete(One),
    /// Set a user's password, from a file or from standard input
    #[command(
        after_help = "Examples:\n  claimsmith user set-password alice --password-file alice.password\n  pass show alice | claimsmith user set-password alice"
    )]
    SetPassword(SetPassword),
    /// List a user's second factors
    #[command(after_help = "Example:\n  claimsmith user factors alice")]
    Factors(One),
    /// Remove a second factor that a user has lost
    #[command(after_help = "Examples:\n  claimsmith user remove-factor alice totp\n  claimsmith user remove-factor alice recovery_codes")]
    RemoveFactor(RemoveFactor),
    /// List who a user is at other issuers
    #[command(after_help = "Example:\n  claimsmith user links alice")]
    Links(One),
    /// Say who a user is at another issuer: where they sign in elsewhere, or whose assertions stand for them
    #[command(after_help = "Example:\n  claimsmith user link alice https://idp.example 248289761001")]
    Link(Link),
    /// Unlink a user from another issuer
    #[command(after_help = "Example:\n  claimsmith user unlink alice https://idp.example")]
    Unlink(Unlink),
    /// List where a user is signed in
    #[command(after_help = "Example:\n  claimsmith user sessions alice")]
    Sessions(One),
    /// Sign a user out: everywhere, or in one session
    #[command(
        after_help = "Examples:\n  claimsmith user end-sessions alice\n  claimsmith user end-sessions alice --session BwcHBwcHBwcHBwcHBwcHBw"
    )]
    EndSessions(EndSessions),
    /// Sign a user out everywhere, and end every grant of theirs with every token that came of them
    #[command(after_help = "Example:\n  claimsmith user end-everything alice")]
    EndEverything(One),
    /// List a user's grants with the state of their refresh tokens
    #[command(after_help = "Example:\n  claimsmith user grants alice")]
    Grants(One),
    /// End a user's grants, all or one, with every token that came of them
    #[command(
        after_help = "Examples:\n  claimsmith user end-grants alice\n  claimsmith user end-grants alice --grant BwcHBwcHBwcHBwcHBwcHBw"
    )]
    EndGrants(EndGrants),
    /// List what a user has agreed to
    #[command(after_help = "Example:\n  claimsmith user consents alice")]
    Consents(One),
    /// Withdraw a user's consent: the client's grants of this user end
    #[command(after_help = "Example:\n  claimsmith user withdraw-consent alice shop")]
    WithdrawConsent(WithdrawConsent),
    /// Register users from JSON Lines, one user a line, as `user export` writes them
    #[command(
        after_help = "Examples:\n  claimsmith user import users.jsonl\n  claimsmith user import users.jsonl --refused refused.jsonl\n  zcat users.jsonl.gz | claimsmith user import -"
    )]
    Import(transfer::Import),
    /// Write users as JSON Lines, one user a line
    #[command(
        after_help = "Examples:\n  claimsmith user export --output users.jsonl\n  claimsmith user export --with-password-hashes --output users.jsonl"
    )]
    Export(transfer::Export),
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The user's name or id
    user: String,
    #[command(flatten)]
    reach: Reach,
}

/// What has an option of its own; everything has a member in the file.
#[derive(Debug, Args)]
struct Members {
    /// Their e-mail address
    #[arg(long)]
    email: Option<String>,
    /// The address has been verified
    #[arg(long)]
    email_verified: bool,
    /// Their full name
    #[arg(long)]
    name: Option<String>,
}

impl Members {
    fn lay_over(&self, body: &mut Map<String, Value>) {
        let claims = [("email", &self.email), ("name", &self.name)];
        let mut laid: Map<String, Value> =
            claims.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?)))).collect();
        laid.extend(self.email_verified.then(|| ("email_verified".to_owned(), json!(true))));
        if laid.is_empty() {
            return;
        }
        match body.entry("claims").or_insert_with(|| json!({})) {
            Value::Object(claims) => claims.extend(laid),
            other => *other = Value::Object(laid),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What they sign in with
    username: Option<String>,
    /// JSON of the user; `-` reads standard input
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// File with the password; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    members: Members,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only who has this username
    #[arg(long)]
    username: Option<String>,
    /// Only who has this e-mail address
    #[arg(long)]
    email: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct Update {
    /// The user's name or id
    user: String,
    /// JSON merge patch: members to set, null for those to remove; `-` reads standard input
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Another username
    #[arg(long)]
    username: Option<String>,
    /// Let them in again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Keep them out, and make their tokens inactive
    #[arg(long)]
    disable: bool,
    /// Only if the user still has this version
    #[arg(long, value_name = "VERSION")]
    if_version: Option<i64>,
    #[command(flatten)]
    members: Members,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct SetPassword {
    /// The user's name or id
    user: String,
    /// File with the password; standard input when left out
    #[arg(long, value_name = "FILE", conflicts_with = "remove")]
    password_file: Option<PathBuf>,
    /// Take the password away instead
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct RemoveFactor {
    /// The user's name or id
    user: String,
    /// The factor: totp, recovery_codes, or the id of a passkey
    factor: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct Link {
    /// The user's name or id
    user: String,
    /// The issuer identifier
    issuer: String,
    /// Their `sub` there
    subject: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct Unlink {
    /// The user's name or id
    user: String,
    /// The issuer identifier
    issuer: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct EndSessions {
    /// The user's name or id
    user: String,
    /// Only this session
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct EndGrants {
    /// The user's name or id
    user: String,
    /// Only this grant
    #[arg(long, value_name = "GRANT")]
    grant: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Args)]
pub(super) struct WithdrawConsent {
    /// The user's name or id
    user: String,
    /// The client
    client: String,
    #[command(flatten)]
    reach: Reach,
}

/// What a user has of a kind.
fn list_of(one: &One, kind: &str, columns: &[&str]) -> Result<Outcome, Failure> {
    let server = one.reach.server()?;
    let found = server.get(&format!("{}/{kind}", path_of(&id_of(&server, &one.user)?)))?;
    Ok(Outcome::list(found, columns))
}

/// Ends what a user has of a kind: all of it, or what is named.
fn end(reach: &Reach, user: &str, kind: &str, name: Option<&str>) -> Result<Outcome, Failure> {
    let server = reach.server()?;
    let id = id_of(&server, user)?;
    let tail = name.map_or_else(String::new, |name| format!("/{}", segment(name)));
    server.delete(&format!("{}/{kind}{tail}", path_of(&id)), None.into())?;
    let said = name.map_or_else(|| format!("the {kind} of {user} are ended"), |name| format!("{name} is ended"));
    Ok(Outcome::new(json!({ "user_id": id, "ended": name.unwrap_or(kind) }), said))
}

impl User {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Create(create) => create.run(),
            Self::Show(one) => one.reach.server().and_then(|server| find(&server, &one.user)).map(Outcome::card),
            Self::List(list) => list.run(),
            Self::Update(update) => update.run(),
            Self::Delete(one) => {
                let server = one.reach.server()?;
                let id = id_of(&server, &one.user)?;
                server.delete(&path_of(&id), None.into())?;
                Ok(Outcome::new(json!({ "user_id": id, "deleted": true }), format!("user {} is deleted", one.user)))
            }
            Self::SetPassword(set) => set.run(),
            Self::Factors(one) => {
                let server = one.reach.server()?;
                let factors = server.get(&format!("{}/factors", path_of(&id_of(&server, &one.user)?)))?;
                Ok(Outcome::list(factors, &["factor_id", "type", "name", "remaining", "created_at", "last_used_at"]))
            }
            Self::RemoveFactor(remove) => {
                let server = remove.reach.server()?;
                let id = id_of(&server, &remove.user)?;
                server.delete(&format!("{}/factors/{}", path_of(&id), segment(&remove.factor)), None.into())?;
                Ok(Outcome::new(json!({ "user_id": id, "removed": remove.factor }), "the factor is removed".to_owned()))
            }
            Self::Links(one) => list_of(&one, "links", &["issuer", "subject"]),
            Self::Link(link) => {
                let server = link.reach.server()?;
                let id = id_of(&server, &link.user)?;
                let body = json!({ "issuer": link.issuer, "subject": link.subject });
                let made = server.post(&format!("{}/links", path_of(&id)), Some(&body))?;
                Ok(Outcome::new(made, format!("{} is {} at {}", link.user, link.subject, link.issuer)))
            }
            Self::Unlink(unlink) => {
                let server = unlink.reach.server()?;
                let id = id_of(&server, &unlink.user)?;
                server.delete(&format!("{}/links/{}", path_of(&id), segment(&unlink.issuer)), None.into())?;
                Ok(Outcome::new(json!({ "user_id": id, "unlinked": unlink.issuer }), format!("{} is unlinked", unlink.user)))
            }
            Self::Sessions(one) => list_of(&one, "sessions", &["session_id", "methods", "address", "user_agent", "seen_at", "expires_at"]),
            Self::EndSessions(ask) => end(&ask.reach, &ask.user, "sessions", ask.session.as_deref()),
            Self::EndEverything(one) => {
                let server = one.reach.server()?;
                let id = id_of(&server, &one.user)?;
                server.post(&format!("{}/end_everything", path_of(&id)), None)?;
                Ok(Outcome::new(json!({ "user_id": id, "ended": "everything" }), format!("everything of {} is ended", one.user)))
            }
            Self::Grants(one) => list_of(&one, "grants", &["grant_id", "client_id", "scope", "refresh_token.number", "expires_at"]),
            Self::EndGrants(ask) => end(&ask.reach, &ask.user, "grants", ask.grant.as_deref()),
            Self::Consents(one) => list_of(&one, "consents", &["client_id", "scope", "updated_at"]),
            Self::WithdrawConsent(ask) => end(&ask.reach, &ask.user, "consents", Some(&ask.client)),
            Self::Import(import) => import.run(),
            Self::Export(export) => export.run(),
        }
    }
}

fn path_of(id: &str) -> String {
    format!("/users/{}", segment(id))
}

/// The user of a name or an id.
fn find(server: &Server, user: &str) -> Result<Value, Failure> {
    if claimsmith_issuer::person::UserId::parse(user).is_ok() {
        return server.get(&path_of(user));
    }
    let found = server.list("/users", &[("username", user)], Some(1))?;
    let first = found.pointer("/items/0").cloned();
    first.ok_or_else(|| Failure::refused(format!("there is no user `{user}`")))
}

fn id_of(server: &Server, user: &str) -> Result<String, Failure> {
    let found = find(server, user)?;
    found["user_id"].as_str().map(str::to_owned).ok_or_else(|| Failure::refused("the answer has no user_id"))
}

/// A password from a file, without the end of its line.
fn read_password(path: Option<&Path>) -> Result<Secret<String>, Failure> {
    let mut text = String::new();
    let from_file = path.filter(|path| path.as_os_str() != "-");
    let read = match from_file {
        Some(path) => std::fs::File::open(path).and_then(|file| file.take(PASSWORD_FILE_MAX).read_to_string(&mut text)),
        None => std::io::stdin().lock().take(PASSWORD_FILE_MAX).read_to_string(&mut text),
    };
    let name = from_file.map_or("standard input".to_owned(), |path| path.display().to_string());
    read.map_err(|error| Failure::refused(format!("{name}: {error}")))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() || password.contains('\n') {
        return Err(Failure::refused(format!("{name} must hold one password, on one line")));
    }
    Ok(Secret::new(password.to_owned()))
}

impl Create {
    fn run(self) -> Result<Outcome, Failure> {
        let mut body = self.file.as_deref().map(read_object).transpose()?.unwrap_or_default();
        body.extend(self.username.map(|username| ("username".to_owned(), json!(username))));
        self.members.lay_over(&mut body);
        if let Some(path) = &self.password_file {
            body.insert("password".to_owned(), json!(read_password(Some(path))?.expose()));
        }
        Ok(Outcome::card(self.reach.server()?.post("/users", Some(&Value::Object(body)))?))
    }
}

impl List {
    fn run(self) -> Result<Outcome, Failure> {
        let query = [("username", &self.username), ("email", &self.email)];
        let query: Vec<(&str, &str)> = query.iter().filter_map(|(name, text)| Some((*name, text.as_deref()?))).collect();
        let users = self.reach.server()?.list("/users", &query, self.limit)?;
        Ok(Outcome::list(users, &["user_id", "username", "enabled", "claims.name", "claims.email", "factors.totp", "factors.passkeys"]))
    }
}

impl Update {
    fn run(self) -> Result<Outcome, Failure> {
        let mut body = self.file.as_deref().map(read_object).transpose()?.unwrap_or_default();
        body.extend(self.username.map(|username| ("username".to_owned(), json!(username))));
        self.members.lay_over(&mut body);
        if self.enable || self.disable {
            body.insert("enabled".to_owned(), json!(self.enable));
        }
        if body.is_empty() {
            return Err(Failure::Usage("nothing to change: see `claimsmith user update --help`".to_owned()));
        }
        let server = self.reach.server()?;
        let id = id_of(&server, &self.user)?;
        Ok(Outcome::card(server.patch(&path_of(&id), &Value::Object(body), self.if_version.into())?))
    }
}

impl SetPassword {
    fn run(self) -> Result<Outcome, Failure> {
        let server = self.reach.server()?;
        let path = format!("{}/password", path_of(&id_of(&server, &self.user)?));
        if self.remove {
            server.delete(&path, None.into())?;
            return Ok(Outcome::new(json!({ "removed": true }), format!("user {} has no password any more", self.user)));
        }
        let password = read_password(self.password_file.as_deref())?;
        Ok(Outcome::card(server.post(&path, Some(&json!({ "password": password.expose() })))?).note("\nThe password is set."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_lie_over_the_claims_of_a_file() {
        let members = Members { email: Some("a@b.example".to_owned()), email_verified: true, name: None };
        let mut body = json!({ "username": "a", "claims": { "name": "A", "email": "old@b.example" } }).as_object().unwrap().clone();
        members.lay_over(&mut body);
        assert_eq!(
            Value::Object(body),
            json!({ "username": "a", "claims": { "name": "A", "email": "a@b.example", "email_verified": true } })
        );
        let mut body = Map::new();
        Members { email: None, email_verified: false, name: None }.lay_over(&mut body);
        assert!(body.is_empty());
    }

    #[test]
    fn a_password_is_one_line_of_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, password) in
            [("s3cret words\n", Some("s3cret words")), (" x \r\n", Some(" x ")), ("", None), ("\n", None), ("a\nb\n", None)]
        {
            std::fs::write(file.path(), text).unwrap();
            assert_eq!(read_password(Some(file.path())).ok().map(|read| read.expose().clone()).as_deref(), password, "{text:?}");
        }
        assert!(read_password(Some(Path::new("/nowhere"))).is_err());
    }
}
