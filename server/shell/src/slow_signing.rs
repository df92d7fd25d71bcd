//! Signatures that take long: on threads for blocking work, and only as many at once as there are cores to make them.
//!
//! A thread that serves has many requests in hand; none of them should wait for the RSA of another. ES256 and EdDSA are
//! faster than the way to another thread and back, and stay where they are.

use std::sync::Arc;
use std::time::Duration;

use claimsmith_jose::SigningAlg;
use claimsmith_vault::Prepared;
use tokio::sync::Semaphore;

use crate::failure::Fault;

/// How long a signature waits for its turn at most.
const PATIENCE: Duration = Duration::from_secs(2);

/// The places at which slow signatures are made.
#[derive(Debug)]
pub struct SlowSigning {
    places: Arc<Semaphore>,
    patience: Duration,
}

/// Whether a signature of this algorithm is to be made elsewhere.
pub const fn is_slow(alg: SigningAlg) -> bool {
    match alg {
        SigningAlg::Es256 | SigningAlg::EdDsa => false,
        SigningAlg::Es384 | SigningAlg::Es512 => true,
        SigningAlg::Rs256 | SigningAlg::Rs384 | SigningAlg::Rs512 => true,
        SigningAlg::Ps256 | SigningAlg::Ps384 | SigningAlg::Ps512 => true,
    }
}

impl SlowSigning {
    /// So many places, at least one.
    pub fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places.max(1))), patience: PATIENCE }
    }

    /// Signs on another thread, in turn. Dropping the future gives up the turn, or lets a signature that has begun end
    /// unseen; either way the place is free again.
    pub async fn sign(&self, token: Prepared) -> Result<Vec<u8>, Fault> {
        self.run(move || token.sign()).await?.map_err(Fault::from)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let busy = || Fault::Busy { what: "slow signatures", retry_after: self.patience };
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await.map_err(|_| busy())?;
        // Invariant: nobody closes the semaphore.
        let place = turn.map_err(|_| busy())?;
        let made = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        // Only a runtime that is going down does not come to it.
        made.await.map_err(|_| busy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn slow_signatures_are_made_on_another_thread() {
        let here = std::thread::current().id();
        let there = SlowSigning::new(1).run(|| std::thread::current().id()).await.unwrap();
        assert_ne!(here, there);
        let slow = SigningAlg::ALL.into_iter().filter(|alg| is_slow(*alg)).map(SigningAlg::as_str).collect::<Vec<_>>();
        assert!(["RS256", "PS512", "ES384", "ES512"].iter().all(|alg| slow.contains(alg)), "{slow:?}");
        assert!(!slow.contains(&"ES256") && !slow.contains(&"EdDSA"), "{slow:?}");
    }

    #[tokio::test]
    async fn there_are_only_so_many_at_once_and_the_next_waits_only_so_long() {
        let desk = Arc::new(SlowSigning { patience: Duration::from_millis(20), ..SlowSigning::new(1) });
        let (begin, began) = tokio::sync::oneshot::channel();
        let (end, ended) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let desk = Arc::clone(&desk);
            async move {
                desk.run(move || {
                    begin.send(()).unwrap();
                    ended.recv().unwrap();
                })
                .await
            }
        });
        began.await.unwrap();
        assert!(matches!(desk.run(|| ()).await, Err(Fault::Busy { .. })));
        end.send(()).unwrap();
        first.await.unwrap().unwrap();
        let desk = SlowSigning { patience: PATIENCE, places: Arc::clone(&desk.places) };
        assert!(desk.run(|| ()).await.is_ok(), "the place is free again");
    }
}
