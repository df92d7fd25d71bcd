//! The names that are the server's own, and what a binding must grant for the others.

use super::{EditRefused, NAME_LENGTH_MAX};
use crate::binding::Permission;
use crate::value::Value;

/// Claims that no permission can grant: they say who issued the token, to whom, when, and what it is bound to.
/// `scope` and `aud` have edits of their own.
const RESERVED: [&str; 16] = [
    "iss",
    "exp",
    "nbf",
    "iat",
    "jti",
    "cnf",
    "act",
    "may_act",
    "client_id",
    "nonce",
    "at_hash",
    "c_hash",
    "s_hash",
    "azp",
    "scope",
    "aud",
];

/// Claims that need a permission of their own name; a prefix does not reach them.
const PROTECTED: [&str; 4] = ["sub", "acr", "amr", "auth_time"];

/// Members of token responses that a specification defines, and those of errors.
const RESERVED_RESPONSE: [&str; 19] = [
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "refresh_token_expires_in",
    "scope",
    "id_token",
    "issued_token_type",
    "authorization_details",
    "error",
    "error_description",
    "error_uri",
    "state",
    "code",
    "iss",
    "c_nonce",
    "c_nonce_expires_in",
    "device_secret",
    "active",
];

/// Whether the claim is the server's own.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Whether the response member has a standard meaning.
pub fn is_reserved_response_member(name: &str) -> bool {
    RESERVED_RESPONSE.contains(&name)
}

/// Whether the name can be one at all.
pub(super) fn check_name(name: &str) -> Result<(), EditRefused> {
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || name.chars().any(char::is_control) {
        return Err(EditRefused::Malformed(format!("a name is 1 to {NAME_LENGTH_MAX} bytes without control characters")));
    }
    Ok(())
}

/// Whether the permissions let a plugin touch the claim.
pub(super) fn check_claim(name: &str, permissions: &[Permission]) -> Result<(), EditRefused> {
    check_name(name)?;
    if is_reserved(name) {
        return Err(EditRefused::Reserved(name.to_owned()));
    }
    let protected = PROTECTED.contains(&name);
    let permitted = permissions.iter().any(|permission| match permission {
        Permission::Protected(granted) => protected && **granted == *name,
        Permission::Claim(granted) => !protected && **granted == *name,
        Permission::ClaimPrefix(prefix) => !protected && name.starts_with(prefix.as_ref()),
        Permission::Scope(_)
        | Permission::Audience(_)
        | Permission::Lifetime(_)
        | Permission::User(_)
        | Permission::UserPrefix(_)
        | Permission::AuthorizationDetails(_)
        | Permission::SkipConsent
        | Permission::Password
        | Permission::SetUser
        | Permission::Impersonation
        | Permission::Metadata(_)
        | Permission::MetadataPrefix(_)
        | Permission::RefuseRevocation => false,
    });
    match (permitted, protected) {
        (true, _) => Ok(()),
        (false, true) => Err(EditRefused::NotPermitted(name.to_owned())),
        (false, false) => Err(EditRefused::NotPermitted(format!("claim:{name}"))),
    }
}

/// A token has a subject, and it is a text that is not empty, whoever may set it (RFC 9068 §2.2, RFC 7519 §4.1.2).
pub(super) fn check_subject(name: &str, value: Option<&Value>) -> Result<(), EditRefused> {
    match value {
        _ if name != "sub" => Ok(()),
        Some(Value::Text(text)) if !text.is_empty() => Ok(()),
        _ => Err(EditRefused::Malformed("`sub` is a text that is not empty, and cannot be removed".to_owned())),
    }
}

/// Whether the value may be sent under the name.
pub(super) fn check_value(name: &str, value: &Value) -> Result<(), EditRefused> {
    if matches!(value, Value::Json(text) if &**text == "null") {
        return Err(EditRefused::Malformed(format!("`{name}` is null; remove it instead")));
    }
    // RFC 9068 §2.2.3.1: multi-valued, in the shape of SCIM's attributes (RFC 7643 §4.1.2).
    let is_array = matches!(value, Value::Texts(_)) || matches!(value, Value::Json(text) if text.starts_with('['));
    if matches!(name, "groups" | "roles" | "entitlements") && !is_array {
        return Err(EditRefused::Malformed(format!("`{name}` is an array")));
    }
    Ok(())
}
