//! The identity desk: fetches what a proof needs and lets the client in, or does not.
//!
//! What is decided is decided in `issuer::client_auth`; here is the waiting.

use std::sync::Arc;

use claimsmith_issuer::attestation::{self as rules, Attested};
use claimsmith_issuer::claims::ProvenClient;
use claimsmith_issuer::client::{ClientKeys, StoredSecret};
use claimsmith_issuer::client_auth::{self, AuthenticatedClient, Evidence, Need};
use claimsmith_issuer::dpop::{self, Space};
use claimsmith_issuer::hook::HookPoint;
use claimsmith_jose::{Digest, Secret};
use claimsmith_protocol::credentials::Presented;
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::id::ClientId;
use claimsmith_store::{Claim, Outcome, ReplayGuard};
use claimsmith_vault::VaultFault;
use http::header::AUTHORIZATION;

use crate::clock::Now;
use crate::directory::Entry;
use crate::failure::{Failure, Fault};
use crate::hook_room::{Occasion, Room};
use crate::http::Arrival;
use crate::report::{Report, Stage};
use crate::rooms::Rooms;
use crate::secret_desk::{Attempt, Checked};
use crate::{attestation, client_documents, possession, register};

/// A client at the desk, with what the directory holds of it.
pub struct Caller {
    /// The proof.
    pub client: AuthenticatedClient,
    /// Its entry: bindings among it.
    pub entry: Arc<Entry>,
}

impl Caller {
    /// The thumbprint of its instance's key, where an attestation names it.
    pub fn instance(&self) -> Option<String> {
        self.client.instance().map(Digest::to_base64url)
    }
}

/// The values of the request's `Authorization` headers.
pub fn authorization(arrival: &Arrival) -> impl Iterator<Item = &[u8]> {
    arrival.headers.get_all(AUTHORIZATION).iter().map(|value| value.as_bytes())
}

/// The credentials of a request. Where an attestation names the client, nothing else needs to.
pub fn presented(rooms: &Rooms, arrival: &Arrival, form: &Form<'_>) -> Result<Presented, Failure> {
    let carried = attestation::carried(rooms, arrival)?;
    match (Presented::parse(authorization(arrival), form), carried) {
        (Err(refusal), Some(carried)) if refusal.reason == Reason::NoCredentials => {
            Ok(Presented::Identified { client_id: rules::alleged_client_id(carried)? })
        }
        (parsed, _) => Ok(parsed?),
    }
}

/// The attestation of a request, proved. Where its proof is a DPoP proof that nobody else looks at, that is used up here.
async fn attested(rooms: &Rooms, arrival: &Arrival, dpop: Option<&dpop::Proof>) -> Result<Option<Attested>, Failure> {
    let Some(carried) = attestation::carried(rooms, arrival)? else { return Ok(None) };
    if carried.proof.is_some() || dpop.is_some() {
        return attestation::verify(rooms, carried, dpop).await.map(Some);
    }
    let own = possession::proof(rooms, arrival, Space::AuthorizationServer, None)?;
    let attested = attestation::verify(rooms, carried, own.as_ref()).await?;
    if let Some(proof) = &own {
        possession::settle(rooms, proof).await?;
    }
    Ok(Some(attested))
}

/// Authenticates the client of a request, at whatever endpoint.
pub async fn authenticate(rooms: &Rooms, presented: Presented, arrival: &Arrival, report: &mut Report) -> Result<Caller, Failure> {
    authenticate_with(rooms, presented, None, arrival, report).await
}

/// The same, where a DPoP proof may have come with the request. A client that is held to nonces is told of it before its assertion
/// is used up.
pub async fn authenticate_with(
    rooms: &Rooms,
    presented: Presented,
    dpop: Option<&dpop::Proof>,
    arrival: &Arrival,
    report: &mut Report,
) -> Result<Caller, Failure> {
    let policy = &rooms.settings.client_auth;
    let attested = attested(rooms, arrival, dpop).await?;
    let alleged = client_auth::alleged_client_id(&presented)?;
    if let Some(attested) = &attested {
        attested.check_client(&alleged)?;
    }
    let entry = client_documents::client(rooms, arrival, &alleged, report).await?;
    report.client(&alleged, entry.is_some());
    let known = entry.as_ref().map(|entry| entry.client.clone());
    let candidate = client_auth::recognise(presented, known, policy)?.with(attested);
    let now = rooms.clock.now();
    let evidence = gather(rooms, &candidate, arrival, now).await?;
    report.stage(Stage::Evidence);
    let proof = candidate.verify(evidence, policy, now.timestamp())?;
    dpop::check_nonce_of(&proof.client().registration, dpop)?;
    if let Some(entry) = &entry {
        ask_plugins(rooms, entry, proof.attested(), (arrival, now), report).await?;
    }
    settle_attestation(rooms, proof.attested()).await?;
    let first = match proof.replay() {
        None => true,
        Some(guard) => settle_guard(rooms, proof.client().id.clone(), guard).await?,
    };
    let client = proof.admit(first)?;
    report.stage(Stage::ClientAuth);
    let entry = entry.ok_or(Refusal::invalid_client(Reason::UnknownClient))?;
    Ok(Caller { client, entry })
}

