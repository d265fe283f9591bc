//! What only Linux has, refused elsewhere.

use std::io;

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

/// Only Linux has a call for it.
///
/// # Safety
/// None: it does nothing.
pub(crate) unsafe fn populate(_start: *mut u8, _size: usize) {}

/// Only perf reads such a map.
pub(crate) fn append_perf_map(_lines: &str) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "only Linux has perf"))
}

/// Only linkers for ELF are told where code goes.
pub(crate) fn read_code(_part: usize) {}
