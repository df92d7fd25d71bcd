//! The operator's colour, made readable: WCAG 2.2 §1.4.3 and §1.4.11 hold whatever colour it is.

use std::fmt;
use std::str::FromStr;

/// A colour in sRGB, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// The cards on which coloured text stands, in light and in dark.
const CARDS: [Colour; 2] = [Colour([0xff, 0xff, 0xff]), Colour([0x1b, 0x1f, 0x27])];

/// Text on its ground (WCAG 2.2 §1.4.3), with a little to spare for the tinted grounds around a card.
const READABLE: f64 = 5.0;

impl FromStr for Colour {
    type Err = String;

    fn from_str(text: &str) -> Result<Colour, String> {
        let wrong = || "expected a colour such as #2456d6".to_owned();
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = u32::from_str_radix(digits.ok_or_else(wrong)?, 16).map_err(|_| wrong())?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Colour([red, green, blue]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(out, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// Relative luminance (WCAG 2.2, glossary).
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Contrast ratio, from 1 to 21 (WCAG 2.2, glossary).
    fn contrast(self, other: Colour) -> f64 {
        let (one, two) = (self.luminance() + 0.05, other.luminance() + 0.05);
        one.max(two) / one.min(two)
    }

    /// The colour moved towards `end` by a share of 0 to 1.
    fn towards(self, end: Colour, share: f64) -> Colour {
        let mut mixed = self.0;
        for (part, end) in mixed.iter_mut().zip(end.0) {
            *part = (f64::from(*part) + (f64::from(end) - f64::from(*part)) * share).round() as u8;
        }
        Colour(mixed)
    }

    /// The nearest colour towards `end` that is readable on `ground`.
    fn readable(self, ground: Colour, end: Colour) -> Colour {
        let steps = (0..=50).map(|step| self.towards(end, f64::from(step) / 50.0));
        steps.into_iter().find(|colour| colour.contrast(ground) >= READABLE).unwrap_or(end)
    }

    /// The style sheet that gives the pages this colour, in light and in dark.
    pub(super) fn style_sheet(self) -> String {
        const BLACK: Colour = Colour([0, 0, 0]);
        const WHITE: Colour = Colour([0xff, 0xff, 0xff]);
        let (light, dark) = (self.readable(CARDS[0], BLACK), self.readable(CARDS[1], WHITE));
        let on = |colour: Colour| if colour.contrast(WHITE) >= colour.contrast(BLACK) { WHITE } else { BLACK };
        let rule = |colour: Colour, end: Colour| {
            format!(":root {{ --accent: {colour}; --accent-strong: {}; --on-accent: {}; }}", colour.towards(end, 0.14), on(colour))
        };
        format!("{}\n@media (prefers-color-scheme: dark) {{ {} }}\n", rule(light, BLACK), rule(dark, WHITE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_made_readable() {
        for text in ["#000000", "#ffffff", "#ffff00", "#2456d6", "#ff0000", "#7f7f7f", "#00ff88"] {
            let colour: Colour = text.parse().unwrap();
            let (light, dark) = (colour.readable(CARDS[0], Colour([0; 3])), colour.readable(CARDS[1], Colour([255; 3])));
            assert!(light.contrast(CARDS[0]) >= 4.5 && dark.contrast(CARDS[1]) >= 4.5, "{text}: {light} {dark}");
        }
        let same: Colour = "#2456d6".parse().unwrap();
        assert_eq!(same.readable(CARDS[0], Colour([0; 3])), same);
    }

    #[test]
    fn colours_are_six_digits() {
        for wrong in ["", "#fff", "2456d6", "#2456dg", "red", "#2456d6;"] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
        assert_eq!("#ABCDEF".parse::<Colour>().unwrap().to_string(), "#abcdef");
    }
}
