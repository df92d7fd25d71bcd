//! The queue before the one worker, and who may stand in it.

use std::io;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claimsmith_jose::Secret;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Attempt;
use super::memory::Mark;
use crate::throttle::network_of;

/// Becomes the worker's word.
pub(super) type Answer = watch::Receiver<Option<bool>>;

/// An attempt that owns what it needs.
pub(super) struct Job {
    pub(super) client_id: Box<str>,
    pub(super) address: IpAddr,
    pub(super) presented: Secret<String>,
    pub(super) secrets: Vec<(Mark, Box<str>)>,
    pub(super) came_at: Instant,
}

impl Job {
    pub(super) fn of(attempt: &Attempt<'_>, marks: Vec<Mark>, came_at: Instant) -> Self {
        let hashes = attempt.secrets.iter().map(|&(_, phc)| Box::from(phc));
        Self {
            client_id: attempt.client_id.into(),
            address: attempt.address,
            presented: Secret::new(attempt.presented.expose().clone()),
            secrets: marks.into_iter().zip(hashes).collect(),
            came_at,
        }
    }
}

/// Whether a job has a place.
pub(super) enum Enqueued {
    /// It has.
    Waiting(Answer),
    /// It has not: the queue is full, or its sender or its client has its share of it.
    Full,
}

#[derive(Debug)]
pub(super) struct Queue {
    jobs: SyncSender<(Job, Place)>,
    standing: Arc<Mutex<Vec<Standing>>>,
    share: usize,
}

/// Who stands in the queue or is being served.
#[derive(Debug)]
struct Standing {
    client_id: Box<str>,
    network: IpAddr,
    marks: Vec<Mark>,
    answer: Answer,
}

/// A place in the queue, given back when dropped.
struct Place {
    standing: Arc<Mutex<Vec<Standing>>>,
    word: watch::Sender<Option<bool>>,
}

impl Queue {
    /// Starts the worker, which ends when the queue is dropped. `serve` says whether what was presented is right.
    pub(super) fn start(length: usize, name: &str, serve: impl Fn(&Job) -> bool + Send + 'static) -> io::Result<Self> {
        let (queue, waiting) = Self::before(length.max(1));
        std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&waiting, serve))?;
        Ok(queue)
    }

    /// The queue, and the end that is worked at.
    fn before(length: usize) -> (Self, Receiver<(Job, Place)>) {
        let (jobs, waiting) = sync_channel(length);
        (Self { jobs, standing: Arc::default(), share: length.div_ceil(4) }, waiting)
    }

    /// Whether nobody waits or is being served.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.standing).is_empty()
    }

    /// The answer to the very same attempt, if it is in the queue: a client that opens many connections at once pays once.
    pub(super) fn join(&self, attempt: &Attempt<'_>, marks: &[Mark]) -> Option<Answer> {
        let network = network_of(attempt.address);
        let standing = lock(&self.standing);
        let same = standing.iter().find(|one| one.network == network && one.marks == marks)?;
        Some(same.answer.clone())
    }

    /// Takes a place, which there is one of for a client and network, and a quarter of all for a client.
    pub(super) fn enqueue(&self, job: Job) -> Enqueued {
        let network = network_of(job.address);
        let (word, answer) = watch::channel(None);
        let mut standing = lock(&self.standing);
        let mut of_client = standing.iter().filter(|one| one.client_id == job.client_id);
        if of_client.clone().any(|one| one.network == network) || of_client.nth(self.share - 1).is_some() {
            return Enqueued::Full;
        }
        let marks = job.secrets.iter().map(|(mark, _)| *mark).collect();
        let entry = Standing { client_id: job.client_id.clone(), network, marks, answer: answer.clone() };
        let place = Place { standing: Arc::clone(&self.standing), word };
        match self.jobs.try_send((job, place)) {
            Ok(()) => {
                standing.push(entry);
                Enqueued::Waiting(answer)
            }
            Err(refused) => {
                // The place in it wants the lock to leave the queue.
                drop(standing);
                drop(refused);
                Enqueued::Full
            }
        }
    }
}

fn lock(standing: &Mutex<Vec<Standing>>) -> MutexGuard<'_, Vec<Standing>> {
    // Invariant: entries are pushed and removed whole.
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    /// Gives the place back, and then the word: whoever hears it may come again at once.
    fn say(mut self, right: bool) {
        self.leave();
        self.word.send_replace(Some(right));
    }

    fn leave(&mut self) {
        let mine = self.word.subscribe();
        lock(&self.standing).retain(|one| !one.answer.same_channel(&mine));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// What the worker does all day.
fn work(waiting: &Receiver<(Job, Place)>, serve: impl Fn(&Job) -> bool) {
    while let Ok((job, place)) = waiting.recv() {
        // Security: attempts whose sender has hung up are served too. Whether a guess was right could show later, in the
        // memory; so it has its price.
        place.say(serve(&job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enqueue(queue: &Queue, client_id: &str, address: &str, text: &str) -> bool {
        let presented = Secret::new(text.to_owned());
        let attempt = Attempt { client_id, address: address.parse().unwrap(), presented: &presented, secrets: &[(1, "")] };
        let job = Job::of(&attempt, vec![Mark::of(text.as_bytes())], Instant::now());
        matches!(queue.enqueue(job), Enqueued::Waiting(_))
    }

    #[test]
    fn the_queue_is_bounded_and_places_are_given_back() {
        let (queue, waiting) = Queue::before(4);
        for client in ["a", "b", "c", "d"] {
            assert!(enqueue(&queue, client, "192.0.2.1", "x"));
        }
        assert!(!enqueue(&queue, "e", "192.0.2.1", "x"));
        drop(waiting.recv().unwrap());
        assert!(enqueue(&queue, "e", "192.0.2.1", "x"));
        while waiting.try_recv().is_ok() {}
        assert!(queue.is_empty());
    }

    #[test]
    fn sec_008_one_place_per_client_and_address_and_a_quarter_per_client() {
        let (queue, waiting) = Queue::before(16);
        assert!(enqueue(&queue, "a", "192.0.2.1", "x"));
        assert!(!enqueue(&queue, "a", "192.0.2.1", "y"), "a second guess from the same address");
        assert!(enqueue(&queue, "b", "192.0.2.1", "x"), "another client behind it");
        for address in ["192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"] {
            assert!(enqueue(&queue, "a", address, "x"));
        }
        assert!(!enqueue(&queue, "a", "2001:db8::2", "y"), "the same network");
        assert!(!enqueue(&queue, "a", "192.0.2.3", "x"), "its quarter is full");
        let taken = waiting.recv().unwrap();
        assert!(!enqueue(&queue, "a", "192.0.2.3", "x"), "being served counts");
        drop(taken);
        assert!(enqueue(&queue, "a", "192.0.2.3", "x"));
    }

    #[test]
    fn only_the_very_same_attempt_is_joined() {
        let (queue, _waiting) = Queue::before(16);
        assert!(enqueue(&queue, "a", "192.0.2.1", "x"));
        let presented = Secret::new("x".to_owned());
        let joins = |address: &str, mark: &str| {
            let attempt = Attempt { client_id: "a", address: address.parse().unwrap(), presented: &presented, secrets: &[(1, "")] };
            queue.join(&attempt, &[Mark::of(mark.as_bytes())]).is_some()
        };
        assert!(joins("192.0.2.1", "x"));
        assert!(!joins("192.0.2.1", "y"));
        assert!(!joins("192.0.2.2", "x"));
    }
}
