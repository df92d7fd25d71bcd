//! Grouped writes: one winner per key, neighbours unharmed, nothing half done.

use std::sync::Arc;

use claimsmith_jose::Digest;
use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{Claim, Fault, OpaqueToken, Outcome, ReplayGuard, Revocation, Settings, Store};

use crate::samples::{client, digest, id, in_seconds, now, record};

fn guard(client: &str, jti: &str) -> Claim {
    Claim::Guard(ReplayGuard { client_id: id(client), jti_digest: digest(jti), expires_at: in_seconds(60) })
}

fn token(text: &str) -> OpaqueToken {
    OpaqueToken {
        token_digest: digest(text),
        jti_digest: digest(&format!("jti of {text}")),
        client_id: id("c"),
        claims: r#"{"sub":"c"}"#.into(),
        issued_at: now(),
        expires_at: in_seconds(60),
    }
}

fn revocation(jti_digest: Digest) -> Claim {
    Claim::Revocation(Revocation { jti_digest, client_id: id("c"), revoked_at: now(), expires_at: in_seconds(60) })
}

async fn one(store: &Store, claim: Claim) -> Result<Outcome, Fault> {
    store.settle(vec![claim]).await.map(|outcomes| outcomes[0])
}

#[tokio::test]
async fn caj_008_of_many_at_once_on_two_nodes_exactly_one_wins() {
    let database = TestDatabase::migrated();
    let nodes = [Arc::new(database.store()), Arc::new(database.store())];
    for round in 0..20 {
        let tasks: Vec<_> = (0..32)
            .map(|number: usize| {
                let store = Arc::clone(&nodes[number % 2]);
                tokio::spawn(async move { one(&store, guard("c", &format!("jti-{round}"))).await.unwrap() })
            })
            .collect();
        let mut winners = 0;
        for task in tasks {
            winners += usize::from(task.await.unwrap() == Outcome::Settled);
        }
        assert_eq!(winners, 1);
    }
}

#[tokio::test]
async fn caj_009_the_same_jti_of_another_client_is_another_key() {
    let database = TestDatabase::migrated();
    let store = database.store();
    let outcomes = store.settle(vec![guard("a", "jti"), guard("b", "jti"), guard("a", "jti")]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Settled, Outcome::Settled, Outcome::LostRace]);
    assert_eq!(one(&store, guard("b", "jti")).await.unwrap(), Outcome::LostRace);
}

#[tokio::test]
async fn a_guard_is_overwritten_only_long_after_its_assertion_expired() {
    let database = TestDatabase::migrated();
    let store = database.store();
    one(&store, guard("c", "jti")).await.unwrap();
    database.execute("UPDATE replay_guards SET expires_at = now() - interval '590 s'");
    assert_eq!(one(&store, guard("c", "jti")).await.unwrap(), Outcome::LostRace, "a node's clock may be five minutes behind");
    database.execute("UPDATE replay_guards SET expires_at = now() - interval '610 s'");
    assert_eq!(one(&store, guard("c", "jti")).await.unwrap(), Outcome::Settled);
    assert_eq!(one(&store, guard("c", "jti")).await.unwrap(), Outcome::LostRace);
}

#[tokio::test]
async fn what_gathers_during_a_commit_is_one_statement() {
    let database = TestDatabase::migrated();
    let store = Arc::new(database.store());
    one(&store, guard("c", "first")).await.unwrap();
    let before = store.writer_counts();
    let tasks: Vec<_> = (0..400)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { one(&store, guard("c", &format!("{number}"))).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Outcome::Settled);
    }
    let after = store.writer_counts();
    assert_eq!(after.settled - before.settled, 400);
    let commits = after.settle_commits - before.settle_commits;
    assert!(commits <= 100, "{commits} commits for 400 rows");
}

