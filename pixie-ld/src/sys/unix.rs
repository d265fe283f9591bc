//! What Linux and macOS share: memory by mmap, symbols by dlsym, reading by pread.

use std::ffi::{CStr, CString};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::OnceLock;

use crate::image::{PageSize, Protection};

/// The page size of this process.
pub(crate) fn page_size() -> PageSize {
    static SIZE: OnceLock<PageSize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        // SAFETY: sysconf has no preconditions.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        // Protecting in larger units than needed is always right.
        u64::try_from(bytes).ok().and_then(PageSize::new).unwrap_or(PageSize::K64)
    })
}

/// Opens a file for reading, and what it is. At a pipe that nobody writes to, opening would wait for ever without `O_NONBLOCK`, which
/// means nothing to regular files.
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// Reserves `size` bytes of zeroed, readable and writable memory at an address of the system's choice. The first `code` bytes from the
/// first multiple of `align` on are for code, which matters where code takes memory of another kind.
pub(crate) fn reserve(size: usize, _align: usize, _code: usize) -> io::Result<*mut u8> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
    // SAFETY: without MAP_FIXED a new mapping replaces none that exists.
    let start =
        unsafe { libc::mmap(std::ptr::null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    if start == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(start.cast()) }
}

/// Sets the protection of whole pages.
///
/// # Safety
/// The pages belong to a mapping of `reserve` to which no Rust reference exists.
pub(crate) unsafe fn protect(start: *mut u8, size: usize, protection: Protection) -> io::Result<()> {
    let flags = match protection {
        Protection::ReadExecute => libc::PROT_READ | libc::PROT_EXEC,
        Protection::Read => libc::PROT_READ,
        Protection::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
    };
    // SAFETY: the caller owns these pages.
    match unsafe { libc::mprotect(start.cast(), size, flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Gives memory of `reserve` back.
///
/// # Safety
/// `start` and `size` are those of `reserve`, and nothing points into the memory.
pub(crate) unsafe fn release(start: *mut u8, size: usize) {
    // SAFETY: the caller owns the mapping. Failure would leave the pages mapped, which harms nobody.
    unsafe { libc::munmap(start.cast(), size) };
}

/// Looks a symbol up among everything that is loaded.
pub(crate) fn global_symbol(name: &str) -> Option<usize> {
    if let Some(address) = linked(name) {
        return Some(address);
    }
    let name = CString::new(name).ok()?;
    in_library(libc::RTLD_DEFAULT, &name)
}

/// What nearly every object needs and this library is linked with anyway: the first `dlsym` of a process took 5 us.
fn linked(name: &str) -> Option<usize> {
    Some(match name {
        "memcpy" => libc::memcpy as *const () as usize,
        "memmove" => libc::memmove as *const () as usize,
        "memset" => libc::memset as *const () as usize,
        "memcmp" => libc::memcmp as *const () as usize,
        _ => return None,
    })
}

pub(crate) fn in_library(library: *mut libc::c_void, name: &CStr) -> Option<usize> {
    // SAFETY: the name ends with NUL, the handle is RTLD_DEFAULT or one of dlopen that is never closed.
    let address = unsafe { libc::dlsym(library, name.as_ptr()) };
    (!address.is_null()).then_some(address as usize)
}
