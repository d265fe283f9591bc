//! The reader of Mach-O relocatable objects for arm64 (`mach-o/loader.h`, `mach-o/nlist.h`).

mod relocations;
mod unwind;

use object::endian::LittleEndian as LE;
use object::macho;
use object::read::macho::{MachHeader, Nlist, Section as _, Segment as _, SymbolTable};
use pixie_format::Arch;

use crate::error::LinkError;
use crate::object::{Binding, Object, Place, Section, SectionId, SectionKind, Symbol, SymbolKind};
use crate::parse::{malformed, utf8};

type Header = macho::MachHeader64<LE>;
type RawSection = macho::Section64<LE>;
type RawSymbol = macho::Nlist64<LE>;
type Symbols<'a> = SymbolTable<'a, Header>;

fn unsupported(place: impl Into<String>, what: &str, hint: &'static str) -> LinkError {
    LinkError::Unsupported { place: place.into(), what: what.to_owned(), hint }
}

/// Reads an arm64 object.
pub fn parse(bytes: &[u8]) -> Result<Object<'_>, LinkError> {
    let header = Header::parse(bytes, 0).map_err(|error| malformed("Mach-O header", error))?;
    if !header.is_little_endian() {
        return Err(malformed("Mach-O header", "expected a 64-bit little-endian file"));
    }
    let (cpu, file_type) = (header.cputype(LE), header.filetype(LE));
    if cpu != macho::CPU_TYPE_ARM64 || file_type != macho::MH_OBJECT {
        let what = format!(
            "expected a relocatable arm64 object (type 1, processor {:#x}), found type {}, processor {:#x}",
            macho::CPU_TYPE_ARM64.0,
            file_type.0,
            cpu.0
        );
        return Err(malformed("Mach-O header", what));
    }
    // The subtypes `all` and `v8`; `e` is another ABI. The high byte holds flags (mach/machine.h).
    let subtype = header.cpusubtype(LE).0 & 0x00ff_ffff;
    if subtype > 1 {
        let what = format!("the processor subtype {subtype} (pointer authentication)");
        return Err(unsupported("Mach-O header", &what, ""));
    }
    let (raw, table) = commands(header, bytes)?;
    let (mut sections, ids) = sections(&raw, bytes)?;
    let mut symbols = symbols(&table, &raw, &ids, &sections)?;
    relocations::read(bytes, &raw, &ids, &mut sections, &mut symbols)?;
    let unwind_codes = unwind::codes(bytes, &raw, &ids, &symbols)?;
    Ok(Object { arch: Arch::Aarch64, sections, symbols, unwind_codes })
}

/// The sections of all segments, numbered as `n_sect` does from 1 on, and the symbol table.
fn commands<'a>(header: &Header, bytes: &'a [u8]) -> Result<(Vec<&'a RawSection>, Symbols<'a>), LinkError> {
    let failed = |error| malformed("load commands", error);
    let mut commands = header.load_commands(LE, bytes, 0).map_err(failed)?;
    let (mut sections, mut table) = (Vec::new(), None);
    while let Some(command) = commands.next().map_err(failed)? {
        if let Some((segment, data)) = command.segment_64().map_err(failed)? {
            sections.extend(segment.sections(LE, data).map_err(failed)?);
        } else if let Some(symtab) = command.symtab().map_err(failed)? {
            if table.is_some() {
                return Err(malformed("load commands", "there are two symbol tables"));
            }
            table = Some(symtab.symbols(LE, bytes).map_err(|error| malformed("symbol table", error))?);
        }
    }
    Ok((sections, table.unwrap_or_default()))
}

/// The loaded sections, and from the file's section index to ours.
fn sections<'a>(
    raw: &[&'a RawSection],
    bytes: &'a [u8],
) -> Result<(Vec<Section<'a>>, Vec<Option<SectionId>>), LinkError> {
    let mut sections = Vec::with_capacity(raw.len());
    let mut ids = vec![None; raw.len()];
    let mut filled = 0;
    for (index, raw) in raw.iter().copied().enumerate() {
        let name = section_name(index, raw)?;
        let Some(kind) = section_kind(name, raw)? else { continue };
        let place = || format!("section `{name}`");
        let size = raw.size(LE);
        let data = match kind {
            SectionKind::Zero => &[],
            _ => raw.data(LE, bytes, raw.offset(LE).into()).map_err(|error| malformed(place(), error))?,
        };
        // Overlapping sections could make a small file a large image.
        filled += data.len();
        if filled > bytes.len() {
            let what = "the sections hold more bytes than the file, so they overlap";
            return Err(malformed(place(), what));
        }
        let align = raw.align(LE);
        let Some(align) = 1u64.checked_shl(align) else {
            let what = format!("expected the binary logarithm of an alignment, found {align}");
            return Err(malformed(place(), what));
        };
        if let Some(id) = ids.get_mut(index) {
            *id = Some(SectionId(sections.len() as u32));
        }
        sections.push(Section { name, kind, align, size, data, relocations: Vec::new() });
    }
    Ok((sections, ids))
}

