//! Windows on x86-64.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::ptr;

use pixie_format::FeatureSet;
use windows_sys::Win32::System::Diagnostics::Debug::{
    FlushInstructionCache, IMAGE_RUNTIME_FUNCTION_ENTRY, RtlAddFunctionTable,
};
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_EXECUTE_READ, PAGE_READONLY, PAGE_READWRITE, VirtualAlloc,
    VirtualFree, VirtualProtect,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

pub(crate) use super::ucrt::symbol;
use crate::image::{PageSize, Protection};
use crate::layout::PlacedCode;
use crate::map::Mapping;

/// The features of the processor.
pub(crate) fn features() -> FeatureSet {
    crate::cpu::cpuid::leaves().features()
}

/// The model of the processor.
pub(crate) fn cpu_model() -> String {
    crate::cpu::cpuid::leaves().model()
}

/// The name of the processor.
pub(crate) fn cpu_name() -> String {
    crate::cpu::cpuid::all_leaves().name()
}

/// The page size of every x86-64 Windows.
pub(crate) fn page_size() -> PageSize {
    PageSize::K4
}

/// Opens a file for reading, and what it is; a folder cannot be opened, only asked.
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok((File::open(path)?, metadata))
}

/// Reserves `size` bytes of zeroed, readable and writable memory at an address of the system's choice, a multiple of its allocation
/// granularity of 64 KiB.
pub(crate) fn reserve(size: usize, _align: usize, _code: usize) -> io::Result<*mut u8> {
    // SAFETY: without an address a new allocation replaces nothing.
    let start = unsafe { VirtualAlloc(ptr::null(), size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) };
    if start.is_null() { Err(io::Error::last_os_error()) } else { Ok(start.cast()) }
}

/// Sets the protection of whole pages.
///
/// # Safety
/// The pages belong to an allocation of `reserve` to which no Rust reference exists.
pub(crate) unsafe fn protect(start: *mut u8, size: usize, protection: Protection) -> io::Result<()> {
    let flags = match protection {
        Protection::ReadExecute => PAGE_EXECUTE_READ,
        Protection::Read => PAGE_READONLY,
        Protection::ReadWrite => PAGE_READWRITE,
    };
    let mut before = 0;
    // SAFETY: the caller owns these pages, and there is room for the protection that they had.
    match unsafe { VirtualProtect(start.cast(), size, flags, &raw mut before) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Gives memory of `reserve` back.
///
/// # Safety
/// `start` is that of `reserve`, and nothing points into the memory.
pub(crate) unsafe fn release(start: *mut u8, _size: usize) {
    // SAFETY: the caller owns the allocation, which is given back whole. Failure would leave it, which harms nobody.
    unsafe { VirtualFree(start.cast(), 0, MEM_RELEASE) };
}

/// Makes new code visible to instruction fetch. x86-64 keeps its caches coherent, but an emulator may need to be told.
pub(crate) fn flush_code(code: (*const u8, usize)) {
    // SAFETY: the range is a mapped image's code, and nothing is read or written.
    unsafe { FlushInstructionCache(GetCurrentProcess(), code.0.cast(), code.1) };
}

/// Tells the system's unwinder about the table of functions of an image, which is sorted.
///
/// # Safety
/// The image is mapped, has its final protection and lives as long as the process.
pub(crate) unsafe fn register_unwind(image: &Mapping, _codes: &[PlacedCode]) {
    let (base, Some(tables)) = (image.image().0, image.unwind()) else { return };
    let count = tables.1 / size_of::<IMAGE_RUNTIME_FUNCTION_ENTRY>();
    // SAFETY: the caller's promise; the linker aligns the table to 4 bytes. Where it fails, exceptions do not pass through the
    // image, nor backtraces, which no caller can mend.
    unsafe { RtlAddFunctionTable(tables.0.cast(), count as u32, base as u64) };
}

/// Whether files are read to where code will run.
pub(crate) const READS_IN_PLACE: bool = true;

/// What to do where code cannot be made executable.
pub(crate) const EXECUTABLE_HINT: &str = "the process forbids dynamic code (arbitrary code guard)";
