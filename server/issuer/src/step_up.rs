//! What a resource asks of the sign-in behind a token ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)): pure.

use claimsmith_protocol::time::Timestamp;

use crate::assurance::AcrNames;

/// How sure, and how lately, a person must have shown who they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// `acr_values`: one of them, or a higher level; any where empty.
    pub acr_values: Vec<Box<str>>,
    /// `max_age`, in seconds.
    pub max_age: Option<u32>,
}

impl Demand {
    /// Whether a sign-in is good enough.
    pub fn is_met_by(&self, acr: Option<&str>, auth_time: Timestamp, names: &AcrNames, now: Timestamp) -> bool {
        let wanted = names.wanted(self.acr_values.iter().map(|value| &**value));
        let is_young = self.max_age.is_none_or(|most| now.since(auth_time) <= i64::from(most));
        is_young && wanted.is_met_by(acr.and_then(|acr| names.level_of(acr)))
    }

    /// The auth-params of the challenge (RFC 9470 §3), each after a comma: what a client asks the authorization endpoint for.
    pub fn parameters(&self) -> String {
        let mut text = String::new();
        if !self.acr_values.is_empty() {
            text.push_str(&format!(", acr_values=\"{}\"", self.acr_values.join(" ")));
        }
        if let Some(max_age) = self.max_age {
            text.push_str(&format!(", max_age=\"{max_age}\""));
        }
        text
    }
}

/// Whether a name can stand in a challenge as it is (RFC 6750 §3).
pub fn is_quotable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(acr_values: &[&str], max_age: Option<u32>) -> Demand {
        Demand { acr_values: acr_values.iter().map(|value| (*value).into()).collect(), max_age }
    }

    #[test]
    fn stp_001_a_sign_in_is_as_sure_and_as_late_as_is_asked_for() {
        let names = AcrNames::new(["low", "mid", "high"]).expect("names");
        let (then, now) = (Timestamp::from_seconds(1_000), Timestamp::from_seconds(1_060));
        for (demand, acr, expected) in [
            (demand(&[], None), None, true),
            (demand(&["mid"], None), Some("mid"), true),
            (demand(&["mid"], None), Some("high"), true),
            (demand(&["mid", "high"], None), Some("low"), false),
            (demand(&["mid"], None), None, false),
            (demand(&["other"], None), Some("high"), false),
            (demand(&[], Some(60)), None, true),
            (demand(&[], Some(59)), Some("high"), false),
            (demand(&["mid"], Some(60)), Some("low"), false),
        ] {
            assert_eq!(demand.is_met_by(acr, then, &names, now), expected, "{demand:?} {acr:?}");
        }
    }

    #[test]
    fn stp_001_the_challenge_says_what_to_ask_for() {
        assert_eq!(demand(&["a", "b"], Some(5)).parameters(), ", acr_values=\"a b\", max_age=\"5\"");
        assert_eq!(demand(&[], None).parameters(), "");
        assert!(is_quotable("urn:a") && !is_quotable("a\"") && !is_quotable("\u{e4}") && !is_quotable("a b") && !is_quotable(""));
    }
}
