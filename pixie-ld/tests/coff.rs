//! COFF objects: every relocation with its limits, what symbols mean, and what is refused.
#![cfg(feature = "build")]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use pixie_format::Platform;
use pixie_ld::build::check_object;
use pixie_ld::error::LinkError;
use pixie_ld::object::{Place, SectionKind};
use pixie_ld::parse::parse;
use pixie_ld::resolve::{Resolved, ResolvedKind};
use pixie_ld::{Address, Image, Object, PageSize, link};

const BASE: u64 = 0x5_0000_0000;

fn assemble(source: &str) -> Vec<u8> {
    common::object_for(Platform::Win64, source, &["-x", "assembler", "-Wno-unused-command-line-argument"])
}

fn link_with(bytes: &[u8], far: u64) -> Result<Image, LinkError> {
    let object = parse(Platform::Win64, bytes)?;
    let layout = pixie_ld::layout::layout(&object, PageSize::K4)?;
    let found = Resolved { address: Address(far), kind: ResolvedKind::Function };
    link(&object, &layout, Address(BASE), &|name| (name == "far").then_some(found))
}

/// The 32-bit number at an offset of the image.
fn i32_at(image: &Image, offset: u64) -> i32 {
    let segment = image.segments.iter().rfind(|segment| segment.offset <= offset).unwrap();
    let bytes = &segment.bytes[(offset - segment.offset) as usize..];
    i32::from_le_bytes(*bytes.first_chunk().unwrap())
}

fn u64_at(image: &Image, offset: u64) -> u64 {
    (i32_at(image, offset) as u32 as u64) | (i32_at(image, offset + 4) as u32 as u64) << 32
}

fn overflow(result: Result<Image, LinkError>) -> (String, i128) {
    match result.unwrap_err() {
        LinkError::Overflow { kind, value, .. } => (kind, value),
        other => panic!("{other}"),
    }
}

#[test]
fn calls_and_jumps_take_a_stub_when_out_of_reach() {
    // The field begins after the opcode and what follows counts from its end.
    for (code, opcode) in [("call far", 1), ("jmp far", 1), ("je far", 2), ("jg far", 2)] {
        let object = assemble(&format!("{code}\n nop"));
        let end = BASE + opcode + 4;
        for (far, reached) in [
            (end + 0x7fff_ffff, true),
            (end + 0x8000_0000, false),
            (end - 0x8000_0000, true),
            (end - 0x8000_0001, false),
        ] {
            let image = link_with(&object, far).unwrap();
            let to = (end as i64 + i64::from(i32_at(&image, opcode))) as u64;
            match reached {
                true => assert_eq!(to, far, "{code}"),
                false => {
                    // The stub: jmp *entry(%rip), which holds the address.
                    assert_eq!(i32_at(&image, to - BASE) & 0xffff, 0x25ff, "{code}");
                    let entry = to - BASE + 6 + i32_at(&image, to - BASE + 2) as u64;
                    assert_eq!(u64_at(&image, entry), far);
                }
            }
        }
    }
}

#[test]
fn a_lea_out_of_reach_becomes_a_load_of_the_address() {
    let object = assemble("leaq far(%rip), %r9\n nop");
    check_object(Platform::Win64, &object, "lea").unwrap();
    let end = BASE + 7;
    let near = link_with(&object, end - 0x8000_0000).unwrap();
    assert_eq!(near.segments[0].bytes[..7], [0x4c, 0x8d, 0x0d, 0, 0, 0, 0x80]);
    let image = link_with(&object, end - 0x8000_0001).unwrap();
    assert_eq!(image.segments[0].bytes[..3], [0x4c, 0x8b, 0x0d]);
    assert_eq!(u64_at(&image, 7 + i32_at(&image, 3) as u64), end - 0x8000_0001);
}

#[test]
fn memory_out_of_reach_is_an_error() {
    // Instructions that look like a `lea` or a call at first sight, and one with an immediate behind the field.
    let cases = [
        ("movl far(%rip), %eax", 2, 6),
        ("leal far(%rip), %eax", 2, 6),
        ("leaq far+4(%rip), %rax", 3, 7),
        ("callq *far(%rip)", 2, 6),
        ("vpermw far(%rip), %zmm1, %zmm0", 6, 10),
        ("movl $0xe8, far(%rip)", 2, 10),
    ];
    for (code, field, end) in cases {
        let object = assemble(&format!("{code}\n nop"));
        let addend = if code.contains("far+4") { 4 } else { 0 };
        let limit = BASE + end + 0x7fff_ffff - addend;
        assert_eq!(i32_at(&link_with(&object, limit).unwrap(), field), i32::MAX, "{code}");
        assert_eq!(overflow(link_with(&object, limit + 1)), ("PC32".to_owned(), 1 << 31), "{code}");
        let low = BASE + end - 0x8000_0000 - addend;
        assert_eq!(i32_at(&link_with(&object, low).unwrap(), field), i32::MIN, "{code}");
        overflow(link_with(&object, low - 1));
        let error = check_object(Platform::Win64, &object, "memory").unwrap_err().to_string();
        assert!(error.contains("as if it were near (relocation type 4)"), "{code}: {error}");
    }
}

