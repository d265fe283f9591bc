//! An image that was made at build time (spec, image.md): reading it, and filling in what only the process that loads it knows. Pure.

use pixie_format::Arch;

use crate::error::LinkError;
use crate::image::{Address, PageSize, Protection};
use crate::layout::{Frame, PlacedCode, SegmentLayout};
use crate::object::{MAX_ALIGN, MAX_IMAGE};
use crate::relocate::aarch64;
use crate::resolve::Resolver;

/// The version of the form that is written, the first word.
pub(crate) const VERSION: u32 = 1;
/// Bytes of the header: 17 words (spec, image.md).
pub(crate) const HEADER: usize = 68;
/// What an import has instead of a stub's offset if none of its calls may go straight.
pub(crate) const NO_STUB: u32 = u32::MAX;

/// The first bytes of an image, which say where everything is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// The unit of its protections, bytes.
    pub page: u32,
    /// What the base must be a multiple of, bytes; a page or more.
    pub align: u32,
    /// Bytes of code.
    pub text: u32,
    /// Bytes of constants, on the page behind the code.
    pub constants: u32,
    /// Bytes of data, on the page behind the constants.
    pub data: u32,
    /// Bytes of zeroes behind the data.
    pub zeroes: u32,
    /// The unwind tables: bytes from the base, and size.
    pub unwind: (u32, u32),
    /// How many visible symbols there are.
    pub symbols: u32,
    /// How many outside symbols.
    pub imports: u32,
    /// How many variables of the runtime's.
    pub variables: u32,
    /// How many addresses of the image itself.
    pub relative: u32,
    /// How many addresses of outside symbols.
    pub bindings: u32,
    /// How many calls of outside functions that may go straight.
    pub calls: u32,
    /// How many unwind codes.
    pub codes: u32,
    /// Bytes of all names.
    pub names: u32,
}

fn malformed(what: impl Into<String>) -> LinkError {
    LinkError::Malformed { place: "image".to_owned(), what: what.into() }
}

impl Header {
    /// Reads the header of an image of `size` bytes and checks that all of it adds up; `None` for a version that this reader does not
    /// know.
    pub fn parse(bytes: &[u8], size: u64) -> Result<Option<Header>, LinkError> {
        let Some(first) = bytes.first_chunk::<HEADER>() else {
            return Err(malformed(format!("expected {HEADER} bytes of header, found {}", bytes.len())));
        };
        let mut at = 0;
        let mut next = || {
            at += 4;
            word(first, at - 4)
        };
        if next() != VERSION {
            return Ok(None);
        }
        let header = Header {
            page: next(),
            align: next(),
            text: next(),
            constants: next(),
            data: next(),
            zeroes: next(),
            unwind: (next(), next()),
            symbols: next(),
            imports: next(),
            variables: next(),
            relative: next(),
            bindings: next(),
            calls: next(),
            codes: next(),
            names: next(),
        };
        header.check(size)?;
        Ok(Some(header))
    }

    /// The header's bytes.
    pub fn to_bytes(&self) -> [u8; HEADER] {
        let words = [
            VERSION,
            self.page,
            self.align,
            self.text,
            self.constants,
            self.data,
            self.zeroes,
            self.unwind.0,
            self.unwind.1,
            self.symbols,
            self.imports,
            self.variables,
            self.relative,
            self.bindings,
            self.calls,
            self.codes,
            self.names,
        ];
        let mut bytes = [0; HEADER];
        for (to, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *to = word.to_le_bytes();
        }
        bytes
    }

    fn check(&self, size: u64) -> Result<(), LinkError> {
        if PageSize::new(self.page.into()).is_none() {
            return Err(malformed(format!("expected a page of 4, 16 or 64 KiB, found {}", self.page)));
        }
        let align = u64::from(self.align);
        if !align.is_power_of_two() || align < self.page.into() || align > MAX_ALIGN {
            return Err(malformed(format!(
                "expected an alignment that is a power of two from {} to {MAX_ALIGN}, found {align}",
                self.page
            )));
        }
        let frame = self.frame();
        if frame.size > MAX_IMAGE + u64::from(self.page) {
            return Err(LinkError::TooLarge {
                what: "the image".to_owned(),
                size: frame.size,
                limit: MAX_IMAGE,
            });
        }
        let expected =
            self.contents() + u64::from(self.text) + u64::from(self.constants) + u64::from(self.data);
        if expected != size {
            return Err(malformed(format!("its parts take {expected} bytes, it has {size}")));
        }
        let (start, length) = (u64::from(self.unwind.0), u64::from(self.unwind.1));
        let constants = self.constants_start();
        // Behind the tables stands a word of zero, which unwinders look for.
        let inside =
            start >= constants && start + length + 4 <= constants.saturating_add(self.constants.into());
        if length > 0 && !inside {
            return Err(malformed(format!(
                "unwind tables of {length} bytes at {start:#x} are not among the constants"
            )));
        }
        Ok(())
    }

