//! Relocating: fills in what depends on addresses, every value checked against the width of its field. Pure.

pub mod aarch64;
pub mod x86_64;

use pixie_format::Arch;

use crate::error::LinkError;
use crate::image::{Address, Image, Segment};
use crate::islands::callee;
use crate::layout::{GOT_ENTRY, Layout};
use crate::object::{Object, Place, Relocation, Section, SectionKind, Symbol, SymbolId};
use crate::resolve::{Resolved, ResolvedKind, Resolver, resolve};

/// The kind of a relocation: what is computed and how wide the field is. One set for each architecture, whatever the file
/// format calls them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RelocationKind {
    /// A kind of x86-64.
    X86_64(x86_64::Kind),
    /// A kind of AArch64.
    Aarch64(aarch64::Kind),
}

impl RelocationKind {
    /// Whether the symbol needs an entry of the global offset table.
    pub const fn needs_got(self) -> bool {
        match self {
            RelocationKind::X86_64(kind) => kind.needs_got(),
            RelocationKind::Aarch64(kind) => kind.needs_got(),
        }
    }

    /// Whether a stub can stand for a function that is out of reach.
    pub const fn may_need_stub(self) -> bool {
        match self {
            RelocationKind::X86_64(kind) => kind.may_need_stub(),
            RelocationKind::Aarch64(kind) => kind.may_need_stub(),
        }
    }

    /// What of the addend belongs to where a stub leads; the rest is between the field and the instruction's end.
    pub(crate) const fn callee_addend(self, addend: i64) -> i64 {
        match self {
            RelocationKind::Aarch64(aarch64::Kind::Branch26) => addend,
            RelocationKind::X86_64(_) | RelocationKind::Aarch64(_) => 0,
        }
    }
}

/// Size and alignment of a stub and how far a call may be from it, bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StubShape {
    pub size: u64,
    pub align: u64,
    pub reach: u64,
}

/// The stubs of an architecture.
pub(crate) const fn stub(arch: Arch) -> StubShape {
    match arch {
        Arch::X86_64 => x86_64::STUB,
        Arch::Aarch64 => aarch64::STUB,
    }
}

/// What a relocation sees of the image.
pub(crate) struct Target<'t> {
    /// The address of the field.
    pub place: Address,
    /// What the symbol resolved to.
    pub symbol: Resolved,
    /// The address of the symbol's entry of the global offset table.
    pub got: Option<Address>,
    /// Finds the address of the nearest stub that leads there, asked only where the symbol is out of reach.
    pub stub: &'t dyn Fn() -> Option<Address>,
    /// The address of the global offset table.
    pub got_base: Address,
    /// The address of the image.
    pub image_base: Address,
    /// What is added.
    pub addend: i64,
}

/// Links `object` for `base`: resolves its symbols, fills in every relocation, the global offset table and the stubs. The bytes
/// come out ready to be mapped there.
pub fn link(
    object: &Object<'_>,
    layout: &Layout,
    base: Address,
    resolver: &Resolver<'_>,
) -> Result<Image, LinkError> {
    let mut bytes: Vec<Vec<u8>> =
        layout.frame.segments.iter().map(|segment| vec![0; segment.filled as usize]).collect();
    let mut places: Vec<&mut [u8]> = bytes.iter_mut().map(Vec::as_mut_slice).collect();
    let symbols = link_into(object, layout, base, resolver, &mut places)?;
    let segments = layout.frame.segments.iter().zip(bytes).map(|(segment, bytes)| Segment {
        offset: segment.offset,
        size: segment.size,
        bytes,
        protection: segment.protection,
    });
    Ok(Image {
        base,
        size: layout.frame.size,
        segments: segments.collect(),
        symbols: symbols.into_iter().map(|symbol| symbol.map(|symbol| symbol.address)).collect(),
        unwind: layout.frame.unwind.map(|(offset, size)| (Address(base.0.wrapping_add(offset)), size)),
    })
}

