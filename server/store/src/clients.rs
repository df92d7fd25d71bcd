//! `clients` and `client_secrets`.

use claimsmith_issuer::binding::Binding;
use claimsmith_issuer::client::{
    AssertionAudience, Authentication, Client, ClientKeys, SecretMethod, SecretVerifier, StoredSecret, TokenFormat,
};
use claimsmith_jose::{Digest, MacAlg, SigningAlg};
use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::registration::Registration;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use diesel::data_types::PgTimestamp;

use diesel::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper,
};

use crate::bindings;
use crate::changes::{Change, EntityKind, Written, change, current, expect_version};
use crate::client_documents::{self, KeptDocument};
use crate::connection::Tx;
use crate::fault::Fault;
use crate::instant;
use crate::page::PAGE_MAX;
use crate::schema::{client_secrets, clients};
use crate::store::Store;

/// A client with what is kept beside it.
#[derive(Debug, Clone)]
pub struct ClientRecord {
    /// The client.
    pub client: Client,
    /// Its version, the `ETag` of the admin API.
    pub version: i64,
    /// When it was registered, by the database's clock.
    pub created_at: Timestamp,
    /// When it was last changed, by the database's clock.
    pub updated_at: Timestamp,
}

/// A client as the token path needs it.
#[derive(Debug, Clone)]
pub struct LoadedClient {
    /// The client.
    pub record: ClientRecord,
    /// The bindings on this very client, in their order.
    pub bindings: Vec<Binding>,
    /// What is kept of its document, where its `client_id` is the URL of one.
    pub document: Option<KeptDocument>,
    /// The generation it was read at.
    pub generation: i64,
}

impl Store {
    /// The client of an id.
    pub async fn load_client(&self, id: &ClientId) -> Result<Option<LoadedClient>, Fault> {
        let id = id.clone();
        self.boundary
            .snapshot(move |tx| {
                let Some(record) = load(tx, &id)? else { return Ok(None) };
                let bindings = bindings::of_client(tx, &id)?;
                let document = client_documents::of_client(tx, &id)?;
                Ok(Some(LoadedClient { record, bindings, document, generation: current(tx)? }))
            })
            .await
    }

    /// Clients by id, after `after`, having `tag` where it is named; at most `limit`.
    pub async fn list_clients(&self, after: Option<ClientId>, tag: Option<String>, limit: u32) -> Result<Vec<ClientRecord>, Fault> {
        self.boundary.snapshot(move |tx| list(tx, after.as_ref(), tag.as_deref(), limit)).await
    }

    /// A number for a new secret: what is sealed is bound to it, so it is known before the secret is stored.
    pub async fn next_secret_id(&self) -> Result<i64, Fault> {
        self.boundary.read(|tx| next_number(tx, "client_secrets", "secret_id")).await
    }

    /// Registers a client.
    pub async fn create_client(&self, actor: &str, client: Client) -> Result<Written, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| change(tx, Change::of(&actor, "create", EntityKind::Client, &client.id), |tx| insert(tx, &client)))
            .await
    }

    /// Replaces a client, its secrets included: those that `client` lacks are gone afterwards. `action` names it in the audit.
    pub async fn update_client(
        &self,
        actor: &str,
        action: &'static str,
        client: Client,
        expected: Option<i64>,
    ) -> Result<Written<i64>, Fault> {
        let actor = actor.to_owned();
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, action, EntityKind::Client, &client.id), |tx| {
                    expect_version(EntityKind::Client, &client.id, version(tx, &client.id)?, expected)?;
                    replace(tx, &client)
                })
            })
            .await
    }

    /// Deletes a client with its secrets, its bindings, and its right to introspect.
    pub async fn delete_client(&self, actor: &str, id: &ClientId, expected: Option<i64>) -> Result<Written, Fault> {
        let (actor, id) = (actor.to_owned(), id.clone());
        self.boundary
            .write(move |tx| {
                change(tx, Change::of(&actor, "delete", EntityKind::Client, &id), |tx| {
                    expect_version(EntityKind::Client, &id, version(tx, &id)?, expected)?;
                    remove(tx, &id)
                })
            })
            .await
    }
}

