//! From C and IR to objects: every platform and level, derived types, processor attributes, determinism, neutrality.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::process::Command;

use common::{clang, compile_request, prepare, request, run, source, targets, text, undefined};
use pixie_format::{IsaLevel, Platform};
use pixie_jit::{CompileRequest, Output, PrepareOptions, PrepareRequest, Prepared, Warning, signatures};

const KERNELS: &str = r"
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
double dot(const double *restrict a, const double *restrict b, size_t n)
{ double s = 0; for (size_t i = 0; i < n; i++) s += a[i] * b[i]; return s; }
void axpy(double alpha, const double *restrict x, double *restrict y, int32_t n)
{ for (int32_t i = 0; i < n; i++) y[i] += alpha * x[i]; }
long add(long a, unsigned long b, int64_t c, uint64_t d, long long e) { return a + (long)b + (long)c + (long)d + (long)e; }
float pick(bool b, float x, int8_t y, uint16_t z, unsigned w) { return b ? x : y + z + w; }
typedef enum { RED, GREEN } colour;
colour next(colour c) { return c == RED ? GREEN : RED; }
";

const SIGNATURES: &[&str] =
    &["dot(a: f64[n], b: f64[n], n: usize) -> f64", "axpy(alpha: f64, x: f64[n], y: inout f64[n], n: i32)"];

fn prepared(c: &str, platform: Platform) -> Prepared {
    pixie_jit::prepare(&request(vec![clang(c, platform, &[])], platform)).unwrap()
}

fn ir(request: &CompileRequest) -> String {
    text(pixie_jit::compile(&CompileRequest { output: Output::Ir, ..request.clone() }).unwrap())
}

#[test]
fn every_platform_and_level_gives_an_object_of_its_format() {
    for (platform, level) in targets() {
        let bitcode = prepared(KERNELS, platform).bitcode;
        let object = pixie_jit::compile(&compile_request(&bitcode, platform, level, SIGNATURES)).unwrap();
        let magic: &[u8] = match platform {
            Platform::Linux64 | Platform::LinuxAarch64 => b"\x7FELF",
            Platform::OsxArm64 => &[0xCF, 0xFA, 0xED, 0xFE],
            Platform::Win64 => &[0x64, 0x86],
        };
        assert!(object.starts_with(magic), "{platform} {}", level.name);
        let allowed: &[&str] = if platform == Platform::Win64 { &["_fltused"] } else { &[] };
        assert_eq!(undefined(&object, platform), allowed, "{platform} {}", level.name);
    }
}

#[test]
fn signatures_are_derived_alike_for_every_triple() {
    for platform in Platform::ALL {
        let functions = prepared(KERNELS, platform).functions;
        let derived: Vec<String> = ["dot", "axpy", "add", "pick", "next"]
            .iter()
            .map(|name| signatures::derive(&functions, platform, name).unwrap().signature.to_string())
            .collect();
        assert_eq!(
            derived,
            [
                "dot(a: ptr, b: ptr, n: usize) -> f64",
                "axpy(alpha: f64, x: ptr, y: ptr, n: i32)",
                "add(a: long, b: ulong, c: i64, d: u64, e: i64) -> long",
                "pick(b: bool, x: f32, y: i8, z: u16, w: u32) -> f32",
                // MSVC's enums are int, the others' unsigned where no value is negative; mingw's dialect is the latter.
                "next(c: u32) -> u32",
            ],
            "{platform}"
        );
        let restrict = signatures::derive(&functions, platform, "axpy").unwrap().restrict;
        assert_eq!(restrict, [1, 2], "{platform}");
        let location =
            functions.iter().find(|function| function.name == "dot").and_then(|dot| dot.location());
        assert_eq!(location, Some("input.c:5"));
    }
}

