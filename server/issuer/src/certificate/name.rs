//! Distinguished names: as certificates hold them (X.501 in DER), and as people write them ([RFC 4514](https://www.rfc-editor.org/rfc/rfc4514)).
//! Both become the same value, so that no rendering is ever compared.

/// A name: its parts from the most general on, each with its attributes in the order of their types.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DistinguishedName(Vec<Vec<Attribute>>);

/// A type, by its object identifier in dotted form, and a value.
type Attribute = (Box<str>, Content);

/// The value of an attribute. Its kind of string does not matter; its letters do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Content {
    Text(Box<str>),
    /// In DER, where it is no string.
    Other(Vec<u8>),
}

/// A text or DER that is no distinguished name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a distinguished name as RFC 4514 writes it")]
pub struct MalformedName;

/// Short names that may stand for object identifiers: those of RFC 4514 §3, and those that tools write beside them.
const TYPES: [(&str, &str); 19] = [
    ("cn", "2.5.4.3"),
    ("sn", "2.5.4.4"),
    ("serialnumber", "2.5.4.5"),
    ("c", "2.5.4.6"),
    ("l", "2.5.4.7"),
    ("st", "2.5.4.8"),
    ("s", "2.5.4.8"),
    ("street", "2.5.4.9"),
    ("o", "2.5.4.10"),
    ("ou", "2.5.4.11"),
    ("title", "2.5.4.12"),
    ("businesscategory", "2.5.4.15"),
    ("givenname", "2.5.4.42"),
    ("gn", "2.5.4.42"),
    ("dnqualifier", "2.5.4.46"),
    ("organizationidentifier", "2.5.4.97"),
    ("uid", "0.9.2342.19200300.100.1.1"),
    ("dc", "0.9.2342.19200300.100.1.25"),
    ("emailaddress", "1.2.840.113549.1.9.1"),
];

impl DistinguishedName {
    /// Whether it has no parts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the text form: the most special part first, `+` between attributes of one part. Spaces beside separators, and how the
    /// letters of a type are written, do not matter; the values do, letter by letter.
    pub fn parse(text: &str) -> Result<Self, MalformedName> {
        let mut parts = Vec::new();
        let mut part = Vec::new();
        let mut rest = text.trim_start_matches(' ');
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=').ok_or(MalformedName)?;
            let kind = type_of(name.trim_matches(' '))?;
            let (value, separator, after) = value_of(after)?;
            part.push((kind, value));
            if separator != Some('+') {
                parts.push(finished(std::mem::take(&mut part)));
            }
            rest = after.trim_start_matches(' ');
            // A separator with nothing after it.
            if separator.is_some() && rest.is_empty() {
                return Err(MalformedName);
            }
        }
        parts.reverse();
        Ok(Self(parts))
    }

    /// Reads a `Name` in DER (RFC 5280 §4.1.2.4).
    pub fn from_der(der: &[u8]) -> Result<Self, MalformedName> {
        let (name, rest) = element(der, 0x30)?;
        if !rest.is_empty() {
            return Err(MalformedName);
        }
        let mut parts = Vec::new();
        let mut sets = name;
        while !sets.is_empty() {
            let (mut set, after) = element(sets, 0x31)?;
            sets = after;
            let mut part = Vec::new();
            while !set.is_empty() {
                let (attribute, after) = element(set, 0x30)?;
                set = after;
                let (identifier, value) = element(attribute, 0x06)?;
                part.push((dotted(identifier)?, content(value)?));
            }
            parts.push(finished(part));
        }
        Ok(Self(parts))
    }
}

/// RFC 5280 §7.1: the attributes of one part have no order.
fn finished(mut part: Vec<Attribute>) -> Vec<Attribute> {
    part.sort();
    part
}

fn type_of(name: &str) -> Result<Box<str>, MalformedName> {
    let name = name.to_ascii_lowercase();
    let bare = name.strip_prefix("oid.").unwrap_or(&name);
    if bare.contains('.') && bare.split('.').all(|arc| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit())) {
        return Ok(bare.into());
    }
    TYPES.iter().find(|(short, _)| *short == name).map(|(_, dotted)| (*dotted).into()).ok_or(MalformedName)
}

