nothing()
scale(x: f64, y: f64) -> f64
sum8(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64) -> f64
