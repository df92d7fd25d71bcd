//! The pages on which people prove who they are.

use super::{Account, ClientCard, Complaint, Form, PasskeyAsk};
use serde::Serialize;

/// Somebody else who can say who the person is.
#[derive(Debug, Clone, Serialize)]
pub struct Upstream {
    /// Its name in the configuration: the button's value is `upstream:<id>`.
    pub id: String,
    /// Its name for people.
    pub name: String,
}

/// Identifier and password. Actions: `password`, `passkey`, `upstream:<id>`, `cancel`.
#[derive(Clone, Serialize)]
pub struct SignIn {
    /// The form.
    pub form: Form,
    /// The client that asks; none when the person came by themselves.
    pub client: Option<ClientCard>,
    /// What stands in the identifier's field already (`login_hint`).
    pub identifier: Option<String>,
    /// Whether people may sign in with a password.
    pub password: bool,
    /// The challenge for a passkey, where people may sign in with one.
    pub passkey: Option<PasskeyAsk>,
    /// Further ways in.
    pub upstreams: Vec<Upstream>,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
}

/// The code of an authenticator app. Actions: `code`, `recovery` (leads to the recovery code), `cancel`.
#[derive(Clone, Serialize)]
pub struct SecondFactor {
    /// The form.
    pub form: Form,
    /// The client that asks.
    pub client: Option<ClientCard>,
    /// Who has given the first factor.
    pub account: Account,
    /// Whether there are recovery codes.
    pub recovery: bool,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
}

/// A recovery code. Actions: `recovery_code`, `back` (to the authenticator app's code), `cancel`.
#[derive(Clone, Serialize)]
pub struct RecoveryCode {
    /// The form.
    pub form: Form,
    /// The client that asks.
    pub client: Option<ClientCard>,
    /// Who has given the first factor.
    pub account: Account,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
}

/// A passkey and nothing else: as a second factor, or where the client asks for one. Actions: `passkey`, `cancel`.
#[derive(Clone, Serialize)]
pub struct PasskeySignIn {
    /// The form.
    pub form: Form,
    /// The client that asks.
    pub client: Option<ClientCard>,
    /// Who signs in, where that is known.
    pub account: Option<Account>,
    /// The challenge.
    pub passkey: PasskeyAsk,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
}

/// One of the people signed in in this browser.
#[derive(Debug, Clone, Serialize)]
pub struct AccountLine {
    /// What the button names it by (`account:<id>`); no secret.
    pub id: String,
    /// Who.
    pub account: Account,
}

/// Which of the people signed in in this browser. Actions: `account:<id>`, `another`, `cancel`.
#[derive(Clone, Serialize)]
pub struct ChooseAccount {
    /// The form.
    pub form: Form,
    /// The client that asks.
    pub client: Option<ClientCard>,
    /// Those who are signed in.
    pub accounts: Vec<AccountLine>,
}

/// Why somebody who is signed in proves it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The sign-in is older than the client allows (`max_age`).
    TooLongAgo,
    /// The client asked for it (`prompt=login`).
    Asked,
    /// What the person is about to do to the account needs a fresh sign-in.
    Sensitive,
    /// The client asks for a stronger sign-in (`acr_values`).
    Stronger,
}

/// The same person once more. Actions: `password`, `passkey`, `another` (sign in as somebody else), `cancel`.
#[derive(Clone, Serialize)]
pub struct Reauthenticate {
    /// The form.
    pub form: Form,
    /// The client that asks.
    pub client: Option<ClientCard>,
    /// Who.
    pub account: Account,
    /// Why.
    pub reason: Reason,
    /// Whether the password is asked for.
    pub password: bool,
    /// The challenge for a passkey.
    pub passkey: Option<PasskeyAsk>,
    /// Whether it may be somebody else.
    pub may_switch: bool,
    /// What was wrong with the last attempt.
    pub complaints: Vec<Complaint>,
}
