//! Before a version becomes the active one: whether the bindings that follow it have configurations that it can read.

use claimsmith_issuer::binding::{Binding, Target};
use claimsmith_jose::Digest;
use serde_json::Value;

use super::facts;
use crate::admin::bindings::misfits;
use crate::admin::problem::{FieldError, Problem};
use crate::admin::{Call, internal, paging};

/// Most bindings that are named; the message tells how many there are.
const NAMED_MAX: usize = 20;

/// Errors with the bindings whose configuration the version's schema refuses, unless the query says `force=true`. Bindings
/// with a digest of their own do not follow.
pub(super) async fn check(call: &Call<'_>, plugin: &str, digest: &Digest) -> Result<(), Problem> {
    if forced(call.query.text("force"))? {
        return Ok(());
    }
    let facts = facts::load(call, plugin).await?;
    let Some(schema) = facts.as_ref().and_then(|facts| facts.version(digest)?.schema.clone()) else { return Ok(()) };
    let bindings = call.store().bindings_of(plugin).await?;
    // Each client may have a binding of its own: not on a thread that serves.
    let checked = tokio::task::spawn_blocking(move || {
        let following = bindings.into_iter().map(|record| record.binding).filter(|binding| binding.pinned.is_none());
        let parsed = following.map(|binding| {
            let configuration = serde_json::from_str(&binding.configuration).unwrap_or(Value::Null);
            (binding, configuration)
        });
        misfits(&schema, parsed)
    });
    let found = checked.await.map_err(|error| internal(&error))?;
    if found.is_empty() { Ok(()) } else { Err(refused(plugin, &found)) }
}

fn forced(text: Option<&str>) -> Result<bool, Problem> {
    match text {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(paging::wrong("force", "must be true or false")),
    }
}

fn refused(plugin: &str, found: &[(Binding, String, String)]) -> Problem {
    let errors = found.iter().take(NAMED_MAX).map(|(binding, place, detail)| FieldError {
        field: format!("bindings.{}.configuration{place}", binding.id),
        detail: format!("{} (of {})", detail, whose(&binding.target)),
    });
    let problem = Problem::fields(errors.collect());
    let detail = format!(
        "{} of the bindings of `{plugin}` have a configuration that this version refuses: {}; change them, give them a digest of \
         their own, or use force",
        found.len(),
        problem.detail
    );
    Problem { detail, ..problem }
}

fn whose(target: &Target) -> String {
    match target {
        Target::All => "all clients".to_owned(),
        Target::Tag(tag) => format!("tag `{tag}`"),
        Target::Client(id) => format!("client `{id}`"),
    }
}
