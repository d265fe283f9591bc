//! The map of addresses that perf reads (Linux, tools/perf/Documentation/jit-interface.txt): start, size, name of each function.

use std::fmt::Write;

use super::Placed;
use crate::object::{Place, SectionKind, SymbolKind};

/// A line for each function, local ones too: `7f0000001000 1b kernels.pixie:dot [x86-64-v3]`. perf shows all such code under one
/// made-up file, so the name says which module and variant it is.
pub(super) fn lines(image: &Placed<'_>) -> String {
    let object = image.object;
    let mut functions: Vec<(u32, u64, &str)> = Vec::new();
    for symbol in object.symbols.iter().filter(|symbol| symbol.kind == SymbolKind::Function) {
        if let Place::Section(id, offset) = symbol.place {
            functions.push((id.0, offset, symbol.name));
        }
    }
    functions.sort_unstable();
    let mut text = String::new();
    for (index, (id, offset, name)) in functions.iter().enumerate() {
        let Some((section, start)) =
            object.sections.get(*id as usize).zip(image.layout.sections.get(*id as usize))
        else {
            continue;
        };
        // A function ends where the next one begins; two names of one function both get its size.
        let next = functions[index..].iter().find(|next| next.0 == *id && next.1 > *offset);
        let end = next.map_or(section.size, |next| next.1);
        if section.kind == SectionKind::Text && end > *offset {
            let (start, size) = (image.base.0 + start + offset, end - offset);
            // A string takes everything.
            let _ = writeln!(
                text,
                "{start:x} {size:x} {}.pixie:{} [{}]",
                shown(image.module),
                shown(name),
                image.isa
            );
        }
    }
    text
}

/// A name with nothing in it that would break a line.
fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
