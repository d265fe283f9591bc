//! Mapping: reserves memory in which an image is linked, still writable and not executable.

use std::io;

use crate::image::{Address, Protection};
use crate::layout::{Frame, PlacedCode};
use crate::sys;

/// Memory that is ours until dropped; a finished image is leaked instead.
#[derive(Debug)]
pub(crate) struct Reservation {
    start: *mut u8,
    size: usize,
    /// The first address in it that has the frame's alignment.
    base: usize,
    /// Whether all of it is surely still ours.
    intact: bool,
}

impl Reservation {
    /// Reserves readable and writable memory for `frame`, zeroed.
    pub(crate) fn new(frame: &Frame) -> io::Result<Reservation> {
        let page = sys::page_size().bytes();
        // A section may ask for more than a page; then a part before it stays unused.
        let size = frame.size + (frame.align - page.min(frame.align));
        let size = usize::try_from(size.max(page)).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let first = frame.segments.first();
        let code = first.filter(|segment| segment.protection == Protection::ReadExecute);
        let code = code.map_or(0, |segment| segment.size as usize);
        let start = sys::reserve(size, frame.align as usize, code)?;
        let base = (start as usize).next_multiple_of(frame.align as usize);
        Ok(Reservation { start, size, base, intact: true })
    }

    /// Where the image goes.
    pub(crate) fn base(&self) -> Address {
        Address(self.base as u64)
    }

    /// Makes the pages of large segments that are about to be filled.
    pub(crate) fn populate(&mut self, frame: &Frame) {
        // Three pages took 11.7 us so and 13.2 by faults.
        const LARGE: u64 = 64 << 10;
        for segment in frame.segments.iter().filter(|segment| segment.filled >= LARGE) {
            let start = self.pages(segment.offset, segment.filled);
            // SAFETY: `pages` has checked that the range is the reservation's own.
            unsafe { sys::populate(start, segment.filled as usize) };
        }
    }

    /// The bytes of each segment of the frame that it was made for, zeroed, to be filled.
    pub(crate) fn segments(&mut self, frame: &Frame) -> Vec<&mut [u8]> {
        let mut free = self.base - self.start as usize;
        let mut segments = Vec::with_capacity(frame.segments.len());
        for segment in &frame.segments {
            let offset = self.base - self.start as usize + segment.offset as usize;
            let end = offset.checked_add(segment.filled as usize);
            let end = end.filter(|end| offset >= free && *end <= self.size);
            let Some(end) = end else { unreachable!("segments ascend and lie within their frame") };
            free = end;
            // SAFETY: `start..start + size` is memory that `sys::reserve` made readable, writable and zeroed, and that only this
            // value refers to, which is borrowed for as long as the slices live; the check above keeps them apart and within it.
            segments.push(unsafe { std::slice::from_raw_parts_mut(self.start.add(offset), end - offset) });
        }
        segments
    }

    /// Sets the protection of `size` bytes at `offset` from the base.
    pub(crate) fn protect(&mut self, offset: u64, size: u64, protection: Protection) -> io::Result<()> {
        let start = self.pages(offset, size);
        // SAFETY: the range lies within the reservation, to which no Rust reference exists: it is reached through raw pointers
        // only, so changing its protection breaks no borrow.
        unsafe { sys::protect(start, size as usize, protection) }
    }

    /// Puts an executable mapping of a file with the same bytes in the place of `size` bytes at `offset` from the base; else tells
    /// what was tried.
    pub(crate) fn execute_from_file(
        &mut self,
        offset: u64,
        size: u64,
        name: &str,
    ) -> Result<(), Vec<(String, io::Error)>> {
        let start = self.pages(offset, size);
        // SAFETY: as in `protect`; the bytes stay the same, and the new mapping is given back with the reservation.
        let outcome = unsafe { sys::execute_from_file(start, size as usize, name) };
        // A replacement that failed may have left a hole, which another thread may have filled.
        self.intact = outcome.is_ok();
        outcome
    }

    /// The address of whole pages, which must be the reservation's own.
    fn pages(&self, offset: u64, size: u64) -> *mut u8 {
        let start = self.base - self.start as usize + offset as usize;
        assert!(start + size as usize <= self.size, "only the reservation's own pages are protected");
        self.start.wrapping_add(start)
    }

    /// Keeps the memory for as long as the process lives.
    pub(crate) fn leak(self) {
        std::mem::forget(self);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.intact {
            // SAFETY: the memory came from `sys::reserve` with this size; a reservation that is dropped was never handed out, so
            // nothing points into it.
            unsafe { sys::release(self.start, self.size) };
        }
    }
}

/// Where a loaded image is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping {
    base: usize,
    size: usize,
    code: (usize, usize),
    unwind: Option<(usize, usize)>,
}

impl Mapping {
    pub(crate) fn of(frame: &Frame, base: Address) -> Mapping {
        let base = base.0 as usize;
        let code = frame.segments.iter().find(|segment| segment.protection == Protection::ReadExecute);
        Mapping {
            base,
            size: frame.size as usize,
            code: code.map_or((base, 0), |code| (base + code.offset as usize, code.size as usize)),
            unwind: frame.unwind.map(|(offset, size)| (base + offset as usize, size as usize)),
        }
    }

    pub(crate) fn image(&self) -> (*const u8, usize) {
        (self.base as *const u8, self.size)
    }

    pub(crate) fn code(&self) -> (*const u8, usize) {
        (self.code.0 as *const u8, self.code.1)
    }

    /// Tells the unwinder about the image, which is in place and stays there.
    pub(crate) fn register_unwind(&self, codes: &[PlacedCode]) {
        // SAFETY: called by the loader once the image has its protection and has been leaked.
        unsafe { sys::register_unwind(self, codes) };
    }

    pub(crate) fn unwind(&self) -> Option<(*const u8, usize)> {
        self.unwind.map(|(address, size)| (address as *const u8, size))
    }
}
