//! What lets a client's page watch the session of its person
//! ([OpenID Connect Session Management 1.0 §3](https://openid.net/specs/openid-connect-session-1_0.html)): pure.

use claimsmith_jose::Digest;

/// `session_state`: says nothing, and is another one for another client, origin, browser state or salt. No part has a space.
pub fn session_state(client_id: &str, origin: &str, browser_state: &str, salt: &str) -> String {
    let digest = Digest::of(format!("{client_id} {origin} {browser_state} {salt}").as_bytes());
    format!("{}.{salt}", digest.to_base64url())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fcl_006_every_part_makes_another_state_and_none_has_a_space() {
        let of = session_state("c", "https://a.example", "s", "t");
        assert!(of.ends_with(".t") && !of.contains(' ') && of.len() == 45, "{of}");
        for other in [
            session_state("d", "https://a.example", "s", "t"),
            session_state("c", "https://b.example", "s", "t"),
            session_state("c", "https://a.example", "r", "t"),
            session_state("c", "https://a.example", "s", "u"),
        ] {
            assert_ne!(of, other);
        }
    }
}
