//! An image: an object that was linked when the module was built, for any base (spec, image.md). Reading one and checking rule M35.

use crate::error::{Error, Result};

/// The version of the form, the first word.
pub const VERSION: u32 = 1;
/// Bytes of the header: 17 words (spec §10.1).
pub const HEADER: usize = 68;
/// What an import has instead of a stub's offset if none of its calls may go straight.
pub const NO_STUB: u32 = u32::MAX;
/// The largest alignment of an image, bytes.
pub const MAX_ALIGN: u32 = 2 << 20;
/// The largest image in memory, bytes without the rest of the last page.
pub const MAX_SIZE: u64 = 1 << 30;
/// Bytes of a stub.
const STUB: u64 = 16;

/// The first bytes of an image, which say where everything is (spec §10.1, words of 32 bits, little-endian).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// The unit of its protections, bytes.
    pub page: u32,
    /// What the base must be a multiple of, bytes; a page or more.
    pub align: u32,
    /// Bytes of code, and of constants that share its pages.
    pub text: u32,
    /// Bytes of other constants, on the page behind.
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

/// Bytes of an image that have one protection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Bytes from the base.
    pub offset: u64,
    /// Bytes in the blob.
    pub filled: u64,
    /// Bytes in memory; what is not filled is zero.
    pub size: u64,
}

fn malformed(what: impl Into<String>) -> Error {
    Error::Image { what: what.into() }
}

