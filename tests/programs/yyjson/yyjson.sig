rewrite(text: u8[n], n: usize, code: u32, form: u32, to: inout u8[m], m: usize) -> i64
sum(text: u8[n], n: usize, pointer: u8[p], p: usize, total: inout f64[1]) -> i64
roundtrip(seed: u8[n], n: usize, count: u32, form: u32) -> u64
