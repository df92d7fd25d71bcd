//! Request objects that stand where their client registered them (RFC 9101 §5.2.3).

use claimsmith_issuer::request_uri::{RequestUri, unavailable};
use claimsmith_protocol::error::Refusal;

use super::Entry;
use crate::rooms::Rooms;

/// Fetches the object at an address of the client's. Why it could not be had stands in the log: whoever made a browser come here
/// learns nothing of our network.
pub(super) async fn fetch(rooms: &Rooms, entry: &Entry, uri: &str) -> Result<String, Refusal> {
    let uri = RequestUri::registered(uri, &entry.client.registration)?;
    let Ok(_place) = rooms.object_errands.try_acquire() else {
        tracing::info!(client_id = %entry.client.id, "too many request objects are being fetched");
        return Err(unavailable());
    };
    let fetched = rooms.fetcher.request_object(uri.location()).await.map_err(|reason| {
        tracing::info!(client_id = %entry.client.id, uri = uri.location(), %reason, "a request object cannot be fetched");
        unavailable()
    })?;
    uri.check(&fetched.body)?;
    String::from_utf8(fetched.body.into()).map_err(|_| unavailable())
}
