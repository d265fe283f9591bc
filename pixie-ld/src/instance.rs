//! From a blob to functions that can be called, on either road: an object is parsed, laid out, linked and mapped; an image is read to
//! where it will run and filled in.

use std::io::IoSliceMut;

use pixie_format::Hash;
use pixie_format::image::{Header, Tables};
use pixie_format::manifest::{ManifestView, Text};

use crate::bind::{LoadedExport, SymbolMap, bind, visible};
use crate::debug::{self, Placed};
use crate::error::{Error, LinkError, Result};
use crate::host::Host;
use crate::image::Protection;
use crate::layout::{Frame, PlacedCode};
use crate::map::{Mapping, Reservation};
use crate::options::LoadOptions;
use crate::source::Blob;
use crate::{layout, parse, prelinked, protect, relocate, symbols, sys};

/// How much of an image is read first, bytes: all of one with a dozen of functions, which is copied sooner than read in two parts;
/// the tables of larger ones.
const FIRST_READ: u64 = 16 << 10;

/// A variant in memory.
pub(crate) struct Instance {
    pub exports: Vec<LoadedExport>,
    pub symbols: SymbolMap,
    pub mapping: Mapping,
    pub warnings: Vec<String>,
}

/// Why an image could not be taken.
pub(crate) enum Failed {
    /// Its bytes are not those that the manifest says, or break a rule of images.
    Damaged(Option<pixie_format::Error>),
    /// Something else.
    Error(Box<Error>),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed::Error(Box::new(error))
    }
}

/// What is the same for every variant of a module that is loaded.
pub(crate) struct Placing<'p, 'm> {
    /// Names the variant in errors.
    pub what: &'p dyn Fn() -> String,
    pub manifest: &'p ManifestView<'m>,
    /// The manifest's bytes.
    pub bytes: &'p [u8],
    pub host: &'p Host,
    pub isa: Text<'m>,
    pub options: &'p LoadOptions,
}

impl Placing<'_, '_> {
    /// Links an object into memory.
    pub(crate) fn object(&self, bytes: &[u8]) -> Result<Instance> {
        let link_error = |source| self.link_error(source);
        let mut object = parse::parse(self.host.platform, bytes).map_err(link_error)?;
        symbols::provide(&mut object, self.host.platform, symbols::provided);
        let layout = layout::layout(&object, sys::page_size()).map_err(link_error)?;
        let frame = &layout.frame;
        let mut reservation = self.reserve(frame)?;
        let base = reservation.base();
        let resolver = symbols::resolver(&self.manifest.imports, self.host);
        relocate::link_into(&object, &layout, base, &resolver, &mut reservation.segments(frame))
            .map_err(|error| self.undefined(error))?;
        let symbols = SymbolMap::new(base, visible(&object, &layout).into_iter());
        let mut instance = self.finish(reservation, frame, symbols, &layout.unwind_codes(&object))?;
        let module = self.manifest.name.as_str();
        let isa = self.isa.as_str();
        let placed = Placed { module, isa, file: bytes, object: &object, layout: &layout, base };
        instance.warnings = debug::announce(&placed, self.options);
        Ok(instance)
    }