#[test]
fn debug_metadata_is_stored_and_compiled_only_when_asked_for() {
    let platform = Platform::Linux64;
    let source = clang(KERNELS, platform, &[]);
    let with = |debug| {
        let options = PrepareOptions { portable: false, debug };
        pixie_jit::prepare(&PrepareRequest {
            sources: vec![source.clone()],
            library: Vec::new(),
            platform,
            roots: Vec::new(),
            options,
        })
        .unwrap()
    };
    let (slim, full) = (with(false), with(true));
    assert_eq!(slim.functions, full.functions);
    assert!(slim.bitcode.len() < full.bitcode.len());
    let level = &platform.levels()[0];
    let mut request = compile_request(&full.bitcode, platform, level, SIGNATURES);
    let bare = pixie_jit::compile(&request).unwrap();
    assert!(
        bare == pixie_jit::compile(&compile_request(&slim.bitcode, platform, level, SIGNATURES)).unwrap()
    );
    request.options.debug = true;
    let debug = pixie_jit::compile(&request).unwrap();
    assert!(debug.windows(10).any(|bytes| bytes == b"debug_line") && debug.len() > bare.len());
}

#[test]
fn the_same_input_gives_the_same_bytes_wherever_it_lies() {
    for platform in Platform::ALL {
        let c = clang(KERNELS, platform, &[]);
        let named = |name: &str| source(name, &c.bytes);
        let one = pixie_jit::prepare(&request(vec![named("/home/ann/input.bc")], platform)).unwrap();
        let two = pixie_jit::prepare(&request(vec![named("C:\\build\\input.bc")], platform)).unwrap();
        assert!(one.bitcode == two.bitcode, "{platform}");
        assert!(!one.bitcode.windows(4).any(|bytes| bytes == b"/tmp" || bytes == b"home"));
        let request = compile_request(&one.bitcode, platform, &platform.levels()[0], SIGNATURES);
        assert!(pixie_jit::compile(&request).unwrap() == pixie_jit::compile(&request).unwrap(), "{platform}");
    }
}

#[test]
fn neutral_input_gives_the_same_bitcode_for_every_platform() {
    let ir = "define double @f(ptr noalias %x, i64 %n) {\n  %p = getelementptr double, ptr %x, i64 %n\n\
              %v = load double, ptr %p\n  ret double %v\n}";
    let all: Vec<Prepared> = Platform::ALL.iter().map(|platform| prepare(ir, *platform).unwrap()).collect();
    assert!(all.iter().all(|other| *other == all[0]));
    assert!(all[0].neutral && all[0].triple.is_empty() && all[0].data_layout.is_empty());
    for (platform, level) in targets() {
        pixie_jit::compile(&compile_request(
            &all[0].bitcode,
            platform,
            level,
            &["f(x: f64[n], n: usize) -> f64"],
        ))
        .unwrap();
    }
}

#[test]
fn a_triple_of_another_spelling_becomes_the_platforms_own() {
    let win = prepared(KERNELS, Platform::Win64);
    assert_eq!((win.neutral, win.triple.as_str()), (false, "x86_64-pc-windows-msvc"));
    assert!(win.data_layout.starts_with("e-m:w-"), "{}", win.data_layout);
    assert!(win.producers.iter().any(|name| name.contains("clang version 22")), "{:?}", win.producers);
}

#[test]
fn stored_bitcode_has_no_vectors_that_its_input_had_not() {
    for platform in Platform::ALL {
        let found = pixie_jit::vector_types(&prepared(KERNELS, platform).bitcode).unwrap();
        assert_eq!(found, [""; 0], "{platform}");
    }
    let vectors =
        "define <4 x float> @f(<4 x float> %x) {\n  %y = fadd <4 x float> %x, %x\n  ret <4 x float> %y\n}";
    let prepared = prepare(vectors, Platform::Linux64).unwrap();
    assert_eq!(pixie_jit::vector_types(&prepared.bitcode).unwrap(), ["<4 x float>"]);
    let expected = Warning::Vectorised {
        file: "input.ll".to_owned(),
        functions: vec!["f".to_owned()],
        vector: "<4 x float>".to_owned(),
    };
    assert_eq!(prepared.warnings, [expected]);
}

