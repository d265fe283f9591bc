//! The reader of ELF64 relocatable objects (System V gABI); the relocation numbers are in a file for each processor.

mod aarch64;
mod x86_64;

use object::elf;
use object::endian::LittleEndian as LE;
use object::read::elf::{FileHeader, Rela as _, SectionHeader, SectionTable, Sym};
use object::read::{SectionIndex, SymbolIndex};
use pixie_format::Arch;

use crate::error::LinkError;
use crate::object::{
    Binding, Object, Place, Relocation, Section, SectionId, SectionKind, Symbol, SymbolId, SymbolKind,
};
use crate::parse::{malformed, text};
use crate::relocate::RelocationKind;

type Header = elf::FileHeader64<LE>;
type Sections<'a> = SectionTable<'a, Header>;
type RawSection = elf::SectionHeader64<LE>;
type RawSymbol = elf::Sym64<LE>;

/// What differs between processors.
struct Machine {
    name: &'static str,
    number: elf::Machine,
    relocation_prefix: &'static str,
    relocation_kind: fn(u32) -> Option<RelocationKind>,
}

const X86_64: Machine = Machine {
    name: "x86-64",
    number: elf::EM_X86_64,
    relocation_prefix: x86_64::PREFIX,
    relocation_kind: x86_64::relocation_kind,
};

const AARCH64: Machine = Machine {
    name: "AArch64",
    number: elf::EM_AARCH64,
    relocation_prefix: aarch64::PREFIX,
    relocation_kind: aarch64::relocation_kind,
};

/// Reads an object of the processor `arch`.
pub fn parse(arch: Arch, bytes: &[u8]) -> Result<Object<'_>, LinkError> {
    let machine = match arch {
        Arch::X86_64 => &X86_64,
        Arch::Aarch64 => &AARCH64,
    };
    let header = Header::parse(bytes).map_err(|error| malformed("ELF header", error))?;
    if !header.is_class_64() || !header.is_little_endian() {
        return Err(malformed("ELF header", "expected a 64-bit little-endian file"));
    }
    if header.e_type(LE) != elf::ET_REL || header.e_machine(LE) != machine.number {
        let (kind, number) = (header.e_type(LE).0, header.e_machine(LE).0);
        let what = format!(
            "expected a relocatable {} object (type 1, machine {}), found type {kind}, machine {number}",
            machine.name, machine.number.0
        );
        return Err(malformed("ELF header", what));
    }
    let table = header.sections(LE, bytes).map_err(|error| malformed("section table", error))?;
    let mut reader = Reader { machine, bytes, table: &table, ids: vec![None; table.len()] };
    let mut sections = reader.sections()?;
    let symbols = reader.symbols(&sections)?;
    reader.relocations(&mut sections, symbols.len())?;
    Ok(Object { arch, sections, symbols, unwind_codes: Vec::new() })
}

/// `st_info` of a local symbol without a type.
const LABEL: elf::SymbolInfo = elf::SymbolInfo(0);

struct Reader<'a, 't> {
    machine: &'static Machine,
    bytes: &'a [u8],
    table: &'t Sections<'a>,
    /// From the file's section index to ours, for those that are loaded.
    ids: Vec<Option<SectionId>>,
}

