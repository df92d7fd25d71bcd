//! Clients that are what a document at their `client_id` says
//! ([draft-ietf-oauth-client-id-metadata-document](https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/)):
//! which URLs name such clients, and what their documents must keep to besides the rules of every registration.

use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::response::ResponseType;
use serde_json::{Map, Value, json};
use url::Url;

use crate::client::Client;
use crate::registering::covers;
use crate::registration::Wrong;

/// Whose documents are read.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// Whether any are.
    pub is_on: bool,
    /// Hosts, `*.` before one for all below it; any where empty.
    pub allowed: Vec<Box<str>>,
}

impl Hosts {
    /// Whether the document of a `client_id` may be read (§3): an https URL in its normal form, with a path, without fragment, user
    /// and dot segments, and of a host that is allowed.
    pub fn admit(&self, client_id: &str) -> bool {
        self.is_on && host_of(client_id).is_some_and(|host| self.covers(&host))
    }

    fn covers(&self, host: &str) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|pattern| covers(pattern, host))
    }
}

/// The host of a `client_id` that can have a document (§3), for people to see it.
///
/// Security: only a URL in its normal form names a client, so that no two texts do which are fetched from the same place: no capital
/// letters in the host, no port 443, no `.` and `..`, spelt `%2e` or not.
pub fn host_of(client_id: &str) -> Option<String> {
    let url = Url::parse(client_id).ok().filter(|url| url.as_str() == client_id)?;
    let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    plain.then(|| url.host_str().map(str::to_owned)).flatten()
}

/// What a server lets such clients have.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Grants.
    pub grants: &'a [GrantType],
    /// Response types.
    pub response_types: &'a [ResponseType],
    /// Whether redirect URIs are of the document's own origin (§6.1).
    pub same_origin: bool,
}

/// Members that a document must not have (§4.1): there is nobody to share a secret with.
const SECRETS: [&str; 2] = ["client_secret", "client_secret_expires_at"];

/// Holds a document against the rules that are its own, and makes of it what such a client could have registered. A document is
/// written for every server there is: what this one does not have is left out of its lists.
pub fn read(mut sent: Map<String, Value>, client_id: &str, terms: Terms<'_>) -> Result<Map<String, Value>, Wrong> {
    let wrong = |field: &str, detail: &str| Wrong { field: field.to_owned(), detail: detail.to_owned() };
    // §4.1: compared as strings, character by character.
    if sent.remove("client_id").as_ref().and_then(Value::as_str) != Some(client_id) {
        return Err(wrong("client_id", "is not the URL of the document"));
    }
    if let Some(name) = SECRETS.iter().find(|name| sent.contains_key(**name)) {
        return Err(wrong(name, "must not stand in a document"));
    }
    let method = sent.entry("token_endpoint_auth_method").or_insert_with(|| json!(AuthMethod::None.as_str()));
    let method = method.as_str().and_then(AuthMethod::parse);
    if !matches!(method, Some(AuthMethod::None | AuthMethod::PrivateKeyJwt)) {
        return Err(wrong("token_endpoint_auth_method", "must be none or private_key_jwt: a document shares no secret"));
    }
    if terms.same_origin
        && let Some(index) = foreign(&sent, client_id)
    {
        return Err(wrong(&format!("redirect_uris.{index}"), "is not of the document's origin"));
    }
    keep(&mut sent, "grant_types", |name| GrantType::parse(name).is_some_and(|grant| terms.grants.contains(&grant)));
    keep(&mut sent, "response_types", |name| {
        ResponseType::parse(name).is_some_and(|response_type| terms.response_types.contains(&response_type))
    });
    Ok(sent)
}

/// The first redirect URI of another origin.
fn foreign(sent: &Map<String, Value>, client_id: &str) -> Option<usize> {
    let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
    let own = origin(client_id);
    let uris = sent.get("redirect_uris").and_then(Value::as_array)?;
    uris.iter().position(|uri| uri.as_str().and_then(origin) != own)
}

fn keep(sent: &mut Map<String, Value>, name: &str, good: impl Fn(&str) -> bool) {
    if let Some(Value::Array(items)) = sent.get_mut(name) {
        items.retain(|item| item.as_str().is_none_or(&good));
    }
}

