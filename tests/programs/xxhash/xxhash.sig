# The library's own, with no driver between.
XXH32(data: u8[n], n: usize, seed: u32) -> u32
XXH64(data: u8[n], n: usize, seed: u64) -> u64
XXH3_64bits_withSeed(data: u8[n], n: usize, seed: u64) -> u64

hash128(data: u8[n], n: usize, seed: u64, to: inout u64[2])
streamed(data: u8[n], n: usize, piece: usize, seed: u64, to: inout u64[5]) -> i32
every_length(data: u8[n], n: usize, seed: u64) -> u64
