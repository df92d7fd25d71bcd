//! Admin changes: each in one transaction with its number, what it makes nodes reload, and who did it.
//!
//! The row of `generation` is taken first, so changes come one after the other and their numbers in the order of their
//! commits: a node that has seen a number has missed nothing before it.

use claimsmith_protocol::time::Timestamp;
use diesel::data_types::PgTimestamp;
use diesel::pg::PgConnection;
use diesel::sql_types::{Nullable, Text};
use diesel::{ExpressionMethods, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};

use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::page::PAGE_MAX;
use crate::schema::{admin_audit, changes, generation};
use crate::store::Store;

/// What an admin change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntityKind {
    /// A client with its secrets and its own bindings.
    Client,
    /// A resource server.
    Resource,
    /// Another issuer whose tokens are believed.
    TrustedIssuer,
    /// A plugin with its versions.
    Plugin,
    /// A binding to a tag or to all clients; those to a client are changes of that client.
    Binding,
    /// A signing key.
    Key,
    /// A bearer token of the admin API.
    AdminToken,
    /// An initial access token, with which clients register themselves.
    RegistrationToken,
    /// Everything sealed.
    MasterKey,
    /// An access token that an administrator ended; nodes read its end from the database.
    Token,
    /// A person with password and second factors; nodes read people from the database.
    User,
}

impl EntityKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Client,
        Self::Resource,
        Self::TrustedIssuer,
        Self::Plugin,
        Self::Binding,
        Self::Key,
        Self::AdminToken,
        Self::RegistrationToken,
        Self::MasterKey,
        Self::Token,
        Self::User,
    ];

    /// The name in the database and in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Resource => "resource",
            Self::TrustedIssuer => "trusted_issuer",
            Self::Plugin => "plugin",
            Self::Binding => "binding",
            Self::Key => "key",
            Self::AdminToken => "admin_token",
            Self::RegistrationToken => "registration_token",
            Self::MasterKey => "master_key",
            Self::Token => "token",
            Self::User => "user",
        }
    }

    /// The kind of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// SQL that shows the entity as a JSON object, by its key as text. Never a secret, a digest of one, or a sealed value.
    const fn picture(self) -> &'static str {
        match self {
            Self::Client => {
                "SELECT (to_jsonb(t) || jsonb_build_object('secrets', coalesce((SELECT jsonb_agg(jsonb_build_object(\
                 'secret_id', secret_id, 'created_at', created_at, 'expires_at', expires_at) ORDER BY secret_id) \
                 FROM client_secrets s WHERE s.client_id = t.client_id), '[]')))::text AS picture FROM clients t WHERE client_id = $1"
            }
            Self::Resource => {
                "SELECT (to_jsonb(t) || jsonb_build_object('introspectors', coalesce((SELECT jsonb_agg(client_id ORDER BY client_id) \
                 FROM resource_introspectors i WHERE i.identifier = t.identifier), '[]')))::text AS picture FROM resources t WHERE identifier = $1"
            }
            Self::TrustedIssuer => {
                "SELECT (document::jsonb || jsonb_build_object('version', version))::text AS picture FROM trusted_issuers WHERE issuer = $1"
            }
            Self::Plugin => {
                "SELECT (to_jsonb(t) || jsonb_build_object('versions', coalesce((SELECT jsonb_agg(jsonb_build_object(\
                 'digest', encode(version_digest, 'hex'), 'state', state) ORDER BY uploaded_at) \
                 FROM plugin_versions v WHERE v.plugin = t.name), '[]')))::text AS picture FROM plugins t WHERE name = $1"
            }
            Self::Binding => "SELECT to_jsonb(t)::text AS picture FROM bindings t WHERE binding_id = $1::bigint",
            Self::Key => "SELECT (to_jsonb(t) - 'sealed_private')::text AS picture FROM signing_keys t WHERE kid = $1",
            Self::AdminToken => "SELECT (to_jsonb(t) - 'token_digest')::text AS picture FROM admin_tokens t WHERE name = $1",
            Self::RegistrationToken => "SELECT (to_jsonb(t) - 'token_digest')::text AS picture FROM registration_tokens t WHERE name = $1",
            Self::MasterKey => "SELECT (to_jsonb(t) - 'check_value')::text AS picture FROM master_key_check t WHERE $1 = ''",
            Self::Token => {
                "SELECT (to_jsonb(t) - 'jti_digest')::text AS picture FROM revocations t WHERE jti_digest = sha256(convert_to($1, 'UTF8'))"
            }
            // The audit outlives the person: it says which claims there were, not what they said.
            Self::User => {
                "SELECT jsonb_build_object('user_id', user_id, 'username', username, 'enabled', enabled, 'version', version, \
                 'created_at', created_at, 'updated_at', updated_at, 'password_changed_at', password_changed_at, \
                 'claims', (SELECT coalesce(jsonb_agg(name ORDER BY name), '[]') FROM jsonb_object_keys(t.claims::jsonb) AS name), \
                 'attributes', (SELECT coalesce(jsonb_agg(name ORDER BY name), '[]') FROM jsonb_object_keys(t.attributes::jsonb) AS name), \
                 'totp', EXISTS (SELECT 1 FROM user_totp f WHERE f.user_id = t.user_id), \
                 'recovery_codes', (SELECT count(*) FROM recovery_codes f WHERE f.user_id = t.user_id), \
                 'passkeys', (SELECT coalesce(jsonb_agg(name ORDER BY created_at), '[]') FROM passkeys f WHERE f.user_id = t.user_id) \
                 )::text AS picture FROM users t WHERE user_id = $1"
            }
        }
    }
}

