//! `token_audit`: what the token endpoint issued or refused, and what shaped it.

use std::borrow::Cow;
use std::sync::Arc;

use claimsmith_issuer::value::{render_string, render_strings};
use claimsmith_jose::Digest;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::pg::PgConnection;
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};

use crate::fault::Fault;
use crate::instant;
use crate::page::PAGE_MAX;
use crate::schema::token_audit;
use crate::store::Store;
use crate::writer::{Column, Statement};

/// One issuance or refusal. Ids and digests only, never a token.
#[derive(Debug, Clone)]
pub struct TokenRecord {
    /// When it happened.
    pub happened_at: Timestamp,
    /// `jti` of the token; absent for a refusal.
    pub token_id: Option<Box<str>>,
    /// The client.
    pub client_id: ClientId,
    /// The `grant_type`.
    pub grant_type: Cow<'static, str>,
    /// `issued`, or the internal reason of the refusal.
    pub outcome: Cow<'static, str>,
    /// `sub`.
    pub subject: Option<Box<str>>,
    /// The granted scopes.
    pub scopes: Vec<Box<str>>,
    /// The audience.
    pub audience: Vec<Box<str>>,
    /// The plugin versions that shaped the token, in the order of their calls.
    pub plugin_digests: Vec<Digest>,
    /// What was set or removed, each with the index into `plugin_digests` of the version that did it.
    pub claim_sources: Vec<(Box<str>, usize)>,
    /// The request's id.
    pub request_id: Box<str>,
    /// The node that did it.
    pub node_id: Arc<str>,
    /// When the token expires.
    pub expires_at: Option<Timestamp>,
}

/// A record as it was read back: JSON columns stay text.
#[derive(Debug, Clone)]
pub struct TokenRecordRow {
    /// Its id, which continues a list.
    pub record_id: Vec<u8>,
    /// When it happened.
    pub happened_at: Timestamp,
    /// `jti` of the token.
    pub token_id: Option<String>,
    /// The client.
    pub client_id: String,
    /// The `grant_type`.
    pub grant_type: String,
    /// `issued`, or the internal reason of the refusal.
    pub outcome: String,
    /// `sub`.
    pub subject: Option<String>,
    /// The granted scopes, with single spaces.
    pub scope: String,
    /// The audience, a JSON array of strings.
    pub audience: String,
    /// The plugin versions that shaped the token, in the order of their calls.
    pub plugin_digests: Vec<Digest>,
    /// A JSON object: name of a claim → digest of the plugin version that set it last, in hexadecimal.
    pub claim_sources: String,
    /// The request's id.
    pub request_id: String,
    /// The node that did it.
    pub node_id: String,
    /// When the token expires.
    pub expires_at: Option<Timestamp>,
}

/// Which records are wanted; absent members restrict nothing.
#[derive(Debug, Clone, Default)]
pub struct TokenRecordFilter {
    /// Of this client.
    pub client_id: Option<String>,
    /// Of the token with this `jti`.
    pub token_id: Option<String>,
    /// Older than this record: its instant and id, as the previous page ended.
    pub before: Option<(Timestamp, Vec<u8>)>,
}

impl Store {
    /// Hands an issuance record to the writer. Waits only for room in its queue, or for the commit where the setting says so.
    pub async fn record(&self, record: TokenRecord) -> Result<(), Fault> {
        self.writer.record(record).await
    }

    /// The newest records first, at most `limit`.
    pub async fn token_records(&self, filter: TokenRecordFilter, limit: u32) -> Result<Vec<TokenRecordRow>, Fault> {
        self.boundary.read(move |tx| list(tx, &filter, limit)).await
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = token_audit)]
struct Row {
    record_id: Vec<u8>,
    happened_at: PgTimestamp,
    token_id: Option<String>,
    client_id: String,
    grant_type: String,
    outcome: String,
    subject: Option<String>,
    scope: String,
    audience: String,
    plugin_digests: Vec<u8>,
    claim_sources: String,
    request_id: String,
    node_id: String,
    expires_at: Option<PgTimestamp>,
}

impl TryFrom<Row> for TokenRecordRow {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let corrupt = || Fault::corrupt("token_audit", "plugin_digests", format!("{:02x?}", row.record_id));
        let digests: Result<Vec<Digest>, _> = row.plugin_digests.chunks(32).map(Digest::try_from).collect();
        Ok(Self {
            plugin_digests: digests.map_err(|_| corrupt())?,
            record_id: row.record_id,
            happened_at: instant::from_sql(row.happened_at),
            token_id: row.token_id,
            client_id: row.client_id,
            grant_type: row.grant_type,
            outcome: row.outcome,
            subject: row.subject,
            scope: row.scope,
            audience: row.audience,
            claim_sources: row.claim_sources,
            request_id: row.request_id,
            node_id: row.node_id,
            expires_at: row.expires_at.map(instant::from_sql),
        })
    }
}

