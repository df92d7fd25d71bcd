//! The pages on which people look after their account. All carry the person, a notice of what was done, and complaints.

use super::{Account, ClientCard, Complaint, Form, Notice, PasskeyAsk};
use serde::Serialize;

/// The account at a glance.
#[derive(Clone, Serialize)]
pub struct Overview {
    /// The form, for signing out. Action: `sign_out`.
    pub form: Form,
    /// Who.
    pub account: Account,
    /// What was done.
    pub notice: Option<Notice>,
    /// Whether there is a password.
    pub password: bool,
    /// How many passkeys.
    pub passkeys: usize,
    /// Whether an authenticator app is set up.
    pub authenticator: bool,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
    /// How many sessions.
    pub sessions: usize,
    /// How many apps have access.
    pub apps: usize,
    /// How many requests of clients wait; none where clients cannot ask.
    pub requests: Option<usize>,
}

/// What clients have asked of the person elsewhere (OpenID Connect CIBA). Actions: `look` and `refuse` with `request`, `set_code` with
/// `request_code`, `remove_code`.
#[derive(Clone, Serialize)]
pub struct Requests {
    /// The form.
    pub form: Form,
    /// Who.
    pub account: Account,
    /// What was done.
    pub notice: Option<Notice>,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
    /// The requests, the oldest first.
    pub requests: Vec<RequestLine>,
    /// Whether there is a code for requests.
    pub has_code: bool,
}

/// A request that waits.
#[derive(Debug, Clone, Serialize)]
pub struct RequestLine {
    /// What forms name it by.
    pub id: String,
    /// Who asks.
    pub client: ClientCard,
    /// What the client shows as well.
    pub message: Option<String>,
    /// When it is too late, in seconds since 1970.
    pub expires_at: i64,
}

/// Where the person is signed in. Actions: `end` with `session`, `end_others`, `end_all`.
#[derive(Clone, Serialize)]
pub struct Sessions {
    /// The form.
    pub form: Form,
    /// Who.
    pub account: Account,
    /// What was done.
    pub notice: Option<Notice>,
    /// The sessions; the current one first.
    pub sessions: Vec<SessionLine>,
}

/// A session.
#[derive(Debug, Clone, Serialize)]
pub struct SessionLine {
    /// What `end` names it by; no secret.
    pub id: String,
    /// Browser and system.
    pub device: String,
    /// The address it was last seen at.
    pub address: String,
    /// When it began, in seconds since 1970.
    pub began_at: i64,
    /// When it was last seen.
    pub seen_at: i64,
    /// Whether this is it.
    pub current: bool,
}

/// What has access. Actions: `revoke` with `client`, `end` with `grant`.
#[derive(Clone, Serialize)]
pub struct Apps {
    /// The form.
    pub form: Form,
    /// Who.
    pub account: Account,
    /// What was done.
    pub notice: Option<Notice>,
    /// The clients.
    pub apps: Vec<AppLine>,
}

/// A client that has access.
#[derive(Debug, Clone, Serialize)]
pub struct AppLine {
    /// What `revoke` names it by.
    pub id: String,
    /// The client.
    pub client: ClientCard,
    /// The scopes it was given: names, shown by their descriptions.
    pub scopes: Vec<super::ScopeLine>,
    /// When, in seconds since 1970.
    pub granted_at: i64,
    /// What was issued to it and is still good.
    pub grants: Vec<GrantLine>,
}

/// Tokens that a client was issued at one time, with what they were refreshed to.
#[derive(Debug, Clone, Serialize)]
pub struct GrantLine {
    /// What `end` names it by.
    pub id: String,
    /// What they are good for: names, shown by their descriptions.
    pub scopes: Vec<super::ScopeLine>,
    /// When, in seconds since 1970.
    pub issued_at: i64,
    /// When they were last renewed.
    pub renewed_at: Option<i64>,
}

/// Passkeys. Actions: `add` with `credential` and `name`, `rename` with `passkey` and `name`, `remove` with `passkey`.
#[derive(Clone, Serialize)]
pub struct Passkeys {
    /// The form.
    pub form: Form,
    /// Who.
    pub account: Account,
    /// What was done.
    pub notice: Option<Notice>,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
    /// What there are.
    pub passkeys: Vec<PasskeyLine>,
    /// The challenge for one more, where there can be one.
    pub add: Option<PasskeyAsk>,
}

/// A passkey.
#[derive(Debug, Clone, Serialize)]
pub struct PasskeyLine {
    /// What forms name it by.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was added, in seconds since 1970.
    pub added_at: i64,
    /// When it was last used.
    pub used_at: Option<i64>,
}

/// How far the authenticator app is.
#[derive(Clone, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Enrolment {
    /// There is none. Action: `begin`.
    None,
    /// The app is shown the secret and answers with a code. Actions: `enrol` with `code`, `cancel`.
    Begun {
        /// `otpauth://totp/…`, drawn as a QR code.
        uri: String,
        /// The secret in base32, to be typed.
        secret: String,
    },
    /// It is set up. Action: `remove`.
    Done {
        /// Since when, in seconds since 1970.
        added_at: i64,
    },
}

/// The authenticator app.
#[derive(Clone, Serialize)]
pub struct Authenticator {
    /// The form.
    pub form: Form,
    /// Who.
    pub account: Account,
    /// What was done.
    pub notice: Option<Notice>,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
    /// How far it is.
    pub enrolment: Enrolment,
}

/// Recovery codes. Action: `new`.
#[derive(Clone, Serialize)]
pub struct RecoveryCodes {
    /// The form.
    pub form: Form,
    /// Who.
    pub account: Account,
    /// How many are left.
    pub left: usize,
    /// The new ones, shown this once.
    pub codes: Vec<String>,
}

/// A new password. Action: `change` with `password`, `new_password`, `repeat_password`.
#[derive(Clone, Serialize)]
pub struct PasswordChange {
    /// The form.
    pub form: Form,
    /// Who.
    pub account: Account,
    /// What was done.
    pub notice: Option<Notice>,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
    /// Whether there is one that has to be given.
    pub has_password: bool,
    /// The fewest characters of a new one.
    pub least: u32,
}