    /// Reads an image to where it will run and fills it in; `None` if it is one that this loader cannot take.
    pub(crate) fn image(&self, blob: &Blob<'_>, hash: Option<Hash>) -> Result<Option<Instance>, Failed> {
        // Until the hash is checked, what is wrong is a damaged file rather than a faulty image.
        let damaged = |error| Failed::Damaged(Some(error));
        let mut start = blob.start(if sys::READS_IN_PLACE { FIRST_READ } else { u64::MAX })?;
        let page = sys::page_size().bytes();
        let header = Header::parse(&start, blob.extent.size).map_err(damaged)?;
        let Some(header) = header.filter(|header| u64::from(header.page).is_multiple_of(page)) else {
            // Of a later version, or for smaller pages, unless it is damaged.
            let is_whole = hash == Some(Hash::of(&blob.whole()?));
            return if is_whole { Ok(None) } else { Err(Failed::Damaged(None)) };
        };
        let contents = header.contents();
        if contents > start.len() as u64 {
            start = blob.start(contents)?;
        }
        let (head, mut rest) = start.split_at_checked(contents as usize).ok_or(Failed::Damaged(None))?;
        let frame = prelinked::frame(&header);
        let mut reservation = self.reserve(&frame)?;
        let base = reservation.base();
        reservation.populate(&frame);
        let mut segments = reservation.segments(&frame);
        let mut places = Vec::with_capacity(segments.len());
        for segment in &mut segments {
            let (there, after) = rest.split_at(rest.len().min(segment.len()));
            segment[..there.len()].copy_from_slice(there);
            rest = after;
            places.push(IoSliceMut::new(&mut segment[there.len()..]));
        }
        let found = match start.len() as u64 == blob.extent.size {
            // Short pieces are hashed slowly.
            true => Hash::of(&start),
            false => {
                blob.read_into(start.len() as u64, &mut places)?;
                Hash::of_parts([head].into_iter().chain(segments.iter().map(|segment| &**segment)))
            }
        };
        if hash != Some(found) {
            return Err(Failed::Damaged(None));
        }
        let tables = Tables::parse(&header, head).map_err(damaged)?;
        let resolver = symbols::resolver(&self.manifest.imports, self.host);
        let arch = self.host.platform.arch();
        prelinked::fill(arch, &frame, &tables, base, &resolver, &symbols::provided, &mut segments)
            .map_err(|error| self.undefined(error))?;
        // No fault of a module may make an unwinder run on.
        let part = |protection| {
            let mut parts = frame.segments.iter().zip(&segments);
            parts.find(|(segment, _)| segment.protection == protection).map_or(&[][..], |(_, bytes)| bytes)
        };
        let (code, constants) = (part(Protection::ReadExecute), part(Protection::Read));
        header.check_unwind_end(code, constants).map_err(damaged)?;
        let symbols = SymbolMap::new(base, tables.symbols());
        let codes = tables.codes().map(|(start, size, code)| PlacedCode { start, size, code });
        let codes: Vec<PlacedCode> = codes.collect();
        Ok(Some(self.finish(reservation, &frame, symbols, &codes)?))
    }

    fn link_error(&self, source: LinkError) -> Error {
        Error::Link { object: (self.what)(), source: Box::new(source) }
    }

    fn undefined(&self, error: LinkError) -> Error {
        self.link_error(symbols::explain(error, &self.manifest.imports, self.host.platform))
    }

    fn reserve(&self, frame: &Frame) -> Result<Reservation> {
        Reservation::new(frame).map_err(|source| {
            let hint = "the process or the machine is short of memory";
            self.memory_error(frame, "reserve memory", source, hint)
        })
    }

    fn memory_error(
        &self,
        frame: &Frame,
        what: &'static str,
        source: std::io::Error,
        hint: &'static str,
    ) -> Error {
        Error::Memory { object: (self.what)(), what, size: frame.size, source, hint }
    }

    /// What is the same on both roads: protect, bind, register.
    fn finish(
        &self,
        mut reservation: Reservation,
        frame: &Frame,
        symbols: SymbolMap,
        codes: &[PlacedCode],
    ) -> Result<Instance> {
        let base = reservation.base();
        protect::protect(&mut reservation, frame, self.options.memory, self.manifest.name.as_str()).map_err(
            |source| self.memory_error(frame, "make the code executable", source, sys::EXECUTABLE_HINT),
        )?;
        let mapping = Mapping::of(frame, base);
        sys::flush_code(mapping.code());
        let is_native = self.host.is_native();
        let exports =
            bind(self.what, &self.manifest.exports, self.bytes, &symbols, mapping.code(), is_native)?;
        reservation.leak();
        // The system's unwinder knows its own tables alone.
        if is_native {
            mapping.register_unwind(codes);
        }
        Ok(Instance { exports, symbols, mapping, warnings: Vec::new() })
    }
}
