//! Clients and people as pages show them.

use claimsmith_issuer::client::Client;
use claimsmith_issuer::client_document;
use claimsmith_issuer::person::Person;
use claimsmith_protocol::registration::Registration;

use crate::pages::view::{Account, ClientCard, Link};

/// A client, with what it says about itself.
pub fn client(client: &Client) -> ClientCard {
    let registration: &Registration = &client.registration;
    let link = |uri: &Option<Box<str>>| uri.as_deref().and_then(Link::web);
    // Security: a stranger's picture is not asked for by people's browsers, for it would learn of them, and could show any brand.
    let host = client_document::host_of(&client.id);
    ClientCard {
        name: client.name.as_deref().unwrap_or(&client.id).to_owned(),
        logo: link(&registration.logo_uri).filter(|_| host.is_none()),
        host,
        home: link(&registration.client_uri),
        policy: link(&registration.policy_uri),
        terms: link(&registration.tos_uri),
    }
}

/// A person, as they know themselves.
pub fn account(person: &Person) -> Account {
    let claims: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&person.claims).unwrap_or_default();
    let name = claims.get("name").and_then(serde_json::Value::as_str).filter(|name| !name.is_empty());
    Account { identifier: person.username.as_str().to_owned(), name: name.map(str::to_owned) }
}
