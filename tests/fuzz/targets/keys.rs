//! libFuzzer on `claimsmith_fuzz::keys`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::keys::run(bytes);
});
