//! Compiler builtins: no library calls left on any platform and level, the right results, and a library that is made of its source.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;

use common::{clang, clang_triple, compile_request, request, targets, undefined};
use pixie_format::Platform;

const C: &str = r"
typedef unsigned __int128 u128;
typedef __int128 i128;
#define EACH(name, T, expression) void name(const T *a, const T *b, T *o) { *o = (expression); }
EACH(udiv, u128, *a / *b) EACH(urem, u128, *a % *b) EACH(sdiv, i128, *a / *b) EACH(srem, i128, *a % *b)
EACH(udiv10, u128, *a / 10) EACH(udiv1000, u128, *a / 1000) EACH(sdiv7, i128, *a / 7) EACH(urem97, u128, *a % 97)
EACH(umul, u128, *a * *b)
int smulo(const i128 *a, const i128 *b, i128 *o) { return __builtin_mul_overflow(*a, *b, o); }
void uto(const u128 *a, double *d, float *f) { *d = *a; *f = *a; }
void sto(const i128 *a, double *d, float *f) { *d = *a; *f = *a; }
void ufrom(double d, u128 *o) { *o = d; }
void sfrom(float f, i128 *o) { *o = f; }
double powi(double x, int n) { return __builtin_powi(x, n); }
float powif(float x, int n) { return __builtin_powif(x, n); }
void powiv(double *x, int count, int n) { for (int i = 0; i < count; i++) x[i] = __builtin_powi(x[i], n); }
void cmul(const _Complex double *a, const _Complex double *b, _Complex double *o) { *o = *a * *b; }
void cdiv(const _Complex double *a, const _Complex double *b, _Complex double *o) { *o = *a / *b; }
void cmulf(const _Complex float *a, const _Complex float *b, _Complex float *o) { *o = *a * *b; }
void cdivf(const _Complex float *a, const _Complex float *b, _Complex float *o) { *o = *a / *b; }
void half(const _Float16 *a, const _Float16 *b, _Float16 *o, int n) { for (int i = 0; i < n; i++) o[i] = a[i] * b[i] + a[i]; }
void narrow(const double *a, _Float16 *o) { *o = *a; }
void widen(const _Float16 *a, float *o) { *o = *a; }
void brain(const float *a, const double *b, __bf16 *o) { o[0] = (__bf16)*a; o[1] = (__bf16)*b; }
";

const SIGNATURES: &[&str] = &[
    "udiv(a: ptr, b: ptr, o: ptr)",
    "urem(a: ptr, b: ptr, o: ptr)",
    "sdiv(a: ptr, b: ptr, o: ptr)",
    "srem(a: ptr, b: ptr, o: ptr)",
    "udiv10(a: ptr, b: ptr, o: ptr)",
    "udiv1000(a: ptr, b: ptr, o: ptr)",
    "sdiv7(a: ptr, b: ptr, o: ptr)",
    "urem97(a: ptr, b: ptr, o: ptr)",
    "umul(a: ptr, b: ptr, o: ptr)",
    "smulo(a: ptr, b: ptr, o: ptr) -> i32",
    "uto(a: ptr, d: ptr, f: ptr)",
    "sto(a: ptr, d: ptr, f: ptr)",
    "ufrom(d: f64, o: ptr)",
    "sfrom(f: f32, o: ptr)",
    "powi(x: f64, n: i32) -> f64",
    "powif(x: f32, n: i32) -> f32",
    "powiv(x: ptr, count: i32, n: i32)",
    "cmul(a: ptr, b: ptr, o: ptr)",
    "cdiv(a: ptr, b: ptr, o: ptr)",
    "cmulf(a: ptr, b: ptr, o: ptr)",
    "cdivf(a: ptr, b: ptr, o: ptr)",
    "half(a: ptr, b: ptr, o: ptr, n: i32)",
    "narrow(a: ptr, o: ptr)",
    "widen(a: ptr, o: ptr)",
    "brain(a: ptr, b: ptr, o: ptr)",
];

#[test]
fn no_library_call_is_left_on_any_platform_and_level() {
    for platform in Platform::ALL {
        let prepared = pixie_jit::prepare(&request(vec![clang(C, platform, &[])], platform)).unwrap();
        for (_, level) in targets().filter(|(found, _)| *found == platform) {
            for opt in [0, 3] {
                let mut request = compile_request(&prepared.bitcode, platform, level, SIGNATURES);
                request.options.opt = opt;
                let mut found = undefined(&pixie_jit::compile(&request).unwrap(), platform);
                found.retain(|name| name != "_fltused");
                assert!(found.is_empty(), "{platform} {} -O{opt}: {found:?}", level.name);
            }
        }
    }
}

