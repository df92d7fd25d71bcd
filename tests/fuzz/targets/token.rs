//! libFuzzer on `claimsmith_fuzz::token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::token::run(bytes);
});
