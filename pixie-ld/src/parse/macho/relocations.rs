//! Relocations of Mach-O arm64 objects (`mach-o/arm64/reloc.h`): what is computed follows from the type, the width, the
//! instruction, and the entry before.

use object::endian::LittleEndian as LE;
use object::macho::{self, RelocationInfo};
use object::read::macho::Section as _;

use super::{RawSection, malformed, unsupported};
use crate::error::LinkError;
use crate::object::{
    Binding, Place, Relocation, Section, SectionId, SectionKind, Symbol, SymbolId, SymbolKind,
};
use crate::relocate::RelocationKind;
use crate::relocate::aarch64::Kind;

/// Adds the relocations of every loaded section; symbols that stand for the start of a section, or for zero, come after those of
/// the file where an entry refers to them.
pub(super) fn read<'a>(
    bytes: &[u8],
    raw: &[&RawSection],
    ids: &[Option<SectionId>],
    sections: &mut [Section<'a>],
    symbols: &mut Vec<Symbol<'a>>,
) -> Result<(), LinkError> {
    let count = symbols.len();
    let mut reader = Reader { raw, ids, anchors: vec![None; raw.len()], zero: None, count, symbols };
    let mut read = 0;
    for (raw, id) in raw.iter().zip(ids) {
        let Some(section) = id.and_then(|id| sections.get_mut(id.0 as usize)) else { continue };
        let place = || format!("relocations of section `{}`", section.name);
        let entries = raw.relocations(LE, bytes).map_err(|error| malformed(place(), error))?;
        // Sections that share a table could make a small file a large list.
        read += size_of_val(entries);
        if read > bytes.len() {
            return Err(malformed(place(), "there are more than fit the file, so the tables overlap"));
        }
        if !entries.is_empty() && section.kind == SectionKind::Zero {
            return Err(malformed(place(), "the section has no bytes to relocate"));
        }
        section.relocations.reserve(entries.len());
        let mut entries = entries.iter().map(|entry| entry.info(LE));
        while let Some(entry) = entries.next() {
            reader.one(section, id.unwrap_or(SectionId(0)), entry, &mut entries)?;
        }
    }
    Ok(())
}

struct Reader<'r, 'a> {
    raw: &'r [&'r RawSection],
    ids: &'r [Option<SectionId>],
    /// The symbol at the start of each section of the file, once it is needed.
    anchors: Vec<Option<SymbolId>>,
    /// The symbol of value 0.
    zero: Option<SymbolId>,
    /// How many symbols the file has.
    count: usize,
    symbols: &'r mut Vec<Symbol<'a>>,
}

/// An entry and the bytes that it fills.
struct Field<'s, 'a> {
    section: &'s Section<'a>,
    info: RelocationInfo,
}

impl Field<'_, '_> {
    fn place(&self) -> String {
        format!("section `{}` offset {:#x}", self.section.name, self.info.r_address)
    }

    fn bytes<const N: usize>(&self) -> Result<[u8; N], LinkError> {
        let at = self.info.r_address as usize;
        let field = self.section.data.get(at..).and_then(|rest| rest.first_chunk::<N>());
        field.copied().ok_or_else(|| {
            let what =
                format!("a relocation fills {N} bytes, the section has {} bytes", self.section.data.len());
            malformed(self.place(), what)
        })
    }

    fn instruction(&self) -> Result<u32, LinkError> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    /// The number that the assembler left in a data field.
    fn number(&self) -> Result<i64, LinkError> {
        match self.info.r_length {
            2 => Ok(i32::from_le_bytes(self.bytes()?).into()),
            _ => Ok(i64::from_le_bytes(self.bytes()?)),
        }
    }

    fn relocation(&self, kind: Kind, symbol: SymbolId, addend: i64) -> Relocation {
        let offset = self.info.r_address.into();
        Relocation { offset, kind: RelocationKind::Aarch64(kind), symbol, addend }
    }

    fn unknown(&self) -> LinkError {
        let RelocationInfo { r_pcrel, r_length, r_extern, r_type, .. } = self.info;
        let pcrel = if r_pcrel { ", relative" } else { "" };
        let of = if r_extern { "" } else { ", to a section" };
        LinkError::UnknownRelocation {
            section: self.section.name.to_owned(),
            offset: self.info.r_address.into(),
            kind: format!("ARM64_RELOC type {} of {} bytes{pcrel}{of}", r_type.0, 1 << r_length),
        }
    }
}

