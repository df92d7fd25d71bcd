//! Targets of requests, as proofs name them (`htu`, RFC 9449 §4.2).

use url::Url;

/// An https URL in its one spelling, without query and fragment (RFC 3986 §6.2.2, §6.2.3): scheme and host in lower case, the
/// default port left out, dots and needless percent-encodings resolved. Nothing where the text is no such URL, or names a user.
pub fn normalise(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    if url.scheme() != "https" || url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = unescape(url.path());
    url.set_path(&path);
    Some(url.into())
}

/// Percent-encodings of unreserved characters become these; all others are written in capitals (RFC 3986 §6.2.2.1, §6.2.2.2).
fn unescape(path: &str) -> String {
    let mut parts = path.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                out.push(char::from(byte));
                out.push_str(&part[2..]);
            }
            Some(byte) => out.push_str(&format!("%{byte:02X}{}", &part[2..])),
            None => {
                out.push('%');
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpo_011_one_target_has_one_spelling() {
        for text in [
            "https://id.example/oauth2/token",
            "HTTPS://ID.EXAMPLE/oauth2/token",
            "https://id.example:443/oauth2/token",
            "https://id.example/oauth2/token?a=b",
            "https://id.example/oauth2/token#part",
            "https://id.example/oauth2/./x/../token",
            "https://id.example/oauth2/%74oken",
        ] {
            assert_eq!(normalise(text).as_deref(), Some("https://id.example/oauth2/token"), "{text}");
        }
        assert_eq!(normalise("https://id.example").as_deref(), Some("https://id.example/"));
        assert_eq!(normalise("https://id.example/%e4%2f").as_deref(), Some("https://id.example/%E4%2F"));
    }

    #[test]
    fn dpo_011_other_targets_stay_others_and_what_is_none_is_refused() {
        for text in ["https://id.example/oauth2/Token", "https://id.example:8443/oauth2/token", "https://id.example/oauth2/token/"] {
            assert_ne!(normalise(text).as_deref(), Some("https://id.example/oauth2/token"), "{text}");
        }
        for text in
            ["", "/oauth2/token", "http://id.example/", "https://", "https://me@id.example/", "https://me:pw@id.example/", "::", "urn:a"]
        {
            assert_eq!(normalise(text), None, "{text}");
        }
    }
}
