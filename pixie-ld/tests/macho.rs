//! Mach-O arm64 objects: every kind of relocation, filled in as the assembler's source says, and what is refused.
#![cfg(feature = "build")]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use pixie_format::Platform;
use pixie_ld::error::LinkError;
use pixie_ld::layout::layout;
use pixie_ld::object::{Binding, Object, Place, SectionKind};
use pixie_ld::parse::parse;
use pixie_ld::resolve::{Resolved, ResolvedKind};
use pixie_ld::{Address, Image, PageSize, link};

const BASE: u64 = 0x5_0000_0000;
/// Where the outside symbols are: beyond the reach of a branch and of a page.
const FAR: u64 = 0x7_1234_5678;

fn assemble(source: &str) -> Vec<u8> {
    common::object_for(Platform::OsxArm64, source, &["-x", "assembler", "-Wno-unused-command-line-argument"])
}

fn outside(name: &str) -> Option<Resolved> {
    let found = |address, kind| Some(Resolved { address: Address(address), kind });
    match name {
        "g" => found(FAR, ResolvedKind::Function),
        "near" => found(BASE + (64 << 20), ResolvedKind::Function),
        "near_data" => found(BASE + (64 << 20) + 0x128, ResolvedKind::Data),
        _ => None,
    }
}

fn linked(object: &Object<'_>) -> Result<Image, LinkError> {
    link(object, &layout(object, PageSize::K16)?, Address(BASE), &outside)
}

/// An image with its symbols by name.
struct Linked<'a> {
    object: Object<'a>,
    image: Image,
}

