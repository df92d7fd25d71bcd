//! Self-tests run in the real sandbox, and say what differs.

use claimsmith_hooks::SelfTest;

use crate::stage::{host, plugin};

async fn rehearse(name: &str, fixtures: &str) -> SelfTest {
    let host = host();
    host.self_test(&plugin(&host, name), fixtures).await.unwrap()
}

#[tokio::test]
async fn a_fixture_passes_when_the_answer_is_the_expected_one() {
    let report = rehearse(
        "honest",
        r#"[
            {"name": "given", "hook": "access-token", "context": {"client_id": "demo"}, "draft": {"claims": {"z": 1, "a": [1, 2.5]}},
             "expect": {"edits": [{"set_claim": {"value": "demo", "name": "seen"}}]}},
            {"name": "by default", "hook": "access-token", "expect": {"edits": [{"set_claim": {"name": "seen", "value": "client"}}]}}
        ]"#,
    )
    .await;
    assert!(report.passed(), "{report:?}");
    assert!(report.results.iter().all(|result| result.fuel > 0));
}

#[tokio::test]
async fn other_edits_a_refusal_a_fault_and_a_missing_hook_are_differences() {
    for (name, hook, expected) in [
        ("honest", "access-token", r#"{"edits": []}"#),
        ("honest", "access-token", r#"{"edits": [{"set_claim": {"name": "seen", "value": 1}}]}"#),
        ("honest", "access-token", r#"{"refusal": {"code": "access_denied"}}"#),
        ("honest", "introspection", r#"{"edits": []}"#),
        ("trap_in_export", "access-token", r#"{"edits": []}"#),
    ] {
        let fixtures = format!(r#"[{{"name": "one", "hook": "{hook}", "expect": {expected}}}]"#);
        let report = rehearse(name, &fixtures).await;
        assert!(!report.passed(), "{name} {hook} {expected}");
        assert!(report.results[0].difference.as_ref().is_some_and(|difference| !difference.is_empty()));
    }
}

#[tokio::test]
async fn fixtures_with_unknown_members_are_refused() {
    let host = host();
    let honest = plugin(&host, "honest");
    for fixtures in [
        r#"{}"#,
        r#"[{"name": "x", "hook": "access-token"}]"#,
        r#"[{"name": "x", "hook": "access-token", "expect": {"edits": []}, "also": 1}]"#,
        r#"[{"name": "x", "hook": "access-token", "context": {"client": "x"}, "expect": {"edits": []}}]"#,
        r#"[{"name": "x", "hook": "elsewhere", "expect": {"edits": []}}]"#,
    ] {
        assert!(host.self_test(&honest, fixtures).await.is_err(), "{fixtures}");
    }
}
