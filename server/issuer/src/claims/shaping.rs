//! What every hook point's subject has in common: it shows itself to plugins, and takes all of a call's edits or none.

use super::{Authority, EDITS_MAX, EditRefused, Provenance, names};
use crate::binding::Permission;
use crate::hook::{self, Edit, HookPoint};
use crate::value::{Member, Value};

/// The most attributes that plugins may have remembered with a session or a grant.
pub const ATTRIBUTES_MAX: usize = 64;

/// The most bytes of names and values that those attributes may have together.
pub const ATTRIBUTES_BYTES_MAX: usize = 8 << 10;

/// Something that plugins shape at one hook point. The hook room knows nothing else of it.
pub trait Shaping: Clone {
    /// The hook point.
    const POINT: HookPoint;

    /// It as the next plugin sees it.
    fn view(&self) -> hook::Draft<'_>;

    /// The same, for a plugin whose binding has these permissions.
    fn view_for(&self, _: &[Permission]) -> hook::Draft<'_> {
        self.view()
    }

    /// Whether the edit has a meaning here, is well formed, and is permitted. Changes nothing.
    fn check(&self, edit: &Edit, authority: Authority<'_>) -> Result<(), EditRefused>;

    /// Whether what the edits made is not too much of its kind.
    fn check_whole(&self) -> Result<(), EditRefused> {
        Ok(())
    }

    /// Makes a change that was checked.
    fn perform(&mut self, edit: Edit, authority: Authority<'_>);

    /// Checks every edit of a call against the reserved names and the authority of its binding, then applies all, or none.
    fn apply(&mut self, edits: Vec<Edit>, authority: Authority<'_>) -> Result<(), EditRefused> {
        if edits.is_empty() {
            return Ok(());
        }
        if edits.len() > EDITS_MAX {
            return Err(EditRefused::TooMany("edits"));
        }
        for edit in &edits {
            self.check(edit, authority)?;
        }
        let mut shaped = self.clone();
        for edit in edits {
            shaped.perform(edit, authority);
        }
        shaped.check_whole()?;
        *self = shaped;
        Ok(())
    }
}

/// What no arm of a `check` has a meaning for.
pub(super) const fn misplaced(edit: &Edit) -> EditRefused {
    EditRefused::Misplaced(edit.name())
}

/// Whether a plugin may set an attribute of a session or a grant.
pub(super) fn check_attribute(name: &str, value: &Value) -> Result<(), EditRefused> {
    names::check_name(name)?;
    names::check_value("", value)
}

/// Whether attributes are few and small enough to be stored.
pub(super) fn check_attributes(attributes: &[Member]) -> Result<(), EditRefused> {
    if attributes.len() > ATTRIBUTES_MAX {
        return Err(EditRefused::TooMany("attributes"));
    }
    let bytes: usize = attributes.iter().map(|member| member.name.len() + member.value.to_json().len()).sum();
    if bytes > ATTRIBUTES_BYTES_MAX { Err(EditRefused::TooMany("bytes of attributes")) } else { Ok(()) }
}

/// The longest lifetime that a binding may set: what it is, or more with a permission, and never beyond the ceiling.
pub(super) fn longest(lifetime: u32, authority: Authority<'_>) -> u32 {
    let granted = authority.permissions.iter().filter_map(|permission| match permission {
        Permission::Lifetime(most) => Some(*most),
        _ => None,
    });
    granted.max().unwrap_or(0).max(lifetime).min(authority.lifetime_ceiling)
}

/// Remembers who touched what last.
pub(super) fn note(provenance: &mut Vec<Provenance>, what: Box<str>, binding: i64) {
    provenance.retain(|entry| entry.what != what);
    provenance.push(Provenance { what, binding });
}

/// The texts, each once, in their order.
pub(super) fn distinct(texts: Vec<String>) -> Vec<Box<str>> {
    let mut kept: Vec<Box<str>> = Vec::with_capacity(texts.len());
    for text in texts {
        if !kept.iter().any(|held| **held == *text) {
            kept.push(text.into());
        }
    }
    kept
}

/// Whether the scopes are among those held, or permitted.
pub(super) fn check_scopes(scopes: &[String], held: &[Box<str>], permissions: &[Permission]) -> Result<(), EditRefused> {
    for scope in scopes {
        if !claimsmith_protocol::scope::is_scope_token(scope) {
            return Err(EditRefused::Malformed("a scope with characters that scopes do not have".to_owned()));
        }
        let granted = held.iter().any(|held| **held == **scope);
        let permitted = permissions.iter().any(|permission| matches!(permission, Permission::Scope(name) if **name == **scope));
        if !granted && !permitted {
            return Err(EditRefused::NotPermitted(format!("scope:{scope}")));
        }
    }
    Ok(())
}