/// A change that is about to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    /// Who makes it: the name of an admin token, or of the command.
    pub(crate) actor: &'a str,
    pub(crate) action: &'static str,
    pub(crate) kind: EntityKind,
    pub(crate) key: &'a str,
    /// What nodes reload, where that is another entity.
    pub(crate) reload: Option<(EntityKind, &'a str)>,
}

impl<'a> Change<'a> {
    pub(crate) const fn of(actor: &'a str, action: &'static str, kind: EntityKind, key: &'a str) -> Self {
        Self { actor, action, kind, key, reload: None }
    }
}

/// A change that is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<T = ()> {
    /// Its number: nodes that have reached it act on it.
    pub generation: i64,
    /// What came of it.
    pub value: T,
}

#[derive(diesel::QueryableByName)]
struct Picture {
    #[diesel(sql_type = Nullable<Text>)]
    picture: Option<String>,
}

/// Runs `work` as an admin change. `tx` is inside a transaction.
pub(crate) fn change<T>(tx: &mut Tx, change: Change<'_>, work: impl FnOnce(&mut Tx) -> Result<T, Fault>) -> Result<Written<T>, Fault> {
    let number: i64 = diesel::update(generation::table)
        .set((generation::number.eq(generation::number + 1), generation::changed_at.eq(diesel::dsl::now)))
        .returning(generation::number)
        .get_result(tx)?;
    let before = picture(tx, change.kind, change.key)?;
    let value = work(tx).map_err(|fault| fault.about(change.kind.as_str(), change.key))?;
    let after = picture(tx, change.kind, change.key)?;
    let (kind, key) = change.reload.unwrap_or((change.kind, change.key));
    diesel::insert_into(changes::table)
        .values((changes::generation.eq(number), changes::entity_kind.eq(kind.as_str()), changes::entity_key.eq(key)))
        .execute(tx)?;
    diesel::insert_into(admin_audit::table)
        .values((
            admin_audit::generation.eq(number),
            admin_audit::actor.eq(change.actor),
            admin_audit::action.eq(change.action),
            admin_audit::entity_kind.eq(change.kind.as_str()),
            admin_audit::entity_key.eq(change.key),
            admin_audit::before.eq(before),
            admin_audit::after.eq(after),
        ))
        .execute(tx)?;
    Ok(Written { generation: number, value })
}

fn picture(tx: &mut Tx, kind: EntityKind, key: &str) -> Result<Option<String>, Fault> {
    let pictures: Vec<Picture> = diesel::sql_query(kind.picture()).bind::<Text, _>(key).load(tx)?;
    Ok(pictures.into_iter().next().and_then(|row| row.picture))
}