/// Asks the plugins of a client whose proof is good, while nothing of the proof is used up: who is refused, or whose plugin fails, may
/// come again with the same assertion.
async fn ask_plugins(
    rooms: &Rooms,
    entry: &Entry,
    attested: Option<&Attested>,
    (arrival, now): (&Arrival, Now),
    report: &mut Report,
) -> Result<(), Failure> {
    let visit = rooms.directory.visit()?;
    if !entry.chain(visit.policy()).has(HookPoint::ClientAuthentication) {
        return Ok(());
    }
    // What is no form here is none to a plugin, and refused where it is read.
    let form = Form::parse_repeated(&arrival.body).or_else(|_| Form::parse_repeated(b""));
    let form = form.map_err(|_| Refusal::invalid_request(Reason::MalformedForm, "the form cannot be read"))?;
    let occasion = Occasion { arrival, form: &form, grant: None, now };
    let thumbprint = arrival.peer.client_certificate.as_deref().map(|der| Digest::of(der).to_base64url());
    let method = entry.client.authentication.method().as_str();
    let attestation = attested.map(|attested| register::members(attested.claims().clone())).unwrap_or_default();
    let proven = ProvenClient { method, thumbprint: thumbprint.as_deref(), attestation: &attestation };
    Room::of_client(rooms, &visit, entry, occasion).client_authentication(proven, report).await
}

/// Lets the proof of an attested key count, once for all nodes.
async fn settle_attestation(rooms: &Rooms, attested: Option<&Attested>) -> Result<(), Failure> {
    let Some((attested, guard)) = attested.and_then(|attested| Some((attested, attested.guard()?))) else { return Ok(()) };
    let guard = ReplayGuard::of_key(attested.instance(), guard.jti_digest, guard.expires_at);
    match rooms.store.settle(vec![Claim::Guard(guard)]).await?.as_slice() {
        [Outcome::Settled] => Ok(()),
        _ => Err(rules::replayed().into()),
    }
}

/// Whether this is the first time that the assertion is seen, on any node.
async fn settle_guard(rooms: &Rooms, client_id: ClientId, guard: &client_auth::ReplayGuard) -> Result<bool, Failure> {
    let guard = ReplayGuard { client_id, jti_digest: guard.jti_digest, expires_at: guard.expires_at };
    let outcomes = rooms.store.settle(vec![Claim::Guard(guard)]).await?;
    Ok(outcomes == [Outcome::Settled])
}

async fn gather(rooms: &Rooms, candidate: &client_auth::Candidate, arrival: &Arrival, now: Now) -> Result<Evidence, Failure> {
    let client = candidate.client();
    match candidate.need(now.timestamp()) {
        Need::Nothing => Ok(Evidence::Nothing),
        Need::Argon2id { presented, secrets } => {
            let attempt = Attempt { client_id: &client.id, address: arrival.peer.addr, presented, secrets: &secrets };
            match rooms.secret_desk.check(attempt).await {
                Ok(Checked::Right) => Ok(Evidence::Argon2id(true)),
                Ok(Checked::Wrong) => Ok(Evidence::Argon2id(false)),
                Ok(Checked::Busy { retry_after }) => Err(Fault::Busy { what: "checks of imported secrets", retry_after }.into()),
                Ok(Checked::Throttled { retry_after }) => Err(Failure::Throttled { retry_after }),
                Err(fault) => Err(Fault::SecretDesk(fault).into()),
            }
        }
        Need::Keys { keys: ClientKeys::Inline(text), .. } => Ok(Evidence::Keys(rooms.client_keys.inline(text))),
        Need::Keys { keys: ClientKeys::Uri(uri), kid } => Ok(Evidence::Keys(rooms.client_keys.fetched(&client.id, uri, kid).await)),
        Need::Certificate { keys } => Ok(certificate(rooms, &client.id, keys, arrival).await),
        Need::Unsealed { secrets } => unseal(rooms, &secrets).map(Evidence::Unsealed),
    }
}

/// The certificate that the caller proved to hold, and the keys of a client that made its own. A key that is not among them may be
/// new: then the set is fetched again.
async fn certificate(rooms: &Rooms, client_id: &str, keys: Option<&ClientKeys>, arrival: &Arrival) -> Evidence {
    let peer = &arrival.peer;
    let read = peer.client_certificate.as_deref().and_then(|der| rooms.client_trust.read(der, &peer.client_chain));
    let key = read.as_ref().and_then(|certificate| certificate.key);
    let set = match (keys, key) {
        (Some(ClientKeys::Inline(text)), _) => rooms.client_keys.inline(text),
        (Some(ClientKeys::Uri(uri)), Some(key)) => match rooms.client_keys.fetched(client_id, uri, None).await {
            Some(held) if held.certifies(&key) => Some(held),
            _ => rooms.client_keys.fetched(client_id, uri, Some(&key.to_base64url())).await,
        },
        (Some(ClientKeys::Uri(_)) | None, _) => None,
    };
    Evidence::Certificate(read.map(Box::new), set)
}

/// Opens the sealed secrets of a client that signs with them.
fn unseal(rooms: &Rooms, secrets: &[&StoredSecret]) -> Result<Vec<Secret<Vec<u8>>>, Failure> {
    let open = |secret: &&StoredSecret| {
        let sealed = secret.sealed.as_deref().unwrap_or_default();
        let row = secret.id.to_string();
        rooms
            .sealer
            .open(&crate::seals::client_secret(&row), sealed)
            .map_err(|fault| Failure::Failed(Fault::Vault(VaultFault::Sealing(fault))))
    };
    secrets.iter().map(open).collect()
}
