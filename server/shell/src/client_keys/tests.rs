use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::time::{advance, sleep};

use super::*;
use crate::fetch::Errand;

const URI: &str = "https://rp.example/jwks";

/// A client's server: it takes a second to answer.
struct Server {
    asked: AtomicUsize,
    answer: Mutex<Result<Fetched, FetchRefusal>>,
}

impl Server {
    fn with(kids: &[&str]) -> Arc<Self> {
        Arc::new(Self { asked: AtomicUsize::new(0), answer: Mutex::new(Ok(document(kids, None))) })
    }

    fn says(&self, answer: Result<Fetched, FetchRefusal>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }
}

impl Fetch for Server {
    fn fetch(&self, _: &str) -> Errand<Result<Fetched, FetchRefusal>> {
        self.asked.fetch_add(1, Relaxed);
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async move {
            sleep(Duration::from_secs(1)).await;
            answer
        })
    }
}

fn jwks(kids: &[&str]) -> String {
    let key = |kid: &&str| {
        format!(
            r#"{{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"{kid}"}}"#
        )
    };
    format!(r#"{{"keys":[{}]}}"#, kids.iter().map(key).collect::<Vec<_>>().join(","))
}

fn document(kids: &[&str], max_age: Option<u64>) -> Fetched {
    Fetched { body: jwks(kids).into(), max_age: max_age.map(Duration::from_secs) }
}

fn cache(server: &Arc<Server>) -> ClientKeysCache {
    ClientKeysCache::new(ClientKeysSettings::default(), Arc::clone(server) as _)
}

/// Whether the key is there for the taking.
async fn finds(cache: &ClientKeysCache, kid: &str) -> bool {
    cache.fetched("c", URI, Some(kid)).await.is_some_and(|set| set.has_kid(kid))
}

async fn seconds(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn caj_010_keys_are_fetched_once_and_kept() {
    let server = Server::with(&["a"]);
    let cache = cache(&server);
    for _ in 0..10 {
        assert!(finds(&cache, "a").await);
        assert!(cache.fetched("c", URI, None).await.is_some());
    }
    assert_eq!(server.asked(), 1);
    seconds(301).await;
    assert!(finds(&cache, "a").await);
    assert_eq!(server.asked(), 2, "five minutes are over");
}

#[tokio::test(start_paused = true)]
async fn caj_011_an_unknown_kid_is_asked_for_once_per_cool_down() {
    let server = Server::with(&["a"]);
    let cache = cache(&server);
    assert!(finds(&cache, "a").await);
    seconds(60).await;
    for _ in 0..100 {
        assert!(!finds(&cache, "nonsense").await);
    }
    assert_eq!(server.asked(), 2);
    seconds(30).await;
    assert!(!finds(&cache, "nonsense").await);
    assert_eq!(server.asked(), 3, "the cool-down is over");
}

#[tokio::test(start_paused = true)]
async fn caj_011_a_new_key_is_usable_within_60_seconds_of_a_flood() {
    let server = Server::with(&["a"]);
    let cache = cache(&server);
    assert!(finds(&cache, "a").await);
    seconds(60).await;
    assert!(!finds(&cache, "nonsense").await);
    server.says(Ok(document(&["a", "b"], None)));
    for _ in 0..60 {
        if finds(&cache, "b").await {
            break;
        }
        seconds(1).await;
    }
    assert!(finds(&cache, "b").await);
    assert!(server.asked() <= 4, "{}", server.asked());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_known_does_not_wait_for_one_that_is_not() {
    let server = Server::with(&["a"]);
    let cache = Arc::new(cache(&server));
    assert!(finds(&cache, "a").await);
    seconds(60).await;
    let (other, started) = (Arc::clone(&cache), Instant::now());
    let stranger = tokio::spawn(async move { finds(&other, "nonsense").await });
    tokio::task::yield_now().await;
    assert_eq!(server.asked(), 2);
    assert!(finds(&cache, "a").await);
    assert_eq!(Instant::now(), started, "the clock stands as long as nobody waits");
    assert!(!stranger.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn requests_at_the_same_time_share_one_fetch() {
    let server = Server::with(&["a"]);
    let cache = Arc::new(cache(&server));
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let cache = Arc::clone(&cache);
        requests.spawn(async move { finds(&cache, "a").await });
    }
    assert!(requests.join_all().await.into_iter().all(|found| found));
    assert_eq!(server.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn waiters_are_bounded() {
    let server = Server::with(&["a"]);
    let settings = ClientKeysSettings { waiters: 3, ..ClientKeysSettings::default() };
    let cache = Arc::new(ClientKeysCache::new(settings, Arc::clone(&server) as _));
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let cache = Arc::clone(&cache);
        requests.spawn(async move { finds(&cache, "a").await });
    }
    assert_eq!(requests.join_all().await.into_iter().filter(|found| *found).count(), 3);
    assert!(finds(&cache, "a").await);
    assert_eq!(server.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_goes_on_when_the_one_who_began_it_leaves() {
    let server = Server::with(&["a"]);
    let cache = cache(&server);
    for _ in 0..10 {
        tokio::select! {
            biased;
            _ = cache.fetched("c", URI, None) => panic!("it takes a second"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert!(finds(&cache, "a").await);
    assert_eq!(server.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn caj_012_failures_are_remembered_for_a_moment() {
    let server = Server::with(&[]);
    server.says(Err(FetchRefusal::TimedOut));
    let cache = cache(&server);
    for _ in 0..10 {
        assert!(cache.fetched("c", URI, Some("a")).await.is_none());
    }
    assert_eq!(server.asked(), 1);
    server.says(Ok(document(&["a"], None)));
    seconds(10).await;
    assert!(finds(&cache, "a").await);
}

#[tokio::test(start_paused = true)]
async fn caj_012_what_is_no_key_set_is_no_keys() {
    for body in ["", "[]", "{}", "<html></html>", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        let server = Server::with(&[]);
        server.says(Ok(Fetched { body: body.into(), max_age: None }));
        assert!(cache(&server).fetched("c", URI, None).await.is_none(), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_set_is_better_than_none_for_an_hour() {
    let server = Server::with(&["a"]);
    let cache = cache(&server);
    assert!(finds(&cache, "a").await);
    server.says(Err(FetchRefusal::Busy));
    seconds(300).await;
    assert!(finds(&cache, "a").await, "stale, and its server is down");
    assert_eq!(server.asked(), 2);
    assert!(finds(&cache, "a").await);
    assert_eq!(server.asked(), 2, "nor asked again at once");
    seconds(3_590).await;
    assert!(finds(&cache, "a").await);
    seconds(60).await;
    assert!(!finds(&cache, "a").await, "an hour is over");
    server.says(Ok(document(&["b"], None)));
    seconds(10).await;
    assert!(finds(&cache, "b").await && !finds(&cache, "a").await);
}

#[tokio::test(start_paused = true)]
async fn a_failed_refetch_does_not_spoil_a_good_set() {
    let server = Server::with(&["a"]);
    let cache = cache(&server);
    assert!(finds(&cache, "a").await);
    server.says(Err(FetchRefusal::TimedOut));
    seconds(60).await;
    assert!(!finds(&cache, "b").await);
    assert!(finds(&cache, "a").await);
    assert_eq!(server.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_senders_word_on_freshness_is_bounded() {
    for (says, holds) in [(0, 60), (5, 60), (120, 120), (86_400, 3_600)] {
        let server = Server::with(&[]);
        server.says(Ok(document(&["a"], Some(says))));
        let cache = cache(&server);
        assert!(finds(&cache, "a").await);
        seconds(holds - 1).await;
        assert!(finds(&cache, "a").await);
        assert_eq!(server.asked(), 1, "max-age {says}");
        seconds(1).await;
        assert!(finds(&cache, "a").await);
        assert_eq!(server.asked(), 2, "max-age {says}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_fetched_again() {
    let server = Server::with(&["a"]);
    let cache = cache(&server);
    assert!(finds(&cache, "a").await);
    cache.forget(URI);
    assert!(finds(&cache, "a").await);
    assert_eq!(server.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_cache_is_bounded_in_bytes() {
    let server = Server::with(&["a", "b", "c"]);
    let settings = ClientKeysSettings { bytes: 100_000, ..ClientKeysSettings::default() };
    let cache = ClientKeysCache::new(settings, Arc::clone(&server) as _);
    for number in 0..200 {
        assert!(cache.fetched("c", &format!("{URI}/{number}"), None).await.is_some());
        assert!(cache.inline(&jwks(&[&number.to_string()])).is_some());
    }
    assert!(cache.sets.weight() <= 100_000 && cache.inline.weight() <= 100_000);
    assert!(cache.sets.len() < 100 && !cache.sets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_too_heavy_for_the_cache_is_kept_all_the_same() {
    let kids: Vec<_> = (0..32).map(|number| number.to_string().repeat(50)).collect();
    let kids: Vec<_> = kids.iter().map(String::as_str).collect();
    let server = Server::with(&kids);
    let settings = ClientKeysSettings { bytes: 64 * 1024, ..ClientKeysSettings::default() };
    let cache = ClientKeysCache::new(settings, Arc::clone(&server) as _);
    for _ in 0..10 {
        assert!(finds(&cache, kids[31]).await);
    }
    assert_eq!(server.asked(), 1);
}

#[test]
fn inline_keys_are_parsed_once() {
    let cache = cache(&Server::with(&[]));
    let first = cache.inline(&jwks(&["a"])).unwrap();
    let again = cache.inline(&jwks(&["a"])).unwrap();
    assert!(Arc::ptr_eq(&first, &again) && first.has_kid("a"));
    assert!(cache.inline(&jwks(&["b"])).unwrap().has_kid("b"));
    assert!(cache.inline("{}").is_none());
    assert!(parse_inline(&jwks(&["a"])).is_ok_and(|set| set.has_kid("a")));
}