/// From now on the client's access tokens that were issued up to `at` are over; false when there is no such client.
pub(crate) fn end_tokens(tx: &mut Tx, id: &ClientId, at: Timestamp) -> Result<bool, Fault> {
    let set = clients::tokens_ended_at.eq(instant::to_sql(at));
    Ok(diesel::update(clients::table.find(id.as_str())).set(set).execute(tx)? > 0)
}

/// The next number of an identity column.
pub(crate) fn next_number(tx: &mut Tx, table: &'static str, column: &'static str) -> Result<i64, Fault> {
    #[derive(diesel::QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }
    let row: Number = diesel::sql_query("SELECT nextval(pg_get_serial_sequence($1, $2)) AS number")
        .bind::<diesel::sql_types::Text, _>(table)
        .bind::<diesel::sql_types::Text, _>(column)
        .get_result(tx)?;
    Ok(row.number)
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = clients)]
// Replacing a client clears what the new one lacks.
#[diesel(treat_none_as_null = true)]
struct Row {
    client_id: String,
    name: Option<String>,
    enabled: bool,
    auth_method: String,
    auth_signing_alg: Option<String>,
    assertion_audience: Option<String>,
    jwks: Option<String>,
    jwks_uri: Option<String>,
    grants: Vec<String>,
    scopes: Vec<String>,
    default_scopes: Vec<String>,
    resources: Vec<String>,
    tags: Vec<String>,
    metadata: String,
    access_token_lifetime_seconds: Option<i32>,
    access_token_format: Option<String>,
    access_token_alg: Option<String>,
    refresh_token_lifetime_seconds: Option<i32>,
    id_token_lifetime_seconds: Option<i32>,
    registration: String,
}

type Kept = (i64, PgTimestamp, PgTimestamp);

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = client_secrets)]
struct SecretRow {
    secret_id: i64,
    client_id: String,
    secret_digest: Option<Vec<u8>>,
    argon2id: Option<String>,
    sealed: Option<Vec<u8>>,
    expires_at: Option<PgTimestamp>,
}

const KEPT: (clients::version, clients::created_at, clients::updated_at) = (clients::version, clients::created_at, clients::updated_at);

fn load(tx: &mut Tx, id: &ClientId) -> Result<Option<ClientRecord>, Fault> {
    let row: Option<(Row, Kept)> = clients::table.find(id.as_str()).select((Row::as_select(), KEPT)).first(tx).optional()?;
    let Some((row, kept)) = row else { return Ok(None) };
    let secrets = client_secrets::table
        .filter(client_secrets::client_id.eq(id.as_str()))
        .order(client_secrets::secret_id)
        .select(SecretRow::as_select())
        .load(tx)?;
    record(row, kept, secrets).map(Some)
}

fn list(tx: &mut Tx, after: Option<&ClientId>, tag: Option<&str>, limit: u32) -> Result<Vec<ClientRecord>, Fault> {
    use diesel::PgArrayExpressionMethods;
    let mut query = clients::table.select((Row::as_select(), KEPT)).into_boxed();
    if let Some(after) = after {
        query = query.filter(clients::client_id.gt(after.as_str()));
    }
    if let Some(tag) = tag {
        query = query.filter(clients::tags.contains(vec![tag]));
    }
    let rows: Vec<(Row, Kept)> = query.order(clients::client_id).limit(i64::from(limit.min(PAGE_MAX))).load(tx)?;
    let ids: Vec<&str> = rows.iter().map(|(row, _)| row.client_id.as_str()).collect();
    let secrets: Vec<SecretRow> = client_secrets::table
        .filter(client_secrets::client_id.eq_any(&ids))
        .order(client_secrets::secret_id)
        .select(SecretRow::as_select())
        .load(tx)?;
    let mut of_client = std::collections::HashMap::<String, Vec<SecretRow>>::new();
    for secret in secrets {
        of_client.entry(secret.client_id.clone()).or_default().push(secret);
    }
    rows.into_iter()
        .map(|(row, kept)| {
            let secrets = of_client.remove(&row.client_id).unwrap_or_default();
            record(row, kept, secrets)
        })
        .collect()
}

