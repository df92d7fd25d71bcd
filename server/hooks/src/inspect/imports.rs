//! What a component may import. Anything else is refused by name.

use claimsmith_issuer::hook::HookPoint;

use crate::fault::UploadRefusal;
use crate::imports::{PACKAGE, VERSION, interface};
use crate::wasi;

/// Our interfaces that can be imported.
const OURS: [&str; 7] = ["types", "request", "person", "grant", "log", "clock", "random"];
/// Our interfaces that are planned.
const PLANNED: [&str; 4] = ["http", "kv", "secrets", "context"];

/// The export that makes a component a plugin at that point.
pub(super) fn hook(point: HookPoint) -> String {
    interface(point.interface())
}

/// Checks every import of a component.
pub(super) fn check(imports: &[String]) -> Result<(), UploadRefusal> {
    imports.iter().try_for_each(|name| check_one(name))
}

fn check_one(import: &str) -> Result<(), UploadRefusal> {
    let (name, version) = import.split_once('@').unwrap_or((import, ""));
    if let Some(own) = name.strip_prefix(PACKAGE).and_then(|rest| rest.strip_prefix('/')) {
        return match () {
            () if PLANNED.contains(&own) => Err(UploadRefusal::NotYetAvailable(import.to_owned())),
            () if !OURS.contains(&own) => Err(UploadRefusal::UnknownImport(import.to_owned())),
            () if version != VERSION => Err(UploadRefusal::OtherVersion(import.to_owned())),
            () => Ok(()),
        };
    }
    let is_linked = wasi::INTERFACES.contains(&name) && version.starts_with("0.2.");
    if is_linked { Ok(()) } else { Err(UploadRefusal::UnknownImport(import.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_linked_passes() {
        for name in ["claimsmith:plugin/log@0.1.0", "wasi:io/streams@0.2.0", "wasi:random/insecure-seed@0.2.6"] {
            assert_eq!(check_one(name), Ok(()), "{name}");
        }
        for name in
            ["wasi:http/outgoing-handler@0.2.0", "wasi:sockets/tcp@0.2.0", "wasi:io/streams@0.3.0", "wasi:io/streams", "log", "a:b/c"]
        {
            assert_eq!(check_one(name), Err(UploadRefusal::UnknownImport(name.to_owned())), "{name}");
        }
        for name in ["claimsmith:plugin/http@0.1.0", "claimsmith:plugin/kv@0.1.0", "claimsmith:plugin/secrets@0.9.0"] {
            assert_eq!(check_one(name), Err(UploadRefusal::NotYetAvailable(name.to_owned())), "{name}");
        }
        let other = "claimsmith:plugin/log@0.2.0";
        assert_eq!(check_one(other), Err(UploadRefusal::OtherVersion(other.to_owned())));
    }
}
