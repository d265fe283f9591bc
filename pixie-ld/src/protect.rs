//! Protecting: takes the right to write from code and constants, after which code may run.

use std::io;

use crate::image::Protection;
use crate::layout::Layout;
use crate::map::Reservation;
use crate::sys;

/// Gives every segment its protection. Data is readable and writable from the start, so that memory is never writable and
/// executable at once and each page changes at most once.
pub(crate) fn protect(reservation: &Reservation, layout: &Layout) -> io::Result<()> {
    let page = sys::page_size().bytes();
    for segment in layout.segments.iter().filter(|segment| segment.protection != Protection::ReadWrite) {
        reservation.protect(segment.offset, segment.size.next_multiple_of(page), segment.protection)?;
    }
    Ok(())
}
