//! The room of people: signing in, second factors, and what they set up for themselves. The pages call it; it knows no HTTP.
//!
//! ```text
//! password ──► throttle (charged) ──► secret desk ──► right: refunded, the hash made anew where it is old
//!                                                └──► wrong: answered at a steady time, in the same words as everything else
//! ```

mod device;
mod passkeys;
mod policy;
mod recovery;
mod throttle;
mod totp;

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use claimsmith_issuer::assurance::{self, Method};
use claimsmith_issuer::person::{UserId, Username};
use claimsmith_jose::Secret;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_store::{Store, UserRecord};
use claimsmith_vault::{SealFault, Sealer, VaultFault};
use tokio::time::Instant;

use crate::failure::Fault;
use crate::secret_desk::{PasswordAttempt, PasswordCheck, SecretDesk};

pub use passkeys::{PasskeyChallenge, PasskeySettings};
pub use policy::PasswordRefusal;
pub use recovery::CODES as RECOVERY_CODES;
pub use throttle::SignInThrottleSettings;
pub use totp::TotpEnrolment;

/// An id that nobody has, nor ever had.
pub fn fresh_id() -> UserId {
    let mut bits = [0; 16];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bits);
    UserId::from_random(bits)
}

/// What somebody types to change their password.
#[derive(Debug, Clone, Copy)]
pub struct PasswordChange<'a> {
    /// The present one.
    pub present: &'a Secret<String>,
    /// The new one.
    pub new: &'a Secret<String>,
    /// The session in which they do it, which stays.
    pub session: Option<&'a str>,
}

/// How people sign in.
#[derive(Debug, Clone)]
pub struct PeopleSettings {
    /// The name of this service, for people.
    pub service_name: Box<str>,
    /// A refusal is answered at the next multiple of this after the attempt came.
    pub refusal_quantum: Duration,
    /// How long a browser is known.
    pub device_lifetime: Lifetime,
    /// How many characters a new password may have.
    pub lengths: RangeInclusive<usize>,
    /// Passwords that nobody may choose.
    pub denylist_file: Option<PathBuf>,
    /// How often one may be wrong.
    pub throttle: SignInThrottleSettings,
    /// Passkeys, where they are switched on.
    pub passkeys: Option<PasskeySettings>,
}

/// Why the room could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum PeopleFault {
    /// The denylist.
    #[error("passwords.denylist_file: {}: {source}", path.display())]
    Denylist {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The domain of passkeys.
    #[error("passkeys.rp_id must be the issuer's host or a domain above it: {0}")]
    Passkeys(String),
}

/// Where an attempt comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The address.
    pub address: IpAddr,
    /// What the browser's device cookie says, when it has one.
    pub device: Option<&'a str>,
}

/// A person who has proved something.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The person, as the store has them now.
    pub user: UserRecord,
    /// What they did.
    pub methods: Vec<Method>,
    /// When: `auth_time`.
    pub at: Timestamp,
}

impl Verified {
    /// `amr` (RFC 8176).
    pub fn amr(&self) -> Vec<&'static str> {
        assurance::amr(&self.methods)
    }
}

