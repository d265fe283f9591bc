//! Linking ahead of time: from an object to an image that needs nothing but a base and the addresses of outside symbols.
//!
//! The object is linked at 0, with outside functions so far away that every call takes its stub. What is left to do is then told by
//! the kinds of its relocations, and checked: filled in at other addresses, the image must equal the object linked there.

mod class;

use std::collections::{BTreeMap, BTreeSet};

use pixie_format::Platform;
use pixie_format::image::{Header, NO_STUB, Tables};
use pixie_format::runtime_symbols::{self, SymbolKind};

use crate::bind::visible;
use crate::error::{Error, LinkError, Result};
use crate::image::Protection::{Read, ReadExecute, ReadWrite};
use crate::image::{Address, PageSize};
use crate::islands::callee;
use crate::layout::{Layout, layout};
use crate::object::{Binding, Object, Place, SectionKind, Symbol, SymbolId};
use crate::prelinked::{Places, fill, frame};
use crate::relocate::{link, link_into};
use crate::resolve::{GOT_SYMBOL, Resolved, ResolvedKind};
use crate::{parse, symbols};
use class::{Class, SUBTRACT, is_plain};

/// Where outside functions seem to be: out of reach of everything, below what 64-bit sums could wrap around.
const FAR: u64 = 1 << 61;

/// The unit of protection that an image of `platform` is laid out for: the largest page that its systems have.
pub const fn page_size(platform: Platform) -> PageSize {
    match platform {
        Platform::Linux64 | Platform::Win64 => PageSize::K4,
        Platform::OsxArm64 => PageSize::K16,
        Platform::LinuxAarch64 => PageSize::K64,
    }
}

/// What comes of linking an object ahead of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Prelinked {
    /// The image, in the form of the spec's image.md.
    Image(Vec<u8>),
    /// The object has something that an image cannot say: weak symbols that may be missing, 32 bits of an address, fields that
    /// overlap, names that are empty or not unique.
    Impossible,
    /// The image would not be the object: a fault of this module, for the fuzzer to find. The object is loaded instead.
    Wrong,
}

impl Prelinked {
    /// The image, if there is one.
    pub fn image(self) -> Option<Vec<u8>> {
        match self {
            Prelinked::Image(image) => Some(image),
            Prelinked::Impossible | Prelinked::Wrong => None,
        }
    }
}

/// Links an object that passed its checks ahead of time. `origin` names it in errors.
pub fn prelink(platform: Platform, bytes: &[u8], origin: &str) -> Result<Prelinked> {
    let failed = |source| Error::Link { object: origin.to_owned(), source: Box::new(source) };
    let mut object = parse::parse(platform, bytes).map_err(failed)?;
    // Which bytes these variables get is known where the image is loaded.
    let own = object.sections.len();
    symbols::provide(&mut object, platform, zeroes);
    let is_weak =
        |symbol: &Symbol<'_>| is_outside(symbol.place, symbol.name) && symbol.binding == Binding::Weak;
    if object.symbols.iter().any(is_weak) || object.sections.iter().any(|section| !is_plain(section)) {
        return Ok(Prelinked::Impossible);
    }
    let layout = layout(&object, page_size(platform)).map_err(failed)?;
    let prelinker = Prelinker::new(platform, &object, &layout, own);
    let symbols = &prelinker.symbols;
    if symbols.iter().any(|one| one.0.is_empty()) || !symbols.is_sorted_by(|one, next| one.0 < next.0) {
        return Ok(Prelinked::Impossible);
    }
    let Some((image, rest)) = prelinker.image().map_err(failed)? else { return Ok(Prelinked::Impossible) };
    match prelinker.check(&image, rest.may_go_straight).map_err(failed)? {
        true => Ok(Prelinked::Image(image)),
        false => Ok(Prelinked::Wrong),
    }
}

fn zeroes(name: &str) -> Option<&'static [u8]> {
    const ZEROES: &[u8] = &[0; 16];
    symbols::provided(name).and_then(|bytes| ZEROES.get(..bytes.len()))
}

