use std::time::Duration;

use tokio::time::advance;

use super::*;
use crate::throttle::{Allowance, ThrottleSettings};

/// Cheap enough for tests.
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

fn home() -> IpAddr {
    "192.0.2.7".parse().unwrap()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn hashed(text: &str) -> String {
    CHEAP.hash(&secret(text), b"saltsaltsaltsalt").unwrap()
}

/// A desk that lets three wrong secrets of a client from an address pass, then one a minute.
fn desk() -> SecretDesk {
    let pair = Allowance { burst: 3, every: Duration::from_secs(60) };
    let throttle = Throttle::new(&ThrottleSettings { pair, ..ThrottleSettings::default() });
    let settings = SecretDeskSettings { cost: CHEAP, ..SecretDeskSettings::default() };
    SecretDesk::open(&settings, Arc::new(throttle)).unwrap()
}

async fn present(desk: &SecretDesk, text: &str, secrets: &[(i64, &str)]) -> Checked {
    let attempt = Attempt { client_id: "c", address: home(), presented: &secret(text), secrets };
    desk.check(attempt).await.unwrap()
}

#[tokio::test]
async fn imported_secrets_are_hashed_and_checked() {
    let desk = desk();
    let stored = desk.hash(secret("p+ä:%/=")).await.unwrap();
    assert_eq!(recognise_phc(&stored), Ok(CHEAP));
    assert_ne!(desk.hash(secret("p+ä:%/=")).await.unwrap(), stored, "salted");
    assert_eq!(present(&desk, "p+ä:%/=", &[(1, &stored)]).await, Checked::Right);
    assert_eq!(present(&desk, "p", &[(1, &stored)]).await, Checked::Wrong);
    assert_eq!(present(&desk, "p", &[]).await, Checked::Wrong);
}

#[tokio::test]
async fn cau_010_either_of_two_secrets_is_right_and_the_old_one_dies() {
    let desk = desk();
    let (old, new) = (hashed("old"), hashed("new"));
    let both = [(1, old.as_str()), (2, new.as_str())];
    assert_eq!(present(&desk, "old", &both).await, Checked::Right);
    assert_eq!(present(&desk, "new", &both).await, Checked::Right);
    assert_eq!(present(&desk, "old", &both[1..]).await, Checked::Wrong, "its memory goes with its hash");
}

#[tokio::test(start_paused = true)]
async fn tok_037_a_flood_does_not_lock_out_a_secret_that_was_right_lately() {
    let desk = desk();
    let stored = hashed("right");
    let secrets = [(1, stored.as_str())];
    assert_eq!(present(&desk, "right", &secrets).await, Checked::Right);
    let mut throttled = 0;
    for number in 0..1_000 {
        let checked = present(&desk, &format!("wrong {number}"), &secrets).await;
        assert_ne!(checked, Checked::Right);
        throttled += usize::from(matches!(checked, Checked::Throttled { .. }));
        assert_eq!(present(&desk, "right", &secrets).await, Checked::Right, "from the same address, in the middle of it");
    }
    assert!(throttled > 900, "{throttled}");
}

#[tokio::test(start_paused = true)]
async fn tok_037_a_right_secret_that_is_new_here_waits_for_the_throttle_and_no_longer() {
    let desk = desk();
    let stored = hashed("right");
    let secrets = [(1, stored.as_str())];
    for number in 0..1_000 {
        present(&desk, &format!("wrong {number}"), &secrets).await;
    }
    let Checked::Throttled { retry_after } = present(&desk, "right", &secrets).await else { panic!("it was let pass") };
    let elsewhere =
        Attempt { client_id: "c", address: "192.0.2.8".parse().unwrap(), presented: &secret("right"), secrets: &[(2, stored.as_str())] };
    assert_eq!(desk.check(elsewhere).await.unwrap(), Checked::Right, "from another address at once");
    advance(retry_after).await;
    assert_eq!(present(&desk, "right", &secrets).await, Checked::Right);
}

#[tokio::test(start_paused = true)]
async fn memories_fade_unless_they_are_used() {
    let desk = desk();
    let stored = hashed("right");
    let secrets = [(1, stored.as_str())];
    let remembers = || {
        let presented = secret("right");
        let marks = desk.memory.marks(&Attempt { client_id: "c", address: home(), presented: &presented, secrets: &secrets });
        desk.memory.recalls(&marks, Instant::now())
    };
    assert!(!remembers());
    assert_eq!(present(&desk, "right", &secrets).await, Checked::Right);
    for _ in 0..10 {
        advance(Duration::from_secs(3_000)).await;
        assert!(remembers());
    }
    advance(Duration::from_secs(3_601)).await;
    assert!(!remembers());
}

#[tokio::test]
async fn a_memory_is_of_one_client_one_hash_and_one_secret() {
    let desk = desk();
    let (stored, other) = (hashed("right"), hashed("other"));
    let remembers = |client_id: &str, text: &str, secrets: &[(i64, &str)]| {
        let presented = secret(text);
        let marks = desk.memory.marks(&Attempt { client_id, address: home(), presented: &presented, secrets });
        desk.memory.recalls(&marks, Instant::now())
    };
    let secrets = [(1, stored.as_str())];
    assert_eq!(present(&desk, "wrong", &secrets).await, Checked::Wrong);
    assert!(!remembers("c", "wrong", &secrets), "being wrong is not remembered");
    assert_eq!(present(&desk, "right", &secrets).await, Checked::Right);
    assert!(remembers("c", "right", &secrets));
    assert!(!remembers("d", "right", &secrets));
    assert!(!remembers("c", "righ", &secrets));
    assert!(!remembers("c", "right", &[(2, stored.as_str())]));
    assert!(!remembers("c", "right", &[(1, other.as_str())]), "the hash under the number was replaced");
    desk.forget("d");
    assert!(remembers("c", "right", &secrets));
    desk.forget("c");
    assert!(!remembers("c", "right", &secrets));
    assert_eq!(present(&desk, "right", &secrets).await, Checked::Right);
    desk.forget_all();
    assert!(!remembers("c", "right", &secrets));
}

#[tokio::test]
async fn a_client_that_opens_many_connections_at_once_pays_once() {
    let desk = Arc::new(desk());
    // Slow enough for all of them to come while the first is being checked.
    let stored: Arc<str> = Cost { memory_kib: 65_536, passes: 4, lanes: 1 }.hash(&secret("right"), b"saltsaltsaltsalt").unwrap().into();
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (desk, stored) = (Arc::clone(&desk), Arc::clone(&stored));
        attempts.spawn(async move { present(&desk, "right", &[(1, &stored)]).await });
    }
    assert!(attempts.join_all().await.into_iter().all(|checked| checked == Checked::Right));
}

#[tokio::test]
async fn hanging_up_does_not_save_the_price() {
    let desk = desk();
    let stored = hashed("right");
    for number in 0..3 {
        let text = secret(&format!("wrong {number}"));
        let secrets = [(1, stored.as_str())];
        let check = desk.check(Attempt { client_id: "c", address: home(), presented: &text, secrets: &secrets });
        tokio::select! {
            biased;
            _ = check => {}
            () = tokio::task::yield_now() => {}
        }
        // The worker is done when the queue is empty.
        while !desk.queue.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(matches!(present(&desk, "wrong", &[(1, &stored)]).await, Checked::Throttled { .. }));
}

#[test]
fn a_cost_that_no_stored_hash_may_have_is_refused_at_start() {
    let throttle = Arc::new(Throttle::new(&ThrottleSettings::default()));
    let cost = Cost { memory_kib: 1024 * 1024, ..Cost::default() };
    let settings = SecretDeskSettings { cost, ..SecretDeskSettings::default() };
    assert!(matches!(SecretDesk::open(&settings, throttle), Err(SecretDeskFault::Cost(PhcRefusal::TooCostly))));
}
