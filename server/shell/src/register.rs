//! Clients that register themselves (RFC 7591) and look after their registration (RFC 7592).
//!
//! ```text
//! what was sent ── prepare (policy) ──► an administrator's document ── the same reading as the admin API ──► a client
//! ```

use claimsmith_issuer::claims::{RegistrationRequest, is_reserved_metadata};
use claimsmith_issuer::client::{Authentication, Client, SecretVerifier};
use claimsmith_issuer::hook::{HookPoint, RegistrationAction};
use claimsmith_issuer::registering::{self, Algs, Policy};
use claimsmith_issuer::registration::Wrong;
use claimsmith_issuer::trust::{Purpose, TrustRefusal};
use claimsmith_issuer::value::Member;
use claimsmith_jose::{Digest, Secret, base64url};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Lifetime;
use claimsmith_store::{Admission, ClientRecord, RegisteredClient, RegistrationToken};
use serde_json::{Map, Value, json};

use crate::admin::clients::authentication::{Offer, secrets_of};
use crate::admin::clients::secrets::{SecretFault, fulfil};
use crate::admin::clients::{fresh_id, metadata};
use crate::admin::fields::{Fields, parse_body};
use crate::config::RegistrationMode;
use crate::directory::Entry;
use crate::failure::{Failure, Fault};
use crate::hook_room::{Occasion, Room};
use crate::http::Arrival;
use crate::report::Report;
use crate::rooms::Rooms;
use crate::trust;

/// How clients register themselves.
#[derive(Debug, Clone)]
pub struct RegistrationSettings {
    /// Who may.
    pub mode: RegistrationMode,
    /// Whether they need a software statement.
    pub statement_required: bool,
    /// What they may have.
    pub policy: Policy,
    /// How long their secrets are good; for ever when absent.
    pub secret_lifetime: Option<Lifetime>,
    /// The most clients that may have registered themselves.
    pub clients_max: u32,
}

impl RegistrationSettings {
    /// Whether anybody may.
    pub fn is_on(&self) -> bool {
        self.mode != RegistrationMode::Off
    }
}

/// What initial access tokens begin with, so that secret scanners find them.
const INITIAL_PREFIX: &str = "csit_";
/// What registration access tokens begin with.
const OWN_PREFIX: &str = "csrt_";

fn new_token(prefix: &str) -> Result<Secret<String>, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::new(format!("{prefix}{}", base64url::encode(bytes))))
}

/// A new initial access token: the caller shows it once and keeps its digest.
pub fn new_initial_token() -> Result<Secret<String>, getrandom::Error> {
    new_token(INITIAL_PREFIX)
}

/// Who may register.
pub struct Admitted {
    token: Option<(Digest, RegistrationToken)>,
}

impl Admitted {
    /// Everybody.
    pub const fn anybody() -> Self {
        Self { token: None }
    }
}

/// Who holds an initial access token that is still good.
pub async fn admit(rooms: &Rooms, token: &str) -> Result<Option<Admitted>, Failure> {
    if !token.starts_with(INITIAL_PREFIX) {
        return Ok(None);
    }
    let digest = Digest::of(token.as_bytes());
    let held = rooms.store.registration_token(digest).await?.filter(|held| held.is_good(rooms.clock.now().timestamp()));
    Ok(held.map(|held| Admitted { token: Some((digest, held)) }))
}

/// A client that has just been registered or changed, as it is shown; with the secrets that are shown this once.
pub struct Shown {
    /// Its metadata.
    pub members: Map<String, Value>,
    /// Its new secret.
    pub secret: Option<Secret<String>>,
    /// Its new registration access token.
    pub token: Option<Secret<String>>,
}

impl Shown {
    /// The document, for the client alone (RFC 7591 §3.2.1, RFC 7592 §3).
    pub fn document(mut self, uri: &str, presented: Option<&str>) -> String {
        if let Some(secret) = &self.secret {
            self.members.insert("client_secret".to_owned(), json!(secret.expose()));
        }
        if let Some(token) = self.token.as_ref().map(|token| token.expose().as_str()).or(presented) {
            self.members.insert("registration_access_token".to_owned(), json!(token));
            self.members.insert("registration_client_uri".to_owned(), json!(uri));
        }
        Value::Object(self.members).to_string()
    }
}

