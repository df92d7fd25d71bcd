//! What is known of one `jwks_uri`, and the one fetch that may be under way for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claimsmith_jose::JwkSet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::ClientKeysSettings;

/// What a fetch brought.
pub(super) struct Outcome {
    pub(super) set: Arc<JwkSet>,
    /// From now on.
    pub(super) good_for: Duration,
}

/// One `jwks_uri`.
#[derive(Debug, Default)]
pub(super) struct Entry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    /// When the last fetch began.
    asked_at: Option<Instant>,
    /// When the last fetch failed, if nothing has succeeded since.
    failed_at: Option<Instant>,
    flight: Option<Airborne>,
}

#[derive(Debug)]
struct Held {
    set: Arc<JwkSet>,
    good_until: Instant,
}

#[derive(Debug)]
struct Airborne {
    landed: watch::Receiver<bool>,
    passes: Arc<Semaphore>,
}

/// What a request does next.
pub(super) enum Step {
    /// It takes what there is.
    Use(Option<Arc<JwkSet>>),
    /// It waits for a fetch that is under way.
    Join(watch::Receiver<bool>, OwnedSemaphorePermit),
    /// It starts the fetch, and waits for it.
    Lead(Flight, watch::Receiver<bool>, OwnedSemaphorePermit),
}

/// The duty to finish a fetch. Dropped without landing, it makes room for the next.
pub(super) struct Flight {
    entry: Arc<Entry>,
    landed: watch::Sender<bool>,
}

impl Entry {
    /// Decides what a request for `kid` does.
    pub(super) fn step(self: &Arc<Self>, kid: Option<&str>, now: Instant, settings: &ClientKeysSettings) -> Step {
        let mut state = self.lock();
        let good = state.held.as_ref().filter(|held| now < held.good_until);
        let wanted = match good {
            // CAJ-011: one fetch for an unknown key, then none until the cool-down is over.
            Some(held) => kid.is_some_and(|kid| !held.set.has_kid(kid)) && is_over(state.asked_at, settings.cool_down, now),
            None => is_over(state.failed_at, settings.failure_time, now),
        };
        let known = good.is_some() && kid.is_none_or(|kid| good.is_some_and(|held| held.set.has_kid(kid)));
        match &state.flight {
            Some(flight) if !known => match Arc::clone(&flight.passes).try_acquire_owned() {
                Ok(pass) => Step::Join(flight.landed.clone(), pass),
                Err(_) => Step::Use(state.usable(now, settings)),
            },
            None if wanted => {
                let (landed, outcome) = watch::channel(false);
                let passes = Arc::new(Semaphore::new(settings.waiters.max(1)));
                let pass = Arc::clone(&passes).try_acquire_owned().expect("a new semaphore has a permit");
                state.asked_at = Some(now);
                state.flight = Some(Airborne { landed: outcome.clone(), passes });
                Step::Lead(Flight { entry: Arc::clone(self), landed }, outcome, pass)
            }
            _ => Step::Use(state.usable(now, settings)),
        }
    }

    /// The set that is there, as long as it may be used.
    pub(super) fn usable(&self, now: Instant, settings: &ClientKeysSettings) -> Option<Arc<JwkSet>> {
        self.lock().usable(now, settings)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Invariant: no statement under the lock leaves the state half-written, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn usable(&self, now: Instant, settings: &ClientKeysSettings) -> Option<Arc<JwkSet>> {
        let held = self.held.as_ref().filter(|held| now < held.good_until + settings.stale_time)?;
        Some(Arc::clone(&held.set))
    }
}

fn is_over(since: Option<Instant>, period: Duration, now: Instant) -> bool {
    since.is_none_or(|since| now >= since + period)
}

impl Flight {
    /// Enters what came of the fetch, and lets those go who wait.
    pub(super) fn land(self, outcome: Option<Outcome>, now: Instant) -> Arc<Entry> {
        {
            let mut state = self.entry.lock();
            match outcome {
                Some(Outcome { set, good_for, .. }) => {
                    state.held = Some(Held { set, good_until: now + good_for });
                    state.failed_at = None;
                }
                None => state.failed_at = Some(now),
            }
        }
        Arc::clone(&self.entry)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.entry.lock().flight = None;
        self.landed.send_replace(true);
    }
}
