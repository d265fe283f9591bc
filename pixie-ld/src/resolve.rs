//! Resolving: the address of every symbol of an object, its own by the layout, others by asking. Pure.

use crate::error::LinkError;
use crate::image::Address;
use crate::layout::Layout;
use crate::object::{Binding, Object, Place, SymbolId};

/// What an outside symbol is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResolvedKind {
    /// Code: a call that does not reach it may take a stub.
    Function,
    /// Memory: it must be within reach, or referred to by the global offset table.
    Data,
    /// A number without memory behind it.
    Absolute,
    /// A weak symbol that nobody has. Its address is 0.
    Missing,
}

/// What an outside symbol resolved to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// Where it is.
    pub address: Address,
    /// What it is.
    pub kind: ResolvedKind,
}

/// Finds outside symbols by their name in the IR.
pub type Resolver<'r> = dyn Fn(&str) -> Option<Resolved> + 'r;

/// The symbol that stands for the global offset table itself (x86-64 psABI §4.4).
pub(crate) const GOT_SYMBOL: &str = "_GLOBAL_OFFSET_TABLE_";

/// The address of each symbol, by [`SymbolId`]; `None` for those in sections that are not loaded. Undefined weak symbols that
/// nobody has are 0.
pub fn resolve(
    object: &Object<'_>,
    layout: &Layout,
    base: Address,
    resolver: &Resolver<'_>,
) -> Result<Vec<Option<Resolved>>, LinkError> {
    let inside = |offset: u64| Some(Resolved { address: Address(base.0 + offset), kind: ResolvedKind::Data });
    let mut resolved = Vec::with_capacity(object.symbols.len());
    for (index, symbol) in object.symbols.iter().enumerate() {
        resolved.push(match symbol.place {
            Place::Section(section, offset) => {
                layout.sections.get(section.0 as usize).and_then(|start| inside(start + offset))
            }
            Place::Common(..) => layout.commons.get(index).copied().flatten().and_then(inside),
            Place::Absolute(value) => {
                Some(Resolved { address: Address(value), kind: ResolvedKind::Absolute })
            }
            Place::Discarded => None,
            // The null symbol at index 0 of an ELF table: a relocation against it adds nothing.
            Place::Undefined if symbol.name.is_empty() => {
                Some(Resolved { address: Address(0), kind: ResolvedKind::Absolute })
            }
            Place::Undefined if symbol.name == GOT_SYMBOL => inside(layout.got_base),
            Place::Undefined => match resolver(symbol.name) {
                Some(found) => Some(found),
                None if symbol.binding == Binding::Weak => {
                    Some(Resolved { address: Address(0), kind: ResolvedKind::Missing })
                }
                None => return Err(undefined(object, SymbolId(index as u32))),
            },
        });
    }
    Ok(resolved)
}

fn undefined(object: &Object<'_>, id: SymbolId) -> LinkError {
    let refers = |section: &&crate::object::Section<'_>| {
        section.relocations.iter().any(|relocation| relocation.symbol == id)
    };
    let section = object.sections.iter().find(refers).map_or("none", |section| section.name);
    let symbol = object.symbols.get(id.0 as usize).map_or("", |symbol| symbol.name);
    LinkError::Undefined {
        symbol: symbol.to_owned(),
        place: format!("section `{section}`"),
        hint: String::new(),
    }
}
