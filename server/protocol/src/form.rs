//! `application/x-www-form-urlencoded` bodies, read strictly (RFC 6749 App. B).

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// The most parameters that one request may carry.
pub const PARAMETERS_MAX: usize = 100;

/// Why a body is no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidForm {
    /// A `%` without two hexadecimal digits behind it.
    #[error("a parameter has a broken percent-encoding")]
    Encoding,
    /// Bytes that are no UTF-8.
    #[error("a parameter is not UTF-8")]
    Utf8,
    /// A parameter that stands twice.
    #[error("a parameter is repeated")]
    Repeated,
    /// More than [`PARAMETERS_MAX`].
    #[error("there are more than {PARAMETERS_MAX} parameters")]
    TooMany,
}

/// The parameters of a request in their order. An empty value counts as absent (RFC 6749 §3.2).
#[derive(Clone, Default)]
pub struct Form<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Form<'a> {
    /// Reads a body. A name may stand once only, but for those in `repeatable`
    /// ([RFC 6749 §3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
    pub fn parse(body: &'a [u8], repeatable: &[&str]) -> Result<Self, InvalidForm> {
        Self::read(body, |name| repeatable.contains(&name))
    }

    fn read(body: &'a [u8], may_repeat: impl Fn(&str) -> bool) -> Result<Self, InvalidForm> {
        let mut form = Self(Vec::with_capacity(8));
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &pair[pair.len()..]),
            };
            let name = decode(name)?;
            if form.0.len() == PARAMETERS_MAX {
                return Err(InvalidForm::TooMany);
            }
            if form.0.iter().any(|(held, _)| *held == name) && !may_repeat(name.as_ref()) {
                return Err(InvalidForm::Repeated);
            }
            form.0.push((name, decode(value)?));
        }
        Ok(form)
    }

    /// Reads a body in which any name may stand more than once; who uses it says which may not.
    pub fn parse_repeated(body: &'a [u8]) -> Result<Self, InvalidForm> {
        Self::read(body, |_| true)
    }

    /// The value of a parameter, absent when it is empty.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(held, value)| *held == name && !value.is_empty()).map(|(_, value)| value.as_ref())
    }

    /// The values of a parameter that may be repeated, empty ones left out.
    pub fn all<'s>(&'s self, name: &'static str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(held, value)| *held == name && !value.is_empty()).map(|(_, value)| value.as_ref())
    }

    /// Every parameter in order, empty ones left out.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

/// Security: values are credentials as often as not, so only names are shown.
impl std::fmt::Debug for Form<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Decodes one name or value: `+` is a space, `%XX` a byte, the whole UTF-8.
pub fn decode(text: &[u8]) -> Result<Cow<'_, str>, InvalidForm> {
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return std::str::from_utf8(text).map(Cow::Borrowed).map_err(|_| InvalidForm::Utf8);
    }
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = &rest[at + 3..],
            _ => return Err(InvalidForm::Encoding),
        }
    }
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let bytes: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| InvalidForm::Utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Form<'_>, InvalidForm> {
        Form::parse(body.as_bytes(), &["resource"])
    }

    #[test]
    fn net_015_broken_encodings_are_refused() {
        assert_eq!(Form::parse(b"grant_type=%ff%fe", &[]).err(), Some(InvalidForm::Utf8));
        assert_eq!(Form::parse(b"grant_type=\xff", &[]).err(), Some(InvalidForm::Utf8));
        for body in ["code=%zz", "code=%", "code=%4", "%=a", "a=%+1"] {
            assert_eq!(parse(body).err(), Some(InvalidForm::Encoding), "{body}");
        }
    }

    #[test]
    fn net_016_plus_and_percent_20_are_spaces_and_percent_2b_is_a_plus() {
        let form = parse("a=x+y&b=x%20y&c=x%2By").expect("well formed");
        assert_eq!([form.one("a"), form.one("b"), form.one("c")], [Some("x y"), Some("x y"), Some("x+y")]);
    }

    #[test]
    fn tok_004_a_repeated_parameter_is_refused_but_for_resource() {
        assert_eq!(parse("scope=a&scope=a").err(), Some(InvalidForm::Repeated));
        assert_eq!(parse("scope=&scope=a").err(), Some(InvalidForm::Repeated));
        assert_eq!(parse("s%63ope=a&scope=a").err(), Some(InvalidForm::Repeated));
        let form = parse("resource=urn:a:1&resource=urn:b:2").expect("resource may stand twice");
        assert_eq!(form.all("resource").collect::<Vec<_>>(), ["urn:a:1", "urn:b:2"]);
    }

    #[test]
    fn tok_005_an_empty_value_counts_as_absent() {
        let form = parse("scope=&code&grant_type=x").expect("well formed");
        assert_eq!((form.one("scope"), form.one("code"), form.one("grant_type")), (None, None, Some("x")));
        assert_eq!(form.pairs().count(), 1);
    }

    #[test]
    fn net_010_the_number_of_parameters_is_bounded() {
        let body = (0..=PARAMETERS_MAX).map(|number| format!("p{number}=1")).collect::<Vec<_>>().join("&");
        assert_eq!(parse(&body).err(), Some(InvalidForm::TooMany));
    }

    #[test]
    fn debug_shows_names_only() {
        let form = parse("client_secret=hunter2").expect("well formed");
        assert_eq!(format!("{form:?}"), "[\"client_secret\"]");
    }

    #[test]
    fn net_015_one_good_escape_does_not_excuse_the_next() {
        for body in ["a=%20%zz", "a=%20b%4", "a=b%20%", "a=%20%2", "a=b%4gc%20", "a=bc%g4"] {
            assert_eq!(parse(body).err(), Some(InvalidForm::Encoding), "{body}");
        }
        let form = parse("a=%41b%43%44&b=x%3Dy").expect("well formed");
        assert_eq!([form.one("a"), form.one("b")], [Some("AbCD"), Some("x=y")]);
    }

    #[test]
    fn net_010_the_last_parameter_that_fits_is_read() {
        let body = (0..PARAMETERS_MAX).map(|number| format!("p{number}=1")).collect::<Vec<_>>().join("&&");
        let form = parse(&body).expect("full");
        assert_eq!((form.pairs().count(), form.one("p99")), (PARAMETERS_MAX, Some("1")));
    }

    #[test]
    fn empty_values_of_a_repeatable_parameter_are_left_out() {
        let form = parse("resource=&resource=urn:a:1&resource=").expect("well formed");
        assert_eq!(form.all("resource").collect::<Vec<_>>(), ["urn:a:1"]);
        assert_eq!(form.pairs().collect::<Vec<_>>(), [("resource", "urn:a:1")]);
    }
}
