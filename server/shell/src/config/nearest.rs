//! Settings that nobody knows, and what was probably meant.

use super::problem::Problem;
use super::raw::Entries;
use super::table::Descriptor;

/// A problem for each entry that no setting has taken. Security: never with its value, which may be a secret.
pub(super) fn unknown(entries: &Entries, known: &[Descriptor]) -> Vec<Problem> {
    let problem = |name: &String| {
        let origin = entries[name].origin.clone();
        Problem { origin, setting: name.clone(), message: advice(name, known) }
    };
    entries.keys().map(problem).collect()
}

fn advice(name: &str, known: &[Descriptor]) -> String {
    let is_known = |wanted: &str| known.iter().any(|setting| setting.name == wanted);
    let as_file = format!("{name}_file");
    if is_known(&as_file) {
        return format!("secrets and keys are never values: put it into a file and name that file in {as_file}");
    }
    if known.iter().any(|setting| setting.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))) {
        return "this is a section, not a setting".to_owned();
    }
    match nearest(name, known) {
        Some(near) => format!("unknown setting; did you mean {near}?"),
        None => "unknown setting; `claimsmith config reference` prints all there are".to_owned(),
    }
}

/// The known name with the fewest changes of letters, if they are few; or the same key in another section.
fn nearest<'a>(name: &str, known: &'a [Descriptor]) -> Option<&'a str> {
    let last = |name: &'a str| name.rsplit('.').next().unwrap_or(name);
    let ranked = known.iter().map(|setting| (strsim::damerau_levenshtein(name, &setting.name), setting.name.as_str()));
    let (distance, near) = ranked.min()?;
    if distance <= (near.len() / 3).max(2) {
        return Some(near);
    }
    let key = name.rsplit('.').next().unwrap_or(name);
    known.iter().map(|setting| setting.name.as_str()).find(|known| last(known) == key)
}