/// The person's doing, or a stranger's: nothing was proved. All refusals read the same but for how long to wait, which depends on
/// what was tried and from where, never on whether there is such an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Wrong, or nobody's, or disabled, or used already.
    #[error("that did not work")]
    Wrong,
    /// Nobody looked: there were too many wrong attempts.
    #[error("that did not work")]
    TooMany {
        /// When to come again.
        retry_after: Duration,
    },
}

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub enum SignInFailure {
    /// Theirs.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Ours.
    #[error(transparent)]
    Failed(#[from] Fault),
}

impl From<claimsmith_store::Fault> for SignInFailure {
    fn from(fault: claimsmith_store::Fault) -> Self {
        Self::Failed(fault.into())
    }
}

/// Why something was not set up or changed.
#[derive(Debug, thiserror::Error)]
pub enum EnrolFailure {
    /// A new password is not one that may be chosen.
    #[error(transparent)]
    Password(#[from] PasswordRefusal),
    /// The proof that it works, or the present password, is wrong.
    #[error(transparent)]
    SignIn(#[from] SignInFailure),
}

impl From<claimsmith_store::Fault> for EnrolFailure {
    fn from(fault: claimsmith_store::Fault) -> Self {
        Self::SignIn(fault.into())
    }
}

impl From<Refused> for EnrolFailure {
    fn from(refused: Refused) -> Self {
        Self::SignIn(refused.into())
    }
}

/// The room. Shared by all threads.
#[derive(Debug)]
pub struct People {
    store: Arc<Store>,
    sealer: Arc<Sealer>,
    desk: Arc<SecretDesk>,
    settings: PeopleSettings,
    policy: policy::Policy,
    waiting: throttle::Waiting,
    passkeys: Option<passkeys::Ceremonies>,
}

impl People {
    /// Opens the room: reads the denylist, and sees whether passkeys can be for this host.
    pub fn open(settings: PeopleSettings, store: Arc<Store>, sealer: Arc<Sealer>, desk: Arc<SecretDesk>) -> Result<Self, PeopleFault> {
        let policy = policy::Policy::read(settings.lengths.clone(), settings.denylist_file.as_deref())?;
        let passkeys = match &settings.passkeys {
            Some(wanted) => passkeys::Ceremonies::open(wanted, &settings.service_name)?,
            None => None,
        };
        Ok(Self { store, sealer, desk, settings, policy, waiting: throttle::Waiting::new(), passkeys })
    }

    /// Whether people can use passkeys here.
    pub const fn has_passkeys(&self) -> bool {
        self.passkeys.is_some()
    }

    /// The person of an id, when they may be signed in.
    pub async fn enabled(&self, id: &UserId) -> Result<Option<UserRecord>, Fault> {
        Ok(self.store.load_user(id).await?.filter(|record| record.person.enabled))
    }

    /// Signs somebody in with a password. Whether that is enough is for [`assurance::next_step`] to say.
    pub async fn sign_in_with_password(
        &self,
        username: &str,
        password: &Secret<String>,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<Verified, SignInFailure> {
        let came_at = Instant::now();
        let name = Username::parse(username).ok();
        let user = match &name {
            Some(name) => self.store.find_user(name).await?,
            None => None,
        };
        // What is no username is nobody's, and counted as one.
        let account = throttle::Account::Named(name.as_ref().map_or("", Username::key));
        let checked = self.check_password(user, account, password, origin, now).await;
        self.steady(came_at, checked).await.map(|user| Verified { user, methods: vec![Method::Password], at: now })
    }

    /// Takes back that an attempt with a password was counted as wrong: whom the operator trusts in it says that it was right.
    pub async fn forgive(&self, username: &str, origin: Origin<'_>) -> Result<(), Fault> {
        let name = Username::parse(username).ok();
        let account = throttle::Account::Named(name.as_ref().map_or("", Username::key));
        let attempt = throttle::Try { account, address: origin.address, device: None };
        Ok(throttle::counted(&self.settings.throttle, attempt).refund(&self.store).await?)
    }

    /// Whether anybody has that name.
    pub async fn knows(&self, username: &str) -> Result<bool, Fault> {
        match Username::parse(username) {
            Ok(name) => Ok(self.store.find_user(&name).await?.is_some()),
            Err(_) => Ok(false),
        }
    }

    /// Changes the password of somebody who is signed in and knows the present one. Their other sessions end, and all their grants.
    pub async fn change_password(
        &self,
        user: &UserId,
        change: PasswordChange<'_>,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<(), EnrolFailure> {
        let PasswordChange { present, new, session } = change;
        let came_at = Instant::now();
        let record = self.enabled(user).await.map_err(SignInFailure::from)?.ok_or(Refused::Wrong)?;
        // Before the present one is looked at: a bad choice is no failure to sign in.
        let hash = self.new_password(new, Some(record.person.username.as_str())).await?;
        let key = record.person.username.key().to_owned();
        let checked = self.check_password(Some(record), throttle::Account::Named(&key), present, origin, now).await;
        self.steady(came_at, checked).await?;
        self.store.change_own_password(user, hash, session.map(Into::into)).await?;
        Ok(())
    }

    /// Gives somebody who is signed in and has no password their first one.
    pub async fn set_first_password(&self, user: &UserId, new: &Secret<String>, session: Option<&str>) -> Result<(), EnrolFailure> {
        let record = self.enabled(user).await.map_err(SignInFailure::from)?.ok_or(Refused::Wrong)?;
        // Security: who has one shows it.
        if record.password.is_some() {
            return Err(Refused::Wrong.into());
        }
        let hash = self.new_password(new, Some(record.person.username.as_str())).await?;
        self.store.change_own_password(user, hash, session.map(Into::into)).await?;
        Ok(())
    }

    /// How many characters a new password may have.
    pub const fn password_lengths(&self) -> &RangeInclusive<usize> {
        &self.settings.lengths
    }

    /// The hash of a new password, if it is one that may be chosen.
    pub async fn new_password(&self, new: &Secret<String>, username: Option<&str>) -> Result<Box<str>, EnrolFailure> {
        self.policy.check(new, username)?;
        let hashed = self.desk.hash_password(policy::prepared(new)).await;
        hashed.map_err(|fault| SignInFailure::from(Fault::SecretDesk(fault)).into())
    }

    /// What a browser keeps so that failures of strangers do not hinder its person; shown to nobody else.
    pub fn device_cookie(&self, user: &UserId, now: Timestamp) -> Result<String, Fault> {
        device::cookie(&self.sealer, user, now).map_err(sealing)
    }

    async fn check_password(
        &self,
        user: Option<UserRecord>,
        account: throttle::Account<'_>,
        password: &Secret<String>,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<UserRecord, SignInFailure> {
        let device = user.as_ref().and_then(|user| self.device(&user.person.id, origin, now));
        let charged = self.charge(account, origin, device).await;
        let charged = charged.inspect_err(|failure| log_refusal(failure, user.as_ref(), origin))?;
        let presented = policy::prepared(password);
        // Security: some functions take time by the length of what was typed.
        let sized = presented.expose().chars().count() <= *self.settings.lengths.end();
        let stored = user.as_ref().and_then(|user| user.password.as_ref()).filter(|_| sized);
        let attempt = PasswordAttempt {
            account: account.text(),
            address: origin.address,
            presented: &presented,
            stored: stored.map(|stored| &*stored.hash),
        };
        match self.desk.check_password(attempt).await.map_err(Fault::SecretDesk)? {
            PasswordCheck::Busy { retry_after } => {
                charged.refund(&self.store).await?;
                Err(Fault::Busy { what: "checks of passwords", retry_after }.into())
            }
            PasswordCheck::Wrong => {
                let wrong = Refused::Wrong.into();
                log_refusal(&wrong, user.as_ref(), origin);
                Err(wrong)
            }
            PasswordCheck::Right { upgrade } => {
                let Some(user) = user.filter(|user| user.person.enabled) else {
                    tracing::info!(address = %origin.address, "a disabled user gave the right password");
                    return Err(Refused::Wrong.into());
                };
                charged.refund(&self.store).await?;
                if upgrade {
                    self.upgrade(&user, presented).await;
                }
                Ok(user)
            }
        }
    }

    /// Makes an old hash anew. A sign-in does not fail because of it: the next one tries again.
    async fn upgrade(&self, user: &UserRecord, password: Secret<String>) {
        let Some(former) = &user.password else { return };
        let better = match self.desk.hash_password(password).await {
            Ok(better) => better,
            Err(fault) => return tracing::warn!(%fault, "a password hash was not made anew"),
        };
        match self.store.rehash_password(&user.person.id, &former.hash, &better).await {
            Ok(replaced) => tracing::debug!(replaced, "a password hash was made anew"),
            Err(fault) => tracing::warn!(%fault, "a password hash was not made anew"),
        }
    }

    async fn charge(
        &self,
        account: throttle::Account<'_>,
        origin: Origin<'_>,
        device: Option<device::DeviceId>,
    ) -> Result<throttle::Charged, SignInFailure> {
        let attempt = throttle::Try { account, address: origin.address, device };
        throttle::charge(&self.store, &self.waiting, &self.settings.throttle, attempt).await
    }

    fn device(&self, user: &UserId, origin: Origin<'_>, now: Timestamp) -> Option<device::DeviceId> {
        device::recognise(&self.sealer, user, origin.device?, (now, self.settings.device_lifetime))
    }

    /// Lets a refusal leave at a steady time.
    ///
    /// Security: imported hashes take other times than ours, and a disabled account is found later than none.
    async fn steady<T>(&self, came_at: Instant, result: Result<T, SignInFailure>) -> Result<T, SignInFailure> {
        let quantum = self.settings.refusal_quantum.as_nanos();
        if let (Err(SignInFailure::Refused(_)), true) = (&result, quantum > 0) {
            let turns = came_at.elapsed().as_nanos() / quantum + 1;
            let wait = u64::try_from(turns.saturating_mul(quantum)).unwrap_or(u64::MAX);
            tokio::time::sleep_until(came_at + Duration::from_nanos(wait)).await;
        }
        result
    }
}

/// The record of a failed sign-in. Security: what was typed as a name is not in it, for it may have been a password.
fn log_refusal(failure: &SignInFailure, user: Option<&UserRecord>, origin: Origin<'_>) {
    let SignInFailure::Refused(refused) = failure else { return };
    let reason = match (refused, user) {
        (Refused::TooMany { .. }, _) => "throttled",
        (Refused::Wrong, None) => "unknown_user",
        (Refused::Wrong, Some(user)) if user.password.is_none() => "no_password",
        (Refused::Wrong, Some(_)) => "wrong_password",
    };
    let user = user.map_or("none", |user| &*user.person.id);
    tracing::info!(reason, user, address = %origin.address, "a sign-in was refused");
}

fn sealing(fault: SealFault) -> Fault {
    Fault::Vault(VaultFault::Sealing(fault))
}
