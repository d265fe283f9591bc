# The density of the normal distribution.
bell(x: f64) -> f64
# cos(frequency * x); the frequency is read from the address.
oscillation(x: f64, frequency: ptr) -> f64
# The sum of (i + 1) * x[i] ** 2.
ellipsoid(n: i32, x: f64[n]) -> f64
# exp(-rate * sum(x)); the rate is read from the address.
decay(n: i32, x: f64[n], rate: ptr) -> f64
# A part of pi: the rectangles from `first` up to `last` of `count` below 4 / (1 + x ** 2).
circle(first: i64, last: i64, count: i64) -> f64
# The inner product of two vectors.
dot(a: f64[n], b: f64[n], n: usize) -> f64
# 4 / (1 + x ** 2), whose integral from 0 to 1 is pi.
witch(x: f64) -> f64
# The integral of f from a to b by n rectangles; f is a C function.
midpoint(f: ptr, a: f64, b: f64, n: i64) -> f64