/// Whether a client has become somebody else for people (§6.3): they are asked again when where they are sent, how it proves itself,
/// or its name is not what they agreed to.
pub fn is_another(before: &Client, now: &Client) -> bool {
    let keys = |client: &Client| client.keys().map(|keys| format!("{keys:?}"));
    before.registration.redirect_uris != now.registration.redirect_uris
        || before.authentication.method() != now.authentication.method()
        || keys(before) != keys(now)
        || before.name != now.name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Authentication, ClientKeys};
    use claimsmith_protocol::id::ClientId;

    const URL: &str = "https://app.example/oauth/client.json";

    const TERMS: Terms<'static> = Terms {
        grants: &[GrantType::AuthorizationCode, GrantType::RefreshToken],
        response_types: &[ResponseType::Code],
        same_origin: false,
    };

    fn document(more: Value) -> Map<String, Value> {
        let mut document = json!({ "client_id": URL, "redirect_uris": ["https://app.example/cb"] });
        let (Value::Object(into), Value::Object(more)) = (&mut document, more) else { panic!("objects") };
        into.extend(more);
        into.clone()
    }

    #[test]
    fn cim_001_which_urls_name_clients() {
        let any = Hosts { is_on: true, allowed: Vec::new() };
        for good in [URL, "https://app.example/", "https://app.example:8443/c", "https://app.example/c?v=1", "https://127.0.0.1/c"] {
            assert!(any.admit(good), "{good}");
        }
        for bad in [
            "",
            "demo",
            "http://app.example/c",
            "https://app.example",
            "https://app.example/c#x",
            "https://app.example/c#",
            "https://u@app.example/c",
            "https://u:p@app.example/c",
            "https://app.example/a/./c",
            "https://app.example/a/../c",
            "https://app.example/..",
            "https://app.example/a/%2e%2e/c",
            "https://app.example/a/.%2E/c",
            "https://app.example/%2e/c",
            "https://APP.example/c",
            "HTTPS://app.example/c",
            "https://app.example:443/c",
            "https://app.example\\c",
            " https://app.example/c",
            "https:app.example/c",
            "https:///c",
        ] {
            assert!(!any.admit(bad), "{bad}");
        }
    }

    #[test]
    fn cim_002_nobodys_document_is_read_where_that_is_off_or_the_host_is_not_allowed() {
        assert!(!Hosts::default().admit(URL));
        let some = Hosts { is_on: true, allowed: vec!["app.example".into(), "*.apps.example".into()] };
        assert!(some.admit(URL) && some.admit("https://one.apps.example/c"));
        for bad in ["https://apps.example/c", "https://xapp.example/c", "https://app.example.evil/c", "https://evil/app.example"] {
            assert!(!some.admit(bad), "{bad}");
        }
    }

    #[test]
    fn cim_004_the_document_names_its_own_url_byte_for_byte() {
        assert!(read(document(json!({})), URL, TERMS).is_ok());
        for other in [
            json!("https://app.example:443/oauth/client.json"),
            json!("https://APP.example/oauth/client.json"),
            json!("https://app.example/oauth/client.json/"),
            json!("https://app.example/oauth/client%2ejson"),
            json!([URL]),
            json!(null),
        ] {
            let refused = read(document(json!({ "client_id": other })), URL, TERMS).expect_err("not its URL");
            assert_eq!(refused.field, "client_id", "{other}");
        }
    }

    #[test]
    fn cim_005_a_document_shares_no_secret() {
        for (more, field) in [
            (json!({ "client_secret": "s" }), "client_secret"),
            (json!({ "client_secret": null }), "client_secret"),
            (json!({ "client_secret_expires_at": 0 }), "client_secret_expires_at"),
            (json!({ "token_endpoint_auth_method": "client_secret_basic" }), "token_endpoint_auth_method"),
            (json!({ "token_endpoint_auth_method": "client_secret_post" }), "token_endpoint_auth_method"),
            (json!({ "token_endpoint_auth_method": "client_secret_jwt" }), "token_endpoint_auth_method"),
            (json!({ "token_endpoint_auth_method": "wish" }), "token_endpoint_auth_method"),
            (json!({ "token_endpoint_auth_method": 1 }), "token_endpoint_auth_method"),
        ] {
            assert_eq!(read(document(more.clone()), URL, TERMS).expect_err("refused").field, field, "{more}");
        }
        let read = read(document(json!({})), URL, TERMS).expect("in order");
        assert_eq!(read["token_endpoint_auth_method"], "none");
    }

    #[test]
    fn cim_006_redirect_uris_can_be_held_to_the_documents_origin() {
        let strict = Terms { same_origin: true, ..TERMS };
        assert!(read(document(json!({})), URL, strict).is_ok());
        for uri in ["https://other.example/cb", "https://app.example:8443/cb", "http://app.example/cb", "app:/cb"] {
            let sent = document(json!({ "redirect_uris": ["https://app.example/cb", uri] }));
            assert!(read(sent.clone(), URL, TERMS).is_ok());
            assert_eq!(read(sent, URL, strict).expect_err("refused").field, "redirect_uris.1", "{uri}");
        }
    }

    #[test]
    fn cim_012_what_this_server_does_not_have_is_left_out_of_lists() {
        let sent = document(json!({
            "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code", "wish"],
            "response_types": ["code", "token"],
        }));
        let read = read(sent, URL, TERMS).expect("in order");
        assert_eq!(read["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!(read["response_types"], json!(["code"]));
    }

    #[test]
    fn cim_014_who_has_become_somebody_else() {
        let before = Client::new(ClientId::parse(URL).expect("an id"), Authentication::Public);
        let mut same = before.clone();
        same.tags = vec!["document".into()];
        same.registration.client_uri = Some("https://app.example".into());
        assert!(!is_another(&before, &same));
        let change = |change: fn(&mut Client)| {
            let mut now = before.clone();
            change(&mut now);
            is_another(&before, &now)
        };
        assert!(change(|now| now.name = Some("Other".into())));
        assert!(change(|now| now.registration.redirect_uris.push("https://app.example/other".into())));
        assert!(change(|now| now.registration.jwks_uri = Some("https://app.example/jwks".into())));
        let keyed = |uri: &str| Authentication::PrivateKeyJwt {
            alg: None,
            audience: crate::client::AssertionAudience::Strict,
            keys: ClientKeys::Uri(uri.into()),
        };
        let with = |uri: &str| Client { authentication: keyed(uri), ..before.clone() };
        assert!(is_another(&before, &with("https://app.example/a")));
        assert!(is_another(&with("https://app.example/a"), &with("https://app.example/b")));
        assert!(!is_another(&with("https://app.example/a"), &with("https://app.example/a")));
    }
}