fn list(conn: &mut PgConnection, filter: &TokenRecordFilter, limit: u32) -> Result<Vec<TokenRecordRow>, Fault> {
    let mut query = token_audit::table.select(Row::as_select()).into_boxed();
    if let Some(client_id) = &filter.client_id {
        query = query.filter(token_audit::client_id.eq(client_id));
    }
    if let Some(token_id) = &filter.token_id {
        query = query.filter(token_audit::token_id.eq(token_id));
    }
    if let Some((at, record_id)) = &filter.before {
        let at = instant::to_sql(*at);
        let earlier = token_audit::happened_at.lt(at);
        query = query.filter(earlier.or(token_audit::happened_at.eq(at).and(token_audit::record_id.lt(record_id))));
    }
    let rows =
        query.order((token_audit::happened_at.desc(), token_audit::record_id.desc())).limit(i64::from(limit.min(PAGE_MAX))).load(conn)?;
    rows.into_iter().map(TokenRecordRow::try_from).collect()
}

/// Appends the records. One that is there already was written by an attempt whose answer was lost.
pub(crate) fn append(conn: &mut PgConnection, rows: &[(&[u8; 16], &TokenRecord)]) -> Result<(), Fault> {
    let rendered: Vec<Rendered> = rows.iter().map(|(_, record)| Rendered::of(record)).collect();
    let texts = |column: fn(&TokenRecord) -> &str| Column::Text(rows.iter().map(|(_, record)| column(record)).collect());
    let optional = |column: fn(&TokenRecord) -> Option<&str>| Column::OptionalText(rows.iter().map(|(_, record)| column(record)).collect());
    let statement = Statement::<4> {
        sql: &[
            "INSERT INTO token_audit (record_id, happened_at, token_id, client_id, grant_type, outcome, subject, scope, audience, \
             plugin_digests, claim_sources, request_id, node_id, expires_at) SELECT * FROM unnest(",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ", ",
            ") ON CONFLICT DO NOTHING RETURNING record_id",
        ],
        columns: vec![
            Column::Bytes(rows.iter().map(|(id, _)| &id[..]).collect()),
            Column::Instant(rows.iter().map(|(_, record)| instant::to_sql(record.happened_at)).collect()),
            optional(|record| record.token_id.as_deref()),
            texts(|record| record.client_id.as_str()),
            texts(|record| &record.grant_type),
            texts(|record| &record.outcome),
            optional(|record| record.subject.as_deref()),
            Column::Text(rendered.iter().map(|row| &*row.scope).collect()),
            Column::Text(rendered.iter().map(|row| &*row.audience).collect()),
            Column::Bytes(rendered.iter().map(|row| &*row.plugin_digests).collect()),
            Column::Text(rendered.iter().map(|row| &*row.claim_sources).collect()),
            texts(|record| &record.request_id),
            texts(|record| &record.node_id),
            Column::OptionalInstant(rows.iter().map(|(_, record)| record.expires_at.map(instant::to_sql)).collect()),
        ],
    };
    statement.run(conn)?;
    Ok(())
}

struct Rendered {
    scope: String,
    audience: String,
    plugin_digests: Vec<u8>,
    claim_sources: String,
}

impl Rendered {
    fn of(record: &TokenRecord) -> Self {
        let mut audience = Vec::new();
        render_strings(record.audience.iter().map(AsRef::as_ref), &mut audience);
        Self {
            scope: record.scopes.join(" "),
            audience: text_of(audience),
            plugin_digests: record.plugin_digests.iter().flat_map(|digest| *digest.as_bytes()).collect(),
            claim_sources: render_sources(record),
        }
    }
}

/// `{"claim":"digest"}`; the last to touch a claim is the one that counts.
fn render_sources(record: &TokenRecord) -> String {
    let digests: Vec<String> = record.plugin_digests.iter().map(Digest::to_hex).collect();
    let mut out = Vec::with_capacity(2 + record.claim_sources.len() * 96);
    out.push(b'{');
    for (place, (name, index)) in record.claim_sources.iter().enumerate() {
        let later = record.claim_sources[place + 1..].iter().any(|(other, _)| other == name);
        let Some(digest) = digests.get(*index).filter(|_| !later) else { continue };
        if out.len() > 1 {
            out.push(b',');
        }
        render_string(name, &mut out);
        out.push(b':');
        render_string(digest, &mut out);
    }
    out.push(b'}');
    text_of(out)
}

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("JSON rendered from strings is UTF-8")
}
