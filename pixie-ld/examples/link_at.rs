//! Links an object where another linker put it, so that the bytes of the two can be compared.
//!
//! `link_at PLATFORM OBJECT` describes the object, one item a line. `link_at PLATFORM OBJECT PLAN` links it: each line of PLAN says
//! where something lies, as an offset from `base`, or at which address an outside symbol is; every number is hexadecimal. What
//! comes out are the bytes of each section and table entry.

use std::collections::HashMap;
use std::error::Error;

use pixie_format::Platform;
use pixie_ld::layout::{Frame, Layout, SegmentLayout, StubLayout};
use pixie_ld::object::{Object, Place, SectionKind, SymbolId};
use pixie_ld::relocate::RelocationKind;
use pixie_ld::{Address, Image, Protection, Resolved, ResolvedKind, Segment, link, parse};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ([platform, object] | [platform, object, _]) = words.as_slice() else {
        return Err("usage: link_at PLATFORM OBJECT [PLAN]".into());
    };
    let platform =
        Platform::ALL.into_iter().find(|known| known.name() == platform).ok_or("no such platform")?;
    let bytes = std::fs::read(object)?;
    let object = parse::parse(platform, &bytes)?;
    match words.get(2) {
        None => describe(&object),
        Some(plan) => linked(&object, &std::fs::read_to_string(plan)?)?,
    }
    Ok(())
}

fn describe(object: &Object<'_>) {
    for section in &object.sections {
        let (filled, name) = (section.data.len(), section.name);
        println!("section {:?} {:x} {:x} {filled:x} {name}", section.kind, section.align, section.size);
    }
    for symbol in &object.symbols {
        let place = match symbol.place {
            Place::Section(section, offset) => format!("section {:x} {offset:x}", section.0),
            Place::Undefined => "undefined 0 0".to_owned(),
            Place::Absolute(value) => format!("absolute 0 {value:x}"),
            Place::Common(size, align) => format!("common {align:x} {size:x}"),
            Place::Discarded => "discarded 0 0".to_owned(),
        };
        println!("symbol {place} {:?} {}", symbol.binding, symbol.name);
    }
    for (index, section) in object.sections.iter().enumerate() {
        for relocation in &section.relocations {
            let kind = match relocation.kind {
                RelocationKind::X86_64(kind) => format!("{kind:?}"),
                RelocationKind::Aarch64(kind) => format!("{kind:?}"),
            };
            let (kind, needs_got) = (kind.replace(' ', ""), u8::from(relocation.kind.needs_got()));
            let (offset, symbol, addend) = (relocation.offset, relocation.symbol.0, relocation.addend);
            println!("relocation {index:x} {offset:x} {symbol:x} {addend:x} {needs_got} {kind}");
        }
    }
}

/// Where things are, as read.
struct Plan {
    base: Address,
    layout: Layout,
    outside: HashMap<String, Address>,
}

fn plan(object: &Object<'_>, text: &str) -> Result<Plan> {
    let (sections, symbols) = (object.sections.len(), object.symbols.len());
    let (mut base, mut outside) = (Address(0), HashMap::new());
    let mut layout = Layout {
        sections: vec![0; sections],
        commons: vec![None; symbols],
        got: vec![None; symbols],
        stubs: Vec::new(),
        got_base: 0,
        frame: Frame { segments: Vec::new(), size: 0, align: 0x1000, unwind: None },
    };
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| -> Result<u64> {
            let word = words.get(at).ok_or_else(|| format!("`{line}` is too short"))?;
            Ok(u64::from_str_radix(word, 16)?)
        };
        let index = || number(1).map(|index| index as usize);
        let none = || format!("`{line}`: there is no such section or symbol");
        match words[0] {
            "base" => base = Address(number(1)?),
            "size" => layout.frame.size = number(1)?,
            "got_base" => layout.got_base = number(1)?,
            "unwind" => layout.frame.unwind = Some((number(1)?, number(2)?)),
            "section" => *layout.sections.get_mut(index()?).ok_or_else(none)? = number(2)?,
            "common" => *layout.commons.get_mut(index()?).ok_or_else(none)? = Some(number(2)?),
            "got" => *layout.got.get_mut(index()?).ok_or_else(none)? = Some(number(2)?),
            "stub" => {
                let callee = (SymbolId(index()? as u32), words.get(3).ok_or_else(none)?.parse()?);
                layout.stubs.push(StubLayout { callee, offset: number(2)? });
            }
            "outside" => _ = outside.insert(words[2..].join(" "), Address(number(1)?)),
            other => return Err(format!("unknown word `{other}`").into()),
        }
    }
    layout.stubs.sort_unstable_by_key(|stub| stub.callee);
    layout.frame.segments = segments(object, &layout);
    Ok(Plan { base, layout, outside })
}

/// More than any stub needs.
const STUB_ROOM: u64 = 32;

/// A segment for each thing, whose bytes are kept apart: stubs are longer than lld's, and must not run into what lld put behind them.
fn segments(object: &Object<'_>, layout: &Layout) -> Vec<SegmentLayout> {
    let is_filled = |kind| !matches!(kind, SectionKind::Zero | SectionKind::FunctionTable);
    let sections = object.sections.iter().zip(&layout.sections);
    let sections = sections.filter(|(section, _)| is_filled(section.kind) && section.size > 0);
    let ranges = sections.map(|(section, start)| (*start, section.size));
    let entries = layout.got.iter().flatten().map(|start| (*start, 8));
    let stubs = layout.stubs.iter().map(|stub| (stub.offset, STUB_ROOM));
    let mut ranges: Vec<(u64, u64)> = ranges.chain(entries).chain(stubs).chain(layout.frame.unwind).collect();
    ranges.sort_unstable();
    let protection = Protection::Read;
    let segment = |(offset, size)| SegmentLayout { offset, size, filled: size, protection };
    ranges.into_iter().map(segment).collect()
}

fn linked(object: &Object<'_>, text: &str) -> Result<()> {
    let Plan { base, layout, outside } = plan(object, text)?;
    let resolver = |name: &str| {
        let address = *outside.get(name)?;
        Some(Resolved { address, kind: ResolvedKind::Function })
    };
    let image: Image = link(object, &layout, base, &resolver)?;
    let hex = |start: u64, size: u64| -> String {
        let within = |segment: &&Segment| segment.offset <= start && start < segment.offset + segment.size;
        let Some(segment) = image.segments.iter().rfind(within) else { return String::new() };
        let from = (start - segment.offset) as usize;
        segment.bytes[from..from + size as usize].iter().map(|byte| format!("{byte:02x}")).collect()
    };
    for (index, (section, start)) in object.sections.iter().zip(&layout.sections).enumerate() {
        if section.kind != SectionKind::Zero {
            println!("section {index:x} {}", hex(*start, section.size));
        }
    }
    for (index, entry) in layout.got.iter().enumerate() {
        if let Some(entry) = entry {
            println!("got {index:x} {}", hex(*entry, 8));
        }
    }
    for (index, address) in image.symbols.iter().enumerate() {
        if let Some(address) = address {
            println!("symbol {index:x} {:x}", address.0);
        }
    }
    Ok(())
}
