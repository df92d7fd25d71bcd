//! libFuzzer on `claimsmith_fuzz::configuration`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::configuration::run(bytes);
});
