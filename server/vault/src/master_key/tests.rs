use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, contents: &[u8], mode: u32) -> PathBuf {
        let path = self.0.path().join("master.key");
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

fn example() -> [u8; 32] {
    std::array::from_fn(|index| index as u8 + 1)
}

#[test]
fn every_form_of_the_file_holds_the_same_key() {
    let folder = Folder::new();
    let id = MasterKey::from_bytes(example()).id();
    let text = base64url::encode(example());
    let hex: String = example().iter().map(|byte| format!("{byte:02x}")).collect();
    for contents in [example().to_vec(), text.clone().into(), format!("{text}\n").into(), hex.clone().into(), format!("{hex}\n").into()] {
        assert_eq!(MasterKey::read(&folder.file(&contents, 0o600)).unwrap().id(), id);
    }
}

#[test]
fn other_contents_are_refused() {
    let folder = Folder::new();
    let long = [b'A'; 4096];
    for contents in [
        &b""[..],
        b"\n",
        b"password",
        b"0123456789abcdef0123456789abcdef",
        b"correct-horse-battery-staple-32b",
        &[0; 32],
        &[7; 31],
        &[7; 33],
        "0".repeat(64).as_bytes(),
        "g".repeat(64).as_bytes(),
        "A".repeat(44).as_bytes(),
        &long,
    ] {
        let fault = MasterKey::read(&folder.file(contents, 0o600)).unwrap_err();
        assert!(matches!(fault, MasterKeyFault::Malformed { .. }), "{contents:?}: {fault:?}");
    }
}

#[test]
fn a_file_that_others_can_reach_is_refused_with_its_mode_and_the_remedy() {
    let folder = Folder::new();
    for mode in [0o640, 0o604, 0o620, 0o602, 0o666, 0o610, 0o601] {
        let fault = MasterKey::read(&folder.file(&example(), mode)).unwrap_err().to_string();
        assert!(fault.contains(&format!("{mode:04o}")) && fault.contains("chmod 600"), "{fault}");
    }
    for mode in [0o600, 0o400] {
        assert!(MasterKey::read(&folder.file(&example(), mode)).is_ok());
    }
}

#[test]
fn a_missing_file_and_a_folder_have_their_own_errors() {
    let folder = Folder::new();
    let missing = MasterKey::read(&folder.0.path().join("absent")).unwrap_err();
    assert!(matches!(missing, MasterKeyFault::Unreadable { .. }));
    let directory = MasterKey::read(folder.0.path()).unwrap_err();
    assert!(matches!(directory, MasterKeyFault::NotAFile { .. }));
}

#[test]
fn a_new_file_is_private_reads_back_and_is_never_overwritten() {
    let folder = Folder::new();
    let path = folder.0.path().join("master.key");
    let key = MasterKey::generate().unwrap();
    key.write_new(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(MasterKey::read(&path).unwrap().id(), key.id());
    let again = MasterKey::generate().unwrap().write_new(&path);
    assert!(matches!(again, Err(MasterKeyFault::Unwritable { .. })));
    assert_eq!(MasterKey::read(&path).unwrap().id(), key.id());
}

#[test]
fn generated_keys_differ_and_nothing_prints_them() {
    let (one, other) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    assert_ne!(one.id(), other.id());
    assert_eq!(format!("{one:?}"), format!("MasterKey {{ key: [redacted], id: MasterKeyId({}) }}", one.id()));
}

#[test]
fn the_id_is_stable_and_reads_back() {
    let id = MasterKey::from_bytes(example()).id();
    assert_eq!(MasterKeyId::parse(&id.to_string()), Some(id));
    assert_eq!(MasterKeyId::parse("xyz"), None);
    assert_eq!(MasterKeyId::parse("zzzzzzzzzzzzzzzz"), None);
    // Invariant: sealed values in databases name this id; another derivation would orphan them.
    assert_eq!(id.to_string(), "f272ea838f7d2e05");
}

#[test]
fn purposes_have_different_keys() {
    let master = MasterKey::from_bytes(example());
    let keys: Vec<_> = [Purpose::Sealing, Purpose::CompiledPlugins]
        .map(|purpose| *master.derive(purpose).expose())
        .into_iter()
        .chain([example()])
        .collect();
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[index + 1..].contains(key));
    }
}

#[test]
fn derivation_is_hkdf_expand() {
    // RFC 5869 A.1: its pseudorandom key and info; the first 32 bytes of its output.
    let key = hex32("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    let info = [0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9];
    let expected = hex32("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    assert_eq!(*expand(&key, &info).expose(), expected);
}

fn hex32(text: &str) -> [u8; 32] {
    decode_hex(text.as_bytes()).unwrap()
}