impl From<SecretFault> for Failure {
    fn from(fault: SecretFault) -> Self {
        match fault {
            SecretFault::Store(fault) => fault.into(),
            SecretFault::Sealing(fault) => Self::Failed(Fault::Vault(claimsmith_vault::VaultFault::Sealing(fault))),
            SecretFault::Desk(fault) => Self::Failed(Fault::SecretDesk(fault)),
            SecretFault::Chance(error) => no_chance(error),
        }
    }
}

fn no_chance(error: getrandom::Error) -> Failure {
    Failure::Failed(Fault::SecretDesk(error.into()))
}

/// RFC 7591 §3.1: one JSON object.
pub fn parse(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    let detail = |problem: crate::admin::problem::Problem| Refusal {
        code: ErrorCode::InvalidClientMetadata,
        description: problem.detail.into(),
        reason: Reason::MalformedMetadata,
    };
    Ok(parse_body(body).map_err(detail)?)
}

fn rules(rooms: &Rooms, policy: &Policy, held: Option<&Client>) -> metadata::Rules {
    let settings = &rooms.settings;
    let auth = &settings.client_auth;
    let mut methods: Vec<_> = auth.methods.iter().copied().filter(|method| policy.methods.contains(method)).collect();
    let mut grants: Vec<_> = settings.grants.iter().copied().filter(|grant| policy.grants.contains(grant)).collect();
    let mut resources = policy.resources.clone();
    // What an administrator has given a client stays good when it changes something else.
    if let Some(held) = held {
        methods.push(held.authentication.method());
        grants.extend(&held.grants);
        resources.extend(held.resources.iter().cloned());
    }
    metadata::Rules {
        offer: Offer {
            methods,
            default_method: claimsmith_protocol::credentials::AuthMethod::ClientSecretBasic,
            signing_algs: auth.signing_algs.clone(),
            mac_algs: auth.mac_algs.clone(),
        },
        grants,
        algs: algs_of(rooms),
        resources,
        lifetime_ceiling: settings.defaults.lifetime_ceiling.seconds(),
        response_types: settings.people.response_types.clone(),
        encrypted_objects: settings.people.encrypted_requests,
        detail_types: settings.people.detail_types.clone(),
    }
}

fn algs_of(rooms: &Rooms) -> Vec<claimsmith_jose::SigningAlg> {
    rooms.directory.policy().keyring.algs(i64::MAX).into_iter().collect()
}

/// What was read of a client's metadata.
struct Reading {
    registration: metadata::Registration,
    extra: Box<str>,
}

/// The name of the member.
const STATEMENT: &str = "software_statement";

/// Lets a software statement have its say (RFC 7591 §2.3), and answers it. A client cannot get rid of the one it was registered with.
async fn hear_statement(rooms: &Rooms, sent: &mut Map<String, Value>, held: Option<&str>) -> Result<Option<Statement>, Failure> {
    let held = held.and_then(|extra| serde_json::from_str::<Value>(extra).ok()?.get(STATEMENT).cloned());
    let text = match sent.remove(STATEMENT).filter(|value| !value.is_null()).or(held) {
        None if rooms.settings.registration.statement_required => {
            let reason = (ErrorCode::InvalidSoftwareStatement, Reason::WrongStatement);
            return Err(Refusal::new(reason.0, reason.1, "software_statement: is needed here").into());
        }
        None => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(registering::unbelieved(TrustRefusal::Signature).into()),
    };
    let (visit, now) = (rooms.directory.visit()?, rooms.clock.now().timestamp());
    let believed = trust::believe(rooms, &visit, &text, Purpose::SoftwareStatement, now).await.map_err(registering::unbelieved)?;
    registering::overrule(sent, &believed.assured.claims);
    Ok(Some(Statement { text, claims: believed.assured.claims }))
}

/// A software statement that is believed.
struct Statement {
    text: String,
    claims: Map<String, Value>,
}

/// Who asks, and how: for plugins and for the log.
pub struct Asking<'a> {
    /// The rooms.
    pub rooms: &'a Rooms,
    /// The request.
    pub arrival: &'a Arrival,
    /// Notes on it.
    pub report: &'a mut Report,
}

/// A client that is not there yet, as plugins meet it: with the tags that it will have.
fn newcomer(id: &ClientId, policy: &Policy) -> Entry {
    let mut client = Client::new(id.clone(), Authentication::Public);
    client.tags.clone_from(&policy.tags);
    Entry::of_server(client)
}

