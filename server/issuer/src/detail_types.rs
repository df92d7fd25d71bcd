//! The types of authorization details that a deployment knows ([RFC 9396 §2.1](https://www.rfc-editor.org/rfc/rfc9396#section-2.1)),
//! and what each wants of its members (§5).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// Says where an element does not fit its type: the member's place, with dots; nothing where it fits.
pub type DetailCheck = Box<dyn Fn(&Value) -> Option<String> + Send + Sync>;

/// The longest place that is named, in bytes.
const PLACE_MAX: usize = 100;

/// The types that are known. Where the operator named none, a type is whatever a client was registered for, and its members are
/// between the client and its resources.
#[derive(Clone, Default)]
pub struct DetailTypes(Option<Arc<BTreeMap<Box<str>, DetailCheck>>>);

impl DetailTypes {
    /// These types and no others.
    pub fn of(types: BTreeMap<Box<str>, DetailCheck>) -> Self {
        Self(Some(Arc::new(types)))
    }

    /// The names of the types in the order of their letters; nothing where the operator named none.
    pub fn names(&self) -> Option<Vec<&str>> {
        self.0.as_ref().map(|types| types.keys().map(AsRef::as_ref).collect())
    }

    /// Whether there may be such a type.
    pub fn knows(&self, kind: &str) -> bool {
        self.0.as_ref().is_none_or(|types| types.contains_key(kind))
    }

    /// Where an element does not fit its type.
    pub fn misfit(&self, kind: &str, detail: &Value) -> Option<String> {
        let place = self.0.as_ref()?.get(kind)?(detail)?;
        // Security: names of members are the client's text, and error descriptions have their characters (RFC 6749 §5.2).
        let legal = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '?' };
        Some(place.chars().map(legal).take(PLACE_MAX).collect())
    }
}

impl fmt::Debug for DetailTypes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("DetailTypes").field(&self.names()).finish()
    }
}