    fn constants_start(&self) -> u64 {
        u64::from(self.text).next_multiple_of(self.page.max(1).into())
    }

    /// Where the bytes of code begin in the blob; constants and data follow.
    pub fn contents(&self) -> u64 {
        let rows = [
            (self.symbols, 8_u64),
            (self.imports, 8),
            (self.variables, 12),
            (self.relative, 4),
            (self.bindings, 8),
            (self.calls, 8),
            (self.codes, 12),
            (self.names, 1),
        ];
        rows.into_iter().map(|(count, size)| u64::from(count) * size).sum::<u64>() + HEADER as u64
    }

    /// The memory that it needs.
    pub fn frame(&self) -> Frame {
        let page = u64::from(self.page.max(1));
        let mut segments = Vec::with_capacity(3);
        let mut at: u64 = 0;
        for (filled, zeroes, protection) in [
            (self.text, 0, Protection::ReadExecute),
            (self.constants, 0, Protection::Read),
            (self.data, self.zeroes, Protection::ReadWrite),
        ] {
            let (filled, size) = (u64::from(filled), u64::from(filled) + u64::from(zeroes));
            if size > 0 {
                segments.push(SegmentLayout { offset: at, size, filled, protection });
            }
            at = (at + size).next_multiple_of(page);
        }
        let (start, length) = self.unwind;
        let unwind = (length > 0).then_some((start.into(), length.into()));
        Frame { segments, size: at, align: self.align.into(), unwind }
    }
}

/// What stands between the header and the code: numbers are little-endian words, offsets count from the base.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'b> {
    header: Header,
    symbols: Named<'b, 8>,
    imports: Named<'b, 8>,
    variables: Named<'b, 12>,
    relative: &'b [[u8; 4]],
    bindings: &'b [[u8; 8]],
    calls: &'b [[u8; 8]],
    codes: &'b [[u8; 12]],
}

/// Rows that begin with where in the names their own ends.
#[derive(Clone, Copy, Debug)]
struct Named<'b, const N: usize> {
    rows: &'b [[u8; N]],
    names: &'b str,
    start: usize,
}