/// A client that is known by the URL of its metadata, as they say that it is, within a policy; and the digest of what was made of
/// them. `held` is what it was before.
pub async fn read_document(
    mut asking: Asking<'_>,
    id: &ClientId,
    sent: Map<String, Value>,
    policy: &Policy,
    held: Option<&ClientRecord>,
) -> Result<(Client, Digest), Failure> {
    let rooms = asking.rooms;
    let document = held.map(|record| Value::Object(metadata::render(record, &[])));
    let action = if held.is_some() { RegistrationAction::Update } else { RegistrationAction::Register };
    let entry = held.map_or_else(|| newcomer(id, policy), |record| Entry::of_server(record.client.clone()));
    let sent = asking.ask_plugins(&entry, action, sent, Map::new()).await?;
    let algs = algs_of(rooms);
    // What stands in the document is what counts, within the policy of today: of what was before, only what the operator wrote.
    let mut operators = document.clone();
    if let Some(Value::Object(members)) = &mut operators {
        members.remove("scope");
    }
    let algs = Algs { all: &algs, default: rooms.settings.defaults.alg };
    // What the operator wrote is no part of what the document says.
    let said = registering::prepare(sent.clone(), policy, None, algs).document;
    let digest = Digest::of(Value::Object(said).to_string().as_bytes());
    let prepared = registering::prepare(sent, policy, operators.as_ref().and_then(Value::as_object), algs);
    let mut fields = Fields::of(prepared.document);
    for wrong in prepared.wrong {
        fields.wrong(&wrong.field, wrong.detail);
    }
    let held = held.map(|record| &record.client).zip(document.as_ref());
    let read = metadata::read(&mut fields, &rules(rooms, policy, held.map(|(client, _)| client)), held, id);
    let registration = fields.finish(read).map_err(first_wrong)?;
    crate::sector::check(rooms, &registration.client.registration)
        .await
        .map_err(|detail| registering::refusal(&Wrong { field: "sector_identifier_uri".to_owned(), detail }))?;
    Ok((registration.client, digest))
}

/// The first thing that is wrong (RFC 7591 §3.2.2).
fn first_wrong(problem: crate::admin::problem::Problem) -> Refusal {
    registering::refusal(&match problem.errors.into_iter().next() {
        Some(error) => Wrong { field: error.field, detail: error.detail },
        None => Wrong { field: "metadata".to_owned(), detail: problem.detail },
    })
}

impl Asking<'_> {
    /// Lets plugins shape the metadata, or refuse. Secrets and what the server writes are not shown to them.
    async fn ask_plugins(
        &mut self,
        entry: &Entry,
        action: RegistrationAction,
        sent: Map<String, Value>,
        statement: Map<String, Value>,
    ) -> Result<Map<String, Value>, Failure> {
        let (visit, form) = (self.rooms.directory.visit()?, Form::default());
        let occasion = Occasion { arrival: self.arrival, form: &form, grant: None, now: self.rooms.clock.now() };
        let mut room = Room::of_client(self.rooms, &visit, entry, occasion);
        if !room.has(HookPoint::ClientRegistration) {
            return Ok(sent);
        }
        let metadata = members(sent.into_iter().filter(|(name, _)| !is_reserved_metadata(name)));
        let request = RegistrationRequest { action, metadata, software_statement: members(statement) };
        let shaped = room.client_registration(request, self.report).await?;
        let back = |member: Member| Some((member.name.to_string(), serde_json::from_str(&member.value.to_json()).ok()?));
        Ok(shaped.metadata.into_iter().filter_map(back).collect())
    }
}

/// A JSON object as plugins meet it.
pub(crate) fn members(object: impl IntoIterator<Item = (String, Value)>) -> Vec<Member> {
    use claimsmith_issuer::value::Value as Kept;
    let texts = |items: &[Value]| items.iter().map(|item| item.as_str().map(Into::into)).collect::<Option<Vec<Box<str>>>>();
    let value = |value: &Value| match value {
        Value::String(text) => text.as_str().into(),
        Value::Bool(truth) => Kept::Boolean(*truth),
        Value::Array(items) => texts(items).map_or_else(|| Kept::Json(value.to_string().into()), Kept::Texts),
        other => other.as_i64().map_or_else(|| Kept::Json(other.to_string().into()), Kept::Integer),
    };
    object.into_iter().map(|(name, held)| Member { value: value(&held), name: name.into() }).collect()
}

