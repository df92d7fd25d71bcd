//! Passkeys (WebAuthn Level 3): set up, and signed in with. The person is always verified by their authenticator, so a passkey is
//! more than one factor; keys are discoverable, so nobody has to type a name.
//!
//! The state of a ceremony is a text that the caller keeps on its side, hands back once, and then forgets.

use claimsmith_issuer::assurance::Method;
use claimsmith_issuer::person::{Person, UserId};
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_store::PasskeyRecord;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyAuthentication, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Uuid, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use super::{EnrolFailure, Origin, People, PeopleFault, Refused, SignInFailure, Verified, throttle};
use crate::failure::Fault;

/// The most passkeys of one person.
const PASSKEYS_MAX: usize = 20;

/// Passkeys for this host.
#[derive(Debug, Clone)]
pub struct PasskeySettings {
    /// The origin of the pages.
    pub origin: String,
    /// The domain that passkeys are for; the origin's host when not named.
    pub rp_id: Option<Box<str>>,
    /// How long a ceremony may take.
    pub timeout: Lifetime,
}

/// What the browser is asked, and what the caller keeps meanwhile.
#[derive(Debug)]
pub struct PasskeyChallenge {
    /// JSON for the page's script, as `PublicKeyCredential.parse…OptionsFromJSON` reads it: what the library wraps in `publicKey`.
    pub options: String,
    /// Kept on the server's side; good once. Security: who could choose it could choose the challenge.
    pub state: String,
}

/// The library, set up for this host.
#[derive(Debug)]
pub(super) struct Ceremonies {
    webauthn: Webauthn,
    timeout: Lifetime,
}

#[derive(Serialize, Deserialize)]
struct State {
    at: i64,
    ceremony: Ceremony,
}

#[derive(Serialize, Deserialize)]
enum Ceremony {
    Register { user: String, state: PasskeyRegistration },
    Prove { user: String, state: PasskeyAuthentication },
    SignIn(DiscoverableAuthentication),
}

impl Ceremonies {
    /// Nothing where the host is an address: browsers have no passkeys for those.
    pub(super) fn open(settings: &PasskeySettings, service_name: &str) -> Result<Option<Self>, PeopleFault> {
        let wrong = |error: String| PeopleFault::Passkeys(error);
        let origin = url::Url::parse(&settings.origin).map_err(|error| wrong(error.to_string()))?;
        let Some(host) = origin.domain() else {
            tracing::warn!("there are no passkeys for an issuer that is an IP address");
            return Ok(None);
        };
        let rp_id = settings.rp_id.as_deref().unwrap_or(host);
        let is_above = rp_id == host || host.strip_suffix(rp_id).is_some_and(|rest| rest.ends_with('.'));
        if !is_above {
            return Err(wrong(format!("`{rp_id}` is not above `{host}`")));
        }
        let timeout = std::time::Duration::from_secs(settings.timeout.seconds().into());
        let built = WebauthnBuilder::new(rp_id, &origin).and_then(|builder| builder.rp_name(service_name).timeout(timeout).build());
        let webauthn = built.map_err(|error| wrong(error.to_string()))?;
        Ok(Some(Self { webauthn, timeout: settings.timeout }))
    }

    fn challenge(&self, options: &impl Serialize, ceremony: Ceremony, now: Timestamp) -> PasskeyChallenge {
        // Beside `publicKey` it says `mediation`: a button asks for it, or the page's script decides.
        let mut options = serde_json::to_value(options).expect("options are JSON")["publicKey"].take();
        if let Some(selection) = options.get_mut("authenticatorSelection") {
            selection["residentKey"] = json!("required");
            selection["requireResidentKey"] = Value::Bool(true);
        }
        let state = State { at: now.seconds(), ceremony };
        PasskeyChallenge { options: options.to_string(), state: serde_json::to_string(&state).expect("a state is JSON") }
    }

    /// The ceremony, when it is not too old.
    fn resume(&self, state: &str, now: Timestamp) -> Result<Ceremony, Refused> {
        let state: State = serde_json::from_str(state).map_err(|_| Refused::Wrong)?;
        let end = Timestamp::from_seconds(state.at).plus(self.timeout);
        if now < end { Ok(state.ceremony) } else { Err(Refused::Wrong) }
    }
}

impl People {
    fn ceremonies(&self) -> Result<&Ceremonies, Refused> {
        self.passkeys.as_ref().ok_or(Refused::Wrong)
    }

    /// Begins to set up a passkey of a person who is signed in.
    pub async fn start_passkey_enrolment(&self, person: &Person, now: Timestamp) -> Result<PasskeyChallenge, EnrolFailure> {
        let ceremonies = self.ceremonies()?;
        let held = self.store.list_passkeys(&person.id).await?;
        if held.len() >= PASSKEYS_MAX {
            return Err(Refused::Wrong.into());
        }
        let known = held.into_iter().map(|passkey| passkey.credential_id.into()).collect();
        let name = person.username.as_str();
        let shown: Option<Value> = serde_json::from_str(&person.claims).ok();
        let shown = shown.as_ref().and_then(|claims| claims["name"].as_str()).unwrap_or(name);
        let handle = Uuid::from_bytes(person.id.bits());
        let started = ceremonies.webauthn.start_passkey_registration(handle, name, shown, Some(known));
        let (options, state) = started.map_err(|error| refused(&error))?;
        Ok(ceremonies.challenge(&options, Ceremony::Register { user: person.id.to_string(), state }, now))
    }

