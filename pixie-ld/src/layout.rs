//! Laying out: which section, stub and table entry goes where, counted from the image's base. Pure.
//!
//! The layout does not depend on addresses: every outside function that is called gets a stub, used only where it turns out to
//! be out of reach. Sixteen bytes for each are cheaper than laying out twice. Where stubs go is told in `islands`.

use crate::error::LinkError;
use crate::image::{PageSize, Protection};
use crate::islands::{Callee, callee, place_text};
use crate::object::{MAX_ALIGN, MAX_IMAGE, Object, Place, Section, SectionKind, SymbolId};

/// Where everything goes, in bytes from the image's base.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Where each section begins, by [`crate::object::SectionId`].
    pub sections: Vec<u64>,
    /// Where each common symbol is, by [`crate::object::SymbolId`].
    pub commons: Vec<Option<u64>>,
    /// The entry of the global offset table of each symbol that needs one.
    pub got: Vec<Option<u64>>,
    /// The stubs, ordered by where they lead; in long text several may lead to the same place.
    pub stubs: Vec<StubLayout>,
    /// Where the global offset table begins.
    pub got_base: u64,
    /// The memory that all of this lies in.
    pub frame: Frame,
}

/// The memory of an image, whatever lies in it: what mapping and protecting need to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The segments that are not empty.
    pub segments: Vec<SegmentLayout>,
    /// From the base to the end of the last segment, a multiple of the page size.
    pub size: u64,
    /// What the base must be a multiple of: the page size or more.
    pub align: u64,
    /// The unwind tables: offset and size.
    pub unwind: Option<(u64, u64)>,
}

/// Where a stub goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StubLayout {
    /// Where it leads: the symbol, and what is added to its address.
    pub callee: (SymbolId, i64),
    /// Bytes from the base.
    pub offset: u64,
}

/// How to unwind out of a function that has its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PlacedCode {
    /// Where the function begins, bytes from the base.
    pub start: u32,
    /// The size of the function, bytes.
    pub size: u32,
    /// The platform's number for its frame.
    pub code: u32,
}

/// Where a segment goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentLayout {
    /// Bytes from the base, a multiple of the page size.
    pub offset: u64,
    /// Size in memory, bytes.
    pub size: u64,
    /// How many of them are not just zero at the end.
    pub filled: u64,
    /// Its protection.
    pub protection: Protection,
}

/// Bytes of an entry of the global offset table.
pub(crate) const GOT_ENTRY: u64 = 8;

/// Up to this size code and constants share their pages where that saves one, bytes. Constants that can be executed are a gift to those
/// who look for instructions to misuse, so large images do not give it.
const SHARED: u64 = 64 << 10;

/// What code and constants have apart even then, bytes.
const CACHE_LINE: u64 = 64;

/// Hands out the image's bytes in order.
pub(crate) struct Cursor {
    pub at: u64,
    align: u64,
}

impl Cursor {
    /// Takes `size` bytes and refuses what makes the image too large, so that no sum below can overflow.
    pub fn take(&mut self, what: &str, size: u64, align: u64) -> Result<u64, LinkError> {
        let too_large = |size| LinkError::TooLarge { what: what.to_owned(), size, limit: MAX_IMAGE };
        if !align.is_power_of_two() || align > MAX_ALIGN {
            return Err(LinkError::Malformed {
                place: what.to_owned(),
                what: format!(
                    "expected an alignment that is a power of two up to {MAX_ALIGN}, found {align}"
                ),
            });
        }
        if size > MAX_IMAGE {
            return Err(too_large(size));
        }
        let start = self.at.next_multiple_of(align);
        self.at = start + size;
        self.align = self.align.max(align);
        if self.at > MAX_IMAGE { Err(too_large(self.at)) } else { Ok(start) }
    }
}

/// Lays out `object` in pages of `page_size`: code and stubs, constants and the global offset table, data and zeroes. Code and constants of
/// a small image may share a segment.
pub fn layout(object: &Object<'_>, page_size: PageSize) -> Result<Layout, LinkError> {
    let page = page_size.bytes();
    let mut layout = Layout {
        sections: vec![0; object.sections.len()],
        commons: vec![None; object.symbols.len()],
        got: vec![None; object.symbols.len()],
        stubs: Vec::new(),
        got_base: 0,
        frame: Frame { segments: Vec::with_capacity(3), size: 0, align: page, unwind: None },
    };
    let (needs_got, mut outside) = tables(object);
    let mut cursor = Cursor { at: 0, align: page };

    layout.stubs = place_text(object, &mut outside, &mut cursor, &mut layout.sections)?;
    let text = cursor.at;
    // A page less to make and to protect, which in a small image is a third of them all.
    let mut shared = Cursor { at: text.next_multiple_of(CACHE_LINE), align: cursor.align };
    let constants = shared.at;
    layout.place_constants(object, &needs_got, &mut shared)?;
    let pages = |size: u64| size.div_ceil(page);
    if shared.at <= SHARED && pages(shared.at) < pages(text) + pages(shared.at - constants) {
        cursor = shared;
        let filled = cursor.at;
        layout.frame.finish(0, filled, &mut cursor, page, Protection::ReadExecute);
    } else {
        layout.frame.finish(0, text, &mut cursor, page, Protection::ReadExecute);
        let start = cursor.at;
        layout.place_constants(object, &needs_got, &mut cursor)?;
        let filled = cursor.at;
        layout.frame.finish(start, filled, &mut cursor, page, Protection::Read);
    }

    let start = cursor.at;
    layout.place(object, SectionKind::Data, &mut cursor)?;
    let filled = cursor.at;
    layout.place(object, SectionKind::Zero, &mut cursor)?;
    for (index, symbol) in object.symbols.iter().enumerate() {
        if let Place::Common(size, align) = symbol.place {
            layout.commons[index] = Some(cursor.take(symbol.name, size, align)?);
        }
    }
    layout.frame.finish(start, filled, &mut cursor, page, Protection::ReadWrite);

    layout.frame.size = cursor.at;
    layout.frame.align = cursor.align;
    Ok(layout)
}

