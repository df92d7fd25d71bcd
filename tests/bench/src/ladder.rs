//! The ladder: a real server, set up through its admin API, climbed rung by rung in one run, and held against the parts.

pub mod admin;
pub mod peer;
pub mod people;
pub mod plugins;
pub mod processes;
pub mod table;

/// Says on standard error what is being done.
#[allow(clippy::print_stderr, reason = "progress is for the person at the terminal")]
pub fn say(what: &str) {
    eprintln!("» {what}");
}

/// The least of some numbers.
pub fn least(numbers: impl IntoIterator<Item = f64>) -> f64 {
    numbers.into_iter().fold(f64::INFINITY, f64::min)
}

/// The median of some numbers.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
