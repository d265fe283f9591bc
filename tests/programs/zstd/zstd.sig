# The library's own, with no driver between.
ZSTD_compress(to: inout u8[m], m: usize, data: u8[n], n: usize, level: i32) -> usize
ZSTD_decompress(to: inout u8[m], m: usize, data: u8[n], n: usize) -> usize
ZSTD_compressBound(n: usize) -> usize
ZSTD_isError(code: usize) -> u32

compress_stream(data: u8[n], n: usize, to: inout u8[m], m: usize, dictionary: u8[d], d: usize, level: i32, piece: usize) -> i64
decompress_dictionary(data: u8[n], n: usize, to: inout u8[m], m: usize, dictionary: u8[d], d: usize) -> i64
roundtrip(seed: u8[n], n: usize, m: usize, level: i32) -> u64