/// A value, the separator that ends it, and what is after that.
fn value_of(text: &str) -> Result<(Content, Option<char>, &str), MalformedName> {
    let text = text.trim_start_matches(' ');
    if let Some(hex) = text.strip_prefix('#') {
        let end = hex.find([',', '+', ';']).unwrap_or(hex.len());
        let digits = hex[..end].trim_end_matches(' ').as_bytes();
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(hex_byte).collect();
        let (separator, rest) = ended(&hex[end..]);
        return Ok((content(&bytes.ok_or(MalformedName)?)?, separator, rest));
    }
    let mut bytes = Vec::new();
    // Where the last byte that counts ends: spaces before a separator do not, unless they are escaped.
    let mut counted = 0;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            ',' | '+' | ';' => {
                bytes.truncate(counted);
                let (separator, rest) = ended(&text[at..]);
                return Ok((Content::Text(utf8(bytes)?), separator, rest));
            }
            '\\' => {
                let (_, first) = characters.next().ok_or(MalformedName)?;
                if first.is_ascii_hexdigit() {
                    let (_, second) = characters.next().ok_or(MalformedName)?;
                    bytes.push(hex_byte(format!("{first}{second}").as_bytes()).ok_or(MalformedName)?);
                } else if " \"#+,;<=>\\".contains(first) {
                    bytes.push(first as u8);
                } else {
                    return Err(MalformedName);
                }
                counted = bytes.len();
            }
            '"' | '<' | '>' | '\0' => return Err(MalformedName),
            other => {
                bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
                if other != ' ' {
                    counted = bytes.len();
                }
            }
        }
    }
    bytes.truncate(counted);
    Ok((Content::Text(utf8(bytes)?), None, ""))
}

/// The separator at the beginning of a text, and what is after it. `;` is what RFC 1779 wrote for `,`.
fn ended(text: &str) -> (Option<char>, &str) {
    let mut characters = text.chars();
    let separator = characters.next().map(|separator| if separator == ';' { ',' } else { separator });
    (separator, characters.as_str())
}

fn utf8(bytes: Vec<u8>) -> Result<Box<str>, MalformedName> {
    String::from_utf8(bytes).map(Into::into).map_err(|_| MalformedName)
}

fn hex_byte(pair: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    match pair {
        [first, second] => u8::try_from(digit(first)? << 4 | digit(second)?).ok(),
        _ => None,
    }
}

/// The contents of the element of this tag at the beginning, and what is after it.
fn element(der: &[u8], tag: u8) -> Result<(&[u8], &[u8]), MalformedName> {
    let (found, contents, rest) = any(der)?;
    if found == tag { Ok((contents, rest)) } else { Err(MalformedName) }
}

fn any(der: &[u8]) -> Result<(u8, &[u8], &[u8]), MalformedName> {
    let [tag, first, rest @ ..] = der else { return Err(MalformedName) };
    let (length, rest) = match usize::from(*first) {
        short if short < 0x80 => (short, rest),
        // Up to 64 KiB: longer names do not come through a handshake.
        long => {
            let (bytes, rest) =
                rest.split_at_checked(long & 0x7f).filter(|(bytes, _)| (1..=2).contains(&bytes.len())).ok_or(MalformedName)?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
    };
    let (contents, rest) = rest.split_at_checked(length).ok_or(MalformedName)?;
    Ok((*tag, contents, rest))
}

/// X.690 §8.19.
fn dotted(identifier: &[u8]) -> Result<Box<str>, MalformedName> {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0_u64;
    for byte in identifier {
        arc = arc.checked_mul(128).ok_or(MalformedName)? | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            match arcs.is_empty() {
                true => arcs.extend([(arc / 40).min(2), arc - 40 * (arc / 40).min(2)]),
                false => arcs.push(arc),
            }
            arc = 0;
        }
    }
    if arcs.is_empty() || identifier.last().is_some_and(|byte| byte & 0x80 != 0) {
        return Err(MalformedName);
    }
    Ok(arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".").into())
}

/// The value of an attribute: its letters, whichever kind of string holds them.
fn content(der: &[u8]) -> Result<Content, MalformedName> {
    let (tag, contents, rest) = any(der)?;
    if !rest.is_empty() {
        return Err(MalformedName);
    }
    let text = match tag {
        // UTF8String; NumericString, PrintableString, IA5String, VisibleString.
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => std::str::from_utf8(contents).ok().map(str::to_owned),
        // TeletexString, read as Latin-1 as everybody does.
        0x14 => Some(contents.iter().map(|byte| char::from(*byte)).collect()),
        // BMPString.
        0x1e if contents.len().is_multiple_of(2) => {
            let units: Vec<u16> = contents.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()
        }
        // UniversalString.
        0x1c if contents.len().is_multiple_of(4) => {
            contents.chunks_exact(4).map(|four| char::from_u32(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))).collect()
        }
        _ => return Ok(Content::Other(der.to_vec())),
    };
    text.map(|text| Content::Text(text.into())).ok_or(MalformedName)
}
