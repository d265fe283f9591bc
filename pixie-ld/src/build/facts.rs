//! What an object file says, in its own numbers, so that two parsers can be compared item by item.

mod from_goblin;
mod from_object;

use std::collections::BTreeMap;
use std::fmt::Debug;

use pixie_format::{ObjectFormat, Platform};

use crate::error::{Error, Result};
use crate::parse::coff::Use;

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
    /// ELF: its size. COFF: the number of the default symbol of a weak external. 0 elsewhere.
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
    /// Mach-O: `r_extern`, `r_pcrel`, `r_length` from the lowest bit on. COFF: 1 where the field reads or writes memory.
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

impl Facts {
    /// Puts COFF's weak externals where their default symbols are: nothing in one object overrides them. One whose default is in no
    /// section stays undefined.
    fn with_weak_defaults(mut self) -> Facts {
        let places: BTreeMap<u32, (u32, u64)> =
            self.symbols.iter().map(|symbol| (symbol.number, (symbol.section, symbol.value))).collect();
        // Neither undefined, absolute nor for debuggers.
        let is_section = |section: u32| (1..0xfffe).contains(&section);
        for symbol in
            self.symbols.iter_mut().filter(|symbol| symbol.class == WEAK_EXTERNAL && symbol.section == 0)
        {
            let default = u32::try_from(symbol.size).ok().and_then(|number| places.get(&number));
            if let Some((section, value)) = default.filter(|(section, _)| is_section(*section)) {
                (symbol.section, symbol.value) = (*section, *value);
            }
        }
        self
    }
}

/// COFF's storage class of weak externals.
pub(super) const WEAK_EXTERNAL: u8 = 105;

/// The flags of a COFF relocation in a section with these bytes: `REL32` serves branches, `lea` and memory operands alike.
fn coff_flags(section: &[u8], offset: u32, kind: u16) -> u8 {
    match kind {
        4 => u8::from(Use::of(section, offset) == Use::Memory),
        // REL32_1 to REL32_5: an immediate follows, which no branch or lea has.
        5..=9 => 1,
        _ => 0,
    }
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
        None if platform.object_format() == ObjectFormat::Coff => Ok(first.with_weak_defaults()),
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