/// Sections of LLVM as others call them; the two halves of a name are not neighbours in the file.
const KNOWN_NAMES: &[&str] = &[
    "__TEXT,__text",
    "__TEXT,__const",
    "__TEXT,__cstring",
    "__TEXT,__literal4",
    "__TEXT,__literal8",
    "__TEXT,__literal16",
    "__TEXT,__ustring",
    "__TEXT,__eh_frame",
    "__TEXT,__gcc_except_tab",
    "__DATA,__data",
    "__DATA,__const",
    "__DATA,__bss",
    "__DATA,__common",
    "__DATA,__thread_data",
    "__DATA,__thread_bss",
    "__DATA,__thread_vars",
    "__DATA,__mod_init_func",
    "__DATA,__mod_term_func",
    "__TEXT,__init_offsets",
    "__LD,__compact_unwind",
];

/// `segment,section` for those that are known, else the section's name alone.
fn section_name(index: usize, raw: &RawSection) -> Result<&str, LinkError> {
    let is_it = |known: &&&str| {
        known.split_once(',').is_some_and(|(segment, section)| {
            segment.as_bytes() == raw.segment_name() && section.as_bytes() == raw.name()
        })
    };
    match KNOWN_NAMES.iter().find(is_it) {
        Some(known) => Ok(known),
        None => utf8(raw.name(), || format!("section {}", index + 1)),
    }
}

/// What a section is, `None` where it takes no memory at run time.
fn section_kind(name: &str, raw: &RawSection) -> Result<Option<SectionKind>, LinkError> {
    let flags = raw.flags(LE);
    let has = |attributes: macho::SectionFlags| flags.0 & attributes.0 != 0;
    let refused = |what, hint| Err(unsupported(format!("section `{name}`"), what, hint));
    // `__LD` is for the linker alone, `__LLVM` holds embedded bitcode.
    if has(macho::S_ATTR_DEBUG) || matches!(raw.segment_name(), b"__LD" | b"__LLVM") {
        return Ok(None);
    }
    let is_code = has(macho::S_ATTR_PURE_INSTRUCTIONS) || has(macho::S_ATTR_SOME_INSTRUCTIONS);
    match flags.typ() {
        macho::S_THREAD_LOCAL_REGULAR
        | macho::S_THREAD_LOCAL_ZEROFILL
        | macho::S_THREAD_LOCAL_VARIABLES
        | macho::S_THREAD_LOCAL_VARIABLE_POINTERS
        | macho::S_THREAD_LOCAL_INIT_FUNCTION_POINTERS => {
            refused("thread-local data", "\nhint: pass the state as an argument")
        }
        macho::S_MOD_INIT_FUNC_POINTERS | macho::S_MOD_TERM_FUNC_POINTERS | macho::S_INIT_FUNC_OFFSETS => {
            refused(
                "code that runs when a module is loaded or unloaded",
                "\nhint: export a function that sets up the state and call it",
            )
        }
        macho::S_ZEROFILL | macho::S_GB_ZEROFILL if is_code => refused("code without bytes", ""),
        macho::S_ZEROFILL | macho::S_GB_ZEROFILL => Ok(Some(SectionKind::Zero)),
        macho::S_REGULAR
        | macho::S_CSTRING_LITERALS
        | macho::S_4BYTE_LITERALS
        | macho::S_8BYTE_LITERALS
        | macho::S_16BYTE_LITERALS
        | macho::S_LITERAL_POINTERS
        | macho::S_COALESCED => match (raw.segment_name(), raw.name()) {
            (b"__DATA" | b"__DATA_CONST", _) if is_code => {
                refused("memory that is writable and executable", "")
            }
            _ if is_code => Ok(Some(SectionKind::Text)),
            (b"__TEXT", b"__eh_frame") => Ok(Some(SectionKind::Unwind)),
            (b"__TEXT" | b"__DATA_CONST", _) | (b"__DATA", b"__const") => Ok(Some(SectionKind::ReadOnly)),
            _ => Ok(Some(SectionKind::Data)),
        },
        // Tables for the dynamic linker, which code of the small model never needs: it has the relocations by way of the GOT.
        other => refused(&format!("a section of type {:#x}", other.0), ""),
    }
}