#[tokio::test]
async fn a_row_that_cannot_be_written_fails_alone() {
    let database = TestDatabase::migrated();
    database.execute("ALTER TABLE opaque_tokens ADD CONSTRAINT refused CHECK (claims <> 'bad')");
    let store = Arc::new(database.store());
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let store = Arc::clone(&store);
            let claims = if number == 25 { "bad" } else { "{}" };
            let token = OpaqueToken { claims: claims.into(), ..token(&format!("{number}")) };
            tokio::spawn(async move { one(&store, Claim::Token(token)).await })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        let result = task.await.unwrap();
        match number {
            25 => assert!(matches!(result, Err(Fault::Constraint { .. })), "{result:?}"),
            _ => assert_eq!(result, Ok(Outcome::Settled)),
        }
    }
    assert_eq!(database.number("SELECT count(*) AS number FROM opaque_tokens"), 49);
}

#[tokio::test]
async fn claims_of_one_request_are_committed_together() {
    let database = TestDatabase::migrated();
    database.execute("ALTER TABLE opaque_tokens ADD CONSTRAINT refused CHECK (claims <> 'bad')");
    let store = database.store();
    let bad = OpaqueToken { claims: "bad".into(), ..token("t") };
    assert!(store.settle(vec![guard("c", "jti"), Claim::Token(bad)]).await.is_err());
    assert_eq!(database.number("SELECT count(*) AS number FROM replay_guards"), 0);
    let outcomes = store.settle(vec![guard("c", "jti"), Claim::Token(token("t")), revocation(digest("x"))]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Settled; 3]);
}

#[tokio::test]
async fn a_waiter_that_goes_away_leaves_its_row_whole() {
    let database = TestDatabase::migrated();
    let store = Arc::new(database.store());
    for number in 0..50 {
        let store = Arc::clone(&store);
        let task =
            tokio::spawn(
                async move { store.settle(vec![guard("c", &format!("{number}")), Claim::Token(token(&format!("{number}")))]).await },
            );
        tokio::task::yield_now().await;
        task.abort();
    }
    while Arc::strong_count(&store) > 1 {
        tokio::task::yield_now().await;
    }
    Arc::into_inner(store).unwrap().close();
    let guards = database.number("SELECT count(*) AS number FROM replay_guards");
    assert_eq!(guards, database.number("SELECT count(*) AS number FROM opaque_tokens"));
}

#[tokio::test]
async fn a_full_queue_is_an_answer() {
    let database = TestDatabase::migrated();
    let store = Arc::new(Store::open(database.url(), &Settings { settle_queue: 2, ..Settings::default() }).unwrap());
    one(&store, guard("c", "first")).await.unwrap();
    let tasks: Vec<_> = (0..2000)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { one(&store, guard("c", &format!("{number}"))).await })
        })
        .collect();
    let (mut settled, mut full) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(Outcome::Settled) => settled += 1,
            Err(Fault::Full { what: "the settle queue" }) => full += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(full > 0);
    assert_eq!(database.number("SELECT count(*) AS number FROM replay_guards"), settled + 1);
}

#[tokio::test]
async fn the_writer_finds_the_database_again() {
    let database = TestDatabase::migrated();
    let store = database.store();
    one(&store, guard("c", "before")).await.unwrap();
    database.sever();
    assert_eq!(one(&store, guard("c", "after")).await, Ok(Outcome::Settled), "a severed connection is replaced");
    database.take_away();
    assert!(matches!(one(&store, guard("c", "away")).await, Err(Fault::Unavailable { .. })));
    database.open_again();
    assert_eq!(one(&store, guard("c", "back")).await, Ok(Outcome::Settled));
    assert_eq!(one(&store, guard("c", "before")).await, Ok(Outcome::LostRace));
}