#[test]
fn builtins_and_rebuilt_arithmetic_go_with_debug_metadata() {
    for platform in Platform::ALL {
        let mut prepare = request(vec![clang(C, platform, &["-ffast-math"])], platform);
        prepare.options.debug = true;
        let prepared = pixie_jit::prepare(&prepare).unwrap();
        let mut request = compile_request(&prepared.bitcode, platform, &platform.levels()[0], SIGNATURES);
        request.options.debug = true;
        request.options.reproducible = true;
        let mut found = undefined(&pixie_jit::compile(&request).unwrap(), platform);
        found.retain(|name| name != "_fltused");
        assert!(found.is_empty(), "{platform}: {found:?}");
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod executed {
    use super::{C, SIGNATURES, clang};
    use crate::common::{Loaded, load};
    use pixie_format::Platform;

    fn module() -> Loaded {
        load(clang(C, Platform::Linux64, &[]), SIGNATURES)
    }

    fn address<T>(value: &T) -> u64 {
        (&raw const *value).expose_provenance() as u64
    }

    /// Calls a function of two values by address that writes a third.
    fn binary<T: Copy, R>(module: &Loaded, name: &str, a: T, b: T, mut out: R) -> R {
        let place = (&raw mut out).expose_provenance() as u64;
        module.call(name, &[address(&a), address(&b), place]);
        // SAFETY: the call wrote it through its address.
        unsafe { (&raw const out).read_volatile() }
    }

    /// Numbers of every length, with runs of ones and small differences: where quotient digits are guessed wrong.
    fn numbers() -> Vec<u128> {
        let mut state = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834_u128;
        let mut found = vec![1, 2, 3, 10, u128::MAX, 1 << 127, (1 << 64) - 1, 1 << 64, (1 << 64) + 1];
        for bits in 0..128 {
            state = state.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(1);
            found.extend([
                state >> bits | 1,
                u128::MAX >> bits,
                (u128::MAX >> bits).wrapping_mul(u128::MAX << (bits / 2)) | 1,
            ]);
        }
        found
    }

    #[test]
    fn division_agrees_with_rusts() {
        let module = module();
        let (udiv, urem) =
            (|a, b| binary(&module, "udiv", a, b, 0_u128), |a, b| binary(&module, "urem", a, b, 0_u128));
        for a in numbers() {
            for b in numbers() {
                assert_eq!(udiv(a, b), a / b, "{a} / {b}");
                assert_eq!(urem(a, b), a % b, "{a} % {b}");
                let (x, y) = (a.cast_signed(), b.cast_signed());
                if let Some(quotient) = x.checked_div(y) {
                    assert_eq!(binary(&module, "sdiv", x, y, 0_i128), quotient, "{x} / {y}");
                    assert_eq!(binary(&module, "srem", x, y, 0_i128), x % y, "{x} % {y}");
                }
                let product = binary(&module, "umul", a, b, 0_u128);
                assert_eq!(product, a.wrapping_mul(b));
            }
            assert_eq!(binary(&module, "udiv10", a, a, 0_u128), a / 10);
            assert_eq!(binary(&module, "udiv1000", a, a, 0_u128), a / 1000);
            assert_eq!(binary(&module, "urem97", a, a, 0_u128), a % 97);
            assert_eq!(binary(&module, "sdiv7", a.cast_signed(), 0, 0_i128), a.cast_signed() / 7);
        }
    }

    #[test]
    fn conversions_agree_with_rusts() {
        let module = module();
        for a in numbers() {
            let (mut double, mut float) = (0.0_f64, 0.0_f32);
            let places =
                [(&raw mut double).expose_provenance() as u64, (&raw mut float).expose_provenance() as u64];
            module.call("uto", &[address(&a), places[0], places[1]]);
            // SAFETY: the call above wrote both through their addresses.
            let (d, f) = unsafe { ((&raw const double).read_volatile(), (&raw const float).read_volatile()) };
            assert_eq!((d, f), (a as f64, a as f32), "{a}");
            let x = a.cast_signed();
            module.call("sto", &[address(&x), places[0], places[1]]);
            // SAFETY: as above.
            let (d, f) = unsafe { ((&raw const double).read_volatile(), (&raw const float).read_volatile()) };
            assert_eq!((d, f), (x as f64, x as f32), "{x}");
            let mut back = 0_u128;
            module.call("ufrom", &[(a as f64).to_bits(), (&raw mut back).expose_provenance() as u64]);
            // SAFETY: as above.
            assert_eq!(unsafe { (&raw const back).read_volatile() }, a as f64 as u128);
            let mut back = 0_i128;
            module.call("sfrom", &[(x as f32).to_bits().into(), (&raw mut back).expose_provenance() as u64]);
            // SAFETY: as above.
            assert_eq!(unsafe { (&raw const back).read_volatile() }, x as f32 as i128);
        }
    }

    #[test]
    fn powers_and_complex_numbers() {
        let module = module();
        let powi = |x: f64, n: i32| f64::from_bits(module.call("powi", &[x.to_bits(), n as u64]));
        assert_eq!((powi(2.0, 10), powi(2.0, -2), powi(3.0, 0)), (1024.0, 0.25, 1.0));
        let powif = f32::from_bits(module.call("powif", &[2.0_f32.to_bits().into(), 5]) as u32);
        assert_eq!(powif, 32.0);
        let complex = |name, a: [f64; 2], b| binary(&module, name, a, b, [0.0_f64; 2]);
        assert_eq!(complex("cmul", [1.0, 2.0], [3.0, 4.0]), [-5.0, 10.0]);
        assert_eq!(complex("cdiv", [-5.0, 10.0], [3.0, 4.0]), [1.0, 2.0]);
        // C11 annex G: a product with an infinity is infinite though its parts are NaN; big divisors do not overflow.
        assert!(complex("cmul", [f64::INFINITY, f64::NAN], [1.0, 1.0]).iter().any(|part| part.is_infinite()));
        assert_eq!(complex("cdiv", [1e300, 1e300], [1e300, 1e300]), [1.0, 0.0]);
        assert_eq!(complex("cdiv", [1e-310, 0.0], [1e-310, 0.0]), [1.0, 0.0]);
        let float = |name, a: [f32; 2], b| binary(&module, name, a, b, [0.0_f32; 2]);
        assert_eq!(float("cmulf", [1.0, 2.0], [3.0, 4.0]), [-5.0, 10.0]);
        assert_eq!(float("cdivf", [1e30, 1e30], [1e30, 1e30]), [1.0, 0.0]);
    }

    #[test]
    fn half_precision() {
        let module = module();
        let widen = |bits: u16| {
            let mut out = 0.0_f32;
            module.call("widen", &[address(&bits), (&raw mut out).expose_provenance() as u64]);
            // SAFETY: the call wrote it through its address.
            unsafe { (&raw const out).read_volatile() }
        };
        let narrow = |x: f64| {
            let mut out = 0_u16;
            module.call("narrow", &[address(&x), (&raw mut out).expose_provenance() as u64]);
            // SAFETY: as above.
            unsafe { (&raw const out).read_volatile() }
        };
        for bits in 0..=u16::MAX {
            let wide = widen(bits);
            if wide.is_nan() {
                assert_eq!((bits >> 10) & 0x1F, 0x1F);
            } else {
                assert_eq!(narrow(f64::from(wide)), bits, "{wide}");
            }
        }
        assert_eq!((narrow(65519.9), narrow(65520.0)), (0x7BFF, 0x7C00), "the largest finite number");
        assert_eq!((narrow(2.0_f64.powi(-25)), narrow(2.0_f64.powi(-25) * 1.001)), (0, 1), "the smallest");
        // One rounding: 1 + 2^-11 is a tie, and what binary32 cannot see decides it.
        assert_eq!(narrow(1.0 + 2.0_f64.powi(-11) + 2.0_f64.powi(-40)), 0x3C01);
        let mut out = [0_u16; 2];
        module.call(
            "brain",
            &[
                address(&1.5_f32),
                address(&(1.0 + 2.0_f64.powi(-8) + 2.0_f64.powi(-40))),
                out.as_mut_ptr().expose_provenance() as u64,
            ],
        );
        // SAFETY: as above.
        assert_eq!(unsafe { (&raw const out).read_volatile() }, [0x3FC0, 0x3F81]);
    }
}

/// LLVM folds the calls, so that the compiled functions say what the definitions answer; the numbers are those of the headers.
#[test]
fn classification_answers_as_the_platforms_headers_do() {
    // NaN, infinity, zero, subnormal, normal, in binary32 and binary64, each also with its sign.
    let floats: [u64; 5] = [0x7FF8 << 48, 0x7FF0 << 48, 0, 0x36A0 << 48, 0x3FF0 << 48];
    let doubles: [u64; 5] = [0x7FF8 << 48, 0x7FF0 << 48, 0, 1, 0x3FF0 << 48];
    let classes = |values: [i32; 5]| move |class: usize, _: bool| values[class];
    let (darwin, mingw) = (classes([1, 2, 3, 5, 4]), classes([0x100, 0x500, 0x4000, 0x4400, 0x400]));
    let nan = |class: usize, _: bool| i32::from(class == 0);
    let sign = |_: usize, negative: bool| i32::from(negative);
    type Answer<'a> = &'a dyn Fn(usize, bool) -> i32;
    let functions: [(Platform, &str, &str, Answer<'_>); 8] = [
        (Platform::OsxArm64, "__fpclassifyf", "float", &darwin),
        (Platform::OsxArm64, "__fpclassifyd", "double", &darwin),
        (Platform::Win64, "__fpclassifyf", "float", &mingw),
        (Platform::Win64, "__fpclassify", "double", &mingw),
        (Platform::Win64, "__isnanf", "float", &nan),
        (Platform::Win64, "__isnan", "double", &nan),
        (Platform::Win64, "__signbitf", "float", &sign),
        (Platform::Win64, "__signbit", "double", &sign),
    ];
    for (platform, name, ty, answer) in functions {
        for (class, negative) in (0..5).flat_map(|class| [(class, false), (class, true)]) {
            let bits = if ty == "float" { floats[class] } else { doubles[class] };
            let bits = bits | u64::from(negative) << 63;
            let ir = format!(
                "define i32 @f() {{\n %r = call i32 @{name}({ty} 0x{bits:016X})\n ret i32 %r\n}}\n\
                 declare i32 @{name}({ty})\n"
            );
            let prepared = common::prepare(&ir, platform).unwrap();
            let level = &platform.levels()[0];
            let mut request = compile_request(&prepared.bitcode, platform, level, &["f() -> i32"]);
            request.output = pixie_jit::Output::Ir;
            let text = common::text(pixie_jit::compile(&request).unwrap());
            let expected = format!("ret i32 {}\n", answer(class, negative));
            assert!(text.contains(&expected), "{platform} {name}({bits:#x}) is not {expected}{text}");
            request.output = pixie_jit::Output::Object;
            request.options.opt = 0;
            let mut left = undefined(&pixie_jit::compile(&request).unwrap(), platform);
            left.retain(|name| name != "_fltused");
            assert!(left.is_empty(), "{platform} -O0: {left:?}");
        }
    }
}

/// `BLESS=1` writes the library; otherwise it must be what its source gives.
#[test]
fn the_library_is_made_of_its_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/llvm/builtins");
    let mut command = std::process::Command::new("clang-22");
    command.current_dir(&folder).arg(format!("--target={}", clang_triple(Platform::Linux64)));
    command.args([
        "-std=c17",
        "-ffreestanding",
        "-O2",
        "-fno-vectorize",
        "-fno-slp-vectorize",
        "-fno-unroll-loops",
    ]);
    command.args([
        "-ffp-contract=off",
        "-fno-ident",
        "-fno-pic",
        "-emit-llvm",
        "-S",
        "-o",
        "-",
        "builtins.c",
    ]);
    let made = neutral(&common::text(common::run(&mut command)));
    let kept = folder.join("builtins.ll");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&kept, &made).unwrap();
    }
    assert!(
        made == std::fs::read_to_string(&kept).unwrap(),
        "builtins.ll is not what builtins.c gives; BLESS=1 writes it"
    );
}

