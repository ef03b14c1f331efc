#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| prompt_cicd_fuzz::benchmarks(data));
