//! base64url without padding: the one text form of bytes in JOSE (RFC 7515 §2, Appendix C).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The text is not canonical unpadded base64url: a foreign character, padding, whitespace, an impossible length, or
/// bits set beyond the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not unpadded base64url")]
pub struct MalformedBase64url;

/// Encodes bytes as text.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The length of the text that `bytes` bytes make.
pub const fn encoded_len(bytes: usize) -> usize {
    bytes / 3 * 4
        + match bytes % 3 {
            0 => 0,
            1 => 2,
            _ => 3,
        }
}

/// Appends the text form of `bytes` to `out`, without an intermediate allocation.
pub fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + encoded_len(bytes.len()), 0);
    URL_SAFE_NO_PAD.encode_slice(bytes, &mut out[start..]).expect("the buffer has the encoded length");
}

/// Replaces the bytes of `out` from `start` on by their text form; no other buffer is allocated.
pub fn encode_tail(out: &mut Vec<u8>, start: usize) {
    let middle = out.len();
    let text = encoded_len(middle - start);
    out.resize(middle + text, 0);
    let (raw, encoded) = out.split_at_mut(middle);
    URL_SAFE_NO_PAD.encode_slice(&raw[start..], encoded).expect("the buffer has the encoded length");
    out.copy_within(middle.., start);
    out.truncate(start + text);
}

/// Decodes text to bytes, strictly: one text per byte string, so that two spellings of one token do not exist.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, MalformedBase64url> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| MalformedBase64url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7515_appendix_c() {
        assert_eq!(encode([3, 236, 255, 224, 193]), "A-z_4ME");
        assert_eq!(decode("A-z_4ME").unwrap(), [3, 236, 255, 224, 193]);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["A-z_4ME=", "A-z_4M E", "A-z_4MF", "A+z/4ME", "A", "\nA-z_4ME", "A-z_4ME\n"] {
            assert_eq!(decode(text), Err(MalformedBase64url), "{text:?}");
        }
    }

    #[test]
    fn the_three_encoders_agree() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..bytes.len() {
            let expected = encode(&bytes[..length]);
            assert_eq!(expected.len(), encoded_len(length));
            let mut appended = b"head.".to_vec();
            encode_into(&bytes[..length], &mut appended);
            let mut in_place = b"head.".to_vec();
            in_place.extend_from_slice(&bytes[..length]);
            encode_tail(&mut in_place, 5);
            assert_eq!(appended, in_place);
            assert_eq!(&appended[5..], expected.as_bytes());
        }
    }
}
