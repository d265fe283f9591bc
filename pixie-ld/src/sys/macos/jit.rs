//! Executable memory of macOS where anonymous memory will not do: MAP_JIT, for code alone. Which thread may write it is a matter of
//! the thread (`pthread_jit_write_protect_np(3)`).
//!
//! Trying `mprotect` does not tell what a process may do: in one with the hardened runtime it succeeds, and the first instruction ends
//! the process. So such a process takes MAP_JIT if it is entitled to it, and others take it if `mprotect` fails.

use std::io;
use std::sync::OnceLock;

use super::super::unix;
use crate::image::Protection;

unsafe extern "C" {
    // libSystem's, on Apple silicon since macOS 11.
    safe fn pthread_jit_write_protect_np(enabled: libc::c_int);
    // The code-signing status of a process (xnu, bsd/sys/codesign.h).
    fn csops(pid: libc::pid_t, operation: u32, data: *mut libc::c_void, size: usize) -> libc::c_int;
}

const CS_OPS_STATUS: u32 = 0;
const CS_RUNTIME: u32 = 0x1_0000;

/// Whether code of this process goes to MAP_JIT memory.
pub(super) fn is_used() -> bool {
    static USED: OnceLock<bool> = OnceLock::new();
    *USED.get_or_init(|| {
        let page = unix::page_size().bytes() as usize;
        if !is_hardened() && can_protect(page) {
            return false;
        }
        let Ok(start) = map(page) else { return false };
        // SAFETY: the page was mapped here, and nothing refers to it.
        unsafe { unix::release(start, page) };
        true
    })
}

fn is_hardened() -> bool {
    let mut status = 0_u32;
    // SAFETY: getpid has no preconditions, and `status` has the size that goes with it.
    let outcome = unsafe { csops(libc::getpid(), CS_OPS_STATUS, (&raw mut status).cast(), size_of::<u32>()) };
    outcome == 0 && status & CS_RUNTIME != 0
}

fn can_protect(page: usize) -> bool {
    let Ok(start) = unix::reserve(page, page, 0) else { return true };
    // SAFETY: the page was mapped here, and nothing refers to it, before or after.
    unsafe {
        let outcome = unix::protect(start, page, Protection::ReadExecute);
        unix::release(start, page);
        outcome.is_ok()
    }
}

fn map(size: usize) -> io::Result<*mut u8> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_JIT;
    let access = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    // SAFETY: without MAP_FIXED, which MAP_JIT refuses, a new mapping replaces none that exists.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), size, access, flags, -1, 0) };
    if start == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(start.cast()) }
}

/// Reserves `size` bytes as [`unix::reserve`] does, the first `code` of them from the first multiple of `align` on for code, which this
/// thread may write until [`finish`].
pub(super) fn reserve(size: usize, align: usize, code: usize) -> io::Result<*mut u8> {
    let start = map(size)?;
    let rest = (start as usize).next_multiple_of(align)
        + code.next_multiple_of(unix::page_size().bytes() as usize)
        - start as usize;
    if rest < size {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED;
        // SAFETY: the range is the end of what was mapped above, to which nothing refers. Data so is near its code and outside the
        // memory that can be executed.
        let outcome = unsafe {
            let data = start.add(rest).cast();
            libc::mmap(data, size - rest, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0)
        };
        if outcome == libc::MAP_FAILED {
            let error = io::Error::last_os_error();
            // SAFETY: as above.
            unsafe { unix::release(start, size) };
            return Err(error);
        }
    }
    pthread_jit_write_protect_np(0);
    Ok(start)
}

/// Makes the code of MAP_JIT memory executable on this thread, as it is on all others, and no longer writable.
pub(super) fn finish() {
    pthread_jit_write_protect_np(1);
}
