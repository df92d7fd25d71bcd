//! A value that must not be seen: no printing, no copying, no leaking comparison, gone when dropped.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret value. It has no `Display`, `Clone`, `Serialize` or `PartialEq`; `Debug` prints `[redacted]`; its memory is
/// overwritten when it is dropped.
///
/// ```compile_fail,E0369
/// use claimsmith_jose::Secret;
/// // Only `equals` compares, and that takes the same time wherever the difference is.
/// let same = Secret::new(String::from("a")) == Secret::new(String::from("a"));
/// ```
///
/// ```compile_fail,E0599
/// use claimsmith_jose::Secret;
/// let copy = Secret::new(String::from("a")).clone();
/// ```
///
/// ```compile_fail,E0277
/// use claimsmith_jose::Secret;
/// let shown = format!("{}", Secret::new(String::from("a")));
/// ```
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into custody. The caller's other copies, if any, are the caller's to wipe.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call site of this is a place to review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Compares with bytes from outside in time that depends on the lengths only.
    // Security: a length is not a secret here; contents are.
    pub fn equals(&self, other: &[u8]) -> bool {
        self.0.as_ref().ct_eq(other).into()
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[redacted]")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> ZeroizeOnDrop for Secret<T> {}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn debug_is_redacted() {
        let secret = Secret::new(String::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(format!("{:?}", Some(&secret)), "Some([redacted])");
    }

    #[test]
    fn equality_looks_at_contents_and_length() {
        let secret = Secret::new(b"abc".to_vec());
        assert!(secret.equals(b"abc"));
        assert!(!secret.equals(b"abd"));
        assert!(!secret.equals(b"ab"));
        assert!(!secret.equals(b""));
    }

    #[test]
    fn dropping_wipes() {
        static WIPED: AtomicBool = AtomicBool::new(false);
        struct Witness;
        impl Zeroize for Witness {
            fn zeroize(&mut self) {
                WIPED.store(true, Ordering::SeqCst);
            }
        }
        drop(Secret::new(Witness));
        assert!(WIPED.load(Ordering::SeqCst));
    }

    /// A comparison that stops at the first difference takes some nanoseconds where that is the first byte, and the whole
    /// time where it is the last. The quickest of many tries has little to do with what else the machine does, and the bound
    /// is generous: this one fails for such a comparison and for nothing else.
    #[test]
    fn sec_006_a_difference_at_the_start_is_found_no_sooner_than_one_at_the_end() {
        const LENGTH: usize = 1 << 18;
        let secret = Secret::new(vec![7_u8; LENGTH]);
        let (mut first, mut last) = (vec![7_u8; LENGTH], vec![7_u8; LENGTH]);
        (first[0], last[LENGTH - 1]) = (8, 8);
        let time = |other: &[u8]| {
            let begin = std::time::Instant::now();
            assert!(!std::hint::black_box(&secret).equals(std::hint::black_box(other)));
            begin.elapsed()
        };
        // In turns, so that what slows one slows the other.
        let tries: Vec<_> = (0..25).map(|_| (time(&first), time(&last))).collect();
        let quickest =
            |of: fn(&(std::time::Duration, std::time::Duration)) -> std::time::Duration| tries.iter().map(of).min().expect("tries");
        let (at_start, at_end) = (quickest(|pair| pair.0), quickest(|pair| pair.1));
        assert!(at_start * 4 > at_end, "{at_start:?} and {at_end:?}");
    }

    /// Digests are too short to time, so this one reads the comparisons: both leave the bytes to `subtle`.
    #[test]
    fn sec_006_secrets_and_digests_are_compared_in_constant_time() {
        let body = |source: &'static str, head: &str| {
            let (_, rest) = source.split_once(head).expect("a comparison");
            rest.split_once("\n    }").expect("its end").0.trim()
        };
        let of_secrets = body(include_str!("secret.rs"), "pub fn equals(&self, other: &[u8]) -> bool {");
        assert_eq!(of_secrets, "self.0.as_ref().ct_eq(other).into()");
        let digests = include_str!("digest.rs");
        assert_eq!(body(digests, "fn eq(&self, other: &Self) -> bool {"), "self.0.ct_eq(&other.0).into()");
        assert!(digests.contains("#[derive(Clone, Copy)]\npub struct Digest("), "equality is not derived");
    }
}