/// Every entry of the symbol table, so that indices stay those of the file.
fn symbols<'a>(
    table: &Symbols<'a>,
    raw_sections: &[&RawSection],
    ids: &[Option<SectionId>],
    sections: &[Section<'_>],
) -> Result<Vec<Symbol<'a>>, LinkError> {
    let mut symbols = Vec::with_capacity(table.len());
    for (index, raw) in table.iter().enumerate() {
        if raw.is_stab() {
            let (place, kind, binding) = (Place::Discarded, SymbolKind::Other, Binding::Local);
            symbols.push(Symbol { name: "", place, kind, binding });
            continue;
        }
        let number = || format!("symbol {index}");
        let name = table.symbol_name(LE, raw).map_err(|error| malformed(number(), error))?;
        let name = utf8(name, number)?;
        // The C compiler puts one underscore before every name; what has none is the assembler's own label.
        let name = name.strip_prefix('_').unwrap_or(name);
        let place = symbol_place(name, raw, raw_sections, ids)?;
        let kind = match place {
            Place::Section(id, offset) => {
                let section = sections.get(id.0 as usize);
                let size = section.map_or(0, |section| section.size);
                if offset > size {
                    let what = format!("expected an offset up to {size} in its section, found {offset}");
                    return Err(malformed(format!("symbol `{name}`"), what));
                }
                match section.map(|section| section.kind) {
                    Some(SectionKind::Text) => SymbolKind::Function,
                    _ => SymbolKind::Data,
                }
            }
            Place::Common(..) => SymbolKind::Data,
            _ => SymbolKind::Other,
        };
        symbols.push(Symbol { name, place, kind, binding: binding(raw, place) });
    }
    Ok(symbols)
}

fn symbol_place(
    name: &str,
    raw: &RawSymbol,
    sections: &[&RawSection],
    ids: &[Option<SectionId>],
) -> Result<Place, LinkError> {
    let place = || format!("symbol `{name}`");
    let value = raw.n_value(LE);
    match raw.n_type().typ() {
        // The linker would take an undefined symbol without a name for the null symbol of ELF.
        macho::N_UNDF if name.is_empty() => Err(malformed(place(), "an undefined symbol needs a name")),
        macho::N_UNDF if value == 0 => Ok(Place::Undefined),
        macho::N_UNDF => {
            // The value of a common symbol is its size; alignment 0 stands for that of the size (mach-o/nlist.h).
            let align = match raw.n_desc(LE).common_alignment() {
                0 => value.checked_next_power_of_two().unwrap_or(u64::MAX).min(1 << 15),
                align => 1 << align,
            };
            Ok(Place::Common(value, align))
        }
        macho::N_ABS => Ok(Place::Absolute(value)),
        macho::N_SECT => {
            let index = usize::from(raw.n_sect()).checked_sub(1);
            let found = index.and_then(|index| Some((sections.get(index)?, ids.get(index)?)));
            let Some((section, id)) = found else {
                let what = format!("expected a section from 1 to {}, found {}", ids.len(), raw.n_sect());
                return Err(malformed(place(), what));
            };
            if raw.n_desc(LE).0 & macho::N_SYMBOL_RESOLVER.0 != 0 {
                let hint = "\nhint: the variants of the module make it needless";
                return Err(unsupported(place(), "a resolver function (ifunc)", hint));
            }
            let Some(offset) = value.checked_sub(section.addr(LE)) else {
                let what = format!("{value:#x} is before its section at {:#x}", section.addr(LE));
                return Err(malformed(place(), what));
            };
            Ok(id.map_or(Place::Discarded, |id| Place::Section(id, offset)))
        }
        macho::N_INDR => Err(unsupported(place(), "a symbol that stands for another one (N_INDR)", "")),
        other => Err(malformed(place(), format!("unknown type {:#x}", other.0))),
    }
}

fn binding(raw: &RawSymbol, place: Place) -> Binding {
    // The bit of a weak definition means something else where the symbol is undefined (mach-o/nlist.h).
    let weak = match place {
        Place::Undefined => macho::N_WEAK_REF,
        _ => macho::N_WEAK_DEF,
    };
    if !raw.n_type().is_ext() {
        Binding::Local
    } else if !matches!(place, Place::Common(..)) && raw.n_desc(LE).0 & weak.0 != 0 {
        Binding::Weak
    } else {
        Binding::Global
    }
}
