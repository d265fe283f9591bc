//! Mach-O objects linked at a fixed address and executed by an emulator, without a loader, compared with the same source on this
//! machine.
#![cfg(all(feature = "build", target_os = "linux", target_arch = "x86_64"))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write;
use std::process::Command;

use pixie_format::Platform;
use pixie_ld::layout::layout;
use pixie_ld::parse::parse;
use pixie_ld::{Address, PageSize, Protection, link};

const BASE: u64 = 0x4000_0000;
const COUNT: u64 = 200;
const SETTINGS: [&[&str]; 4] = [&["-O0"], &["-O1"], &["-O2"], &["-O3", "-funwind-tables"]];

/// What `run` gives for 0 to `COUNT`, executed from an image at `BASE`.
fn emulated(source: &str, flags: &[&str]) -> Vec<u8> {
    let bytes = common::object_for(Platform::OsxArm64, source, flags);
    let object = parse(Platform::OsxArm64, &bytes).unwrap_or_else(|error| panic!("{error}"));
    let layout = layout(&object, PageSize::K16).unwrap();
    let image =
        link(&object, &layout, Address(BASE), &|_| None).unwrap_or_else(|error| panic!("{flags:?}: {error}"));
    let run = object.symbols.iter().position(|symbol| symbol.name == "run").unwrap();
    let run = image.symbols[run].unwrap().0;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let mut program = format!(
        "typedef unsigned long long u64;\n\
         static void call(u64 number, u64 a, const void *b, u64 c) {{\n\
           register u64 x8 __asm__(\"x8\") = number, x0 __asm__(\"x0\") = a, x2 __asm__(\"x2\") = c;\n\
           register const void *x1 __asm__(\"x1\") = b;\n\
           __asm__ volatile(\"svc 0\" : \"+r\"(x0) : \"r\"(x8), \"r\"(x1), \"r\"(x2) : \"memory\"); }}\n\
         void _start(void) {{ u64 out[{COUNT}];\n\
           for (u64 x = 0; x < {COUNT}; x++) out[x] = ((u64 (*)(u64)){run:#x}ull)(x);\n\
           call(64, 1, out, sizeof out); call(94, 0, 0, 0); }}\n"
    );
    let mut link = Command::new("clang-22");
    link.args([
        "--target=aarch64-linux-gnu",
        "-O1",
        "-fno-builtin",
        "-ffreestanding",
        "-nostdlib",
        "-static",
    ]);
    link.args(["-fuse-ld=lld-22", "-Wl,-z,max-page-size=16384", "-Wl,--no-rosegment"]);
    for (number, segment) in image.segments.iter().enumerate() {
        let mut bytes = segment.bytes.clone();
        bytes.resize(segment.size as usize, 0);
        std::fs::write(file(&format!("{number}")), bytes).unwrap();
        let flags = match segment.protection {
            Protection::ReadExecute => "ax",
            Protection::Read => "a",
            Protection::ReadWrite => "aw",
        };
        let path = file(&format!("{number}"));
        writeln!(
            program,
            "__asm__(\".section .image{number},\\\"{flags}\\\",@progbits\\n.incbin \\\"{}\\\"\\n.text\");",
            path.display()
        )
        .unwrap();
        link.arg(format!("-Wl,--section-start=.image{number}={:#x}", BASE + segment.offset));
    }
    std::fs::write(file("main.c"), program).unwrap();
    common::run(link.arg(file("main.c")).arg("-o").arg(file("main")));
    let output = Command::new("qemu-aarch64-static").arg(file("main")).output().unwrap();
    assert!(output.status.success(), "{flags:?}: {:?}", output.status);
    output.stdout
}

/// The same on this machine.
fn native(source: &str, flags: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let main = format!(
        "\n#include <stdio.h>\nint main(void) {{ for (unsigned long long x = 0; x < {COUNT}; x++) \
         {{ unsigned long long y = run(x); fwrite(&y, 8, 1, stdout); }} return 0; }}\n"
    );
    std::fs::write(file("main.c"), format!("{source}{main}")).unwrap();
    common::run(common::clang().args(flags).arg(file("main.c")).arg("-o").arg(file("main")).arg("-lm"));
    Command::new(file("main")).output().unwrap().stdout
}

fn fixture(name: &str) {
    let source = std::fs::read_to_string(common::fixtures().join(name)).unwrap();
    let own = source.lines().next().and_then(|line| line.strip_prefix("// flags:")).unwrap_or("").to_owned();
    let own: Vec<&str> = own.split_whitespace().filter(|flag| !flag.starts_with("-l")).collect();
    // Mach-O knows no larger alignment.
    let source = source.replace("65536", "16384").replace("65535", "16383");
    for flags in SETTINGS {
        let flags = [flags, &own].concat();
        let (found, wanted) = (emulated(&source, &flags), native(&source, &flags));
        assert_eq!(found.len() as u64, 8 * COUNT, "{name} {flags:?}");
        assert!(found == wanted, "{name} {flags:?}: {found:?}\n{wanted:?}");
    }
}

macro_rules! fixtures {
    ($($test:ident: $file:literal;)*) => { $(#[test] fn $test() { fixture($file) })* };
}

// Those that need nothing from outside.
fixtures! {
    data: "data.c";
    rodata: "rodata.c";
    jump_table: "jump_table.c";
    lookup_table: "lookup_table.c";
    weak: "weak.c";
    common_symbols: "common.c";
    pointers: "pointers.c";
    alignment: "alignment.c";
}
