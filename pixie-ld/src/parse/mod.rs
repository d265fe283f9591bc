//! Parsing: from an object file's bytes to the neutral model, one reader per file format.

// A reader that only tools need is left out of what end users install.
#[cfg(any(windows, feature = "every-format"))]
pub mod coff;
pub mod elf;
#[cfg(any(target_os = "macos", feature = "every-format"))]
pub mod macho;

use pixie_format::{ObjectFormat, Platform};

use crate::error::LinkError;
use crate::object::Object;

/// Reads an object of `platform`.
pub fn parse(platform: Platform, bytes: &[u8]) -> Result<Object<'_>, LinkError> {
    match (platform.object_format(), platform) {
        (ObjectFormat::Elf, Platform::Linux64) => elf::parse(bytes),
        #[cfg(any(windows, feature = "every-format"))]
        (ObjectFormat::Coff, _) => coff::parse(bytes),
        #[cfg(any(target_os = "macos", feature = "every-format"))]
        (ObjectFormat::MachO, _) => macho::parse(bytes),
        (format, platform) => Err(LinkError::Unsupported {
            place: format!("object of {platform}"),
            what: format!("linking {format} objects of {platform} in this version"),
            hint: "",
        }),
    }
}
