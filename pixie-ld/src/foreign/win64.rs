//! Objects of win-64 in a linux-64 process: shims between the two calling conventions around the host's own C library.
//!
//! A shim has the convention of Windows, so the compiler saves what a callee must keep there and may change here: rdi, rsi and
//! xmm6 to xmm15.

use std::ffi::{c_char, c_long, c_void};

use pixie_format::{FeatureSet, Platform};

use crate::bind::Thunk;
use crate::chkstk::chkstk;

pub(super) const PLATFORM: Option<Platform> = Some(Platform::Win64);

/// Levels of both are made of the same features, and the operating system's part is the host's.
pub(super) fn features(native: FeatureSet) -> FeatureSet {
    native
}

/// # Safety
/// As for the thunk on its own platform (spec §8).
pub(super) unsafe fn call(thunk: Thunk, args: *const u64, ret: *mut u64) {
    // SAFETY: the thunk is code for Windows, whose convention this is; its address alone was kept.
    let thunk =
        unsafe { std::mem::transmute::<Thunk, unsafe extern "win64" fn(*const u64, *mut u64)>(thunk) };
    // SAFETY: the caller's promise.
    unsafe { thunk(args, ret) };
}

/// A shim around the C library's function of the same name.
macro_rules! shim {
    ($name:ident ($($arg:ident: $ty:ty),*) -> $ret:ty) => {{
        unsafe extern "win64" fn shim($($arg: $ty),*) -> $ret {
            unsafe extern "C" {
                fn $name($($arg: $ty),*) -> $ret;
            }
            // SAFETY: the caller's promise; the types are those of the C standard on both platforms.
            unsafe { $name($($arg),*) }
        }
        shim as unsafe extern "win64" fn($($ty),*) -> $ret as usize
    }};
}

/// A shim around a function whose result is `long`, which has 32 bits on Windows. What does not fit is the processor's "integer
/// indefinite", as the C library there gives it.
macro_rules! rounding {
    ($name:ident($ty:ty)) => {{
        extern "win64" fn shim(x: $ty) -> i32 {
            unsafe extern "C" {
                safe fn $name(x: $ty) -> c_long;
            }
            i32::try_from($name(x)).unwrap_or(i32::MIN)
        }
        shim as extern "win64" fn($ty) -> i32 as usize
    }};
}

macro_rules! shims {
    ($($args:tt -> $ret:ty { $($name:ident)* })*) => {
        /// The functions whose types are the same on both platforms.
        fn shared(name: &str) -> Option<usize> {
            Some(match name {
                $($(stringify!($name) => shim!($name $args -> $ret),)*)*
                _ => return None,
            })
        }
    };
}

shims! {
    () -> ! { abort }
    (x: f64) -> f64 {
        acos acosh asin asinh atan atanh cbrt ceil cos cosh erf erfc exp exp2 expm1 fabs floor
        lgamma log log10 log1p log2 logb nearbyint rint round sin sinh sqrt tan tanh tgamma trunc
    }
    (x: f32) -> f32 {
        acosf acoshf asinf asinhf atanf atanhf cbrtf ceilf cosf coshf erfcf erff exp2f expf expm1f
        fabsf floorf lgammaf log10f log1pf log2f logbf logf nearbyintf rintf roundf sinf sinhf sqrtf
        tanf tanhf tgammaf truncf
    }
    (x: f64, y: f64) -> f64 { atan2 copysign fdim fmax fmin fmod hypot nextafter pow remainder }
    (x: f32, y: f32) -> f32 { atan2f copysignf fdimf fmaxf fminf fmodf hypotf nextafterf powf remainderf }
    (count: usize, n: usize) -> *mut c_void { calloc }
    (x: f64, y: f64, z: f64) -> f64 { fma }
    (x: f32, y: f32, z: f32) -> f32 { fmaf }
    (p: *mut c_void) -> () { free }
    (x: f64, e: *mut i32) -> f64 { frexp }
    (x: f32, e: *mut i32) -> f32 { frexpf }
    (x: f64) -> i32 { ilogb }
    (x: f32) -> i32 { ilogbf }
    (x: f64, e: i32) -> f64 { ldexp scalbn }
    (x: f32, e: i32) -> f32 { ldexpf scalbnf }
    (x: f64) -> i64 { llrint llround }
    (x: f32) -> i64 { llrintf llroundf }
    (n: usize) -> *mut c_void { malloc }
    (a: *const c_void, byte: i32, n: usize) -> *mut c_void { memchr }
    (a: *const c_void, b: *const c_void, n: usize) -> i32 { memcmp }
    (to: *mut c_void, from: *const c_void, n: usize) -> *mut c_void { memcpy memmove }
    (to: *mut c_void, byte: i32, n: usize) -> *mut c_void { memset }
    (x: f64, whole: *mut f64) -> f64 { modf }
    (x: f32, whole: *mut f32) -> f32 { modff }
    (p: *mut c_void, n: usize) -> *mut c_void { realloc }
    (x: f64, y: f64, q: *mut i32) -> f64 { remquo }
    (x: f32, y: f32, q: *mut i32) -> f32 { remquof }
    (to: *mut c_char, from: *const c_char) -> *mut c_char { strcat strcpy }
    (s: *const c_char, byte: i32) -> *mut c_char { strchr strrchr }
    (a: *const c_char, b: *const c_char) -> i32 { strcmp }
    (s: *const c_char, of: *const c_char) -> usize { strcspn strspn }
    (s: *const c_char) -> usize { strlen }
    (to: *mut c_char, from: *const c_char, n: usize) -> *mut c_char { strncat strncpy }
    (a: *const c_char, b: *const c_char, n: usize) -> i32 { strncmp }
    (s: *const c_char, n: usize) -> usize { strnlen }
    (s: *const c_char, of: *const c_char) -> *mut c_char { strpbrk strstr }
}

pub(super) fn symbol(name: &str) -> Option<usize> {
    let own = match name {
        "__chkstk" => chkstk as unsafe extern "C" fn() as usize,
        "__cpu_indicator_init" => cpu_indicator_init as extern "win64" fn() -> i32 as usize,
        "roundeven" => roundeven as extern "win64" fn(f64) -> f64 as usize,
        "roundevenf" => roundevenf as extern "win64" fn(f32) -> f32 as usize,
        "lrint" => rounding!(lrint(f64)),
        "lrintf" => rounding!(lrintf(f32)),
        "lround" => rounding!(lround(f64)),
        "lroundf" => rounding!(lroundf(f32)),
        _ => return shared(name),
    };
    Some(own)
}

extern "win64" fn cpu_indicator_init() -> i32 {
    0
}

extern "win64" fn roundeven(x: f64) -> f64 {
    x.round_ties_even()
}

extern "win64" fn roundevenf(x: f32) -> f32 {
    x.round_ties_even()
}
