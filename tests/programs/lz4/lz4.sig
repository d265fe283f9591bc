# The library's own, with no driver between.
LZ4_compressBound(n: i32) -> i32
LZ4_compress_default(data: u8[n], to: inout u8[m], n: i32, m: i32) -> i32
LZ4_compress_HC(data: u8[n], to: inout u8[m], n: i32, m: i32, level: i32) -> i32
LZ4_decompress_safe(data: u8[n], to: inout u8[m], n: i32, m: i32) -> i32

compress_frame(data: u8[n], n: usize, to: inout u8[m], m: usize, level: i32, checksum: i32) -> i64
decompress_frame(data: u8[n], n: usize, to: inout u8[m], m: usize) -> i64
roundtrip(seed: u8[n], n: usize, m: i32, level: i32) -> u64
