# The library's own, with no driver between.
crc32(crc: ulong, data: u8[n], n: u32) -> ulong
adler32(adler: ulong, data: u8[n], n: u32) -> ulong

compress_bytes(data: u8[n], n: u32, to: inout u8[m], m: u32, level: i32, window: i32, strategy: i32) -> i64
decompress_bytes(data: u8[n], n: u32, to: inout u8[m], m: u32, window: i32) -> i64
roundtrip(seed: u8[n], n: u32, m: u32, level: i32, window: i32, strategy: i32) -> u64
