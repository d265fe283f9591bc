//! An object as the linker sees it, whatever its file format: sections, symbols and relocations.
//!
//! A platform is added by a reader under [`crate::parse`] that fills this model and, where the processor is new, a relocation
//! table under [`crate::relocate`]. Nothing here names a file format.

use pixie_format::Arch;

use crate::image::Protection;
use crate::relocate::RelocationKind;

/// The index of a section in [`Object::sections`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SectionId(pub u32);

/// The index of a symbol in [`Object::symbols`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SymbolId(pub u32);

/// A relocatable object: only what takes memory at run time. Indices in it are checked by the readers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object<'a> {
    /// The processor architecture.
    pub arch: Arch,
    /// The sections that are loaded.
    pub sections: Vec<Section<'a>>,
    /// The symbols, in the file's order.
    pub symbols: Vec<Symbol<'a>>,
    /// How to unwind out of functions, where the format says it by codes rather than by a section that is loaded.
    pub unwind_codes: Vec<UnwindCode>,
}

/// How to unwind out of one function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnwindCode {
    /// The section that the function is in.
    pub section: SectionId,
    /// Bytes from the start of the section.
    pub offset: u64,
    /// The size of the function, bytes.
    pub size: u32,
    /// The platform's number for its frame.
    pub code: u32,
}

/// What a section holds, which decides where it goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SectionKind {
    /// Machine code.
    Text,
    /// Bytes that are not written once relocated: constants, jump tables, tables of pointers.
    ReadOnly,
    /// Unwind tables of the platform's kind; read-only.
    Unwind,
    /// Windows' table of functions and where their unwind data is: entries of 12 bytes, which linking sorts; read-only.
    FunctionTable,
    /// Bytes that the code may write.
    Data,
    /// Zeroes that the code may write; nothing in the file.
    Zero,
}

impl SectionKind {
    /// The protection once everything is in place.
    pub const fn protection(self) -> Protection {
        match self {
            SectionKind::Text => Protection::ReadExecute,
            SectionKind::ReadOnly | SectionKind::Unwind | SectionKind::FunctionTable => Protection::Read,
            SectionKind::Data | SectionKind::Zero => Protection::ReadWrite,
        }
    }
}

/// A section that is loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section<'a> {
    /// The name in the file.
    pub name: &'a str,
    /// What it holds.
    pub kind: SectionKind,
    /// Alignment in bytes, a power of two of at most [`MAX_ALIGN`].
    pub align: u64,
    /// Size in memory, bytes.
    pub size: u64,
    /// The bytes in the file: `size` of them, none for [`SectionKind::Zero`].
    pub data: &'a [u8],
    /// What has to be filled in.
    pub relocations: Vec<Relocation>,
}

/// A field that depends on an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Relocation {
    /// Bytes from the start of the section.
    pub offset: u64,
    /// What is computed and how wide the field is.
    pub kind: RelocationKind,
    /// What it refers to.
    pub symbol: SymbolId,
    /// What is added.
    pub addend: i64,
}

/// Where a symbol is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a loaded section, so many bytes from its start; at most its size.
    Section(SectionId, u64),
    /// In another object or the runtime.
    Undefined,
    /// A number that no address moves.
    Absolute(u64),
    /// Zeroed memory that the linker makes: size and alignment in bytes.
    Common(u64, u64),
    /// In a section that is not loaded; a loaded section must not refer to it.
    Discarded,
}

/// What a symbol names, as far as the format says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SymbolKind {
    /// Code.
    Function,
    /// Memory.
    Data,
    /// A section's start, a file name, or unknown.
    Other,
}

/// Who sees a symbol and who wins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    /// This object alone.
    Local,
    /// Everybody.
    Global,
    /// Everybody; undefined it is address 0.
    Weak,
}

/// A symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Symbol<'a> {
    /// The name as in the IR: a platform's prefix is stripped.
    pub name: &'a str,
    /// Where it is.
    pub place: Place,
    /// What it names.
    pub kind: SymbolKind,
    /// Who sees it.
    pub binding: Binding,
}

/// The largest alignment of a section or a common symbol, bytes.
pub const MAX_ALIGN: u64 = pixie_format::image::MAX_ALIGN as u64;
/// The largest image, bytes: far below what a 32-bit displacement reaches, so that no reference within an image overflows.
pub const MAX_IMAGE: u64 = pixie_format::image::MAX_SIZE;

impl<'a> Object<'a> {
    /// Defines an undefined symbol by constant bytes that become part of the image. Code that takes a symbol for near, as clang
    /// does with `__cpu_model`, so finds it near. Returns whether the object needs the symbol at all.
    pub fn provide(&mut self, name: &'a str, bytes: &'a [u8], align: u64) -> bool {
        let wanted = |symbol: &&mut Symbol<'_>| symbol.place == Place::Undefined && symbol.name == name;
        let id = SectionId(self.sections.len() as u32);
        let mut found = false;
        for symbol in self.symbols.iter_mut().filter(wanted) {
            symbol.place = Place::Section(id, 0);
            found = true;
        }
        if found {
            self.sections.push(Section {
                name,
                kind: SectionKind::ReadOnly,
                align,
                size: bytes.len() as u64,
                data: bytes,
                relocations: Vec::new(),
            });
        }
        found
    }
}
