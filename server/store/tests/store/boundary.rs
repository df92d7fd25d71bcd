//! The blocking boundary: stale connections, a full pool, many runtimes, callers that go away.

use std::sync::Arc;
use std::time::Duration;

use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{Fault, Settings, Store};

use crate::samples::{client, id};

#[tokio::test]
async fn stale_connections_are_replaced_without_anyone_noticing() {
    let database = TestDatabase::migrated();
    let store = Arc::new(database.store());
    for round in 0..3 {
        let reads: Vec<_> = (0..16)
            .map(|_| {
                tokio::spawn({
                    let store = Arc::clone(&store);
                    async move { store.generation().await }
                })
            })
            .collect();
        for read in reads {
            read.await.unwrap().unwrap();
        }
        database.sever();
        store.create_client("root", client(&format!("c{round}"))).await.expect("a write on a severed pool");
        database.sever();
        store.generation().await.expect("a read on a severed pool");
    }
    assert_eq!(database.number("SELECT count(*) AS number FROM clients"), 3);
}

#[tokio::test]
async fn while_the_database_is_away_every_answer_is_unavailable_and_then_it_recovers() {
    let database = TestDatabase::migrated();
    let store = Store::open(database.url(), &Settings { connect_timeout: Duration::from_secs(2), ..Settings::default() }).unwrap();
    store.generation().await.unwrap();
    database.take_away();
    for _ in 0..3 {
        assert!(matches!(store.load_client(&id("c")).await, Err(Fault::Unavailable { .. })));
    }
    assert!(matches!(store.create_client("root", client("c")).await, Err(Fault::Unavailable { .. })));
    database.open_again();
    let mut recovered = false;
    for _ in 0..100 {
        recovered = store.ping().await.is_ok();
        if recovered {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(recovered);
    assert!(store.load_client(&id("c")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_full_pool_is_an_answer_and_frees_itself() {
    let database = TestDatabase::migrated();
    let settings = Settings {
        pool_size: 1,
        permit_timeout: Duration::from_millis(100),
        statement_timeout: Duration::from_secs(2),
        lock_timeout: Duration::from_secs(1),
        ..Settings::default()
    };
    let store = Arc::new(Store::open(database.url(), &settings).unwrap());
    // Somebody holds the row that every admin change takes first.
    let database = Arc::new(database);
    let blocker = std::thread::spawn({
        let database = Arc::clone(&database);
        move || database.execute("BEGIN; UPDATE generation SET number = number; SELECT pg_sleep(1.8); ROLLBACK")
    });
    while database.number("SELECT count(*) AS number FROM pg_locks WHERE relation = 'generation'::regclass AND mode = 'RowExclusiveLock'")
        == 0
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let slow = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.create_client("root", client("c")).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(store.generation().await, Err(Fault::Full { what: "the connection pool" }));
    assert_eq!(store.pool().refused, 1);
    assert!(matches!(slow.await.unwrap(), Err(Fault::Timeout { .. })), "the lock timeout ends the wait");
    assert_eq!(store.generation().await, Ok(0));
    blocker.join().unwrap();
}

#[test]
fn callers_on_any_runtime_are_served() {
    let database = TestDatabase::migrated();
    let store = Arc::new(database.store());
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    store.create_client("root", client(&format!("c{number}"))).await.unwrap();
                    for _ in 0..20 {
                        store.generation().await.unwrap();
                    }
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(database.number("SELECT number FROM generation"), 4);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_a_whole_change_or_none() {
    let database = TestDatabase::migrated();
    let store = Arc::new(database.store());
    for number in 0..20 {
        let task = tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.create_client("root", client(&format!("c{number}"))).await }
        });
        tokio::task::yield_now().await;
        task.abort();
    }
    while store.pool().free_permits < 4 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let clients = database.number("SELECT count(*) AS number FROM clients");
    assert_eq!(clients, database.number("SELECT count(*) AS number FROM admin_audit"));
    assert_eq!(clients, database.number("SELECT number FROM generation"));
}

#[tokio::test]
async fn dropping_the_store_on_an_async_thread_is_no_panic() {
    let database = TestDatabase::migrated();
    let store = database.store();
    store.generation().await.unwrap();
    drop(store);
}

#[test]
fn more_connections_than_the_server_has_is_said_at_start() {
    let database = TestDatabase::migrated();
    let fault = Store::open(database.url(), &Settings { pool_size: 256, ..Settings::default() });
    assert!(fault.is_ok() || matches!(fault, Err(Fault::Settings(_))));
    let fault = Store::open(database.url(), &Settings { pool_size: 0, ..Settings::default() }).unwrap_err();
    assert!(matches!(fault, Fault::Settings(_)), "{fault}");
}

#[tokio::test]
async fn a_slow_statement_is_cut_off_and_the_next_is_served() {
    let database = TestDatabase::migrated();
    let settings = Settings { statement_timeout: Duration::from_secs(1), lock_timeout: Duration::from_secs(1), ..Settings::default() };
    let store = Store::open(database.url(), &settings).unwrap();
    store.generation().await.unwrap();
    database.execute("ALTER TABLE generation RENAME TO held; CREATE VIEW generation AS SELECT held.* FROM held, pg_sleep(30)");
    assert!(matches!(store.generation().await, Err(Fault::Timeout { .. })));
    database.execute("DROP VIEW generation; ALTER TABLE held RENAME TO generation");
    assert_eq!(store.generation().await, Ok(0));
}
