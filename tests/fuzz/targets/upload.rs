//! libFuzzer on `claimsmith_fuzz::upload`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::upload::run(bytes);
});
