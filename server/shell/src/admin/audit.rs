//! `/admin/v1/audit`: who changed what, and what the token endpoint issued and refused. The latest first.

use claimsmith_jose::base64url;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::{AdminRecord, SignedRequest, TokenRecordFilter, TokenRecordRow};
use serde_json::{Value, json};

use super::paging::{Page, Query, wrong};
use super::problem::Problem;
use super::{Call, Reply};

/// Records that one request looks through for those that fit.
const SCAN_MAX: usize = 10_000;
const CHUNK: u32 = 500;

/// A page that was filled by looking through more than it shows.
struct Sieve {
    page: Page,
    since: Option<i64>,
    until: Option<i64>,
    items: Vec<Value>,
    scanned: usize,
    /// The last record that was looked at.
    cursor: Option<String>,
}

/// Whether to go on.
#[derive(PartialEq, Eq)]
enum Next {
    More,
    Enough,
}

impl Sieve {
    fn new(query: &Query) -> Result<Self, Problem> {
        let (page, since, until) = (query.page()?, query.integer("since")?, query.integer("until")?);
        Ok(Self { cursor: page.after.clone(), page, since, until, items: Vec::new(), scanned: 0 })
    }

    /// Looks at a record; `item` is absent when it does not fit.
    fn look(&mut self, at: Timestamp, cursor: String, item: Option<Value>) -> Next {
        self.scanned += 1;
        self.cursor = Some(cursor);
        // The latest come first: what is older than `since` ends the list.
        if self.since.is_some_and(|since| at.seconds() < since) {
            self.cursor = None;
            return Next::Enough;
        }
        if self.until.is_none_or(|until| at.seconds() < until) {
            self.items.extend(item);
        }
        if self.items.len() >= self.page.limit || self.scanned >= SCAN_MAX { Next::Enough } else { Next::More }
    }

    /// Looks at a chunk of records; whether there is nothing more to look at.
    fn is_over<R>(&mut self, records: &[R], mut look: impl FnMut(&mut Self, &R) -> Next) -> bool {
        if records.iter().any(|record| look(self, record) == Next::Enough) {
            return true;
        }
        let last = u32::try_from(records.len()).unwrap_or(CHUNK) < CHUNK;
        if last {
            self.cursor = None;
        }
        last
    }

    /// Where the page begins among records that go by time and id.
    fn place(&self) -> Result<Option<(Timestamp, Vec<u8>)>, Problem> {
        let read = |text: &String| place(text).ok_or_else(|| wrong("after", "must be the `next` of an earlier answer"));
        self.cursor.as_ref().map(read).transpose()
    }

    fn reply(self) -> Reply {
        let mut document = json!({ "items": self.items });
        if let Some(cursor) = self.cursor {
            document["next"] = json!(base64url::encode(cursor));
        }
        Reply::document(document)
    }
}

fn fits(query: &Query, name: &str, value: &str) -> bool {
    query.text(name).is_none_or(|wanted| wanted == value)
}

/// Admin changes.
pub(super) async fn changes(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut sieve = Sieve::new(&call.query)?;
    let mut before = match &sieve.cursor {
        Some(text) => Some(text.parse().map_err(|_| wrong("after", "must be the `next` of an earlier answer"))?),
        None => None,
    };
    loop {
        let records = call.store().admin_records(before, CHUNK).await?;
        let over = sieve.is_over(&records, |sieve, record| {
            before = Some(record.generation);
            let wanted = fits(&call.query, "actor", &record.actor)
                && fits(&call.query, "kind", &record.entity_kind)
                && fits(&call.query, "key", &record.entity_key);
            sieve.look(record.happened_at, record.generation.to_string(), wanted.then(|| render_change(record)))
        });
        if over {
            return Ok(sieve.reply());
        }
    }
}

fn render_change(record: &AdminRecord) -> Value {
    let parse = |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut document = json!({
        "generation": record.generation,
        "happened_at": record.happened_at.seconds(),
        "actor": record.actor,
        "action": record.action,
        "kind": record.entity_kind,
        "key": record.entity_key,
    });
    for (name, picture) in [("before", parse(&record.before)), ("after", parse(&record.after))] {
        if let Some(picture) = picture {
            document[name] = picture;
        }
    }
    document
}

/// Issuance and refusals.
pub(super) async fn issuance(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut sieve = Sieve::new(&call.query)?;
    let mut before = sieve.place()?;
    let text = |name: &str| call.query.text(name).map(str::to_owned);
    loop {
        let filter = TokenRecordFilter { client_id: text("client_id"), token_id: text("token_id"), before: before.clone() };
        let records = call.store().token_records(filter, CHUNK).await?;
        let over = sieve.is_over(&records, |sieve, record| {
            before = Some((record.happened_at, record.record_id.clone()));
            let wanted = fits(&call.query, "outcome", &record.outcome);
            sieve.look(record.happened_at, cursor(record.happened_at, &record.record_id), wanted.then(|| render_issuance(record)))
        });
        if over {
            return Ok(sieve.reply());
        }
    }
}

