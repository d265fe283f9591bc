//! Telling debuggers and profilers about an image, where that is asked for: gdb by its JIT interface, perf by a map of addresses.

mod elf;
mod gdb;
mod perf;

use crate::image::Address;
use crate::layout::Layout;
use crate::object::Object;
use crate::options::LoadOptions;
use crate::sys;

/// An image that is in place and stays there.
pub(crate) struct Placed<'a> {
    /// The module's name.
    pub module: &'a str,
    /// The level of the variant.
    pub isa: &'a str,
    /// The object's file.
    pub file: &'a [u8],
    /// The same, parsed.
    pub object: &'a Object<'a>,
    /// Where its sections are, from the base.
    pub layout: &'a Layout,
    /// Where the image is.
    pub base: Address,
}

/// Tells those whom `options` names; what went wrong, as it is no reason not to run.
pub(crate) fn announce(image: &Placed<'_>, options: &LoadOptions) -> Vec<String> {
    let mut warnings = Vec::new();
    if options.perf_map
        && let Err(error) = sys::append_perf_map(&perf::lines(image))
    {
        warnings.push(format!("PIXIE_PERF_MAP: cannot write the map for perf: {error}"));
    }
    if options.gdb_jit {
        match elf::with_addresses(image) {
            Some(file) => gdb::register(file),
            None => warnings
                .push("PIXIE_GDB_JIT: the object is no ELF file, which gdb's interface needs".to_owned()),
        }
    }
    warnings
}