/// What follows the field counts as well: the assembler puts it into the field, other compilers into the type.
#[test]
fn the_five_forms_with_an_immediate_behind() {
    let object = assemble("movl far(%rip), %eax\n .rept 5\n nop\n .endr");
    let at = relocation_of(&object);
    let far = BASE + 0x1000;
    for count in 0..=5 {
        let mut changed = object.clone();
        changed[at + 8] = 4 + count;
        let field = i32_at(&link_with(&changed, far).unwrap(), 2);
        assert_eq!(BASE as i64 + 6 + i64::from(count) + i64::from(field), far as i64);
        let limit = BASE + 6 + u64::from(count) + 0x7fff_ffff;
        link_with(&changed, limit).unwrap();
        overflow(link_with(&changed, limit + 1));
    }
}

/// Where the only relocation with type 4 is in an object of one section.
fn relocation_of(object: &[u8]) -> usize {
    // The section header's PointerToRelocations (§4).
    u32::from_le_bytes(*object[20 + 24..].first_chunk().unwrap()) as usize
}

#[test]
fn addresses_in_data() {
    let object = assemble(
        ".section .rdata,\"dr\"\n .quad far+5\n .quad far-1\n .rva inside+2\n .text\n nop\ninside: ret",
    );
    let image = link_with(&object, u64::MAX).unwrap();
    // Constants of a small image lie among the code, on the next line of the cache.
    let start = 64;
    assert_eq!((u64_at(&image, start), u64_at(&image, start + 8)), (4, u64::MAX - 1));
    assert_eq!(i32_at(&image, start + 16), 1 + 2);
    // Of 32 bits counted from the image; nothing outside is meant by it.
    let outside = assemble(".section .rdata,\"dr\"\n .rva far");
    assert_eq!(i32_at(&link_with(&outside, BASE + 0x7fff_ffff).unwrap(), 0), i32::MAX);
    assert_eq!(overflow(link_with(&outside, BASE + 0x8000_0000)), ("ADDR32NB".to_owned(), 1 << 31));
    let error = check_object(Platform::Win64, &outside, "rva").unwrap_err().to_string();
    assert!(error.contains("as if it were near (relocation type 3)"), "{error}");
}

#[test]
fn unknown_relocations_are_named() {
    let object = assemble("movl far(%rip), %eax");
    let at = relocation_of(&object);
    // ADDR32, SECTION, SECREL, TOKEN
    for kind in [2, 10, 11, 13, 0xff] {
        let mut changed = object.clone();
        changed[at + 8] = kind;
        let error = link_with(&changed, BASE).unwrap_err().to_string();
        let expected =
            format!("section `.text` offset 0x2: unknown relocation IMAGE_REL_AMD64 type {kind}\n");
        assert!(error.starts_with(&expected), "{error}");
        let error = check_object(Platform::Win64, &changed, "kind").unwrap_err().to_string();
        assert!(error.contains(&format!("relocation type {kind} is not supported for win-64")), "{error}");
    }
    // In debug sections the last two are usual.
    let debug = common::object_for(Platform::Win64, "int f(int x) { return x; }", &["-g"]);
    link_with(&debug, BASE).unwrap();
    check_object(Platform::Win64, &debug, "debug").unwrap();
}

fn find<'o>(object: &'o Object<'_>, name: &str) -> &'o pixie_ld::object::Symbol<'o> {
    object.symbols.iter().find(|symbol| symbol.name == name).unwrap_or_else(|| panic!("no symbol `{name}`"))
}