impl<'a> Reader<'a, '_> {
    fn name(&self, index: usize, section: &'a RawSection) -> Result<&'a str, LinkError> {
        text(self.table.section_name(LE, section), || format!("section {index}"))
    }

    fn sections(&mut self) -> Result<Vec<Section<'a>>, LinkError> {
        let mut sections = Vec::new();
        let mut filled = 0;
        for (index, raw) in self.table.iter().enumerate() {
            let name = self.name(index, raw)?;
            let Some(kind) = section_kind(name, raw)? else { continue };
            let place = || format!("section `{name}`");
            let size = raw.sh_size(LE);
            let data = match kind {
                SectionKind::Zero => &[],
                _ => raw.data(LE, self.bytes).map_err(|error| malformed(place(), error))?,
            };
            // Overlapping sections could make a small file a large image.
            filled += data.len();
            if filled > self.bytes.len() {
                return Err(malformed(
                    place(),
                    "the sections hold more bytes than the file, so they overlap",
                ));
            }
            // Zero means the same as one (gABI, sh_addralign).
            let align = raw.sh_addralign(LE).max(1);
            if let Some(id) = self.ids.get_mut(index) {
                *id = Some(SectionId(sections.len() as u32));
            }
            sections.push(Section { name, kind, align, size, data, relocations: Vec::new() });
        }
        Ok(sections)
    }

    fn symbols(&self, sections: &[Section<'a>]) -> Result<Vec<Symbol<'a>>, LinkError> {
        let table = self
            .table
            .symbols(LE, self.bytes, elf::SHT_SYMTAB)
            .map_err(|error| malformed("symbol table", error))?;
        let mut symbols = Vec::with_capacity(table.len());
        for (index, raw) in table.symbols().iter().enumerate() {
            // Labels of constants and of jump tables, of which there are thousands: nobody asks for their names.
            if raw.st_info() == LABEL
                && let Some(place) = self.label_place(raw, sections)
            {
                symbols.push(Symbol { name: "", place, kind: SymbolKind::Other, binding: Binding::Local });
                continue;
            }
            let name = text(table.symbol_name(LE, raw), || format!("symbol {index}"))?;
            let place = || format!("symbol `{name}`");
            let section = table
                .symbol_section(LE, raw, SymbolIndex(index))
                .map_err(|error| malformed(place(), error))?;
            symbols.push(Symbol {
                name,
                place: self.symbol_place(name, raw, section, sections)?,
                kind: symbol_kind(name, raw)?,
                binding: binding(name, raw)?,
            });
        }
        Ok(symbols)
    }

    /// Where a label in a loaded section is; `None` for any other, and for one that is wrong.
    fn label_place(&self, raw: &RawSymbol, sections: &[Section<'a>]) -> Option<Place> {
        let index = raw.st_shndx(LE);
        let id = self.ids.get(usize::from(index.0)).copied().flatten()?;
        let size = sections.get(id.0 as usize)?.size;
        let value = raw.st_value(LE);
        (index != elf::SHN_UNDEF && value <= size).then_some(Place::Section(id, value))
    }

    fn symbol_place(
        &self,
        name: &str,
        raw: &RawSymbol,
        section: Option<SectionIndex>,
        sections: &[Section<'a>],
    ) -> Result<Place, LinkError> {
        let value = raw.st_value(LE);
        let Some(section) = section else {
            return match raw.st_shndx(LE) {
                elf::SHN_UNDEF => Ok(Place::Undefined),
                elf::SHN_ABS => Ok(Place::Absolute(value)),
                // The value of a common symbol is its alignment (gABI, st_value).
                elf::SHN_COMMON => Ok(Place::Common(raw.st_size(LE), value.max(1))),
                other => Err(malformed(
                    format!("symbol `{name}`"),
                    format!("reserved section index {:#x}", other.0),
                )),
            };
        };
        match self.ids.get(section.0) {
            None => Err(malformed(
                format!("symbol `{name}`"),
                format!("expected a section below {}, found {}", self.ids.len(), section.0),
            )),
            Some(None) => Ok(Place::Discarded),
            Some(Some(id)) => {
                let size = sections.get(id.0 as usize).map_or(0, |section| section.size);
                if value > size {
                    let what = format!("expected an offset up to {size} in its section, found {value}");
                    return Err(malformed(format!("symbol `{name}`"), what));
                }
                Ok(Place::Section(*id, value))
            }
        }
    }

    fn relocations(&self, sections: &mut [Section<'a>], symbols: usize) -> Result<(), LinkError> {
        for (index, raw) in self.table.iter().enumerate() {
            let kind = raw.sh_type(LE);
            if kind == elf::SHT_REL || kind == elf::SHT_CREL || kind == elf::SHT_RELR {
                return Err(LinkError::Unsupported {
                    place: format!("section `{}`", self.name(index, raw)?),
                    what: "a relocation table without addends".to_owned(),
                    hint: "",
                });
            }
            if kind != elf::SHT_RELA {
                continue;
            }
            let target = self.ids.get(raw.sh_info(LE) as usize).copied();
            let Some(target) = target else {
                let what = format!("applies to section {}, there are {}", raw.sh_info(LE), self.ids.len());
                return Err(malformed(format!("section `{}`", self.name(index, raw)?), what));
            };
            // Debug sections are not loaded, nor are their relocations looked at.
            let Some(section) = target.and_then(|id| sections.get_mut(id.0 as usize)) else { continue };
            let place = || format!("relocations of section `{}`", section.name);
            let entries = raw
                .rela(LE, self.bytes)
                .map_err(|error| malformed(place(), error))?
                .map_or(&[][..], |(entries, _)| entries);
            section.relocations.reserve(entries.len());
            for entry in entries {
                let offset = entry.r_offset(LE);
                let symbol = entry.r_sym(LE, false);
                if symbol as usize >= symbols.max(1) {
                    let what =
                        format!("offset {offset:#x}: expected a symbol below {symbols}, found {symbol}");
                    return Err(malformed(place(), what));
                }
                if offset >= section.size || section.kind == SectionKind::Zero {
                    let what = format!("offset {offset:#x}: the section has {} bytes", section.data.len());
                    return Err(malformed(place(), what));
                }
                let kind = entry.r_type(LE, false).0;
                let Some(kind) = (self.machine.relocation_kind)(kind) else {
                    return Err(LinkError::UnknownRelocation {
                        section: section.name.to_owned(),
                        offset,
                        kind: format!("{} type {kind}", self.machine.relocation_prefix),
                    });
                };
                section.relocations.push(Relocation {
                    offset,
                    kind,
                    symbol: SymbolId(symbol),
                    addend: entry.r_addend(LE),
                });
            }
        }
        Ok(())
    }
}

/// What a section is, `None` where it takes no memory at run time.
fn section_kind(name: &str, raw: &RawSection) -> Result<Option<SectionKind>, LinkError> {
    let flags = raw.sh_flags(LE).0;
    let has = |flag: elf::SectionFlags| flags & flag.0 != 0;
    let unsupported = |what: &str, hint| {
        Err(LinkError::Unsupported { place: format!("section `{name}`"), what: what.to_owned(), hint })
    };
    if !has(elf::SHF_ALLOC) {
        return Ok(None);
    }
    if has(elf::SHF_TLS) {
        return unsupported("thread-local data", "\nhint: pass the state as an argument");
    }
    if has(elf::SHF_COMPRESSED) {
        return unsupported("compression of a loaded section", "");
    }
    let kind = raw.sh_type(LE);
    let constructors = [elf::SHT_INIT_ARRAY, elf::SHT_FINI_ARRAY, elf::SHT_PREINIT_ARRAY];
    let named =
        |prefix: &str| name == prefix || name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
    if constructors.contains(&kind)
        || [".ctors", ".dtors", ".init_array", ".fini_array"].into_iter().any(named)
    {
        return unsupported(
            "code that runs when a module is loaded or unloaded",
            "\nhint: export a function that sets up the state and call it",
        );
    }
    if has(elf::SHF_EXECINSTR) {
        return match has(elf::SHF_WRITE) || kind == elf::SHT_NOBITS {
            true => unsupported("memory that is writable and executable", ""),
            false => Ok(Some(SectionKind::Text)),
        };
    }
    Ok(Some(if kind == elf::SHT_NOBITS {
        SectionKind::Zero
    } else if kind == elf::SHT_X86_64_UNWIND || name == ".eh_frame" {
        SectionKind::Unwind
    } else if has(elf::SHF_WRITE) && !named(".data.rel.ro") {
        SectionKind::Data
    } else {
        SectionKind::ReadOnly
    }))
}

fn symbol_kind(name: &str, raw: &RawSymbol) -> Result<SymbolKind, LinkError> {
    let unsupported = |what: &str, hint| {
        Err(LinkError::Unsupported { place: format!("symbol `{name}`"), what: what.to_owned(), hint })
    };
    match raw.st_type() {
        elf::STT_FUNC => Ok(SymbolKind::Function),
        elf::STT_OBJECT | elf::STT_COMMON => Ok(SymbolKind::Data),
        elf::STT_TLS => unsupported("thread-local data", "\nhint: pass the state as an argument"),
        elf::STT_GNU_IFUNC => {
            unsupported("an indirect function (ifunc)", "\nhint: the variants of the module make it needless")
        }
        _ => Ok(SymbolKind::Other),
    }
}

fn binding(name: &str, raw: &RawSymbol) -> Result<Binding, LinkError> {
    match raw.st_bind() {
        elf::STB_LOCAL => Ok(Binding::Local),
        elf::STB_GLOBAL => Ok(Binding::Global),
        elf::STB_WEAK => Ok(Binding::Weak),
        other => Err(malformed(format!("symbol `{name}`"), format!("unknown binding {}", other.0))),
    }
}
