//! Linux, on x86-64 and AArch64.

use std::ffi::CString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::ptr::NonNull;
use std::sync::OnceLock;

use pixie_format::FeatureSet;

pub(crate) use super::file_memory::{EXECUTABLE_HINT, HAS_FILE_MEMORY, execute_from_file};
use super::unix::{global_symbol, in_library};
pub(crate) use super::unix::{open, page_size, protect, release, reserve};
use crate::eh_frame;
use crate::layout::PlacedCode;
use crate::map::Mapping;

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

/// The model of the processor.
#[cfg(target_arch = "x86_64")]
pub(crate) fn cpu_model() -> String {
    crate::cpu::cpuid::leaves().model()
}

/// The model of the processor: what the kernel tells of the first core.
#[cfg(target_arch = "aarch64")]
pub(crate) use cpu_name as cpu_model;

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

/// Whether files are read to where code will run.
pub(crate) const READS_IN_PLACE: bool = true;

/// Makes the pages of memory that is about to be written, at once instead of one by one as they are touched: 119 against 161 us to map
/// and read an image of 450 kB. Older systems than Linux 5.14 refuse, which costs nothing but the time.
///
/// # Safety
/// The pages belong to a mapping of `reserve`.
pub(crate) unsafe fn populate(start: *mut u8, size: usize) {
    // SAFETY: the caller owns these pages, whose contents stay.
    unsafe { libc::madvise(start.cast(), size, libc::MADV_POPULATE_WRITE) };
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

/// Tells the unwinder of the process about the `.eh_frame` of an image, if it can read it.
///
/// # Safety
/// The image is mapped, has its final protection and lives as long as the process; a length of zero follows the tables.
pub(crate) unsafe fn register_unwind(image: &Mapping, _codes: &[PlacedCode]) {
    unsafe extern "C" {
        // The unwinder's that Rust's standard library is linked with.
        fn __register_frame(begin: *const u8);
    }
    // libgcc 12 guards its list by a lock, which a thread of the parent that was just ending may have held when this process was
    // forked, and nobody would ever release (seen in gdb, with threads that end all the time). So a child of a process that has tables registers no more.
    static REGISTERS: OnceLock<u32> = OnceLock::new();
    let process = std::process::id();
    if *REGISTERS.get_or_init(|| process) != process {
        return;
    }
    let (base, Some(tables)) = (image.image().0, image.unwind()) else { return };
    // SAFETY: the tables are mapped, readable, and nobody writes to them any more.
    let bytes = unsafe { std::slice::from_raw_parts(tables.0, tables.1) };
    // Code comes first in an image, so it lies between its base and the tables.
    let code = base as u64..tables.0 as u64;
    let Some(descriptions) = eh_frame::descriptions(bytes, tables.0 as u64, code) else { return };
    if descriptions.is_empty() {
        return;
    }
    if takes_descriptions(__register_frame as *const ()) {
        for offset in descriptions {
            // SAFETY: a whole description, about code of the image, behind the CIE that it refers to.
            unsafe { __register_frame(tables.0.add(offset)) };
        }
    } else {
        // SAFETY: whole records of a form that libgcc reads, and a length of zero behind them.
        unsafe { __register_frame(tables.0) };
    }
}

/// Whether `register`, this process's `__register_frame`, is LLVM's, which takes one description where libgcc takes a table.
fn takes_descriptions(register: *const ()) -> bool {
    let origin = |address: *const ()| {
        let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: dladdr takes any address and fills `info` where it succeeds; zeroes are a valid value where it does not.
        unsafe {
            libc::dladdr(address.cast(), info.as_mut_ptr());
            info.assume_init().dli_fbase
        }
    };
    // Only LLVM's has this function. Another library of the process may bring one that is not in use.
    // SAFETY: a word of this library, which the system's loader has filled in before any of its code ran.
    match unsafe { pixie_llvm_unwinder } {
        Some(llvm) => origin(llvm.as_ptr().cast()) == origin(register),
        None => cfg!(all(target_env = "musl", target_feature = "crt-static")),
    }
}

/// Reads every line of a part of this library's code, where `python/order.ld` has put it together.
pub(crate) fn read_code(part: usize) {
    const LINE: usize = 64;
    // SAFETY: words of this library, which the system's loader has filled in before any of its code ran.
    let parts = unsafe { pixie_parts };
    let [Some(Some(start)), Some(Some(end))] = [parts.get(part), parts.get(part + 1)] else { return };
    for offset in (0..(end.as_ptr() as usize).saturating_sub(start.as_ptr() as usize)).step_by(LINE) {
        // SAFETY: the linker has put the two around a part of this library, which is mapped readable as a whole and never written to.
        // Prefetch instructions instead of reads saved nothing.
        unsafe { start.as_ptr().add(offset).read_volatile() };
    }
}

unsafe extern "C" {
    /// Where `__unw_add_dynamic_fde` is, if anything loaded has it.
    static pixie_llvm_unwinder: Option<NonNull<u8>>;
    /// Where each part of the code begins, and where the last one ends.
    static pixie_parts: [Option<NonNull<u8>>; 4];
}

// Weak references, which Rust has no stable word for: `dlsym` words an error message where there is none, 8 us of a first import.
std::arch::global_asm!(
    ".pushsection .data.rel.ro.pixie_weak, \"aw\"",
    ".balign 8",
    ".weak __unw_add_dynamic_fde",
    ".globl pixie_llvm_unwinder",
    ".hidden pixie_llvm_unwinder",
    ".type pixie_llvm_unwinder, @object",
    ".size pixie_llvm_unwinder, 8",
    "pixie_llvm_unwinder:",
    ".8byte __unw_add_dynamic_fde",
    ".weak pixie_load, pixie_cache, pixie_call, pixie_end",
    ".hidden pixie_load",
    ".hidden pixie_cache",
    ".hidden pixie_call",
    ".hidden pixie_end",
    ".globl pixie_parts",
    ".hidden pixie_parts",
    ".type pixie_parts, @object",
    ".size pixie_parts, 32",
    "pixie_parts:",
    ".8byte pixie_load, pixie_cache, pixie_call, pixie_end",
    ".popsection",
);

/// Appends lines to the map that perf reads for this process. Others can write to `/tmp`: what is there already is taken only if
/// it is a plain file of this user's without a second name.
pub(crate) fn append_perf_map(lines: &str) -> io::Result<()> {
    let path = format!("/tmp/perf-{}.map", std::process::id());
    let fault = |what: &str| io::Error::other(format!("`{path}` {what}"));
    let mut options = OpenOptions::new();
    // Without O_NONBLOCK opening a pipe would wait for its reader.
    options.append(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let mut file = options.open(&path).map_err(|error| fault(&format!("cannot be opened: {error}")))?;
    let metadata = file.metadata()?;
    // SAFETY: geteuid has no preconditions.
    let user = unsafe { libc::geteuid() };
    if !metadata.is_file() || metadata.uid() != user || metadata.nlink() != 1 {
        return Err(fault("is not a plain file of this user's"));
    }
    // One call, so that lines of several threads do not mix.
    file.write_all(lines.as_bytes())
}
