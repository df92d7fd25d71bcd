//! libFuzzer on `claimsmith_fuzz::credentials`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::credentials::run(bytes);
});
