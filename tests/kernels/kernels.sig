# The inner product of two vectors.
dot(a: f64[n], b: f64[n], n: usize) -> f64
# y += alpha * x, in place.
axpy(alpha: f64, x: f64[n], y: inout f64[n], n: usize)
# c = a @ b, for matrices in C order.
matmul(a: f32[m, k], b: f32[k, n], c: inout f32[m, n], m: usize, k: usize, n: usize)
# How many steps each point of a grid stays bounded, at most `limit`.
mandelbrot(counts: inout i32[h, w], h: usize, w: usize, x0: f64, y0: f64, step: f64, limit: i32)
# Marks the primes below n; returns how many there are.
sieve(prime: inout u8[n], n: usize) -> i64
# The mean of each 3 by 3 neighbourhood; the border is copied.
blur(image: f32[h, w], out: inout f32[h, w], h: usize, w: usize)
# How often each byte occurs.
histogram(values: u8[n], n: usize, counts: inout u32[256])
# A polynomial, lowest coefficient first, at each x.
polynomial(coefficients: f64[degree1], degree1: usize, x: f64[n], y: inout f64[n], n: usize)
# The number of bits set.
popcount(words: u64[n], n: usize) -> u64
# Running sums.
cumsum(values: i64[n], sums: inout i64[n], n: usize)
# The Euclidean distance of each point to the query.
distances(points: f32[n, d], n: usize, d: usize, query: f32[d], out: inout f32[n])
# A mix of two images, alpha from 0 to 255.
blend(a: u8[n], b: u8[n], out: inout u8[n], n: usize, alpha: u8)
