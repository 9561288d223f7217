//! A fuzz target: that of the binary's own name.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    external_providers_fuzz::run(env!("CARGO_BIN_NAME"), data);
});
