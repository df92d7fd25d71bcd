//! How sure we are of a person: what they did to sign in, as `amr` (RFC 8176) and `acr` (OpenID Connect Core §2) say it.
//!
//! Levels are in an order, so that a session can be held against what a client asks for. Their names are the operator's.

use std::fmt;

/// One thing that a person did, and that was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// A password.
    Password,
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A passkey whose authenticator has verified the person.
    Passkey,
    /// Another provider vouched for them; what was done there is not known here.
    Upstream,
}

impl Method {
    const ALL: [Self; 5] = [Self::Password, Self::Totp, Self::RecoveryCode, Self::Passkey, Self::Upstream];

    /// The name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Passkey => "passkey",
            Self::Upstream => "upstream",
        }
    }

    /// The method of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }

    /// What it proves: something known, something held. One of a kind counts once.
    const fn is_possession(self) -> bool {
        matches!(self, Self::Totp | Self::RecoveryCode | Self::Passkey)
    }
}

/// How sure we are, from less to more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// One factor: a password.
    Password,
    /// Two factors: a password and something held.
    MultiFactor,
    /// Two factors that cannot be phished: a passkey, unlocked by a PIN or a body.
    Passkey,
}

impl Level {
    /// Every level, the lowest first.
    pub const ALL: [Self; 3] = [Self::Password, Self::MultiFactor, Self::Passkey];
}

/// What the methods make together; nothing where another provider alone knows. With something held here, its word is one factor of two.
pub fn level(methods: &[Method]) -> Option<Level> {
    let knows = methods.contains(&Method::Password);
    let vouched = methods.contains(&Method::Upstream);
    let holds = methods.iter().any(|method| method.is_possession());
    if methods.contains(&Method::Passkey) {
        Some(Level::Passkey)
    } else if (knows || vouched) && holds {
        Some(Level::MultiFactor)
    } else if knows {
        Some(Level::Password)
    } else {
        None
    }
}

/// The `amr` of the methods (RFC 8176 §2), each value once; empty where nothing is known, and then it is left out.
///
/// A recovery code is a one-time password. A passkey is a key in hardware or in the care of a platform, `hwk`, used with a
/// test of presence, `user`; that it was unlocked makes it more than one factor, `mfa`.
pub fn amr(methods: &[Method]) -> Vec<&'static str> {
    let has = |method| methods.contains(&method);
    let many = level(methods) >= Some(Level::MultiFactor);
    let values = [
        ("pwd", has(Method::Password)),
        ("otp", has(Method::Totp) || has(Method::RecoveryCode)),
        ("hwk", has(Method::Passkey)),
        ("user", has(Method::Passkey)),
        ("mfa", many),
    ];
    values.into_iter().filter(|(_, said)| *said).map(|(value, _)| value).collect()
}

/// The names of the levels, as `acr` values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcrNames {
    names: [Box<str>; 3],
}

/// Two levels of one name, or a name that `acr_values` could not carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the names of the levels must be different from each other, and have no spaces")]
pub struct BadAcrNames;

impl Default for AcrNames {
    fn default() -> Self {
        let name = |level: &str| format!("urn:claimsmith:acr:{level}").into();
        Self { names: [name("password"), name("mfa"), name("passkey")] }
    }
}

impl AcrNames {
    /// Names for password, more than one factor, and passkey.
    pub fn new(names: [&str; 3]) -> Result<Self, BadAcrNames> {
        let bad = |name: &&str| name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter.is_control());
        let [password, many, passkey] = names;
        if names.iter().any(bad) || password == many || many == passkey || password == passkey {
            return Err(BadAcrNames);
        }
        Ok(Self { names: names.map(Into::into) })
    }

    /// The `acr` of a level.
    pub fn acr(&self, level: Level) -> &str {
        &self.names[level as usize]
    }

    /// The level of an `acr` value; none of a name that means nothing here.
    pub fn level_of(&self, acr: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| self.acr(*level) == acr)
    }

    /// `acr_values_supported`.
    pub fn supported(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// The lowest level that meets what was asked for: one of the values is enough, and a higher level meets a lower one.
    pub fn wanted<'v>(&self, values: impl IntoIterator<Item = &'v str>) -> Wanted {
        let mut wanted = Wanted::Nothing;
        for value in values {
            wanted = match (wanted, self.level_of(value)) {
                (Wanted::AtLeast(lowest), Some(level)) => Wanted::AtLeast(lowest.min(level)),
                (_, Some(level)) => Wanted::AtLeast(level),
                (Wanted::Nothing, None) => Wanted::Unknown,
                (before, None) => before,
            };
        }
        wanted
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It says nothing.
    Nothing,
    /// This level or a higher one.
    AtLeast(Level),
    /// Only values that mean nothing here: met by nobody.
    Unknown,
}

impl Wanted {
    /// Whether the level meets it.
    pub fn is_met_by(self, level: Option<Level>) -> bool {
        match self {
            Self::Nothing => true,
            Self::AtLeast(lowest) => level >= Some(lowest),
            Self::Unknown => false,
        }
    }
}

/// What a person has set up beside a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Enrolled {
    /// An authenticator app.
    pub totp: bool,
    /// Recovery codes that are left.
    pub recovery_codes: u32,
    /// Passkeys.
    pub passkeys: u32,
}

impl Enrolled {
    /// Whether a password alone does not let them in.
    pub const fn has_second_factor(self) -> bool {
        self.totp || self.passkeys > 0
    }
}

/// What comes next on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: they are in.
    Enough,
    /// A code or a passkey, whichever they have.
    SecondFactor,
    /// A passkey.
    Passkey,
    /// What is wanted cannot be reached with what they have set up.
    OutOfReach,
}

