//! Distinguished names: the first line is one as people write it, the rest one as a certificate holds it.

use claimsmith_issuer::certificate::DistinguishedName;

use crate::{Outcome, first_line};

/// Both are read or refused, and a name is itself.
pub fn run(bytes: &[u8]) -> Outcome {
    let (text, der) = first_line(bytes);
    let held = DistinguishedName::from_der(der);
    let Some(expected) = std::str::from_utf8(text).ok().and_then(|text| DistinguishedName::parse(text).ok()) else {
        return Outcome::Refused;
    };
    assert_eq!(expected, expected.clone());
    if held.is_ok_and(|held| held == expected) { Outcome::Accepted } else { Outcome::Refused }
}
