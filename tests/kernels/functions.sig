# y = f(x * scale + shift) for the function with this number, of one argument.
apply_one(which: usize, scale: f64, shift: f64, x: f64[n], y: inout f64[n], n: usize)
apply_one_single(which: usize, scale: f32, shift: f32, x: f32[n], y: inout f32[n], n: usize)
# z = f(x * scale + shift, y) for the function with this number, of two arguments.
apply_two(which: usize, scale: f64, shift: f64, x: f64[n], y: f64[n], z: inout f64[n], n: usize)
apply_two_single(which: usize, scale: f32, shift: f32, x: f32[n], y: f32[n], z: inout f32[n], n: usize)
by_name(x: f64[n], y: inout f64[n], n: usize)
by_name_single(x: f32[n], y: inout f32[n], n: usize)
sine_and_cosine(x: f64[n], sines: inout f64[n], cosines: inout f64[n], n: usize)
sine_and_cosine_single(x: f32[n], sines: inout f32[n], cosines: inout f32[n], n: usize)
fused(x: f64[n], y: f64[n], z: inout f64[n], n: usize)
fused_single(x: f32[n], y: f32[n], z: inout f32[n], n: usize)
parts(x: f64[n], y: inout f64[n], whole: inout i64[n], n: usize)
parts_single(x: f32[n], y: inout f32[n], whole: inout i64[n], n: usize)
rounded(x: f64[n], y: inout i64[n], n: usize)
rounded_single(x: f32[n], y: inout i64[n], n: usize)
memory(bytes: u8[n], n: usize) -> i64
text(bytes: u8[n], n: usize) -> i64
deep(bytes: u8[n], n: usize) -> i64
special(x: f64[n], y: inout f64[n], n: usize)
powers_of_ten(x: f64[n], y: inout f64[n], n: usize)
baseline_features() -> i32
positive(x: f64) -> f64