/// What a person who has done `done` must still do. Who has a second factor uses it, whatever the client asks for.
pub fn next_step(done: &[Method], enrolled: Enrolled, wanted: Wanted) -> Step {
    let reached = level(done);
    let own = if enrolled.has_second_factor() && done.contains(&Method::Password) { Some(Level::MultiFactor) } else { None };
    let asked = match wanted {
        Wanted::AtLeast(level) => Some(level),
        Wanted::Nothing | Wanted::Unknown => None,
    };
    match own.max(asked) {
        None => Step::Enough,
        Some(needed) if reached >= Some(needed) => Step::Enough,
        Some(Level::Passkey) if enrolled.passkeys > 0 => Step::Passkey,
        Some(Level::MultiFactor) if enrolled.has_second_factor() => Step::SecondFactor,
        // Out of reach, but their own second factor comes first.
        Some(_) if own > reached => Step::SecondFactor,
        Some(_) => Step::OutOfReach,
    }
}

impl fmt::Display for Method {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Method::{Passkey, Password, RecoveryCode, Totp, Upstream};

    #[test]
    fn idt_010_amr_and_level_say_what_was_done() {
        let table: [(&[Method], &[&str], Option<Level>); 11] = [
            (&[Password], &["pwd"], Some(Level::Password)),
            (&[Password, Totp], &["pwd", "otp", "mfa"], Some(Level::MultiFactor)),
            (&[Password, RecoveryCode], &["pwd", "otp", "mfa"], Some(Level::MultiFactor)),
            (&[Passkey], &["hwk", "user", "mfa"], Some(Level::Passkey)),
            (&[Password, Passkey], &["pwd", "hwk", "user", "mfa"], Some(Level::Passkey)),
            (&[Totp], &["otp"], None),
            (&[Totp, RecoveryCode], &["otp"], None),
            (&[Upstream], &[], None),
            (&[Upstream, Totp], &["otp", "mfa"], Some(Level::MultiFactor)),
            (&[Upstream, Password], &["pwd"], Some(Level::Password)),
            (&[], &[], None),
        ];
        for (methods, values, expected) in table {
            assert_eq!((amr(methods).as_slice(), level(methods)), (values, expected), "{methods:?}");
        }
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(method));
        }
    }

    #[test]
    fn idt_010_every_level_has_a_name_of_its_own_and_none_is_empty() {
        let names = AcrNames::default();
        for level in Level::ALL {
            assert_eq!(names.level_of(names.acr(level)), Some(level));
        }
        assert_eq!(names.supported().collect::<Vec<_>>(), ["password", "mfa", "passkey"].map(|name| format!("urn:claimsmith:acr:{name}")));
        assert!(AcrNames::new(["1", "2", "phr"]).is_ok());
        for bad in [["", "2", "3"], ["1", "1", "3"], ["1", "2", "1"], ["1", "2 3", "4"]] {
            assert_eq!(AcrNames::new(bad), Err(BadAcrNames), "{bad:?}");
        }
    }

    #[test]
    fn the_lowest_value_that_is_asked_for_is_enough_and_a_higher_level_meets_it() {
        let names = AcrNames::new(["1", "2", "3"]).unwrap();
        assert_eq!(names.wanted(["3", "2"]), Wanted::AtLeast(Level::MultiFactor));
        assert_eq!(names.wanted(["9", "3"]), Wanted::AtLeast(Level::Passkey));
        assert_eq!(names.wanted(["3", "9"]), Wanted::AtLeast(Level::Passkey));
        assert_eq!((names.wanted(["9"]), names.wanted([])), (Wanted::Unknown, Wanted::Nothing));
        let two = Wanted::AtLeast(Level::MultiFactor);
        assert!(two.is_met_by(Some(Level::Passkey)) && two.is_met_by(Some(Level::MultiFactor)));
        assert!(!two.is_met_by(Some(Level::Password)) && !two.is_met_by(None));
        assert!(Wanted::Nothing.is_met_by(None) && !Wanted::Unknown.is_met_by(Some(Level::Passkey)));
    }

    #[test]
    fn what_comes_next_follows_what_is_wanted_and_what_there_is() {
        let nothing = Enrolled::default();
        let app = Enrolled { totp: true, recovery_codes: 3, ..nothing };
        let key = Enrolled { passkeys: 1, ..nothing };
        let codes = Enrolled { recovery_codes: 3, ..nothing };
        let mfa = Wanted::AtLeast(Level::MultiFactor);
        let passkey = Wanted::AtLeast(Level::Passkey);
        let table: [(&[Method], Enrolled, Wanted, Step); 14] = [
            (&[Password], nothing, Wanted::Nothing, Step::Enough),
            (&[Password], codes, Wanted::Nothing, Step::Enough),
            (&[Password], app, Wanted::Nothing, Step::SecondFactor),
            (&[Password], key, Wanted::Nothing, Step::SecondFactor),
            (&[Password, Totp], app, mfa, Step::Enough),
            (&[Password], nothing, mfa, Step::OutOfReach),
            (&[Password], app, passkey, Step::SecondFactor),
            (&[Password, Totp], app, passkey, Step::OutOfReach),
            (&[Password], key, passkey, Step::Passkey),
            (&[Passkey], key, passkey, Step::Enough),
            (&[Passkey], app, Wanted::Nothing, Step::Enough),
            (&[Upstream], app, Wanted::Nothing, Step::Enough),
            (&[Upstream], app, mfa, Step::SecondFactor),
            (&[Upstream, Totp], app, mfa, Step::Enough),
        ];
        for (done, enrolled, wanted, step) in table {
            assert_eq!(next_step(done, enrolled, wanted), step, "{done:?} {enrolled:?} {wanted:?}");
        }
    }
}
