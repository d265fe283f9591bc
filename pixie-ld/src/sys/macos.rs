//! macOS on Apple silicon. Compiled for it, and its parts that are pure are tested; what it does with memory has never been executed
//! where this was written.

mod jit;
mod unwind;

use std::io;

use pixie_format::{Feature, FeatureSet, Platform};

use super::unix::{self, global_symbol};
pub(crate) use super::unix::{open, page_size};
use crate::compact_unwind;
use crate::image::Protection;
use crate::layout::PlacedCode;
use crate::map::Mapping;

/// The address of a function or variable of the host. The mathematics library is part of libSystem, which is always loaded.
pub(crate) fn symbol(name: &str) -> Option<usize> {
    global_symbol(name)
}

/// The features of the processor.
pub(crate) fn features() -> FeatureSet {
    // Every Mac with Apple silicon has what the M1 has, and macOS 11 names only some of it.
    let mut features = Platform::OsxArm64.levels()[0].features;
    let newer =
        [(c"hw.optional.arm.FEAT_BF16", Feature::Bf16), (c"hw.optional.arm.FEAT_I8MM", Feature::I8mm)];
    for (name, feature) in newer {
        let mut value = [0; 4];
        if query(name, &mut value) == Some(4) && i32::from_ne_bytes(value) == 1 {
            features.insert(feature);
        }
    }
    features
}

/// The name of the processor.
pub(crate) fn cpu_name() -> String {
    let mut name = [0; 128];
    let length = query(c"machdep.cpu.brand_string", &mut name).unwrap_or(0);
    let text = String::from_utf8_lossy(name.get(..length).unwrap_or_default());
    text.trim_end_matches('\0').to_owned()
}

/// The model of the processor.
pub(crate) use cpu_name as cpu_model;

/// Fills `value` with a system variable; the number of bytes written.
fn query(name: &std::ffi::CStr, value: &mut [u8]) -> Option<usize> {
    let mut size = value.len();
    // SAFETY: the name ends with NUL, `value` has room for `size` bytes, and nothing is set.
    let outcome = unsafe {
        libc::sysctlbyname(name.as_ptr(), value.as_mut_ptr().cast(), &mut size, std::ptr::null_mut(), 0)
    };
    (outcome == 0).then_some(size)
}

/// Makes new code visible to instruction fetch.
pub(crate) fn flush_code(code: (*const u8, usize)) {
    unsafe extern "C" {
        fn sys_icache_invalidate(start: *const u8, size: usize);
    }
    // SAFETY: the range is a mapped image's code; the function is libSystem's.
    unsafe { sys_icache_invalidate(code.0, code.1) };
}

/// Tells the system's unwinder about an image, `codes` being those of its functions.
///
/// # Safety
/// The image is mapped, has its final protection and lives as long as the process.
pub(crate) unsafe fn register_unwind(image: &Mapping, codes: &[PlacedCode]) {
    // SAFETY: the caller's promise.
    unsafe { unwind::register(image, compact_unwind::table(codes)) };
}

/// Reserves zeroed memory for an image, writable on this thread: its code takes MAP_JIT memory where nothing else will do.
pub(crate) fn reserve(size: usize, align: usize, code: usize) -> io::Result<*mut u8> {
    match code > 0 && jit::is_used() {
        true => jit::reserve(size, align, code),
        false => unix::reserve(size, align, code),
    }
}

/// Sets the protection of whole pages.
///
/// # Safety
/// The pages belong to a mapping of [`reserve`] to which no Rust reference exists.
pub(crate) unsafe fn protect(start: *mut u8, size: usize, protection: Protection) -> io::Result<()> {
    if protection == Protection::ReadExecute && jit::is_used() {
        jit::finish();
        return Ok(());
    }
    // SAFETY: the caller's promise.
    unsafe { unix::protect(start, size, protection) }
}

/// Gives memory of [`reserve`] back.
///
/// # Safety
/// `start` and `size` are those of `reserve`, and nothing points into the memory.
pub(crate) unsafe fn release(start: *mut u8, size: usize) {
    if jit::is_used() {
        // An image that could not be linked: no code may run on a thread that writes code.
        jit::finish();
    }
    // SAFETY: the caller's promise.
    unsafe { unix::release(start, size) };
}

/// Whether files are read to where code will run. MAP_JIT memory is writable for this thread; whether it is for the system on its
/// behalf could not be tried.
pub(crate) const READS_IN_PLACE: bool = false;

/// What to do where code cannot be made executable.
pub(crate) const EXECUTABLE_HINT: &str =
    "the process's entitlements or policy forbid code that is made at run time";
