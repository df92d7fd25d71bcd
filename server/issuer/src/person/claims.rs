//! The standard claims about a person (OpenID Connect Core §5.1): which there are, and what each looks like.

use serde_json::{Map, Value};
use std::fmt;

/// What a claim must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Email,
    Phone,
    Url,
    Boolean,
    Birthdate,
    Zone,
    Locale,
    Address,
}

const CLAIMS: [(&str, Kind); 18] = [
    ("name", Kind::Text),
    ("given_name", Kind::Text),
    ("family_name", Kind::Text),
    ("middle_name", Kind::Text),
    ("nickname", Kind::Text),
    ("preferred_username", Kind::Text),
    ("profile", Kind::Url),
    ("picture", Kind::Url),
    ("website", Kind::Url),
    ("email", Kind::Email),
    ("email_verified", Kind::Boolean),
    ("gender", Kind::Text),
    ("birthdate", Kind::Birthdate),
    ("zoneinfo", Kind::Zone),
    ("locale", Kind::Locale),
    ("phone_number", Kind::Phone),
    ("phone_number_verified", Kind::Boolean),
    ("address", Kind::Address),
];

/// The claims that a person may have, without `sub` and `updated_at`, which the server sets.
pub const STANDARD_CLAIMS: [&str; 18] = {
    let mut names = [""; 18];
    let mut index = 0;
    while index < names.len() {
        names[index] = CLAIMS[index].0;
        index += 1;
    }
    names
};

/// The members of `address` (OpenID Connect Core §5.1.1).
const ADDRESS: [&str; 6] = ["formatted", "street_address", "locality", "region", "postal_code", "country"];

/// The longest text of a claim, in bytes; an address may have lines.
const TEXT_MAX: usize = 1024;

/// A claim that is not what OpenID Connect Core says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRefusal {
    /// The claim, as it was given; `address.locality` for a member of it.
    pub claim: String,
    /// What is wrong.
    pub detail: String,
}

impl fmt::Display for ClaimRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.claim, self.detail)
    }
}

/// Everything that is wrong with the claims about a person; nothing when they are good. A text may carry a language tag,
/// `name#de` (OpenID Connect Core §5.2).
pub fn check_claims(claims: &Map<String, Value>) -> Vec<ClaimRefusal> {
    let mut refusals = Vec::new();
    for (name, value) in claims {
        if let Err(detail) = check(name, value, &mut refusals) {
            refusals.push(ClaimRefusal { claim: name.clone(), detail });
        }
    }
    refusals
}

fn check(name: &str, value: &Value, refusals: &mut Vec<ClaimRefusal>) -> Result<(), String> {
    let (plain, tag) = match name.split_once('#') {
        Some((plain, tag)) => (plain, Some(tag)),
        None => (name, None),
    };
    let Some((_, kind)) = CLAIMS.iter().find(|(claim, _)| *claim == plain) else {
        return Err(match plain {
            "sub" | "updated_at" => "is set by the server".to_owned(),
            _ => "is not a standard claim of OpenID Connect; what is your own belongs to `attributes`".to_owned(),
        });
    };
    if let Some(tag) = tag {
        if !matches!(kind, Kind::Text | Kind::Url | Kind::Address) {
            return Err("is the same in every language".to_owned());
        }
        if !is_language_tag(tag) {
            return Err("has no BCP 47 language tag after `#`".to_owned());
        }
    }
    if *kind == Kind::Address {
        return address(name, value, refusals);
    }
    fits(*kind, value)
}

fn address(name: &str, value: &Value, refusals: &mut Vec<ClaimRefusal>) -> Result<(), String> {
    let members = value.as_object().ok_or("must be an object (OpenID Connect Core §5.1.1)")?;
    for (member, value) in members {
        let mut wrong = |detail: String| refusals.push(ClaimRefusal { claim: format!("{name}.{member}"), detail });
        if !ADDRESS.contains(&member.as_str()) {
            wrong(format!("is none of {}", ADDRESS.join(", ")));
        } else if let Err(detail) = text(value, true) {
            wrong(detail);
        }
    }
    Ok(())
}

fn fits(kind: Kind, value: &Value) -> Result<(), String> {
    let shaped = |good: fn(&str) -> bool, wanted: &str| {
        let text = text(value, false)?;
        if good(text) { Ok(()) } else { Err(wanted.to_owned()) }
    };
    match kind {
        Kind::Boolean => value.as_bool().map(drop).ok_or_else(|| "must be true or false".to_owned()),
        Kind::Text => text(value, false).map(drop),
        Kind::Email => shaped(is_email, "must be an e-mail address (RFC 5322 addr-spec)"),
        Kind::Phone => shaped(is_phone, "must be a phone number, best in the form +1 555 0100"),
        Kind::Url => shaped(is_web_url, "must be an http or https URL"),
        Kind::Birthdate => shaped(is_birthdate, "must be YYYY-MM-DD, 0000-MM-DD or YYYY"),
        Kind::Zone => shaped(is_zone, "must be a name of the tz database, like Europe/Paris"),
        Kind::Locale => shaped(is_language_tag, "must be a BCP 47 language tag, like de-CH"),
        Kind::Address => Err("must be an object".to_owned()),
    }
}