    /// Sets up a passkey with what the browser answered, JSON. `name` is what the person calls it.
    pub async fn finish_passkey_enrolment(
        &self,
        user: &UserId,
        state: &str,
        answer: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<(), EnrolFailure> {
        let ceremonies = self.ceremonies()?;
        let Ceremony::Register { user: of, state } = ceremonies.resume(state, now)? else { return Err(Refused::Wrong.into()) };
        let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).map_err(|_| Refused::Wrong)?;
        if *of != **user {
            return Err(Refused::Wrong.into());
        }
        let passkey = ceremonies.webauthn.finish_passkey_registration(&answer, &state).map_err(|error| refused(&error))?;
        let record = PasskeyRecord {
            credential_id: passkey.cred_id().to_vec(),
            user_id: user.clone(),
            name: named(name),
            credential: serde_json::to_string(&passkey).expect("a passkey is JSON").into(),
            created_at: now,
            last_used_at: None,
        };
        self.store.save_passkey(user, record).await?;
        Ok(())
    }

    /// Gives one of somebody's passkeys another name.
    pub async fn rename_passkey(&self, user: &UserId, credential_id: &[u8], name: &str) -> Result<(), claimsmith_store::Fault> {
        self.store.rename_passkey(user, user, credential_id, &named(name)).await?;
        Ok(())
    }

    /// Begins a sign-in with whichever passkey the person has here: for a button, and for the field of the username
    /// (conditional mediation).
    pub fn start_passkey_sign_in(&self, now: Timestamp) -> Result<PasskeyChallenge, SignInFailure> {
        let ceremonies = self.ceremonies()?;
        let (options, state) = ceremonies.webauthn.start_discoverable_authentication().map_err(|error| refused(&error))?;
        Ok(ceremonies.challenge(&options, Ceremony::SignIn(state), now))
    }

    /// Signs somebody in with what the browser answered, JSON.
    pub async fn finish_passkey_sign_in(
        &self,
        state: &str,
        answer: &str,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<Verified, SignInFailure> {
        let ceremonies = self.ceremonies()?;
        let charged = self.charge(throttle::Account::Passkey, origin, None).await?;
        let Ceremony::SignIn(state) = ceremonies.resume(state, now)? else { return Err(Refused::Wrong.into()) };
        let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(|_| Refused::Wrong)?;
        let (handle, _) = ceremonies.webauthn.identify_discoverable_authentication(&answer).map_err(|error| refused(&error))?;
        let user = self.enabled(&UserId::from_random(handle.into_bytes())).await?.ok_or(Refused::Wrong)?;
        let held = self.held(&user.person.id).await?;
        let keys: Vec<DiscoverableKey> = held.iter().map(DiscoverableKey::from).collect();
        let finished = ceremonies.webauthn.finish_discoverable_authentication(&answer, state, &keys);
        self.used(held, &finished.map_err(|error| refused(&error))?).await?;
        charged.refund(&self.store).await?;
        Ok(Verified { user, methods: vec![Method::Passkey], at: now })
    }

    /// Begins to ask a known person for one of their passkeys: as a second factor, or as a step up.
    pub async fn start_passkey_proof(&self, user: &UserId, now: Timestamp) -> Result<PasskeyChallenge, SignInFailure> {
        let ceremonies = self.ceremonies()?;
        let held = self.held(user).await?;
        if held.is_empty() {
            return Err(Refused::Wrong.into());
        }
        let (options, state) = ceremonies.webauthn.start_passkey_authentication(&held).map_err(|error| refused(&error))?;
        Ok(ceremonies.challenge(&options, Ceremony::Prove { user: user.to_string(), state }, now))
    }

    /// Checks what the browser answered, JSON, for that person.
    pub async fn finish_passkey_proof(&self, user: &UserId, state: &str, answer: &str, now: Timestamp) -> Result<Method, SignInFailure> {
        let ceremonies = self.ceremonies()?;
        let Ceremony::Prove { user: of, state } = ceremonies.resume(state, now)? else { return Err(Refused::Wrong.into()) };
        let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(|_| Refused::Wrong)?;
        if *of != **user {
            return Err(Refused::Wrong.into());
        }
        let result = ceremonies.webauthn.finish_passkey_authentication(&answer, &state).map_err(|error| refused(&error))?;
        self.used(self.held(user).await?, &result).await?;
        Ok(Method::Passkey)
    }

    async fn held(&self, user: &UserId) -> Result<Vec<Passkey>, Fault> {
        let records = self.store.list_passkeys(user).await?;
        // One that this version cannot read is one that the person does not have.
        Ok(records.into_iter().filter_map(|record| serde_json::from_str(&record.credential).ok()).collect())
    }

    /// Notes the use of a passkey, its counter and its state of backup.
    async fn used(&self, held: Vec<Passkey>, result: &AuthenticationResult) -> Result<(), SignInFailure> {
        let mut passkey = held.into_iter().find(|passkey| passkey.cred_id() == result.cred_id()).ok_or(Refused::Wrong)?;
        if !result.user_verified() {
            return Err(Refused::Wrong.into());
        }
        let _ = passkey.update_credential(result);
        let credential = serde_json::to_string(&passkey).expect("a passkey is JSON");
        match self.store.touch_passkey(passkey.cred_id(), &credential).await? {
            true => Ok(()),
            false => Err(Refused::Wrong.into()),
        }
    }
}

/// What a person calls a passkey, within bounds.
fn named(name: &str) -> Box<str> {
    let name: String = name.trim().chars().filter(|letter| !letter.is_control()).take(64).collect();
    if name.is_empty() { "Passkey".into() } else { name.into() }
}

/// What the library refuses is the browser's doing.
fn refused(error: &WebauthnError) -> Refused {
    tracing::info!(%error, "a passkey was refused");
    Refused::Wrong
}
