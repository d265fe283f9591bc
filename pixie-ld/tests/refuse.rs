//! What the linker refuses, and what it says: the object model is reached through objects of the real compiler.
#![cfg(feature = "build")]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use pixie_format::Platform;
use pixie_ld::PageSize;
use pixie_ld::parse::parse;

fn refusal(source: &str, flags: &[&str]) -> String {
    let bytes = common::object(source, flags);
    let object = match parse(Platform::Linux64, &bytes) {
        Ok(object) => object,
        Err(error) => return error.to_string(),
    };
    match pixie_ld::layout::layout(&object, PageSize::K4) {
        Ok(_) => panic!("this must be refused: {source}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_not_supported_is_named() {
    let cases = [
        (
            "__thread int t; int f(void) { return t++; }",
            "section `.tbss`: thread-local data is not supported\nhint: pass the state as an argument",
        ),
        (
            "volatile int x; __attribute__((constructor)) void f(void) { x = 1; }",
            "section `.init_array`: code that runs when a module is loaded or unloaded is not supported\n\
             hint: export a function that sets up the state and call it",
        ),
        (
            "static int g(void) { return 1; } static void *r(void) { return g; }\n\
             __attribute__((ifunc(\"r\"))) int f(void);",
            "symbol `f`: an indirect function (ifunc) is not supported\n\
             hint: the variants of the module make it needless",
        ),
        (
            "char huge[1ull << 31]; char *f(void) { return huge; }",
            ".bss would take 2147483648 bytes, more than the 1073741824 that pixie loads",
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(refusal(source, &[]), expected);
    }
}

#[test]
fn an_unknown_relocation_names_type_section_and_offset() {
    let bytes = common::object("extern int x; int f(void) { return x; }", &[]);
    // R_X86_64_REX_GOTPCRELX, the one relocation of this function.
    let relocation = bytes.windows(4).position(|window| window == [42, 0, 0, 0]).unwrap();
    let mut changed = bytes.clone();
    changed[relocation] = 23;
    let message = parse(Platform::Linux64, &changed).unwrap_err().to_string();
    assert!(
        message.starts_with("section `.text` offset 0x3: unknown relocation R_X86_64 type 23\nhint: "),
        "{message}"
    );
}

#[test]
fn objects_of_others_are_refused_by_what_they_are() {
    let message = |bytes: &[u8]| parse(Platform::Linux64, bytes).unwrap_err().to_string();
    let aarch64 = common::object_for(Platform::LinuxAarch64, "int f(void) { return 1; }", &[]);
    assert_eq!(
        message(&aarch64),
        "ELF header: expected a relocatable x86-64 object (type 1, machine 62), found type 1, machine 183"
    );
    assert!(message(b"not an object").starts_with("ELF header: "));
    let message = |bytes: &[u8]| parse(Platform::OsxArm64, bytes).unwrap_err().to_string();
    let x86_64 = common::object_of("x86_64-apple-macosx11.0.0", "int f(void) { return 1; }", &[]);
    assert_eq!(
        message(&x86_64),
        "Mach-O header: expected a relocatable arm64 object (type 1, processor 0x100000c), found type 1, \
         processor 0x1000007"
    );
    let arm64e = common::object_of("arm64e-apple-macosx11.0.0", "int f(void) { return 1; }", &[]);
    assert_eq!(
        message(&arm64e),
        "Mach-O header: the processor subtype 2 (pointer authentication) is not supported"
    );
    assert!(message(b"not an object").starts_with("Mach-O header: "));
}
