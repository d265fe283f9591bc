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
    match platform.object_format() {
        ObjectFormat::Elf => elf::parse(platform.arch(), bytes),
        #[cfg(any(windows, feature = "every-format"))]
        ObjectFormat::Coff => coff::parse(bytes),
        #[cfg(any(target_os = "macos", feature = "every-format"))]
        ObjectFormat::MachO => macho::parse(bytes),
        // With all readers there is nothing left.
        #[allow(unreachable_patterns)]
        format => Err(LinkError::Unsupported {
            place: format!("object of {platform}"),
            what: format!("linking {format} objects of {platform} in this version"),
            hint: "",
        }),
    }
}

fn malformed(place: impl Into<String>, what: impl ToString) -> LinkError {
    LinkError::Malformed { place: place.into(), what: what.to_string() }
}

/// A name as text, if it could be read; `place` says whose it is.
fn text(bytes: object::read::Result<&[u8]>, place: impl Fn() -> String) -> Result<&str, LinkError> {
    utf8(bytes.map_err(|error| malformed(place(), error))?, place)
}

/// A name as text.
fn utf8(bytes: &[u8], place: impl Fn() -> String) -> Result<&str, LinkError> {
    std::str::from_utf8(bytes)
        .map_err(|_| malformed(place(), format!("the name `{}` is not UTF-8", bytes.escape_ascii())))
}
