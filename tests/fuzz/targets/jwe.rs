//! libFuzzer on `claimsmith_fuzz::jwe`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::jwe::run(bytes);
});