#[tokio::test]
async fn a_row_whose_commit_was_not_heard_of_wins_when_it_is_written_again() {
    // The trigger commits nothing itself: it kills the connection right after the row of the first attempt was committed.
    let database = TestDatabase::migrated();
    database.execute(
        "CREATE EXTENSION IF NOT EXISTS dblink; \
         CREATE TABLE attempts (n int); \
         CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF (SELECT count(*) FROM attempts) = 0 THEN \
             PERFORM dblink_exec('dbname=' || current_database() || ' user=claimsmith host=' || trim(both chr(34) from current_setting('unix_socket_directories')), \
               format('INSERT INTO attempts VALUES (1); SET session_replication_role = replica; INSERT INTO replay_guards VALUES (%L, %L, %L, %L)', \
                 NEW.client_id, NEW.jti_digest, NEW.settle_id, NEW.expires_at)); \
             PERFORM pg_terminate_backend(pg_backend_pid()); \
           END IF; RETURN NEW; END $$; \
         CREATE TRIGGER cut BEFORE INSERT ON replay_guards FOR EACH ROW EXECUTE FUNCTION cut();",
    );
    let store = database.store();
    assert_eq!(one(&store, guard("c", "jti")).await, Ok(Outcome::Settled));
    assert_eq!(database.number("SELECT count(*) AS number FROM attempts"), 1);
    assert_eq!(one(&store, guard("c", "jti")).await, Ok(Outcome::LostRace));
}

#[tokio::test]
async fn rev_009_a_revocation_is_seen_by_every_node_at_once() {
    let database = TestDatabase::migrated();
    let (here, there) = (database.store(), database.store());
    let token = token("t");
    one(&here, Claim::Token(token.clone())).await.unwrap();
    let found = there.opaque_token(digest("t")).await.unwrap().unwrap();
    assert!(!found.revoked);
    assert_eq!(format!("{:?}", found.token), format!("{token:?}"));
    assert!(there.opaque_token(digest("other")).await.unwrap().is_none());

    one(&here, revocation(digest("jti of t"))).await.unwrap();
    one(&here, revocation(digest("jti of t"))).await.unwrap();
    assert!(there.opaque_token(digest("t")).await.unwrap().unwrap().revoked);
    assert!(there.is_over("jti of t", "c", now()).await.unwrap());
    assert!(!there.is_over("other", "c", now()).await.unwrap());
    assert_eq!(there.revoked(vec![digest("other"), digest("jti of t")]).await.unwrap(), [digest("jti of t")]);
}

#[tokio::test]
async fn a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing() {
    // What PostgreSQL says when the disk of its data is full, at every write.
    let database = TestDatabase::migrated();
    let store = database.store();
    one(&store, guard("c", "before")).await.unwrap();
    let tables = ["replay_guards", "clients", "token_audit"];
    database.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           RAISE EXCEPTION 'could not extend file \"base/5/16384\": No space left on device' USING ERRCODE = 'disk_full'; END $$",
    );
    for table in tables {
        database.execute(&format!("CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION full_disk()"));
    }
    assert!(matches!(one(&store, guard("c", "full")).await, Err(Fault::Unavailable { .. })));
    assert!(matches!(store.create_client("root", client("c")).await, Err(Fault::Unavailable { .. })));
    store.record(record("issued-meanwhile")).await.expect("nobody waits for a record");
    assert!(store.load_client(&id("c")).await.unwrap().is_none(), "reads go on, and nothing is there by half");
    // The record is tried again and again; it must have met the full disk once.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    for table in tables {
        database.execute(&format!("DROP TRIGGER full_disk ON {table}"));
    }
    assert_eq!(one(&store, guard("c", "full")).await, Ok(Outcome::Settled));
    assert_eq!(one(&store, guard("c", "before")).await, Ok(Outcome::LostRace));
    store.create_client("root", client("c")).await.expect("there is room again");
    tokio::task::spawn_blocking(|| store.close()).await.unwrap();
    assert_eq!(database.number("SELECT count(*) AS number FROM token_audit WHERE token_id = 'issued-meanwhile'"), 1);
}