/// Requests that clients signed (FAPI 2.0 Message Signing §5.3).
pub(super) async fn signed_requests(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut sieve = Sieve::new(&call.query)?;
    let mut before = sieve.place()?;
    loop {
        let records = call.store().signed_requests(call.query.text("client_id").map(str::to_owned), before.clone(), CHUNK).await?;
        let over = sieve.is_over(&records, |sieve, record| {
            before = Some((record.answered_at, record.grant.as_bytes().to_vec()));
            sieve.look(record.answered_at, cursor(record.answered_at, record.grant.as_bytes()), Some(render_signed(record)))
        });
        if over {
            return Ok(sieve.reply());
        }
    }
}

fn render_signed(record: &SignedRequest) -> Value {
    json!({
        "answered_at": record.answered_at.seconds(),
        "client_id": record.client_id,
        "user_id": record.user_id,
        "grant_id": base64url::encode(record.grant.as_bytes()),
        "request_object": record.request_object,
    })
}

fn cursor(at: Timestamp, id: &[u8]) -> String {
    format!("{}:{}", at.seconds(), base64url::encode(id))
}

/// What [`cursor`] wrote.
fn place(text: &str) -> Option<(Timestamp, Vec<u8>)> {
    let (seconds, id) = text.split_once(':')?;
    Some((Timestamp::from_seconds(seconds.parse().ok()?), base64url::decode(id).ok()?))
}

pub(super) fn render_issuance(record: &TokenRecordRow) -> Value {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let mut document = json!({
        "happened_at": record.happened_at.seconds(),
        "outcome": record.outcome,
        "client_id": record.client_id,
        "grant_type": record.grant_type,
        "scope": record.scope,
        "audience": parse(&record.audience),
        "plugins": record.plugin_digests.iter().map(|digest| digest.to_hex()).collect::<Vec<_>>(),
        "claims": parse(&record.claim_sources),
        "request_id": record.request_id,
        "node_id": record.node_id,
    });
    let optional = [
        ("token_id", record.token_id.as_ref().map(|id| json!(id))),
        ("subject", record.subject.as_ref().map(|subject| json!(subject))),
        ("expires_at", record.expires_at.map(|at| json!(at.seconds()))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            document[name] = value;
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sieve(query: &str) -> Sieve {
        Sieve::new(&Query::parse(Some(query), &["limit", "after", "since", "until"]).unwrap()).unwrap()
    }

    #[test]
    fn a_page_ends_when_it_is_full_or_time_is_over() {
        let mut page = sieve("limit=2");
        let look = |page: &mut Sieve, at: i64, fits: bool| page.look(Timestamp::from_seconds(at), at.to_string(), fits.then(|| json!(at)));
        assert!(look(&mut page, 9, true) == Next::More);
        assert!(look(&mut page, 8, false) == Next::More);
        assert!(look(&mut page, 7, true) == Next::Enough);
        let document = page.reply().body.unwrap();
        assert_eq!(document, json!({ "items": [9, 7], "next": base64url::encode("7") }));

        let mut page = sieve("since=5&until=8");
        assert!(look(&mut page, 9, true) == Next::More);
        assert!(look(&mut page, 6, true) == Next::More);
        assert!(look(&mut page, 4, true) == Next::Enough);
        assert_eq!(page.reply().body.unwrap(), json!({ "items": [6] }));
    }

    #[test]
    fn what_is_shown_is_documented() {
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        let names = |document: Value| document.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let change = AdminRecord {
            generation: 1,
            happened_at: Timestamp::from_seconds(2),
            actor: "ops".to_owned(),
            action: "create".to_owned(),
            entity_kind: "client".to_owned(),
            entity_key: "a".to_owned(),
            before: Some("{}".to_owned()),
            after: Some("{}".to_owned()),
        };
        assert_eq!(sorted(names(render_change(&change))), sorted(super::super::schemas::properties("Change")));
        let issued = TokenRecordRow {
            record_id: vec![1],
            happened_at: Timestamp::from_seconds(2),
            token_id: Some("t".to_owned()),
            client_id: "a".to_owned(),
            grant_type: "client_credentials".to_owned(),
            outcome: "issued".to_owned(),
            subject: Some("a".to_owned()),
            scope: "read".to_owned(),
            audience: "[]".to_owned(),
            plugin_digests: Vec::new(),
            claim_sources: "{}".to_owned(),
            request_id: "r".to_owned(),
            node_id: "n".to_owned(),
            expires_at: Some(Timestamp::from_seconds(3)),
        };
        let signed = SignedRequest {
            grant: claimsmith_protocol::handle::GrantId::from_bytes([1; 16]),
            client_id: "a".to_owned(),
            user_id: "usr_a".to_owned(),
            request_object: "a.b.c".to_owned(),
            answered_at: Timestamp::from_seconds(2),
        };
        assert_eq!(sorted(names(render_signed(&signed))), sorted(super::super::schemas::properties("SignedRequest")));
        assert_eq!(sorted(names(render_issuance(&issued))), sorted(super::super::schemas::properties("Issuance")));
    }

    #[test]
    fn cursors_of_issuance_are_an_instant_and_an_id() {
        let id = vec![1, 2, 3];
        assert_eq!(place(&format!("77:{}", base64url::encode(&id))), Some((Timestamp::from_seconds(77), id)));
        assert_eq!(place("77"), None);
    }
}
