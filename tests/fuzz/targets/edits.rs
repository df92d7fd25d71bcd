//! libFuzzer on `claimsmith_fuzz::edits`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::edits::run(bytes);
});
