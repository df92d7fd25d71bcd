//! The shapes of the admin API's documents, for the OpenAPI document. What they say is checked against what is read and rendered.

use claimsmith_protocol::registration::Registration;
use serde_json::{Map, Value, json};

/// Every schema by its name.
pub(crate) fn schemas() -> Map<String, Value> {
    let all = [
        ("Problem", problem()),
        ("Client", client()),
        ("ClientSecret", client_secret()),
        ("SecretRotation", secret_rotation()),
        ("NewSecret", new_secret()),
        ("Binding", binding()),
        ("Resource", resource()),
        ("RegistrationToken", registration_token()),
        ("TrustedIssuer", trusted_issuer()),
        ("User", user()),
        ("NewPassword", new_password()),
        ("Factor", factor()),
        ("Link", link()),
        ("Session", session()),
        ("Grant", grant()),
        ("Consent", consent()),
        ("Plugin", plugin()),
        ("PluginVersion", plugin_version()),
        ("Upload", upload()),
        ("Key", key()),
        ("KeyRotation", key_rotation()),
        ("Reseal", closed(json!({ "resealed": integer("Values that were sealed again") }))),
        ("TokenQuestion", closed(json!({ "token": string("The token") }))),
        ("Introspection", json!({ "type": "object", "required": ["active"], "properties": { "active": { "type": "boolean" } } })),
        ("Explanation", explanation()),
        ("Revocation", closed(json!({ "revoked": boolean("Whether there was such a token that had not been revoked yet") }))),
        ("Change", change()),
        ("Issuance", issuance()),
        ("SignedRequest", signed_request()),
        ("Config", json!({ "type": "object", "description": "Sections and settings as `claimsmith config reference` names them" })),
        ("OpenApi", json!({ "type": "object" })),
        ("Health", closed(json!({ "status": string("`ok`, or what is missing") }))),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// The names of a schema's properties.
#[cfg(test)]
pub(crate) fn properties(name: &str) -> Vec<String> {
    schemas()[name]["properties"].as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
}

fn string(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn integer(description: &str) -> Value {
    json!({ "type": "integer", "description": description })
}

fn boolean(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

fn strings(description: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": description })
}

fn choice(words: &[&str], description: &str) -> Value {
    json!({ "type": "string", "enum": words, "description": description })
}

fn instant(description: &str) -> Value {
    json!({ "type": "integer", "description": format!("{description}; seconds since 1970") })
}

fn read_only(mut schema: Value) -> Value {
    schema["readOnly"] = json!(true);
    schema
}

#[allow(clippy::needless_pass_by_value, reason = "it is made for this")]
fn closed(properties: Value) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn versioned(mut schema: Value) -> Value {
    schema["properties"]["version"] = read_only(integer("Counts changes; the entity tag is made of it"));
    schema
}

const ALGS: [&str; 10] = ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"];

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": string("A URN that names the kind of problem"),
            "title": string("The kind of problem in words"),
            "status": integer("The HTTP status"),
            "detail": string("What happened"),
            "field": string("The first field at fault"),
            "errors": { "type": "array", "items": { "type": "object", "required": ["field", "detail"], "properties": {
                "field": string("The field; nested ones with dots"), "detail": string("What is wrong with it") } } },
            "request_id": string("Names the request in the logs"),
        },
    })
}

const HASHES: &str = "argon2, bcrypt, pbkdf2, scrypt, sha512-crypt, or salted SHA of LDAP; it is made anew at the next sign-in";

fn user() -> Value {
    let schema = closed(json!({
        "user_id": string("The public subject, `usr_` and 22 random characters; made by the server when left out"),
        "username": string("What they sign in with, an e-mail address for instance; compared without regard to capitals (RFC 8265)"),
        "enabled": boolean("Default true; who is disabled cannot sign in, and their tokens are inactive"),
        "claims": { "type": "object", "description": "Standard claims of OpenID Connect Core §5.1; a text may carry a language tag: `name#de`" },
        "attributes": { "type": "object", "description": "Anything; plugins read it" },
        "password": { "type": "string", "writeOnly": true, "description": "On creation: their password" },
        "password_hash": { "type": "string", "description": format!("On creation, instead of password: {HASHES}. In lists, only on demand") },
        "password_changed_at": read_only(instant("When the password was set; absent where there is none")),
        "factors": read_only(closed(json!({
            "totp": boolean("Whether there is an authenticator app"),
            "recovery_codes": integer("Recovery codes that are left"),
            "passkeys": integer("Passkeys"),
        }))),
        "created_at": read_only(instant("When they were registered")),
        "updated_at": read_only(instant("When what is known of them was last changed; the claim of this name")),
    }));
    versioned(schema)
}

