//! Thunks, executed: every kind of slot in every position, with garbage in the bits that a thunk must ignore.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use common::{clang, load, source};
use pixie_format::Platform;

const C: &str = r"
#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
bool not_(bool x) { return !x; }
int8_t i8(int8_t x) { return x - 1; }
int16_t i16(int16_t x) { return x - 1; }
int32_t i32(int32_t x) { return x - 1; }
int64_t i64(int64_t x) { return x - 1; }
uint8_t u8(uint8_t x) { return x + 1; }
uint16_t u16(uint16_t x) { return x + 1; }
uint32_t u32(uint32_t x) { return x + 1; }
uint64_t u64(uint64_t x) { return x + 1; }
long c_long(long x) { return x - 1; }
unsigned long c_ulong(unsigned long x) { return x + 1; }
size_t c_size(size_t x) { return x + 1; }
float f32(float x) { return -x; }
double f64(double x) { return -x; }
double *ptr(double *x) { return x + 1; }
int status(int x) { return x; }
void nothing(void) { }
double mixed(int8_t a, double b, uint16_t c, float d, bool e, int64_t f, uint8_t g, double h, float i, int32_t j, const double *k)
{ return a + b + c + d + e + f + g + h + i + j + k[1]; }
";

const SIGNATURES: &[&str] = &[
    "not_(x: bool) -> bool",
    "i8(x: i8) -> i8",
    "i16(x: i16) -> i16",
    "i32(x: i32) -> i32",
    "i64(x: i64) -> i64",
    "u8(x: u8) -> u8",
    "u16(x: u16) -> u16",
    "u32(x: u32) -> u32",
    "u64(x: u64) -> u64",
    "c_long(x: long) -> long",
    "c_ulong(x: ulong) -> ulong",
    "c_size(x: usize) -> usize",
    "f32(x: f32) -> f32",
    "f64(x: f64) -> f64",
    "ptr(x: ptr) -> ptr",
    "status(x: i32) -> status",
    "nothing()",
    "mixed(a: i8, b: f64, c: u16, d: f32, e: bool, f: i64, g: u8, h: f64, i: f32, j: i32, k: f64[2]) -> f64",
];

const GARBAGE: u64 = 0xA5A5_A5A5_A5A5_A5A5;

/// `value` in the lower bits, garbage above.
fn dirty(value: u64, bits: u32) -> u64 {
    let mask = u64::MAX >> (64 - bits);
    (GARBAGE & !mask) | (value & mask)
}

#[test]
fn every_slot_is_read_and_written_as_the_spec_says() {
    let module = load(clang(C, Platform::Linux64, &[]), SIGNATURES);
    let call = |name: &str, slot: u64| module.call(name, &[slot]);
    assert_eq!(call("not_", GARBAGE & !1), 1);
    assert_eq!(call("not_", GARBAGE | 1), 0);
    assert_eq!(call("i8", dirty(0x80, 8)), 127, "wraps at the width");
    assert_eq!(call("i8", dirty(0, 8)), u64::MAX, "sign-extended");
    assert_eq!(call("i16", dirty(0, 16)), u64::MAX);
    assert_eq!(call("i32", dirty(0, 32)), u64::MAX);
    assert_eq!(call("i64", 0), u64::MAX);
    assert_eq!(call("u8", dirty(0xFE, 8)), 0xFF, "zero-extended");
    assert_eq!(call("u8", dirty(0xFF, 8)), 0);
    assert_eq!(call("u16", dirty(0xFFFE, 16)), 0xFFFF);
    assert_eq!(call("u32", dirty(0xFFFF_FFFE, 32)), 0xFFFF_FFFF);
    assert_eq!(call("u64", u64::MAX), 0);
    assert_eq!(call("c_long", 0), u64::MAX);
    assert_eq!(call("c_ulong", 7), 8);
    assert_eq!(call("c_size", u64::MAX - 1), u64::MAX);
    assert_eq!(call("f32", dirty(1.5_f32.to_bits().into(), 32)), (-1.5_f32).to_bits().into());
    assert_eq!(call("f64", 1.5_f64.to_bits()), (-1.5_f64).to_bits());
    assert_eq!(call("ptr", 0x1000), 0x1008);
    assert_eq!(call("status", dirty(0xFFFF_FFFD, 32)), (-3_i64).cast_unsigned());
}