/// Without what names a target: layout, triple, flags, processor attributes.
fn neutral(ir: &str) -> String {
    let mut text = String::new();
    for line in ir.lines() {
        if ["target ", "!llvm.module.flags", "; ModuleID"].iter().any(|start| line.starts_with(start)) {
            continue;
        }
        let line = line.replace("define dso_local ", "define ");
        if line.starts_with("attributes ") {
            let words: Vec<&str> = line.split(' ').filter(|word| !word.starts_with('"')).collect();
            text.push_str(&words.join(" "));
        } else {
            text.push_str(&line);
        }
        text.push('\n');
    }
    text
}

/// The library has a local function of that name, which must not stand for the author's.
#[test]
fn an_export_may_be_called_as_a_part_of_the_library_is() {
    let c = "long long divide(long long a, long long b) { return a / b; }\n\
             unsigned long long modular(unsigned long long a, unsigned long long b, unsigned long long m)\n\
             { return (unsigned __int128)a * b % m; }";
    let signatures = ["divide(a: i64, b: i64) -> i64", "modular(a: u64, b: u64, m: u64) -> u64"];
    let module = common::load(clang(c, Platform::Linux64, &[]), &signatures);
    assert_eq!(module.call("divide", &[(-7_i64).cast_unsigned(), 2]), (-3_i64).cast_unsigned());
    assert_eq!(module.call("modular", &[u64::MAX, u64::MAX - 1, 1_000_000_007]), 532_600_269);
}