impl<'a> Linked<'a> {
    fn new(bytes: &'a [u8]) -> Linked<'a> {
        let object = parse(Platform::OsxArm64, bytes).unwrap_or_else(|error| panic!("{error}"));
        let image = linked(&object).unwrap_or_else(|error| panic!("{error}"));
        Linked { object, image }
    }

    fn symbol(&self, name: &str) -> u64 {
        let at = self.object.symbols.iter().position(|symbol| symbol.name == name);
        self.image.symbols[at.unwrap_or_else(|| panic!("no symbol `{name}`"))].unwrap().0
    }

    fn bytes<const N: usize>(&self, address: u64) -> [u8; N] {
        let segment = self.image.segments.iter().rev().find(|segment| BASE + segment.offset <= address);
        let segment = segment.unwrap();
        let at = (address - BASE - segment.offset) as usize;
        segment.bytes[at..at + N].try_into().unwrap()
    }

    fn word(&self, address: u64) -> u32 {
        u32::from_le_bytes(self.bytes(address))
    }

    fn number(&self, address: u64) -> u64 {
        u64::from_le_bytes(self.bytes(address))
    }

    /// The target of `adrp` at `address` and of the instruction behind it, whose 12 bits count units of `1 << shift` bytes.
    fn page_pair(&self, address: u64, shift: u32) -> u64 {
        let (adrp, other) = (self.word(address), self.word(address + 4));
        assert_eq!(adrp & 0x9f00_0000, 0x9000_0000, "adrp at {address:#x}");
        let pages = ((adrp >> 5 & 0x7_ffff) << 2 | adrp >> 29 & 3) as i32;
        let pages = i64::from(pages << 11 >> 11);
        let page = (address & !0xfff).wrapping_add_signed(pages << 12);
        page + (u64::from(other >> 10 & 0xfff) << shift)
    }

    /// The target of the branch at `address`.
    fn branch(&self, address: u64) -> u64 {
        let words = (self.word(address) << 6) as i32 >> 6;
        address.wrapping_add_signed(i64::from(words) * 4)
    }
}

#[test]
fn every_relocation_of_instructions() {
    let bytes = assemble(
        ".globl _f
         .p2align 2
         _f:
            adrp x0, _g@GOTPAGE
            ldr x0, [x0, _g@GOTPAGEOFF]
            adrp x1, _d@PAGE
            ldr q0, [x1, _d@PAGEOFF]
            adrp x1, _d@PAGE+8000
            ldrb w2, [x1, _d@PAGEOFF+8000]
            adrp x1, _d@PAGE+24
            ldr d2, [x1, _d@PAGEOFF+24]
            adrp x1, _d@PAGE+4
            str w2, [x1, _d@PAGEOFF+4]
            adrp x1, _d@PAGE+6
            ldrsh w2, [x1, _d@PAGEOFF+6]
            adrp x1, _d@PAGE+1
            add x1, x1, _d@PAGEOFF+1
            bl _g
            bl _near
            b _near+8
            b _local
         _local: ret
         .data
         .p2align 4
         _d: .zero 9000
         .subsections_via_symbols",
    );
    let linked = Linked::new(&bytes);
    let (f, d) = (linked.symbol("f"), linked.symbol("d"));
    let entry = linked.page_pair(f, 3);
    assert_eq!(linked.number(entry), FAR);
    let pairs = [(8, 4, 0), (16, 0, 8000), (24, 3, 24), (32, 2, 4), (40, 1, 6), (48, 0, 1)];
    for (at, shift, addend) in pairs {
        assert_eq!(linked.page_pair(f + at, shift), d.wrapping_add_signed(addend), "offset {at}");
    }
    let stub = linked.branch(f + 56);
    assert_eq!((linked.word(stub), linked.word(stub + 4)), (0x5800_0050, 0xd61f_0200), "ldr x16, 8; br x16");
    assert_eq!(linked.number(stub + 8), FAR);
    assert_eq!(linked.branch(f + 60), BASE + (64 << 20));
    assert_eq!(linked.branch(f + 64), BASE + (64 << 20) + 8);
    assert_eq!(linked.branch(f + 68), linked.symbol("local"));
}

/// LLVM cannot write negative addends of instructions, other assemblers can: 24 bits, signed.
#[test]
fn a_negative_addend_of_an_instruction() {
    let mut bytes = assemble(
        ".p2align 2
         _f:
            adrp x1, _d@PAGE+4
            ldr w2, [x1, _d@PAGEOFF+4]
            b _near+4
         .data
         .p2align 4
         _d: .zero 8",
    );
    let mut patched = 0;
    for at in (0..bytes.len() - 4).step_by(4) {
        let word = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        // ARM64_RELOC_ADDEND of length 2, relative or not.
        if word & 0xfeff_ffff == 0xa400_0004 {
            bytes[at..at + 4].copy_from_slice(&(word & 0xff00_0000 | 0x00ff_fffc).to_le_bytes());
            patched += 1;
        }
    }
    assert_eq!(patched, 3);
    let linked = Linked::new(&bytes);
    let f = linked.symbol("f");
    assert_eq!(linked.page_pair(f, 2), linked.symbol("d") - 4);
    assert_eq!(linked.branch(f + 8), linked.symbol("near") - 4);
}

#[test]
fn every_relocation_of_data() {
    let bytes = assemble(
        ".globl _f
         .p2align 2
         _f: ret
         _h: ret
         .data
         .p2align 3
         _before: .quad 0
         _d:
            .quad _g + 16
            .quad _f
            .quad _h - _d
            .quad _h - . - 5
            .quad _h - _f + 7
            .quad _d - _f - 3
            .quad _c - _f
            .quad _g@GOT
            .quad L_c + 4
            .long _h - _d
            .long _h - .
            .long _g@GOT - .
            .long _h - _f
         .section __DATA,__const
         .p2align 3
         L_c: .quad 1
         _c: .quad -1
         .subsections_via_symbols",
    );
    let linked = Linked::new(&bytes);
    let at = |name| linked.symbol(name);
    let (f, h, d, c) = (at("f"), at("h"), at("d"), at("c"));
    let expected = [FAR + 16, f, h.wrapping_sub(d), h.wrapping_sub(d + 24 + 5), h - f + 7, d - f - 3, c - f];
    for (index, value) in expected.into_iter().enumerate() {
        assert_eq!(linked.number(d + 8 * index as u64), value, "quad {index}");
    }
    let entry = linked.number(d + 56);
    assert_eq!(linked.number(entry), FAR);
    assert_eq!(linked.number(d + 64), c - 8 + 4);
    let expected = [h.wrapping_sub(d), h.wrapping_sub(d + 76), entry.wrapping_sub(d + 80), h - f];
    for (index, value) in expected.into_iter().enumerate() {
        assert_eq!(linked.word(d + 72 + 4 * index as u64), value as u32, "long {index}");
    }
}

#[test]
fn symbols_and_sections_are_what_the_compiler_made() {
    let source = "
        int common; double aligned_common[5];
        static int zero[100]; int defined = 3; const int constants[2] = {1, 2};
        extern int missing; extern int perhaps(void) __attribute__((weak_import));
        __attribute__((weak)) int weak(void) { return 1; }
        __attribute__((visibility(\"hidden\"))) int hidden(void) { return 2; }
        const char *text(void) { return \"text\"; }
        int *const pointers[] = {&defined};
        int f(int x) { zero[x] = 1; return common + missing + zero[x + 1] + (perhaps ? perhaps() : 0); }
    ";
    let bytes = common::object_for(Platform::OsxArm64, source, &["-fcommon"]);
    let object = parse(Platform::OsxArm64, &bytes).unwrap();
    let symbol = |name: &str| *object.symbols.iter().find(|symbol| symbol.name == name).unwrap();
    let kind = |name: &str| match symbol(name).place {
        Place::Section(id, _) => object.sections[id.0 as usize].kind,
        other => panic!("`{name}` is {other:?}"),
    };
    assert_eq!(symbol("common").place, Place::Common(4, 4));
    assert_eq!(symbol("aligned_common").place, Place::Common(40, 8));
    assert_eq!(symbol("missing").place, Place::Undefined);
    let bindings = [
        ("missing", Binding::Global),
        ("perhaps", Binding::Weak),
        ("weak", Binding::Weak),
        ("hidden", Binding::Global),
        ("zero", Binding::Local),
        ("f", Binding::Global),
        ("ltmp0", Binding::Local),
    ];
    for (name, binding) in bindings {
        assert_eq!(symbol(name).binding, binding, "{name}");
    }
    assert_eq!(kind("zero"), SectionKind::Zero);
    assert_eq!(kind("f"), SectionKind::Text);
    assert_eq!(kind("defined"), SectionKind::Data);
    assert_eq!(kind("constants"), SectionKind::ReadOnly);
    assert_eq!(kind("pointers"), SectionKind::ReadOnly);
    let sections: Vec<&str> = object.sections.iter().map(|section| section.name).collect();
    assert!(sections.contains(&"__TEXT,__cstring"), "{sections:?}");
    assert!(!sections.iter().any(|name| name.contains("__LD")), "{sections:?}");
}

/// Exactly one underscore is the compiler's.
#[test]
fn one_underscore_is_stripped() {
    let source = "void f(void) {} void _f(void) {} void __f(void) {}";
    let bytes = common::object_for(Platform::OsxArm64, source, &[]);
    let object = parse(Platform::OsxArm64, &bytes).unwrap();
    let visible = object.symbols.iter().filter(|symbol| symbol.binding == Binding::Global);
    let mut names: Vec<&str> = visible.map(|symbol| symbol.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["__f", "_f", "f"]);
}

/// Links `source` with `far`, a function, and `data` at these addresses.
fn link_with(source: &str, address: u64) -> Result<(), LinkError> {
    let bytes = assemble(source);
    let object = parse(Platform::OsxArm64, &bytes)?;
    let resolver = |name: &str| {
        let kind = if name == "far" { ResolvedKind::Function } else { ResolvedKind::Data };
        Some(Resolved { address: Address(address), kind })
    };
    link(&object, &layout(&object, PageSize::K16)?, Address(BASE), &resolver).map(drop)
}

#[test]
fn limits_and_one_past_them() {
    // Source of one function at the base, and the addresses that just fit and just do not.
    let cases = [
        ("b _data", BASE + (1 << 27) - 4, BASE + (1 << 27)),
        ("b _data", BASE - (1 << 27), BASE - (1 << 27) - 4),
        ("adrp x0, _data@PAGE", BASE + (1 << 32) - 1, BASE + (1 << 32)),
        ("adrp x0, _data@PAGE", BASE - (1 << 32), BASE - (1 << 32) - 1),
        ("ldr x0, [x0, _data@PAGEOFF]", 0x1_0008, 0x1_0004),
        ("ldr q0, [x0, _data@PAGEOFF]", 0x1_0010, 0x1_0008),
        ("ldrh w0, [x0, _data@PAGEOFF]", 0x1_0002, 0x1_0001),
        ("nop\n.section __DATA,__const\n.long _data", 0xffff_ffff, 0x1_0000_0000),
        // The constant is on the next line of the cache.
        (
            "nop\n.section __DATA,__const\n.long _data - .",
            BASE + 0x40 + 0x7fff_ffff,
            BASE + 0x40 + 0x8000_0000,
        ),
        (
            "nop\n.section __DATA,__const\n.long _data - .",
            BASE + 0x40 - 0x8000_0000,
            BASE + 0x40 - 0x8000_0001,
        ),
    ];
    for (code, fits, past) in cases {
        let source = format!(".globl _f\n.p2align 2\n_f: {code}\n");
        link_with(&source, fits).unwrap_or_else(|error| panic!("{code} {fits:#x}: {error}"));
        match link_with(&source, past) {
            Err(LinkError::Overflow { symbol, .. }) => assert_eq!(symbol, "data", "{code}"),
            Err(LinkError::Malformed { what, .. }) => {
                assert!(what.contains("no multiple of"), "{code}: {what}")
            }
            other => panic!("{code} {past:#x}: {other:?}"),
        }
    }
    // A call of a function takes the stub instead.
    link_with("_f: bl _far\n", BASE + (1 << 27)).unwrap();
}

#[test]
fn what_is_not_supported_is_named() {
    let cases = [
        (
            ".section __DATA,__mod_init_func,mod_init_funcs\n.quad _f\n.text\n_f: ret",
            "section `__DATA,__mod_init_func`: code that runs when a module is loaded or unloaded is not supported\n\
             hint: export a function that sets up the state and call it",
        ),
        (
            ".tbss _t$tlv$init, 4, 2\n.section __DATA,__thread_vars,thread_local_variables\n_t: .quad 0",
            "section `__DATA,__thread_bss`: thread-local data is not supported\nhint: pass the state as an argument",
        ),
        (
            "_f: adrp x0, _t@TLVPPAGE",
            "section `__TEXT,__text` offset 0x0: thread-local data is not supported\n\
             hint: pass the state as an argument",
        ),
        (
            ".section __DATA,__nl_symbol_ptr,non_lazy_symbol_pointers\n.indirect_symbol _g\n.quad 0",
            "section `__nl_symbol_ptr`: a section of type 0x6 is not supported",
        ),
        (
            "_f: ret\n_h: ret\n.data\n.long _d - _f\n_d: .quad 0\n.subsections_via_symbols",
            "section `__DATA,__data` offset 0x0: a distance of 4 bytes from `f`, which is in another section, \
             is not supported",
        ),
        (
            ".section __DATA,__code,regular,pure_instructions\nret",
            "section `__code`: memory that is writable and executable is not supported",
        ),
    ];
    for (source, expected) in cases {
        let bytes = assemble(source);
        let error = parse(Platform::OsxArm64, &bytes).expect_err(source);
        assert_eq!(error.to_string(), expected, "{source}");
    }
}

/// An instruction that is none of those that a relocation is for is left alone and refused.
#[test]
fn instructions_are_what_their_relocations_say() {
    let bytes = assemble("_f: adrp x0, _d@PAGE\nldr x0, [x0, _d@PAGEOFF]\n.data\n_d: .quad 0");
    let code = bytes.windows(8).position(|window| window == [0, 0, 0, 0x90, 0, 0, 0x40, 0xf9]).unwrap();
    for (at, expected) in [
        (3, "offset 0x0: expected `adrp`, found 0x00000000"),
        (7, "offset 0x4: expected `add`, or a load or store, found 0x00400000"),
    ] {
        let mut changed = bytes.clone();
        changed[code + at] = 0;
        let error = parse(Platform::OsxArm64, &changed).unwrap_err().to_string();
        assert_eq!(error, format!("section `__TEXT,__text` {expected}"));
    }
}

/// Compact unwind: one code for each function, wherever the entry's relocation points.
#[test]
fn functions_have_their_unwind_codes() {
    let source =
        "int h(int); int leaf(int x) { return x + 1; } int framed(int x) { return h(x) * 2 + h(x + 1); }";
    let bytes = common::object_for(Platform::OsxArm64, source, &["-funwind-tables"]);
    let object = parse(Platform::OsxArm64, &bytes).unwrap();
    let place = |name: &str| object.symbols.iter().find(|symbol| symbol.name == name).unwrap().place;
    let code = |name| {
        let found =
            object.unwind_codes.iter().find(|code| place(name) == Place::Section(code.section, code.offset));
        *found.unwrap_or_else(|| panic!("{name} has no code: {:?}", object.unwind_codes))
    };
    assert_eq!(object.unwind_codes.len(), 2);
    // UNWIND_ARM64_MODE_FRAMELESS without stack, UNWIND_ARM64_MODE_FRAME with x19 and x20 saved.
    assert_eq!((code("leaf").size, code("leaf").code), (8, 0x0200_0000));
    assert_eq!(code("framed").code, 0x0400_0001);
}