#[test]
fn a_variable_that_can_be_written_gets_a_warning() {
    let c = "static int calls; static const int table[2] = {1, 2}; int f(int i) { calls++; return table[i & 1]; }";
    let warnings: Vec<String> =
        prepared(c, Platform::Linux64).warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "`input.c`: variable `calls` can be written, and is shared by all threads and callers of the process"
        ]
    );
    let c = "int a, b, c, d, e; int f(int i) { return a = b += c -= d *= e |= i; }";
    let warnings: Vec<String> =
        prepared(c, Platform::Linux64).warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "`input.c`: variables `e`, `d`, `c`, 2 more can be written, and are shared by all threads and callers of the process"
        ]
    );
}

/// The functions of textual IR with the attributes of each, resolved.
fn attributes_of(ir: &str, function: &str) -> String {
    let define = ir
        .lines()
        .find(|line| line.starts_with("define ") && line.contains(&format!("@{function}(")))
        .unwrap();
    let group = define.rsplit_once('#').unwrap().1.split(' ').next().unwrap();
    ir.lines().find(|line| line.starts_with(&format!("attributes #{group} "))).unwrap().to_owned()
}

fn level(platform: Platform, name: &str) -> &'static IsaLevel {
    platform.level(name).unwrap()
}

#[test]
fn the_producers_processor_goes_and_the_levels_comes() {
    let platform = Platform::Linux64;
    // As zig does it, on every function.
    let c =
        clang(KERNELS, platform, &["-march=x86-64-v4", "-fstack-protector-all", "-fno-omit-frame-pointer"]);
    let bitcode = pixie_jit::prepare(&request(vec![c], platform)).unwrap().bitcode;
    let attributes = |name| {
        attributes_of(&ir(&compile_request(&bitcode, platform, level(platform, name), SIGNATURES)), "axpy")
    };
    let found = attributes("x86-64");
    assert!(found.contains("\"target-cpu\"=\"x86-64\"") && !found.contains("target-features"), "{found}");
    assert!(
        !found.contains("ssp") && !found.contains("frame-pointer") && !found.contains("tune-cpu"),
        "{found}"
    );
    let found = attributes("x86-64-v4");
    assert!(
        found.contains("\"target-cpu\"=\"x86-64-v4\"") && found.contains("\"prefer-vector-width\"=\"512\""),
        "{found}"
    );
}

#[test]
fn a_function_that_asks_for_more_keeps_it_on_top_of_the_level() {
    let c = "#include <immintrin.h>\n\
        __attribute__((target(\"avx2\"), noinline)) static void wide(char *o) { __m256i x = _mm256_loadu_si256((void *)o);\n\
        _mm256_storeu_si256((void *)o, _mm256_sign_epi8(x, x)); }\n\
        void f(char *o) { if (__builtin_cpu_supports(\"avx2\")) wide(o); else *o = 0; }";
    for platform in [Platform::Linux64, Platform::Win64] {
        let prepared = prepared(c, platform);
        assert_eq!(prepared.warnings, []);
        for found in platform.levels() {
            let request = compile_request(&prepared.bitcode, platform, found, &["f(o: ptr)"]);
            let ir = ir(&request);
            assert!(attributes_of(&ir, "wide").contains("+avx2"));
            assert!(!attributes_of(&ir, "f").contains("+avx2"));
            let missing = undefined(&pixie_jit::compile(&request).unwrap(), platform);
            assert!(missing.contains(&"__cpu_model".to_owned()), "{missing:?}");
        }
    }
}