/// Reads metadata as the admin API does, and says the first thing that is wrong (RFC 7591 §3.2.2).
async fn read(
    mut asking: Asking<'_>,
    mut sent: Map<String, Value>,
    held: Option<(&Client, &Value)>,
    held_extra: Option<&str>,
) -> Result<Reading, Failure> {
    let (rooms, policy) = (asking.rooms, &asking.rooms.settings.registration.policy);
    let statement = hear_statement(rooms, &mut sent, held_extra).await?;
    let claims = statement.as_ref().map(|statement| statement.claims.clone()).unwrap_or_default();
    let sent = match held {
        None => asking.ask_plugins(&newcomer(&fresh_id().map_err(no_chance)?, policy), RegistrationAction::Register, sent, claims).await?,
        Some((client, _)) => {
            let entry = rooms.directory.client(&client.id).await?.ok_or_else(|| Refusal::invalid_client(Reason::UnknownClient))?;
            asking.ask_plugins(&entry, RegistrationAction::Update, sent, claims).await?
        }
    };
    let algs = algs_of(rooms);
    let algs = Algs { all: &algs, default: rooms.settings.defaults.alg };
    let held_members = held.and_then(|(_, document)| document.as_object());
    let mut prepared = registering::prepare(sent, policy, held_members, algs);
    // RFC 7591 §3.2.1: it is returned as it came.
    prepared.extra.extend(statement.map(|held| (STATEMENT.to_owned(), Value::String(held.text))));
    let mut fields = Fields::of(prepared.document);
    for wrong in prepared.wrong {
        fields.wrong(&wrong.field, wrong.detail);
    }
    let read = metadata::read(&mut fields, &rules(rooms, policy, held.map(|(client, _)| client)), held, &fresh_id().map_err(no_chance)?);
    let registration = fields.finish(read).map_err(first_wrong)?;
    let now = &registration.client.registration;
    let before = held.map(|(client, _)| &client.registration);
    let same = |before: &claimsmith_protocol::registration::Registration| {
        before.sector_identifier_uri == now.sector_identifier_uri && before.redirect_uris == now.redirect_uris
    };
    if !before.is_some_and(|before| same(before))
        && let Err(detail) = crate::sector::check(rooms, now).await
    {
        return Err(registering::refusal(&Wrong { field: "sector_identifier_uri".to_owned(), detail }).into());
    }
    Ok(Reading { registration, extra: Value::Object(prepared.extra).to_string().into() })
}

/// Registers a client. `None` where the initial access token is good no more.
pub async fn create(asking: Asking<'_>, sent: Map<String, Value>, admitted: Admitted) -> Result<Option<Shown>, Failure> {
    let rooms = asking.rooms;
    let Reading { registration, extra } = read(asking, sent, None, None).await?;
    let (mut client, now) = (registration.client, rooms.clock.now().timestamp());
    let settings = &rooms.settings.registration;
    let secret = fulfil(rooms, &mut client, registration.secret, settings.secret_lifetime.map(|life| now.plus(life))).await?;
    let token = new_token(OWN_PREFIX).map_err(no_chance)?;
    let (token_digest, initial) = admitted.token.map_or((None, None), |(digest, held)| (Some(digest), Some(held.name)));
    let beside = RegisteredClient {
        client_id: client.id.clone(),
        token_digest: Digest::of(token.expose().as_bytes()),
        registered_with: initial,
        extra: extra.clone(),
    };
    let id = client.id.clone();
    match rooms.store.register_client(client, beside, Admission { token_digest, clients_max: settings.clients_max, now }).await {
        Err(fault) if fault.is_missing() => return Ok(None),
        made => made?,
    };
    rooms.catch_up().await;
    let Some(loaded) = rooms.store.load_client(&id).await? else { return Ok(None) };
    Ok(Some(Shown { members: present(&loaded.record, &extra), secret, token: Some(token) }))
}

fn present(record: &ClientRecord, extra: &str) -> Map<String, Value> {
    registering::present(&metadata::render(record, &[]), extra)
}

/// A client that has shown its registration access token.
pub struct Owner {
    record: ClientRecord,
    extra: Box<str>,
}

