//! Protecting: takes the right to write from code and constants, after which code may run.

use std::fmt::Write;
use std::io;

use crate::image::Protection;
use crate::layout::Frame;
use crate::map::Reservation;
use crate::options::CodeMemory;
use crate::sys;

/// Gives every segment its protection. Data is readable and writable from the start, so that memory is never writable and
/// executable at once and each page changes at most once. `name` is the module's, for those who look at the process.
pub(crate) fn protect(
    reservation: &mut Reservation,
    frame: &Frame,
    memory: CodeMemory,
    name: &str,
) -> io::Result<()> {
    let page = sys::page_size().bytes();
    for segment in frame.segments.iter().filter(|segment| segment.protection != Protection::ReadWrite) {
        let (offset, size) = (segment.offset, segment.size.next_multiple_of(page));
        let mut tried = Vec::new();
        if segment.protection != Protection::ReadExecute || memory != CodeMemory::File {
            match reservation.protect(offset, size, segment.protection) {
                Ok(()) => continue,
                Err(error) if segment.protection == Protection::ReadExecute && is_policy(&error, memory) => {
                    tried.push(("anonymous memory".to_owned(), error));
                }
                Err(error) => return Err(error),
            }
        }
        reservation.execute_from_file(offset, size, name).map_err(|files| {
            tried.extend(files);
            refused(&tried)
        })?;
    }
    Ok(())
}

/// Whether the system denies what a file may be allowed. SELinux and PaX answer "permission denied", filters mostly "operation not
/// permitted"; some say "out of memory", as a process does that has too many mappings.
fn is_policy(error: &io::Error, memory: CodeMemory) -> bool {
    use io::ErrorKind::{OutOfMemory, PermissionDenied};
    memory == CodeMemory::Auto
        && sys::HAS_FILE_MEMORY
        && matches!(error.kind(), PermissionDenied | OutOfMemory)
}

fn refused(tried: &[(String, io::Error)]) -> io::Error {
    let mut text = "everything was refused".to_owned();
    for (what, error) in tried {
        // A string takes everything.
        let _ = write!(text, "\n  {what}: {error}");
    }
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}