pub(crate) fn remove(tx: &mut Tx, id: &ClientId) -> Result<(), Fault> {
    diesel::delete(clients::table.find(id.as_str())).execute(tx)?;
    Ok(())
}

/// A new client with its secrets.
pub(crate) fn insert(tx: &mut Tx, client: &Client) -> Result<(), Fault> {
    diesel::insert_into(clients::table).values((Row::of(client), clients::version.eq(1))).execute(tx)?;
    save_secrets(tx, client)
}

/// Another version of a client, its secrets included.
pub(crate) fn replace(tx: &mut Tx, client: &Client) -> Result<i64, Fault> {
    let version = diesel::update(clients::table.find(client.id.as_str()))
        .set((Row::of(client), clients::version.eq(clients::version + 1), clients::updated_at.eq(diesel::dsl::now)))
        .returning(clients::version)
        .get_result(tx)?;
    save_secrets(tx, client)?;
    Ok(version)
}

pub(crate) fn version(tx: &mut Tx, id: &ClientId) -> Result<Option<i64>, Fault> {
    Ok(clients::table.find(id.as_str()).select(clients::version).first(tx).optional()?)
}

/// Makes the secrets in the database those of the client.
fn save_secrets(tx: &mut Tx, client: &Client) -> Result<(), Fault> {
    let secrets = match &client.authentication {
        Authentication::Secret { secrets, .. } | Authentication::SecretJwt { secrets, .. } => secrets.as_slice(),
        Authentication::Public
        | Authentication::PrivateKeyJwt { .. }
        | Authentication::Certificate
        | Authentication::Attested { .. }
        | Authentication::SelfSigned { .. } => &[],
    };
    let kept: Vec<i64> = secrets.iter().map(|secret| secret.id).collect();
    diesel::delete(
        client_secrets::table.filter(client_secrets::client_id.eq(client.id.as_str())).filter(client_secrets::secret_id.ne_all(kept)),
    )
    .execute(tx)?;
    for secret in secrets {
        let row = SecretRow::of(&client.id, secret);
        let (sealed, expires_at) = (row.sealed.clone(), row.expires_at);
        let upsert = diesel::insert_into(client_secrets::table)
            .values(row)
            .on_conflict(client_secrets::secret_id)
            .do_update()
            .set((client_secrets::sealed.eq(sealed), client_secrets::expires_at.eq(expires_at)));
        // Security: the secret of another client is not this one's to change.
        let saved = diesel::query_dsl::methods::FilterDsl::filter(upsert, client_secrets::client_id.eq(client.id.as_str())).execute(tx)?;
        if saved == 0 {
            return Err(Fault::Exists { kind: "client secret", key: secret.id.to_string() });
        }
    }
    Ok(())
}

