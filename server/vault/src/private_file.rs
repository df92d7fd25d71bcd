//! Files of keys: who may reach them.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Whether nobody but this server can use the file of a key: group and others have no permission on it, or it is a
/// credential that systemd handed to this service.
///
/// systemd keeps credentials in a folder of the service alone, which it names in `$CREDENTIALS_DIRECTORY`
/// (systemd.exec(5), `LoadCredential=`), as files of root with mode 0440: the bits of the group are there for an entry of
/// the service's account in the file's access list.
pub fn is_private(path: &Path, metadata: &Metadata) -> bool {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY");
    is_private_with(path, (metadata.uid(), metadata.mode()), credentials.as_deref().map(Path::new))
}

fn is_private_with(path: &Path, (owner, mode): (u32, u32), credentials: Option<&Path>) -> bool {
    if mode & 0o077 == 0 {
        return true;
    }
    // Security: only what root put there and nobody can write.
    owner == 0 && mode & 0o7777 == 0o440 && credentials.is_some_and(|folder| lies_in(path, folder))
}

/// Whether the file, with all links followed, lies directly in the folder.
fn lies_in(path: &Path, folder: &Path) -> bool {
    let (Ok(path), Ok(folder)) = (path.canonicalize(), folder.canonicalize()) else { return false };
    path.parent() == Some(&*folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_and_others_have_nothing_unless_systemd_handed_it_over() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = folder.path().join("credentials");
        std::fs::create_dir(&credentials).unwrap();
        let (inside, outside, link) = (credentials.join("key"), folder.path().join("key"), credentials.join("link"));
        std::fs::write(&inside, "x").unwrap();
        std::fs::write(&outside, "x").unwrap();
        std::os::unix::fs::symlink(&outside, &link).unwrap();
        let private = |path: &Path, owner, mode| is_private_with(path, (owner, mode), Some(&credentials));
        for mode in [0o100_600, 0o100_400, 0o100_700] {
            assert!(private(&outside, 1_000, mode) && is_private_with(&outside, (1_000, mode), None), "{mode:o}");
        }
        assert!(private(&inside, 0, 0o100_440));
        assert!(!private(&inside, 1_000, 0o100_440), "not of root");
        for mode in [0o100_640, 0o100_460, 0o100_444, 0o100_441, 0o100_450, 0o102_440, 0o100_044] {
            assert!(!private(&inside, 0, mode), "{mode:o}");
        }
        assert!(!private(&outside, 0, 0o100_440), "not a credential");
        assert!(!private(&link, 0, 0o100_440), "what a link leads to is not a credential");
        assert!(!is_private_with(&inside, (0, 0o100_440), None), "no systemd");
        assert!(!is_private_with(&inside, (0, 0o100_440), Some(Path::new(""))));
    }
}
