# The length of a vector.
ufunc hypot3(x: f64, y: f64, z: f64) -> f64
ufunc wave(x: f64, y: f64) -> f64
# Sums.
ufunc add = add_i64(x: i64, y: i64) -> i64
ufunc add = add_f32(x: f32, y: f32) -> f32
ufunc add = add_f64(x: f64, y: f64) -> f64
ufunc lower = lower_u8(x: u8, y: u8) -> u8
ufunc lower = lower_i32(x: i32, y: i32) -> i32
ufunc differ(a: bool, b: bool) -> bool
ufunc negate(x: i8) -> i8
ufunc reciprocal(x: f64) -> f64
ufunc polar(x: f64, y: f64, radius: out f64, difference: out f64)
ufunc join(re: f64, im: f64, whole: out c128)
ufunc collatz(n: i64) -> i64
ufunc inner(a: f64[n], b: f64[n], n: usize) -> f64
ufunc product(a: f64[m, k], b: f64[k, n], m: i32, k: i32, n: i32, c: out f64[m, n])
ufunc cross(a: f32[3], b: f32[3], c: out f32[3])
ufunc scaled_sum(scale: f64, x: f64[n], n: usize) -> f64
plain = add_f64(x: f64, y: f64) -> f64
