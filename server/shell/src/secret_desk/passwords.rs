//! The passwords of people at the desk.

use std::net::IpAddr;
use std::time::Duration;

use claimsmith_jose::Secret;
use tokio::time::Instant;

use super::queue::{Enqueued, Job, Queue};
use super::{Attempt, Cost, SecretDesk, SecretDeskFault, formats};

/// How passwords are checked and hashed.
#[derive(Debug, Clone, Copy)]
pub struct PasswordSettings {
    /// What hashing a password costs.
    pub cost: Cost,
    /// Attempts that may wait; more are answered `Busy`.
    pub queue: usize,
}

impl Default for PasswordSettings {
    fn default() -> Self {
        Self { cost: Cost::default(), queue: 64 }
    }
}

/// A password that somebody typed.
#[derive(Debug)]
pub struct PasswordAttempt<'a> {
    /// What the account is counted under, whether there is one or not.
    pub account: &'a str,
    /// Where it comes from.
    pub address: IpAddr,
    /// What was typed.
    pub presented: &'a Secret<String>,
    /// The account's hash; none where there is no account, or no password.
    pub stored: Option<&'a str>,
}

/// What the desk says to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCheck {
    /// It is right.
    Right {
        /// Whether the stored hash should be made anew.
        upgrade: bool,
    },
    /// It is wrong.
    Wrong,
    /// Nobody looked: too much is waiting.
    Busy {
        /// When to come again.
        retry_after: Duration,
    },
}

#[derive(Debug)]
pub(super) struct Passwords {
    queue: Queue,
    cost: Cost,
    /// Security: what is held against a password where there is no hash: nobody's, and as costly as a new one.
    decoy: String,
}

impl Passwords {
    pub(super) fn open(settings: &PasswordSettings) -> Result<Self, SecretDeskFault> {
        settings.cost.check()?;
        let mut bits = [0; 32];
        getrandom::fill(&mut bits)?;
        let nobodys = Secret::new(claimsmith_jose::Digest::of(&bits).to_hex());
        let decoy = settings.cost.hash(&nobodys, &bits[..16]).ok_or(SecretDeskFault::Hash)?;
        let serve = |job: &Job| job.secrets.iter().any(|(_, stored)| formats::matches(stored, &job.presented));
        let queue = Queue::start(settings.queue, "passwords", serve).map_err(SecretDeskFault::Thread)?;
        Ok(Self { queue, cost: settings.cost, decoy })
    }
}

impl SecretDesk {
    /// Checks a password. An account that is not there costs what one with a new hash does.
    pub async fn check_password(&self, attempt: PasswordAttempt<'_>) -> Result<PasswordCheck, SecretDeskFault> {
        let passwords = &self.passwords;
        let stored = attempt.stored.unwrap_or(&passwords.decoy);
        let secrets = [(0, stored)];
        let asked = Attempt { client_id: attempt.account, address: attempt.address, presented: attempt.presented, secrets: &secrets };
        let marks = self.memory.marks(&asked);
        let mut answer = match passwords.queue.join(&asked, &marks) {
            Some(answer) => answer,
            None => match passwords.queue.enqueue(Job::of(&asked, marks, Instant::now())) {
                Enqueued::Waiting(answer) => answer,
                Enqueued::Full => return Ok(PasswordCheck::Busy { retry_after: Duration::from_secs(1) }),
            },
        };
        let right = *answer.wait_for(Option::is_some).await.map_err(|_| SecretDeskFault::Hash)? == Some(true);
        Ok(match attempt.stored {
            Some(stored) if right => PasswordCheck::Right { upgrade: formats::wants_upgrade(stored, passwords.cost) },
            Some(_) | None => PasswordCheck::Wrong,
        })
    }

    /// Hashes a password, as a PHC string. One at a time, apart from the queue.
    pub async fn hash_password(&self, password: Secret<String>) -> Result<Box<str>, SecretDeskFault> {
        self.hash_at(self.passwords.cost, password).await.map(String::into_boxed_str)
    }
}
