//! The reader of COFF relocatable objects for x86-64, also of those with many sections (Microsoft PE format specification).

mod relocations;

use std::collections::HashMap;

use object::endian::LittleEndian as LE;
use object::pe;
use object::read::SymbolIndex;
use object::read::coff::{CoffHeader, SectionTable, Symbol as _, SymbolTable};
use pixie_format::Arch;

use crate::error::LinkError;
use crate::object::{
    Binding, Object, Place, Relocation, Section, SectionId, SectionKind, Symbol, SymbolId, SymbolKind,
};
use crate::parse::{malformed, text};
use crate::relocate::{RelocationKind, x86_64};

#[cfg(feature = "build")]
pub(crate) use relocations::Use;
use relocations::relocation;

/// What stands before a symbol's name to mean the cell with its address, as `dllimport` refers to it.
pub(crate) const IMPORT_CELL: &str = "__imp_";
/// Bytes of an entry of `.pdata`: three image-relative addresses.
pub(crate) const FUNCTION_ENTRY: u64 = 12;

/// Reads an x86-64 object.
pub fn parse(bytes: &[u8]) -> Result<Object<'_>, LinkError> {
    // Objects with more than 65,279 sections begin with IMAGE_FILE_MACHINE_UNKNOWN and 0xffff (§3.1, ANON_OBJECT_HEADER_BIGOBJ).
    match bytes.starts_with(&[0, 0, 0xff, 0xff]) {
        true => read::<pe::AnonObjectHeaderBigobj>(bytes),
        false => read::<pe::ImageFileHeader>(bytes),
    }
}

fn read<Header: CoffHeader>(bytes: &[u8]) -> Result<Object<'_>, LinkError> {
    let mut offset = 0;
    let header = Header::parse(bytes, &mut offset).map_err(|error| malformed("COFF header", error))?;
    if header.machine() != pe::IMAGE_FILE_MACHINE_AMD64 {
        let what = format!("expected an object for AMD64 (0x8664), found machine {:#x}", header.machine().0);
        return Err(malformed("COFF header", what));
    }
    // An image has an optional header, an object none (§3.4).
    if offset != size_of::<Header>() as u64 {
        return Err(malformed("COFF header", "expected an object, found an optional header"));
    }
    let sections = header.sections(bytes, offset).map_err(|error| malformed("section table", error))?;
    let symbols = header.symbols(bytes).map_err(|error| malformed("symbol table", error))?;
    let mut reader = Reader { bytes, table: &sections, raw: &symbols, ids: vec![None; sections.len()] };
    let mut sections = reader.sections()?;
    let mut symbols = reader.symbols(&sections)?;
    reader.weak_externals(&mut symbols)?;
    reader.relocations(&mut sections, &symbols)?;
    import_cells(&mut sections, &mut symbols);
    Ok(Object { arch: Arch::X86_64, sections, symbols, unwind_codes: Vec::new() })
}

struct Reader<'a, 't, Header: CoffHeader> {
    bytes: &'a [u8],
    table: &'t SectionTable<'a>,
    raw: &'t SymbolTable<'a, &'a [u8], Header>,
    /// From the file's section number, less one, to our index, for those that are loaded.
    ids: Vec<Option<SectionId>>,
}