impl Header {
    /// Reads the header of an image of `size` bytes and checks that all of it adds up; `None` for a version that this reader does not
    /// know.
    pub fn parse(bytes: &[u8], size: u64) -> Result<Option<Header>> {
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

    fn check(&self, size: u64) -> Result<()> {
        if ![4 << 10, 16 << 10, 64 << 10].contains(&self.page) {
            return Err(malformed(format!("expected a page of 4, 16 or 64 KiB, found {} bytes", self.page)));
        }
        let align = self.align;
        if !align.is_power_of_two() || align < self.page || align > MAX_ALIGN {
            let least = self.page;
            let what = format!(
                "expected an alignment that is a power of two from {least} to {MAX_ALIGN}, found {align}"
            );
            return Err(malformed(what));
        }
        if self.end() > MAX_SIZE {
            return Err(malformed(format!(
                "expected {MAX_SIZE} bytes in memory at most, found {}",
                self.end()
            )));
        }
        let expected = self.contents() + self.parts().iter().map(|part| part.filled).sum::<u64>();
        if expected != size {
            return Err(malformed(format!("its parts take {expected} bytes, it has {size}")));
        }
        match self.unwind {
            (0, 0) => Ok(()),
            (_, 1..) if self.unwind_end().is_some() => Ok(()),
            (start, length) => Err(malformed(format!(
                "unwind tables of {length} bytes at {start:#x} are not among code or constants"
            ))),
        }
    }

    /// Which part the unwind tables are in, and where in it they end.
    fn unwind_end(&self) -> Option<(usize, u64)> {
        let [text, constants, _] = self.parts();
        let (start, length) = (u64::from(self.unwind.0), u64::from(self.unwind.1));
        [text, constants].iter().enumerate().find_map(|(index, part)| {
            let end = (start.checked_sub(part.offset)?) + length;
            (end + 4 <= part.filled).then_some((index, end))
        })
    }

    /// Code, constants and data, some of which may be empty.
    pub fn parts(&self) -> [Part; 3] {
        let mut at: u64 = 0;
        [(self.text, 0), (self.constants, 0), (self.data, self.zeroes)].map(|(filled, zeroes)| {
            let offset = at.next_multiple_of(self.page.max(1).into());
            let size = u64::from(filled) + u64::from(zeroes);
            at = offset + size;
            Part { offset, filled: filled.into(), size }
        })
    }

    /// Where the last part ends, bytes from the base.
    pub fn end(&self) -> u64 {
        let [_, _, data] = self.parts();
        data.offset + data.size
    }

    /// Checks that a word of zero stands behind the unwind tables, for which unwinders look; `code` and `constants` are those of the
    /// image.
    pub fn check_unwind_end(&self, code: &[u8], constants: &[u8]) -> Result<()> {
        if self.unwind.1 == 0 {
            return Ok(());
        }
        let end = self.unwind_end().and_then(|(part, end)| {
            let bytes = [code, constants].get(part).copied()?;
            bytes.get(usize::try_from(end).ok()?..)?.first_chunk()
        });
        match end {
            Some([0, 0, 0, 0]) => Ok(()),
            _ => Err(malformed("expected four bytes of zero behind the unwind tables")),
        }
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
}

/// What stands between the header and the code (spec §10.2): numbers are words, offsets count from the base.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'b> {
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
    fn check(&self) -> Result<usize> {
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

/// The two words of a row.
fn pair(row: &[u8; 8]) -> (u32, u32) {
    (word(row, 0), word(row, 4))
}

/// So many rows from the start of `rest`, which is what follows then.
fn rows<'b, const N: usize>(rest: &mut &'b [u8], count: u32) -> Result<&'b [[u8; N]]> {
    let size = (count as usize).saturating_mul(N);
    let (rows, after) = rest.split_at_checked(size).ok_or_else(|| malformed("its tables are cut off"))?;
    *rest = after;
    Ok(rows.as_chunks().0)
}

impl<'b> Tables<'b> {
    /// Reads the tables of an image that begins with `bytes`, [`Header::contents`] of them at least, and checks all that they say
    /// against the header.
    pub fn parse(header: &Header, bytes: &'b [u8]) -> Result<Tables<'b>> {
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
        let tables = Tables { symbols, imports, variables, relative, bindings, calls, codes };
        tables.check(header)?;
        Ok(tables)
    }

    fn check(&self, header: &Header) -> Result<()> {
        let (end, parts) = (header.end(), header.parts());
        if !self.symbols().is_sorted_by(|one, next| one.0 < next.0) {
            return Err(malformed("expected symbols in the order of their names, none twice"));
        }
        if let Some((name, offset)) = self.symbols().find(|symbol| u64::from(symbol.1) > end) {
            return Err(malformed(format!(
                "`{}` is at {offset:#x}, the image ends at {end:#x}",
                name.escape_debug()
            )));
        }
        let text = u64::from(header.text);
        for (name, stub) in self.imports() {
            if stub.is_some_and(|stub| u64::from(stub) + STUB > text) {
                return Err(malformed(format!("the stub of `{}` is outside the code", name.escape_debug())));
            }
        }
        let filled = |offset: u32, size: u32| {
            let (start, end) = (u64::from(offset), u64::from(offset) + u64::from(size));
            parts.iter().any(|part| start >= part.offset && end <= part.offset + part.filled)
        };
        let outside =
            |what: &str, offset: u32| malformed(format!("{what} at {offset:#x} is outside what is filled"));
        if let Some((_, offset, _)) = self.variables().find(|one| !filled(one.1, one.2)) {
            return Err(outside("a variable", offset));
        }
        if let Some(offset) = self.relative().find(|offset| !filled(*offset, 8)) {
            return Err(outside("an address", offset));
        }
        if let Some((offset, _)) = self.bindings().find(|one| !filled(one.0, 8) || one.1 >= header.imports) {
            return Err(malformed(format!(
                "the address at {offset:#x} is outside what is filled, or of no import"
            )));
        }
        for (offset, import) in self.calls() {
            let has_stub = self.imports.rows.get(import as usize).is_some_and(|row| word(row, 4) != NO_STUB);
            if u64::from(offset) + 4 > text || !has_stub {
                return Err(malformed(format!("the call at {offset:#x} is outside the code or has no stub")));
            }
        }
        let ascends = self.relative().is_sorted_by(|one, next| one < next)
            && self.bindings().is_sorted_by(|one, next| one.0 < next.0)
            && self.calls().is_sorted_by(|one, next| one.0 < next.0)
            && self.codes().is_sorted();
        match ascends {
            true => Ok(()),
            false => Err(malformed("expected the rows of its tables in ascending order")),
        }
    }

    /// The visible symbols with their offsets, ascending by name.
    pub fn symbols(&self) -> impl Iterator<Item = (&'b str, u32)> + Clone + use<'b> {
        self.symbols.iter().map(|(name, offset, _)| (name, offset))
    }

    /// The outside symbols with the offset of their stub.
    pub fn imports(&self) -> impl Iterator<Item = (&'b str, Option<u32>)> + use<'b> {
        self.imports.iter().map(|(name, stub, _)| (name, (stub != NO_STUB).then_some(stub)))
    }

    /// The variables of the runtime's: name, offset and size.
    pub fn variables(&self) -> impl Iterator<Item = (&'b str, u32, u32)> + use<'b> {
        self.variables.iter()
    }

    /// Offsets of the 64-bit fields that hold an offset of the image, to which the base is added.
    pub fn relative(&self) -> impl Iterator<Item = u32> + use<'b> {
        self.relative.iter().map(|row| u32::from_le_bytes(*row))
    }

    /// Offsets of the 64-bit fields to which the address of an outside symbol is added, and its index among the imports.
    pub fn bindings(&self) -> impl Iterator<Item = (u32, u32)> + use<'b> {
        self.bindings.iter().map(pair)
    }

    /// Offsets of the calls that go to the stub of an import and may go straight, and its index.
    pub fn calls(&self) -> impl Iterator<Item = (u32, u32)> + use<'b> {
        self.calls.iter().map(pair)
    }

    /// How to unwind out of functions, ascending: offset and size of the function, and the platform's number for its frame.
    pub fn codes(&self) -> impl Iterator<Item = (u32, u32, u32)> + use<'b> {
        self.codes.iter().map(|row| (word(row, 0), word(row, 4), word(row, 8)))
    }
}

/// Rule M35: checks an image whole. One of a later version is not looked into.
pub fn check(bytes: &[u8]) -> Result<()> {
    match Header::parse(bytes, bytes.len() as u64)? {
        Some(header) => {
            Tables::parse(&header, bytes)?;
            let parts = bytes.get(header.contents() as usize..).unwrap_or_default();
            let (code, rest) = parts.split_at(parts.len().min(header.text as usize));
            header.check_unwind_end(code, rest)
        }
        None => Ok(()),
    }
}
