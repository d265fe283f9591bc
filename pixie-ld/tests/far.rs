//! Images far away from what they call: stubs are used and work, and what no stub can bridge is an error.
#![cfg(all(feature = "build", target_os = "linux", target_arch = "x86_64"))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use pixie_format::Platform;
use pixie_ld::error::LinkError;
use pixie_ld::parse::parse;
use pixie_ld::resolve::{Resolved, ResolvedKind};
use pixie_ld::{Address, Image, PageSize, Protection, link};

const SOURCE: &str = "
    extern double far_function(double);
    static double (*by_address)(double);
    double run(double x) {
        by_address = far_function;
        return far_function(x) + by_address(x + 1) * 2;
    }
";

extern "C" fn far_function(x: f64) -> f64 {
    x * 10.0
}

fn far_symbol(_: &str) -> Option<Resolved> {
    let function: extern "C" fn(f64) -> f64 = far_function;
    Some(Resolved { address: Address(function as usize as u64), kind: ResolvedKind::Function })
}

/// An address that is more than 2 GiB from everything the system places by itself.
const LOW: u64 = 0x2_0000_0000;

fn link_at(source: &str, base: u64, kind: ResolvedKind) -> Result<(Image, u64), LinkError> {
    let bytes = common::object(source, &[]);
    let object = parse(Platform::Linux64, &bytes)?;
    let layout = pixie_ld::layout::layout(&object, PageSize::K4)?;
    let resolver = |name: &str| far_symbol(name).map(|found| Resolved { kind, ..found });
    let image = link(&object, &layout, Address(base), &resolver)?;
    let run = object.symbols.iter().position(|symbol| symbol.name == "run").unwrap();
    let run = image.symbols[run].unwrap().0;
    Ok((image, run))
}

#[test]
fn a_call_takes_a_stub() {
    let (image, run) = link_at(SOURCE, LOW, ResolvedKind::Function).unwrap();
    // SAFETY: the range is free (MAP_FIXED_NOREPLACE), every segment lies in it, and `run` is what its source says.
    let result = unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let memory = libc::mmap(LOW as *mut libc::c_void, image.size as usize, access, flags, -1, 0);
        assert_eq!(memory as u64, LOW, "the address is taken");
        for segment in &image.segments {
            let to = (LOW + segment.offset) as *mut u8;
            std::ptr::copy_nonoverlapping(segment.bytes.as_ptr(), to, segment.bytes.len());
            if segment.protection == Protection::ReadExecute {
                let access = libc::PROT_READ | libc::PROT_EXEC;
                assert_eq!(
                    libc::mprotect(to.cast(), segment.size.next_multiple_of(4096) as usize, access),
                    0
                );
            }
        }
        std::mem::transmute::<usize, extern "C" fn(f64) -> f64>(run as usize)(3.0)
    };
    assert_eq!(result, 30.0 + 80.0);
}

#[test]
fn data_that_is_out_of_reach_is_an_error() {
    let source =
        "extern __attribute__((visibility(\"hidden\"))) int far_data; int run(void) { return far_data; }";
    let error = link_at(source, LOW, ResolvedKind::Data).unwrap_err();
    let LinkError::Overflow { section, kind, symbol, bits, .. } = &error else { panic!("{error}") };
    assert_eq!((section.as_str(), kind.as_str(), symbol.as_str(), *bits), (".text", "PC32", "far_data", 32));
    assert!(error.to_string().contains("`far_data` is out of reach"), "{error}");
}

/// An import of unknown kind counts as a function; its bytes must never be those of a stub.
#[test]
fn data_that_is_taken_for_a_function_gets_no_stub() {
    let read =
        "extern __attribute__((visibility(\"hidden\"))) int far_data; int run(void) { return far_data; }";
    let take = "__attribute__((visibility(\"hidden\"))) double far_function(double);\n\
                void *run(void) { return (void *)far_function; }";
    for source in [read, take] {
        let error = link_at(source, LOW, ResolvedKind::Function).unwrap_err();
        let LinkError::Overflow { section, kind, offset, .. } = &error else { panic!("{error}") };
        assert_eq!(
            (section.as_str(), kind.as_str(), *offset),
            (".text", "PC32", if source == read { 2 } else { 3 })
        );
    }
    let table = "extern int far_data; int *run(void) { return &far_data; }";
    link_at(table, LOW, ResolvedKind::Function).unwrap();
}

#[test]
fn the_layout_follows_the_page_size() {
    let bytes =
        common::object("int a = 1; const int c[2] = {1, 2}; int run(int i) { return a++ + c[i]; }", &[]);
    let object = parse(Platform::Linux64, &bytes).unwrap();
    for page in [PageSize::K4, PageSize::K16, PageSize::K64] {
        let layout = pixie_ld::layout::layout(&object, page).unwrap();
        let kinds: Vec<Protection> = layout.frame.segments.iter().map(|segment| segment.protection).collect();
        // Code and constants of a small image share their pages.
        assert_eq!(kinds, [Protection::ReadExecute, Protection::ReadWrite]);
        assert!(layout.frame.segments.iter().all(|segment| segment.offset.is_multiple_of(page.bytes())));
        assert_eq!(layout.frame.size, 2 * page.bytes());
        assert!(link(&object, &layout, Address(page.bytes() / 2), &far_symbol).is_err());
    }
    // Those of a larger one have pages of their own, and cannot be executed.
    let large = "int a = 1; const int c[99999] = {1, 2}; int run(int i) { return a++ + c[i]; }";
    let bytes = common::object(large, &[]);
    let object = parse(Platform::Linux64, &bytes).unwrap();
    for page in [PageSize::K4, PageSize::K16, PageSize::K64] {
        let segments = pixie_ld::layout::layout(&object, page).unwrap().frame.segments;
        let kinds: Vec<Protection> = segments.iter().map(|segment| segment.protection).collect();
        assert_eq!(kinds, [Protection::ReadExecute, Protection::Read, Protection::ReadWrite]);
        assert!(segments.iter().all(|segment| segment.offset.is_multiple_of(page.bytes())));
    }
}
