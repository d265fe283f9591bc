//! ELF AArch64 objects: every kind of relocation at its limits and one past them, as the assembler writes them.
#![cfg(feature = "build")]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pixie_format::Platform;
use pixie_ld::error::LinkError;
use pixie_ld::layout::layout;
use pixie_ld::parse::parse;
use pixie_ld::resolve::{Resolved, ResolvedKind};
use pixie_ld::{Address, Image, PageSize, link};

/// Far enough from both ends that nothing below wraps; its low 12 bits are zero, as those of every base.
const BASE: u64 = 0x7f_0000_0000;
/// Bytes before the field, so that its offset shows in messages.
const BEFORE: u64 = 8;
const PLACE: i128 = (BASE + BEFORE) as i128;

/// Many tests link the same few lines at many addresses.
fn assemble(line: &str) -> Arc<Vec<u8>> {
    static DONE: Mutex<BTreeMap<String, Arc<Vec<u8>>>> = Mutex::new(BTreeMap::new());
    if let Some(bytes) = DONE.lock().unwrap().get(line) {
        return Arc::clone(bytes);
    }
    let source = format!("nop\nnop\n{line}\nnop\nnop\n");
    let flags = ["-x", "assembler", "-Wno-unused-command-line-argument"];
    let bytes = Arc::new(common::object_for(Platform::LinuxAarch64, &source, &flags));
    DONE.lock().unwrap().insert(line.to_owned(), Arc::clone(&bytes));
    bytes
}

fn link_with(line: &str, far: Option<Resolved>) -> Result<Image, LinkError> {
    let bytes = assemble(line);
    let object = parse(Platform::LinuxAarch64, &bytes)?;
    link(&object, &layout(&object, PageSize::K4)?, Address(BASE), &|_| far)
}

fn at(address: i128, kind: ResolvedKind) -> Option<Resolved> {
    Some(Resolved { address: Address(u64::try_from(address).unwrap()), kind })
}

