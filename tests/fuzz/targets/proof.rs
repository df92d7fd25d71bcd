//! libFuzzer on `claimsmith_fuzz::proof`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::proof::run(bytes);
});