#[test]
fn a_file_whose_functions_all_ask_for_the_same_builds_with_a_warning() {
    let c = "typedef char v32 __attribute__((vector_size(32)));\n\
        __attribute__((target(\"avx2\"))) void f(v32 *o) { *o = (v32)__builtin_ia32_psignb256(*o, *o); }";
    let prepared = prepared(c, Platform::Linux64);
    assert!(
        matches!(prepared.warnings.as_slice(), [Warning::FixedFeatures { function, features, .. }] if function == "f" && features.contains("avx2")),
        "{:?}",
        prepared.warnings
    );
    let request = compile_request(
        &prepared.bitcode,
        Platform::Linux64,
        level(Platform::Linux64, "x86-64"),
        &["f(o: ptr)"],
    );
    pixie_jit::compile(&request).unwrap();
}

#[test]
fn contraction_follows_the_source_and_reproducible_turns_it_off() {
    let c = "double f(double a, double b, double c) { return a * b + c; }";
    for (platform, name, fused) in
        [(Platform::Linux64, "x86-64-v3", "vfmadd"), (Platform::OsxArm64, "apple-m1", "fmadd")]
    {
        for flags in [["-ffp-contract=on"], ["-ffp-contract=fast"]] {
            let bitcode =
                pixie_jit::prepare(&request(vec![clang(c, platform, &flags)], platform)).unwrap().bitcode;
            let mut request = compile_request(
                &bitcode,
                platform,
                level(platform, name),
                &["f(a: f64, b: f64, c: f64) -> f64"],
            );
            request.output = Output::Assembly;
            assert!(text(pixie_jit::compile(&request).unwrap()).contains(fused), "{platform}");
            request.options.reproducible = true;
            let apart = text(pixie_jit::compile(&request).unwrap());
            assert!(!apart.contains(fused), "{platform}: {apart}");
        }
    }
}

#[test]
fn a_chosen_vector_width_is_used() {
    let platform = Platform::Linux64;
    let bitcode = prepared(KERNELS, platform).bitcode;
    let mut request = compile_request(&bitcode, platform, level(platform, "x86-64-v4"), SIGNATURES);
    request.output = Output::Assembly;
    assert!(text(pixie_jit::compile(&request).unwrap()).contains("%zmm"));
    request.isa.vector_width = Some(256);
    let narrow = text(pixie_jit::compile(&request).unwrap());
    assert!(narrow.contains("%ymm") && !narrow.contains("%zmm"));
}

#[test]
fn elf_sections_comdats_and_imports_suit_every_format() {
    let ir = "$inline = comdat any\n@table = internal constant [2 x i32] [i32 1, i32 2], section \".rodata.mine\"\n\
        define linkonce_odr i32 @inline(i32 %i) section \".text.mine\" comdat {\n  %p = getelementptr i32, ptr @table, i32 %i\n\
        %v = load i32, ptr %p\n  ret i32 %v\n}\ndeclare dllimport double @sin(double)\n\
        define dllexport protected double @f(double %x, i32 %i) {\n  %y = call double @sin(double %x)\n\
        %k = call i32 @inline(i32 %i)\n  %z = sitofp i32 %k to double\n  %s = fadd double %y, %z\n  ret double %s\n}";
    let ir = ir.replace("dllexport protected", "protected");
    for (platform, level) in targets() {
        let bitcode = prepare(&ir, platform).unwrap().bitcode;
        let object =
            pixie_jit::compile(&compile_request(&bitcode, platform, level, &["f(x: f64, i: i32) -> f64"]))
                .unwrap();
        let mut missing = undefined(&object, platform);
        missing.retain(|name| name != "_fltused");
        assert_eq!(missing, ["sin"], "{platform}");
    }
}

#[test]
fn declarations_that_were_thought_near_are_reached_like_any_other() {
    let ir = "@far = external dso_local global i32\ndeclare dso_local double @sin(double)\n\
        define dso_local double @f(double %x) {\n  %v = load i32, ptr @far\n  %d = sitofp i32 %v to double\n\
        %y = call double @sin(double %d)\n  ret double %y\n}";
    let platform = Platform::Linux64;
    let bitcode = prepare(ir, platform).unwrap().bitcode;
    let mut request = compile_request(&bitcode, platform, &platform.levels()[0], &["f(x: f64) -> f64"]);
    request.output = Output::Assembly;
    let assembly = text(pixie_jit::compile(&request).unwrap());
    assert!(assembly.contains("far@GOTPCREL") && assembly.contains("sin@PLT"), "{assembly}");
}

