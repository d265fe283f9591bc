//! Arrays of a written signature against the C pointers behind them: elements, and who writes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{clang, request};
use pixie_format::{Platform, Signature};
use pixie_jit::signatures::check;
use pixie_jit::{Access, FunctionInfo};

const C: &str = r"
typedef double real;
typedef __SIZE_TYPE__ size;
struct pair { double a, b; };
enum flag { OFF, ON };
void outside(double *x);
static double at(const double *x, size i) { return x[i]; }
static void set(double *x, size i) { x[i] = 0; }
static double read(double *x, size i) { return x[i]; }
double qualified(const volatile real *restrict x, size n) { return at((const double *)x, n); }
double matrix(size n, const real x[n][3]) { return x[n - 1][2]; }
double pairs(const struct pair *x, size n) { return x[n].a; }
int flags(const enum flag *x, size n) { return x[n]; }
long longs(const long *x, size n) { return x[n]; }
double reads(double *x, size n) { return read(x, n); }
void stores(double *x, size n) { for (size i = 0; i < n; i++) *x++ = 0; }
void clears(double *x, size n) { __builtin_memset(x, 0, n * 8); }
void passes(double *x, size n) { (void)n; outside(x); }
void helper(double *x, size n) { set(x, n); }
void either(double *x, double *y, size n) { double *to = n > 3 ? x : y; *to = 0; }
";

fn functions(platform: Platform) -> Vec<FunctionInfo> {
    pixie_jit::prepare(&request(vec![clang(C, platform, &[])], platform)).unwrap().functions
}

#[test]
fn the_element_is_found_in_real_metadata() {
    for platform in Platform::ALL {
        let functions = functions(platform);
        let fits = |signature: &str| {
            let signature = Signature::parse(signature).unwrap();
            check(&functions, platform, &signature.name, &signature).is_ok()
        };
        assert!(fits("qualified(x: f64[n], n: usize) -> f64"));
        assert!(!fits("qualified(x: f32[n], n: usize) -> f64"));
        assert!(!fits("qualified(x: i64[n], n: usize) -> f64"));
        assert!(fits("matrix(n: usize, x: f64[n, 3]) -> f64"));
        assert!(!fits("matrix(n: usize, x: f32[n, 3]) -> f64"));
        assert!(fits("pairs(x: f64[n, 2], n: usize) -> f64"));
        assert!(fits("flags(x: u32[n], n: usize) -> i32"));
        assert!(!fits("flags(x: i64[n], n: usize) -> i32"));
        assert_eq!(fits("longs(x: i64[n], n: usize) -> long"), platform != Platform::Win64);
        assert_eq!(fits("longs(x: i32[n], n: usize) -> long"), platform == Platform::Win64);
        assert!(fits("longs(x: long[n], n: usize) -> long"));
    }
}

#[test]
fn what_a_body_does_to_its_pointers_is_seen() {
    let functions = functions(Platform::Linux64);
    let access = |name: &str| {
        let function = functions.iter().find(|function| function.name == name).unwrap();
        function.params[0].access
    };
    assert_eq!(access("reads"), Access::Reads);
    assert_eq!(access("stores"), Access::Writes);
    assert_eq!(access("clears"), Access::Writes);
    for unknown in ["passes", "helper", "either"] {
        assert_eq!(access(unknown), Access::Unknown, "{unknown}");
    }
}