impl<'a, Header: CoffHeader> Reader<'a, '_, Header> {
    fn name(&self, number: usize, section: &'a pe::ImageSectionHeader) -> Result<&'a str, LinkError> {
        text(section.name(self.raw.strings()), || format!("section {number}"))
    }

    fn sections(&mut self) -> Result<Vec<Section<'a>>, LinkError> {
        let mut sections = Vec::new();
        let mut filled = 0;
        for (index, raw) in self.table.iter().enumerate() {
            let name = self.name(index + 1, raw)?;
            let Some(kind) = section_kind(name, raw.characteristics.get(LE))? else { continue };
            let place = || format!("section `{name}`");
            let size = u64::from(raw.size_of_raw_data.get(LE));
            let data = match kind {
                SectionKind::Zero => &[],
                _ => raw
                    .coff_data(self.bytes)
                    .map_err(|()| malformed(place(), format!("its {size} bytes lie outside the file")))?,
            };
            // Overlapping sections could make a small file a large image.
            filled += data.len();
            if filled > self.bytes.len() {
                return Err(malformed(
                    place(),
                    "the sections hold more bytes than the file, so they overlap",
                ));
            }
            if kind == SectionKind::FunctionTable && !size.is_multiple_of(FUNCTION_ENTRY) {
                let what = format!("expected entries of {FUNCTION_ENTRY} bytes, found {size} bytes");
                return Err(malformed(place(), what));
            }
            // Several function tables become one, without gaps.
            let align = if kind == SectionKind::FunctionTable { 4 } else { raw.coff_alignment() };
            if let Some(id) = self.ids.get_mut(index) {
                *id = Some(SectionId(sections.len() as u32));
            }
            sections.push(Section { name, kind, align, size, data, relocations: Vec::new() });
        }
        Ok(sections)
    }

    /// One symbol for each entry of the file's table, so that its numbers are ours; auxiliary ones are nameless.
    fn symbols(&self, sections: &[Section<'a>]) -> Result<Vec<Symbol<'a>>, LinkError> {
        let unused =
            Symbol { name: "", place: Place::Discarded, kind: SymbolKind::Other, binding: Binding::Local };
        let mut symbols = vec![unused; self.raw.len()];
        for (index, raw) in self.raw.iter() {
            let name = text(raw.name(self.raw.strings()), || format!("symbol {}", index.0))?;
            let section_number = raw.section_number();
            let place = match section_number {
                pe::IMAGE_SYM_UNDEFINED if raw.storage_class() == pe::IMAGE_SYM_CLASS_WEAK_EXTERNAL => {
                    Place::Undefined
                }
                pe::IMAGE_SYM_UNDEFINED if raw.value() == 0 => Place::Undefined,
                pe::IMAGE_SYM_UNDEFINED => common(raw.value()),
                pe::IMAGE_SYM_ABSOLUTE => Place::Absolute(raw.value().into()),
                pe::IMAGE_SYM_DEBUG => Place::Discarded,
                _ => self.place_in(name, section_number.0, raw.value().into(), sections)?,
            };
            let is_function = raw.typ().derived_type() == pe::IMAGE_SYM_DTYPE_FUNCTION;
            if let Some(symbol) = symbols.get_mut(index.0) {
                *symbol = Symbol {
                    name,
                    place,
                    kind: match (is_function, place) {
                        (true, _) => SymbolKind::Function,
                        (false, Place::Common(..)) => SymbolKind::Data,
                        (false, _) => SymbolKind::Other,
                    },
                    binding: match raw.storage_class() {
                        pe::IMAGE_SYM_CLASS_EXTERNAL => Binding::Global,
                        pe::IMAGE_SYM_CLASS_WEAK_EXTERNAL => Binding::Weak,
                        _ => Binding::Local,
                    },
                };
            }
        }
        Ok(symbols)
    }

    fn place_in(
        &self,
        name: &str,
        number: i32,
        value: u64,
        sections: &[Section<'a>],
    ) -> Result<Place, LinkError> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        match index.and_then(|index| self.ids.get(index)) {
            None => Err(malformed(
                format!("symbol `{name}`"),
                format!("expected a section up to {}, found {number}", self.ids.len()),
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

    /// A weak external (§5.5.3) is its default symbol, as nothing in one object overrides it. Where the default is the absolute 0,
    /// the C source had an undefined weak symbol: somebody else may have it.
    fn weak_externals(&self, symbols: &mut [Symbol<'a>]) -> Result<(), LinkError> {
        for (index, raw) in self.raw.iter() {
            let undefined = raw.section_number() == pe::IMAGE_SYM_UNDEFINED;
            if raw.storage_class() != pe::IMAGE_SYM_CLASS_WEAK_EXTERNAL || !undefined {
                continue;
            }
            let default = self.weak_default(index, symbols)?;
            let Some(symbol) = symbols.get_mut(index.0) else { continue };
            match default.place {
                Place::Absolute(0) => {}
                // The default is looked up under its own name.
                Place::Undefined => symbol.name = default.name,
                place => *symbol = Symbol { place, kind: default.kind, ..*symbol },
            }
        }
        Ok(())
    }

    /// The symbol at the end of a chain of weak externals.
    fn weak_default(&self, start: SymbolIndex, symbols: &[Symbol<'a>]) -> Result<Symbol<'a>, LinkError> {
        let place = || format!("symbol `{}`", symbols.get(start.0).map_or("", |symbol| symbol.name));
        let mut index = start;
        // Each step but the last is another weak external, so a chain longer than the bound is a circle or made to be slow.
        for _ in 0..16 {
            let raw = self.raw.symbol(index).map_err(|error| malformed(place(), error))?;
            let Some(symbol) = symbols.get(index.0) else { break };
            let undefined = raw.section_number() == pe::IMAGE_SYM_UNDEFINED;
            if raw.storage_class() != pe::IMAGE_SYM_CLASS_WEAK_EXTERNAL || !undefined {
                return Ok(*symbol);
            }
            if raw.number_of_aux_symbols() == 0 {
                return Err(malformed(place(), "a weak external without a default symbol"));
            }
            let aux = self.raw.aux_weak_external(index).map_err(|error| malformed(place(), error))?;
            index = SymbolIndex(aux.weak_default_sym_index.get(LE) as usize);
        }
        Err(malformed(place(), "its default symbols go in a circle"))
    }

    fn relocations(&self, sections: &mut [Section<'a>], symbols: &[Symbol<'a>]) -> Result<(), LinkError> {
        let mut total = 0;
        for (raw, id) in self.table.iter().zip(&self.ids) {
            // Debug sections are not loaded, nor are their relocations looked at.
            let Some(section) = id.and_then(|id| sections.get_mut(id.0 as usize)) else { continue };
            let place = || format!("relocations of section `{}`", section.name);
            let entries = raw.coff_relocations(self.bytes).map_err(|error| malformed(place(), error))?;
            // As with the sections' bytes, tables that overlap could make a small file a large model.
            total += size_of_val(entries);
            if total > self.bytes.len() {
                return Err(malformed(place(), "the tables hold more bytes than the file, so they overlap"));
            }
            section.relocations.reserve(entries.len());
            for entry in entries {
                let relocation = relocation(section, entry, symbols)?;
                section.relocations.push(relocation);
            }
        }
        Ok(())
    }
}

/// A common symbol has its size as value and no alignment of its own: linkers take the next power of two, up to 32 bytes.
fn common(size: u32) -> Place {
    Place::Common(size.into(), u64::from(size).next_power_of_two().min(32))
}

/// Makes the cells that `__imp_` symbols name: each holds the address of the symbol without the prefix.
fn import_cells<'a>(sections: &mut Vec<Section<'a>>, symbols: &mut Vec<Symbol<'a>>) {
    let wanted = |symbol: &Symbol<'a>| match symbol.place {
        Place::Undefined => symbol.name.strip_prefix(IMPORT_CELL),
        _ => None,
    };
    if !symbols.iter().any(|symbol| wanted(symbol).is_some()) {
        return;
    }
    let visible = symbols.iter().enumerate().filter(|(_, symbol)| symbol.binding != Binding::Local);
    let mut numbers: HashMap<&str, usize> = visible.map(|(number, symbol)| (symbol.name, number)).collect();
    for index in 0..symbols.len() {
        let Some(target) = symbols.get(index).and_then(wanted) else { continue };
        let number = *numbers.entry(target).or_insert_with(|| {
            let (place, kind) = (Place::Undefined, SymbolKind::Other);
            symbols.push(Symbol { name: target, place, kind, binding: Binding::Global });
            symbols.len() - 1
        });
        let cell = SectionId(sections.len() as u32);
        let kind = RelocationKind::X86_64(x86_64::Kind::Absolute64);
        let relocation = Relocation { offset: 0, kind, symbol: SymbolId(number as u32), addend: 0 };
        let (name, kind) = (".idata", SectionKind::ReadOnly);
        sections.push(Section {
            name,
            kind,
            align: 8,
            size: 8,
            data: &[0; 8],
            relocations: vec![relocation],
        });
        if let Some(symbol) = symbols.get_mut(index) {
            // Nobody outside sees a cell.
            *symbol = Symbol { place: Place::Section(cell, 0), binding: Binding::Local, ..*symbol };
        }
    }
}

/// What a section is, `None` where it takes no memory at run time.
fn section_kind(name: &str, flags: pe::SectionFlags) -> Result<Option<SectionKind>, LinkError> {
    let has = |flag: pe::SectionFlags| flags.0 & flag.0 != 0;
    let unsupported = |what: &str, hint| {
        Err(LinkError::Unsupported { place: format!("section `{name}`"), what: what.to_owned(), hint })
    };
    if has(pe::IMAGE_SCN_LNK_INFO) || has(pe::IMAGE_SCN_LNK_REMOVE) || has(pe::IMAGE_SCN_MEM_DISCARDABLE) {
        return Ok(None);
    }
    // What follows `$` orders the parts of a section among objects (§4.2).
    let group = name.split('$').next().unwrap_or(name);
    if group == ".tls" {
        return unsupported("thread-local data", "\nhint: pass the state as an argument");
    }
    if group == ".CRT" || [".ctors", ".dtors"].iter().any(|prefix| name.starts_with(prefix)) {
        return unsupported(
            "code that runs when a module is loaded or unloaded",
            "\nhint: export a function that sets up the state and call it",
        );
    }
    let writable = has(pe::IMAGE_SCN_MEM_WRITE);
    let zero = has(pe::IMAGE_SCN_CNT_UNINITIALIZED_DATA);
    if has(pe::IMAGE_SCN_CNT_CODE) || has(pe::IMAGE_SCN_MEM_EXECUTE) {
        return match writable || zero {
            true => unsupported("memory that is writable and executable", ""),
            false => Ok(Some(SectionKind::Text)),
        };
    }
    Ok(Some(if zero {
        SectionKind::Zero
    } else if group == ".pdata" {
        SectionKind::FunctionTable
    } else if writable {
        SectionKind::Data
    } else {
        SectionKind::ReadOnly
    }))
}
