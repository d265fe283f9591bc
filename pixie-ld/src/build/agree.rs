//! That the reader of the run time sees in an object what the two parsers of the build agreed on.

use std::collections::{BTreeMap, BTreeSet};

use pixie_format::{ObjectFormat, Platform};

use super::facts::{Facts, RawSection, RawSymbol, WEAK_EXTERNAL};
use super::meaning::{self, Home};
use crate::object::{Binding, Object, Place};
use crate::relocate::{RelocationKind, x86_64};

/// What the reader sees otherwise, if anything.
pub(super) fn difference(platform: Platform, facts: &Facts, object: &Object<'_>) -> Option<String> {
    let format = platform.object_format();
    let loaded: Vec<&RawSection> =
        facts.sections.iter().filter(|section| meaning::is_loaded(format, section)).collect();
    sections(format, &loaded, object)
        .or_else(|| symbols(format, facts, &loaded, object))
        .or_else(|| relocations(facts, &loaded, object))
}

fn sections(format: ObjectFormat, loaded: &[&RawSection], object: &Object<'_>) -> Option<String> {
    for (index, raw) in loaded.iter().enumerate() {
        let Some(section) = object.sections.get(index) else {
            return Some(format!("section `{}` is missing", raw.name));
        };
        // The reader of Mach-O knows few sections by both halves of their name.
        let half = raw.name.split_once(',').map_or("", |(_, name)| name);
        let named = section.name == raw.name || format == ObjectFormat::MachO && section.name == half;
        if !named || section.size != raw.size {
            return Some(format!(
                "section `{}` of {} bytes is `{}` of {} bytes",
                raw.name, raw.size, section.name, section.size
            ));
        }
    }
    // The cells of dllimport are made by the reader of COFF.
    let made = object.sections.get(loaded.len()..).unwrap_or_default();
    made.iter()
        .find(|section| format != ObjectFormat::Coff || section.name != ".idata")
        .map(|section| format!("section `{}` should not be loaded", section.name))
}

fn symbols(
    format: ObjectFormat,
    facts: &Facts,
    loaded: &[&RawSection],
    object: &Object<'_>,
) -> Option<String> {
    let positions: BTreeMap<u32, usize> =
        loaded.iter().enumerate().map(|(index, section)| (section.number, index)).collect();
    let is_weak_external = |raw: &&RawSymbol| format == ObjectFormat::Coff && raw.class == WEAK_EXTERNAL;
    for raw in facts.symbols.iter().filter(|raw| !is_weak_external(raw)) {
        let name = meaning::ir_name(format, &raw.name);
        let Some(symbol) = object.symbols.get(raw.number as usize) else {
            return Some(format!("symbol `{name}` is missing"));
        };
        let right = match meaning::home(format, raw) {
            Home::Nameless => continue,
            // A cell of dllimport is made by the reader.
            Home::Undefined => {
                symbol.place == Place::Undefined || meaning::needed_name(format, &raw.name) != name
            }
            Home::Elsewhere => {
                matches!(symbol.place, Place::Absolute(_) | Place::Common(..) | Place::Discarded)
            }
            Home::Section(number) => match (positions.get(&number), symbol.place) {
                (Some(position), Place::Section(id, offset)) => {
                    let address = loaded.get(*position).map_or(0, |section| section.address);
                    id.0 as usize == *position && address.wrapping_add(offset) == raw.value
                }
                (None, place) => place == Place::Discarded,
                (Some(_), _) => false,
            },
        };
        // The reader of ELF leaves out the names of what only the object itself sees.
        let named = symbol.name == name || symbol.name.is_empty() && symbol.binding == Binding::Local;
        if !right || !named {
            return Some(format!("symbol {raw:?} is {symbol:?}"));
        }
    }
    None
}

/// Where fields are; what they hold may be written in several ways.
fn relocations(facts: &Facts, loaded: &[&RawSection], object: &Object<'_>) -> Option<String> {
    let mut fields: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
    for relocation in &facts.relocations {
        fields.entry(relocation.section).or_default().insert(relocation.offset);
    }
    for (raw, section) in loaded.iter().zip(&object.sections) {
        let seen: BTreeSet<u64> = section
            .relocations
            .iter()
            .map(|relocation| match relocation.kind {
                // Begins at the opcode, two bytes before the field.
                RelocationKind::X86_64(x86_64::Kind::Address32) => relocation.offset + 2,
                _ => relocation.offset,
            })
            .collect();
        let known = fields.remove(&raw.number).unwrap_or_default();
        if let Some(offset) = seen.symmetric_difference(&known).next() {
            return Some(format!("section `{}` offset {offset:#x}: only one has a relocation", raw.name));
        }
    }
    None
}