fn owned(texts: &[Box<str>]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

impl Row {
    fn of(client: &Client) -> Self {
        let (alg, audience, keys) = match &client.authentication {
            Authentication::Public | Authentication::Secret { .. } | Authentication::Certificate | Authentication::Attested { .. } => {
                (None, None, None)
            }
            Authentication::SelfSigned { keys } => (None, None, Some(keys)),
            Authentication::SecretJwt { alg, audience, .. } => (alg.map(MacAlg::as_str), Some(*audience), None),
            Authentication::PrivateKeyJwt { alg, audience, keys } => (alg.map(SigningAlg::as_str), Some(*audience), Some(keys)),
        };
        let (jwks, jwks_uri) = match keys {
            Some(ClientKeys::Inline(jwks)) => (Some(jwks.to_string()), None),
            Some(ClientKeys::Uri(uri)) => (None, Some(uri.to_string())),
            None => (None, None),
        };
        let lifetime = |lifetime: Lifetime| i32::try_from(lifetime.seconds()).unwrap_or(i32::MAX);
        Self {
            client_id: client.id.to_string(),
            name: client.name.as_deref().map(str::to_owned),
            enabled: client.enabled,
            auth_method: client.authentication.method().as_str().to_owned(),
            auth_signing_alg: alg.map(str::to_owned),
            assertion_audience: audience.map(|audience| audience_name(audience).to_owned()),
            jwks,
            jwks_uri,
            grants: client.grants.iter().map(|grant| grant.as_str().to_owned()).collect(),
            scopes: owned(client.scopes.tokens()),
            default_scopes: owned(client.default_scopes.tokens()),
            resources: owned(&client.resources),
            tags: owned(&client.tags),
            metadata: client.metadata.to_string(),
            access_token_lifetime_seconds: client.access_token_lifetime.map(lifetime),
            access_token_format: client.access_token_format.map(|format| format.as_str().to_owned()),
            access_token_alg: client.access_token_alg.map(|alg| alg.as_str().to_owned()),
            refresh_token_lifetime_seconds: client.refresh_token_lifetime.map(lifetime),
            id_token_lifetime_seconds: client.id_token_lifetime.map(lifetime),
            registration: client.registration.to_text(),
        }
    }

    /// Reads an optional column; `None` where it is null, a fault where `parse` does not know the name.
    fn optional<T>(&self, column: &'static str, text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
        text.map(|text| parse(text).ok_or_else(|| self.corrupt(column))).transpose()
    }

    fn corrupt(&self, column: &'static str) -> Fault {
        Fault::corrupt("clients", column, self.client_id.clone())
    }

    fn scope_set(&self, column: &'static str, tokens: &[String]) -> Result<ScopeSet, Fault> {
        ScopeSet::from_tokens(tokens.iter().map(String::as_str)).map_err(|_| self.corrupt(column))
    }

    fn authentication(&self, secrets: Vec<StoredSecret>) -> Result<Authentication, Fault> {
        let method = AuthMethod::parse(&self.auth_method).ok_or_else(|| self.corrupt("auth_method"))?;
        let alg = self.auth_signing_alg.as_deref();
        let audience = || self.assertion_audience.as_deref().and_then(audience_of).ok_or_else(|| self.corrupt("assertion_audience"));
        Ok(match method {
            AuthMethod::None => Authentication::Public,
            AuthMethod::ClientSecretBasic => Authentication::Secret { method: SecretMethod::Basic, secrets },
            AuthMethod::ClientSecretPost => Authentication::Secret { method: SecretMethod::Post, secrets },
            AuthMethod::ClientSecretJwt => {
                Authentication::SecretJwt { alg: self.optional("auth_signing_alg", alg, MacAlg::parse)?, audience: audience()?, secrets }
            }
            AuthMethod::PrivateKeyJwt => {
                let alg = self.optional("auth_signing_alg", alg, SigningAlg::parse)?;
                Authentication::PrivateKeyJwt { alg, audience: audience()?, keys: self.keys()? }
            }
            AuthMethod::TlsClientAuth => Authentication::Certificate,
            AuthMethod::AttestJwtClientAuth => Authentication::Attested { combined: false },
            AuthMethod::AttestJwtClientAuthDpop => Authentication::Attested { combined: true },
            AuthMethod::SelfSignedTlsClientAuth => Authentication::SelfSigned { keys: self.keys()? },
        })
    }

    fn keys(&self) -> Result<ClientKeys, Fault> {
        match (&self.jwks, &self.jwks_uri) {
            (Some(jwks), None) => Ok(ClientKeys::Inline(jwks.as_str().into())),
            (None, Some(uri)) => Ok(ClientKeys::Uri(uri.as_str().into())),
            (None, None) | (Some(_), Some(_)) => Err(self.corrupt("jwks")),
        }
    }
}

fn record(row: Row, (version, created_at, updated_at): Kept, secrets: Vec<SecretRow>) -> Result<ClientRecord, Fault> {
    let secrets: Result<Vec<StoredSecret>, Fault> = secrets.into_iter().map(StoredSecret::try_from).collect();
    let boxed = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
    let grants: Option<Vec<GrantType>> = row.grants.iter().map(|grant| GrantType::parse(grant)).collect();
    let lifetime = |column: &'static str, seconds: Option<i32>| {
        seconds.map(|seconds| u32::try_from(seconds).map(Lifetime::from_seconds)).transpose().map_err(|_| row.corrupt(column))
    };
    let client = Client {
        id: ClientId::parse(&row.client_id).map_err(|_| row.corrupt("client_id"))?,
        name: row.name.as_deref().map(Into::into),
        enabled: row.enabled,
        authentication: row.authentication(secrets?)?,
        grants: grants.ok_or_else(|| row.corrupt("grants"))?,
        scopes: row.scope_set("scopes", &row.scopes)?,
        default_scopes: row.scope_set("default_scopes", &row.default_scopes)?,
        resources: boxed(&row.resources),
        tags: boxed(&row.tags),
        access_token_lifetime: lifetime("access_token_lifetime_seconds", row.access_token_lifetime_seconds)?,
        access_token_format: row.optional("access_token_format", row.access_token_format.as_deref(), TokenFormat::parse)?,
        access_token_alg: row.optional("access_token_alg", row.access_token_alg.as_deref(), SigningAlg::parse)?,
        refresh_token_lifetime: lifetime("refresh_token_lifetime_seconds", row.refresh_token_lifetime_seconds)?,
        id_token_lifetime: lifetime("id_token_lifetime_seconds", row.id_token_lifetime_seconds)?,
        registration: Box::new(Registration::from_text(&row.registration).ok_or_else(|| row.corrupt("registration"))?),
        metadata: row.metadata.into(),
    };
    Ok(ClientRecord { client, version, created_at: instant::from_sql(created_at), updated_at: instant::from_sql(updated_at) })
}

