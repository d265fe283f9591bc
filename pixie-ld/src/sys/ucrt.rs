//! The C library of Windows, `ucrtbase.dll`, and what of the runtime symbol list it does not export on x86-64, where Microsoft's
//! headers define it inline or the compiler knows it.

use std::ffi::CString;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::HMODULE;
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows_sys::Win32::System::ProcessStatus::K32EnumProcessModules;
use windows_sys::Win32::System::Threading::GetCurrentProcess;
use windows_sys::w;

use crate::chkstk::chkstk;

/// The address of a function of the host: our own, of the C library, else of whatever is loaded.
pub(crate) fn symbol(name: &str) -> Option<usize> {
    static LIBRARY: OnceLock<usize> = OnceLock::new();
    if let Some(own) = own(name) {
        return Some(own);
    }
    let name = CString::new(name).ok()?;
    let library = *LIBRARY.get_or_init(|| {
        // SAFETY: the name ends with NUL; the library is the system's own, from the system's folder, and never unloaded.
        unsafe {
            LoadLibraryExW(w!("ucrtbase.dll"), std::ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) as usize
        }
    });
    exported(library as HMODULE, &name)
        .or_else(|| modules().into_iter().find_map(|module| exported(module, &name)))
}

fn exported(module: HMODULE, name: &CString) -> Option<usize> {
    if module.is_null() {
        return None;
    }
    // SAFETY: the name ends with NUL. A module that is unloaded meanwhile is an error, as for any caller of this function.
    unsafe { GetProcAddress(module, name.as_ptr().cast()) }.map(|address| address as usize)
}

/// Every module of the process: where an import that the author allowed may be.
fn modules() -> Vec<HMODULE> {
    let mut modules: Vec<HMODULE> = vec![std::ptr::null_mut(); 64];
    loop {
        let room = size_of_val(modules.as_slice()) as u32;
        let mut needed = 0;
        // SAFETY: there is room for as many bytes as it is told.
        let listed = unsafe {
            K32EnumProcessModules(GetCurrentProcess(), modules.as_mut_ptr(), room, &raw mut needed)
        };
        let count = if listed == 0 { 0 } else { needed as usize / size_of::<HMODULE>() };
        if count <= modules.len() {
            modules.truncate(count);
            return modules;
        }
        modules.resize(count, std::ptr::null_mut());
    }
}

fn own(name: &str) -> Option<usize> {
    match name {
        "__chkstk" => Some(chkstk as unsafe extern "C" fn() as usize),
        "fabsf" => Some(fabsf as extern "C" fn(f32) -> f32 as usize),
        "frexpf" => Some(frexpf as unsafe extern "C" fn(f32, *mut i32) -> f32 as usize),
        "hypotf" => Some(hypotf as extern "C" fn(f32, f32) -> f32 as usize),
        "ldexpf" => Some(ldexpf as extern "C" fn(f32, i32) -> f32 as usize),
        _ => None,
    }
}

extern "C" fn fabsf(x: f32) -> f32 {
    x.abs()
}

/// The root of squares that neither overflow nor are rounded, since a double has more than twice the bits.
extern "C" fn hypotf(x: f32, y: f32) -> f32 {
    if x.is_infinite() || y.is_infinite() {
        return f32::INFINITY;
    }
    let (x, y) = (f64::from(x), f64::from(y));
    (x * x + y * y).sqrt() as f32
}

/// Exact as a double, then rounded once.
extern "C" fn ldexpf(x: f32, exponent: i32) -> f32 {
    // From the smallest float to past the largest it is 2^277.
    let exponent = exponent.clamp(-400, 400);
    let power = f64::from_bits(((1023 + exponent) as u64) << 52);
    (f64::from(x) * power) as f32
}

/// # Safety
/// `exponent` points to an `int`.
unsafe extern "C" fn frexpf(x: f32, exponent: *mut i32) -> f32 {
    let bits = f64::from(x).to_bits();
    // Every float but zero is a normal double; infinities and NaN come back as they are.
    let (fraction, power) = match bits >> 52 & 0x7ff {
        0 | 0x7ff => (x, 0),
        biased => (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52) as f32, biased as i32 - 1022),
    };
    // SAFETY: the caller's promise.
    unsafe { exponent.write(power) };
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frexp(x: f32) -> (f32, i32) {
        let mut exponent = 77;
        // SAFETY: the exponent is an `int`.
        let fraction = unsafe { frexpf(x, &raw mut exponent) };
        (fraction, exponent)
    }

    #[test]
    fn what_the_library_lacks_computes_right() {
        assert_eq!((fabsf(-2.5), fabsf(-0.0).to_bits()), (2.5, 0));
        assert_eq!((hypotf(3.0, -4.0), hypotf(f32::MAX, 1.0)), (5.0, f32::MAX));
        assert_eq!(
            (hypotf(f32::MAX, f32::MAX), hypotf(f32::NAN, f32::NEG_INFINITY)),
            (f32::INFINITY, f32::INFINITY)
        );
        assert!(hypotf(f32::NAN, 1.0).is_nan());
        let smallest = f32::from_bits(1);
        assert_eq!((frexp(1.0), frexp(-12.0), frexp(smallest)), ((0.5, 1), (-0.75, 4), (0.5, -148)));
        assert_eq!((frexp(0.0), frexp(f32::INFINITY)), ((0.0, 0), (f32::INFINITY, 0)));
        assert_eq!((ldexpf(0.75, 4), ldexpf(0.5, -148), ldexpf(1.0, 128)), (12.0, smallest, f32::INFINITY));
        // Half of the smallest is even zero; three quarters of it round up.
        assert_eq!((ldexpf(smallest, -1), ldexpf(1.5, -150)), (0.0, smallest));
        assert_eq!((ldexpf(smallest, i32::MAX), ldexpf(f32::MAX, i32::MIN)), (f32::INFINITY, 0.0));
        for bits in (1..0x7f80_0000).step_by(9973) {
            let x = f32::from_bits(bits);
            let (fraction, exponent) = frexp(x);
            assert!((0.5..1.0).contains(&fraction));
            assert_eq!(ldexpf(fraction, exponent), x);
        }
    }
}
