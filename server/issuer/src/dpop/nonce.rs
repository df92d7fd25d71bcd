//! Nonces without memory (RFC 9449 §8): any node makes them, any node knows them again.
//!
//! Time is cut into windows. The nonce of a window is a MAC over its number, under a key that all nodes derive from the master
//! key; so nobody can tell tomorrow's nonce today, and a proof that carries it was made when it was told, or later.

use claimsmith_jose::{Secret, base64url, hmac_sha256};
use claimsmith_protocol::time::Timestamp;

/// Bytes of a nonce.
const NONCE_LENGTH: usize = 16;

/// Who tells a nonce: one server's is no use at the other, even where they are one process (§9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// The endpoints of the authorization server.
    AuthorizationServer,
    /// Resources of ours, userinfo among them.
    Resource,
}

/// The nonces of this server.
#[derive(Debug)]
pub struct Nonces {
    key: Secret<[u8; 32]>,
    window: i64,
}

impl Nonces {
    /// Nonces under this key. Each is told for `window` seconds and good for as long again.
    pub const fn new(key: Secret<[u8; 32]>, window: i64) -> Self {
        Self { key, window: if window < 1 { 1 } else { window } }
    }

    /// Seconds for which a nonce is told.
    pub const fn window(&self) -> i64 {
        self.window
    }

    /// The nonce to tell now; 22 characters (§8.1).
    pub fn latest(&self, space: Space, now: Timestamp) -> String {
        self.of_window(space, self.number(now))
    }

    /// Whether the nonce is that of this window or its neighbours: of the last one, so that nobody is cut off in mid-flight, and
    /// of the next one, for the clock of the node that told it may be ahead.
    pub fn is_good(&self, space: Space, nonce: &str, now: Timestamp) -> bool {
        let number = self.number(now);
        let presented = claimsmith_jose::Digest::of(nonce.as_bytes());
        [number, number - 1, number + 1]
            .into_iter()
            .any(|window| claimsmith_jose::Digest::of(self.of_window(space, window).as_bytes()) == presented)
    }

    const fn number(&self, now: Timestamp) -> i64 {
        now.seconds().div_euclid(self.window)
    }

    fn of_window(&self, space: Space, window: i64) -> String {
        let label: &[u8] = match space {
            Space::AuthorizationServer => b"as",
            Space::Resource => b"rs",
        };
        let parts = [label, &self.window.to_be_bytes(), &window.to_be_bytes()];
        base64url::encode(&hmac_sha256(self.key.expose(), &parts).as_bytes()[..NONCE_LENGTH])
    }
}
