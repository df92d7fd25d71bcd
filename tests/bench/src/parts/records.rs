//! Records: the share of one request in a grouped write, and a read, as this process pays for them. PostgreSQL's own CPU
//! is not counted. As many requests are under way as the load has connections.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use claimsmith_jose::{Digest, SignableClaims};
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::{Claim, OpaqueToken, Outcome, ReplayGuard, Settings, Store};

use crate::cpu::best_of_five;
use crate::sample;

/// Requests that are under way at once.
const CONCURRENT: u32 = 33;

/// What records cost, in CPU microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Records {
    /// A reference made, digested, and its row settled.
    pub reference: f64,
    /// The mark of an assertion settled.
    pub guard: f64,
    /// A reference digested and read, its claims parsed.
    pub read_reference: f64,
    /// Whether a self-contained token is revoked.
    pub read_revocation: f64,
}

/// Measures on a database that has its migrations and this client.
///
/// # Panics
/// When the database does not answer.
pub fn measure(url: &str, client_id: &str, now: i64) -> Records {
    let store = Arc::new(Store::open(url, &Settings::default()).expect("a database"));
    let client_id = ClientId::parse(client_id).expect("an id");
    // Every row of every run is new.
    let prefix = format!("{}-{now}", std::process::id());
    let number = Arc::new(AtomicU64::new(0));
    let fresh = move || format!("{prefix}-{}", number.fetch_add(1, Ordering::Relaxed));
    let expires_at = Timestamp::from_seconds(now + 600);

    let reference = {
        let (store, client_id, fresh) = (Arc::clone(&store), client_id.clone(), fresh.clone());
        rounds(6_600, move || {
            let (store, client_id, text) = (Arc::clone(&store), client_id.clone(), fresh());
            async move {
                let row = row(client_id, &text, now, expires_at);
                assert_eq!(store.settle(vec![Claim::Token(row)]).await.expect("settled"), [Outcome::Settled]);
            }
        })
    };
    let guard = {
        let (store, client_id, fresh) = (Arc::clone(&store), client_id.clone(), fresh.clone());
        rounds(6_600, move || {
            let (store, client_id, text) = (Arc::clone(&store), client_id.clone(), fresh());
            async move {
                let guard = ReplayGuard { client_id, jti_digest: Digest::of(text.as_bytes()), expires_at };
                assert_eq!(store.settle(vec![Claim::Guard(guard)]).await.expect("settled"), [Outcome::Settled]);
            }
        })
    };
    let known = fresh();
    let owner = client_id.to_string();
    let kept = row(client_id, &known, now, expires_at);
    block_on(async { store.settle(vec![Claim::Token(kept)]).await.expect("settled") });
    let read_reference = {
        let (store, known) = (Arc::clone(&store), known.clone());
        rounds(3_300, move || {
            let (store, known) = (Arc::clone(&store), known.clone());
            async move {
                let found = store.opaque_token(Digest::of(known.as_bytes())).await.expect("read").expect("kept");
                std::hint::black_box(serde_json::from_str::<serde_json::Value>(&found.token.claims).expect("JSON"));
            }
        })
    };
    let read_revocation = rounds(3_300, move || {
        let (store, known, owner) = (Arc::clone(&store), known.clone(), owner.clone());
        async move {
            assert!(!store.is_over(&known, &owner, Timestamp::from_seconds(now)).await.expect("read"));
        }
    });
    Records { reference, guard, read_reference, read_revocation }
}

fn row(client_id: ClientId, text: &str, now: i64, expires_at: Timestamp) -> OpaqueToken {
    let mut claims = Vec::with_capacity(1_024);
    sample::shaped().render(&mut claims);
    OpaqueToken {
        token_digest: Digest::of(text.as_bytes()),
        jti_digest: Digest::of(format!("jti of {text}").as_bytes()),
        client_id,
        claims: String::from_utf8(claims).expect("JSON").into(),
        issued_at: Timestamp::from_seconds(now),
        expires_at,
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// The CPU of one turn, of the whole process, with [`CONCURRENT`] of them under way.
fn rounds<F: Future<Output = ()> + Send + 'static>(turns: u32, turn: impl Fn() -> F + Clone + Send + 'static) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    best_of_five(turns, |turns| {
        runtime.block_on(async {
            let each = (turns / CONCURRENT).max(1);
            let tasks: Vec<_> = (0..CONCURRENT)
                .map(|_| {
                    let turn = turn.clone();
                    tokio::spawn(async move {
                        for _ in 0..each {
                            turn().await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
        });
    })
}
