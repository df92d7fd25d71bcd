//! libFuzzer on `claimsmith_fuzz::person`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::person::run(bytes);
});
