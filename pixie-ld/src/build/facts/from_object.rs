//! Reading the facts with the crate `object`, which is also what the run-time linker reads with.

use std::fmt::Display;

use object::endian::LittleEndian as LE;
use object::read::coff::{CoffHeader, Symbol as _};
use object::read::elf::{FileHeader, Rela as _, SectionHeader, Sym};
use object::read::macho::{MachHeader, Nlist, Section as _, Segment as _};
use object::{elf, macho, pe};
use pixie_format::{Arch, ObjectFormat, Platform};

use super::{Facts, RawRelocation, RawSection, RawSymbol, WEAK_EXTERNAL, coff_flags};

fn text(error: impl Display) -> String {
    error.to_string()
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(super) fn read(platform: Platform, bytes: &[u8]) -> Result<Facts, String> {
    match platform.object_format() {
        ObjectFormat::Elf => elf(platform, bytes),
        ObjectFormat::MachO => macho(bytes),
        ObjectFormat::Coff => coff(bytes),
    }
}

fn elf(platform: Platform, bytes: &[u8]) -> Result<Facts, String> {
    let header = elf::FileHeader64::<LE>::parse(bytes).map_err(text)?;
    let machine = match platform.arch() {
        Arch::X86_64 => elf::EM_X86_64,
        Arch::Aarch64 => elf::EM_AARCH64,
    };
    if !header.is_class_64() || !header.is_little_endian() || header.e_type(LE) != elf::ET_REL {
        return Err("expected a relocatable ELF64 little-endian file".to_owned());
    }
    if header.e_machine(LE) != machine {
        return Err(format!("expected machine {}, found {}", machine.0, header.e_machine(LE).0));
    }
    let table = header.sections(LE, bytes).map_err(text)?;
    let mut facts = Facts::default();
    for (number, section) in (0..).zip(table.iter()) {
        facts.sections.push(RawSection {
            number,
            name: string(table.section_name(LE, section).map_err(text)?),
            kind: section.sh_type(LE).0,
            flags: section.sh_flags(LE).0,
            address: 0,
            size: section.sh_size(LE),
        });
        if let Some((relocations, _)) = section.rela(LE, bytes).map_err(text)? {
            facts.relocations.extend(relocations.iter().map(|relocation| RawRelocation {
                section: section.sh_info(LE),
                offset: relocation.r_offset(LE),
                kind: relocation.r_type(LE, false).0,
                target: relocation.r_sym(LE, false),
                flags: 0,
                addend: relocation.r_addend(LE),
            }));
        }
    }
    let symbols = table.symbols(LE, bytes, elf::SHT_SYMTAB).map_err(text)?;
    for (number, symbol) in (0..).zip(symbols.symbols()) {
        facts.symbols.push(RawSymbol {
            number,
            name: string(symbols.symbol_name(LE, symbol).map_err(text)?),
            section: symbol.st_shndx(LE).0.into(),
            value: symbol.st_value(LE),
            size: symbol.st_size(LE),
            class: symbol.st_info().0,
            more: symbol.st_other().0.into(),
        });
    }
    Ok(facts)
}

fn macho(bytes: &[u8]) -> Result<Facts, String> {
    let header = macho::MachHeader64::<LE>::parse(bytes, 0).map_err(text)?;
    if header.filetype(LE) != macho::MH_OBJECT || header.cputype(LE) != macho::CPU_TYPE_ARM64 {
        return Err("expected a relocatable Mach-O file for arm64".to_owned());
    }
    let mut facts = Facts::default();
    let mut number = 0;
    let mut commands = header.load_commands(LE, bytes, 0).map_err(text)?;
    while let Some(command) = commands.next().map_err(text)? {
        if let Some((segment, data)) = command.segment_64().map_err(text)? {
            for section in segment.sections(LE, data).map_err(text)? {
                number += 1;
                facts.sections.push(RawSection {
                    number,
                    name: format!("{},{}", string(section.segment_name()), string(section.name())),
                    kind: 0,
                    flags: section.flags(LE).0.into(),
                    address: section.addr(LE),
                    size: section.size(LE),
                });
                let relocations = section.relocations(LE, bytes).map_err(text)?;
                facts.relocations.extend(relocations.iter().map(|relocation| {
                    let info = relocation.info(LE);
                    RawRelocation {
                        section: number,
                        offset: info.r_address.into(),
                        kind: info.r_type.0.into(),
                        target: info.r_symbolnum,
                        flags: u8::from(info.r_extern) | u8::from(info.r_pcrel) << 1 | info.r_length << 2,
                        addend: 0,
                    }
                }));
            }
        }
        if let Some(symtab) = command.symtab().map_err(text)? {
            let symbols = symtab.symbols::<macho::MachHeader64<LE>, _>(LE, bytes).map_err(text)?;
            for (number, symbol) in (0..).zip(symbols.iter()) {
                facts.symbols.push(RawSymbol {
                    number,
                    name: string(symbol.name(LE, symbols.strings()).map_err(text)?),
                    section: symbol.n_sect().into(),
                    value: symbol.n_value(LE),
                    size: 0,
                    class: symbol.n_type().0,
                    more: symbol.n_desc(LE).0,
                });
            }
        }
    }
    Ok(facts)
}

fn coff(bytes: &[u8]) -> Result<Facts, String> {
    let mut offset = 0;
    let header = pe::ImageFileHeader::parse(bytes, &mut offset).map_err(text)?;
    if header.machine.get(LE) != pe::IMAGE_FILE_MACHINE_AMD64 {
        return Err(format!(
            "expected a COFF object for AMD64, found machine {:#x}",
            header.machine.get(LE).0
        ));
    }
    let sections = header.sections(bytes, offset).map_err(text)?;
    let symbols = header.symbols(bytes).map_err(text)?;
    let mut facts = Facts::default();
    for (number, section) in (1..).zip(sections.iter()) {
        facts.sections.push(RawSection {
            number,
            name: string(section.name(symbols.strings()).map_err(text)?),
            kind: 0,
            flags: section.characteristics.get(LE).0.into(),
            address: 0,
            size: section.size_of_raw_data.get(LE).into(),
        });
        let relocations = section.coff_relocations(bytes).map_err(text)?;
        let data =
            section.coff_data(bytes).map_err(|()| format!("section {number} lies outside the file"))?;
        facts.relocations.extend(relocations.iter().map(|relocation| RawRelocation {
            section: number,
            offset: relocation.virtual_address.get(LE).into(),
            kind: relocation.typ.get(LE).0.into(),
            target: relocation.symbol_table_index.get(LE),
            flags: coff_flags(data, relocation.virtual_address.get(LE), relocation.typ.get(LE).0),
            addend: 0,
        }));
    }
    for (index, symbol) in symbols.iter() {
        let weak = symbol.storage_class().0 == WEAK_EXTERNAL && symbol.number_of_aux_symbols > 0;
        let default = match weak {
            true => symbols.aux_weak_external(index).map_err(text)?.weak_default_sym_index.get(LE),
            false => 0,
        };
        facts.symbols.push(RawSymbol {
            number: index.0 as u32,
            name: string(symbol.name(symbols.strings()).map_err(text)?),
            section: symbol.section_number.get(LE).into(),
            value: symbol.value().into(),
            size: default.into(),
            class: symbol.storage_class().0,
            more: symbol.typ().0,
        });
    }
    Ok(facts)
}
