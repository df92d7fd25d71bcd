//! Issuance records: many per statement, none lost while the process lives.

use std::sync::Arc;
use std::time::Duration;

use claimsmith_store::testing::TestDatabase;
use claimsmith_store::{AuditMode, Fault, Settings, Store, TokenRecordFilter};

use crate::samples::{digest, record};

fn of_token(token_id: &str) -> TokenRecordFilter {
    TokenRecordFilter { token_id: Some(token_id.to_owned()), ..TokenRecordFilter::default() }
}

#[tokio::test]
async fn plg_008_a_record_names_the_versions_and_what_each_set() {
    let database = TestDatabase::migrated();
    let store = Store::open(database.url(), &Settings { audit_mode: AuditMode::Sync, ..Settings::default() }).unwrap();
    store.record(record("jti-1")).await.unwrap();
    let rows = store.token_records(of_token("jti-1"), 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].plugin_digests, [digest("one"), digest("two")]);
    let sources: serde_json::Value = serde_json::from_str(&rows[0].claim_sources).unwrap();
    assert_eq!(sources, serde_json::json!({ "plan": digest("one").to_hex(), "org": digest("two").to_hex() }));
    assert_eq!((rows[0].scope.as_str(), rows[0].audience.as_str()), ("read write", r#"["https://api.example"]"#));
    assert!(store.token_records(of_token("other"), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn under_load_a_statement_carries_at_least_fifty_records() {
    let database = TestDatabase::migrated();
    let store = database.store();
    for number in 0..2000 {
        store.record(record(&format!("{number}"))).await.unwrap();
    }
    while store.writer_counts().recorded < 2000 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let counts = store.writer_counts();
    assert!(counts.recorded / counts.record_commits >= 50, "{counts:?}");
    assert_eq!(database.number("SELECT count(*) AS number FROM token_audit"), 2000);
}

#[tokio::test]
async fn lists_go_page_by_page_newest_first() {
    let database = TestDatabase::migrated();
    let store = Store::open(database.url(), &Settings { audit_mode: AuditMode::Sync, ..Settings::default() }).unwrap();
    for number in 0..5 {
        store.record(record(&format!("{number}"))).await.unwrap();
    }
    let mut filter = TokenRecordFilter { client_id: Some("demo".to_owned()), ..TokenRecordFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = store.token_records(filter.clone(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some((last.happened_at, last.record_id.clone()));
        seen.extend(page.into_iter().filter_map(|row| row.token_id));
    }
    assert_eq!(seen.len(), 5);
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn a_full_queue_makes_requests_wait_and_drops_nothing() {
    let database = TestDatabase::migrated();
    let store = Arc::new(
        Store::open(database.url(), &Settings { audit_queue: 4, permit_timeout: Duration::from_millis(300), ..Settings::default() })
            .unwrap(),
    );
    store.record(record("first")).await.unwrap();
    while store.writer_counts().recorded < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    database.take_away();
    let mut accepted = 1;
    loop {
        match store.record(record(&format!("{accepted}"))).await {
            Ok(()) => accepted += 1,
            Err(fault) => {
                assert_eq!(fault, Fault::Full { what: "the audit queue" });
                break;
            }
        }
        assert!(accepted < 2000);
    }
    database.open_again();
    while store.writer_counts().recorded < accepted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(database.number("SELECT count(*) AS number FROM token_audit"), accepted as i64);
    assert_eq!(store.writer_counts().lost_records, 0);
}

#[tokio::test]
async fn closing_writes_what_is_queued() {
    let database = TestDatabase::migrated();
    let store = database.store();
    for number in 0..100 {
        store.record(record(&format!("{number}"))).await.unwrap();
    }
    tokio::task::spawn_blocking(|| store.close()).await.unwrap();
    assert_eq!(database.number("SELECT count(*) AS number FROM token_audit"), 100);
}

#[tokio::test]
async fn a_record_that_cannot_be_written_does_not_stop_the_others() {
    let database = TestDatabase::migrated();
    database.execute("ALTER TABLE token_audit ADD CONSTRAINT refused CHECK (token_id <> '13')");
    let store = database.store();
    for number in 0..40 {
        store.record(record(&format!("{number}"))).await.unwrap();
    }
    while store.writer_counts().recorded < 39 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(store.writer_counts().lost_records, 1);
}
