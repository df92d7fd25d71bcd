//! The known word that somebody most likely meant.

/// The nearest of `known` by edits, if it is near enough to be a slip: a third of the word, at least one edit.
pub(crate) fn nearest<'k>(text: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let allowed = (text.chars().count() / 3).max(1);
    known
        .map(|word| (distance(text, word), word))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, word)| word)
}

/// Letters are compared without case. Words of more than 64 letters are far from everything.
fn distance(one: &str, other: &str) -> usize {
    if one.len() > 64 || other.len() > 64 {
        return usize::MAX;
    }
    strsim::damerau_levenshtein(&one.to_ascii_lowercase(), &other.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["client_name", "grant_types", "scope", "tags"];
        let near = |text| nearest(text, known.into_iter());
        assert_eq!(near("client_nam"), Some("client_name"));
        assert_eq!(near("scopes"), Some("scope"));
        assert_eq!(near("grantTypes"), Some("grant_types"));
        assert_eq!(near("redirect_uris"), None);
        assert_eq!(near(&"x".repeat(500)), None);
    }
}
