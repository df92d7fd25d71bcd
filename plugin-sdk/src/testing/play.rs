//! Plays fixtures and says what is different.

use serde::Deserialize;

use super::fixture::{Expectation, Fixture, Hook};
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
    let difference = match call::<P>(&fixture) {
        Err(error) => format!("the draft: {error}"),
        Ok(None) => format!("the plugin has no hook {}", fixture.hook),
        Ok(Some(answer)) => difference(&fixture.expect, &answer)?,
    };
    Some(format!("- fixture {index}, {}: {difference}", fixture.name))
}

fn call<P: Plugin>(fixture: &Fixture) -> Result<Option<Answer>, serde_json::Error> {
    let context = fixture.context();
    Ok(match fixture.hook {
        Hook::AccessToken => P::call_access_token(&context, &fixture.token()?),
        Hook::TokenResponse => P::call_token_response(&context, &fixture.response()?),
        Hook::Introspection => P::call_introspection(&context, &fixture.introspection()?),
    })
}

fn difference(expected: &Expectation, answer: &Answer) -> Option<String> {
    let same = match (expected, answer) {
        (Expectation::Edits(expected), Ok(edits)) => {
            expected.len() == edits.as_slice().len() && expected.iter().zip(edits.as_slice()).all(|(expected, edit)| expected.matches(edit))
        }
        (Expectation::Refusal(expected), Err(refusal)) => {
            expected.code == refusal.code && expected.reason.as_ref().is_none_or(|reason| *reason == refusal.reason)
        }
        _ => false,
    };
    (!same).then(|| format!("expected {expected:?}, the answer is {answer:?}"))
}
