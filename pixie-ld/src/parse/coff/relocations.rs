//! Relocations of COFF on x86-64 (§5.2.1): their kinds, and what the instruction around a relative field does with it.

use object::endian::LittleEndian as LE;
use object::pe;

use crate::error::LinkError;
use crate::object::{Place, Relocation, Section, Symbol, SymbolId};
use crate::parse::malformed;
use crate::relocate::RelocationKind;
use crate::relocate::x86_64::Kind;

/// The relocation that an entry of the table of `section` asks for.
pub(super) fn relocation(
    section: &Section<'_>,
    entry: &pe::ImageRelocation,
    symbols: &[Symbol<'_>],
) -> Result<Relocation, LinkError> {
    let (offset, number) = (entry.virtual_address.get(LE), entry.symbol_table_index.get(LE));
    let place = || format!("relocations of section `{}`", section.name);
    let Some(symbol) = symbols.get(number as usize) else {
        let what = format!("offset {offset:#x}: expected a symbol below {}, found {number}", symbols.len());
        return Err(malformed(place(), what));
    };
    let field = section.data.get(offset as usize..).unwrap_or_default();
    let short = || {
        let what = format!("offset {offset:#x}: the section has {} bytes", section.data.len());
        malformed(place(), what)
    };
    // Also one that does nothing must be somewhere.
    if field.is_empty() {
        return Err(short());
    }
    let inline32 =
        || field.first_chunk().map(|bytes| i64::from(i32::from_le_bytes(*bytes))).ok_or_else(short);
    let kind = entry.typ.get(LE);
    let (kind, addend) = match kind {
        pe::IMAGE_REL_AMD64_ABSOLUTE => (Kind::None, 0),
        pe::IMAGE_REL_AMD64_ADDR64 => {
            (Kind::Absolute64, field.first_chunk().map(|bytes| i64::from_le_bytes(*bytes)).ok_or_else(short)?)
        }
        pe::IMAGE_REL_AMD64_ADDR32NB => (Kind::ImageRelative32, inline32()?),
        pe::IMAGE_REL_AMD64_REL32 => {
            let addend = inline32()?;
            let outside = symbol.place == Place::Undefined;
            match Use::of(section.data, offset) {
                Use::Branch => (Kind::Call32, addend - 4),
                // The relocation begins at the opcode, which may have to change.
                Use::Address if outside => {
                    let (symbol, kind) = (SymbolId(number), RelocationKind::X86_64(Kind::Address32));
                    return Ok(Relocation { offset: u64::from(offset) - 2, kind, symbol, addend: -4 });
                }
                Use::Address | Use::Memory => (Kind::Relative32, addend - 4),
            }
        }
        // REL32_1 to REL32_5: so many bytes of the instruction follow the field.
        pe::RelocationType(number @ 5..=9) => (Kind::Relative32, inline32()? - i64::from(number)),
        pe::RelocationType(number) => {
            return Err(LinkError::UnknownRelocation {
                section: section.name.to_owned(),
                offset: offset.into(),
                kind: format!("IMAGE_REL_AMD64 type {number}"),
            });
        }
    };
    let (kind, symbol) = (RelocationKind::X86_64(kind), SymbolId(number));
    Ok(Relocation { offset: offset.into(), kind, symbol, addend })
}

/// What an instruction does with the 32-bit relative field of a `REL32`, which serves calls and memory operands alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Use {
    /// Calls or jumps: any code that goes on there will do.
    Branch,
    /// `lea` of 64 bits, of the symbol itself: the address alone counts.
    Address,
    /// Reads or writes memory.
    Memory,
}

impl Use {
    /// Tells by the bytes before the field at `offset` of `code`. The last of them is the ModRM byte of a memory operand, which for
    /// one relative to `rip` is `00 reg 101`, or the opcode of a branch, none of which has that form.
    pub(crate) fn of(code: &[u8], offset: u32) -> Use {
        let (before, field) = code.split_at_checked(offset as usize).unwrap_or_default();
        match before {
            [.., 0xe8 | 0xe9] | [.., 0x0f, 0x80..=0x8f] => Use::Branch,
            // vpermb and vpermw (EVEX, map 0F38, prefix 66) have the same opcode after a byte that may look like REX.W.
            [.., 0x62, p0, p1, _, 0x8d, _] if p0 & 0xf == 2 && p1 & 7 == 5 => Use::Memory,
            [.., 0x48..=0x4f, 0x8d, modrm] if modrm & 0xc7 == 5 && field.starts_with(&[0; 4]) => Use::Address,
            _ => Use::Memory,
        }
    }
}
