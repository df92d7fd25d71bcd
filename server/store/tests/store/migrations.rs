//! Up and down, in both directions, and databases that do not fit.

use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{Fault, Settings, Store, migrate};

const TABLES: &str = "SELECT count(*) AS number FROM pg_tables WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations'";

/// The whole schema as text: columns, constraints, indexes, comments.
fn picture(database: &TestDatabase) -> Vec<Option<String>> {
    database.texts(
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS text \
         FROM information_schema.columns WHERE table_schema = 'public' \
         UNION ALL SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace \
         UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
         UNION ALL SELECT c.relname || ' ' || d.description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid WHERE c.relnamespace = 'public'::regnamespace \
         ORDER BY 1",
    )
}

#[test]
fn every_migration_goes_up_and_down_and_up_again() {
    let database = TestDatabase::empty();
    let applied = migrate::up(database.url()).unwrap();
    assert!(applied.len() >= 6);
    let first = picture(&database);
    let mut reverted = Vec::new();
    while let Some(version) = migrate::down(database.url()).unwrap() {
        reverted.push(version);
    }
    reverted.reverse();
    assert_eq!(reverted, applied);
    assert_eq!(database.number(TABLES), 0);
    migrate::up(database.url()).unwrap();
    assert_eq!(picture(&database), first);
}

#[test]
fn each_down_undoes_exactly_its_up() {
    let database = TestDatabase::migrated();
    let whole = picture(&database);
    let count = migrate::status(database.url()).unwrap().applied.len();
    for depth in 1..=count {
        for _ in 0..depth {
            migrate::down(database.url()).unwrap();
        }
        assert_eq!(migrate::up(database.url()).unwrap().len(), depth);
        assert_eq!(picture(&database), whole, "after {depth} down and up");
    }
}

#[test]
fn up_twice_at_once_applies_once() {
    let database = TestDatabase::empty();
    let applied: Vec<usize> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| migrate::up(database.url()).unwrap().len())).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
}

#[test]
fn a_database_without_migrations_is_a_named_error_with_the_command() {
    let database = TestDatabase::empty();
    let fault = Store::open(database.url(), &Settings::default()).unwrap_err();
    let Fault::WrongMigration(wrong) = &fault else { panic!("{fault}") };
    assert!(wrong.pending.len() >= 6 && wrong.unknown.is_empty());
    assert!(fault.to_string().contains("claimsmith migrate up"), "{fault}");
    migrate::down(TestDatabase::empty().url()).unwrap();
}

#[test]
fn one_version_runs_beside_the_next_when_the_migration_allows_it() {
    let database = TestDatabase::migrated();
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    let status = migrate::status(database.url()).unwrap();
    assert_eq!(status.unknown, ["29990101000000"]);
    Store::open(database.url(), &Settings::default()).expect("a newer migration that old binaries can live with");

    database.execute("UPDATE schema_reader SET minimum_version = '29990101000000'");
    let fault = Store::open(database.url(), &Settings::default()).unwrap_err();
    assert!(fault.to_string().contains("29990101000000, which this binary does not know"), "{fault}");
    assert!(migrate::up(database.url()).is_err());
    assert!(migrate::down(database.url()).is_err());
}

#[test]
fn a_database_that_is_down_is_unavailable() {
    let fault = Store::open("postgresql:///x?host=/nonexistent", &Settings::default()).unwrap_err();
    assert!(matches!(fault, Fault::Unavailable { .. }), "{fault}");
}
