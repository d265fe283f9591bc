query(sql: u8[s], s: usize, data: u8[n], n: usize, to: inout u8[m], m: usize) -> i64
script(data: u8[n], n: usize, to: inout u8[m], m: usize) -> i64
script_text(to: inout u8[m], m: usize) -> i64
