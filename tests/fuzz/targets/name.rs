//! libFuzzer on `claimsmith_fuzz::name`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    claimsmith_fuzz::name::run(bytes);
});