fn number(image: &Image, address: i128, bytes: usize) -> u64 {
    let offset = (address - i128::from(BASE)) as u64;
    let segment = image.segments.iter().rev().find(|segment| segment.offset <= offset).unwrap();
    let bytes = &segment.bytes[(offset - segment.offset) as usize..][..bytes];
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Bits `from..from + width` of a number, with sign.
fn signed(number: u64, from: u32, width: u32) -> i128 {
    i128::from((number << (64 - from - width)) as i64 >> (64 - width))
}

/// `adrp` and `adr`: two bits at 29, nineteen at 5.
fn split(word: u64) -> i128 {
    signed(word, 5, 19) << 2 | signed(word, 29, 2) & 3
}

/// What a field says, given the word in it: a distance from its place.
type Decode = fn(u64) -> i128;

/// A line that refers to `far`, the name in messages, bits, the first and the last distance that fit, and how to read it back.
const DISTANCES: &[(&str, &str, u32, i128, i128, Decode)] = &[
    ("bl far", "CALL26", 28, -(1 << 27), (1 << 27) - 4, |word| signed(word, 0, 26) * 4),
    ("b far", "CALL26", 28, -(1 << 27), (1 << 27) - 4, |word| signed(word, 0, 26) * 4),
    ("b.eq far", "CONDBR19", 21, -(1 << 20), (1 << 20) - 4, |word| signed(word, 5, 19) * 4),
    ("cbnz w3, far", "CONDBR19", 21, -(1 << 20), (1 << 20) - 4, |word| signed(word, 5, 19) * 4),
    ("tbz x7, #33, far", "TSTBR14", 16, -(1 << 15), (1 << 15) - 4, |word| signed(word, 5, 14) * 4),
    ("ldr x5, far", "LD_PREL_LO19", 21, -(1 << 20), (1 << 20) - 4, |word| signed(word, 5, 19) * 4),
    ("adr x5, far", "ADR_PREL_LO21", 21, -(1 << 20), (1 << 20) - 1, split),
    (".word far - .", "PREL32", 32, -(1 << 31), (1 << 31) - 1, |word| signed(word, 0, 32)),
    (".word far@PLT - .", "PLT32", 32, -(1 << 31), (1 << 31) - 1, |word| signed(word, 0, 32)),
];

fn overflow(line: &str, far: i128) -> (String, i128, u32) {
    let error = link_with(line, at(far, ResolvedKind::Data)).expect_err(line);
    let LinkError::Overflow { section, offset, kind, symbol, value, bits } = error else { panic!("{error}") };
    assert_eq!((section.as_str(), offset, symbol.as_str()), (".text", BEFORE, "far"), "{line}");
    (kind, value, bits)
}

#[test]
fn distances_at_their_limits() {
    for &(line, name, bits, first, last, decode) in DISTANCES {
        let step = if last % 4 == 0 { 4 } else { 1 };
        let filled = |distance| {
            let image = link_with(line, at(PLACE + distance, ResolvedKind::Data));
            let image = image.unwrap_or_else(|error| panic!("{line} {distance:#x}: {error}"));
            for around in [PLACE - 8, PLACE + 4] {
                assert_eq!(number(&image, around, 8), 0xd503_201f_d503_201f, "{line}: two nops");
            }
            number(&image, PLACE, 4)
        };
        // Every bit of the field is set in minus one, none in zero.
        let field = filled(-step) ^ filled(0);
        assert_eq!(field.count_ones(), bits - if step == 4 { 2 } else { 0 }, "{line}");
        for distance in [first, first + step, -step, 0, step, 0x1234, last - step, last] {
            let word = filled(distance);
            assert_eq!(decode(word), distance, "{line}");
            assert_eq!((word ^ filled(0)) & !field, 0, "{line}: bits beside the field have changed");
        }
        for distance in [first - step, last + step] {
            assert_eq!(overflow(line, PLACE + distance), (name.to_owned(), distance, bits), "{line}");
        }
    }
}

#[test]
fn pages_at_their_limits() {
    let page = PLACE & !0xfff;
    for low in [0, 1, 0xfff] {
        for pages in [-(1 << 20), -1, 0, 1, 0xf_ffff] {
            let image =
                link_with("adrp x9, far", at(page + (pages << 12) + low, ResolvedKind::Data)).unwrap();
            assert_eq!(split(number(&image, PLACE, 4)), pages);
        }
    }
    let name = "ADR_PREL_PG_HI21".to_owned();
    assert_eq!(overflow("adrp x9, far", page + (1 << 32)), (name.clone(), 1 << 32, 33));
    assert_eq!(overflow("adrp x9, far", page - (1 << 32) - 1), (name, -(1 << 32) - 0x1000, 33));
}

#[test]
fn page_offsets_of_every_access_size() {
    let cases = [
        ("add x1, x2, :lo12:far", 0, "ADD_ABS_LO12_NC"),
        ("ldrb w1, [x2, :lo12:far]", 0, "ADD_ABS_LO12_NC"),
        ("ldrsh w1, [x2, :lo12:far]", 1, "LDST_ABS_LO12_NC"),
        ("str w1, [x2, :lo12:far]", 2, "LDST_ABS_LO12_NC"),
        ("ldr d1, [x2, :lo12:far]", 3, "LDST_ABS_LO12_NC"),
        ("ldr q1, [x2, :lo12:far]", 4, "LDST_ABS_LO12_NC"),
    ];
    for (line, shift, name) in cases {
        let unit = 1 << shift;
        for low in [0, unit, 0x550, 0x1000 - unit] {
            let image = link_with(line, at(0x1_2345_6000 + low, ResolvedKind::Data)).unwrap();
            assert_eq!(i128::from(number(&image, PLACE, 4) >> 10 & 0xfff) << shift, low, "{line}");
        }
        if shift > 0 {
            let far = 0x1_2345_6000 + unit / 2;
            let error = link_with(line, at(far, ResolvedKind::Data)).unwrap_err().to_string();
            let expected =
                format!("section `.text` offset 0x8: {name} to `far`: {far:#x} is no multiple of {unit}");
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn words_and_pointers() {
    for far in [0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        let image = link_with(".word far", at(far, ResolvedKind::Absolute)).unwrap();
        assert_eq!(i128::from(number(&image, PLACE, 4)), far);
    }
    let image = link_with(".word far - 0x80000000", at(0, ResolvedKind::Absolute)).unwrap();
    assert_eq!(number(&image, PLACE, 4), 0x8000_0000);
    assert_eq!(overflow(".word far", 1 << 32), ("ABS32".to_owned(), 1 << 32, 32));
    assert_eq!(overflow(".word far - 0x80000001", 0), ("ABS32".to_owned(), -0x8000_0001, 32));
    for far in [0, 0x1234_5678_9abc, i128::from(u64::MAX)] {
        // At an odd address too: data may be misaligned, and so may what is added.
        let image = link_with(".byte 1\n.xword far + 5", at(far, ResolvedKind::Data)).unwrap();
        assert_eq!(i128::from(number(&image, PLACE + 1, 8)), (far + 5) & i128::from(u64::MAX));
        let image = link_with(".xword far - . - 3", at(far, ResolvedKind::Data)).unwrap();
        assert_eq!(number(&image, PLACE, 8), (far - 3 - PLACE) as u64);
    }
}

#[test]
fn branches_to_what_is_no_instruction() {
    for (line, name) in [
        ("bl far", "CALL26"),
        ("b.lt far", "CONDBR19"),
        ("tbnz w1, #3, far", "TSTBR14"),
        ("ldr x1, far", "LD_PREL_LO19"),
    ] {
        for low in 1..4 {
            let error = link_with(line, at(PLACE + 0x100 + low, ResolvedKind::Data)).unwrap_err().to_string();
            let value = 0x100 + low;
            let expected =
                format!("section `.text` offset 0x8: {name} to `far`: {value:#x} is no multiple of 4");
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn the_message_of_an_overflow_shows_the_sign() {
    let error = link_with("b.ne far", at(PLACE - 0x10_0004, ResolvedKind::Data)).unwrap_err().to_string();
    assert_eq!(
        error,
        "section `.text` offset 0x8: CONDBR19 to `far` is out of reach: -0x100004 does not fit 21 bits"
    );
}

#[test]
fn entries_of_the_global_offset_table() {
    let far = 0x1234_5678_9ab1;
    let image =
        link_with("adrp x0, :got:far\nldr x0, [x0, :got_lo12:far]", at(far, ResolvedKind::Data)).unwrap();
    let page = (PLACE & !0xfff) + (split(number(&image, PLACE, 4)) << 12);
    let entry = page + i128::from(number(&image, PLACE + 4, 4) >> 10 & 0xfff) * 8;
    assert_eq!(i128::from(number(&image, entry, 8)), far);
    let image = link_with(".word far@GOTPCREL", at(far, ResolvedKind::Data)).unwrap();
    let entry = PLACE + signed(number(&image, PLACE, 4), 0, 32);
    assert_eq!(i128::from(number(&image, entry, 8)), far);
    let error = link_with("adrp x0, :got:far + 8", at(far, ResolvedKind::Data)).unwrap_err().to_string();
    assert_eq!(error, "section `.text` offset 0x8: ADR_GOT_PAGE to `far`: expected no addend, found 8");
}

/// The address that a stub jumps to.
fn stub(image: &Image, address: i128) -> u64 {
    assert_eq!(number(image, address, 8), 0xd61f_0200_5800_0050, "ldr x16, 8; br x16");
    number(image, address + 8, 8)
}

#[test]
fn calls_take_a_stub_when_out_of_reach() {
    for line in ["bl far", "b far", "bl far + 12"] {
        let addend = if line.ends_with("12") { 12 } else { 0 };
        for (distance, reached) in [
            (-(1 << 27), true),
            (-(1 << 27) - 4, false),
            ((1 << 27) - 4, true),
            (1 << 27, false),
            (1 << 34, false),
        ] {
            let far = PLACE + distance - addend;
            let image = link_with(line, at(far, ResolvedKind::Function)).unwrap();
            let to = PLACE + signed(number(&image, PLACE, 4), 0, 26) * 4;
            match reached {
                true => assert_eq!(to, far + addend, "{line}"),
                false => assert_eq!(i128::from(stub(&image, to)), far + addend, "{line}"),
            }
        }
    }
    // A distance that counts from elsewhere: its addend does not move the function.
    for distance in [-(1i128 << 31) - 1, 1 << 31] {
        let image =
            link_with(".word far@PLT - . + 8", at(PLACE + distance - 8, ResolvedKind::Function)).unwrap();
        let to = PLACE - 8 + signed(number(&image, PLACE, 4), 0, 32);
        assert_eq!(i128::from(stub(&image, to)), PLACE + distance - 8);
    }
}

#[test]
fn a_weak_symbol_that_nobody_has() {
    let none = |line: &str| link_with(&format!("{line}\n.weak far"), None).unwrap();
    let word = |line: &str| number(&none(line), PLACE, 4);
    // Calls and jumps go on behind themselves.
    assert_eq!(word("bl far"), 0x9400_0001);
    assert_eq!(word("bl far + 64"), 0x9400_0001);
    assert_eq!(word("b far"), 0x1400_0001);
    assert_eq!(signed(word("b.eq far"), 5, 19), 1);
    assert_eq!(signed(word("tbz x0, #1, far"), 5, 14), 1);
    // Distances are zero, addresses too.
    assert_eq!(split(word("adrp x0, far")), 0);
    assert_eq!(split(word("adr x0, far")), 0);
    assert_eq!(signed(word("ldr x0, far"), 5, 19), 0);
    assert_eq!(
        (word(".word far - ."), word(".word far"), word("ldr x0, [x0, :lo12:far]") >> 10 & 0xfff),
        (0, 0, 0)
    );
    let image = none("adrp x0, :got:far\nldr x0, [x0, :got_lo12:far]");
    let page = (PLACE & !0xfff) + (split(number(&image, PLACE, 4)) << 12);
    assert_eq!(number(&image, page + i128::from(number(&image, PLACE + 4, 4) >> 10 & 0xfff) * 8, 8), 0);
}

#[test]
fn what_is_not_supported_is_named() {
    let message = |line: &str| link_with(line, at(PLACE, ResolvedKind::Data)).unwrap_err().to_string();
    for line in ["adrp x0, :tlsdesc:far", "adrp x0, :gottprel:far", "add x0, x0, :tprel_hi12:far"] {
        let expected =
            "symbol `far`: thread-local data is not supported\nhint: pass the state as an argument";
        assert_eq!(message(line), expected, "{line}");
    }
    // The large and the tiny model, which no author can choose.
    for (line, number) in [("movz x0, #:abs_g0:far", 263), ("ldr x0, :got:far", 309), (".hword far", 259)] {
        let expected =
            format!("section `.text` offset 0x8: unknown relocation R_AARCH64 type {number}\nhint: ");
        assert!(message(line).starts_with(&expected), "{line}: {}", message(line));
    }
}
