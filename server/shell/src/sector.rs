//! The sector of pairwise subjects: the list at a client's `sector_identifier_uri` (OpenID Connect Dynamic Client Registration §5).

use claimsmith_protocol::registration::Registration;

use crate::rooms::Rooms;

/// The most addresses of a list.
const LISTED_MAX: usize = 1_000;

/// Fetches the list and looks whether the client's redirect URIs are all in it; what is wrong goes to who registers it. Why a list
/// could not be had stands in the log.
pub async fn check(rooms: &Rooms, registration: &Registration) -> Result<(), String> {
    let Some(uri) = registration.sector_identifier_uri.as_deref() else { return Ok(()) };
    let fetched = rooms.fetcher.json(uri).await.map_err(|reason| {
        tracing::info!(uri, %reason, "the list of a sector cannot be fetched");
        "cannot be fetched: it must be reachable, answer 200, and be application/json".to_owned()
    })?;
    read(&fetched.body, registration)
}

fn read(body: &[u8], registration: &Registration) -> Result<(), String> {
    let listed: Vec<Box<str>> = serde_json::from_slice(body).map_err(|_| "is no JSON array of addresses".to_owned())?;
    if listed.len() > LISTED_MAX {
        return Err(format!("lists more than {LISTED_MAX} addresses"));
    }
    match registration.redirect_uris.iter().find(|uri| !listed.contains(uri)) {
        Some(missing) => Err(format!("does not list {missing}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_004_every_redirect_uri_is_listed_to_the_letter() {
        let registration =
            Registration { redirect_uris: vec!["https://a.example/cb".into(), "https://b.example/cb".into()], ..Registration::default() };
        assert_eq!(read(br#"["https://b.example/cb","https://a.example/cb","https://c.example"]"#, &registration), Ok(()));
        for bad in [r#"["https://a.example/cb"]"#, r#"["https://a.example/cb","https://b.example/cb/"]"#, "{}", "[1]", "", "null"] {
            assert!(read(bad.as_bytes(), &registration).is_err(), "{bad}");
        }
    }
}
