//! libFuzzer on `claimsmith_fuzz::assertion`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::assertion::run(bytes);
});
