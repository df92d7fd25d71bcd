//! One definition for each setting: the `settings!` macro makes its field, its parser and its line in the reference.

use super::problem::{Origin, Problem};
use super::raw::{Entries, Raw};
use super::value::Setting;
use std::path::Path;

/// What the reference says of a setting.
#[derive(Debug, Clone)]
pub struct Descriptor {
    /// The section; empty for settings outside any.
    pub section: &'static str,
    /// The full name, such as `limits.connections`.
    pub name: String,
    /// The type and its unit.
    pub kind: String,
    /// The default as text; empty when there is none.
    pub default: &'static str,
    /// The smallest and the largest value.
    pub bounds: Option<(&'static str, &'static str)>,
    /// What it means.
    pub meaning: String,
    /// Whether a running server takes a new value (SIGHUP).
    pub live: bool,
}

/// A setting's value in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The full name.
    pub name: String,
    /// The value as TOML; `None` when it is not set.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Takes raw values apart, setting by setting, and gathers what is wrong.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) entries: Entries,
    pub(super) folder: &'a Path,
    pub(super) problems: Vec<Problem>,
    pub(super) effective: Vec<Effective>,
}

impl Reader<'_> {
    /// The value of a setting. Where it cannot be read, a problem is noted and the default goes on in its place.
    pub(super) fn take<T: Setting>(&mut self, name: String, default: &'static str, allow: fn(&T) -> bool, bounds: &str) -> T {
        let entry = self.entries.remove(&name);
        let origin = entry.as_ref().map_or(Origin::Default, |entry| entry.origin.clone());
        let read = match &entry {
            Some(entry) => T::read(&entry.raw, self.folder),
            None => Ok(self.default(default)),
        };
        let read = read.and_then(|value| if allow(&value) { Ok(value) } else { Err(format!("must be {bounds}")) });
        let value = read.unwrap_or_else(|message| {
            self.problems.push(Problem { origin: origin.clone(), setting: name.clone(), message });
            self.default(default)
        });
        self.effective.push(Effective { name, value: value.write(), origin });
        value
    }

    fn default<T: Setting>(&self, text: &'static str) -> T {
        let value = match text {
            "" => T::read(&Raw::Many(Vec::new()), self.folder).or_else(|_| T::read(&Raw::untyped("off"), self.folder)),
            text => T::read(&Raw::untyped(text), self.folder),
        };
        // Invariant: defaults are written in this crate, and a test reads every one of them.
        value.expect("the default of every setting can be read")
    }
}

/// A group of settings under one name.
pub(super) trait Section: Sized {
    fn read(reader: &mut Reader<'_>) -> Self;
    fn describe(out: &mut Vec<Descriptor>);
    /// The section's name and what it is about.
    fn about() -> (&'static str, String);
}

/// The full name of a setting.
pub(super) fn full_name(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// Declares sections. Each setting reads: meaning, `name: Type = "default" in "low" ..= "high", live;`, where the bounds
/// and `live` (a running server takes a new value) may be left out and `""` stands for no default.
macro_rules! settings {
    ($(
        $(#[doc = $about:literal])+
        $section:ident at $path:literal {
            $(
                $(#[doc = $meaning:literal])+
                $key:ident: $type:ty = $default:literal $(in $low:literal ..= $high:literal)? $(, $live:ident)?;
            )+
        }
    )+) => {$(
        $(#[doc = $about])+
        #[derive(Debug, Clone)]
        pub struct $section {
            $($(#[doc = $meaning])+ pub $key: $type,)+
        }

        impl Section for $section {
            fn read(reader: &mut Reader<'_>) -> Self {
                $section {
                    $($key: {
                        let name = full_name($path, stringify!($key));
                        #[allow(unused_mut, unused_assignments)]
                        let (mut allow, mut bounds): (fn(&$type) -> bool, &str) = (|_| true, "");
                        $(
                            allow = |value| within(value, $low, $high);
                            bounds = concat!("between ", $low, " and ", $high);
                        )?
                        reader.take::<$type>(name, $default, allow, bounds)
                    },)+
                }
            }

            fn describe(out: &mut Vec<Descriptor>) {
                $(
                    #[allow(unused_mut, unused_assignments)]
                    let mut bounds = None;
                    $(bounds = Some(($low, $high));)?
                    out.push(Descriptor {
                        section: $path,
                        name: full_name($path, stringify!($key)),
                        kind: <$type as Setting>::kind(),
                        default: $default,
                        bounds,
                        meaning: [$($meaning),+].map(str::trim).join(" "),
                        live: false $(|| stringify!($live) == "live")?,
                    });
                )+
            }

            fn about() -> (&'static str, String) {
                ($path, [$($about),+].map(str::trim).join(" "))
            }
        }
    )+};
}
pub(super) use settings;

/// Whether a value lies between two others, which are written as text; an unset one always does.
pub(super) fn within<T: Bounded>(value: &T, low: &str, high: &str) -> bool {
    value.within(low, high)
}

/// A value that may have bounds.
pub(super) trait Bounded {
    fn within(&self, low: &str, high: &str) -> bool;
}

impl<T: super::value::Value + PartialOrd> Bounded for T {
    fn within(&self, low: &str, high: &str) -> bool {
        let bound = |text| T::read(text, Path::new("")).expect("the bounds of every setting can be read");
        *self >= bound(low) && *self <= bound(high)
    }
}

impl<T: Bounded> Bounded for Option<T> {
    fn within(&self, low: &str, high: &str) -> bool {
        self.as_ref().is_none_or(|value| value.within(low, high))
    }
}