impl<'b, const N: usize> Named<'b, N> {
    fn iter(&self) -> impl Iterator<Item = (&'b str, u32, u32)> + Clone + use<'b, N> {
        let Named { rows, names, start } = *self;
        rows.iter().scan(start, move |start, row| {
            let end = word(row, 0) as usize;
            let name = names.get(*start..end).unwrap_or_default();
            *start = end;
            Some((name, word(row, 4), word(row, 8)))
        })
    }

    /// Checks that the names follow each other, each one byte at least; where the last one ends.
    fn check(&self) -> Result<usize, LinkError> {
        let mut start = self.start;
        for row in self.rows {
            let end = word(row, 0) as usize;
            if end <= start || !self.names.is_char_boundary(end) {
                return Err(malformed(format!("a name ends at {end}, which begins at {start}")));
            }
            start = end;
        }
        Ok(start)
    }
}

/// The word at an offset of a row; 0 behind its end.
fn word(row: &[u8], at: usize) -> u32 {
    row.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

impl<'b> Tables<'b> {
    /// Reads the tables of an image that begins with `bytes`, [`Header::contents`] of them at least.
    pub fn parse(header: &Header, bytes: &'b [u8]) -> Result<Tables<'b>, LinkError> {
        let mut rest = bytes.get(HEADER..).unwrap_or_default();
        let symbols = rows(&mut rest, header.symbols)?;
        let imports = rows(&mut rest, header.imports)?;
        let variables = rows(&mut rest, header.variables)?;
        let relative = rows(&mut rest, header.relative)?;
        let bindings = rows(&mut rest, header.bindings)?;
        let calls = rows(&mut rest, header.calls)?;
        let codes = rows(&mut rest, header.codes)?;
        let names = rest.get(..header.names as usize).unwrap_or_default();
        let names = std::str::from_utf8(names).map_err(|error| malformed(format!("its names: {error}")))?;
        let symbols = Named { rows: symbols, names, start: 0 };
        let imports = Named { rows: imports, names, start: symbols.check()? };
        let variables = Named { rows: variables, names, start: imports.check()? };
        let end = variables.check()?;
        if end != header.names as usize {
            return Err(malformed(format!("the names end at {end}, expected {}", header.names)));
        }
        if !symbols.iter().is_sorted_by(|one, next| one.0 < next.0) {
            return Err(malformed("expected symbols in the order of their names, none twice"));
        }
        let size = header.frame().size;
        if let Some((name, offset, _)) = symbols.iter().find(|one| u64::from(one.1) > size) {
            return Err(malformed(format!("`{name}` is at {offset:#x}, the image ends at {size:#x}")));
        }
        Ok(Tables { header: *header, symbols, imports, variables, relative, bindings, calls, codes })
    }

    /// The visible symbols with their offsets, ascending by name.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = (&'b str, u32)> + Clone + use<'b> {
        self.symbols.iter().map(|(name, offset, _)| (name, offset))
    }

    /// How to unwind out of functions, ascending.
    pub(crate) fn codes(&self) -> Vec<PlacedCode> {
        let row = |row: &[u8; 12]| PlacedCode { start: word(row, 0), size: word(row, 4), code: word(row, 8) };
        self.codes.iter().map(row).collect()
    }

    /// Fills in what depends on the base and on outside symbols. `segments` are the bytes of the frame's segments, as in the blob;
    /// `variable` gives the bytes of the runtime's own variables.
    pub fn fill(
        &self,
        arch: Arch,
        base: Address,
        resolver: &Resolver<'_>,
        variable: &dyn Fn(&str) -> Option<&'static [u8]>,
        segments: &mut [&mut [u8]],
    ) -> Result<(), LinkError> {
        let frame = self.header.frame();
        if !base.0.is_multiple_of(frame.align) || base.0.checked_add(frame.size).is_none() {
            let what = format!("expected a multiple of {} with {} bytes of room", frame.align, frame.size);
            return Err(LinkError::Malformed { place: format!("base {base}"), what });
        }
        let mut places = Places { frame: &frame, segments };
        for row in self.relative {
            let field = places.field::<8>(u32::from_le_bytes(*row))?;
            *field = u64::from_le_bytes(*field).wrapping_add(base.0).to_le_bytes();
        }
        let outside = self.outside(base, resolver)?;
        for row in self.bindings {
            let import = find(&outside, word(row, 4))?;
            let field = places.field::<8>(word(row, 0))?;
            *field = u64::from_le_bytes(*field).wrapping_add(import.address).to_le_bytes();
        }
        // Code comes first. There are thousands of calls, which one look-up serves.
        let text = places.bytes(0, self.header.text as usize)?;
        for row in self.calls {
            let (offset, import) = (word(row, 0), find(&outside, word(row, 4))?);
            let field = text.get_mut(offset as usize..).and_then(<[u8]>::first_chunk_mut);
            let (Some(field), Some(from_stub)) = (field, import.from_stub) else {
                return Err(malformed(format!("a call at {offset:#x} is outside the code or has no stub")));
            };
            straighten(arch, field, from_stub);
        }
        for (name, offset, size) in self.variables.iter() {
            let bytes =
                variable(name).filter(|bytes| bytes.len() == size as usize).ok_or_else(|| undefined(name))?;
            places.bytes(offset, size as usize)?.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn outside(&self, base: Address, resolver: &Resolver<'_>) -> Result<Vec<Outside>, LinkError> {
        let mut outside = Vec::with_capacity(self.imports.rows.len());
        for (name, stub, _) in self.imports.iter() {
            let found = resolver(name).ok_or_else(|| undefined(name))?;
            let address = found.address.0;
            let stub = (stub != NO_STUB).then(|| base.0.wrapping_add(stub.into()));
            let from_stub = stub.map(|stub| address.wrapping_sub(stub).cast_signed());
            outside.push(Outside { address, from_stub });
        }
        Ok(outside)
    }
}

fn undefined(symbol: &str) -> LinkError {
    LinkError::Undefined { symbol: symbol.to_owned(), place: "its image".to_owned(), hint: String::new() }
}

/// An outside symbol as this process has it.
struct Outside {
    address: u64,
    /// How far it is from its stub, bytes.
    from_stub: Option<i64>,
}

fn find(outside: &[Outside], index: u32) -> Result<&Outside, LinkError> {
    outside
        .get(index as usize)
        .ok_or_else(|| malformed(format!("refers to import {index}, of which there are {}", outside.len())))
}

/// So many rows from the start of `rest`, which is what follows then.
fn rows<'b, const N: usize>(rest: &mut &'b [u8], count: u32) -> Result<&'b [[u8; N]], LinkError> {
    let size = (count as usize).saturating_mul(N);
    let (rows, after) = rest.split_at_checked(size).ok_or_else(|| malformed("its tables are cut off"))?;
    *rest = after;
    Ok(rows.as_chunks().0)
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
struct Places<'s, 'b> {
    frame: &'s Frame,
    segments: &'s mut [&'b mut [u8]],
}

impl Places<'_, '_> {
    fn bytes(&mut self, offset: u32, size: usize) -> Result<&mut [u8], LinkError> {
        let at = u64::from(offset);
        // There are three of them at most, and nearly everything is in the first.
        let mut places = self.frame.segments.iter().zip(self.segments.iter_mut());
        let found = places.rfind(|(segment, _)| segment.offset <= at).and_then(|(segment, bytes)| {
            let start = usize::try_from(at - segment.offset).ok()?;
            bytes.get_mut(start..)?.get_mut(..size)
        });
        found.ok_or_else(|| malformed(format!("{size} bytes at {offset:#x} lie outside its segments")))
    }

    fn field<const N: usize>(&mut self, offset: u32) -> Result<&mut [u8; N], LinkError> {
        self.bytes(offset, N)?.first_chunk_mut().ok_or_else(|| malformed("a field is cut off"))
    }
}
