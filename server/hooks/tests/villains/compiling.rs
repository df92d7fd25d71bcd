//! Compiling in a child, keeping code, and what happens to those who tamper with either.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use claimsmith_hooks::{Compiler, Host, LoadFault, Settings, UploadRefusal, inspect};

use crate::stage::{assert_unharmed, guest, settings};

fn compiler() -> Compiler {
    Compiler::new(env!("CARGO_BIN_EXE_compile-child"), [""; 0])
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("claimsmith-hooks-{}-{name}", std::process::id()));
        Self(path)
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn host(folder: &Folder, key: u8) -> Host {
    Host::new(Settings { cache: Some(folder.0.clone()), ..settings() }, [key; 32]).unwrap()
}

#[tokio::test]
async fn code_is_compiled_once_kept_privately_and_found_again() {
    let folder = Folder::new("kept");
    let inspection = inspect(&guest("honest").component, &Settings::default()).unwrap();
    let first = host(&folder, 1);
    assert!(first.load_kept(&inspection.digest).unwrap().is_none());
    let plugin = first.load(&inspection.digest, &inspection.component, &compiler()).unwrap();
    assert_eq!(plugin.digest(), &inspection.digest);
    assert_unharmed(&first, &plugin, "compiling").await;
    let files = folder.files();
    assert_eq!(files.len(), 1, "nothing unfinished is left: {files:?}");
    assert_eq!(fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&folder.0).unwrap().permissions().mode() & 0o777, 0o700);
    let second = host(&folder, 1);
    let plugin = second.load_kept(&inspection.digest).unwrap().expect("the kept code");
    assert_unharmed(&second, &plugin, "loading kept code").await;
}

#[test]
fn code_that_was_changed_moved_or_sealed_with_another_key_is_not_run() {
    let folder = Folder::new("tampered");
    let inspection = inspect(&guest("honest").component, &Settings::default()).unwrap();
    let other = inspect(&guest("trap_in_export").component, &Settings::default()).unwrap();
    let first = host(&folder, 1);
    first.load(&inspection.digest, &inspection.component, &compiler()).unwrap();
    assert!(host(&folder, 2).load_kept(&inspection.digest).unwrap().is_none(), "another key");

    let path = folder.files().remove(0);
    let kept = fs::read(&path).unwrap();
    let moved = path.to_str().unwrap().replace(&inspection.digest.to_hex(), &other.digest.to_hex());
    fs::write(moved, &kept).unwrap();
    assert!(first.load_kept(&other.digest).unwrap().is_none(), "code of another plugin");
    for position in [0, 31, 32, kept.len() / 2, kept.len() - 1] {
        let mut changed = kept.clone();
        changed[position] ^= 1;
        fs::write(&path, changed).unwrap();
        assert!(first.load_kept(&inspection.digest).unwrap().is_none(), "byte {position}");
    }
    for length in [0, 31, 32, kept.len() - 1] {
        fs::write(&path, &kept[..length]).unwrap();
        assert!(first.load_kept(&inspection.digest).unwrap().is_none(), "{length} bytes");
    }
    first.load(&inspection.digest, &inspection.component, &compiler()).expect("it is compiled anew");
    assert_eq!(fs::read(&path).unwrap(), kept, "and kept, byte for byte the same");
}

fn compile(component: &[u8], settings: Settings) -> LoadFault {
    let host = Host::new(settings, [1; 32]).unwrap();
    let digest = inspect(&guest("honest").component, &Settings::default()).unwrap().digest;
    host.load(&digest, component, &compiler()).expect_err("it must not load")
}

fn refused(fault: LoadFault) -> String {
    match fault {
        LoadFault::Refused(UploadRefusal::Compile(message)) => message,
        other => panic!("{other:?}"),
    }
}

/// A component whose functions are tedious to compile; not inspected here, for the child must stand on its own.
fn bomb(functions: usize, instructions: usize) -> Vec<u8> {
    let body = "(local.set 0 (i32.add (i32.mul (local.get 0) (local.get 1)) (i32.load (local.get 0))))".repeat(instructions);
    let function = format!("(func (param i32 i32) {body})");
    wat::parse_str(format!("(component (core module (memory 1) {}))", function.repeat(functions))).unwrap()
}

#[test]
fn a_bomb_meets_the_childs_limit_of_cpu_time() {
    let message = refused(compile(&bomb(20, 20_000), Settings { compile_cpu: 1, ..settings() }));
    assert!(message.contains("too long"), "{message}");
}

#[test]
fn a_bomb_meets_the_childs_limit_of_memory() {
    let message = refused(compile(&bomb(1, 150_000), Settings { compile_memory: 160 << 20, ..settings() }));
    assert!(message.contains("memory"), "{message}");
}

#[test]
fn what_the_compiler_rejects_is_the_components_doing() {
    refused(compile(b"\0asm\x0d\0\x01\0 no component", settings()));
    refused(compile(b"", settings()));
}

#[test]
fn a_compiler_that_is_none_is_our_doing() {
    let host = Host::new(settings(), [1; 32]).unwrap();
    let inspection = inspect(&guest("honest").component, &Settings::default()).unwrap();
    for program in ["/bin/true", "/nonexistent"] {
        let fault = host.load(&inspection.digest, &inspection.component, &Compiler::new(program, [""; 0])).expect_err("no code");
        assert!(matches!(fault, LoadFault::Host(_)), "{program}: {fault:?}");
    }
}
