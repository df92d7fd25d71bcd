//! A person's password, as an administrator sets it: in the clear, to be hashed here, or as a hash that was made elsewhere.

use claimsmith_jose::Secret;
use serde_json::Value;

use super::{load, parse_id, render};
use crate::admin::fields::Fields;
use crate::admin::problem::{Kind, Problem};
use crate::admin::{Call, Reply, internal};
use crate::people::{EnrolFailure, SignInFailure};
use crate::secret_desk::recognise_hash;

/// A password that was chosen for somebody.
pub(super) enum Chosen {
    Clear(Secret<String>),
    Hash(Box<str>),
}

impl std::fmt::Debug for Chosen {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[redacted]")
    }
}

/// Reads `password` or `password_hash`.
pub(super) fn read(fields: &mut Fields) -> Option<Chosen> {
    let both = fields.has("password") && fields.has("password_hash");
    let clear = fields.text("password").map(Secret::new);
    let hash = fields.text("password_hash");
    if both {
        fields.wrong("password_hash", "is an alternative to `password`: send one of them");
    }
    match (clear, hash) {
        (Some(clear), _) => Some(Chosen::Clear(clear)),
        (None, Some(hash)) => match recognise_hash(&hash) {
            Ok(()) => Some(Chosen::Hash(hash.into())),
            Err(refusal) => {
                fields.wrong("password_hash", refusal.to_string());
                None
            }
        },
        (None, None) => None,
    }
}

impl Chosen {
    /// What is stored.
    pub(super) async fn hash(self, call: &Call<'_>, username: &str) -> Result<Box<str>, Problem> {
        let clear = match self {
            Self::Hash(hash) => return Ok(hash),
            Self::Clear(clear) => clear,
        };
        match call.desk.rooms.people.new_password(&clear, Some(username)).await {
            Ok(hash) => Ok(hash),
            Err(EnrolFailure::Password(refusal)) => Err(Problem::field("password", refusal.to_string())),
            Err(EnrolFailure::SignIn(SignInFailure::Failed(fault))) => Err(internal(&fault)),
            Err(EnrolFailure::SignIn(SignInFailure::Refused(refused))) => Err(internal(&refused)),
        }
    }
}

pub(in crate::admin) async fn set(call: &Call<'_>) -> Result<Reply, Problem> {
    let held = load(call).await?;
    let mut fields = call.fields()?;
    let chosen = read(&mut fields);
    if chosen.is_none() && fields.is_sound("password") && fields.is_sound("password_hash") {
        fields.wrong("password", "is missing");
    }
    let chosen = fields.finish(chosen)?;
    let hash = chosen.hash(call, held.person.username.as_str()).await?;
    call.store().set_password(call.actor(), &held.person.id, Some(hash), None).await?;
    Ok(Reply::document(render(&load(call).await?)))
}

pub(in crate::admin) async fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let held = load(call).await?;
    if held.password.is_none() {
        return Err(Problem::new(Kind::NotFound, "this user has no password").with("user_id", Value::from(call.key())));
    }
    call.store().set_password(call.actor(), &parse_id(call)?, None, None).await?;
    Ok(Reply::nothing())
}