#[test]
fn void_leaves_the_result_slot_alone() {
    let module = load(clang(C, Platform::Linux64, &[]), SIGNATURES);
    assert_eq!(module.call("nothing", &[]), 0xDEAD_BEEF_DEAD_BEEF);
}

#[test]
fn many_arguments_of_mixed_kinds_arrive() {
    let module = load(clang(C, Platform::Linux64, &[]), SIGNATURES);
    let data = [0.0, 0.25];
    let float = |x: f32| dirty(x.to_bits().into(), 32);
    let args = [
        dirty(0xFF, 8),
        2.5_f64.to_bits(),
        dirty(1000, 16),
        float(0.125),
        GARBAGE | 1,
        1 << 40,
        dirty(200, 8),
        3.0_f64.to_bits(),
        float(-1.0),
        dirty(0xFFFF_FFFF, 32),
        data.as_ptr().expose_provenance() as u64,
    ];
    let expected = -1.0 + 2.5 + 1000.0 + 0.125 + 1.0 + (1_u64 << 40) as f64 + 200.0 + 3.0 - 1.0 - 1.0 + 0.25;
    assert_eq!(f64::from_bits(module.call("mixed", &args)), expected);
}

#[test]
fn a_bool_of_other_producers_is_a_byte() {
    let ir = "define i8 @flip(i8 %x) {\n  %y = xor i8 %x, 1\n  ret i8 %y\n}";
    let module = load(source("flip.ll", ir), &["flip(x: bool) -> bool"]);
    assert_eq!(module.call("flip", &[GARBAGE & !1]), 1);
    assert_eq!(module.call("flip", &[GARBAGE | 1]), 0);
}

#[test]
fn only_exports_and_thunks_are_visible() {
    let ir = "define i32 @kept(i32 %x) {\n  %y = call i32 @helper(i32 %x)\n  ret i32 %y\n}\n\
              define i32 @helper(i32 %x) noinline {\n  %y = mul i32 %x, 3\n  ret i32 %y\n}\n\
              define i32 @unused() {\n  ret i32 1\n}";
    let platform = Platform::Linux64;
    let bitcode = common::prepare(ir, platform).unwrap().bitcode;
    let request =
        common::compile_request(&bitcode, platform, &platform.levels()[0], &["kept(x: i32) -> i32"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.o");
    std::fs::write(&path, pixie_jit::compile(&request).unwrap()).unwrap();
    let symbols =
        common::text(common::run(std::process::Command::new("llvm-nm-22").args(["-g", "-j"]).arg(&path)));
    assert_eq!(symbols.lines().collect::<Vec<_>>(), ["__pixie_thunk_kept", "kept"]);
}

#[test]
fn exports_of_one_symbol_share_a_thunk() {
    let c = "#include <stdint.h>\nuint8_t bits(int8_t x, const double *a) { return (uint8_t)(x + (a != 0)); }\n\
             double half(double x) { return x / 2; }";
    let same = ["bits(x: i8, a: f64[2]) -> u8", "bits(x: u8, a: f64[1]) -> u8", "half(x: f64) -> f64"];
    let module = load(clang(c, Platform::Linux64, &[]), &same);
    let data = [1.0, 2.0];
    assert_eq!(module.call("bits", &[dirty(0xFF, 8), data.as_ptr().expose_provenance() as u64]), 0);
    assert_eq!(f64::from_bits(module.call("half", &[3.0_f64.to_bits()])), 1.5);
}

#[test]
fn exports_of_one_symbol_with_different_results_are_refused() {
    let ir = "define i32 @f(i32 %x) {\n  ret i32 %x\n}";
    let platform = Platform::OsxArm64;
    let bitcode = common::prepare(ir, platform).unwrap().bitcode;
    let signatures = ["f(x: i32) -> i32", "f(x: i32) -> u32"];
    let request = common::compile_request(&bitcode, platform, &platform.levels()[0], &signatures);
    let message = pixie_jit::compile(&request).unwrap_err().to_string();
    assert_eq!(
        message,
        "`f` on osx-arm64: is exported as `f(x: i32) -> i32` and as `f(x: i32) -> u32`, which pass or return different \
         types\nhint: write a second function in the source for the second signature"
    );
}
