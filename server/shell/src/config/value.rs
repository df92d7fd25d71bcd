//! The types of settings: how each is read, what the reference calls it, how it is written back.

use super::issuer::Issuer;
use super::raw::{Raw, Scalar, Shape};
use crate::listen::Network;
use crate::pages::Colour;
use claimsmith_issuer::client::TokenFormat;
use claimsmith_jose::{MacAlg, SigningAlg};
use claimsmith_protocol::credentials::AuthMethod;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::registration::{Profile, Rotation};
use claimsmith_protocol::response::ResponseType;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A value that is one text.
pub(super) trait Value: Sized {
    /// Which TOML values it may be written as.
    const SHAPES: &'static [Shape];

    /// What the reference calls it.
    fn kind() -> String;

    /// Reads it; relative paths lie in `folder`. The error says what would be right, without the text itself.
    fn read(text: &str, folder: &Path) -> Result<Self, String>;

    /// Writes it as TOML.
    fn write(&self) -> String;
}

/// A setting's whole value: one, perhaps none, or a list.
pub(super) trait Setting: Sized {
    fn kind() -> String;
    fn read(raw: &Raw, folder: &Path) -> Result<Self, String>;
    /// `None`: not set.
    fn write(&self) -> Option<String>;
}

fn read_scalar<T: Value>(scalar: &Scalar, folder: &Path) -> Result<T, String> {
    match scalar.shape {
        Shape::Untyped => T::read(&scalar.text, folder),
        shape if T::SHAPES.contains(&shape) => T::read(&scalar.text, folder),
        Shape::Other(what) => Err(format!("expected {}, found {what}", T::kind())),
        Shape::Text => Err(format!("expected {}, found a text", T::kind())),
        Shape::Integer => Err(format!("expected {}, found a number", T::kind())),
        Shape::Boolean => Err(format!("expected {}, found true or false", T::kind())),
    }
}

impl<T: Value> Setting for T {
    fn kind() -> String {
        <T as Value>::kind()
    }

    fn read(raw: &Raw, folder: &Path) -> Result<T, String> {
        match raw {
            Raw::One(scalar) => read_scalar(scalar, folder),
            Raw::Many(_) => Err(format!("expected {}, found a list", <T as Value>::kind())),
        }
    }

    fn write(&self) -> Option<String> {
        Some(Value::write(self))
    }
}

/// How a setting that has a default is switched off.
const OFF: &str = "off";

impl<T: Value> Setting for Option<T> {
    fn kind() -> String {
        format!("{}, or `off`", T::kind())
    }

    fn read(raw: &Raw, folder: &Path) -> Result<Self, String> {
        match raw {
            Raw::One(scalar) if scalar.text == OFF && matches!(scalar.shape, Shape::Text | Shape::Untyped) => Ok(None),
            raw => <T as Setting>::read(raw, folder).map(Some),
        }
    }

    fn write(&self) -> Option<String> {
        self.as_ref().map(Value::write)
    }
}

impl<T: Value> Setting for Vec<T> {
    fn kind() -> String {
        format!("list of {}", T::kind())
    }

    fn read(raw: &Raw, folder: &Path) -> Result<Self, String> {
        match raw {
            Raw::Many(scalars) => scalars.iter().map(|scalar| read_scalar(scalar, folder)).collect(),
            Raw::One(scalar) if scalar.shape == Shape::Untyped => {
                let items = scalar.text.split(',').map(str::trim).filter(|item| !item.is_empty());
                items.map(|item| T::read(item, folder)).collect()
            }
            Raw::One(_) => Err(format!("expected a list: [{}, …]", T::kind())),
        }
    }