impl<'a> Reader<'_, 'a> {
    /// Reads one entry, with the one that it is a prefix of.
    fn one(
        &mut self,
        section: &mut Section<'a>,
        id: SectionId,
        entry: RelocationInfo,
        rest: &mut impl Iterator<Item = RelocationInfo>,
    ) -> Result<(), LinkError> {
        let prefixed = |place: String, what: &str, wanted: &[macho::RelocationType], next| match next {
            Some(RelocationInfo { r_address, r_type, .. })
                if r_address == entry.r_address && wanted.contains(&r_type) =>
            {
                Ok(())
            }
            _ => Err(malformed(place, format!("expected {what} at the same offset after this relocation"))),
        };
        let field = Field { section, info: entry };
        let mut found = [None, None];
        match entry.r_type {
            macho::ARM64_RELOC_SUBTRACTOR => {
                let next = rest.next();
                prefixed(field.place(), "ARM64_RELOC_UNSIGNED", &[macho::ARM64_RELOC_UNSIGNED], next)?;
                let minuend = Field { section, info: next.unwrap_or(entry) };
                found = self.difference(id, &field, &minuend)?;
            }
            macho::ARM64_RELOC_ADDEND => {
                let next = rest.next();
                let wanted =
                    [macho::ARM64_RELOC_BRANCH26, macho::ARM64_RELOC_PAGE21, macho::ARM64_RELOC_PAGEOFF12];
                prefixed(field.place(), "a branch or a page", &wanted, next)?;
                // 24 bits, signed.
                let addend = i64::from((entry.r_symbolnum << 8) as i32 >> 8);
                let target = Field { section, info: next.unwrap_or(entry) };
                found[0] = Some(self.instruction(&target, addend)?);
            }
            macho::ARM64_RELOC_UNSIGNED => found[0] = Some(self.unsigned(&field)?),
            macho::ARM64_RELOC_POINTER_TO_GOT => found[0] = Some(self.pointer_to_got(&field)?),
            macho::ARM64_RELOC_TLVP_LOAD_PAGE21 | macho::ARM64_RELOC_TLVP_LOAD_PAGEOFF12 => {
                let hint = "\nhint: pass the state as an argument";
                return Err(unsupported(field.place(), "thread-local data", hint));
            }
            macho::ARM64_RELOC_AUTHENTICATED_POINTER => {
                return Err(unsupported(field.place(), "a signed pointer (arm64e)", ""));
            }
            _ => found[0] = Some(self.instruction(&field, 0)?),
        }
        section.relocations.extend(found.into_iter().flatten());
        Ok(())
    }

    /// A field within an instruction.
    fn instruction(&self, field: &Field<'_, '_>, addend: i64) -> Result<Relocation, LinkError> {
        let RelocationInfo { r_pcrel, r_length, r_extern, r_type, .. } = field.info;
        // Type, whether it is relative, mask and bits of the instruction, its name.
        let (pcrel, mask, bits, wanted) = match r_type {
            macho::ARM64_RELOC_BRANCH26 => (true, 0x7c00_0000, 0x1400_0000, "`b` or `bl`"),
            macho::ARM64_RELOC_PAGE21 | macho::ARM64_RELOC_GOT_LOAD_PAGE21 => {
                (true, 0x9f00_0000, 0x9000_0000, "`adrp`")
            }
            macho::ARM64_RELOC_GOT_LOAD_PAGEOFF12 => (false, 0xffc0_0000, 0xf940_0000, "`ldr` of 8 bytes"),
            macho::ARM64_RELOC_PAGEOFF12 => (false, 0, 0, ""),
            _ => return Err(field.unknown()),
        };
        if r_length != 2 || r_pcrel != pcrel || !r_extern {
            return Err(field.unknown());
        }
        let word = field.instruction()?;
        let unexpected = |wanted| malformed(field.place(), format!("expected {wanted}, found {word:#010x}"));
        if word & mask != bits {
            return Err(unexpected(wanted));
        }
        let kind = match r_type {
            macho::ARM64_RELOC_BRANCH26 => Kind::Branch26,
            macho::ARM64_RELOC_PAGE21 => Kind::Page21,
            macho::ARM64_RELOC_GOT_LOAD_PAGE21 => Kind::GotPage21,
            macho::ARM64_RELOC_GOT_LOAD_PAGEOFF12 => Kind::GotPageOffset12,
            _ => {
                let shift = unit(word).ok_or_else(|| unexpected("`add`, or a load or store"))?;
                Kind::PageOffset12 { shift }
            }
        };
        Ok(field.relocation(kind, self.symbol(field)?, addend))
    }

    /// The address of something, plus the number in the field.
    fn unsigned(&mut self, field: &Field<'_, '_>) -> Result<Relocation, LinkError> {
        let kind = match (field.info.r_length, field.info.r_pcrel) {
            (2, false) => Kind::Absolute32,
            (3, false) => Kind::Absolute64,
            _ => return Err(field.unknown()),
        };
        let (symbol, addend) = self.target(field)?;
        Ok(field.relocation(kind, symbol, addend))
    }

    /// The entry of the global offset table: its distance from the field, or its address. The assembler leaves the negative offset
    /// of a relative field in it, which means nothing.
    fn pointer_to_got(&self, field: &Field<'_, '_>) -> Result<Relocation, LinkError> {
        let kind = match (field.info.r_length, field.info.r_pcrel, field.info.r_extern) {
            (2, true, true) => Kind::GotRelative32,
            (3, false, true) => Kind::GotAbsolute64,
            _ => return Err(field.unknown()),
        };
        Ok(field.relocation(kind, self.symbol(field)?, 0))
    }

    /// The distance between two symbols, plus the number in the field.
    fn difference(
        &mut self,
        id: SectionId,
        subtrahend: &Field<'_, '_>,
        minuend: &Field<'_, '_>,
    ) -> Result<[Option<Relocation>; 2], LinkError> {
        let (from, to) = (&subtrahend.info, &minuend.info);
        if from.r_pcrel || to.r_pcrel || !from.r_extern || from.r_length != to.r_length {
            return Err(subtrahend.unknown());
        }
        let (absolute, relative) = match to.r_length {
            2 => (Kind::Absolute32, Kind::Relative32),
            3 => (Kind::Absolute64, Kind::Relative64),
            _ => return Err(minuend.unknown()),
        };
        let start = self.symbol(subtrahend)?;
        let (end, addend) = self.target(minuend)?;
        let place_of = |symbol: SymbolId| self.symbols.get(symbol.0 as usize).map(|symbol| symbol.place);
        let one = match (place_of(start), place_of(end)) {
            // From the field's own section the distance is one from the field.
            (Some(Place::Section(section, offset)), _) if section == id => {
                let to_field = i64::from(from.r_address).wrapping_sub(offset as i64);
                minuend.relocation(relative, end, addend.wrapping_add(to_field))
            }
            // Within another section it is a number.
            (Some(Place::Section(section, offset)), Some(Place::Section(same, end))) if section == same => {
                let distance = (end as i64).wrapping_sub(offset as i64);
                let zero = self.zero();
                minuend.relocation(absolute, zero, addend.wrapping_add(distance))
            }
            _ if to.r_length == 3 => {
                let whole = minuend.relocation(absolute, end, addend);
                return Ok([Some(whole), Some(minuend.relocation(Kind::Subtract64, start, 0))]);
            }
            _ => {
                let name = self.symbols.get(start.0 as usize).map_or("", |symbol| symbol.name);
                let what = format!("a distance of 4 bytes from `{name}`, which is in another section,");
                return Err(unsupported(minuend.place(), &what, ""));
            }
        };
        Ok([Some(one), None])
    }

    /// What a data field refers to, and what is added: a section's number counts from address 0 of the file.
    fn target(&mut self, field: &Field<'_, '_>) -> Result<(SymbolId, i64), LinkError> {
        let number = field.number()?;
        if field.info.r_extern {
            return Ok((self.symbol(field)?, number));
        }
        let index = (field.info.r_symbolnum as usize).checked_sub(1);
        let found = index.and_then(|index| Some((index, *self.raw.get(index)?, *self.ids.get(index)?)));
        let Some((index, raw, id)) = found else {
            let (count, number) = (self.raw.len(), field.info.r_symbolnum);
            let what = format!("expected a section from 1 to {count}, found {number}");
            return Err(malformed(field.place(), what));
        };
        let place = id.map_or(Place::Discarded, |id| Place::Section(id, 0));
        let symbol = match self.anchors.get(index).copied().flatten() {
            Some(anchor) => anchor,
            None => {
                let anchor = self.add("", place);
                if let Some(entry) = self.anchors.get_mut(index) {
                    *entry = Some(anchor);
                }
                anchor
            }
        };
        Ok((symbol, number.wrapping_sub(raw.addr(LE) as i64)))
    }

    fn zero(&mut self) -> SymbolId {
        match self.zero {
            Some(zero) => zero,
            None => {
                let zero = self.add("", Place::Absolute(0));
                self.zero = Some(zero);
                zero
            }
        }
    }

    fn add(&mut self, name: &'a str, place: Place) -> SymbolId {
        let id = SymbolId(self.symbols.len() as u32);
        self.symbols.push(Symbol { name, place, kind: SymbolKind::Other, binding: Binding::Local });
        id
    }

    fn symbol(&self, field: &Field<'_, '_>) -> Result<SymbolId, LinkError> {
        let number = field.info.r_symbolnum;
        if number as usize >= self.count {
            let what = format!("expected a symbol below {}, found {number}", self.count);
            return Err(malformed(field.place(), what));
        }
        Ok(SymbolId(number))
    }
}

/// The binary logarithm of the unit in which the 12 bits of an instruction count (Arm ARM C4.1: add/subtract immediate, load/store
/// register unsigned immediate).
fn unit(word: u32) -> Option<u8> {
    // `add` of 32 or 64 bits, not shifted.
    if word & 0x7fc0_0000 == 0x1100_0000 {
        return Some(0);
    }
    if word & 0x3b00_0000 != 0x3900_0000 {
        return None;
    }
    // The size is in the two highest bits; of a vector register size 0 with the high bit of `opc` is 16 bytes.
    match (word >> 30) as u8 {
        0 if word & 0x0480_0000 == 0x0480_0000 => Some(4),
        size => Some(size),
    }
}
