norm_f64(x: f64[n], n: usize) -> f64
norm_f32(x: f32[n], n: usize) -> f32
area(size: f64, round: bool) -> f64
median(x: f64[n], n: usize) -> f64
sorted(x: f64[n], y: out f64[n], n: usize)
sorted_i64(x: i64[n], y: out i64[n], n: usize)
ranks(x: f64[n], y: out i64[n], n: usize)
most_frequent(x: i64[n], n: usize) -> i64
shared(x: f64) -> f64
strided(x: f64[n], n: usize) -> f64
digits(x: u64, times: i32) -> usize
normal(seed: u32) -> f64
bound(x: f64, which: i32) -> f64
modulus(re: f64, im: f64) -> f64
lanes(n: usize) -> f64
made_once(i: usize) -> i32
