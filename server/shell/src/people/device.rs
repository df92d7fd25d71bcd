//! Browsers in which somebody has signed in before. What such a browser keeps is sealed for its person: it opens for nobody else,
//! nobody can make one, and no table knows it.

use claimsmith_issuer::person::UserId;
use claimsmith_jose::base64url;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_vault::{SealFault, Sealer};

use crate::seals;

/// One browser of one person: what its failures are counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeviceId(pub(super) [u8; 16]);

/// A cookie for a browser of this person.
pub(super) fn cookie(sealer: &Sealer, user: &UserId, now: Timestamp) -> Result<String, SealFault> {
    let mut plain = [0; 24];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut plain[..16]);
    plain[16..].copy_from_slice(&now.seconds().to_be_bytes());
    sealer.seal(&seals::device(user), &plain).map(base64url::encode)
}

/// The browser, if the cookie is one of this person and not too old.
pub(super) fn recognise(sealer: &Sealer, user: &UserId, cookie: &str, (now, lifetime): (Timestamp, Lifetime)) -> Option<DeviceId> {
    let sealed = base64url::decode(cookie).ok()?;
    let plain = sealer.open(&seals::device(user), &sealed).ok()?;
    let (id, made_at) = plain.expose().split_first_chunk::<16>()?;
    let made_at = Timestamp::from_seconds(i64::from_be_bytes(made_at.try_into().ok()?));
    (now < made_at.plus(lifetime)).then_some(DeviceId(*id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use claimsmith_vault::MasterKey;

    #[test]
    fn a_browser_is_known_as_its_persons_for_a_while_and_as_nobody_elses() {
        let sealer = Sealer::new(&MasterKey::from_bytes([0xab; 32]), &[]);
        let (alice, bob) = (UserId::from_random([1; 16]), UserId::from_random([2; 16]));
        let (now, year) = (Timestamp::from_seconds(1_000), Lifetime::from_seconds(100));
        let kept = cookie(&sealer, &alice, now).unwrap();
        let known = |user, cookie: &str, now| recognise(&sealer, user, cookie, (now, year));
        assert!(known(&alice, &kept, now).is_some());
        assert_eq!(known(&alice, &kept, Timestamp::from_seconds(1_099)), known(&alice, &kept, now));
        assert_eq!(known(&alice, &kept, Timestamp::from_seconds(1_100)), None);
        assert_eq!(known(&bob, &kept, now), None);
        assert_eq!((known(&alice, "", now), known(&alice, &kept[2..], now)), (None, None));
        assert_ne!(known(&alice, &cookie(&sealer, &alice, now).unwrap(), now), known(&alice, &kept, now));
    }
}
