//! Linux, on x86-64 and AArch64.

use std::ffi::CString;
use std::sync::OnceLock;

use pixie_format::FeatureSet;

pub(crate) use super::file_memory::{EXECUTABLE_HINT, HAS_FILE_MEMORY, execute_from_file};
use super::unix::{global_symbol, in_library};
pub(crate) use super::unix::{page_size, protect, read_at, release, reserve};

/// The address of a function or variable of the host: of whatever is loaded, else of the mathematics library, which a process
/// need not have loaded.
pub(crate) fn symbol(name: &str) -> Option<usize> {
    static LIBM: OnceLock<usize> = OnceLock::new();
    global_symbol(name).or_else(|| {
        let libm = *LIBM.get_or_init(|| {
            // SAFETY: the name ends with NUL; libm runs no code of consequence when it is loaded.
            unsafe { libc::dlopen(c"libm.so.6".as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) as usize }
        });
        let name = CString::new(name).ok()?;
        // A null handle would search the main program, where the symbol was not found before.
        if libm == 0 { None } else { in_library(libm as *mut libc::c_void, &name) }
    })
}

/// The features of the processor.
#[cfg(target_arch = "x86_64")]
pub(crate) fn features() -> FeatureSet {
    crate::cpu::cpuid::leaves().features()
}

/// The name of the processor.
#[cfg(target_arch = "x86_64")]
pub(crate) fn cpu_name() -> String {
    crate::cpu::cpuid::all_leaves().name()
}

/// The features of the processor.
#[cfg(target_arch = "aarch64")]
pub(crate) fn features() -> FeatureSet {
    // SAFETY: getauxval has no preconditions.
    let (hwcap, hwcap2) = unsafe { (libc::getauxval(libc::AT_HWCAP), libc::getauxval(libc::AT_HWCAP2)) };
    crate::cpu::aarch64::features(hwcap, hwcap2)
}

/// The name of the processor, as far as the kernel gives one: implementer and part of the first core.
#[cfg(target_arch = "aarch64")]
pub(crate) fn cpu_name() -> String {
    let read = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1");
    let identity = read.unwrap_or_default();
    format!("AArch64 {}", identity.trim()).trim_end().to_owned()
}

/// Makes new code visible to instruction fetch. x86-64 keeps its caches coherent.
#[cfg(target_arch = "x86_64")]
pub(crate) fn flush_code(_code: (*const u8, usize)) {}

/// Makes new code visible to instruction fetch.
#[cfg(target_arch = "aarch64")]
pub(crate) fn flush_code(code: (*const u8, usize)) {
    unsafe extern "C" {
        fn __clear_cache(start: *const u8, end: *const u8);
    }
    // SAFETY: the range is a mapped image's code; the function is the compiler runtime's, which Rust links.
    unsafe { __clear_cache(code.0, code.0.wrapping_add(code.1)) };
}

/// Tells the system's unwinder about the tables of an image at `base`: address and size in bytes.
///
/// # Safety
/// The image is mapped, has its final protection and lives as long as the process.
pub(crate) unsafe fn register_unwind(_base: *const u8, _tables: (*const u8, usize)) {}