fn is_outside(place: Place, name: &str) -> bool {
    place == Place::Undefined && !name.is_empty() && name != GOT_SYMBOL
}

/// What the address of a symbol depends on.
enum Depends {
    /// On the base.
    Base,
    /// On the outside symbol with this index among the imports.
    Outside(u32),
    Nothing,
}

struct Prelinker<'l> {
    object: &'l Object<'l>,
    layout: &'l Layout,
    platform: Platform,
    /// The visible symbols with their offsets, by name.
    symbols: Vec<(&'l str, u32)>,
    /// The outside symbols, in the order of the object, each once.
    imports: Vec<&'l str>,
    indices: BTreeMap<&'l str, u32>,
    /// The stub of each import, if it has just one.
    stubs: Vec<Option<u32>>,
    /// How many of the sections are the object's own; behind them are the runtime's variables.
    own: usize,
}

impl<'l> Prelinker<'l> {
    fn new(platform: Platform, object: &'l Object<'l>, layout: &'l Layout, own: usize) -> Prelinker<'l> {
        let (mut imports, mut indices) = (Vec::new(), BTreeMap::new());
        for symbol in object.symbols.iter().filter(|symbol| is_outside(symbol.place, symbol.name)) {
            if !is_absolute(platform, symbol.name) && !indices.contains_key(symbol.name) {
                indices.insert(symbol.name, imports.len() as u32);
                imports.push(symbol.name);
            }
        }
        let symbols = visible(object, layout);
        let mut prelinker =
            Prelinker { object, layout, platform, symbols, imports, indices, stubs: Vec::new(), own };
        let mut stubs = vec![Vec::new(); prelinker.imports.len()];
        for stub in layout.stubs.iter().filter(|stub| stub.callee.1 == 0) {
            if let Depends::Outside(import) = prelinker.depends(stub.callee.0) {
                stubs[import as usize].push(stub.offset as u32);
            }
        }
        prelinker.stubs =
            stubs.into_iter().map(|stubs| stubs.first().copied().filter(|_| stubs.len() == 1)).collect();
        prelinker
    }

    fn depends(&self, SymbolId(index): SymbolId) -> Depends {
        let Some(symbol) = self.object.symbols.get(index as usize) else { return Depends::Nothing };
        match symbol.place {
            Place::Section(..) | Place::Common(..) => Depends::Base,
            Place::Absolute(_) | Place::Discarded => Depends::Nothing,
            Place::Undefined if symbol.name == GOT_SYMBOL => Depends::Base,
            Place::Undefined => match self.indices.get(symbol.name) {
                Some(import) => Depends::Outside(*import),
                None => Depends::Nothing,
            },
        }
    }

    fn image(&self) -> Result<Option<(Vec<u8>, Rest)>, LinkError> {
        let Some(mut rest) = self.rest() else { return Ok(None) };
        let frame = &self.layout.frame;
        let mut segments: Vec<Vec<u8>> =
            frame.segments.iter().map(|segment| vec![0; segment.filled as usize]).collect();
        let resolver = |name: &str| Some(far(self.platform, name));
        let mut places: Vec<&mut [u8]> = segments.iter_mut().map(Vec::as_mut_slice).collect();
        link_into(self.object, self.layout, Address(0), &resolver, &mut places)?;
        // What is added to an outside address is all that its field holds.
        rest.sort();
        let mut places = Places { frame, segments: &mut places };
        for (offset, _) in &rest.bindings {
            places.add(*offset, FAR.wrapping_neg())?;
        }
        Ok(Some((self.write(&segments, &rest), rest)))
    }

    /// What only the loading process knows; `None` if there is something that an image cannot say.
    fn rest(&self) -> Option<Rest> {
        let mut rest = Rest { may_go_straight: true, ..Rest::default() };
        let sections = self.object.sections.iter().zip(&self.layout.sections);
        for (section, start) in sections.filter(|(section, _)| !section.data.is_empty()) {
            let subtracted: BTreeSet<u64> =
                section.relocations.iter().filter(|one| one.kind == SUBTRACT).map(|one| one.offset).collect();
            for relocation in &section.relocations {
                let offset = u32::try_from(start + relocation.offset).ok()?;
                let depends = self.depends(relocation.symbol);
                match (Class::of(relocation.kind), depends) {
                    // From an address of the image another one is taken.
                    (Class::Address, depends) if subtracted.contains(&relocation.offset) => match depends {
                        Depends::Base => {}
                        Depends::Outside(_) | Depends::Nothing => return None,
                    },
                    (Class::Address, Depends::Base) | (Class::TableAddress, _) => rest.relative.push(offset),
                    (Class::Address, Depends::Outside(import)) => rest.bindings.push((offset, import)),
                    (Class::Call, Depends::Outside(import)) => {
                        let has_stub = callee(relocation).is_some_and(|callee| callee.1 == 0)
                            && self.stubs[import as usize].is_some();
                        match has_stub && section.kind == SectionKind::Text {
                            true => rest.calls.push((offset, import)),
                            false => rest.may_go_straight = false,
                        }
                    }
                    (Class::ByTable, Depends::Outside(_)) => rest.may_go_straight = false,
                    (Class::Half, Depends::Base | Depends::Outside(_)) => return None,
                    (Class::Distance | Class::Call | Class::ByTable, Depends::Nothing) => return None,
                    (Class::Distance, Depends::Outside(_)) => return None,
                    (Class::Address | Class::Half, Depends::Nothing) | (Class::Table, _) => {}
                    (Class::Distance | Class::Call | Class::ByTable, Depends::Base) => {}
                }
            }
        }
        let entries = self.layout.got.iter().enumerate();
        let entries = entries.filter_map(|(index, entry)| Some((SymbolId(index as u32), (*entry)?)));
        let stubs = self.layout.stubs.iter().map(|stub| (stub.callee.0, stub.offset + STUB_ADDRESS));
        for (symbol, offset) in entries.chain(stubs) {
            let offset = u32::try_from(offset).ok()?;
            match self.depends(symbol) {
                Depends::Base => rest.relative.push(offset),
                Depends::Outside(import) => rest.bindings.push((offset, import)),
                Depends::Nothing => {}
            }
        }
        Some(rest)
    }

    /// Whether the image, filled in at other addresses, is the object linked there; `near` also where calls go straight.
    fn check(&self, image: &[u8], near: bool) -> Result<bool, LinkError> {
        let arch = self.platform.arch();
        let Ok(Some(header)) = Header::parse(image, image.len() as u64) else { return Ok(false) };
        let Ok(tables) = Tables::parse(&header, image) else { return Ok(false) };
        let frame = frame(&header);
        if frame != self.layout.frame {
            return Ok(false);
        }
        let high = 0x5555_0000_0000_u64.next_multiple_of(self.layout.frame.align);
        for (base, first) in
            [(high, 0x7fff_0000_1230), (high * 2, high * 2 + self.layout.frame.size + 0x1000)]
        {
            if first - base < high && !near {
                continue;
            }
            let resolver = |name: &str| {
                let far = far(self.platform, name);
                let index = u64::from(self.indices.get(name).copied().unwrap_or_default());
                let address = if far.kind == ResolvedKind::Absolute { 0 } else { first + 16 * index };
                Some(Resolved { address: Address(address), ..far })
            };
            let linked = link(self.object, self.layout, Address(base), &resolver)?;
            let mut rest = image.get(header.contents() as usize..).unwrap_or_default();
            let mut filled = Vec::new();
            for segment in &linked.segments {
                let (bytes, after) = rest.split_at(segment.bytes.len());
                filled.push(bytes.to_vec());
                rest = after;
            }
            let mut places: Vec<&mut [u8]> = filled.iter_mut().map(Vec::as_mut_slice).collect();
            fill(arch, &frame, &tables, Address(base), &resolver, &zeroes, &mut places)?;
            if linked.segments.iter().zip(&filled).any(|(segment, filled)| segment.bytes != *filled) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn write(&self, segments: &[Vec<u8>], rest: &Rest) -> Vec<u8> {
        let frame = &self.layout.frame;
        let symbols = &self.symbols;
        let sections = self.object.sections.iter().zip(&self.layout.sections).skip(self.own);
        let variables = sections.map(|(section, start)| (section.name, *start as u32, section.size as u32));
        let variables: Vec<(&str, u32, u32)> = variables.collect();
        let codes = self.layout.unwind_codes(self.object);
        let filled = |protection| {
            let found = frame.segments.iter().find(|segment| segment.protection == protection);
            found.map_or((0, 0), |segment| (segment.filled as u32, (segment.size - segment.filled) as u32))
        };
        let names = symbols.iter().map(|one| one.0).chain(self.imports.iter().copied());
        let names: Vec<&str> = names.chain(variables.iter().map(|one| one.0)).collect();
        let header = Header {
            page: page_size(self.platform).bytes() as u32,
            align: frame.align as u32,
            text: filled(ReadExecute).0,
            constants: filled(Read).0,
            data: filled(ReadWrite).0,
            zeroes: filled(ReadWrite).1,
            unwind: frame.unwind.map_or((0, 0), |(start, size)| (start as u32, size as u32)),
            symbols: symbols.len() as u32,
            imports: self.imports.len() as u32,
            variables: variables.len() as u32,
            relative: rest.relative.len() as u32,
            bindings: rest.bindings.len() as u32,
            calls: rest.calls.len() as u32,
            codes: codes.len() as u32,
            names: names.iter().map(|name| name.len()).sum::<usize>() as u32,
        };
        let mut bytes = header.to_bytes().to_vec();
        let mut ends = names.iter().scan(0, |end, name| {
            *end += name.len() as u32;
            Some(*end)
        });
        let mut row = |words: &[u32]| words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        for (_, offset) in symbols {
            row(&[ends.next().unwrap_or_default(), *offset]);
        }
        for import in (0..).take(self.imports.len()) {
            row(&[ends.next().unwrap_or_default(), self.stubs[import as usize].unwrap_or(NO_STUB)]);
        }
        for (_, offset, size) in &variables {
            row(&[ends.next().unwrap_or_default(), *offset, *size]);
        }
        row(&rest.relative);
        for (offset, import) in rest.bindings.iter().chain(&rest.calls) {
            row(&[*offset, *import]);
        }
        for one in &codes {
            row(&[one.start, one.size, one.code]);
        }
        names.iter().for_each(|name| bytes.extend(name.as_bytes()));
        segments.iter().for_each(|segment| bytes.extend(segment));
        bytes
    }
}

/// Where in a stub the address is that it leads to, on both processors.
const STUB_ADDRESS: u64 = 8;

/// What is left to do, by offsets from the base.
#[derive(Default)]
struct Rest {
    relative: Vec<u32>,
    bindings: Vec<(u32, u32)>,
    calls: Vec<(u32, u32)>,
    /// Whether nothing but calls depends on how near an outside symbol is.
    may_go_straight: bool,
}

impl Rest {
    fn sort(&mut self) {
        self.relative.sort_unstable();
        self.relative.dedup();
        for pairs in [&mut self.bindings, &mut self.calls] {
            pairs.sort_unstable();
            pairs.dedup();
        }
    }
}

fn is_absolute(platform: Platform, name: &str) -> bool {
    runtime_symbols::find(name, platform).is_some_and(|known| known.kind == SymbolKind::Absolute)
}

/// An outside symbol at build time.
fn far(platform: Platform, name: &str) -> Resolved {
    match is_absolute(platform, name) {
        true => Resolved { address: Address(0), kind: ResolvedKind::Absolute },
        false => Resolved { address: Address(FAR), kind: ResolvedKind::Function },
    }
}