/// Which symbols need an entry of the global offset table, and which outside functions are called, because a reference asks for it.
fn tables(object: &Object<'_>) -> (Vec<bool>, Vec<Callee>) {
    let mut got = vec![false; object.symbols.len()];
    // Most calls are to the same few functions, and add nothing.
    let mut called = vec![false; object.symbols.len()];
    let mut outside = Vec::new();
    for relocation in object.sections.iter().flat_map(|section| &section.relocations) {
        let (needs_got, may_need_stub) = (relocation.kind.needs_got(), relocation.kind.may_need_stub());
        if !needs_got && !may_need_stub {
            continue;
        }
        let index = relocation.symbol.0 as usize;
        let Some(symbol) = object.symbols.get(index) else { continue };
        got[index] |= needs_got;
        if symbol.place == Place::Undefined
            && let Some(callee) = callee(relocation)
            && (callee.1 != 0 || !std::mem::replace(&mut called[index], true))
        {
            outside.push(callee);
        }
    }
    (got, outside)
}

impl Layout {
    /// The stub that leads to `callee` and is nearest to `offset`.
    pub(crate) fn stub(&self, callee: Callee, offset: u64) -> Option<u64> {
        let first = self.stubs.partition_point(|stub| stub.callee < callee);
        let same = self.stubs.iter().skip(first).take_while(|stub| stub.callee == callee);
        same.map(|stub| stub.offset).min_by_key(|stub| stub.abs_diff(offset))
    }

    /// The object's unwind codes, ascending by where their functions are.
    pub(crate) fn unwind_codes(&self, object: &Object<'_>) -> Vec<PlacedCode> {
        let placed = object.unwind_codes.iter().filter_map(|one| {
            let section = self.sections.get(one.section.0 as usize)?;
            // An image is far smaller than 4 GiB.
            let start = u32::try_from(section.saturating_add(one.offset)).ok()?;
            Some(PlacedCode { start, size: one.size, code: one.code })
        });
        let mut placed: Vec<PlacedCode> = placed.collect();
        placed.sort_unstable();
        placed
    }

    /// Places what nobody writes once it is relocated: constants, unwind tables, the global offset table.
    fn place_constants(
        &mut self,
        object: &Object<'_>,
        needs_got: &[bool],
        cursor: &mut Cursor,
    ) -> Result<(), LinkError> {
        self.place(object, SectionKind::ReadOnly, cursor)?;
        // An object has unwind tables of one kind.
        for kind in [SectionKind::Unwind, SectionKind::FunctionTable] {
            self.place(object, kind, cursor)?;
            if let Some(first) = object.sections.iter().position(|section| section.kind == kind) {
                let first = self.sections[first];
                self.frame.unwind = Some((first, cursor.at - first)).filter(|(_, size)| *size > 0);
                // Unwinders read `.eh_frame` up to a length of zero.
                cursor.take("the end of the unwind tables", 4, 1)?;
            }
        }
        self.got_base = cursor.take("the global offset table", 0, GOT_ENTRY)?;
        for (entry, _) in self.got.iter_mut().zip(needs_got).filter(|(_, needed)| **needed) {
            *entry = Some(cursor.take("the global offset table", GOT_ENTRY, GOT_ENTRY)?);
        }
        Ok(())
    }

    fn place(
        &mut self,
        object: &Object<'_>,
        kind: SectionKind,
        cursor: &mut Cursor,
    ) -> Result<(), LinkError> {
        let of_kind = |(_, section): &(usize, &Section<'_>)| section.kind == kind;
        for (index, section) in object.sections.iter().enumerate().filter(of_kind) {
            self.sections[index] = cursor.take(section.name, section.size, section.align)?;
        }
        Ok(())
    }
}

impl Frame {
    /// Ends a segment: what follows begins on a new page.
    fn finish(&mut self, start: u64, filled: u64, cursor: &mut Cursor, page: u64, protection: Protection) {
        let size = cursor.at - start;
        if size > 0 {
            self.segments.push(SegmentLayout { offset: start, size, filled: filled - start, protection });
        }
        cursor.at = cursor.at.next_multiple_of(page);
    }
}