/// Compares the version that a caller expects (`If-Match`) with the one there is.
pub(crate) fn expect_version(kind: EntityKind, key: &str, found: Option<i64>, expected: Option<i64>) -> Result<(), Fault> {
    let kind = kind.as_str();
    match (found, expected) {
        (None, _) => Err(Fault::Missing { kind, key: key.to_owned() }),
        (Some(found), Some(expected)) if found != expected => Err(Fault::Conflict { kind, key: key.to_owned(), expected, found }),
        (Some(_), _) => Ok(()),
    }
}

/// What a node that has seen an older generation must reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The generation that this leads to.
    pub generation: i64,
    /// What to reload.
    pub reload: Reload,
}

/// What to reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reload {
    /// These entities, each once.
    Entities(Vec<(EntityKind, String)>),
    /// Everything: the record of what changed has been swept.
    Everything,
}

/// An admin change as it is remembered.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = admin_audit)]
pub(crate) struct AuditRow {
    generation: i64,
    happened_at: PgTimestamp,
    actor: String,
    action: String,
    entity_kind: String,
    entity_key: String,
    before: Option<String>,
    after: Option<String>,
}

/// An admin change as it is remembered.
#[derive(Debug, Clone)]
pub struct AdminRecord {
    /// Its number.
    pub generation: i64,
    /// When it was made, by the database's clock.
    pub happened_at: Timestamp,
    /// Who made it.
    pub actor: String,
    /// What was done, like `create` or `rotate`.
    pub action: String,
    /// The kind of entity.
    pub entity_kind: String,
    /// Its key.
    pub entity_key: String,
    /// The entity before, a JSON object without secrets.
    pub before: Option<String>,
    /// The entity after, a JSON object without secrets.
    pub after: Option<String>,
}

impl From<AuditRow> for AdminRecord {
    fn from(row: AuditRow) -> Self {
        Self {
            generation: row.generation,
            happened_at: instant::from_sql(row.happened_at),
            actor: row.actor,
            action: row.action,
            entity_kind: row.entity_kind,
            entity_key: row.entity_key,
            before: row.before,
            after: row.after,
        }
    }
}

impl Store {
    /// The number of the latest admin change.
    pub async fn generation(&self) -> Result<i64, Fault> {
        self.boundary.read(current).await
    }

    /// What changed after the generation `seen`.
    pub async fn changes_since(&self, seen: i64) -> Result<Changes, Fault> {
        self.boundary.snapshot(move |tx| since(tx, seen)).await
    }

    /// Admin changes, the newest first, older than the number `before`; at most `limit`.
    pub async fn admin_records(&self, before: Option<i64>, limit: u32) -> Result<Vec<AdminRecord>, Fault> {
        self.boundary
            .read(move |tx| {
                let rows: Vec<AuditRow> = admin_audit::table
                    .filter(admin_audit::generation.lt(before.unwrap_or(i64::MAX)))
                    .order(admin_audit::generation.desc())
                    .limit(i64::from(limit.min(PAGE_MAX)))
                    .select(AuditRow::as_select())
                    .load(tx)?;
                Ok(rows.into_iter().map(AdminRecord::from).collect())
            })
            .await
    }
}

pub(crate) fn current(conn: &mut PgConnection) -> Result<i64, Fault> {
    Ok(generation::table.select(generation::number).first(conn)?)
}

fn since(conn: &mut PgConnection, seen: i64) -> Result<Changes, Fault> {
    let (generation, swept_through): (i64, i64) = generation::table.select((generation::number, generation::swept_through)).first(conn)?;
    // A number from the future was seen in another database: this one has been restored from a backup.
    if seen < swept_through || seen > generation {
        return Ok(Changes { generation, reload: Reload::Everything });
    }
    let rows: Vec<(String, String)> =
        changes::table.filter(changes::generation.gt(seen)).select((changes::entity_kind, changes::entity_key)).distinct().load(conn)?;
    // A kind that this binary does not know was written by a newer one: reloading everything is always right.
    let entities: Option<Vec<_>> = rows.into_iter().map(|(kind, key)| EntityKind::parse(&kind).map(|kind| (kind, key))).collect();
    Ok(Changes { generation, reload: entities.map_or(Reload::Everything, Reload::Entities) })
}
