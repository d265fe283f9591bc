//! Any bytes, taken for an object of linux-aarch64: checked, parsed, laid out and linked, or refused, never a crash.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use pixie_format::Platform;

const PLATFORM: Platform = Platform::LinuxAarch64;

fuzz_target!(|bytes: &[u8]| pixie_fuzz::check_and_link(PLATFORM, bytes));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // One change in four is libFuzzer's own, which also makes objects longer and shorter.
    match seed % 4 > 0 && pixie_fuzz::mutate(PLATFORM, &mut data[..size], seed).is_some() {
        true => size,
        false => fuzzer_mutate(data, size, max_size),
    }
});
