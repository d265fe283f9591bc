//! Systems that pixie has no objects for: `Host::detect` refuses them before any of this is reached, and so does this.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use pixie_format::FeatureSet;

use crate::image::{PageSize, Protection};
use crate::layout::PlacedCode;
use crate::map::Mapping;

pub(crate) fn features() -> FeatureSet {
    FeatureSet::default()
}

pub(crate) fn cpu_name() -> String {
    std::env::consts::ARCH.to_owned()
}

/// The model of the processor.
pub(crate) use cpu_name as cpu_model;

pub(crate) fn symbol(_name: &str) -> Option<usize> {
    None
}

pub(crate) fn page_size() -> PageSize {
    PageSize::K64
}

pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

pub(crate) fn reserve(_size: usize, _align: usize, _code: usize) -> io::Result<*mut u8> {
    Err(io::ErrorKind::Unsupported.into())
}

/// # Safety
/// None: it does nothing.
pub(crate) unsafe fn protect(_start: *mut u8, _size: usize, _protection: Protection) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// # Safety
/// None: it does nothing.
pub(crate) unsafe fn release(_start: *mut u8, _size: usize) {}

pub(crate) fn flush_code(_code: (*const u8, usize)) {}

/// Tells the system's unwinder about an image, `codes` being those of its functions.
///
/// # Safety
/// The image is mapped, has its final protection and lives as long as the process.
pub(crate) unsafe fn register_unwind(_image: &Mapping, _codes: &[PlacedCode]) {}

/// Whether files are read to where code will run.
pub(crate) const READS_IN_PLACE: bool = true;

/// What to do where code cannot be made executable.
pub(crate) const EXECUTABLE_HINT: &str = "pixie has no objects for this system";
