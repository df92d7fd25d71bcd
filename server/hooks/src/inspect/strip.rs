//! Takes the custom sections out of a component and everything nested in it.
//!
//! Names and debug information can be four fifths of a component; they are never compiled. The manifest is one of them.

use crate::fault::UploadRefusal;

/// Modules and components nested deeper than this are refused.
const DEPTH: u8 = 8;
/// The custom section that carries the manifest.
const MANIFEST: &[u8] = b"claimsmith-manifest";
/// Bytes of a preamble: magic number, version, layer.
const PREAMBLE: usize = 8;
/// Section numbers; 1 and 4 nest only in components.
const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// What is left.
#[derive(Debug)]
pub(super) struct Stripped {
    /// The component without custom sections.
    pub(super) component: Vec<u8>,
    /// Content of the manifest's section.
    pub(super) manifest: Option<Vec<u8>>,
}

/// Strips a component. Its sections must be well formed; what is in them is not looked at.
pub(super) fn strip(bytes: &[u8]) -> Result<Stripped, UploadRefusal> {
    let mut manifest = None;
    let component = copy(bytes, 0, &mut manifest)?;
    Ok(Stripped { component, manifest })
}

fn copy(bytes: &[u8], depth: u8, manifest: &mut Option<Vec<u8>>) -> Result<Vec<u8>, UploadRefusal> {
    if depth > DEPTH {
        return Err(UploadRefusal::TooComplex("modules nested too deep"));
    }
    let is_component = bytes.get(4..PREAMBLE).ok_or_else(truncated)? == [0x0d, 0, 1, 0];
    let mut out = bytes[..PREAMBLE].to_vec();
    let mut rest = &bytes[PREAMBLE..];
    while let Some((&id, after)) = rest.split_first() {
        let (length, after) = leb(after).ok_or_else(truncated)?;
        let (content, after) = after.split_at_checked(length as usize).ok_or_else(truncated)?;
        rest = after;
        match id {
            CUSTOM => keep_manifest(content, manifest)?,
            CORE_MODULE | COMPONENT if is_component => section(&mut out, id, &copy(content, depth + 1, manifest)?),
            _ => section(&mut out, id, content),
        }
    }
    Ok(out)
}

fn keep_manifest(content: &[u8], manifest: &mut Option<Vec<u8>>) -> Result<(), UploadRefusal> {
    let (length, after) = leb(content).ok_or_else(truncated)?;
    let (name, body) = after.split_at_checked(length as usize).ok_or_else(truncated)?;
    if name == MANIFEST && manifest.replace(body.to_vec()).is_some() {
        return Err(UploadRefusal::Manifest("it is there twice".to_owned()));
    }
    Ok(())
}

fn section(out: &mut Vec<u8>, id: u8, content: &[u8]) {
    out.push(id);
    let mut length = content.len();
    loop {
        // Invariant: seven bits fit a byte.
        let byte = (length & 0x7f) as u8;
        length >>= 7;
        if length == 0 {
            out.push(byte);
            break;
        }
        out.push(byte | 0x80);
    }
    out.extend_from_slice(content);
}

/// An unsigned 32-bit LEB128 number, and what follows it.
fn leb(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0_u32;
    for (index, &byte) in bytes.iter().enumerate().take(5) {
        if index == 4 && byte > 0x0f {
            return None;
        }
        value |= u32::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

fn truncated() -> UploadRefusal {
    UploadRefusal::Invalid("a section does not end where it should".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip() {
        for length in [0_usize, 1, 127, 128, 16_383, 16_384, 2_000_000] {
            let mut out = Vec::new();
            section(&mut out, 7, &vec![0; length]);
            let (read, rest) = leb(&out[1..]).unwrap();
            assert_eq!((read as usize, rest.len()), (length, length));
        }
        assert!(leb(&[0xff, 0xff, 0xff, 0xff, 0x1f]).is_none(), "more than 32 bits");
        assert!(leb(&[0x80]).is_none(), "no end");
    }

    #[test]
    fn custom_sections_go_at_every_level_and_the_manifest_is_found() {
        let with =
            wat::parse_str(r#"(component (@custom "junk" "xxxx") (core module (@custom "claimsmith-manifest" "{}") (func (export "f"))))"#)
                .unwrap();
        let without = wat::parse_str(r#"(component (core module (func (export "f"))))"#).unwrap();
        let stripped = strip(&with).unwrap();
        assert_eq!(stripped.component, strip(&without).unwrap().component);
        assert_eq!(stripped.manifest.unwrap(), b"{}");
        assert!(strip(&without).unwrap().manifest.is_none());
    }

    #[test]
    fn two_manifests_are_refused() {
        let text = r#"(component
            (core module (@custom "claimsmith-manifest" "{}")) (core module (@custom "claimsmith-manifest" "{}")))"#;
        assert!(matches!(strip(&wat::parse_str(text).unwrap()), Err(UploadRefusal::Manifest(_))));
    }
}
