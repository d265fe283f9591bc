//! Compact unwind of Mach-O objects: the entries of `__LD,__compact_unwind` (`mach-o/compact_unwind_encoding.h`).

use object::endian::LittleEndian as LE;
use object::macho;
use object::read::macho::Section as _;

use super::{RawSection, malformed};
use crate::error::LinkError;
use crate::object::{Place, SectionId, Symbol, UnwindCode};

/// Address of the function and size, code, personality and language-specific data: 8, 4, 4, 8 and 8 bytes.
const ENTRY: usize = 32;

/// The codes of functions in loaded sections. Personalities are left alone: a function that had one would need its symbol elsewhere.
pub(super) fn codes(
    bytes: &[u8],
    raw: &[&RawSection],
    ids: &[Option<SectionId>],
    symbols: &[Symbol<'_>],
) -> Result<Vec<UnwindCode>, LinkError> {
    let is_it = |raw: &&&RawSection| raw.segment_name() == b"__LD" && raw.name() == b"__compact_unwind";
    let mut sections = raw.iter().filter(is_it);
    let Some(section) = sections.next() else { return Ok(Vec::new()) };
    let failed = |what: &dyn ToString| malformed("section `__LD,__compact_unwind`", what.to_string());
    if sections.next().is_some() {
        return Err(failed(&"there are two of them"));
    }
    let data = section.data(LE, bytes, section.offset(LE).into()).map_err(|error| failed(&error))?;
    let entries = section.relocations(LE, bytes).map_err(|error| failed(&error))?;
    let mut codes = Vec::with_capacity(data.len() / ENTRY);
    for info in entries.iter().map(|entry| entry.info(LE)) {
        let at = info.r_address as usize;
        if !at.is_multiple_of(ENTRY) {
            continue;
        }
        let entry = data.get(at..).and_then(|rest| rest.first_chunk::<ENTRY>());
        let entry = entry.ok_or_else(|| failed(&format!("offset {at:#x} is outside of it")))?;
        let number =
            |at: usize| entry.get(at..).and_then(|rest| rest.first_chunk().copied()).unwrap_or_default();
        let address = u64::from_le_bytes(*entry.first_chunk().unwrap_or(&[0; 8]));
        let unexpected = || failed(&format!("offset {at:#x}: expected the address of a function"));
        if info.r_type != macho::ARM64_RELOC_UNSIGNED || info.r_length != 3 || info.r_pcrel {
            return Err(unexpected());
        }
        let index = info.r_symbolnum as usize;
        let (section, offset) = if info.r_extern {
            match symbols.get(index).map(|symbol| symbol.place) {
                Some(Place::Section(section, offset)) => (section, offset.wrapping_add(address)),
                // A function of a section that is not loaded.
                Some(Place::Discarded) => continue,
                _ => return Err(unexpected()),
            }
        } else {
            let found = index.checked_sub(1).and_then(|index| Some((raw.get(index)?, *ids.get(index)?)));
            match found {
                Some((raw, Some(section))) => (section, address.wrapping_sub(raw.addr(LE))),
                Some((_, None)) => continue,
                None => return Err(unexpected()),
            }
        };
        let (size, code) = (u32::from_le_bytes(number(8)), u32::from_le_bytes(number(12)));
        codes.push(UnwindCode { section, offset, size, code });
    }
    Ok(codes)
}