fn text(value: &Value, lines: bool) -> Result<&str, String> {
    let text = value.as_str().ok_or("must be a string")?;
    let printable = text.chars().all(|letter| !letter.is_control() || (lines && matches!(letter, '\n' | '\r')));
    if text.is_empty() || text.len() > TEXT_MAX || !printable {
        return Err(format!("must be 1 to {TEXT_MAX} bytes without control characters; leave out what is not known"));
    }
    Ok(text)
}

fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let host_is_good = !host.is_empty() && host.split('.').all(|label| !label.is_empty()) && !host.contains([' ', '@', ',', '<', '>']);
    text.len() <= 254 && !local.is_empty() && !local.contains([' ', '@', ',', '<', '>']) && host_is_good
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (3..=32).contains(&digits)
        && text.chars().enumerate().all(|(at, letter)| {
            letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '-' | '.' | '(' | ')' | ';' | '=') || (letter == '+' && at == 0)
        })
}

fn is_web_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !text.contains([' ', '"', '<', '>']))
}

fn is_birthdate(text: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let within = |text: &str, max: u8| digits(text, 2) && text.parse::<u8>().is_ok_and(|number| (1..=max).contains(&number));
    let mut parts = text.split('-');
    let year = parts.next().unwrap_or_default();
    match (parts.next(), parts.next(), parts.next()) {
        (None, None, None) => digits(year, 4),
        (Some(month), Some(day), None) => digits(year, 4) && within(month, 12) && within(day, 31),
        _ => false,
    }
}

fn is_zone(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    text.len() <= 64 && text.split('/').count() <= 3 && text.split('/').all(part)
}

/// The form of a BCP 47 tag (RFC 5646 §2.1): a language, and subtags of one to eight letters and digits. An underscore, which
/// some send, is refused.
fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=8).contains(&language.len()) || matches!(language, "x" | "i");
    is_language
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && text.len() <= 64
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(claims: Value) -> Vec<String> {
        let Value::Object(claims) = claims else { panic!("an object") };
        check_claims(&claims).into_iter().map(|refusal| refusal.claim).collect()
    }

    #[test]
    fn clm_004_claims_of_the_right_type_pass() {
        let claims = json!({
            "name": "Alice Ämter", "name#de": "Alice Ämter", "name#ja-Hani-JP": "有栖", "given_name": "Alice", "website#fr": "https://a.example/fr",
            "profile": "https://a.example/alice", "email": "alice@example.org", "email_verified": true, "gender": "female",
            "birthdate": "0000-02-29", "zoneinfo": "America/Argentina/Ushuaia", "locale": "de-CH",
            "phone_number": "+1 (604) 555-1234;ext=5678", "phone_number_verified": false,
            "address": { "street_address": "1 Way\r\nHouse", "country": "CH" }, "address#fr": { "locality": "Genève" },
        });
        assert_eq!(refused(claims), Vec::<String>::new());
        assert!(STANDARD_CLAIMS.contains(&"address") && !STANDARD_CLAIMS.contains(&"sub"));
    }

    #[test]
    fn clm_004_every_claim_of_another_type_is_refused_by_name() {
        let table = [
            json!({ "email_verified": "true" }),
            json!({ "phone_number_verified": 1 }),
            json!({ "updated_at": 1_700_000_000 }),
            json!({ "sub": "x" }),
            json!({ "address": "1 Way" }),
            json!({ "name": "" }),
            json!({ "name": null }),
            json!({ "name": ["a"] }),
            json!({ "name": "a\nb" }),
            json!({ "name#": "a" }),
            json!({ "name#de_CH": "a" }),
            json!({ "email#de": "a@b.example" }),
            json!({ "locale": "de_CH" }),
            json!({ "locale": "" }),
            json!({ "zoneinfo": "GMT+2:00" }),
            json!({ "zoneinfo": "/Europe" }),
            json!({ "birthdate": "1.2.1990" }),
            json!({ "birthdate": "1990-13-01" }),
            json!({ "birthdate": "1990-01" }),
            json!({ "email": "alice" }),
            json!({ "email": "a b@example.org" }),
            json!({ "phone_number": "call me" }),
            json!({ "picture": "javascript:alert(1)" }),
            json!({ "shoe_size": 43 }),
        ];
        for claims in table {
            assert_eq!(refused(claims.clone()).len(), 1, "{claims}");
        }
        assert_eq!(refused(json!({ "address": { "planet": "x", "region": 1 } })), ["address.planet", "address.region"]);
    }
}
