//! How often one may be wrong, on all nodes together (RFC 6819 §5.1.4.2.3, NIST SP 800-63B §3.2.2).
//!
//! | what is counted | and when it is full |
//! |---|---|
//! | the account, from this network | this network waits |
//! | the account, from everywhere | each network has one try at a time; nobody is shut out by others |
//! | this network, at every account | this network waits |
//! | the account, in a browser known as its person's | only this counts there |
//! | codes of second factors, of who has the password | the person waits: the password is not secret any more |
//!
//! Accounts that there are not are counted just the same.

use std::net::IpAddr;
use std::time::Duration;

use claimsmith_jose::Digest;
use claimsmith_store::{Bucket, Fault, Store};
use quick_cache::sync::Cache;
use tokio::time::Instant;

use super::device::DeviceId;
use super::{Refused, SignInFailure};
use crate::throttle::{Allowance, network_of};

/// Failures that are let pass.
#[derive(Debug, Clone, Copy)]
pub struct SignInThrottleSettings {
    /// At one account from one network.
    pub pair: Allowance,
    /// At one account from everywhere.
    pub account: Allowance,
    /// From one network at every account.
    pub network: Allowance,
    /// At one account in a browser that is known as its person's.
    pub device: Allowance,
    /// With a second factor.
    pub code: Allowance,
}

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub(super) enum Account<'a> {
    /// The password of a username, as usernames are compared, or of what was typed in the place of one.
    Named(&'a str),
    /// The second factor of a user id.
    Code(&'a str),
    /// A passkey, which says itself whose it is.
    Passkey,
}

impl<'a> Account<'a> {
    pub(super) const fn text(self) -> &'a str {
        match self {
            Self::Named(text) | Self::Code(text) => text,
            Self::Passkey => "",
        }
    }
}

/// An attempt that was counted as a failure, until it is known to be none.
#[derive(Debug)]
#[must_use]
pub(super) struct Charged(Vec<Bucket>);

impl Charged {
    /// It was right, or nobody looked.
    pub(super) async fn refund(self, store: &Store) -> Result<(), Fault> {
        store.refund(self.0).await
    }
}

/// Who was told to wait a moment ago, on this node: whoever does not is told again without the database.
#[derive(Debug)]
pub(super) struct Waiting(Cache<Digest, Instant>);

/// How long the word of the database is taken for: it may have become better since.
const WORD: Duration = Duration::from_secs(5);

impl Waiting {
    pub(super) fn new() -> Self {
        Self(Cache::new(16_384))
    }

    /// What is left of the wait.
    fn left(&self, buckets: &[Bucket], now: Instant) -> Option<Duration> {
        let until = buckets.iter().filter_map(|bucket| self.0.get(&bucket.digest)).max()?;
        Some(until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    fn remember(&self, rule: Rule, buckets: &[Bucket], waits: &[Duration], now: Instant) {
        let own = match (rule, waits) {
            // The account keeps nobody waiting by itself.
            (Rule::Pressed, [pair, single, account, network]) => {
                vec![(0, if account.is_zero() { *pair } else { *pair.max(single) }), (3, *network)]
            }
            (_, waits) => waits.iter().copied().enumerate().collect(),
        };
        for (index, wait) in own.into_iter().filter(|(_, wait)| !wait.is_zero()) {
            if let Some(bucket) = buckets.get(index) {
                self.0.insert(bucket.digest, now + wait.min(WORD));
            }
        }
    }
}

/// An attempt: at what, and from where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try<'a> {
    pub(super) account: Account<'a>,
    pub(super) address: IpAddr,
    pub(super) device: Option<DeviceId>,
}

/// What an attempt was counted in.
pub(super) fn counted(settings: &SignInThrottleSettings, attempt: Try<'_>) -> Charged {
    Charged(buckets(settings, attempt.account, attempt.address, attempt.device).0)
}

/// Counts an attempt as a failure beforehand, unless there were too many.
pub(super) async fn charge(
    store: &Store,
    waiting: &Waiting,
    settings: &SignInThrottleSettings,
    attempt: Try<'_>,
) -> Result<Charged, SignInFailure> {
    let (buckets, rule) = buckets(settings, attempt.account, attempt.address, attempt.device);
    let now = Instant::now();
    if let Some(left) = waiting.left(&buckets, now) {
        return Err(too_many(left));
    }
    let charge = store.charge(buckets.clone(), move |waits| wait(rule, waits).is_zero()).await?;
    if charge.charged {
        return Ok(Charged(buckets));
    }
    waiting.remember(rule, &buckets, &charge.waits, now);
    Err(too_many(wait(rule, &charge.waits)))
}

/// In whole seconds, as `Retry-After` has it.
fn too_many(wait: Duration) -> SignInFailure {
    let seconds = u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1);
    Refused::TooMany { retry_after: Duration::from_secs(seconds) }.into()
}