    fn write(&self) -> Option<String> {
        let items: Vec<String> = self.iter().map(Value::write).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

/// Writes a TOML basic string.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

impl Value for bool {
    const SHAPES: &'static [Shape] = &[Shape::Boolean];

    fn kind() -> String {
        "true or false".to_owned()
    }

    fn read(text: &str, _: &Path) -> Result<Self, String> {
        text.parse().map_err(|_| "expected true or false".to_owned())
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_number {
    ($($type:ty),*) => {$(
        impl Value for $type {
            const SHAPES: &'static [Shape] = &[Shape::Integer];

            fn kind() -> String {
                "whole number".to_owned()
            }

            fn read(text: &str, _: &Path) -> Result<Self, String> {
                text.replace('_', "").parse().map_err(|_| "expected a whole number within bounds".to_owned())
            }

            fn write(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

whole_number!(u32, u64, usize);

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub usize);

impl Size {
    /// Bytes.
    pub const fn bytes(self) -> usize {
        self.0
    }
}

/// Units of sizes, the largest first.
const SIZES: [(&str, usize); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |&&(_, factor): &&(&str, usize)| self.0 >= factor && self.0.is_multiple_of(factor);
        let (unit, factor) = SIZES.iter().find(fits).unwrap_or(&("B", 1));
        write!(out, "{} {unit}", self.0 / factor)
    }
}

impl Value for Size {
    const SHAPES: &'static [Shape] = &[Shape::Integer, Shape::Text];

    fn kind() -> String {
        "size (bytes, or a text such as \"64 KiB\")".to_owned()
    }

    fn read(text: &str, _: &Path) -> Result<Self, String> {
        let wrong = || "expected a size: bytes, or a number with B, KiB, MiB or GiB".to_owned();
        let (number, unit) = split_unit(text);
        let unit = if unit.is_empty() { "B" } else { unit };
        let (_, factor) = SIZES.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let bytes = number.parse::<usize>().ok().and_then(|number| number.checked_mul(*factor));
        bytes.map(Size).ok_or_else(wrong)
    }

    fn write(&self) -> String {
        quoted(&self.to_string())
    }
}

/// Units of time in milliseconds, the largest first.
const TIMES: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)];

impl Value for Duration {
    const SHAPES: &'static [Shape] = &[Shape::Integer, Shape::Text];

    fn kind() -> String {
        "duration (seconds, or a text such as \"250 ms\")".to_owned()
    }

    fn read(text: &str, _: &Path) -> Result<Self, String> {
        let wrong = || "expected a duration: seconds, or a number with ms, s, min, h or d".to_owned();
        let (number, unit) = split_unit(text);
        let unit = match unit {
            "" => "s",
            "m" => "min",
            unit => unit,
        };
        let (_, factor) = TIMES.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let milliseconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor));
        milliseconds.map(Duration::from_millis).ok_or_else(wrong)
    }

    fn write(&self) -> String {
        let milliseconds = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        // Days only for whole weeks and more: 24 h reads better than 1 d.
        let fits = |&&(unit, factor): &&(&str, u64)| {
            milliseconds.is_multiple_of(factor) && milliseconds >= if unit == "d" { 2 * factor } else { factor }
        };
        match TIMES.iter().find(fits) {
            Some((unit, factor)) => quoted(&format!("{} {unit}", milliseconds / factor)),
            None => quoted("0 s"),
        }
    }
}

/// Splits `64 KiB` into number and unit.
fn split_unit(text: &str) -> (&str, &str) {
    let at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    (&text[..at], text[at..].trim())
}

impl Value for PathBuf {
    const SHAPES: &'static [Shape] = &[Shape::Text];

    fn kind() -> String {
        "path".to_owned()
    }

    fn read(text: &str, folder: &Path) -> Result<Self, String> {
        // Security: whoever pastes a secret instead of its file must not read it in an error or in `config print`.
        if text.contains('\n') || text.contains("-----BEGIN") {
            return Err("this is the secret itself; put it in a file and write the file's path".to_owned());
        }
        match text {
            "" => Err("expected a path".to_owned()),
            text => Ok(folder.join(text)),
        }
    }

    fn write(&self) -> String {
        quoted(&self.display().to_string())
    }
}

/// Implements [`Value`] for a type that is read by `FromStr` and written by `Display`.
macro_rules! by_text {
    ($($type:ty: $kind:literal, $wrong:expr;)*) => {$(
        impl Value for $type {
            const SHAPES: &'static [Shape] = &[Shape::Text];

            fn kind() -> String {
                $kind.to_owned()
            }

            fn read(text: &str, _: &Path) -> Result<Self, String> {
                text.parse().map_err($wrong)
            }

            fn write(&self) -> String {
                quoted(&self.to_string())
            }
        }
    )*};
}

by_text! {
    Issuer: "https URL", |wrong: String| wrong;
    SocketAddr: "address and port", |_| "expected an address and a port such as 127.0.0.1:8443 or [::1]:8443".to_owned();
    Network: "address or network", |wrong: crate::listen::BadNetwork| wrong.to_string();
    PlainText: "text", |wrong: String| wrong;
    RootedPath: "path of a URL", |wrong: String| wrong;
    WebOrigin: "web origin", |wrong: String| wrong;
    HttpUrl: "http or https URL", |wrong: String| wrong;
    DatabaseUrl: "PostgreSQL URI without a password", |wrong: String| wrong;
    Colour: "colour", |wrong: String| wrong;
    HeaderText: "header name", |wrong: String| wrong;
}

/// Declares a type that is a text checked by a function.
macro_rules! checked_text {
    ($($(#[doc = $doc:literal])+ $name:ident: $check:expr;)*) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                check(text).map(|()| $name(text.into())).map_err(str::to_owned)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    )*};
}

fn must(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(otherwise) }
}

checked_text! {
    /// A text that is not empty and has no control characters.
    PlainText: |text| must(!text.is_empty() && !text.chars().any(char::is_control), "expected a text without control characters");
    /// The path of a URL: `/oauth2/token`. It has no query, no percent-encoding and no slash at its end.
    RootedPath: |text| must(
        text.len() > 1 && text.starts_with('/') && !text.ends_with('/') && !text.contains("//")
            && text.split('/').all(|part| part != "." && part != "..")
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte)),
        "expected a path such as /some/token, of letters, digits, '-', '.', '_' and '~', without a slash at the end",
    );
    /// A web origin (RFC 6454 §6.2): `https://app.example`.
    WebOrigin: |text| must(
        url::Url::parse(text).is_ok_and(|url| {
            (url.scheme() == "https" || is_loopback(&url)) && url.origin().ascii_serialization() == text
        }),
        "expected an origin such as https://app.example: scheme and host, perhaps a port, nothing after it; http only for loopback",
    );
    /// The URL of a service of the operator's, without user, password, query and fragment.
    HttpUrl: |text| must(
        url::Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
                && url.password().is_none() && url.query().is_none() && url.fragment().is_none()
        }),
        "expected a URL such as http://127.0.0.1:4318, without user, password, query and fragment",
    );
    /// A PostgreSQL connection URI without a password.
    DatabaseUrl: |text| {
        let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "postgresql" | "postgres"));
        let Some(url) = url else { return Err("expected postgresql://user@host:5432/database?sslmode=verify-full") };
        // Security: neither place where libpq takes a password from.
        let inside = url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password" || name == "sslpassword");
        must(!inside, "a password is no setting: leave it out of the URI and name a file in database.password_file")
    };
    /// The name of a request header.
    HeaderText: |text| must(http::HeaderName::from_bytes(text.as_bytes()).is_ok(), "expected the name of a header");
}

