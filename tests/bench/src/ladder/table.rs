//! The table of a run.

use std::fmt::Write;

/// What was measured, held against its target.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<String>,
    missed: Vec<String>,
    plain: Vec<String>,
}

impl Table {
    /// A row whose target is a ratio: `measured` over `against` must not exceed `target`.
    pub fn at_most(&mut self, what: &str, target: f64, measured: f64, against: f64, unit: &str) {
        let ratio = measured / against;
        let met = ratio <= target;
        let shown = format!("{} against {}", number(measured, unit), number(against, unit));
        self.row(what, &format!("≤ {target} ×"), &shown, &format!("{ratio:.2} ×"), met);
    }

    /// A row whose target is a ratio that must be reached.
    pub fn at_least(&mut self, what: &str, target: f64, measured: f64, against: f64, unit: &str) {
        let ratio = measured / against;
        let shown = format!("{} against {}", number(measured, unit), number(against, unit));
        self.row(what, &format!("≥ {target} ×"), &shown, &format!("{ratio:.1} ×"), ratio >= target);
    }

    /// A row whose target is a bound.
    pub fn bound(&mut self, what: &str, target: f64, measured: f64, unit: &str) {
        self.row(what, &format!("≤ {}", number(target, unit)), &number(measured, unit), "–", measured <= target);
    }

    /// A row whose target is a floor.
    pub fn floor(&mut self, what: &str, target: f64, measured: f64, unit: &str) {
        self.row(what, &format!("≥ {}", number(target, unit)), &number(measured, unit), "–", measured >= target);
    }

    /// A row that should be nothing at all; a hundredth is noise of the counting.
    pub fn none(&mut self, what: &str, measured: f64) {
        self.row(what, "0", &number(measured, ""), "–", measured < 0.01);
    }

    /// A row that could not be measured here, and why.
    pub fn skip(&mut self, what: &str, target: &str, why: &str) {
        self.rows.push(format!("| {what} | {target} | SKIP: {why} | – | not measured |"));
    }

    /// A number without a target.
    pub fn plain(&mut self, what: &str, measured: f64, unit: &str) {
        self.plain.push(format!("| {what} | {} |", number(measured, unit)));
    }

    fn row(&mut self, what: &str, target: &str, measured: &str, ratio: &str, met: bool) {
        let verdict = if met { "met" } else { "**missed**" };
        self.rows.push(format!("| {what} | {target} | {measured} | {ratio} | {verdict} |"));
        if !met {
            self.missed.push(what.to_owned());
        }
    }

    /// The table in Markdown, with a line about the machine above it.
    pub fn render(&self, machine: &str) -> String {
        let mut out = format!("{machine}\n\n| what | target | measured | ratio | |\n|---|---|---|---|---|\n");
        for row in &self.rows {
            let _ = writeln!(out, "{row}");
        }
        let _ = writeln!(out, "\n| number | measured |\n|---|---|");
        for row in &self.plain {
            let _ = writeln!(out, "{row}");
        }
        let missed = if self.missed.is_empty() { "none".to_owned() } else { self.missed.join("; ") };
        let _ = writeln!(out, "\nMissed: {missed}.");
        out
    }
}

/// A number with as many digits as it deserves.
fn number(value: f64, unit: &str) -> String {
    let text = match value.abs() {
        size if size >= 1_000.0 => {
            let whole = format!("{value:.0}");
            let mut grouped = String::new();
            for (index, digit) in whole.chars().enumerate() {
                if index > 0 && (whole.len() - index).is_multiple_of(3) {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            grouped
        }
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    if unit.is_empty() { text } else { format!("{text} {unit}") }
}
