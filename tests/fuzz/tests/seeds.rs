//! Every target over every seed, with the ordinary toolchain, so that neither rots.
#![cfg(feature = "whole")]

use std::fs;
use std::path::Path;

use claimsmith_fuzz::{Outcome, TARGETS};

fn here(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(here(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

/// Seeds are called after what comes of them: `good-…` is accepted, everything else refused.
#[test]
fn every_target_does_with_its_seeds_what_they_are_called_after() {
    for &(target, run) in TARGETS {
        let mut good = 0;
        for seed in names(&format!("seeds/{target}")) {
            let path = format!("seeds/{target}/{seed}");
            let outcome = run(&fs::read(here(&path)).expect("a seed"));
            assert_eq!(outcome == Outcome::Accepted, seed.starts_with("good-"), "{path}: {outcome:?}");
            good += usize::from(outcome == Outcome::Accepted);
        }
        assert!(good > 0, "{target} accepts none of its seeds");
    }
}

/// A poor man's engine, the same in every run: every seed cut short, with a byte changed, doubled.
#[test]
fn seeds_that_are_bent_break_nothing() {
    for &(target, run) in TARGETS {
        for seed in names(&format!("seeds/{target}")) {
            let seed = fs::read(here(&format!("seeds/{target}/{seed}"))).expect("a seed");
            for at in (0..seed.len()).step_by(1 + seed.len() / 12) {
                run(&seed[..at]);
                run(&[&seed[at..], &seed[..at]].concat());
                for byte in [0, b'"', b'%', b'=', 0x7f, 0xff, seed[at] ^ 1, seed[at].wrapping_add(0x20)] {
                    let mut bent = seed.clone();
                    bent[at] = byte;
                    run(&bent);
                }
            }
        }
    }
}

#[test]
fn every_target_has_a_binary_and_seeds() {
    let mut targets = TARGETS.iter().map(|(target, _)| (*target).to_owned()).collect::<Vec<_>>();
    targets.sort();
    assert_eq!(names("seeds"), targets);
    assert_eq!(names("targets"), targets.iter().map(|target| format!("{target}.rs")).collect::<Vec<_>>());
}