/// Who a registration access token belongs to; nobody where it is not of this client (RFC 7592 §2.1).
pub async fn owner(rooms: &Rooms, token: &str, client_id: &str) -> Result<Option<Owner>, Failure> {
    if !token.starts_with(OWN_PREFIX) {
        return Ok(None);
    }
    let Some(held) = rooms.store.registered_client(Digest::of(token.as_bytes())).await? else { return Ok(None) };
    if *held.client_id != *client_id {
        return Ok(None);
    }
    let loaded = rooms.store.load_client(&held.client_id).await?;
    Ok(loaded.map(|loaded| Owner { record: loaded.record, extra: held.extra }))
}

impl Owner {
    /// Whether an administrator lets it be.
    pub const fn is_enabled(&self) -> bool {
        self.record.client.enabled
    }

    /// Its metadata.
    pub fn show(&self) -> Shown {
        Shown { members: present(&self.record, &self.extra), secret: None, token: None }
    }

    /// Replaces its metadata: what is left out gets its default (RFC 7592 §2.2).
    pub async fn replace(self, asking: Asking<'_>, sent: Map<String, Value>) -> Result<Shown, Failure> {
        let rooms = asking.rooms;
        let held = self.record.client;
        registering::check_update(&sent, &held.id)?;
        check_secret(rooms, &held, sent.get("client_secret"))?;
        let record = ClientRecord { client: held, ..self.record };
        let document = Value::Object(metadata::render(&record, &[]));
        let Reading { registration, extra } = read(asking, sent, Some((&record.client, &document)), Some(&self.extra)).await?;
        let (mut client, now) = (registration.client, rooms.clock.now().timestamp());
        let life = rooms.settings.registration.secret_lifetime;
        let secret = fulfil(rooms, &mut client, registration.secret, life.map(|life| now.plus(life))).await?;
        let id = client.id.clone();
        match rooms.store.update_registered_client(client, extra.clone(), record.version).await {
            Err(claimsmith_store::Fault::Conflict { .. }) => {
                return Err(
                    Fault::Busy { what: "another change of the same client", retry_after: std::time::Duration::from_secs(1) }.into()
                );
            }
            made => made?,
        };
        rooms.secret_desk.forget(&id);
        rooms.catch_up().await;
        let record = rooms.store.load_client(&id).await?.ok_or_else(|| Refusal::invalid_client(Reason::UnknownClient))?.record;
        Ok(Shown { members: present(&record, &extra), secret, token: None })
    }

    /// Deletes it: its tokens and what people have allowed it end with it (RFC 7592 §2.3).
    pub async fn delete(self, mut asking: Asking<'_>) -> Result<(), Failure> {
        let (rooms, id) = (asking.rooms, self.record.client.id.clone());
        if let Some(entry) = rooms.directory.client(&id).await? {
            let shown = metadata::render(&self.record, &[]);
            asking.ask_plugins(&entry, RegistrationAction::Delete, registering::present(&shown, &self.extra), Map::new()).await?;
        }
        match rooms.store.delete_client("registration", &id, None).await {
            Err(fault) if fault.is_missing() => {}
            done => drop(done?),
        }
        rooms.secret_desk.forget(&id);
        rooms.catch_up().await;
        Ok(())
    }
}

/// RFC 7592 §2.2: a secret that is sent must be the client's; it cannot choose one.
fn check_secret(rooms: &Rooms, client: &Client, sent: Option<&Value>) -> Result<(), Refusal> {
    let wrong = |detail: &str| registering::refusal(&Wrong { field: "client_secret".to_owned(), detail: detail.to_owned() });
    let text = match sent {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(text)) => Secret::new(text.clone()),
        Some(_) => return Err(wrong("must be a string")),
    };
    if matches!(client.authentication, Authentication::Public) {
        return Err(wrong("this client has none"));
    }
    let (digest, now) = (Digest::of(text.expose().as_bytes()), rooms.clock.now().timestamp());
    let live = secrets_of(&client.authentication).into_iter().filter(|secret| secret.expires_at.is_none_or(|end| now < end));
    // Secrets that an administrator brought in are hashed slowly and are not compared here.
    let good = live.into_iter().any(|secret| match secret.verifier {
        SecretVerifier::Sha256(held) => held == digest,
        SecretVerifier::Argon2id(_) => false,
    });
    if good { Ok(()) } else { Err(wrong("is not this client's; a client cannot choose its secret")) }
}
