//! Plays fixtures and says what is different.

use serde::Deserialize;

use super::fixture::{Expectation, Fixture};
use super::{Answer, Plugin};

/// The manifest that the plugin's component carries.
///
/// # Panics
///
/// Never with a plugin made by the attribute, which writes JSON.
pub fn manifest<P: Plugin>() -> serde_json::Value {
    serde_json::from_str(P::MANIFEST).expect("the attribute writes the manifest as JSON")
}

/// Plays every fixture in the plugin's manifest.
///
/// # Panics
///
/// When there is none, when one cannot be read, and when an answer is not the one expected; all of them are named.
pub fn run_fixtures<P: Plugin>() {
    let manifest = manifest::<P>();
    let fixtures = manifest["fixtures"].as_array().expect("a manifest has a list of fixtures");
    assert!(!fixtures.is_empty(), "there are no fixtures: name the file with #[claimsmith::plugin(fixtures = \"fixtures.json\")]");
    let failures: Vec<_> = fixtures.iter().enumerate().filter_map(|(index, json)| failure::<P>(index, json)).collect();
    assert!(failures.is_empty(), "{} of {} fixtures failed\n{}", failures.len(), fixtures.len(), failures.join("\n"));
}

fn failure<P: Plugin>(index: usize, json: &serde_json::Value) -> Option<String> {
    let fixture = match Fixture::deserialize(json) {
        Ok(fixture) => fixture,
        Err(error) => return Some(format!("- fixture {index}: {error}")),
    };
    let difference = match fixture.draft() {
        Err(error) => format!("the draft: {error}"),
        Ok(None) => format!("there is no hook point {}", fixture.hook),
        Ok(Some(draft)) => match P::call(&fixture.context(), &draft) {
            None => format!("the plugin has no hook {}", fixture.hook),
            Some(answer) => difference(&fixture.expect, &answer)?,
        },
    };
    Some(format!("- fixture {index}, {}: {difference}", fixture.name))
}

fn difference(expected: &Expectation, answer: &Answer) -> Option<String> {
    let same = match (expected, answer) {
        (Expectation::Edits(expected), Ok(edits)) => {
            expected.len() == edits.len() && expected.iter().zip(edits).all(|(expected, edit)| expected.matches(edit))
        }
        (Expectation::Refusal(expected), Err(refusal)) => {
            expected.code == refusal.code && expected.reason.as_ref().is_none_or(|reason| *reason == refusal.reason)
        }
        _ => false,
    };
    (!same).then(|| format!("expected {expected:?}, the answer is {answer:?}"))
}

#[cfg(test)]
mod tests {
    use super::run_fixtures;
    use crate::testing::{Answer, Draft, Plugin};
    use crate::{Context, Edits, Refusal, TokenDraft};

    /// What the hook answers is what the fixtures below expect: lists of strings, null, random bytes and all.
    fn answer(context: &Context, draft: &TokenDraft) -> Answer {
        if context.has_tag("bad") {
            return Err(Refusal::access_denied("bad"));
        }
        let mut edits: Edits = Edits::new();
        edits.set_claim("echo", context.parameter("p").unwrap_or_default());
        edits.set_claim("random", format!("{:?}{:?}", context.random_bytes(2), context.random_bytes(1)));
        edits.set_claim("deep", draft.claim("deep").cloned().unwrap_or_else(crate::Value::null));
        edits.omit_refresh_token();
        Ok(edits.into_vec())
    }

    macro_rules! plugin {
        ($name:ident, $fixtures:literal) => {
            struct $name;
            impl Plugin for $name {
                const MANIFEST: &'static str = concat!("{\"fixtures\":", $fixtures, "}");
                fn call(context: &Context, draft: &Draft) -> Option<Answer> {
                    match draft {
                        Draft::AccessToken(draft) => Some(answer(context, draft)),
                        _ => None,
                    }
                }
            }
        };
    }

    plugin!(
        Good,
        r#"[
            {"name": "edits", "hook": "access-token",
             "context": {"parameters": {"p": "v"}}, "draft": {"claims": {"deep": {"b": [1], "a": null}}},
             "expect": {"edits": [{"set_claim": {"name": "echo", "value": "v"}}, {"set_claim": {"name": "random", "value": "[0, 1][2]"}},
                {"set_claim": {"name": "deep", "value": {"a": null, "b": [1]}}}, "omit_refresh_token"]}},
            {"name": "refusal without its reason", "hook": "access-token", "context": {"client_tags": ["bad"]},
             "expect": {"refusal": {"code": "access_denied"}}}
        ]"#
    );
    plugin!(Empty, "[]");
    plugin!(TooFew, r#"[{"name": "n", "hook": "access-token", "expect": {"edits": []}}]"#);
    plugin!(
        OtherReason,
        r#"[{"name": "n", "hook": "access-token", "context": {"client_tags": ["bad"]}, "expect": {"refusal": {"code": "access_denied", "reason": "other"}}}]"#
    );
    plugin!(Misspelt, r#"[{"name": "n", "hook": "access-token", "context": {"client": "x"}, "expect": {"edits": []}}]"#);
    plugin!(MisspeltDraft, r#"[{"name": "n", "hook": "access-token", "draft": {"members": {}}, "expect": {"edits": []}}]"#);
    plugin!(Unheard, r#"[{"name": "n", "hook": "elsewhere", "expect": {"edits": []}}]"#);
    plugin!(NoSuchHook, r#"[{"name": "n", "hook": "introspection", "expect": {"edits": []}}]"#);

    #[test]
    fn answers_as_expected_pass() {
        run_fixtures::<Good>();
    }

    #[test]
    #[should_panic(expected = "there are no fixtures")]
    fn no_fixtures_are_no_test() {
        run_fixtures::<Empty>();
    }

    #[test]
    #[should_panic(expected = "1 of 1 fixtures failed\n- fixture 0, n: expected Edits([])")]
    fn more_edits_than_expected_fail() {
        run_fixtures::<TooFew>();
    }

    #[test]
    #[should_panic(expected = "reason: \"bad\"")]
    fn another_reason_fails() {
        run_fixtures::<OtherReason>();
    }

    #[test]
    #[should_panic(expected = "unknown field `client`")]
    fn a_misspelt_member_of_the_context_fails() {
        run_fixtures::<Misspelt>();
    }

    #[test]
    #[should_panic(expected = "unknown field `members`")]
    fn a_draft_of_another_hook_fails() {
        run_fixtures::<MisspeltDraft>();
    }

    #[test]
    #[should_panic(expected = "the plugin has no hook introspection")]
    fn a_hook_that_is_not_there_fails() {
        run_fixtures::<NoSuchHook>();
    }

    #[test]
    #[should_panic(expected = "there is no hook point elsewhere")]
    fn a_hook_point_that_there_is_not_fails() {
        run_fixtures::<Unheard>();
    }
}
