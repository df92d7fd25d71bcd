//! libFuzzer on `claimsmith_fuzz::form`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::form::run(bytes);
});
