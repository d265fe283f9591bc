//! Checking an object before it is packed: two parsers must agree, and nothing in it may be what the linker refuses.

use std::collections::{BTreeMap, BTreeSet};

use pixie_format::runtime_symbols::{self, Provider, SymbolKind};
use pixie_format::{ObjectFormat, Platform};

use super::agree;
use super::facts::{Facts, RawSection, RawSymbol, agreed};
use super::meaning::{self, Home};
use crate::error::{Error, Result};

/// A symbol that an object defines for others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Definition {
    /// The name in the IR.
    pub name: String,
    /// Whether it is code.
    pub is_code: bool,
}

/// A symbol that an object needs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Undefined {
    /// The name in the IR.
    pub name: String,
    /// Whether it may stay undefined.
    pub weak: bool,
    /// Who needs it, each once: "function `dot`", "data `table`", "section `.text`".
    pub places: Vec<String>,
}

/// What an object defines and needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectReport {
    /// The visible symbols, by name.
    pub defined: Vec<Definition>,
    /// The missing ones, by name.
    pub undefined: Vec<Undefined>,
    /// Bytes of code.
    pub code_size: u64,
    /// Bytes of everything else that is loaded.
    pub data_size: u64,
}

impl ObjectReport {
    /// The visible symbol `name`.
    pub fn definition(&self, name: &str) -> Option<&Definition> {
        let at = self.defined.binary_search_by(|definition| definition.name.as_str().cmp(name)).ok()?;
        self.defined.get(at)
    }
}

/// The symbol that the assembler invents for the table of addresses; the linker makes it.
const GOT_SYMBOL: &str = "_GLOBAL_OFFSET_TABLE_";

/// Checks an object of `platform`; `origin` names it in errors. It is also parsed and laid out by the very code that a user's machine
/// runs, which must see in it what the two parsers saw.
pub fn check_object(platform: Platform, bytes: &[u8], origin: &str) -> Result<ObjectReport> {
    let facts = agreed(platform, bytes, origin)?;
    let faults = faults(platform, &facts);
    if !faults.is_empty() {
        return Err(Error::Refused { origin: origin.to_owned(), what: faults.join("\n") });
    }
    let failed = |source| Error::Link { object: origin.to_owned(), source: Box::new(source) };
    let object = crate::parse::parse(platform, bytes).map_err(failed)?;
    if let Some(difference) = agree::difference(platform, &facts, &object) {
        let what = format!("the linker reads the object otherwise than its checks: {difference}");
        return Err(Error::Refused { origin: origin.to_owned(), what });
    }
    // The largest pages leave the least room.
    crate::layout::layout(&object, crate::image::PageSize::K64).map_err(failed)?;
    Ok(report(platform.object_format(), &facts))
}

fn section(facts: &Facts, number: u32) -> Option<&RawSection> {
    facts.sections.iter().find(|section| section.number == number)
}

/// Everything that the linker would refuse, each once.
fn faults(platform: Platform, facts: &Facts) -> Vec<String> {
    let format = platform.object_format();
    let mut faults = BTreeSet::new();
    for section in facts.sections.iter().filter(|section| meaning::is_loaded(format, section)) {
        if let Some(what) = meaning::refusal(format, section) {
            let names = symbols_in(format, facts, section);
            let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
            faults.insert(format!("section `{}`{names}: {what}", section.name));
        }
    }
    for symbol in &facts.symbols {
        if let Some(what) = meaning::symbol_refusal(format, symbol) {
            faults.insert(format!("symbol `{}`: {what}", symbol.name));
        }
    }
    for relocation in facts.relocations.iter().filter(|one| !meaning::knows_relocation(platform, one)) {
        let Some(section) = section(facts, relocation.section) else { continue };
        if meaning::is_loaded(format, section) {
            faults.insert(format!(
                "section `{}` offset {:#x}: relocation type {} is not supported for {platform}",
                section.name, relocation.offset, relocation.kind
            ));
        }
    }
    faults.extend(near_references(platform, facts));
    faults.into_iter().collect()
}

/// References to outside symbols that would only work if these happened to be mapped within 2 GiB.
fn near_references(platform: Platform, facts: &Facts) -> Vec<String> {
    let format = platform.object_format();
    let is_outside = |symbol: &&RawSymbol| {
        let name = meaning::ir_name(format, &symbol.name);
        // What the runtime provides as data becomes part of the image.
        let provided = || {
            runtime_symbols::find(name, platform)
                .is_some_and(|known| known.provider == Provider::Runtime && known.kind == SymbolKind::Data)
        };
        let by_cell = meaning::needed_name(format, &symbol.name) != name;
        meaning::home(format, symbol) == Home::Undefined && name != GOT_SYMBOL && !by_cell && !provided()
    };
    let outside: BTreeMap<u32, &str> =
        facts.symbols.iter().filter(is_outside).map(|symbol| (symbol.number, symbol.name.as_str())).collect();
    let mut faults = Vec::new();
    for relocation in facts.relocations.iter().filter(|one| meaning::is_near_reference(platform, one)) {
        let target = meaning::target_symbol(format, relocation).and_then(|number| outside.get(&number));
        let (Some(name), Some(section)) = (target, section(facts, relocation.section)) else { continue };
        if meaning::is_loaded(format, section) {
            faults.push(format!(
                "section `{}` offset {:#x}: refers to the outside symbol `{}` as if it were near (relocation type {})\n\
                 hint: compile it as position-independent code without hidden visibility, so that it goes through the \
                 global offset table",
                section.name,
                relocation.offset,
                meaning::ir_name(format, name),
                relocation.kind
            ));
        }
    }
    faults
}

