//! The fixed header of 128 bytes (spec §3).

use crate::FORMAT_VERSION;
use crate::error::{Error, Result};
use crate::hash::Hash;

/// spec §3.1: a byte with the high bit, the name, CR LF, Ctrl-Z, LF, so that no text-mode transfer survives unnoticed.
pub const MAGIC: [u8; 8] = *b"\x8fPIX\r\n\x1a\n";
/// spec §3, bytes.
pub const HEADER_LEN: usize = 128;
/// spec §3, bytes: what every blob's offset is a multiple of.
pub const BLOB_ALIGN: u64 = 64;
/// spec §3.2, bytes: longest manifest that a reader looks at.
pub const MAX_MANIFEST_LEN: u64 = 16 << 20;

// spec §3, byte offsets, little-endian.
const AT_MAJOR: usize = 8;
const AT_MINOR: usize = 10;
const AT_FLAGS: usize = 12;
const AT_FILE_LEN: usize = 16;
const AT_MANIFEST_OFFSET: usize = 24;
const AT_MANIFEST_LEN: usize = 32;
const AT_MANIFEST_HASH: usize = 40;
const AT_RESERVED: usize = 72;
const AT_HEADER_HASH: usize = 96;
/// spec §3, bytes.
const RESERVED_LEN: usize = AT_HEADER_HASH - AT_RESERVED;

/// The header of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// Format version, major.
    pub major: u16,
    /// Format version, minor.
    pub minor: u16,
    /// spec §3: zero in format 1.0; whoever rewrites a file of a later minor version keeps them.
    pub flags: u32,
    /// spec §3: zero in format 1.0; kept like the flags.
    pub reserved: [u8; RESERVED_LEN],
    /// The length of the whole file in bytes.
    pub file_len: u64,
    /// The length of the manifest in bytes; it follows the header.
    pub manifest_len: u64,
    /// The hash of the manifest's bytes.
    pub manifest_hash: Hash,
}

/// The next multiple of `BLOB_ALIGN`, if there is one.
pub(crate) fn align_blob(offset: u64) -> Option<u64> {
    offset.checked_next_multiple_of(BLOB_ALIGN)
}

impl Header {
    /// Reads the first bytes of a file of `file_len` bytes and checks rules M1 to M7. `bytes` may be longer than the header.
    pub fn parse(bytes: &[u8], file_len: u64) -> Result<Header> {
        if bytes.get(..8) != Some(&MAGIC) {
            return Err(magic_error(bytes));
        }
        let Some(header) = bytes.first_chunk::<HEADER_LEN>() else {
            return Err(Error::Field {
                rule: "M2",
                what: "header",
                offset: 0,
                expected: format!("{HEADER_LEN} bytes"),
                found: format!("{} bytes: the file was truncated", bytes.len()),
            });
        };
        let major = u16::from_le_bytes(field(header, AT_MAJOR));
        let minor = u16::from_le_bytes(field(header, AT_MINOR));
        let expected = Hash(field(header, AT_HEADER_HASH));
        let found = Hash::of(&header[..AT_HEADER_HASH]);
        // A damaged version field must not be taken for a newer format.
        if expected != found {
            return Err(Error::Damaged {
                rule: "M2",
                what: "the header".to_owned(),
                offset: 0,
                size: AT_HEADER_HASH as u64,
                expected,
                found,
            });
        }
        if major != FORMAT_VERSION.0 {
            return Err(Error::Version { found_major: major, found_minor: minor });
        }
        let result = Header {
            major,
            minor,
            flags: u32::from_le_bytes(field(header, AT_FLAGS)),
            reserved: field(header, AT_RESERVED),
            file_len: u64::from_le_bytes(field(header, AT_FILE_LEN)),
            manifest_len: u64::from_le_bytes(field(header, AT_MANIFEST_LEN)),
            manifest_hash: Hash(field(header, AT_MANIFEST_HASH)),
        };
        result.check(header, file_len)?;
        Ok(result)
    }

    fn check(&self, header: &[u8; HEADER_LEN], file_len: u64) -> Result<()> {
        let manifest_offset = u64::from_le_bytes(field(header, AT_MANIFEST_OFFSET));
        if manifest_offset != HEADER_LEN as u64 {
            return Err(Error::Field {
                rule: "M6",
                what: "header: manifest offset",
                offset: AT_MANIFEST_OFFSET as u64,
                expected: HEADER_LEN.to_string(),
                found: manifest_offset.to_string(),
            });
        }
        let flagged = self.flags != 0;
        if self.minor <= FORMAT_VERSION.1 && (flagged || self.reserved != [0; RESERVED_LEN]) {
            return Err(Error::Field {
                rule: "M4",
                what: "header: reserved bytes",
                offset: if flagged { AT_FLAGS } else { AT_RESERVED } as u64,
                expected: "zero".to_owned(),
                found: "other bytes".to_owned(),
            });
        }
        if self.file_len != file_len {
            return Err(Error::Length { expected: self.file_len, found: file_len });
        }
        let room = file_len.saturating_sub(HEADER_LEN as u64).min(MAX_MANIFEST_LEN);
        if self.manifest_len == 0 || self.manifest_len > room {
            return Err(Error::Field {
                rule: "M7",
                what: "header: manifest length",
                offset: AT_MANIFEST_LEN as u64,
                expected: format!("1 to {room}"),
                found: self.manifest_len.to_string(),
            });
        }
        Ok(())
    }

    /// The bytes of the header, with its hash.
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &MAGIC);
        put(AT_MAJOR, &self.major.to_le_bytes());
        put(AT_MINOR, &self.minor.to_le_bytes());
        put(AT_FLAGS, &self.flags.to_le_bytes());
        put(AT_FILE_LEN, &self.file_len.to_le_bytes());
        put(AT_MANIFEST_OFFSET, &(HEADER_LEN as u64).to_le_bytes());
        put(AT_MANIFEST_LEN, &self.manifest_len.to_le_bytes());
        put(AT_MANIFEST_HASH, &self.manifest_hash.0);
        put(AT_RESERVED, &self.reserved);
        let hash = Hash::of(&bytes[..AT_HEADER_HASH]);
        bytes[AT_HEADER_HASH..].copy_from_slice(&hash.0);
        bytes
    }
}

fn field<const N: usize>(header: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}

fn magic_error(bytes: &[u8]) -> Error {
    let hint = if bytes.is_empty() {
        "\nhint: the file is empty"
    } else if bytes.starts_with(b"\x8fPIX\n") {
        "\nhint: a transfer in text mode changed the line ends; copy the file in binary mode"
    } else if bytes.starts_with(b"\x0fPIX") {
        "\nhint: a transfer cleared the high bits; copy the file in binary mode"
    } else if bytes.starts_with(b"BC\xc0\xde") {
        "\nhint: this is LLVM bitcode; make a module of it with `pixie build`"
    } else if bytes.starts_with(b"\x7fELF") {
        "\nhint: this is an ELF file, not a fat module"
    } else {
        ""
    };
    Error::Magic { found: bytes[..bytes.len().min(8)].to_vec(), hint }
}