fn new_password() -> Value {
    closed(json!({
        "password": string("The password"),
        "password_hash": string(&format!("Instead of password: {HASHES}")),
    }))
}

fn factor() -> Value {
    closed(json!({
        "factor_id": string("Names it in paths: totp, recovery_codes, or the id of a passkey"),
        "type": choice(&["totp", "recovery_codes", "passkey"], "What it is"),
        "name": string("What its owner calls a passkey"),
        "remaining": integer("Recovery codes that are left"),
        "created_at": instant("When it was set up"),
        "last_used_at": instant("When it was last used"),
    }))
}

fn link() -> Value {
    closed(json!({
        "issuer": string("The issuer identifier"),
        "subject": string("The `sub` there"),
    }))
}

fn session() -> Value {
    closed(json!({
        "session_id": string("Names it; no secret"),
        "methods": strings("What the user did to sign in"),
        "address": string("Where it was begun from"),
        "user_agent": string("What the browser called itself"),
        "authenticated_at": instant("When the user signed in, the last time"),
        "created_at": instant("When it was begun"),
        "seen_at": instant("When it was last used, within a minute"),
        "expires_at": instant("When it ends at the latest"),
    }))
}

fn grant() -> Value {
    closed(json!({
        "grant_id": string("Names it; no secret"),
        "client_id": string("The client"),
        "session_id": string("The session that it ends with; absent for offline access"),
        "scope": string("The scopes agreed to, separated by spaces"),
        "resources": strings("The resources agreed to"),
        "code": choice(&["none", "open", "spent"], "Its authorization code"),
        "refresh_token": closed(json!({
            "number": integer("How often it has been replaced"),
            "rotated_at": instant("When it was last replaced"),
            "expires_at": instant("When it ends if it is not used"),
            "bound": boolean("Whether it is bound to a key or certificate"),
        })),
        "created_at": instant("When it was given"),
        "expires_at": instant("When it ends at the latest"),
    }))
}

fn consent() -> Value {
    closed(json!({
        "client_id": string("The client"),
        "scope": string("The scopes agreed to, separated by spaces"),
        "claims": strings("The claims agreed to beside those of the scopes"),
        "updated_at": instant("When it was last changed"),
    }))
}

fn registration_token() -> Value {
    closed(json!({
        "name": string("A name for administrators"),
        "uses": integer("When it is made: how many clients it may register; any number when left out"),
        "expires_in": integer("When it is made: seconds until it expires; never when left out"),
        "uses_left": read_only(integer("How many clients it may still register; any number when absent")),
        "expires_at": read_only(instant("When it expires; 0 for never")),
        "token": read_only(string("The token, shown once")),
    }))
}

