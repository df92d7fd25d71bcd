//! Components: the same plugin many times over under different digests, and hostile ones.

use std::fs;
use std::path::Path;

/// The component with one more core module in it, which nothing instantiates and which holds `number`: the same plugin under
/// another digest. A custom section would not do: they are stripped before the digest is made.
pub fn numbered(component: &[u8], number: u8) -> Vec<u8> {
    // (module (global i32 (i32.const number))), numbers below 64 in one byte of signed LEB128.
    let module = [b"\0asm\x01\0\0\0".as_slice(), &[0x06, 0x06, 0x01, 0x7f, 0x00, 0x41, number & 0x3f, 0x0b]].concat();
    let mut whole = component.to_vec();
    // Section 1 of a component is a core module.
    whole.push(0x01);
    whole.push(u8::try_from(module.len()).expect("a short module"));
    whole.extend_from_slice(&module);
    whole
}

/// A realloc that moves up, as the shell of the villains expects it.
const REALLOC: &str = "(func $realloc (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))";

/// Loops for ever: its calls end in a fault.
pub const ENDLESS: &str = r#"(func (export "shape") (param i32) (result i32) (loop (br 0)) (unreachable))"#;

/// Burns most of its fuel and then answers honestly: it never faults, so nothing ever shuts it out.
pub const SLY: &str = r#"(func (export "shape") (param i32) (result i32) (local $turns i32)
    (local.set $turns (i32.const 2000000))
    (loop (br_if 0 (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
    (call $answer (i32.const 1008) (i32.const 4)))"#;

/// A hostile component: this core in the shell of `tests/villains`.
///
/// # Panics
/// When the shell is not what it was.
pub fn villain(folder: &Path, core: &str) -> Vec<u8> {
    let shell = fs::read_to_string(folder.join("shell.wat")).expect("tests/villains/shell.wat");
    let shell = shell.replace(";;@CORE\n", &format!("{REALLOC}\n{core}\n")).replace("(;@MEMORY;)", "1").replace("(;@POST;)", "");
    wat::parse_str(shell).expect("a component")
}
