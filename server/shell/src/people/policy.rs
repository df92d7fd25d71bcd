//! Which passwords may be chosen (NIST SP 800-63B §3.1.1.2): long enough, and none that everybody tries.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::ops::RangeInclusive;
use std::path::Path;

use claimsmith_jose::{Digest, Secret};
use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::Profile as _;

use super::PeopleFault;

/// Why a password may not be chosen. Texts are for the person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// Too short or too long.
    #[error("a password has {} to {} characters", .0.start(), .0.end())]
    Length(RangeInclusive<usize>),
    /// On the denylist, or their own name.
    #[error("this password is one of the first that somebody would try")]
    Guessable,
}

#[derive(Debug)]
pub(super) struct Policy {
    lengths: RangeInclusive<usize>,
    denied: HashSet<Digest>,
}

impl Policy {
    pub(super) fn read(lengths: RangeInclusive<usize>, denylist: Option<&Path>) -> Result<Self, PeopleFault> {
        let mut denied = HashSet::new();
        if let Some(path) = denylist {
            let fault = |source| PeopleFault::Denylist { path: path.to_owned(), source };
            let lines = BufReader::new(std::fs::File::open(path).map_err(fault)?).lines();
            for line in lines {
                denied.insert(digest(line.map_err(fault)?.trim_end_matches('\r')));
            }
        }
        Ok(Self { lengths, denied })
    }

    pub(super) fn check(&self, password: &Secret<String>, username: Option<&str>) -> Result<(), PasswordRefusal> {
        let prepared = prepared(password);
        let text = prepared.expose();
        if !self.lengths.contains(&text.chars().count()) {
            return Err(PasswordRefusal::Length(self.lengths.clone()));
        }
        let is_own_name = username.is_some_and(|name| {
            let (name, text) = (name.to_lowercase(), text.to_lowercase());
            text == name || name.split('@').next() == Some(text.as_str())
        });
        if is_own_name || self.denied.contains(&digest(text)) {
            return Err(PasswordRefusal::Guessable);
        }
        Ok(())
    }
}

fn digest(password: &str) -> Digest {
    Digest::of(password.to_lowercase().as_bytes())
}

/// A password as it is hashed and compared: other spaces become spaces, letters are composed (RFC 8265 §4.2). What that profile
/// does not know is left as it was typed.
pub(super) fn prepared(password: &Secret<String>) -> Secret<String> {
    let typed = password.expose();
    let enforced = OpaqueString::new().enforce(typed.as_str()).map(std::borrow::Cow::into_owned);
    Secret::new(enforced.unwrap_or_else(|_| typed.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(policy: &Policy, text: &str) -> Option<PasswordRefusal> {
        policy.check(&Secret::new(text.to_owned()), Some("Alice.Long@example.org")).err()
    }

    #[test]
    fn length_counts_characters_and_nothing_else_is_asked_of_them() {
        let policy = Policy::read(8..=20, None).unwrap();
        for good in ["aaaaaaaa", "12345678", "äöüäöüäö", "correct horse bat", "\u{1f600}\u{1f600}\u{1f600}\u{1f600}aaaa"] {
            assert_eq!(refused(&policy, good), None, "{good}");
        }
        for bad in ["", "1234567", "äöüäöüä", &"a".repeat(21)] {
            assert_eq!(refused(&policy, bad), Some(PasswordRefusal::Length(8..=20)), "{bad}");
        }
    }

    #[test]
    fn what_everybody_tries_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "password1\r\nHunter2hunter2\n").unwrap();
        let policy = Policy::read(8..=64, Some(file.path())).unwrap();
        for bad in ["password1", "PASSWORD1", "hunter2hunter2", "alice.long@example.org", "Alice.Long"] {
            assert_eq!(refused(&policy, bad), Some(PasswordRefusal::Guessable), "{bad}");
        }
        assert_eq!(refused(&policy, "password12"), None);
        assert!(Policy::read(8..=64, Some(Path::new("/nowhere/denied"))).is_err());
    }

    #[test]
    fn one_password_however_the_keyboard_spells_it() {
        let prepared = |text: &str| prepared(&Secret::new(text.to_owned())).expose().clone();
        assert_eq!(prepared("Zoe\u{308}\u{a0}x"), prepared("Zo\u{eb} x"));
        assert_ne!(prepared("Zoe"), prepared("zoe"));
        assert_eq!(prepared("a\tb"), "a\tb", "as it was typed");
    }
}
