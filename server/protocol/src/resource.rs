//! Resource indicators (RFC 8707).

/// The longest resource indicator we read, in bytes.
pub const RESOURCE_LENGTH_MAX: usize = 2048;

/// Why a text is no resource indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a resource is an absolute URI without a fragment, of at most {RESOURCE_LENGTH_MAX} bytes")]
pub struct InvalidResource;

/// Checks that `text` is an absolute URI without a fragment ([RFC 8707 §2](https://www.rfc-editor.org/rfc/rfc8707#section-2)).
///
/// The text itself is the identifier: it is compared byte by byte and never normalised.
pub fn check_resource(text: &str) -> Result<&str, InvalidResource> {
    let printable = text
        .bytes()
        .all(|byte| (0x21..=0x7e).contains(&byte) && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'));
    if text.is_empty() || text.len() > RESOURCE_LENGTH_MAX || !printable || text.contains('#') {
        return Err(InvalidResource);
    }
    // `Url::parse` refuses relative references: there is no base to resolve them against.
    let uri = url::Url::parse(text).map_err(|_| InvalidResource)?;
    let has_content = uri.has_host() || !uri.path().is_empty();
    if has_content { Ok(text) } else { Err(InvalidResource) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn res_001_a_resource_is_an_absolute_uri_without_fragment() {
        for good in ["https://api.example", "https://api.example/v1?tenant=a", "urn:example:orders", "app://local"] {
            assert_eq!(check_resource(good), Ok(good));
        }
        for bad in
            ["", "api", "/v1", "//api.example", "https://api.example#x", "https://api.example#", "https://api example", "a b:c", "urn:"]
        {
            assert_eq!(check_resource(bad), Err(InvalidResource), "{bad}");
        }
    }

    #[test]
    fn res_001_each_character_and_the_length_count() {
        for byte in (0_u8..=0x20).chain(*b"\"<>\\^`{|}").chain(0x7f..=0xff) {
            let uri = format!("https://api.example/a{}b", char::from(byte));
            assert_eq!(check_resource(&uri), Err(InvalidResource), "{byte:#x}");
        }
        let uri = |length: usize| format!("urn:{}", "x".repeat(length - 4));
        assert!(check_resource(&uri(RESOURCE_LENGTH_MAX)).is_ok());
        assert_eq!(check_resource(&uri(RESOURCE_LENGTH_MAX + 1)), Err(InvalidResource));
        assert!(check_resource("https://api.example/!~$").is_ok());
    }
}
