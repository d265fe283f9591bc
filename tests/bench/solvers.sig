newton(f: ptr, x: f64) -> f64
midpoint(f: ptr, a: f64, b: f64, n: long) -> f64
runge_kutta(f: ptr, y: f64, t: f64, end: f64, steps: long) -> f64
