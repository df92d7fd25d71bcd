//! Hours of the week, in UTC.

use serde::Deserialize;
use serde::de::Error;

const DAY: u64 = 24 * 60;

/// From an hour to an hour on some days of the week. A window whose end is not after its beginning ends on the next day.
#[derive(Debug, Deserialize)]
pub(crate) struct Window {
    #[serde(default = "Weekday::every")]
    days: Vec<Weekday>,
    from: Minute,
    to: Minute,
}

/// A day of the week; the order is that of the days since 1970-01-01, a Thursday.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Weekday {
    Thu,
    Fri,
    Sat,
    Sun,
    Mon,
    Tue,
    Wed,
}

impl Weekday {
    const ALL: [Self; 7] = [Self::Thu, Self::Fri, Self::Sat, Self::Sun, Self::Mon, Self::Tue, Self::Wed];

    fn every() -> Vec<Self> {
        Self::ALL.to_vec()
    }

    /// The weekday of a day, counted from 1970-01-01.
    fn of(day: u64) -> Self {
        Self::ALL[(day % 7) as usize]
    }
}

/// Minutes since midnight, 0 to 1440; written `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Minute(u64);

impl Minute {
    fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !two_digits(hours) || !two_digits(minutes) {
            return None;
        }
        let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
        let minute = hours * 60 + minutes;
        (minutes < 60 && minute <= DAY).then_some(Self(minute))
    }
}

impl<'text> Deserialize<'text> for Minute {
    fn deserialize<D: serde::Deserializer<'text>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no hour; write 00:00 to 24:00")))
    }
}

impl Window {
    /// Whether an instant, in seconds since 1970-01-01T00:00:00Z, is in the window. The end is not in it.
    pub(crate) fn is_open(&self, now: u64) -> bool {
        let (day, minute) = (now / 60 / DAY, Minute(now / 60 % DAY));
        let today = self.days.contains(&Weekday::of(day));
        if self.from < self.to {
            return today && self.from <= minute && minute < self.to;
        }
        let yesterday = self.days.contains(&Weekday::of(day + 6));
        (today && self.from <= minute) || (yesterday && minute < self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::{Minute, Window};

    /// 2026-01-02T00:00:00Z, a Friday.
    const FRIDAY: u64 = 1_767_312_000;

    fn window(json: serde_json::Value) -> Window {
        serde_json::from_value(json).expect("a window")
    }

    fn at(day: u64, hours: u64, minutes: u64) -> u64 {
        FRIDAY + ((day * 24 + hours) * 60 + minutes) * 60
    }

    #[test]
    fn the_end_is_not_in_the_window() {
        let window = window(serde_json::json!({"days": ["fri"], "from": "08:00", "to": "18:00"}));
        let cases = [(at(0, 7, 59), false), (at(0, 8, 0), true), (at(0, 17, 59), true), (at(0, 18, 0), false), (at(1, 9, 0), false)];
        for (now, open) in cases {
            assert_eq!(window.is_open(now), open, "{now}");
        }
    }

    #[test]
    fn a_night_belongs_to_the_day_it_began_on() {
        let window = window(serde_json::json!({"days": ["fri"], "from": "22:00", "to": "06:00"}));
        let cases = [(at(0, 5, 0), false), (at(0, 22, 0), true), (at(1, 5, 59), true), (at(1, 6, 0), false), (at(1, 22, 0), false)];
        for (now, open) in cases {
            assert_eq!(window.is_open(now), open, "{now}");
        }
    }

    #[test]
    fn a_window_without_days_is_for_every_day() {
        let window = window(serde_json::json!({"from": "00:00", "to": "24:00"}));
        assert!((0..7).all(|day| window.is_open(at(day, 12, 0))));
    }

    #[test]
    fn an_hour_has_four_digits() {
        assert_eq!(Minute::parse("24:00"), Some(Minute(1440)));
        for text in ["24:01", "8:00", "08:60", "08", "+8:00", "08:0a", ""] {
            assert_eq!(Minute::parse(text), None, "{text}");
        }
    }
}
