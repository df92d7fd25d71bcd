//! Guessing at tokens (RFC 7662 §4): how many tokens that nobody knows one may ask about before having to wait.
//!
//! ```text
//! reference ──► was it known lately? ──► throttle ──► look it up ──► unknown: a failure of the caller
//! JWT ──► verify it ──► unknown: a failure of the caller, and nothing else once there were too many
//! ```
//!
//! A resource server is asked with whatever strangers send it, so its unknown tokens may be theirs. A flood of those keeps
//! out neither the references that it asked about before nor a self-contained token, whose signature says enough.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::time::Instant;

use claimsmith_jose::Digest;
use quick_cache::sync::Cache;

use crate::failure::Failure;
use crate::throttle::{Admit, Throttle, ThrottleSettings};

/// How questions about unknown tokens are counted.
#[derive(Debug, Clone)]
pub struct GuessSettings {
    /// Unknown tokens that are let pass: of a caller from an address, and of an address.
    pub unknown: ThrottleSettings,
    /// How many known references are remembered, each with its caller.
    pub remembered: usize,
}

/// The unknown tokens of the recent past, and the known references.
#[derive(Debug)]
pub struct Guesses {
    throttle: Throttle,
    known: Cache<u64, ()>,
    // Security: nobody can aim at another's row, as in the throttle.
    hasher: RandomState,
}

/// One question: who asks, from where, about what.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The caller, authenticated.
    pub caller: &'a str,
    /// Its address.
    pub address: IpAddr,
    /// The token as it was sent.
    pub token: &'a str,
}

impl Question<'_> {
    /// Self-contained tokens have dots, references have none.
    fn is_reference(&self) -> bool {
        !self.token.contains('.')
    }
}

impl Guesses {
    /// Nobody has asked anything.
    pub fn new(settings: &GuessSettings) -> Self {
        Self { throttle: Throttle::new(&settings.unknown), known: Cache::new(settings.remembered.max(1)), hasher: RandomState::new() }
    }

    /// Errors when the question is not to be looked into: about a reference that was not known lately, by who asked about
    /// too many.
    pub fn admit(&self, question: Question<'_>, now: Instant) -> Result<(), Failure> {
        if !question.is_reference() || self.known.get(&self.row(question)).is_some() {
            return Ok(());
        }
        self.check(question, now)
    }

    /// The token is ours, whether it is still good or not.
    pub fn known(&self, question: Question<'_>) {
        if question.is_reference() {
            self.known.insert(self.row(question), ());
        }
    }

    /// The token is nobody's. Errors when there have been too many.
    pub fn unknown(&self, question: Question<'_>, now: Instant) -> Result<(), Failure> {
        let checked = self.check(question, now);
        self.throttle.failed(question.caller, question.address, now);
        checked
    }

    fn check(&self, question: Question<'_>, now: Instant) -> Result<(), Failure> {
        match self.throttle.admit(question.caller, question.address, now) {
            Admit::Yes => Ok(()),
            Admit::Throttled { retry_after } => Err(Failure::Throttled { retry_after }),
        }
    }

    fn row(&self, question: Question<'_>) -> u64 {
        self.hasher.hash_one((question.caller, Digest::of(question.token.as_bytes()).as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::Allowance;
    use std::time::Duration;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn guesses() -> Guesses {
        let unknown = ThrottleSettings {
            pair: Allowance { burst: 2, every: HOUR },
            address: Allowance { burst: 3, every: HOUR },
            ..ThrottleSettings::default()
        };
        Guesses::new(&GuessSettings { unknown, remembered: 100 })
    }

    fn question<'a>(caller: &'a str, token: &'a str) -> Question<'a> {
        Question { caller, address: "192.0.2.7".parse().unwrap(), token }
    }

    #[test]
    fn int_011_a_caller_that_guesses_waits_and_what_it_knows_is_still_answered() {
        let (guesses, now) = (guesses(), Instant::now());
        guesses.known(question("rs", "held"));
        for token in ["one", "two"] {
            assert!(guesses.admit(question("rs", token), now).is_ok());
            assert!(guesses.unknown(question("rs", token), now).is_ok());
        }
        let refused = guesses.admit(question("rs", "three"), now);
        assert!(matches!(refused, Err(Failure::Throttled { retry_after }) if retry_after == HOUR), "{refused:?}");
        assert!(guesses.admit(question("rs", "held"), now).is_ok(), "a reference that was known");
        assert!(guesses.admit(question("rs", "a.b.c"), now).is_ok(), "a JWT is verified first");
        assert!(guesses.unknown(question("rs", "a.b.c"), now).is_err());
        assert!(guesses.admit(question("other", "held"), now).is_err(), "what another knows, with the address in debt");
        assert!(guesses.admit(question("rs", "three"), now + 4 * HOUR).is_ok());
    }

    #[test]
    fn int_011_an_address_is_counted_across_callers() {
        let (guesses, now) = (guesses(), Instant::now());
        for caller in ["a", "b", "c"] {
            assert!(guesses.admit(question(caller, "x"), now).is_ok());
            assert!(guesses.unknown(question(caller, "x"), now).is_ok());
        }
        assert!(guesses.admit(question("d", "x"), now).is_err());
    }
}
