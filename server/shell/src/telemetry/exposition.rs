//! Prometheus' text format, version 0.0.4: what `/metrics` answers.

use std::fmt::Write;

/// The media type of what an [`Encoder`] writes.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a family of samples is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts by upper bound, with sum and count.
    Histogram,
}

/// Writes families of samples, one after the other.
#[derive(Debug, Default)]
pub struct Encoder {
    out: String,
    family: String,
}

/// Names and values of labels. Names are ours; values may be anything and are escaped.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

impl Encoder {
    /// Begins a family: `name` in full, without `_bucket`, `_sum` and `_count`; `help` in one line. Each name once.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = write!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        name.clone_into(&mut self.family);
    }

    /// A sample of the family begun last.
    pub fn sample(&mut self, labels: Labels<'_>, value: u64) {
        self.line("", labels, None, &value);
    }

    /// A sample of the family begun last that is not a whole number.
    pub fn fraction(&mut self, labels: Labels<'_>, value: f64) {
        self.line("", labels, None, &value);
    }

    /// A family of one sample without labels.
    pub fn single(&mut self, name: &str, kind: Kind, help: &str, value: u64) {
        self.family(name, kind, help);
        self.sample(&[], value);
    }

    /// The samples of one histogram: counts up to each bound, which grow, all of them, and their sum.
    pub(super) fn distribution(&mut self, labels: Labels<'_>, buckets: &[(f64, u64)], count: u64, sum: f64) {
        for (bound, below) in buckets {
            self.line("_bucket", labels, Some(&bound.to_string()), below);
        }
        self.line("_bucket", labels, Some("+Inf"), &count);
        self.line("_sum", labels, None, &sum);
        self.line("_count", labels, None, &count);
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, bound: Option<&str>, value: &dyn std::fmt::Display) {
        self.out.push_str(&self.family);
        self.out.push_str(suffix);
        let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        let mut separator = '{';
        for (name, text) in all {
            self.out.push(separator);
            let _ = write!(self.out, "{name}=\"");
            self.escaped(text);
            self.out.push('"');
            separator = ',';
        }
        if separator == ',' {
            self.out.push('}');
        }
        let _ = writeln!(self.out, " {value}");
    }

    fn escaped(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '\\' => self.out.push_str("\\\\"),
                '"' => self.out.push_str("\\\""),
                '\n' => self.out.push_str("\\n"),
                other => self.out.push(other),
            }
        }
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.out
    }
}

#[cfg(test)]
pub(super) mod check {
    use std::collections::{HashMap, HashSet};

    /// Reads an exposition strictly, and gives back its samples by name and labels.
    pub(in crate::telemetry) fn samples(text: &str) -> HashMap<String, f64> {
        assert!(text.ends_with('\n'), "the last line ends");
        let (mut families, mut family, mut samples) = (HashSet::new(), String::new(), HashMap::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("name and kind");
                assert!(families.insert(name.to_owned()), "{name} twice");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(kind != "counter" || name.ends_with("_total"), "{name} is a counter");
                name.clone_into(&mut family);
            } else if !line.starts_with("# HELP ") {
                let (series, value) = line.rsplit_once(' ').expect("series and value");
                let name = series.split('{').next().expect("a name");
                let suffix = name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line} is not of {family}"));
                assert!(["", "_bucket", "_sum", "_count"].contains(&suffix), "{line}");
                labels(series);
                let value = value.parse().unwrap_or_else(|_| panic!("{line}: no number"));
                assert!(samples.insert(series.to_owned(), value).is_none(), "{series} twice");
            }
        }
        samples
    }

    /// Checks the labels of a series.
    fn labels(series: &str) {
        let Some((_, rest)) = series.split_once('{') else { return };
        let mut rest = rest.strip_suffix('}').expect("closed");
        while !rest.is_empty() {
            let (name, after) = rest.split_once("=\"").expect("name and value");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{series}");
            let (mut end, mut escape) = (None, false);
            for (at, letter) in after.char_indices() {
                match letter {
                    _ if escape => {
                        escape = !{
                            assert!("\\\"n".contains(letter), "{series}");
                            true
                        }
                    }
                    '\\' => escape = true,
                    '"' => {
                        end = Some(at);
                        break;
                    }
                    _ => {}
                }
            }
            rest = &after[end.expect("the value ends") + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_labels_are_escaped() {
        let mut encoder = Encoder::default();
        encoder.family("a_total", Kind::Counter, "help");
        encoder.sample(&[("client", "a\"} 1\nb\\")], 7);
        let text = encoder.finish();
        assert_eq!(text, "# HELP a_total help\n# TYPE a_total counter\na_total{client=\"a\\\"} 1\\nb\\\\\"} 7\n");
        assert_eq!(check::samples(&text).len(), 1);
    }
}
