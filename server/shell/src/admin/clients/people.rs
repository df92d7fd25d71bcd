//! What clients register for the flows of people: one checked document.

use claimsmith_issuer::client::{Authentication, Client, ClientKeys};
use claimsmith_issuer::registration::{Around, check};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::registration::Registration;
use claimsmith_protocol::time::Lifetime;
use serde_json::{Map, Value, json};

use super::metadata::Rules;
use crate::admin::fields::Fields;

/// Members that are read with the client's authentication.
const OF_KEYS: [&str; 2] = ["jwks", "jwks_uri"];

/// Reads the document and says everything that is wrong with it.
pub(super) fn read(
    fields: &mut Fields,
    rules: &Rules,
    authentication: Option<&Authentication>,
    grants: &[GrantType],
) -> Option<Registration> {
    let mut document = Map::new();
    for name in Registration::MEMBERS.into_iter().filter(|name| !OF_KEYS.contains(name)) {
        if let Some(value) = fields.take(name) {
            document.insert(name.to_owned(), value);
        }
    }
    let registration: Registration = match serde_path_to_error::deserialize(Value::Object(document)) {
        Ok(registration) => registration,
        Err(error) => {
            fields.wrong(
                &error.path().to_string().replace(['[', ']'], ".").trim_end_matches('.').replace("..", "."),
                error.inner().to_string(),
            );
            return None;
        }
    };
    let around = Around {
        grants,
        public: matches!(authentication, Some(Authentication::Public)),
        by_key: matches!(
            authentication,
            Some(Authentication::PrivateKeyJwt { .. } | Authentication::Certificate | Authentication::SelfSigned { .. })
        ),
        by_certificate: matches!(authentication, Some(Authentication::Certificate)),
        by_mac: matches!(authentication, Some(Authentication::SecretJwt { .. })),
        response_types: &rules.response_types,
        encrypted_objects: rules.encrypted_objects,
    };
    for wrong in check(&registration, around) {
        fields.wrong(&wrong.field, wrong.detail);
    }
    for (index, kind) in registration.authorization_details_types.iter().enumerate() {
        if !rules.detail_types.knows(kind) {
            fields.wrong(&format!("authorization_details_types.{index}"), "is no type of this server (authorize.details_types_file)");
        }
    }
    Some(registration)
}

/// With the keys of a client that does not authenticate by them.
pub(super) fn with_keys(mut registration: Registration, keys: Option<ClientKeys>) -> Registration {
    match keys {
        Some(ClientKeys::Inline(text)) => registration.jwks = serde_json::from_str(&text).ok(),
        Some(ClientKeys::Uri(uri)) => registration.jwks_uri = Some(uri),
        None => {}
    }
    registration
}

/// The document's members.
pub(super) fn members(registration: &Registration) -> Map<String, Value> {
    match serde_json::to_value(registration) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// `lifetimes`.
pub(super) fn lifetimes(client: &Client) -> Value {
    let named = [
        ("access_token", client.access_token_lifetime),
        ("refresh_token", client.refresh_token_lifetime),
        ("id_token", client.id_token_lifetime),
    ];
    let given = named.into_iter().filter_map(|(name, lifetime)| Some((name.to_owned(), json!(lifetime.map(Lifetime::seconds)?))));
    Value::Object(given.collect())
}
