//! Objects of osx-arm64 in a linux-aarch64 process. Apple's calling convention differs from AAPCS64 in variadic arguments, in
//! arguments on the stack, and in that the caller extends integers of less than 32 bits (Apple, "Writing ARM64 code for Apple
//! platforms"). No function of the runtime symbol list has any of these, and both leave x18 alone here: what the host's C library
//! has by the same name and type serves as it is.

use std::ffi::{c_int, c_void};

use pixie_format::runtime_symbols::{self, Provider};
use pixie_format::{FeatureSet, Platform};

use crate::bind::Thunk;
use crate::{symbols, sys};

pub(super) const PLATFORM: Option<Platform> = Some(Platform::OsxArm64);

/// Levels of both are made of the same features.
pub(super) fn features(native: FeatureSet) -> FeatureSet {
    native
}

/// # Safety
/// As for the thunk on its own platform (spec §8).
pub(super) unsafe fn call(thunk: Thunk, args: *const u64, ret: *mut u64) {
    // SAFETY: the caller's promise; two addresses are passed in registers by both conventions.
    unsafe { thunk(args, ret) };
}

pub(super) fn symbol(name: &str) -> Option<usize> {
    if let Some(own) = own(name) {
        return Some(own);
    }
    match runtime_symbols::find(name, Platform::OsxArm64)?.provider {
        Provider::Runtime => symbols::own(name),
        Provider::Libc | Provider::Libm => sys::symbol(name),
    }
}

/// What macOS has and Linux has not, or has otherwise.
fn own(name: &str) -> Option<usize> {
    Some(match name {
        "__sincos_stret" => sincos as extern "C" fn(f64) -> Pair<f64> as usize,
        "__sincosf_stret" => sincosf as extern "C" fn(f32) -> Pair<f32> as usize,
        "__exp10" => return sys::symbol("exp10"),
        "__exp10f" => return sys::symbol("exp10f"),
        "bzero" | "__bzero" => bzero as unsafe extern "C" fn(*mut c_void, usize) as usize,
        "ilogb" => ilogb as extern "C" fn(f64) -> c_int as usize,
        "ilogbf" => ilogbf as extern "C" fn(f32) -> c_int as usize,
        "memset_pattern4" => memset_pattern::<4> as Fill as usize,
        "memset_pattern8" => memset_pattern::<8> as Fill as usize,
        "memset_pattern16" => memset_pattern::<16> as Fill as usize,
        _ => return None,
    })
}

/// In v0 and v1 by both conventions.
#[repr(C)]
struct Pair<T> {
    sine: T,
    cosine: T,
}

extern "C" fn sincos(x: f64) -> Pair<f64> {
    Pair { sine: x.sin(), cosine: x.cos() }
}

extern "C" fn sincosf(x: f32) -> Pair<f32> {
    Pair { sine: x.sin(), cosine: x.cos() }
}

/// The result for 0 and NaN is a macro of math.h: the least number on macOS, others in glibc.
extern "C" fn ilogb(x: f64) -> c_int {
    unsafe extern "C" {
        fn ilogb(x: f64) -> c_int;
    }
    match x == 0.0 || x.is_nan() {
        true => c_int::MIN,
        // SAFETY: the C library's function takes every number.
        false => unsafe { ilogb(x) },
    }
}

extern "C" fn ilogbf(x: f32) -> c_int {
    ilogb(x.into())
}

/// # Safety
/// `to` has room for `size` bytes.
unsafe extern "C" fn bzero(to: *mut c_void, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { to.cast::<u8>().write_bytes(0, size) };
}

type Fill = unsafe extern "C" fn(*mut c_void, *const c_void, usize);

/// Fills memory with a pattern, the last copy cut short.
///
/// # Safety
/// `to` has room for `size` bytes, `pattern` has `N`.
unsafe extern "C" fn memset_pattern<const N: usize>(to: *mut c_void, pattern: *const c_void, size: usize) {
    // SAFETY: the caller's promise; bytes have no alignment.
    let pattern = unsafe { pattern.cast::<[u8; N]>().read() };
    for (at, byte) in pattern.iter().cycle().take(size).enumerate() {
        // SAFETY: `at` is below `size`.
        unsafe { to.cast::<u8>().add(at).write(*byte) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_repeated_and_cut_short() {
        let fill = |fill: Fill, size: usize| {
            let (pattern, mut to) = (*b"0123456789abcdef", [b'.'; 40]);
            // SAFETY: both are long enough for every size below.
            unsafe { fill(to.as_mut_ptr().cast(), pattern.as_ptr().cast(), size) };
            String::from_utf8(to[..=size].to_vec()).unwrap_or_default()
        };
        assert_eq!(fill(memset_pattern::<4>, 10), "0123012301.");
        assert_eq!(fill(memset_pattern::<8>, 16), "0123456701234567.");
        assert_eq!(fill(memset_pattern::<16>, 35), "0123456789abcdef0123456789abcdef012.");
        assert_eq!(fill(memset_pattern::<16>, 0), ".");
    }

    #[test]
    fn results_are_those_of_macos() {
        assert_eq!([ilogb(0.0), ilogb(f64::NAN), ilogb(f64::INFINITY)], [i32::MIN, i32::MIN, i32::MAX]);
        assert_eq!([ilogb(0.75), ilogbf(8.5), ilogbf(-0.0)], [-1, 3, i32::MIN]);
        let pair = sincos(0.5);
        assert_eq!((pair.sine, pair.cosine), (0.5_f64.sin(), 0.5_f64.cos()));
        let pair = sincosf(-3.0);
        assert_eq!((pair.sine, pair.cosine), ((-3.0_f32).sin(), (-3.0_f32).cos()));
        let mut bytes = [7u8; 5];
        // SAFETY: three of five bytes.
        unsafe { bzero(bytes.as_mut_ptr().cast(), 3) };
        assert_eq!(bytes, [0, 0, 0, 7, 7]);
    }
}
