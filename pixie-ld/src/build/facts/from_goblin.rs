//! Reading the facts a second time with the crate `goblin`, which shares no code with the first.

use std::fmt::Display;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::Elf;
use goblin::mach::MachO;
use goblin::pe::Coff;
use goblin::pe::relocation::{COFF_RELOCATION_SIZE, Relocations};
use goblin::pe::section_table::{IMAGE_SCN_CNT_UNINITIALIZED_DATA, IMAGE_SCN_LNK_NRELOC_OVFL, SectionTable};
use pixie_format::{ObjectFormat, Platform};

use super::{Facts, RawRelocation, RawSection, RawSymbol, WEAK_EXTERNAL, coff_flags};

fn text(error: impl Display) -> String {
    error.to_string()
}

pub(super) fn read(platform: Platform, bytes: &[u8]) -> Result<Facts, String> {
    match platform.object_format() {
        ObjectFormat::Elf => elf(bytes),
        ObjectFormat::MachO => macho(bytes),
        ObjectFormat::Coff => coff(bytes),
    }
}

fn elf(bytes: &[u8]) -> Result<Facts, String> {
    let file = Elf::parse(bytes).map_err(text)?;
    let mut facts = Facts::default();
    for (number, section) in (0..).zip(&file.section_headers) {
        facts.sections.push(RawSection {
            number,
            name: file.shdr_strtab.get_at(section.sh_name).ok_or("a section's name lies outside")?.to_owned(),
            kind: section.sh_type,
            flags: section.sh_flags,
            address: 0,
            size: section.sh_size,
        });
    }
    for (table, relocations) in &file.shdr_relocs {
        let section = file.section_headers.get(*table).map_or(0, |table| table.sh_info);
        facts.relocations.extend(relocations.iter().map(|relocation| RawRelocation {
            section,
            offset: relocation.r_offset,
            kind: relocation.r_type,
            target: relocation.r_sym as u32,
            flags: 0,
            addend: relocation.r_addend.unwrap_or(0),
        }));
    }
    for (number, symbol) in (0..).zip(file.syms.iter()) {
        facts.symbols.push(RawSymbol {
            number,
            name: file.strtab.get_at(symbol.st_name).ok_or("a symbol's name lies outside")?.to_owned(),
            section: symbol.st_shndx as u32,
            value: symbol.st_value,
            size: symbol.st_size,
            class: symbol.st_info,
            more: symbol.st_other.into(),
        });
    }
    Ok(facts)
}

fn macho(bytes: &[u8]) -> Result<Facts, String> {
    let file = MachO::parse(bytes, 0).map_err(text)?;
    let context = Ctx::new(Container::Big, Endian::Little);
    let mut facts = Facts::default();
    let mut number = 0;
    for segment in &file.segments {
        for (section, _) in segment.sections().map_err(text)? {
            number += 1;
            let (segment, name) = (section.segname().map_err(text)?, section.name().map_err(text)?);
            facts.sections.push(RawSection {
                number,
                name: format!("{segment},{name}"),
                kind: 0,
                flags: section.flags.into(),
                address: section.addr,
                size: section.size,
            });
            for relocation in section.iter_relocations(bytes, context) {
                let relocation = relocation.map_err(text)?;
                facts.relocations.push(RawRelocation {
                    section: number,
                    offset: (relocation.r_address as u32).into(),
                    kind: relocation.r_type().into(),
                    target: relocation.r_symbolnum() as u32,
                    flags: relocation.r_extern() | relocation.r_pcrel() << 1 | relocation.r_length() << 2,
                    addend: 0,
                });
            }
        }
    }
    for (number, symbol) in (0..).zip(file.symbols()) {
        let (name, symbol) = symbol.map_err(text)?;
        facts.symbols.push(RawSymbol {
            number,
            name: name.to_owned(),
            section: symbol.n_sect as u32,
            value: symbol.n_value,
            size: 0,
            class: symbol.n_type,
            more: symbol.n_desc,
        });
    }
    Ok(facts)
}

fn coff(bytes: &[u8]) -> Result<Facts, String> {
    let file = Coff::parse(bytes).map_err(text)?;
    let (Some(symbols), Some(strings)) = (&file.symbols, &file.strings) else {
        return Err("expected a symbol table".to_owned());
    };
    let mut facts = Facts::default();
    for (number, section) in (1..).zip(&file.sections) {
        facts.sections.push(RawSection {
            number,
            name: section.name().map_err(text)?.trim_end_matches('\0').to_owned(),
            kind: 0,
            flags: section.characteristics.into(),
            address: 0,
            size: section.size_of_raw_data.into(),
        });
        let data = match section.characteristics & IMAGE_SCN_CNT_UNINITIALIZED_DATA {
            0 => {
                let start = section.pointer_to_raw_data as usize;
                let data = bytes.get(start..).and_then(|rest| rest.get(..section.size_of_raw_data as usize));
                data.ok_or_else(|| format!("section {number} lies outside the file"))?
            }
            _ => &[],
        };
        facts.relocations.extend(coff_relocations(section, bytes)?.map(|relocation| RawRelocation {
            section: number,
            offset: relocation.virtual_address.into(),
            kind: relocation.typ.into(),
            target: relocation.symbol_table_index,
            flags: coff_flags(data, relocation.virtual_address, relocation.typ),
            addend: 0,
        }));
    }
    for (number, inline_name, symbol) in symbols.iter() {
        let name = match inline_name {
            Some(name) => name,
            // The table begins with its length, and goblin subtracts that unchecked.
            None if matches!(symbol.name, [0, _, _, _, 0..4, 0, 0, 0]) => {
                return Err("a symbol's name lies outside".to_owned());
            }
            None => symbol.name(strings).map_err(text)?,
        };
        let weak = symbol.storage_class == WEAK_EXTERNAL && symbol.number_of_aux_symbols > 0;
        let default = match weak {
            true => {
                symbols.aux_weak_external(number + 1).ok_or("a weak external without a default")?.tag_index
            }
            false => 0,
        };
        facts.symbols.push(RawSymbol {
            number: number as u32,
            name: name.to_owned(),
            section: (symbol.section_number as u16).into(),
            value: symbol.value.into(),
            size: default.into(),
            class: symbol.storage_class,
            more: symbol.typ,
        });
    }
    Ok(facts)
}

/// The relocations of a section. Where 16 bits do not hold their count, the first one does, and counts itself.
fn coff_relocations<'a>(section: &SectionTable, bytes: &'a [u8]) -> Result<Relocations<'a>, String> {
    let overflown = section.characteristics & IMAGE_SCN_LNK_NRELOC_OVFL != 0;
    if !overflown || section.number_of_relocations != u16::MAX {
        return section.relocations(bytes).map_err(text);
    }
    let start = section.pointer_to_relocations as usize;
    let first = Relocations::parse(bytes, start, 1).map_err(text)?.next();
    let count = first.map_or(0, |first| first.virtual_address as usize);
    let others = count.checked_sub(1).ok_or("a count of relocations that does not count itself")?;
    Relocations::parse(bytes, start + COFF_RELOCATION_SIZE, others).map_err(text)
}
