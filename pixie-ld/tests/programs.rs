//! Fixtures as programs of their own, for both processors, at several settings: linked here and by lld, executed, compared.
#![cfg(all(feature = "build", target_os = "linux", target_arch = "x86_64"))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use common::program::{command_for, run_images};
use pixie_format::{Arch, Platform};
use pixie_ld::layout::layout;
use pixie_ld::parse::parse;
use pixie_ld::{Address, PageSize, link};

/// Settings that make the compiler refer to things in different ways.
const SETTINGS: &[&[&str]] = &[
    &["-O0", "-fPIC"],
    &["-O1", "-fPIC", "-fvisibility=hidden"],
    &["-O2", "-fPIC", "-fno-plt"],
    &["-O3", "-fPIC", "-ffunction-sections", "-fdata-sections", "-g"],
    &["-Os", "-fPIE", "-fno-asynchronous-unwind-tables"],
];

const PLATFORMS: [Platform; 2] = [Platform::Linux64, Platform::LinuxAarch64];

/// Calls `run` with some numbers and writes the results: a program without a C library.
const DRIVER: &str = r#"
typedef unsigned long long u64;
u64 run(u64);
#ifdef __x86_64__
__asm__(".globl _start\n_start: call begin\n ud2");
static long system_call(long number, long a, const void *b, long c) {
    __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return number;
}
enum { WRITE = 1, EXIT = 60 };
#else
__asm__(".globl _start\n_start: bl begin\n brk #0");
static long system_call(long number, long a, const void *b, long c) {
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x2 __asm__("x2") = c;
    register const void *x1 __asm__("x1") = b;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
enum { WRITE = 64, EXIT = 93 };
#endif
__attribute__((used, visibility("default"))) void begin(void) {
    u64 results[203];
    for (u64 x = 0; x < 200; x++) results[x] = run(x);
    results[200] = run(~0ull), results[201] = run(1ull << 40), results[202] = run(12345678901234567ull);
    system_call(WRITE, 1, results, sizeof results);
    system_call(EXIT, 0, 0, 0);
}
"#;

/// The driver's object, compiled once for each platform.
fn driver(platform: Platform) -> Vec<u8> {
    static DONE: Mutex<BTreeMap<&str, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let compile = || common::object_for(platform, DRIVER, &["-fno-stack-protector"]);
    DONE.lock().unwrap().entry(platform.name()).or_insert_with(compile).clone()
}

/// Compiles a source and puts the driver to it.
fn compile(platform: Platform, source: &Path, flags: &[&str], folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(source).unwrap();
    let own = text.lines().next().and_then(|line| line.strip_prefix("// flags:")).unwrap_or("");
    let (output, driver_object) = (folder.join("source.o"), folder.join("driver.o"));
    let target = format!("--target={}", platform.triple());
    let mut command = common::clang();
    command
        .args([target.as_str(), "-ffreestanding", "-fno-stack-protector"])
        .args(flags)
        .args(own.split_whitespace());
    common::run(command.arg("-c").arg(source).arg("-o").arg(&output));
    std::fs::write(&driver_object, driver(platform)).unwrap();
    let both = folder.join("both.o");
    common::run(Command::new("ld.lld-22").arg("-r").args([&output, &driver_object]).arg("-o").arg(&both));
    both
}

/// What a program writes that is linked here.
fn linked_here(platform: Platform, object: &Path) -> Vec<u8> {
    let bytes = std::fs::read(object).unwrap();
    let object = parse(platform, &bytes).unwrap_or_else(|error| panic!("{error}"));
    let layout = layout(&object, PageSize::K64).unwrap();
    let image = link(&object, &layout, Address(0x10_0000_0000), &|_| None);
    let image = image.unwrap_or_else(|error| panic!("{error}"));
    let start = object.symbols.iter().position(|symbol| symbol.name == "_start").unwrap();
    run_images(platform.arch(), &[&image], image.symbols[start].unwrap())
}

fn linked_by_lld(arch: Arch, object: &Path) -> Vec<u8> {
    let program = object.with_extension("lld");
    common::run(Command::new("ld.lld-22").arg(object).arg("-o").arg(&program));
    let output = command_for(arch, &program).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// Results are numbers that every processor agrees on.
fn check(source: &Path, settings: &[&[&str]]) {
    for flags in settings {
        let results = PLATFORMS.map(|platform| {
            let folder = tempfile::tempdir().unwrap();
            let object = compile(platform, source, flags, folder.path());
            let found = linked_here(platform, &object);
            let what = format!("{} {platform} {flags:?}", source.display());
            assert_eq!(found.len(), 203 * 8, "{what}");
            assert!(
                found == linked_by_lld(platform.arch(), &object),
                "{what}: lld's program has other results"
            );
            found
        });
        assert!(results[0] == results[1], "{} {flags:?}: the processors differ", source.display());
    }
}

#[test]
fn fixtures() {
    // What needs neither a C library nor one processor.
    let names = [
        "data.c",
        "rodata.c",
        "jump_table.c",
        "lookup_table.c",
        "weak.c",
        "common.c",
        "pointers.c",
        "big_zeroes.c",
        "alignment.c",
        "inline_functions.cpp",
    ];
    names.iter().for_each(|name| check(&common::fixtures().join(name), SETTINGS));
}

#[test]
fn hard_data() {
    let source = "
        typedef unsigned long long u64;
        static u64 bss[(64 << 20) / 8], last_of_bss[2];
        __attribute__((aligned(2 << 20))) u64 page_of_pages[3] = {1, 2, 3};
        __attribute__((aligned(1 << 20))) const u64 constants[3] = {4, 5, 6};
        char text[64] = \"the addends of what follows are no multiples of anything at all\";
        struct __attribute__((packed)) odd { char one; char *pointer; short two; const u64 *number; };
        struct odd odd[2] = {{1, text + 3, 2, constants + 1}, {3, text + 29, 4, page_of_pages + 2}};
        struct __attribute__((packed)) word { u64 number; };
        float far = 1.5f;
        __attribute__((visibility(\"default\"))) u64 run(u64 x) {
            u64 sum = ((struct word *)(text + 5))->number + ((struct word *)(text + 30))->number;
            sum += odd[x & 1].pointer[2] * 1000 + *odd[x & 1].number + odd[x & 1].two;
            bss[x * 40503 % (sizeof bss / 8)] += x, last_of_bss[1] += 3;
            sum += bss[sizeof bss / 8 - 1] + bss[x * 40503 % (sizeof bss / 8)] + last_of_bss[1];
            sum += ((u64)page_of_pages & ((2 << 20) - 1)) | ((u64)constants & ((1 << 20) - 1));
            page_of_pages[x % 3]++;
            return sum + (u64)(far *= 1.0625f);
        }
    ";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hard.c");
    std::fs::write(&path, source).unwrap();
    check(&path, SETTINGS);
}

/// Each in a section of its own, that calls the next one and reads a variable of its own.
#[test]
fn ten_thousand_functions() {
    const COUNT: u64 = 10_000;
    let mut source = "typedef unsigned long long u64; extern u64 (*const all[])(u64);\n".to_owned();
    for number in (0..COUNT).rev() {
        let (step, next) = (number * number + 7, number + 1);
        write!(source, "u64 v{number} = {step};\n__attribute__((noinline)) u64 f{number}(u64 x) {{ ")
            .unwrap();
        match next < COUNT && next % 16 != 0 {
            true => writeln!(source, "x = f{next}(x * 3 + v{number}); return x ^ v{number}++; }}").unwrap(),
            false => writeln!(source, "return x ^ v{number}; }}").unwrap(),
        }
    }
    source.push_str("u64 (*const all[])(u64) = {");
    (0..COUNT).for_each(|number| write!(source, "f{number},").unwrap());
    source.push_str("};\n__attribute__((visibility(\"default\"))) u64 run(u64 x) {\n");
    source.push_str(
        "    for (u64 i = 0; i < 200; i++) x = all[(x + i * 48271) % 10000](x) + f0(x);\n    return x;\n}\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.c");
    std::fs::write(&path, source).unwrap();
    check(&path, &[&["-O1", "-fPIC", "-ffunction-sections", "-fdata-sections"]]);
}
