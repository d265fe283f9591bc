//! What an object file says, in its own numbers, so that two parsers can be compared item by item.

mod from_goblin;
mod from_object;

use std::fmt::Debug;

use pixie_format::Platform;

use crate::error::{Error, Result};

/// A section, as the file numbers it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RawSection {
    pub number: u32,
    /// On Mach-O `segment,section`.
    pub name: String,
    /// ELF `sh_type`; 0 elsewhere, where it is part of the flags.
    pub kind: u32,
    /// `sh_flags`, `flags`, `Characteristics`.
    pub flags: u64,
    /// Mach-O alone: symbols count from there; 0 elsewhere.
    pub address: u64,
    pub size: u64,
}

/// A symbol, as the file numbers it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RawSymbol {
    pub number: u32,
    pub name: String,
    /// `st_shndx`, `n_sect`, `SectionNumber`.
    pub section: u32,
    pub value: u64,
    /// ELF alone.
    pub size: u64,
    /// `st_info`, `n_type`, `StorageClass`.
    pub class: u8,
    /// `st_other`, `n_desc`, `Type`.
    pub more: u16,
}

/// A relocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RawRelocation {
    pub section: u32,
    pub offset: u64,
    pub kind: u32,
    /// The number of a symbol, on Mach-O also of a section or an addend.
    pub target: u32,
    /// Mach-O: `r_extern`, `r_pcrel`, `r_length` from the lowest bit on.
    pub flags: u8,
    /// ELF alone; elsewhere it is in the section's bytes.
    pub addend: i64,
}

/// Everything of a file that linking depends on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Facts {
    pub sections: Vec<RawSection>,
    pub symbols: Vec<RawSymbol>,
    pub relocations: Vec<RawRelocation>,
}

/// Reads `bytes` with both parsers; a difference, or a failure of either, refuses the object.
pub(crate) fn agreed(platform: Platform, bytes: &[u8], origin: &str) -> Result<Facts> {
    let refused = |what| Error::Refused { origin: origin.to_owned(), what };
    let first =
        from_object::read(platform, bytes).map_err(|what| refused(format!("not a valid object: {what}")))?;
    let second = from_goblin::read(platform, bytes)
        .map_err(|what| refused(format!("a second parser cannot read the object: {what}")))?;
    let difference = differ("section", &first.sections, &second.sections)
        .or_else(|| differ("symbol", &first.symbols, &second.symbols))
        .or_else(|| differ("relocation", &first.relocations, &second.relocations));
    match difference {
        None => Ok(first),
        Some(what) => Err(refused(format!(
            "two parsers disagree about the object: {what}\nhint: this is a damaged object, or a bug that is worth reporting"
        ))),
    }
}

/// The first item that differs, as both saw it.
fn differ<T: PartialEq + Debug>(kind: &str, first: &[T], second: &[T]) -> Option<String> {
    let shown = |item: Option<&T>| item.map_or("nothing".to_owned(), |item| format!("{item:?}"));
    let longest = first.len().max(second.len());
    let at = (0..longest).find(|at| first.get(*at) != second.get(*at))?;
    Some(format!(
        "{kind} {at} is {} to `object` and {} to `goblin`",
        shown(first.get(at)),
        shown(second.get(at))
    ))
}
