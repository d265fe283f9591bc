find_all(pattern: u8[p], p: usize, subject: u8[n], n: usize, options: u32, groups: u32, found: inout i64[m], m: usize) -> i32
replace_all(pattern: u8[p], p: usize, subject: u8[n], n: usize, by: u8[b], b: usize, options: u32, to: inout u8[m], m: usize) -> i64
message(error: i32, to: inout u8[m], m: usize) -> i32
matches(seed: u8[n], n: usize, m: usize) -> u64