#[test]
fn several_inputs_become_one_module() {
    let platform = Platform::Linux64;
    let a = source(
        "a.ll",
        "declare i32 @helper(i32)\ndefine i32 @f(i32 %x) {\n  %y = call i32 @helper(i32 %x)\n  ret i32 %y\n}",
    );
    let b = clang("int helper(int x) { return x * 3; }", platform, &[]);
    let prepared = pixie_jit::prepare(&request(vec![a, b], platform)).unwrap();
    assert!(!prepared.neutral, "one of them has a triple");
    let object = pixie_jit::compile(&compile_request(
        &prepared.bitcode,
        platform,
        &platform.levels()[0],
        &["f(x: i32) -> i32"],
    ))
    .unwrap();
    assert_eq!(undefined(&object, platform), [""; 0]);
}

#[test]
fn large_frames_and_floats_need_the_two_windows_symbols_only() {
    let c = "double f(double x, int i) { volatile char big[100000]; big[i] = 1; return x + big[i / 2]; }";
    let platform = Platform::Win64;
    let bitcode = prepared(c, platform).bitcode;
    let object = pixie_jit::compile(&compile_request(
        &bitcode,
        platform,
        &platform.levels()[0],
        &["f(x: f64, i: i32) -> f64"],
    ))
    .unwrap();
    let mut found = undefined(&object, platform);
    found.sort();
    assert_eq!(found, ["__chkstk", "_fltused"]);
}

#[test]
fn every_optimisation_level_compiles() {
    for platform in Platform::ALL {
        let bitcode = prepared(KERNELS, platform).bitcode;
        let sizes: Vec<usize> = (0..=3)
            .map(|opt| {
                let mut request = compile_request(&bitcode, platform, &platform.levels()[0], SIGNATURES);
                request.options.opt = opt;
                pixie_jit::compile(&request).unwrap().len()
            })
            .collect();
        assert!(sizes.iter().all(|size| *size > 0), "{platform}: {sizes:?}");
    }
}

#[test]
fn rust_without_its_own_passes_is_neutral_enough() {
    let rust = "#![no_std]\n#![crate_type = \"lib\"]\n\
        #[panic_handler] fn stop(_: &core::panic::PanicInfo) -> ! { loop {} }\n\
        #[unsafe(no_mangle)] pub unsafe extern \"C\" fn total(x: *const f64, n: usize) -> f64 {\n\
        let mut sum = 0.0; for i in 0..n { sum += unsafe { *x.add(i) }; } sum }\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lib.rs"), rust).unwrap();
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(folder.path()).args([
        "--emit=llvm-bc",
        "-C",
        "no-prepopulate-passes",
        "-C",
        "panic=abort",
    ]);
    run(command.args(["--target", "x86_64-unknown-linux-gnu", "-O", "-o", "lib.bc", "lib.rs"]));
    let bytes = std::fs::read(folder.path().join("lib.bc")).unwrap();
    for (platform, level) in targets() {
        let options = PrepareOptions { portable: true, debug: false };
        let request = PrepareRequest {
            sources: vec![source("lib.bc", &bytes)],
            library: Vec::new(),
            platform,
            roots: Vec::new(),
            options,
        };
        let prepared = pixie_jit::prepare(&request).unwrap();
        assert!(prepared.neutral);
        let request =
            compile_request(&prepared.bitcode, platform, level, &["total(x: f64[n], n: usize) -> f64"]);
        let mut missing = undefined(&pixie_jit::compile(&request).unwrap(), platform);
        missing.retain(|name| name != "_fltused");
        assert_eq!(missing, [""; 0], "{platform}");
    }
}
