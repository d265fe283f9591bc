//! Objects linked ahead of time: what becomes an image, what cannot, and that an image holds what its object says.
#![cfg(feature = "build")]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use pixie_format::Platform;
use pixie_format::image::{Header, Tables};
use pixie_ld::build::{Prelinked, prelink};

/// Calls and addresses of outside functions, tables of pointers to both, a jump table, constants, zeroes and data of their own.
const SOURCE: &str = "
    double sin(double), cos(double);
    void *memcpy(void *, const void *, __SIZE_TYPE__);
    static int numbers[3] = {1, 2, 3};
    int zeroes[100];
    int *const inside[2] = {&numbers[0], &numbers[2]};
    double (*const outside[2])(double) = {sin, cos};
    double (*address(int x))(double) { return x ? sin : cos; }
    int jump(int x) {
        switch (x) {
        case 0: return zeroes[x]; case 1: return *inside[x]; case 2: return numbers[x] * 7; case 3: return 1 << x;
        case 4: return x * x + 11; case 5: numbers[1] = x; return 3; case 6: return (int)sin(x); default: return 9;
        }
    }
    double run(double x) { return cos(x) + outside[(int)x & 1](x); }
    void copy(void *to, const void *from, __SIZE_TYPE__ n) { memcpy(to, from, n); }
";

fn linked(platform: Platform, source: &str, flags: &[&str]) -> Prelinked {
    prelink(platform, &common::object_for(platform, source, flags), "test").unwrap()
}

fn image(platform: Platform, source: &str, flags: &[&str]) -> Vec<u8> {
    linked(platform, source, flags).image().unwrap_or_else(|| panic!("{platform} {flags:?}: no image"))
}

#[test]
fn every_platform_and_setting_becomes_an_image() {
    for platform in Platform::ALL {
        for flags in
            [&["-O0"][..], &["-O1"], &["-O3", "-ffunction-sections", "-fdata-sections"], &["-Os", "-g"]]
        {
            let bytes = image(platform, SOURCE, &[flags, &["-funwind-tables"]].concat());
            let header = Header::parse(&bytes, bytes.len() as u64).unwrap().unwrap();
            let tables = Tables::parse(&header, &bytes).unwrap();
            let what = format!("{platform} {flags:?}");
            // Constants of COFF have names, so that equal ones of several objects become one.
            let names = tables.symbols().map(|symbol| symbol.0).filter(|name| !name.contains('@'));
            let names: Vec<&str> = names.collect();
            assert_eq!(names, ["address", "copy", "inside", "jump", "outside", "run", "zeroes"], "{what}");
            // `_fltused` is a number that needs no address.
            let mut imports: Vec<&str> = tables.imports().map(|import| import.0).collect();
            imports.sort_unstable();
            assert_eq!(imports, ["cos", "memcpy", "sin"], "{what}");
            assert!(header.relative >= 2 && header.bindings >= 5, "{what}: {header:?}");
            assert!(header.zeroes >= 400, "{what}");
            // Each is called, and may be called straight.
            assert!(
                tables.imports().all(|import| import.1.is_some()) && header.calls >= 3,
                "{what}: {header:?}"
            );
            assert_eq!(platform == Platform::OsxArm64, header.codes > 0, "{what}");
        }
    }
}

#[test]
fn the_same_object_gives_the_same_image() {
    for platform in Platform::ALL {
        assert_eq!(image(platform, SOURCE, &[]), image(platform, SOURCE, &[]));
    }
}

#[test]
fn the_processor_s_variables_are_left_to_the_loader() {
    let source =
        "int run(void) { return __builtin_cpu_supports(\"avx2\") + __builtin_cpu_supports(\"avx512vnni\"); }";
    for platform in [Platform::Linux64, Platform::Win64] {
        let bytes = image(platform, source, &[]);
        let header = Header::parse(&bytes, bytes.len() as u64).unwrap().unwrap();
        let variables: Vec<_> = Tables::parse(&header, &bytes).unwrap().variables().collect();
        let named: Vec<(&str, u32)> = variables.iter().map(|one| (one.0, one.2)).collect();
        assert_eq!(named, [("__cpu_model", 16), ("__cpu_features2", 12)], "{platform}");
    }
}

#[test]
fn what_only_a_loader_can_decide_is_left_to_it() {
    let weak = "__attribute__((weak)) int maybe(int); int run(int x) { return maybe ? maybe(x) : x; }";
    for platform in [Platform::Linux64, Platform::LinuxAarch64] {
        assert_eq!(linked(platform, weak, &[]), Prelinked::Impossible, "{platform}");
    }
}
