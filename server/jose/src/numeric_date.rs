//! NumericDate claims: seconds since 1970-01-01T00:00:00Z (RFC 7519 §2).

use serde_json::{Map, Value};

/// The last second of the year 9999: whatever lies beyond is no date (milliseconds, most often).
const END_OF_TIME: i64 = 253_402_300_799;

/// A date claim that is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NumericDateRefusal {
    /// A string, boolean, null, array or object.
    #[error("a date claim is not a number")]
    NotANumber,
    /// Before 1970, or after the year 9999 (milliseconds, most often).
    #[error("a date claim is out of range; dates are seconds since 1970")]
    OutOfRange,
}

/// Reads the member `name` of `claims` as whole seconds since 1970; `None` when it is absent. A fraction of a second,
/// which RFC 7519 §2 allows, is cut off.
pub fn numeric_date(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, NumericDateRefusal> {
    let number = match claims.get(name) {
        None => return Ok(None),
        Some(Value::Number(number)) => number,
        Some(_) => return Err(NumericDateRefusal::NotANumber),
    };
    let seconds = match (number.as_i64(), number.as_f64()) {
        (Some(seconds), _) => seconds,
        // A cast from f64 saturates, so that whatever is too large stays out of range.
        (None, Some(seconds)) => seconds.floor() as i64,
        (None, None) => return Err(NumericDateRefusal::OutOfRange),
    };
    if (0..=END_OF_TIME).contains(&seconds) { Ok(Some(seconds)) } else { Err(NumericDateRefusal::OutOfRange) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Option<i64>, NumericDateRefusal> {
        let claims = serde_json::from_str(&format!("{{\"exp\":{json}}}")).unwrap();
        numeric_date(&claims, "exp")
    }

    #[test]
    fn seconds_are_read() {
        assert_eq!(read("0"), Ok(Some(0)));
        assert_eq!(read("1763800000"), Ok(Some(1_763_800_000)));
        assert_eq!(read("1763800000.9"), Ok(Some(1_763_800_000)));
        assert_eq!(read("1.7638e9"), Ok(Some(1_763_800_000)));
        assert_eq!(read("253402300799"), Ok(Some(END_OF_TIME)));
        assert_eq!(numeric_date(&Map::new(), "exp"), Ok(None));
    }

    #[test]
    fn jbp_012_other_types_are_no_dates() {
        for json in ["\"1763800000\"", "true", "null", "[1763800000]", "{}"] {
            assert_eq!(read(json), Err(NumericDateRefusal::NotANumber), "{json}");
        }
    }

    #[test]
    fn jbp_012_absurd_numbers_are_no_dates() {
        for json in ["-1", "-0.5", "1763800000000", "253402300800", "18446744073709551615", "1e300", "-1e300"] {
            assert_eq!(read(json), Err(NumericDateRefusal::OutOfRange), "{json}");
        }
    }
}
