//! The desk for secrets that somebody else chose: Argon2id, on one thread, and only as often as the throttle lets
//! (RFC 9106, RFC 6749 §10.10).
//!
//! ```text
//! attempt ──► was it right lately? ──► is the same one being checked? ──► throttle ──► queue ──► the one worker
//! ```
//!
//! What was right lately is answered from memory before anything else, so a flood of wrong secrets does not keep the right
//! one out. Being wrong is never remembered: a secret that is wrong now may be right in a second.
//!
//! The passwords of people have a queue and a worker of their own, so that neither side's flood is the other's; they are never
//! remembered, and who may try how often is said in `people`, for all nodes together.
//!
//! Secrets of 256 random bits do not come here: a digest and a comparison settle them.

mod cost;
mod formats;
mod memory;
mod passwords;
mod queue;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use claimsmith_jose::Secret;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::throttle::{Admit, Throttle};
pub use cost::{Cost, PhcRefusal, recognise_phc};
pub use formats::{HASH_MAX, HashRefusal, recognise_hash};
use memory::Memory;
pub use passwords::{PasswordAttempt, PasswordCheck, PasswordSettings};
use queue::{Enqueued, Job, Queue};

/// How imported secrets are checked.
#[derive(Debug, Clone)]
pub struct SecretDeskSettings {
    /// What hashing a secret costs. Checking one costs what its stored hash says.
    pub cost: Cost,
    /// Attempts that may wait; more are answered `Busy`. A quarter of them may be one client's.
    pub queue: usize,
    /// How long a right secret is remembered after its last use.
    pub remember: Duration,
    /// How many right secrets are remembered; some 150 bytes each.
    pub remembered: usize,
    /// How the passwords of people are checked.
    pub passwords: PasswordSettings,
}

impl Default for SecretDeskSettings {
    fn default() -> Self {
        Self {
            cost: Cost::default(),
            queue: 16,
            remember: Duration::from_secs(3_600),
            remembered: 16_384,
            passwords: PasswordSettings::default(),
        }
    }
}

/// A secret that was presented, and what it may match.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The client that the sender says it is.
    pub client_id: &'a str,
    /// Where it says so from.
    pub address: IpAddr,
    /// What it presents.
    pub presented: &'a Secret<String>,
    /// What that may match: numbers and PHC strings of the client's secrets.
    pub secrets: &'a [(i64, &'a str)],
}

/// What the desk says to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// It matches one of the secrets.
    Right,
    /// It matches none.
    Wrong,
    /// Nobody looked: too much is waiting. Answered as `temporarily_unavailable`, 503.
    Busy {
        /// When to come again.
        retry_after: Duration,
    },
    /// Nobody looked: there were too many wrong ones. Answered as `too_many_requests`, 429.
    Throttled {
        /// When to come again.
        retry_after: Duration,
    },
}

/// Ours to mend.
#[derive(Debug, thiserror::Error)]
pub enum SecretDeskFault {
    /// The configured cost is not one that stored hashes may have.
    #[error("the cost of Argon2id: {0}")]
    Cost(#[from] PhcRefusal),
    /// No random bytes.
    #[error("the system has no random bytes")]
    Random(#[from] getrandom::Error),
    /// No thread to run on.
    #[error("cannot start the thread that checks secrets")]
    Thread(#[source] std::io::Error),
    /// The worker has gone, or Argon2 failed at what it had accepted.
    #[error("the secret could not be hashed")]
    Hash,
}

/// The desk. Shared by all threads; its worker ends with it.
#[derive(Debug)]
pub struct SecretDesk {
    memory: Arc<Memory>,
    throttle: Arc<Throttle>,
    queue: Queue,
    cost: Cost,
    hashing: Semaphore,
    passwords: passwords::Passwords,
}

impl SecretDesk {
    /// Opens the desk, behind `throttle`.
    pub fn open(settings: &SecretDeskSettings, throttle: Arc<Throttle>) -> Result<Self, SecretDeskFault> {
        settings.cost.check()?;
        let memory = Arc::new(Memory::new(settings.remembered, settings.remember)?);
        let queue = {
            let (memory, throttle) = (Arc::clone(&memory), Arc::clone(&throttle));
            let serve = move |job: &Job| check_secrets(job, &memory, &throttle);
            Queue::start(settings.queue, "argon2", serve).map_err(SecretDeskFault::Thread)?
        };
        let passwords = passwords::Passwords::open(&settings.passwords)?;
        Ok(Self { memory, throttle, queue, cost: settings.cost, hashing: Semaphore::new(1), passwords })
    }

    /// Checks a presented secret. Dropping the future does not undo what the attempt costs its sender.
    pub async fn check(&self, attempt: Attempt<'_>) -> Result<Checked, SecretDeskFault> {
        let now = Instant::now();
        let marks = self.memory.marks(&attempt);
        // Security: before the throttle, or a flood could keep out the client it pretends to be.
        if self.memory.recalls(&marks, now) {
            return Ok(Checked::Right);
        }
        let mut answer = match self.queue.join(&attempt, &marks) {
            Some(answer) => answer,
            None => {
                if let Admit::Throttled { retry_after } = self.throttle.admit(attempt.client_id, attempt.address, now.into_std()) {
                    return Ok(Checked::Throttled { retry_after });
                }
                match self.queue.enqueue(Job::of(&attempt, marks, now)) {
                    Enqueued::Waiting(answer) => answer,
                    Enqueued::Full => return Ok(Checked::Busy { retry_after: Duration::from_secs(1) }),
                }
            }
        };
        let checked = answer.wait_for(Option::is_some).await.map_err(|_| SecretDeskFault::Hash)?;
        Ok(if *checked == Some(true) { Checked::Right } else { Checked::Wrong })
    }

    /// Hashes a secret that is brought in, as a PHC string. One at a time, apart from the queue: an import does not wait
    /// behind a flood.
    pub async fn hash(&self, secret: Secret<String>) -> Result<String, SecretDeskFault> {
        self.hash_at(self.cost, secret).await
    }

    async fn hash_at(&self, cost: Cost, secret: Secret<String>) -> Result<String, SecretDeskFault> {
        let _turn = self.hashing.acquire().await.map_err(|_| SecretDeskFault::Hash)?;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        let hashed = tokio::task::spawn_blocking(move || cost.hash(&secret, &salt)).await;
        hashed.map_err(|_| SecretDeskFault::Hash)?.ok_or(SecretDeskFault::Hash)
    }

    /// Forgets what was right for a client: when it is disabled, deleted or gets other secrets. Secrets that were replaced
    /// are forgotten even without this, for a memory is of one stored hash.
    pub fn forget(&self, client_id: &str) {
        self.memory.forget(client_id);
    }

    /// Forgets everything that was right.
    pub fn forget_all(&self) {
        self.memory.forget_all();
    }
}

/// What the worker does for clients: remembers who was right, and counts who was wrong.
fn check_secrets(job: &Job, memory: &Memory, throttle: &Throttle) -> bool {
    let right = job.secrets.iter().find(|(_, phc)| cost::matches(phc, &job.presented));
    match right {
        Some((mark, _)) => {
            memory.remember(&job.client_id, *mark, job.came_at);
            throttle.succeeded(&job.client_id, job.address, job.came_at.into_std());
        }
        None => throttle.failed(&job.client_id, job.address, job.came_at.into_std()),
    }
    right.is_some()
}

#[cfg(test)]
mod tests;
