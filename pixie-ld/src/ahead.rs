//! Reading this library's own code ahead. A processor waits for each line of code that it has not yet seen, and fetches many at once
//! where they are only read: 126 instead of 145 us for an import of twelve functions in a fresh process.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::sys;

/// A part of the code, which lies in one place of the library where the linker was told so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// What loads a module.
    Load,
    /// What finds one in the cache.
    Cache,
    /// What makes a function and calls it.
    Call,
}

/// Reads a part of the code, which is about to run, once in a process. Only in a library that was compiled with a profile: elsewhere the
/// parts hold much that does not run, and reading them takes what it saves (13.5 us for 327 kB).
pub fn read_ahead(part: Part) {
    if !cfg!(pixie_profiled) {
        return;
    }
    static DONE: AtomicU8 = AtomicU8::new(0);
    let bit = 1 << part as u8;
    if DONE.load(Ordering::Relaxed) & bit == 0 && DONE.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
        sys::read_code(part as usize);
    }
}