/// [`link`] into memory that is there already: zeroed bytes for each segment of the layout, as many as it fills at least. Gives
/// the symbols. A loader so writes the image once, where it will run.
pub(crate) fn link_into(
    object: &Object<'_>,
    layout: &Layout,
    base: Address,
    resolver: &Resolver<'_>,
    segments: &mut [&mut [u8]],
) -> Result<Vec<Option<Resolved>>, LinkError> {
    if !base.0.is_multiple_of(layout.frame.align) || base.0.checked_add(layout.frame.size).is_none() {
        return Err(LinkError::Malformed {
            place: format!("base {base}"),
            what: format!(
                "expected a multiple of {} with {} bytes of room",
                layout.frame.align, layout.frame.size
            ),
        });
    }
    let symbols = resolve(object, layout, base, resolver)?;
    let linker = Linker { object, layout, base, symbols };
    for (section, start) in object.sections.iter().zip(&layout.sections) {
        if section.kind == SectionKind::Zero || section.data.is_empty() {
            continue;
        }
        let bytes = linker.bytes_at(segments, *start, section.data.len() as u64, section.name)?;
        bytes.copy_from_slice(section.data);
        for relocation in &section.relocations {
            if !linker.apply_quickly(*start, relocation, bytes) {
                linker.apply(section, *start, relocation, bytes)?;
            }
        }
    }
    linker.tables(segments)?;
    linker.sort_functions(segments)?;
    Ok(linker.symbols)
}

struct Linker<'l> {
    object: &'l Object<'l>,
    layout: &'l Layout,
    base: Address,
    symbols: Vec<Option<Resolved>>,
}

