//! Text that is longer than a branch reaches: every call arrives, by the bytes and when executed, at home and outside.
#![cfg(all(feature = "build", unix))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use common::program::run_images;
use pixie_format::{Arch, Platform};
use pixie_ld::error::LinkError;
use pixie_ld::layout::{Layout, layout};
use pixie_ld::object::{
    Binding, Object, Place, Relocation, Section, SectionId, SectionKind, Symbol, SymbolId, SymbolKind,
};
use pixie_ld::parse::parse;
use pixie_ld::relocate::{RelocationKind, aarch64::Kind, x86_64};
use pixie_ld::resolve::{Resolved, ResolvedKind};
use pixie_ld::{Address, Image, PageSize, link};

const MIB: u64 = 1 << 20;
const REACH: u64 = 128 * MIB;
const BASE: u64 = 0x10_0000_0000;
/// Where the outside function is: beyond every reach.
const OUTSIDE: u64 = 0x20_0000_0000;

/// The bytes at an address.
fn bytes_at(image: &Image, address: u64, size: usize) -> &[u8] {
    let offset = address - image.base.0;
    let segment = image.segments.iter().rev().find(|segment| segment.offset <= offset).unwrap();
    &segment.bytes[(offset - segment.offset) as usize..][..size]
}

/// Where a branch at `place` comes out in the end, and whether by a stub: reads the instructions, not the layout.
fn follow(image: &Image, place: u64) -> (u64, bool) {
    let word = |address| u32::from_le_bytes(bytes_at(image, address, 4).try_into().unwrap());
    let branch = word(place);
    assert_eq!(branch >> 26 & 0x1f, 5, "no b or bl at {place:#x}: {branch:#x}");
    let to = place.wrapping_add_signed(i64::from((branch << 6) as i32 >> 6) * 4);
    let inside = (image.base.0..image.base.0 + image.segments[0].size).contains(&to);
    // ldr x16, 8; br x16
    if inside && word(to) == 0x5800_0050 && word(to + 4) == 0xd61f_0200 {
        return (u64::from_le_bytes(bytes_at(image, to + 8, 8).try_into().unwrap()), true);
    }
    (to, false)
}

/// Follows every call of an object, and gives how many went by stubs.
fn follow_all(object: &Object<'_>, layout: &Layout, image: &Image) -> usize {
    let mut by_stub = 0;
    for (section, start) in object.sections.iter().zip(&layout.sections) {
        for relocation in &section.relocations {
            if relocation.kind != RelocationKind::Aarch64(Kind::Branch26) {
                continue;
            }
            let symbol = match object.symbols[relocation.symbol.0 as usize].place {
                Place::Section(home, at) => image.base.0 + layout.sections[home.0 as usize] + at,
                _ => OUTSIDE,
            };
            let (to, stub) = follow(image, image.base.0 + start + relocation.offset);
            assert_eq!(to, symbol.wrapping_add_signed(relocation.addend), "{} {relocation:?}", section.name);
            by_stub += usize::from(stub);
        }
    }
    by_stub
}

fn outside(_: &str) -> Option<Resolved> {
    Some(Resolved { address: Address(OUTSIDE), kind: ResolvedKind::Function })
}

