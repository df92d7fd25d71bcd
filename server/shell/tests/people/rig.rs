//! A room of people over a database of its own, with cheap hashes and steady answers switched off.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use claimsmith_issuer::person::{Person, UserId, Username};
use claimsmith_jose::Secret;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_shell::people::{Origin, PasskeySettings, People, PeopleSettings, Refused, SignInFailure, SignInThrottleSettings, Verified};
use claimsmith_shell::secret_desk::{Cost, PasswordSettings, SecretDesk, SecretDeskSettings};
use claimsmith_shell::throttle::{Allowance, Throttle, ThrottleSettings};
use claimsmith_store::Store;
use claimsmith_store::testing::TestDatabase;
use claimsmith_vault::{MasterKey, Sealer};

pub(crate) const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) struct Rig {
    pub(crate) people: People,
    pub(crate) store: Arc<Store>,
    pub(crate) database: TestDatabase,
}

pub(crate) fn settings() -> PeopleSettings {
    let allowance = |burst| Allowance { burst, every: HOUR };
    PeopleSettings {
        service_name: "Test: Works".into(),
        refusal_quantum: Duration::ZERO,
        device_lifetime: Lifetime::from_seconds(1_000),
        lengths: 8..=64,
        denylist_file: None,
        throttle: SignInThrottleSettings {
            pair: allowance(3),
            account: allowance(6),
            network: allowance(20),
            device: allowance(2),
            code: allowance(4),
        },
        passkeys: Some(PasskeySettings { origin: "https://id.example".to_owned(), rp_id: None, timeout: Lifetime::from_seconds(300) }),
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: PeopleSettings) -> Self {
        let database = TestDatabase::migrated();
        let store = Arc::new(database.store());
        Self { people: room(settings, &store), store, database }
    }

    /// Registers a person and answers their id.
    pub(crate) async fn register(&self, name: &str, password: &str) -> UserId {
        let hash = self.people.new_password(&secret(password), None).await.unwrap();
        self.register_with_hash(name, Some(&hash)).await
    }

    pub(crate) async fn register_with_hash(&self, name: &str, hash: Option<&str>) -> UserId {
        let id = UserId::from_random(claimsmith_jose::Digest::of(name.as_bytes()).as_bytes()[..16].try_into().unwrap());
        let person = Person::new(id.clone(), Username::parse(name).unwrap());
        self.store.create_user("test", person, hash.map(Into::into)).await.unwrap();
        id
    }

    pub(crate) async fn person(&self, id: &UserId) -> Person {
        self.store.load_user(id).await.unwrap().unwrap().person
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str, from: &str) -> Result<Verified, SignInFailure> {
        self.people.sign_in_with_password(name, &secret(password), from_network(from), now()).await
    }

    pub(crate) async fn hash_of(&self, id: &UserId) -> String {
        self.store.load_user(id).await.unwrap().unwrap().password.unwrap().hash.into()
    }
}

pub(crate) fn room(settings: PeopleSettings, store: &Arc<Store>) -> People {
    let sealer = Arc::new(Sealer::new(&MasterKey::from_bytes([0xab; 32]), &[]));
    let desk = SecretDeskSettings { passwords: PasswordSettings { cost: CHEAP, queue: 64 }, ..SecretDeskSettings::default() };
    let throttle = Arc::new(Throttle::new(&ThrottleSettings::default()));
    let desk = Arc::new(SecretDesk::open(&desk, throttle).unwrap());
    People::open(settings, Arc::clone(store), sealer, desk).unwrap()
}

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

pub(crate) fn from_network(address: &str) -> Origin<'static> {
    Origin { address: address.parse::<IpAddr>().unwrap(), device: None }
}

pub(crate) fn is_wrong<T: std::fmt::Debug>(result: &Result<T, SignInFailure>) -> bool {
    matches!(result, Err(SignInFailure::Refused(Refused::Wrong)))
}

pub(crate) fn is_throttled<T: std::fmt::Debug>(result: &Result<T, SignInFailure>) -> bool {
    matches!(result, Err(SignInFailure::Refused(Refused::TooMany { .. })))
}
