//! `prompt` (OpenID Connect Core §3.1.2.1, Initiating User Registration via OpenID Connect 1.0).

/// What the client wants the person to be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Nothing at all.
    pub none: bool,
    /// To sign in again.
    pub login: bool,
    /// For consent again.
    pub consent: bool,
    /// Which account it is.
    pub select_account: bool,
}

impl Prompt {
    /// The values there are.
    pub const VALUES: [&'static str; 4] = ["none", "login", "consent", "select_account"];

    /// Reads a list of values; `none` stands alone.
    pub fn parse(text: &str) -> Option<Self> {
        let mut prompt = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                _ => return None,
            }
        }
        let others = prompt.login || prompt.consent || prompt.select_account;
        (!(prompt.none && others)).then_some(prompt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oar_003_none_stands_alone() {
        assert!(Prompt::parse("none").is_some_and(|prompt| prompt.none));
        for text in ["none login", "consent none", "none select_account"] {
            assert_eq!(Prompt::parse(text), None, "{text}");
        }
    }

    #[test]
    fn oar_006_unknown_values_are_refused() {
        for text in ["foo", "login foo", "Login"] {
            assert_eq!(Prompt::parse(text), None, "{text}");
        }
        assert!(
            Prompt::parse("login consent select_account").is_some_and(|prompt| prompt.login && prompt.consent && prompt.select_account)
        );
    }
}