#[test]
fn symbols_mean_what_the_source_says() {
    let source = "
        __declspec(dllimport) int far(int), imported;
        __attribute__((weak)) int weak(int x) { return x + 1; }
        extern __attribute__((weak)) int missing(int);
        int common[5], zero[4] = {0}, data = 7;
        static const int table[] = {1, 2, 3};
        static int counter;
        int run(int x) { counter += x; return far(x) + imported + weak(x) + (missing ? missing(x) : 0)
            + common[x] + zero[x] + data + table[x & 1] + counter; }
    ";
    let bytes = common::object_for(Platform::Win64, source, &["-fcommon", "-Wno-undefined-inline"]);
    let object = parse(Platform::Win64, &bytes).unwrap();
    let section = |name: &str| match find(&object, name).place {
        Place::Section(id, _) => &object.sections[id.0 as usize],
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(section("run").kind, SectionKind::Text);
    assert_eq!(section("weak").kind, SectionKind::Text);
    assert_eq!(section("data").kind, SectionKind::Data);
    assert_eq!(section("zero").kind, SectionKind::Zero);
    assert_eq!(find(&object, "common").place, Place::Common(20, 32));
    assert_eq!(find(&object, "missing").place, Place::Undefined);
    assert_eq!(find(&object, "far").place, Place::Undefined);
    let cell = section("__imp_far");
    assert_eq!((cell.kind, cell.size, cell.relocations.len()), (SectionKind::ReadOnly, 8, 1));
    let layout = pixie_ld::layout::layout(&object, PageSize::K4).unwrap();
    let found = |name: &str| match name {
        "far" | "imported" => {
            Some(Resolved { address: Address(0x7fff_1234_5678), kind: ResolvedKind::Function })
        }
        _ => None,
    };
    let image = link(&object, &layout, Address(BASE), &found).unwrap();
    let cell = object.symbols.iter().position(|symbol| symbol.name == "__imp_imported").unwrap();
    assert_eq!(u64_at(&image, image.symbols[cell].unwrap().0 - BASE), 0x7fff_1234_5678);

    let report = check_object(Platform::Win64, &bytes, "symbols").unwrap();
    let undefined: Vec<(&str, bool)> =
        report.undefined.iter().map(|one| (one.name.as_str(), one.weak)).collect();
    assert_eq!(undefined, [("far", false), ("imported", false), ("missing", true)]);
    assert!(report.definition("weak").is_some_and(|weak| weak.is_code));
    assert_eq!(report.undefined[0].places, ["function `run`"]);
}

#[test]
fn a_cell_for_a_symbol_of_the_object_itself() {
    let object = assemble(".globl own\nown: ret\n .globl run\nrun: movq __imp_own(%rip), %rax\n ret");
    let image = link_with(&object, 0).unwrap();
    let entry = 1 + 7 + i32_at(&image, 4) as u64;
    assert_eq!(u64_at(&image, entry), BASE);
    assert!(check_object(Platform::Win64, &object, "own").unwrap().undefined.is_empty());
}

#[test]
fn the_function_table_is_one_and_sorted() {
    // Sections of functions in one order, their entries in another.
    let function = |name: &str| {
        format!(
            ".section .text${name},\"xr\",one_only,{name}\n .globl {name}\n{name}: .seh_proc {name}\n pushq %rbx\n \
             .seh_pushreg %rbx\n .seh_endprologue\n popq %rbx\n ret\n .seh_endproc\n"
        )
    };
    let entry = |name: &str| {
        format!(".section .pdata$x{name},\"dr\"\n .p2align 4\n .rva {name}\n .rva {name}+1\n .long 0\n")
    };
    let source = ["c", "a", "b"].map(function).concat() + &["b", "a", "c"].map(entry).concat();
    let object = assemble(&source);
    let parsed = parse(Platform::Win64, &object).unwrap();
    let tables = parsed.sections.iter().filter(|section| section.kind == SectionKind::FunctionTable);
    assert!(tables.count() > 3, "the compiler's and our own");
    let image = link_with(&object, 0).unwrap();
    let (start, size) = image.unwind.unwrap();
    assert_eq!(size, 6 * 12);
    let begins: Vec<i32> = (0..6).map(|entry| i32_at(&image, start.0 - BASE + entry * 12)).collect();
    assert!(begins.is_sorted(), "{begins:?}");
    for name in ["a", "b", "c"] {
        let at = parsed.symbols.iter().position(|symbol| symbol.name == name).unwrap();
        let begin = image.symbols[at].unwrap().0 - BASE;
        assert_eq!(begins.iter().filter(|found| **found as u64 == begin).count(), 2);
    }
}

#[test]
fn more_relocations_than_16_bits_count() {
    let count = 70_000;
    let source = format!(".section .rdata,\"dr\"\n .rept {count}\n .quad far\n .endr");
    let object = assemble(&source);
    let parsed = parse(Platform::Win64, &object).unwrap();
    assert_eq!(parsed.sections.iter().map(|section| section.relocations.len()).sum::<usize>(), count);
    check_object(Platform::Win64, &object, "many").unwrap();
    let image = link_with(&object, 0x1234_5678_9abc).unwrap();
    assert_eq!(u64_at(&image, 8 * (count as u64 - 1)), 0x1234_5678_9abc);
}

#[test]
fn more_sections_than_16_bits_number() {
    let source = ".macro one name\n .section .rdata$\\name,\"dr\",one_only,s\\name\n .globl s\\name\ns\\name: .quad far\n .endm\n\
                  .altmacro\n .set n, 0\n .rept 70000\n one %n\n .set n, n+1\n .endr";
    let object = assemble(source);
    assert_eq!(object[..4], [0, 0, 0xff, 0xff]);
    let image = link_with(&object, 0x1234_5678_9abc).unwrap();
    let parsed = parse(Platform::Win64, &object).unwrap();
    let last = parsed.symbols.iter().position(|symbol| symbol.name == "s69999").unwrap();
    assert_eq!(u64_at(&image, image.symbols[last].unwrap().0 - BASE), 0x1234_5678_9abc);
}

#[test]
fn what_is_refused_is_named() {
    let cases = [
        (".section .tls$,\"dw\"\n .long 1", "thread-local data"),
        (".section .CRT$XCU,\"dr\"\n .quad 1", "code that runs when a module is loaded"),
        (".section .ctors,\"dw\"\n .quad 1", "code that runs when a module is loaded"),
        (".section both,\"xw\"\n nop", "writable and executable"),
        (".section .pdata,\"dr\"\n .long 1", "expected entries of 12 bytes, found 4 bytes"),
    ];
    for (source, expected) in cases {
        let object = assemble(source);
        let error = parse(Platform::Win64, &object).unwrap_err().to_string();
        assert!(error.contains(expected), "{source}: {error}");
        let error = check_object(Platform::Win64, &object, "refused").unwrap_err().to_string();
        assert!(error.contains(expected), "{source}: {error}");
    }
    let elf = common::object("int f(void) { return 1; }", &[]);
    let error = parse(Platform::Win64, &elf).unwrap_err().to_string();
    assert!(error.contains("COFF header: expected an object for AMD64"), "{error}");
}

/// A small file must not become an image or a model of gigabytes.
#[test]
fn overlapping_sections_and_tables_are_refused() {
    let section = |number: u32| {
        format!(
            ".section .r{number},\"dr\"\n .rept {}\n .quad far\n .endr\n",
            if number == 0 { 64 } else { 1 }
        )
    };
    let object = assemble(&(0..40).map(section).collect::<String>());
    let headers: Vec<usize> =
        (20..).step_by(40).filter(|at| object[*at..].starts_with(b".r")).take(40).collect();
    // SizeOfRawData and PointerToRawData, then those of the relocations (§4).
    let bytes = [16..20, 20..24];
    let tables = [16..20, 24..28, 32..34];
    for (fields, expected) in [(&bytes[..], "sections hold more bytes"), (&tables, "tables hold more bytes")]
    {
        let mut damaged = object.clone();
        for header in &headers[1..] {
            for field in fields {
                let from = headers[0] + field.start..headers[0] + field.end;
                damaged.copy_within(from, header + field.start);
            }
        }
        // Room for 40 times 512 bytes, so that of 40 times 640 the tables alone are too many.
        damaged.resize(if fields.len() == 3 { 24_000 } else { damaged.len() }, 0);
        let error =
            parse(Platform::Win64, &damaged).map(|object| object.sections.len()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// Names in the string table begin behind its length; goblin alone would subtract that without a look.
#[test]
fn names_within_the_length_of_the_string_table_are_refused() {
    let object = assemble(".text\n.globl a_name_that_is_long\na_name_that_is_long: ret\n");
    let number = |at: usize| u32::from_le_bytes(*object[at..].first_chunk().unwrap()) as usize;
    let (table, count) = (number(8), number(12));
    let entry = (0..count)
        .map(|index| table + 18 * index)
        .find(|at| (number(*at), number(*at + 4)) == (0, 4))
        .unwrap();
    for (first, offset) in [(0u32, 0u32), (0, 3), (0x100, 2)] {
        let mut damaged = object.clone();
        damaged[entry..entry + 4].copy_from_slice(&first.to_le_bytes());
        damaged[entry + 4..entry + 8].copy_from_slice(&offset.to_le_bytes());
        assert!(check_object(Platform::Win64, &damaged, "damaged").is_err(), "{first:#x} {offset}");
    }
}

/// A relocation that fills nothing must still lie in its section.
#[test]
fn a_relocation_outside_its_section_is_refused_whatever_its_type() {
    let mut object = assemble(".text\n.globl f\nf: call far\n");
    let table = u32::from_le_bytes(*object[20 + 24..].first_chunk().unwrap()) as usize;
    object[table + 8..table + 10].copy_from_slice(&[0, 0]);
    assert!(parse(Platform::Win64, &object).is_ok());
    object[table..table + 4].copy_from_slice(&1000u32.to_le_bytes());
    assert!(parse(Platform::Win64, &object).unwrap_err().to_string().contains("the section has"));
}
