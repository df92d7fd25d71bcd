//! What a plugin says about itself, as JSON. `FIXTURES.md` of the SDK is its description.

use std::path::Path;

use serde_json::{Value, json};
use syn::{Error, LitStr};

use crate::arguments::Arguments;
use crate::hook::Hook;

/// The kinds of permission that `client bind --allow` knows, those with a parameter with their colon.
const PERMISSIONS: [&str; 16] = [
    "claim:",
    "scope:",
    "audience:",
    "lifetime:",
    "sub",
    "acr",
    "amr",
    "auth_time",
    "user:",
    "authorization_details:",
    "skip_consent",
    "password",
    "set_user",
    "impersonation",
    "metadata:",
    "refuse_revocation",
];

/// The manifest of the crate that is being compiled.
pub(crate) fn manifest(arguments: &Arguments, hooks: &[Hook]) -> syn::Result<String> {
    for permission in &arguments.permissions {
        check_permission(permission)?;
    }
    let schema = arguments.schema.as_ref().map(read).transpose()?.unwrap_or(Value::Null);
    if let (Some(file), false) = (&arguments.schema, matches!(schema, Value::Object(_) | Value::Bool(_) | Value::Null)) {
        return Err(Error::new(file.span(), "a JSON Schema is an object or a boolean"));
    }
    let fixtures = arguments.fixtures.as_ref().map(read).transpose()?.unwrap_or_else(|| json!([]));
    if let (Some(file), false) = (&arguments.fixtures, fixtures.is_array()) {
        return Err(Error::new(file.span(), "fixtures are a JSON array"));
    }
    let manifest = json!({
        "manifest": 1,
        "name": cargo("CARGO_PKG_NAME"),
        "version": cargo("CARGO_PKG_VERSION"),
        "description": cargo("CARGO_PKG_DESCRIPTION"),
        "sdk": env!("CARGO_PKG_VERSION"),
        "hooks": hooks.iter().map(|hook| hook.interface).collect::<Vec<_>>(),
        "permissions": arguments.permissions.iter().map(LitStr::value).collect::<Vec<_>>(),
        "configuration_schema": schema,
        "fixtures": fixtures,
    });
    Ok(manifest.to_string())
}

/// A variable that cargo sets for the crate that is being compiled; empty where a crate is built without cargo.
fn cargo(variable: &str) -> String {
    std::env::var(variable).unwrap_or_default()
}

fn check_permission(permission: &LitStr) -> syn::Result<()> {
    let text = permission.value();
    let known = PERMISSIONS.iter().any(|kind| match kind.strip_suffix(':') {
        Some(_) => text.strip_prefix(kind).is_some_and(|parameter| !parameter.is_empty()),
        None => text == *kind,
    });
    if known {
        return Ok(());
    }
    let message = format!(
        "`{text}` is no permission; they read `claim:NAME`, `claim:PREFIX*`, `scope:NAME`, `audience:URI`, \
        `lifetime:SECONDS`, `sub`, `acr`, `amr`, `auth_time`, `user:NAME`, `user:PREFIX*`, `authorization_details:TYPE`, \
        `skip_consent`, `password`, `set_user`, `impersonation`, `metadata:NAME`, `metadata:PREFIX*` and `refuse_revocation`"
    );
    Err(Error::new(permission.span(), message))
}

/// Reads a JSON file, its path counted from the folder of the author's `Cargo.toml`.
fn read(file: &LitStr) -> syn::Result<Value> {
    let path = Path::new(&cargo("CARGO_MANIFEST_DIR")).join(file.value());
    let text =
        std::fs::read_to_string(&path).map_err(|error| Error::new(file.span(), format!("cannot read {}: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| Error::new(file.span(), format!("{}: {error}", path.display())))
}
