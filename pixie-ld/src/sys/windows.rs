//! Windows on x86-64: detection and reading; memory for code is refused until the COFF reader is there.

use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt;

use pixie_format::FeatureSet;

use crate::image::{PageSize, Protection};

/// The features of the processor.
pub(crate) fn features() -> FeatureSet {
    crate::cpu::cpuid::leaves().features()
}

/// The name of the processor.
pub(crate) fn cpu_name() -> String {
    crate::cpu::cpuid::all_leaves().name()
}

/// No symbol of the host is looked up before objects can be linked.
pub(crate) fn symbol(_name: &str) -> Option<usize> {
    None
}

/// The page size of every x86-64 Windows.
pub(crate) fn page_size() -> PageSize {
    PageSize::K4
}

/// Fills `bytes` from the file at `offset`.
pub(crate) fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_read(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                bytes = bytes.get_mut(count..).unwrap_or_default();
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Refused in this version.
pub(crate) fn reserve(_size: usize) -> io::Result<*mut u8> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this version of pixie loads no code on Windows"))
}

/// Refused in this version.
///
/// # Safety
/// None: it does nothing.
pub(crate) unsafe fn protect(_start: *mut u8, _size: usize, _protection: Protection) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nothing was reserved.
///
/// # Safety
/// None: it does nothing.
pub(crate) unsafe fn release(_start: *mut u8, _size: usize) {}

/// x86-64 keeps its caches coherent.
pub(crate) fn flush_code(_code: (*const u8, usize)) {}

/// Tells the system's unwinder about the tables of an image at `base`: address and size in bytes.
///
/// # Safety
/// The image is mapped, has its final protection and lives as long as the process.
pub(crate) unsafe fn register_unwind(_base: *const u8, _tables: (*const u8, usize)) {}

/// What to do where code cannot be made executable.
pub(crate) const EXECUTABLE_HINT: &str = "the process forbids dynamic code (arbitrary code guard)";
/// Whether [`execute_from_file`] can succeed.
pub(crate) const HAS_FILE_MEMORY: bool = false;

/// Only Linux has policies against anonymous memory that a file gets around.
///
/// # Safety
/// None: it does nothing.
pub(crate) unsafe fn execute_from_file(
    _start: *mut u8,
    _size: usize,
    _name: &str,
) -> Result<(), Vec<(String, io::Error)>> {
    Err(vec![("a file (`PIXIE_MEMORY=file`)".to_owned(), io::ErrorKind::Unsupported.into())])
}

/// Only perf reads such a map, and only Linux has perf.
pub(crate) fn append_perf_map(_lines: &str) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "only Linux has perf"))
}