/// Whether a URL is plain http to this very machine.
fn is_loopback(url: &url::Url) -> bool {
    url.scheme() == "http" && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// A value that is one of a few names.
trait Named: Sized + Copy + 'static {
    const ALL: &'static [Self];
    fn name(self) -> &'static str;
}

macro_rules! named {
    ($($type:ty: $all:expr;)*) => {$(
        impl Named for $type {
            const ALL: &'static [Self] = &$all;

            fn name(self) -> &'static str {
                self.as_str()
            }
        }

        impl Value for $type {
            const SHAPES: &'static [Shape] = &[Shape::Text];

            fn kind() -> String {
                one_of(<$type as Named>::ALL)
            }

            fn read(text: &str, _: &Path) -> Result<Self, String> {
                let found = <$type as Named>::ALL.iter().copied().find(|one| one.name() == text);
                found.ok_or_else(|| format!("expected {}", one_of(<$type as Named>::ALL)))
            }

            fn write(&self) -> String {
                quoted(self.name())
            }
        }
    )*};
}

fn one_of<T: Named>(all: &[T]) -> String {
    let names: Vec<String> = all.iter().map(|one| format!("\"{}\"", one.name())).collect();
    names.join(" | ")
}

/// Declares an enumeration whose values are written as these names.
macro_rules! choice {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $meaning:literal])+ $value:ident = $text:literal,)+ })*) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[doc = $meaning])+ $value,)+ }

        impl $name {
            /// The name in the configuration.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text,)+ }
            }
        }

        named! { $name: [$(Self::$value),+]; }
    )*};
}

named! {
    SigningAlg: SigningAlg::ALL;
    MacAlg: MacAlg::ALL;
    AuthMethod: AuthMethod::ALL;
    GrantType: GrantType::ALL;
    ResponseType: ResponseType::ALL;
    Profile: Profile::ALL;
    Rotation: Rotation::ALL;
    TokenFormat: [TokenFormat::Jwt, TokenFormat::Opaque];
}

choice! {
    /// How log lines are written.
    LogFormat {
        /// One JSON object a line.
        Json = "json",
        /// For people.
        Text = "text",
    }
    /// Which log lines are written.
    LogLevel {
        /// Only what needs somebody.
        Error = "error",
        /// And what may soon.
        Warn = "warn",
        /// And every request.
        Info = "info",
        /// And why.
        Debug = "debug",
        /// And how.
        Trace = "trace",
    }
    /// Who may register clients.
    RegistrationMode {
        /// Nobody.
        Off = "off",
        /// Who holds an initial access token.
        Token = "token",
        /// Everybody.
        Open = "open",
    }
    /// What happens to somebody for whom another provider vouches, and who is not known here.
    UnknownPeople {
        /// They get an account.
        Create = "create",
        /// They are turned away.
        Refuse = "refuse",
    }
    /// Whether a token waits for its record.
    AuditTokens {
        /// No; records travel in groups.
        Grouped = "grouped",
        /// Yes.
        Sync = "sync",
    }
}

#[cfg(test)]
mod tests;