fn client() -> Value {
    let schema = closed(json!({
        "client_id": string("1 to 256 printable ASCII characters; made by the server when left out"),
        "client_id_issued_at": read_only(instant("When the client was registered")),
        "client_name": string("A name for people"),
        "enabled": boolean("Default true; a disabled client is answered like an unknown one"),
        "token_endpoint_auth_method": choice(
            &["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
            "How it authenticates; the default is a setting of the server"),
        "token_endpoint_auth_signing_alg": string("The one algorithm of its assertions"),
        "assertion_audience": choice(&["strict", "legacy"],
            "Which aud its assertions may carry: the issuer alone (strict, the default), or the token endpoint too"),
        "jwks": { "type": "object", "description": "Its public keys (RFC 7517); for private_key_jwt, instead of jwks_uri" },
        "jwks_uri": string("Where its public keys are fetched, https; for private_key_jwt, instead of jwks"),
        "client_secret": { "type": "string", "description": "On creation: a secret brought in from elsewhere. In answers: a new secret, shown once" },
        "client_secret_expires_at": instant("When the secret expires; 0 for never"),
        "grant_types": strings("Default [\"client_credentials\"]"),
        "scope": string("What it may ask for, separated by spaces"),
        "default_scope": string("What it gets when it asks for nothing; default: all of scope"),
        "resources": strings("Identifiers of the resources it may ask for"),
        "tags": strings("Tags; bindings may hang on them"),
        "metadata": { "type": "object", "description": "Anything; plugins read it" },
        "lifetimes": closed(json!({
            "access_token": integer("Seconds"), "refresh_token": integer("Seconds"), "id_token": integer("Seconds") })),
        "access_token_format": choice(&["jwt", "opaque"], "What it gets where the resource does not say"),
        "access_token_signed_response_alg": choice(&ALGS, "What its JWT access tokens are signed with where the resource does not say"),
        "bindings": { "type": "array", "items": { "$ref": "#/components/schemas/Binding" },
            "description": "Its own bindings: taken on creation, afterwards changed under /bindings" },
    }));
    let mut schema = versioned(schema);
    for (name, member) in Registration::schema() {
        if schema["properties"].get(&name).is_none() {
            schema["properties"][name] = member;
        }
    }
    schema["properties"]["created_at"] = read_only(instant("When it was made"));
    schema["properties"]["updated_at"] = read_only(instant("When it was changed last"));
    schema
}

fn client_secret() -> Value {
    closed(json!({
        "id": integer("Its number"),
        "kind": choice(&["sha256", "argon2id"], "How it is kept"),
        "sealed": boolean("Whether it can be recovered for client_secret_jwt"),
        "client_secret_expires_at": instant("When it expires; 0 for never"),
    }))
}

fn secret_rotation() -> Value {
    closed(json!({
        "client_secret": string("A secret brought in from elsewhere, instead of a generated one"),
        "client_secret_expires_at": instant("When the new secret expires; 0, the default, for never"),
        "keep_old_for": integer("Seconds for which older secrets stay good; default 0"),
    }))
}

fn new_secret() -> Value {
    closed(json!({
        "client_id": string("The client"),
        "client_secret": string("The new secret, shown once; absent when it was brought in"),
        "client_secret_expires_at": instant("When it expires; 0 for never"),
    }))
}

fn binding() -> Value {
    let schema = closed(json!({
        "id": read_only(integer("Its number")),
        "target": read_only(closed(json!({
            "kind": choice(&["all", "tag", "client"], "Whom it is for"),
            "tag": string("The tag"),
            "client_id": string("The client"),
        }))),
        "plugin": string("The plugin's name"),
        "digest": string("SHA-256 of the version it is pinned to, in hexadecimal; the active version when absent"),
        "position": integer("Its place: lower runs earlier within the same kind of target; after the last one when left out"),
        "configuration": { "description": "JSON, checked against the plugin's schema; default {}" },
        "permissions": strings("What its edits may touch: claim:NAME, claim:PREFIX*, scope:NAME, audience:URI, lifetime:SECONDS, sub, acr, amr, auth_time, user:NAME, user:PREFIX*, authorization_details:TYPE, skip_consent, password, set_user, impersonation, metadata:NAME, metadata:PREFIX*, refuse_revocation"),
        "on_failure": choice(&["refuse", "skip"], "What happens when the plugin fails; default refuse"),
        "limits": closed(json!({ "fuel": integer("Fuel for one call"), "milliseconds": integer("Wall time of one call") })),
    }));
    versioned(schema)
}

fn resource() -> Value {
    versioned(closed(json!({
        "identifier": string("An absolute URI without fragment: the value of resource and of aud"),
        "name": string("A name for people"),
        "scopes": strings("The scopes that mean something there"),
        "token_format": choice(&["jwt", "opaque"], "The form of tokens for it"),
        "signing_alg": choice(&ALGS, "What its JWT access tokens are signed with"),
        "lifetime_ceiling": integer("No token for it lives longer; seconds"),
        "introspectors": strings("The clients that may introspect tokens for it"),
    })))
}

fn trusted_issuer() -> Value {
    let purposes = claimsmith_issuer::trust::Purpose::ALL.map(claimsmith_issuer::trust::Purpose::as_str);
    versioned(closed(json!({
        "issuer": string("The iss of its tokens, compared character by character"),
        "disabled": boolean("Whether it is not believed for the time being"),
        "jwks": { "type": "object", "description": "Its public keys, a JWK set" },
        "jwks_uri": string("Where its public keys are, instead of jwks"),
        "algorithms": { "type": "array", "items": choice(&ALGS, "A signature algorithm"), "description": "How its tokens may be signed" },
        "purposes": { "type": "array", "items": choice(&purposes, "A purpose"), "description": "What its tokens may be used for" },
        "audiences": strings("What its tokens may name as audience beside this server's issuer and token endpoint"),
        "clients": strings("Clients that may bring its tokens; none where empty"),
        "scopes": strings("What its tokens may be worth here; nothing where empty"),
        "subjects": choice(&["none", "link", "username"], "Who its subjects are here: nobody, linked people, or people by user name"),
        "username_claim": string("The claim that has the user name"),
        "lifetime_max": integer("The longest life of a token that is believed, seconds; 3600 where absent"),
        "reusable": boolean("Whether an assertion may be used more than once"),
    })))
}

fn plugin() -> Value {
    versioned(closed(json!({
        "name": string("Its name"),
        "enabled": boolean("Whether it runs"),
        "active": string("Digest of the active version; absent before the first activation"),
        "previous": string("Digest of the version that rollback returns to"),
        "versions": { "type": "array", "items": { "$ref": "#/components/schemas/PluginVersion" } },
    })))
}

fn version_properties() -> Value {
    json!({
        "plugin": string("The plugin's name"),
        "digest": string("SHA-256, in hexadecimal"),
        "state": choice(&["ready", "disabled"], "Whether it may be activated and run"),
        "active": boolean("Whether it is the active version"),
        "hooks": strings("The hook points it exports"),
        "manifest": { "type": "object", "description": "What it says of itself" },
        "report": { "type": "object", "description": "What the upload found: imports, limits, warnings, self-test" },
        "uploaded_by": string("The admin token's name"),
        "uploaded_at": instant("When it was uploaded"),
    })
}

fn plugin_version() -> Value {
    closed(version_properties())
}

fn upload() -> Value {
    closed(json!({
        "name": string("The plugin's name"),
        "digest": string("SHA-256 of the component without its custom sections, in hexadecimal: the version's name"),
        "file_digest": string("SHA-256 of what was uploaded"),
        "bytes": integer("Size of the component without its custom sections"),
        "initial_memory": integer("Linear memory it starts with, bytes"),
        "known": boolean("Whether this very version had been uploaded before"),
        "activated": boolean("Whether it has become the active version"),
        "manifest": { "type": "object", "description": "What it says of itself" },
        "hooks": strings("The hook points it exports"),
        "imports": strings("The interfaces it imports"),
        "limits": { "type": "object", "description": "What one call may use" },
        "warnings": strings("What the author should look at"),
        "self_test": { "type": "object", "description": "Its fixtures in the sandbox: how many passed, and the fuel of each" },
    }))
}

fn key() -> Value {
    closed(json!({
        "kid": string("Its name, a JWK thumbprint"),
        "alg": choice(&ALGS, "The one algorithm it is for"),
        "state": choice(&["pending", "active", "standby", "retired"],
            "pending: published, not yet used; active: signs; standby: a younger one signs; retired: published, signs no more"),
        "active_from": instant("From when it may sign"),
        "retired_at": instant("When it stopped signing"),
        "published_until": instant("When it leaves the JWK set"),
    }))
}

fn key_rotation() -> Value {
    closed(json!({
        "alg": choice(&ALGS, "Default: the server's default algorithm"),
        "now": boolean("Sign at once; otherwise when caches of the JWK set have had time to see the key. The first key of an algorithm always signs at once"),
    }))
}

fn explanation() -> Value {
    closed(json!({
        "active": boolean("Whether it is good now"),
        "format": choice(&["jwt", "opaque"], "Its form"),
        "header": { "type": "object", "description": "The token's header, of a JWT" },
        "claims": { "type": "object", "description": "Its claims" },
        "revoked": boolean("Whether it was revoked"),
        "expired": boolean("Whether its time is over"),
        "issuance": { "$ref": "#/components/schemas/Issuance" },
        "sources": { "type": "object", "description": "For each claim that a plugin set or removed: the plugin and the digest of its version",
            "additionalProperties": closed(json!({ "plugin": string("The plugin"), "digest": string("The version") })) },
    }))
}

fn change() -> Value {
    closed(json!({
        "generation": integer("Its number"),
        "happened_at": instant("When"),
        "actor": string("The admin token's name, or who else did it"),
        "action": string("What was done"),
        "kind": string("The kind of thing"),
        "key": string("Which one"),
        "before": { "type": "object", "description": "What it was, without secrets" },
        "after": { "type": "object", "description": "What it became, without secrets" },
    }))
}

fn signed_request() -> Value {
    closed(json!({
        "answered_at": instant("When a person allowed it"),
        "client_id": string("The client that signed it"),
        "user_id": string("The person"),
        "grant_id": string("What came of it, in base64url: its first 21 characters begin the jti of every access token of it"),
        "request_object": string("The object as it was signed"),
    }))
}

fn issuance() -> Value {
    closed(json!({
        "happened_at": instant("When"),
        "outcome": string("`issued`, or the reason of the refusal"),
        "client_id": string("The client"),
        "grant_type": string("The grant"),
        "subject": string("The token's sub"),
        "scope": string("The granted scopes"),
        "audience": strings("The audience"),
        "token_id": string("The token's jti"),
        "expires_at": instant("When the token expires"),
        "plugins": strings("Digests of the plugin versions that shaped it, in the order of their calls"),
        "claims": { "type": "object", "additionalProperties": { "type": "string" }, "description": "Which claim was set or removed by which version" },
        "request_id": string("The request in the logs"),
        "node_id": string("The node"),
    }))
}
