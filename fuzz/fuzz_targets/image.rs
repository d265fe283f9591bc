//! Any bytes, taken for an image: read and filled in, or refused, never a crash.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| pixie_fuzz::read_and_fill(bytes));