/// Which buckets make an attempt wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Every one of them.
    Any,
    /// The pair, the pair that is hard pressed, the account and the network, in this order.
    Pressed,
}

/// How long an attempt must wait.
fn wait(rule: Rule, waits: &[Duration]) -> Duration {
    match (rule, waits) {
        (Rule::Pressed, [pair, single, account, network]) => {
            // Security: while the account is under attack from everywhere, a network has one try at a time instead of a burst.
            let own = if account.is_zero() { *pair } else { *pair.max(single) };
            own.max(*network)
        }
        (_, waits) => waits.iter().copied().max().unwrap_or_default(),
    }
}

fn buckets(settings: &SignInThrottleSettings, account: Account<'_>, address: IpAddr, device: Option<DeviceId>) -> (Vec<Bucket>, Rule) {
    let network = network_of(address).to_string();
    let bucket = |kind: &str, parts: &[&[u8]], allowance: Allowance| Bucket {
        digest: digest(kind, parts),
        burst: allowance.burst,
        every: allowance.every,
    };
    let one = |allowance: Allowance| Allowance { burst: 1, ..allowance };
    match (account, device) {
        (Account::Named(name), Some(device)) => (vec![bucket("device", &[name.as_bytes(), &device.0], settings.device)], Rule::Any),
        (Account::Named(name), None) => (
            vec![
                bucket("pair", &[name.as_bytes(), network.as_bytes()], settings.pair),
                bucket("single", &[name.as_bytes(), network.as_bytes()], one(settings.pair)),
                bucket("account", &[name.as_bytes()], settings.account),
                bucket("network", &[network.as_bytes()], settings.network),
            ],
            Rule::Pressed,
        ),
        (Account::Code(user), device) => {
            let own = match device {
                Some(device) => bucket("code device", &[user.as_bytes(), &device.0], settings.device),
                None => bucket("code", &[user.as_bytes()], settings.code),
            };
            (vec![own], Rule::Any)
        }
        (Account::Passkey, _) => (vec![bucket("network", &[network.as_bytes()], settings.network)], Rule::Any),
    }
}

/// What is counted, with lengths first, so that no two things are one.
fn digest(kind: &str, parts: &[&[u8]]) -> Digest {
    let mut text = Vec::new();
    for part in std::iter::once(kind.as_bytes()).chain(parts.iter().copied()) {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part);
    }
    Digest::of(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(name: &str) -> Bucket {
        Bucket { digest: Digest::of(name.as_bytes()), burst: 1, every: Duration::from_secs(1) }
    }

    #[test]
    fn sec_008_whoever_was_told_to_wait_is_told_again_for_as_long_and_nobody_else() {
        let (waiting, now) = (Waiting::new(), Instant::now());
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3_600));
        let mine = ["pair", "single", "account", "network"].map(bucket);
        let others = ["pair 2", "single 2", "account", "network 2"].map(bucket);
        waiting.remember(Rule::Pressed, &mine, &[Duration::ZERO, second, hour, Duration::ZERO], now);
        assert_eq!(waiting.left(&mine, now), Some(second));
        assert_eq!(waiting.left(&mine, now + second), None);
        assert_eq!(waiting.left(&others, now), None, "the account is not what keeps others waiting");
        waiting.remember(Rule::Pressed, &mine, &[Duration::ZERO, second, Duration::ZERO, hour], now);
        assert_eq!(waiting.left(&mine[3..], now), Some(WORD), "then the database is asked again");
        waiting.remember(Rule::Any, &[bucket("code")], &[second], now);
        assert_eq!(waiting.left(&[bucket("code")], now), Some(second));
    }

    #[test]
    fn sec_008_under_attack_a_network_has_one_try_at_a_time_and_otherwise_its_burst() {
        let (none, some) = (Duration::ZERO, Duration::from_secs(9));
        for (waits, expected) in [
            ([none, some, none, none], none),
            ([none, some, some, none], some),
            ([none, none, some, none], none),
            ([some, some, none, none], some),
            ([none, none, none, some], some),
        ] {
            assert_eq!(wait(Rule::Pressed, &waits), expected, "{waits:?}");
        }
        assert_eq!(wait(Rule::Any, &[none, some]), some);
    }
}
