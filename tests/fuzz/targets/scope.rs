//! libFuzzer on `claimsmith_fuzz::scope`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::scope::run(bytes);
});
