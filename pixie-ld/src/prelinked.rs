//! An image that was linked when the module was built: filling in what only the process that loads it knows (spec §10.3). Pure.

use pixie_format::Arch;
use pixie_format::image::{Header, Tables};

use crate::error::LinkError;
use crate::image::{Address, Protection};
use crate::layout::{Frame, SegmentLayout};
use crate::relocate::aarch64;
use crate::resolve::Resolver;

/// The memory that an image needs.
pub fn frame(header: &Header) -> Frame {
    let protections = [Protection::ReadExecute, Protection::Read, Protection::ReadWrite];
    let parts = header.parts().into_iter().zip(protections).filter(|(part, _)| part.size > 0);
    let segments = parts.map(|(part, protection)| SegmentLayout {
        offset: part.offset,
        size: part.size,
        filled: part.filled,
        protection,
    });
    let (start, length) = header.unwind;
    Frame {
        segments: segments.collect(),
        size: header.end().next_multiple_of(header.page.max(1).into()),
        align: header.align.into(),
        unwind: (length > 0).then_some((start.into(), length.into())),
    }
}

/// Fills in what depends on the base and on outside symbols. `segments` are the bytes of the frame's segments, as in the blob;
/// `variable` gives the bytes of the runtime's own variables.
pub fn fill(
    arch: Arch,
    frame: &Frame,
    tables: &Tables<'_>,
    base: Address,
    resolver: &Resolver<'_>,
    variable: &dyn Fn(&str) -> Option<&'static [u8]>,
    segments: &mut [&mut [u8]],
) -> Result<(), LinkError> {
    if !base.0.is_multiple_of(frame.align) || base.0.checked_add(frame.size).is_none() {
        let what = format!("expected a multiple of {} with {} bytes of room", frame.align, frame.size);
        return Err(LinkError::Malformed { place: format!("base {base}"), what });
    }
    let outside = outside(tables, base, resolver)?;
    let find = |import: u32| outside.get(import as usize).ok_or_else(|| nowhere("import", import));
    // Code comes first. There are thousands of calls, which one look-up serves.
    let text = segments.first_mut().map_or(&mut [][..], |bytes| bytes);
    for (offset, import) in tables.calls() {
        let field = text.get_mut(offset as usize..).and_then(<[u8]>::first_chunk_mut);
        let (Some(field), Some(from_stub)) = (field, find(import)?.from_stub) else {
            return Err(nowhere("call", offset));
        };
        straighten(arch, field, from_stub);
    }
    let mut places = Places { frame, segments };
    for offset in tables.relative() {
        places.add(offset, base.0)?;
    }
    for (offset, import) in tables.bindings() {
        places.add(offset, find(import)?.address)?;
    }
    for (name, offset, size) in tables.variables() {
        let bytes = variable(name).filter(|bytes| bytes.len() == size as usize);
        let bytes = bytes.ok_or_else(|| undefined(name))?;
        places.bytes(offset, bytes.len())?.copy_from_slice(bytes);
    }
    Ok(())
}

/// An outside symbol as this process has it.
struct Outside {
    address: u64,
    /// How far it is from its stub, bytes.
    from_stub: Option<i64>,
}

fn outside(tables: &Tables<'_>, base: Address, resolver: &Resolver<'_>) -> Result<Vec<Outside>, LinkError> {
    let found = tables.imports().map(|(name, stub)| {
        let address = resolver(name).ok_or_else(|| undefined(name))?.address.0;
        let stub = stub.map(|stub| base.0.wrapping_add(stub.into()));
        Ok(Outside { address, from_stub: stub.map(|stub| address.wrapping_sub(stub).cast_signed()) })
    });
    found.collect()
}

fn undefined(symbol: &str) -> LinkError {
    LinkError::Undefined { symbol: symbol.to_owned(), place: "its image".to_owned(), hint: String::new() }
}

/// Reading the tables has refused what comes to this.
fn nowhere(what: &str, at: u32) -> LinkError {
    LinkError::Malformed { place: "image".to_owned(), what: format!("there is no {what} {at:#x}") }
}

/// Lets a call that goes to a stub go straight to where the stub leads, `from_stub` bytes from it, if it reaches that.
fn straighten(arch: Arch, field: &mut [u8; 4], from_stub: i64) {
    let word = u32::from_le_bytes(*field);
    let straight = match arch {
        Arch::X86_64 => {
            let distance = i64::from(word.cast_signed()).checked_add(from_stub);
            distance.and_then(|distance| i32::try_from(distance).ok()).map(i32::cast_unsigned)
        }
        Arch::Aarch64 => aarch64::branch_by(word, from_stub),
    };
    if let Some(word) = straight {
        *field = word.to_le_bytes();
    }
}

/// The bytes of an image by their offset from the base.
pub(crate) struct Places<'s, 'b> {
    pub frame: &'s Frame,
    pub segments: &'s mut [&'b mut [u8]],
}

impl Places<'_, '_> {
    fn bytes(&mut self, offset: u32, size: usize) -> Result<&mut [u8], LinkError> {
        let at = u64::from(offset);
        let mut places = self.frame.segments.iter().zip(self.segments.iter_mut());
        let found = places.rfind(|(segment, _)| segment.offset <= at).and_then(|(segment, bytes)| {
            let start = usize::try_from(at - segment.offset).ok()?;
            bytes.get_mut(start..)?.get_mut(..size)
        });
        found.ok_or_else(|| nowhere("byte", offset))
    }

    /// Adds to a 64-bit field, modulo 2^64.
    pub(crate) fn add(&mut self, offset: u32, value: u64) -> Result<(), LinkError> {
        if let Some(field) = self.bytes(offset, 8)?.first_chunk_mut() {
            *field = u64::from_le_bytes(*field).wrapping_add(value).to_le_bytes();
        }
        Ok(())
    }
}
