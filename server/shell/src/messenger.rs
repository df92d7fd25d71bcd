//! Messengers: bring clients what they are owed.
//!
//! What is owed stands in the database, whoever made it so. Every node takes what is due, a few at a time, and each errand is one
//! node's alone for as long as its lease. No person and no request ever waits for any of this.

use std::future::Future;
use std::time::Duration;

use claimsmith_store::Fault;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// How often a node looks for what is due.
const PULSE: Duration = Duration::from_secs(1);
/// Errands of one messenger under way at once: of two, three quarters of what can be fetched at once (`fetch.concurrent`), so that
/// keys are always fetched.
const CONCURRENT: usize = 12;
/// How long an errand is one node's alone, seconds: longer than any fetch may take (`fetch.timeout`).
pub const LEASE: u32 = 90;

/// Runs errands until the node stops. What is under way then is attempted again, here or elsewhere. `take` takes as many as it is
/// told for as long as the lease; `attempt` says itself what becomes of one.
pub async fn run<T, Taking, Attempt>(
    what: &'static str,
    take: impl Fn(u32) -> Taking,
    attempt: impl Fn(T) -> Attempt,
    mut stopped: watch::Receiver<bool>,
) where
    Taking: Future<Output = Result<Vec<T>, Fault>>,
    Attempt: Future<Output = ()> + Send + 'static,
{
    let mut pulse = tokio::time::interval(PULSE);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut under_way = JoinSet::new();
    let mut more = false;
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = pulse.tick() => {}
            Some(_) = under_way.join_next(), if more => {}
        }
        while under_way.try_join_next().is_some() {}
        let free = CONCURRENT - under_way.len();
        if free == 0 {
            continue;
        }
        match take(u32::try_from(free).unwrap_or(1)).await {
            Ok(taken) => {
                more = taken.len() == free;
                for errand in taken {
                    under_way.spawn(attempt(errand));
                }
            }
            Err(fault) => {
                more = false;
                tracing::debug!(%fault, "{what} that are due are not known");
            }
        }
    }
}