impl Linker<'_> {
    /// The address of an offset of the layout; `link` has checked that none wraps.
    fn at(&self, offset: u64) -> Address {
        Address(self.base.0.wrapping_add(offset))
    }

    /// The bytes at an offset of the layout.
    fn bytes_at<'s>(
        &self,
        segments: &'s mut [&mut [u8]],
        offset: u64,
        size: u64,
        what: &str,
    ) -> Result<&'s mut [u8], LinkError> {
        let index = self.layout.frame.segments.iter().rposition(|segment| segment.offset <= offset);
        let bytes = index.and_then(|index| {
            let start = usize::try_from(offset - self.layout.frame.segments.get(index)?.offset).ok()?;
            segments.get_mut(index)?.get_mut(start..)?.get_mut(..usize::try_from(size).ok()?)
        });
        bytes.ok_or_else(|| LinkError::Malformed {
            place: what.to_owned(),
            what: format!("{size} bytes at offset {offset:#x} lie outside the layout"),
        })
    }

    /// What a message calls a symbol: labels have no name, but lie in a section that has one.
    fn shown<'s>(&'s self, symbol: &'s Symbol<'_>) -> &'s str {
        match symbol.place {
            Place::Section(id, _) if symbol.name.is_empty() => {
                self.object.sections.get(id.0 as usize).map_or("", |section| section.name)
            }
            _ => symbol.name,
        }
    }

    /// Fills one field if it is what most are, a distance or an address without any choice in it, and says whether it did; all
    /// else, and whatever is wrong, is for `apply`. 124 to 25 instructions for each of the thousands that a large object has.
    #[inline]
    fn apply_quickly(&self, start: u64, relocation: &Relocation, bytes: &mut [u8]) -> bool {
        let Some(Some(symbol)) = self.symbols.get(relocation.symbol.0 as usize) else { return false };
        let RelocationKind::X86_64(kind) = relocation.kind else { return false };
        let Some(field) = bytes.get_mut(relocation.offset as usize..) else { return false };
        let (Ok(address), Ok(place)) =
            (i64::try_from(symbol.address.0), i64::try_from(self.base.0 + start + relocation.offset))
        else {
            return false;
        };
        // Addresses of a process have the highest bit clear, so that the difference of two cannot overflow.
        let Some(value) = address.checked_add(relocation.addend) else { return false };
        match (kind, field.first_chunk_mut::<4>()) {
            (x86_64::Kind::Relative32 | x86_64::Kind::Call32, Some(field)) => {
                match value.checked_sub(place).map(i32::try_from) {
                    Some(Ok(distance)) => *field = distance.to_le_bytes(),
                    _ => return false,
                }
            }
            _ => return false,
        }
        true
    }

    /// Fills one field; `bytes` are those of the section.
    fn apply(
        &self,
        section: &Section<'_>,
        start: u64,
        relocation: &Relocation,
        bytes: &mut [u8],
    ) -> Result<(), LinkError> {
        let index = relocation.symbol.0 as usize;
        let got = self.layout.got.get(index).copied().flatten();
        let name = self.object.symbols.get(index).map_or("", |symbol| self.shown(symbol));
        let place = || format!("section `{}` offset {:#x}", section.name, relocation.offset);
        let Some(symbol) = self.symbols.get(index).copied().flatten() else {
            let what = format!("refers to `{name}`, which is in a section that is not loaded");
            return Err(LinkError::Malformed { place: place(), what });
        };
        let offset = start.wrapping_add(relocation.offset);
        let stub = || {
            let inside = |symbol: &Symbol<'_>| matches!(symbol.place, Place::Section(..));
            let is_code = matches!(symbol.kind, ResolvedKind::Function | ResolvedKind::Missing)
                || self.object.symbols.get(index).is_some_and(inside);
            let stub = callee(relocation).filter(|_| is_code);
            stub.and_then(|callee| self.layout.stub(callee, offset)).map(|stub| self.at(stub))
        };
        let target = Target {
            place: self.at(offset),
            symbol,
            got: got.map(|offset| self.at(offset)),
            stub: &stub,
            got_base: self.at(self.layout.got_base),
            image_base: self.base,
            addend: relocation.addend,
        };
        let field = usize::try_from(relocation.offset).ok().and_then(|offset| bytes.get_mut(offset..));
        let outcome = match relocation.kind {
            RelocationKind::X86_64(kind) => x86_64::apply(kind, &target, field.unwrap_or_default()),
            RelocationKind::Aarch64(kind) => aarch64::apply(kind, &target, field.unwrap_or_default()),
        };
        outcome.map_err(|fault| match fault {
            Fault::OutOfSection { width } => LinkError::Malformed {
                place: place(),
                what: format!("a relocation fills {width} bytes, the section has {} bytes", section.size),
            },
            Fault::Misaligned { kind, value, align } => LinkError::Malformed {
                place: place(),
                what: format!("{kind} to `{name}`: {value:#x} is no multiple of {align}"),
            },
            Fault::Addend { kind } => LinkError::Malformed {
                place: place(),
                what: format!("{kind} to `{name}`: expected no addend, found {}", relocation.addend),
            },
            Fault::Overflow { kind, value, bits } => LinkError::Overflow {
                section: section.name.to_owned(),
                offset: relocation.offset,
                kind: kind.to_owned(),
                symbol: name.to_owned(),
                value,
                bits,
            },
        })
    }

    /// Sorts the table of functions by address, which Windows searches by halving.
    fn sort_functions(&self, segments: &mut [&mut [u8]]) -> Result<(), LinkError> {
        let is_table = |section: &Section<'_>| section.kind == SectionKind::FunctionTable;
        let (Some((start, size)), true) =
            (self.layout.frame.unwind, self.object.sections.iter().any(is_table))
        else {
            return Ok(());
        };
        let bytes = self.bytes_at(segments, start, size, "the table of functions")?;
        let (entries, _) = bytes.as_chunks_mut::<12>();
        entries.sort_unstable_by_key(|[a, b, c, d, ..]| u32::from_le_bytes([*a, *b, *c, *d]));
        Ok(())
    }

    /// Fills the global offset table and the stubs.
    fn tables(&self, segments: &mut [&mut [u8]]) -> Result<(), LinkError> {
        for (entry, symbol) in self.layout.got.iter().zip(&self.symbols) {
            let (Some(entry), Some(symbol)) = (*entry, symbol) else { continue };
            let bytes = self.bytes_at(segments, entry, GOT_ENTRY, "the global offset table")?;
            bytes.copy_from_slice(&symbol.address.0.to_le_bytes());
        }
        let (size, head) = match self.object.arch {
            Arch::X86_64 => (x86_64::STUB.size, x86_64::STUB_CODE),
            Arch::Aarch64 => (aarch64::STUB.size, aarch64::STUB_CODE),
        };
        for stub in &self.layout.stubs {
            let (SymbolId(index), addend) = stub.callee;
            let Some(Some(symbol)) = self.symbols.get(index as usize) else { continue };
            let bytes = self.bytes_at(segments, stub.offset, size, "the call stubs")?;
            let (code, address) = bytes.split_at_mut(head.len());
            code.copy_from_slice(&head);
            address.copy_from_slice(&symbol.address.0.wrapping_add_signed(addend).to_le_bytes());
        }
        Ok(())
    }
}

/// Why a field could not be filled.
pub(crate) enum Fault {
    /// The field does not lie within the section.
    OutOfSection { width: usize },
    /// The value does not fit.
    Overflow { kind: &'static str, value: i128, bits: u32 },
    /// The value is no multiple of the unit in which the field counts.
    Misaligned { kind: &'static str, value: i128, align: u32 },
    /// An entry of the global offset table is of a symbol, not of something behind it.
    Addend { kind: &'static str },
}