const fn audience_name(audience: AssertionAudience) -> &'static str {
    match audience {
        AssertionAudience::Strict => "strict",
        AssertionAudience::Legacy => "legacy",
    }
}

fn audience_of(name: &str) -> Option<AssertionAudience> {
    [AssertionAudience::Strict, AssertionAudience::Legacy].into_iter().find(|audience| audience_name(*audience) == name)
}

impl SecretRow {
    fn of(client_id: &ClientId, secret: &StoredSecret) -> Self {
        let (secret_digest, argon2id) = match &secret.verifier {
            SecretVerifier::Sha256(digest) => (Some(digest.as_bytes().to_vec()), None),
            SecretVerifier::Argon2id(phc) => (None, Some(phc.to_string())),
        };
        Self {
            secret_id: secret.id,
            client_id: client_id.to_string(),
            secret_digest,
            argon2id,
            sealed: secret.sealed.as_deref().map(<[u8]>::to_vec),
            expires_at: secret.expires_at.map(instant::to_sql),
        }
    }
}

impl TryFrom<SecretRow> for StoredSecret {
    type Error = Fault;

    fn try_from(row: SecretRow) -> Result<Self, Fault> {
        let corrupt = |column| Fault::corrupt("client_secrets", column, row.secret_id.to_string());
        let verifier = match (&row.secret_digest, &row.argon2id) {
            (Some(bytes), None) => SecretVerifier::Sha256(Digest::try_from(bytes.as_slice()).map_err(|_| corrupt("secret_digest"))?),
            (None, Some(phc)) => SecretVerifier::Argon2id(phc.as_str().into()),
            (None, None) | (Some(_), Some(_)) => return Err(corrupt("secret_digest")),
        };
        let expires_at = row.expires_at.map(instant::from_sql);
        Ok(Self { id: row.secret_id, verifier, sealed: row.sealed.map(Vec::into_boxed_slice), expires_at })
    }
}
