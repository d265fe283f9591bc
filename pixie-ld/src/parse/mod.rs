//! Parsing: from an object file's bytes to the neutral model, one reader per file format.

pub mod elf;

use pixie_format::{ObjectFormat, Platform};

use crate::error::LinkError;
use crate::object::Object;

/// Reads an object of `platform`.
pub fn parse(platform: Platform, bytes: &[u8]) -> Result<Object<'_>, LinkError> {
    match (platform.object_format(), platform) {
        (ObjectFormat::Elf, Platform::Linux64) => elf::parse(bytes),
        (format, platform) => Err(LinkError::Unsupported {
            place: format!("object of {platform}"),
            what: format!("linking {format} objects of {platform} in this version"),
            hint: "",
        }),
    }
}