/// A program in sections this far from each other. Each function does `x0 = 3 * x0 + n`, and the order in which they run shows in
/// what is written at the end.
const PROGRAM: &str = "
    .macro step n
        add x0, x0, x0, lsl #1
        add x0, x0, #\\n
    .endm
    .macro enter
        stp x29, x30, [sp, #-16]!
    .endm
    .macro leave
        ldp x29, x30, [sp], #16
        ret
    .endm
    .section .text.first, \"ax\"
    .globl _start, last, middle, long_end, outside, near
    .type near, %function
    .type long_start, %function
    .type long_end, %function
    _start:
        mov x0, #1
        bl last
        bl outside
        bl near
        bl long_start
        str x0, [sp, #-16]!
        mov x0, #1
        mov x1, sp
        mov x2, #8
        mov x8, #64
        svc #0
        mov x0, #0
        mov x8, #93
        svc #0
    near: step 2
        ret
    .space 100 << 20
    .section .text.second, \"ax\"
    middle: enter
        step 3
        bl near
        leave
    local: step 4
        ret
    .space 90 << 20
    // One section of nearly twice the reach: its calls to itself need stubs too.
    .section .text.long, \"ax\"
    .globl long_start
    long_start: enter
        step 5
        bl long_end
        bl outside
        bl near
        leave
    .space 200 << 20
    long_end: enter
        step 6
        bl long_inner
        bl last
        bl outside
        leave
    .section .text.inner, \"ax\"
    .globl long_inner
    long_inner: step 7
        b local
    .space 30 << 20
    .section .text.last, \"ax\"
    last: enter
        step 8
        bl middle
        bl outside
        bl local
        leave
";

/// What the program should write.
fn expected() -> u64 {
    fn step(x: u64, n: u64) -> u64 {
        x.wrapping_mul(3).wrapping_add(n)
    }
    let outside = |x| step(x, 9);
    let near = |x| step(x, 2);
    let local = |x| step(x, 4);
    let middle = |x| near(step(x, 3));
    let last = |x| local(outside(middle(step(x, 8))));
    let inner = |x| local(step(x, 7));
    let long_end = |x| outside(last(inner(step(x, 6))));
    let long_start = |x| near(outside(long_end(step(x, 5))));
    long_start(near(outside(last(1))))
}

fn assemble(source: &str) -> Vec<u8> {
    common::object_for(
        Platform::LinuxAarch64,
        source,
        &["-x", "assembler", "-Wno-unused-command-line-argument"],
    )
}

/// An image of one function at [`OUTSIDE`].
fn outside_image(arch: Arch, code: &[u8]) -> Image {
    let object = object(arch, vec![section(code, code.len() as u64)]);
    link(&object, &layout(&object, PageSize::K64).unwrap(), Address(OUTSIDE), &outside).unwrap()
}

fn section(data: &[u8], size: u64) -> Section<'_> {
    Section {
        name: ".text",
        kind: SectionKind::Text,
        align: 16,
        size,
        data: &data[..size as usize],
        relocations: Vec::new(),
    }
}

#[test]
fn four_hundred_mebibytes_run() {
    let bytes = assemble(PROGRAM);
    let object = parse(Platform::LinuxAarch64, &bytes).unwrap();
    let layout = layout(&object, PageSize::K64).unwrap();
    let image = link(&object, &layout, Address(BASE), &outside).unwrap();
    assert!(layout.frame.segments[0].size > 420 * MIB);
    // All but the calls to the next function or the one before, which are near.
    assert_eq!(follow_all(&object, &layout, &image), 11);
    let start = object.symbols.iter().position(|symbol| symbol.name == "_start").unwrap();
    // add x0, x0, x0, lsl #1; add x0, x0, #9; ret
    let code: Vec<u8> =
        [0x8b00_0400_u32, 0x9100_2400, 0xd65f_03c0].iter().flat_map(|word| word.to_le_bytes()).collect();
    let far = outside_image(Arch::Aarch64, &code);
    let written = run_images(Arch::Aarch64, &[&image, &far], image.symbols[start].unwrap());
    assert_eq!(u64::from_le_bytes(written.try_into().unwrap()), expected());
}

/// What text is made of in the tests below: `b .`, so that a branch that goes astray is not taken for a stub.
fn filler(size: u64) -> Vec<u8> {
    0x1400_0000_u32.to_le_bytes().repeat(size as usize / 4)
}

/// Symbols: one at the start of each section, then one at its end; the last is outside.
fn symbols(sections: &[Section<'_>]) -> Vec<Symbol<'static>> {
    let symbol = |name, place| Symbol { name, place, kind: SymbolKind::Function, binding: Binding::Global };
    let mut symbols = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let id = SectionId(index as u32);
        symbols.push(symbol("start", Place::Section(id, 0)));
        symbols.push(symbol("end", Place::Section(id, section.size.saturating_sub(8))));
    }
    symbols.push(symbol("outside", Place::Undefined));
    symbols
}

/// An object of these sections, with the symbols above.
fn object(arch: Arch, sections: Vec<Section<'_>>) -> Object<'_> {
    let symbols = symbols(&sections);
    Object { arch, sections, symbols, unwind_codes: Vec::new() }
}

fn call(offset: u64, symbol: usize, addend: i64) -> Relocation {
    let kind = RelocationKind::Aarch64(Kind::Branch26);
    Relocation { offset, kind, symbol: SymbolId(symbol as u32), addend }
}

/// An object whose sections, of these sizes, call the start and the end of each other and the outside from their start, middle and end.
fn everyone_calls_everyone<'a>(data: &'a [u8], sizes: &[u64]) -> Object<'a> {
    let mut sections: Vec<Section<'a>> = sizes.iter().map(|size| section(data, *size)).collect();
    let symbols = 2 * sections.len() + 1;
    for section in &mut sections {
        for (number, at) in
            [0, section.size / 8 * 4, section.size - 4 * 4 * symbols as u64].into_iter().enumerate()
        {
            for to in 0..symbols {
                let addend = if number == 1 { 4 } else { 0 };
                section.relocations.push(call(at + 4 * to as u64, to, addend));
            }
        }
    }
    object(Arch::Aarch64, sections)
}

#[test]
fn every_call_arrives() {
    let data = filler(250 * MIB);
    let sizes: [&[u64]; 5] = [
        &[250 * MIB],
        &[40 * MIB, 40 * MIB, 40 * MIB, 40 * MIB, 130 * MIB, 4 * MIB],
        &[MIB, REACH + 16, MIB],
        &[REACH - 16, REACH - 4 * MIB, 200 * MIB, 64],
        &[100 * MIB; 4],
    ];
    for sizes in sizes {
        let sizes: Vec<u64> = sizes.iter().map(|size| size.max(&4096) / 16 * 16).collect();
        let object = everyone_calls_everyone(&data, &sizes);
        let layout = layout(&object, PageSize::K4).unwrap();
        let image = link(&object, &layout, Address(BASE), &outside)
            .unwrap_or_else(|error| panic!("{sizes:?}: {error}"));
        assert!(follow_all(&object, &layout, &image) > 0, "{sizes:?}");
    }
}

#[test]
fn short_text_has_one_island_for_the_outside_alone() {
    let data = filler(REACH);
    // The largest text that one branch spans, the stub of the outside function with it, and the smallest that none does.
    for (size, islands) in [(REACH - 4096 - 64, 1), (REACH - 4096, 2)] {
        let mut object = everyone_calls_everyone(&data, &[4096, size]);
        object
            .sections
            .iter_mut()
            .for_each(|section| section.relocations.retain(|relocation| relocation.addend == 0));
        let layout = layout(&object, PageSize::K4).unwrap();
        let outside_stubs = layout.stubs.iter().filter(|stub| stub.callee.0 == SymbolId(4)).count();
        match islands {
            1 => assert_eq!((layout.stubs.len(), layout.stubs[0].offset), (1, 4096 + size)),
            _ => assert!(outside_stubs >= 2, "{:?}", layout.stubs),
        }
        let image = link(&object, &layout, Address(BASE), &outside).unwrap();
        follow_all(&object, &layout, &image);
    }
}

#[test]
fn the_middle_of_a_section_twice_the_reach_is_an_error() {
    let data = filler(2 * REACH + MIB);
    let mut section = section(&data, data.len() as u64);
    let size = section.size;
    section.relocations.push(call(size / 2, 2, 0));
    let object = object(Arch::Aarch64, vec![section]);
    let error = link(&object, &layout(&object, PageSize::K4).unwrap(), Address(BASE), &outside).unwrap_err();
    let LinkError::Overflow { section, offset, kind, symbol, bits, .. } = error else { panic!("{error}") };
    assert_eq!(
        (section.as_str(), offset, kind.as_str(), symbol.as_str(), bits),
        (".text", size / 2, "CALL26", "outside", 28)
    );
}

/// x86-64 reaches 2 GiB, more than an image has: no text is cut.
#[test]
fn an_image_for_x86_64_has_one_island() {
    let data = vec![0xcc; 600 << 20];
    let mut first = section(&data, 300 * MIB);
    let mut second = section(&data, 600 * MIB);
    let kind = RelocationKind::X86_64(x86_64::Kind::Call32);
    for (section, other) in [(&mut first, 3), (&mut second, 0)] {
        for (offset, symbol) in [(16, other), (section.size - 4, 4)] {
            section.relocations.push(Relocation { offset, kind, symbol: SymbolId(symbol), addend: -4 });
        }
    }
    let object = object(Arch::X86_64, vec![first, second]);
    let layout = layout(&object, PageSize::K4).unwrap();
    assert_eq!(layout.stubs.len(), 1);
    let image = link(&object, &layout, Address(BASE), &outside).unwrap();
    let target = |place: u64| {
        let distance = i32::from_le_bytes(bytes_at(&image, place, 4).try_into().unwrap());
        (place + 4).wrapping_add_signed(distance.into())
    };
    assert_eq!(target(BASE + 16), BASE + 900 * MIB - 8);
    assert_eq!(target(BASE + 300 * MIB + 16), BASE);
    for place in [BASE + 300 * MIB - 4, BASE + 900 * MIB - 4] {
        let stub = target(place);
        assert_eq!(bytes_at(&image, stub, 8), [0xff, 0x25, 2, 0, 0, 0, 0x0f, 0x0b]);
        assert_eq!(bytes_at(&image, stub + 8, 8), OUTSIDE.to_le_bytes());
    }
}
