//! Villains that must not get past inspection.

use claimsmith_hooks::{Settings, UploadRefusal, inspect};

use crate::stage::{assemble, guest};

fn refusal(bytes: &[u8]) -> UploadRefusal {
    inspect(bytes, &Settings::default()).expect_err("a refusal")
}

fn refusal_of(text: &str) -> UploadRefusal {
    refusal(&wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn native_code_core_modules_and_rubbish() {
    assert_eq!(refusal(b"\x7fELF\x02\x01\x01 and so on"), UploadRefusal::NativeCode);
    assert_eq!(refusal(b"MZ and so on"), UploadRefusal::NativeCode);
    assert_eq!(refusal_of("(module)"), UploadRefusal::CoreModule);
    assert!(refusal_of("(module)").to_string().contains("--target wasm32-wasip2"));
    for bytes in [&b""[..], b"\0asm", b"#!/bin/sh\n", b"\0asm\x0d\0\x02\0"] {
        assert_eq!(refusal(bytes), UploadRefusal::NotWebAssembly);
    }
}

#[test]
fn sizes_come_before_everything_else() {
    assert!(matches!(refusal(&vec![0; 100 << 20]), UploadRefusal::TooBig { .. }));
    let mut section = wat::parse_str("(component)").unwrap();
    // A custom section of 100 MB is too big as it is; one that only claims to be is malformed.
    section.extend_from_slice(&[0, 0x80, 0x80, 0x80, 0x32]);
    assert!(matches!(refusal(&section), UploadRefusal::Invalid(_)));
    let mut big = wat::parse_str("(component)").unwrap();
    big.extend_from_slice(&[0, 0x80, 0x80, 0x80, 0x08]);
    big.extend(std::iter::repeat_n(0, 16 << 20));
    assert_eq!(refusal(&big), UploadRefusal::NoHooks, "16 MiB of custom section alone is no reason");
    let data = format!(r#"(component (core module (memory 64) (data (i32.const 0) "{}")))"#, "x".repeat(3 << 20));
    assert!(matches!(refusal_of(&data), UploadRefusal::ComponentTooBig { .. }));
}

#[test]
fn bytes_after_the_end_and_truncated_components() {
    let honest = guest("honest").component;
    for end in [9, 20, honest.len() / 2, honest.len() - 1] {
        assert!(matches!(refusal(&honest[..end]), UploadRefusal::Invalid(_) | UploadRefusal::NoHooks), "cut at {end}");
    }
    let mut more = honest.clone();
    more.extend_from_slice(b"more");
    assert!(matches!(refusal(&more), UploadRefusal::Invalid(_)));
}

#[test]
fn features_that_are_off() {
    for (feature, module) in [
        ("memory64", "(memory i64 1)"),
        ("threads", "(memory 1 1 shared)"),
        ("atomics", "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))"),
        ("gc", "(type (struct (field i32)))"),
        ("exceptions", "(tag (param i32))"),
        ("function references", "(type $f (func)) (func (param (ref $f)))"),
        ("multiple memories", "(memory 1) (memory 1)"),
        ("relaxed vectors", "(func (param v128 v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))"),
        ("custom page sizes", "(memory 1 (pagesize 1))"),
        ("wide arithmetic", "(func (result i64 i64) (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)))"),
    ] {
        assert!(matches!(refusal_of(&format!("(component (core module {module}))")), UploadRefusal::Invalid(_)), "{feature}");
    }
    let asynchronous = r#"(component (import "f" (func async)))"#;
    assert!(matches!(refusal_of(asynchronous), UploadRefusal::Invalid(_) | UploadRefusal::UnknownImport(_)));
}

#[test]
fn unknown_imports_are_named() {
    for name in ["wasi:filesystem/types@0.2.0", "wasi:sockets/tcp@0.2.0", "wasi:http/outgoing-handler@0.2.0", "evil:host/shell@1.0.0"] {
        let text = format!(r#"(component (import "{name}" (instance)))"#);
        assert_eq!(refusal_of(&text), UploadRefusal::UnknownImport(name.to_owned()));
        assert!(refusal_of(&text).to_string().contains(name));
    }
    for name in ["claimsmith:plugin/http@0.1.0", "claimsmith:plugin/kv@0.1.0", "claimsmith:plugin/secrets@0.1.0"] {
        let refusal = refusal_of(&format!(r#"(component (import "{name}" (instance)))"#));
        assert_eq!(refusal, UploadRefusal::NotYetAvailable(name.to_owned()));
        assert!(refusal.to_string().contains("not yet available"));
    }
    assert_eq!(refusal_of(r#"(component (import "f" (func)))"#), UploadRefusal::UnknownImport("f".to_owned()));
}

#[test]
fn a_component_without_a_hook() {
    assert_eq!(refusal_of("(component)"), UploadRefusal::NoHooks);
}

#[test]
fn huge_initial_memory_and_tables() {
    let memory = assemble(";; x\n;; x\n;;@MEMORY\n65536");
    assert!(matches!(refusal_of(&memory), UploadRefusal::InitialMemory { bytes: 0x1_0000_0000, .. }));
    let table = "(component (core module (table 10000000 funcref)))";
    assert_eq!(refusal_of(table), UploadRefusal::TooComplex("elements in a table"));
    let large = wat::parse_str(assemble(";; x\n;; x\n;;@MEMORY\n128")).unwrap();
    let warnings = inspect(&large, &Settings::default()).unwrap().warnings;
    assert!(warnings[0].contains("-zstack-size=65536"), "{warnings:?}");
    assert!(inspect(&guest("honest").component, &Settings::default()).unwrap().warnings.is_empty());
}

#[test]
fn ten_thousand_instances_modules_and_levels() {
    let instances = format!("(component (core module $m) {})", "(core instance (instantiate $m))".repeat(10_000));
    assert_eq!(refusal_of(&instances), UploadRefusal::TooComplex("core instances"));
    let modules = format!("(component {})", "(core module)".repeat(10_000));
    assert_eq!(refusal_of(&modules), UploadRefusal::TooComplex("modules"));
    let nested = format!("{}{}", "(component ".repeat(20), ")".repeat(20));
    assert_eq!(refusal_of(&nested), UploadRefusal::TooComplex("modules nested too deep"));
    let multiplied = format!("(component (component $c) {})", "(instance (instantiate $c))".repeat(100));
    assert_eq!(refusal_of(&multiplied), UploadRefusal::TooComplex("component instances"));
}

#[test]
fn what_makes_compilers_slow() {
    let functions = format!("(component (core module {}))", "(func)".repeat(50_000));
    assert_eq!(refusal_of(&functions), UploadRefusal::TooComplex("functions"));
    let giant = format!("(component (core module (func {})))", "(drop (i32.const 1))".repeat(200_000));
    assert_eq!(refusal_of(&giant), UploadRefusal::TooComplex("instructions in one function"));
    let table = format!("(component (core module (func (block (br_table {} (i32.const 0))))))", "0 ".repeat(100_000));
    assert_eq!(refusal_of(&table), UploadRefusal::TooComplex("branches of br_table"));
}

/// `CLAIMSMITH_BLESS=1` writes them anew.
#[test]
fn the_seeds_of_the_fuzzer_are_guests_of_ours() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/seeds/upload");
    let guests = ["honest", "poll_block", "random_bytes", "table_grow", "loop_in_post_return"].map(guest);
    let good = guests.into_iter().map(|guest| (format!("good-{}", guest.name), guest.component));
    let refused = [
        ("module", "(module)"),
        ("no-hooks", r#"(component (@custom "claimsmith-manifest" "{}") (core module (@custom "name" "x") (memory 1)))"#),
        ("foreign-import", r#"(component (import "wasi:http/outgoing-handler@0.2.0" (instance)))"#),
        ("nested", "(component (component (component (core module (func)))))"),
    ];
    let refused = refused.map(|(name, text)| (name.to_owned(), wat::parse_str(text).unwrap()));
    for (name, component) in good.chain(refused) {
        let path = folder.join(&name);
        if std::env::var_os("CLAIMSMITH_BLESS").is_some() {
            std::fs::write(&path, &component).unwrap();
        }
        assert!(std::fs::read(&path).is_ok_and(|seed| seed == component), "{name} is not in sync: run with CLAIMSMITH_BLESS=1");
    }
}