fn symbols_in(format: ObjectFormat, facts: &Facts, section: &RawSection) -> Vec<String> {
    let inside = |symbol: &&RawSymbol| meaning::home(format, symbol) == Home::Section(section.number);
    let named = facts.symbols.iter().filter(inside);
    let names = named.map(|symbol| format!("`{}`", meaning::ir_name(format, &symbol.name)));
    names.filter(|name| *name != format!("`{}`", section.name)).collect()
}

fn report(format: ObjectFormat, facts: &Facts) -> ObjectReport {
    let mut defined = BTreeMap::new();
    let mut undefined: BTreeMap<&str, Undefined> = BTreeMap::new();
    let mut numbers: BTreeMap<u32, &str> = BTreeMap::new();
    // A cell of COFF may be for a symbol of the object itself.
    let visible = |symbol: &&RawSymbol| {
        let home = meaning::home(format, symbol);
        matches!(home, Home::Section(_) | Home::Elsewhere) && meaning::is_global(format, symbol)
    };
    let own: BTreeSet<&str> =
        facts.symbols.iter().filter(visible).map(|symbol| meaning::ir_name(format, &symbol.name)).collect();
    for symbol in &facts.symbols {
        let name = meaning::ir_name(format, &symbol.name);
        match meaning::home(format, symbol) {
            Home::Undefined if name != GOT_SYMBOL => {
                let name = meaning::needed_name(format, &symbol.name);
                if own.contains(name) {
                    continue;
                }
                let weak = meaning::is_weak(format, symbol);
                numbers.insert(symbol.number, name);
                let entry = undefined.entry(name);
                entry.and_modify(|known| known.weak &= weak).or_insert_with(|| Undefined {
                    name: name.to_owned(),
                    weak,
                    places: Vec::new(),
                });
            }
            Home::Section(number) if meaning::is_global(format, symbol) => {
                let is_code = section(facts, number).is_some_and(|section| meaning::is_code(format, section));
                defined.insert(name, is_code);
            }
            Home::Elsewhere if meaning::is_global(format, symbol) => {
                defined.insert(name, false);
            }
            _ => {}
        }
    }
    let owners = Owners::new(format, facts);
    for relocation in &facts.relocations {
        let target = meaning::target_symbol(format, relocation).and_then(|number| numbers.get(&number));
        let Some(needed) = target.and_then(|name| undefined.get_mut(name)) else { continue };
        let loaded = section(facts, relocation.section).filter(|section| meaning::is_loaded(format, section));
        let Some(section) = loaded else { continue };
        let place = owners.of(format, section, relocation.offset);
        if !needed.places.contains(&place) {
            needed.places.push(place);
        }
    }
    let size = |code: bool| {
        let loaded = facts.sections.iter().filter(|section| meaning::is_loaded(format, section));
        loaded.filter(|section| meaning::is_code(format, section) == code).map(|section| section.size).sum()
    };
    ObjectReport {
        defined: defined
            .into_iter()
            .map(|(name, is_code)| Definition { name: name.to_owned(), is_code })
            .collect(),
        undefined: undefined.into_values().collect(),
        code_size: size(true),
        data_size: size(false),
    }
}

/// Which named symbol a place in a section belongs to.
struct Owners<'f> {
    /// Section, offset in it, name; sorted.
    starts: Vec<(u32, u64, &'f str)>,
}

impl<'f> Owners<'f> {
    fn new(format: ObjectFormat, facts: &'f Facts) -> Owners<'f> {
        let mut starts: Vec<_> = facts
            .symbols
            .iter()
            .filter_map(|symbol| {
                let Home::Section(number) = meaning::home(format, symbol) else { return None };
                let section = section(facts, number)?;
                // Mach-O's own labels have no underscore, COFF's section symbols the section's name.
                let label = format == ObjectFormat::MachO && !symbol.name.starts_with('_');
                let offset = symbol.value.checked_sub(section.address)?;
                (!label && symbol.name != section.name)
                    .then(|| (number, offset, meaning::ir_name(format, &symbol.name)))
            })
            .collect();
        starts.sort_unstable();
        Owners { starts }
    }

    fn of(&self, format: ObjectFormat, section: &RawSection, offset: u64) -> String {
        let after = self.starts.partition_point(|start| (start.0, start.1) <= (section.number, offset));
        let owner = after.checked_sub(1).and_then(|at| self.starts.get(at));
        match owner.filter(|owner| owner.0 == section.number) {
            Some(owner) if meaning::is_code(format, section) => format!("function `{}`", owner.2),
            Some(owner) => format!("data `{}`", owner.2),
            None => format!("section `{}`", section.name),
        }
    }
}
