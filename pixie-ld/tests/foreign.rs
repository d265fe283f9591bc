//! Objects of win-64 executed in this linux-64 process, and compared with the same source compiled for linux-64.
#![cfg(all(feature = "build", feature = "foreign", target_os = "linux", target_arch = "x86_64"))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use pixie_format::Platform;
use pixie_ld::build::pack;
use pixie_ld::{LoadOptions, LoadedModule, load_bytes};

const BOTH: [Platform; 2] = [Platform::Linux64, Platform::Win64];
const OPTIMISATION: [&[&str]; 5] =
    [&["-O0"], &["-O1"], &["-O2"], &["-O3", "-ffunction-sections", "-fdata-sections", "-g"], &["-Os"]];

/// A module for `platform` alone that exports `run` with this signature.
fn module(platform: Platform, signature: &str, source: &str, flags: &[&str]) -> Vec<u8> {
    let mut input = common::input(&[signature]);
    let object = common::object_for(platform, source, flags);
    input.objects.push(common::pack_object(platform, "baseline", object));
    pack(input).unwrap_or_else(|error| panic!("{error}"))
}

fn load(platform: Platform, signature: &str, source: &str, flags: &[&str]) -> LoadedModule {
    let module = module(platform, signature, source, flags);
    let options = LoadOptions::default().run_as(Some(platform));
    let loaded = load_bytes("run", &module, &options).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.platform(), platform);
    loaded
}

fn call(module: &LoadedModule, slots: &[u64]) -> u64 {
    let mut result = 0;
    // SAFETY: the tests give as many slots as their signatures have parameters, in the form of the spec.
    unsafe { module.export("run").unwrap().call(slots.as_ptr(), &mut result) };
    result
}

/// `run(x: u64) -> u64` gives the same on both platforms, at every optimisation.
fn same(source: &str, flags: &[&str], xs: impl Iterator<Item = u64> + Clone) {
    let thunk =
        "\nvoid __pixie_thunk_run(const unsigned long long *a, unsigned long long *r) { *r = run(a[0]); }\n";
    for optimisation in OPTIMISATION {
        let flags = [optimisation, flags].concat();
        let [linux, windows] =
            BOTH.map(|platform| load(platform, "run(x: u64) -> u64", &format!("{source}{thunk}"), &flags));
        for x in xs.clone() {
            assert_eq!(call(&windows, &[x]), call(&linux, &[x]), "{flags:?}: run({x})");
        }
    }
}

fn fixture(name: &str) {
    let mut source = std::fs::read_to_string(common::fixtures().join(name)).unwrap();
    let own = source.lines().next().and_then(|line| line.strip_prefix("// flags:")).unwrap_or("").to_owned();
    let mut flags: Vec<&str> = own.split_whitespace().filter(|flag| !flag.starts_with("-l")).collect();
    // COFF knows no larger alignment.
    source = ["16384", "16383", "65536", "65535"].into_iter().fold(source, |source, number| {
        source.replace(number, if number.ends_with('4') || number.ends_with('6') { "8192" } else { "8191" })
    });
    if name.ends_with(".cpp") {
        flags.extend(["-x", "c++", "-fno-exceptions", "-fno-rtti"]);
        source +=
            "\nextern \"C\" void __pixie_thunk_run(const unsigned long long *a, unsigned long long *r);\n";
    }
    same(&source, &flags, (0..200).chain([u64::MAX, 1 << 40, 12_345_678_901_234_567]));
}

macro_rules! fixtures {
    ($($test:ident: $file:literal;)*) => { $(#[test] fn $test() { fixture($file) })* };
}

// All but those for which the processor's or the format's own features are the point.
fixtures! {
    data: "data.c";
    rodata: "rodata.c";
    jump_table: "jump_table.c";
    lookup_table: "lookup_table.c";
    weak: "weak.c";
    common_symbols: "common.c";
    pointers: "pointers.c";
    host_functions: "host_functions.c";
    big_zeroes: "big_zeroes.c";
    alignment: "alignment.c";
    builtin_cpu: "builtin_cpu.c";
    target_avx2: "target_avx2.c";
    inline_functions: "inline_functions.cpp";
}

/// More values than fit registers, alive across calls of host functions: Windows keeps xmm6 to xmm15, Linux none.
#[test]
fn registers_survive_calls_of_the_host() {
    let source = "
        double sin(double), fmod(double, double);
        void *memset(void *, int, unsigned long long);
        unsigned long long run(unsigned long long x) {
            double v[14];
            for (int i = 0; i < 14; i++) v[i] = (double)((x >> i) & 7) + i * 0.25;
            double a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7],
                   i = v[8], j = v[9], k = v[10], l = v[11], m = v[12], n = v[13];
            for (int round = 0; round < 5; round++) {
                double s = sin(a + n);
                a += b * s; b -= c; c += d; d *= 0.5; e += f; f -= s; g += h;
                h += fmod(i, 1.5); i += j; j -= k; k += l; l *= 0.75; m += n; n -= a;
            }
            union { double d; unsigned long long u; } bits = {a+b+c+d+e+f+g+h+i+j+k+l+m+n};
            return bits.u;
        }";
    same(source, &["-ffp-contract=off"], (0..1000).map(|x| x * 7919));
}

/// Every register that Windows has a callee keep, set, and looked at after calls of host functions.
#[test]
fn what_a_callee_keeps_is_kept() {
    let kept = ["rbx", "rbp", "rdi", "rsi", "r12", "r13", "r14", "r15"];
    let each = |line: fn(usize, &str) -> String| {
        kept.iter().enumerate().map(|(index, register)| line(index, register)).collect::<String>()
    };
    let vectors = |line: fn(usize) -> String| (6..16).map(line).collect::<String>();
    let calls =
        ["movsd one(%rip), %xmm0\n call sin", "movl $4096, %ecx\n call malloc\n movq %rax, %rcx\n call free"];
    for (number, call) in calls.iter().enumerate() {
        let source = [
            ".globl run\nrun: .globl __pixie_thunk_run\n__pixie_thunk_run:\n".to_owned(),
            each(|_, register| format!(" pushq %{register}\n")),
            " subq $248, %rsp\n movq %rdx, 40(%rsp)\n".to_owned(),
            vectors(|number| format!(" movups %xmm{number}, {}(%rsp)\n", 48 + 16 * (number - 6))),
            each(|index, register| format!(" movq $0x1234567{index}, %{register}\n")),
            vectors(|number| format!(" movups pattern+{}(%rip), %xmm{number}\n", 16 * (number - 6))),
            format!(" {call}\n xorl %r9d, %r9d\n"),
            each(|index, register| format!(" cmpq $0x1234567{index}, %{register}\n setne %al\n orb %al, %r9b\n")),
            vectors(|number| {
                let at = 16 * (number - 6);
                format!(" movups pattern+{at}(%rip), %xmm0\n pcmpeqb %xmm{number}, %xmm0\n pmovmskb %xmm0, %eax\n \
                         cmpl $0xffff, %eax\n setne %al\n orb %al, %r9b\n")
            }),
            vectors(|number| format!(" movups {}(%rsp), %xmm{number}\n", 48 + 16 * (number - 6))),
            " movq 40(%rsp), %rdx\n xorq $1, %r9\n movq %r9, (%rdx)\n addq $248, %rsp\n".to_owned(),
            kept.iter().rev().map(|register| format!(" popq %{register}\n")).collect(),
            " ret\n .section .rdata,\"dr\"\none: .double 1.0\npattern:\n".to_owned(),
            (0..20).map(|word| format!(" .quad 0x0102030405060708 + {word}\n")).collect(),
        ]
        .concat();
        let module = load(
            Platform::Win64,
            "run() -> u64",
            &source,
            &["-x", "assembler", "-Wno-unused-command-line-argument"],
        );
        assert_eq!(call_none(&module), 1, "call {number}");
    }
}

fn call_none(module: &LoadedModule) -> u64 {
    call(module, &[0])
}

#[test]
fn many_arguments_of_every_kind() {
    let source = "
        typedef unsigned long long u64;
        static double from(u64 bits) { union { u64 u; double d; } x = {bits}; return x.d; }
        static float low(u64 bits) { union { unsigned u; float f; } x = {(unsigned)bits}; return x.f; }
        __attribute__((noinline)) double mixed(double a, int b, float c, long long d, double e, signed char f,
            unsigned short g, float h, const double *i, unsigned char j, double k)
        { return a + 2.0*b + 3.0*c + 5.0*d + 7.0*e + 11.0*f + 13.0*g + 17.0*h + 19.0*i[1] + 23.0*j + 29.0*k; }
        double run(double a, int b, float c, long long d, double e, signed char f, unsigned short g, float h,
            const double *i, unsigned char j, double k) { return mixed(a, b, c, d, e, f, g, h, i, j, k); }
        void __pixie_thunk_run(const u64 *a, u64 *r) {
            union { double d; u64 u; } out = {run(from(a[0]), (int)a[1], low(a[2]), (long long)a[3], from(a[4]),
                (signed char)a[5], (unsigned short)a[6], low(a[7]), (const double *)a[8], (unsigned char)a[9], from(a[10]))};
            *r = out.u;
        }";
    let signature =
        "run(a: f64, b: i32, c: f32, d: i64, e: f64, f: i8, g: u16, h: f32, i: f64[2], j: u8, k: f64) -> f64";
    let array = [0.5, 0.25];
    let slots = [
        1.5f64.to_bits(),
        (-3i64).cast_unsigned(),
        2.5f32.to_bits().into(),
        (-40i64).cast_unsigned(),
        8.25f64.to_bits(),
        (-7i64).cast_unsigned(),
        65_000,
        0.125f32.to_bits().into(),
        array.as_ptr().expose_provenance() as u64,
        200,
        (-1.0f64).to_bits(),
    ];
    let terms = [
        (1.0, 1.5),
        (2.0, -3.0),
        (3.0, 2.5),
        (5.0, -40.0),
        (7.0, 8.25),
        (11.0, -7.0),
        (13.0, 65_000.0),
        (17.0, 0.125),
        (19.0, 0.25),
        (23.0, 200.0),
        (29.0, -1.0),
    ];
    let expected: f64 = terms.iter().map(|(factor, value)| factor * value).sum();
    for flags in OPTIMISATION {
        let module = load(Platform::Win64, signature, source, flags);
        assert_eq!(f64::from_bits(call(&module, &slots)), expected, "{flags:?}");
    }
}

/// Frames of a page and more, which begin with a call of `__chkstk`, also at the edges of pages.
#[test]
fn large_frames() {
    for size in [4000, 4096, 4104, 8192, 65_536, 1_000_000] {
        let source = format!(
            "__attribute__((noinline)) static unsigned long long deep(unsigned char *p, unsigned long long x) {{
                unsigned long long sum = x; for (int i = 0; i < {size}; i += 97) {{ p[i] = (unsigned char)(x + i); sum = sum * 31 + p[i]; }}
                return sum; }}
             unsigned long long run(unsigned long long x) {{ unsigned char frame[{size}]; return deep(frame, x) + frame[97]; }}"
        );
        same(&source, &[], [0, 1, 77, u64::MAX].into_iter());
    }
}

#[test]
fn chkstk_keeps_every_register() {
    let all = ["rcx", "rdx", "r8", "r9", "r10", "r11"];
    let source = [
        ".globl run\nrun: .globl __pixie_thunk_run\n__pixie_thunk_run:\n pushq %rdx\n".to_owned(),
        all.iter().enumerate().map(|(at, register)| format!(" movq $0x1000{at}, %{register}\n")).collect(),
        " movups pattern(%rip), %xmm0\n movups pattern(%rip), %xmm5\n movl $100000, %eax\n call __chkstk\n".to_owned(),
        " cmpq $100000, %rax\n jne wrong\n".to_owned(),
        all.iter().enumerate().map(|(at, register)| format!(" cmpq $0x1000{at}, %{register}\n jne wrong\n")).collect(),
        " pcmpeqb %xmm5, %xmm0\n pmovmskb %xmm0, %eax\n cmpl $0xffff, %eax\n jne wrong\n popq %rdx\n movq $1, (%rdx)\n \
         ret\nwrong: popq %rdx\n movq $0, (%rdx)\n ret\n .section .rdata,\"dr\"\npattern: .quad 1, 2\n"
            .to_owned(),
    ]
    .concat();
    let module = load(
        Platform::Win64,
        "run() -> u64",
        &source,
        &["-x", "assembler", "-Wno-unused-command-line-argument"],
    );
    assert_eq!(call_none(&module), 1);
}

/// `long` has 32 bits there: in the slots, and in what the C library returns.
#[test]
fn long_has_the_width_of_the_guest() {
    let source = "
        long lrint(double);
        long run(double x) { return lrint(x); }
        void __pixie_thunk_run(const unsigned long long *a, unsigned long long *r) {
            union { unsigned long long u; double d; } x = {a[0]}; *r = (unsigned long long)(long long)run(x.d); }";
    let [linux, windows] =
        BOTH.map(|platform| load(platform, "run(x: f64) -> long", source, &["-fno-builtin"]));
    for (x, on_linux, on_windows) in [
        (-2.5, -2, -2),
        (2_147_483_647.0, 2_147_483_647, 2_147_483_647),
        (-2_147_483_648.0, -2_147_483_648, -2_147_483_648),
        (2_147_483_648.0, 2_147_483_648, -2_147_483_648),
        (1e12, 1_000_000_000_000, -2_147_483_648),
    ] {
        assert_eq!(call(&linux, &[f64::to_bits(x)]).cast_signed(), on_linux);
        assert_eq!(call(&windows, &[f64::to_bits(x)]).cast_signed(), on_windows);
    }
}

/// Addresses of host functions: by `lea` in code, in a table, through a dllimport cell. All are the same one.
#[test]
fn a_function_has_one_address() {
    let source = "
        double sin(double);
        __declspec(dllimport) double cos(double);
        static double (*const table[])(double) = {sin, cos};
        __attribute__((noinline)) static int same(double (*f)(double), int at) { return f == ((double (*const volatile *)(double))table)[at]; }
        unsigned long long run(unsigned long long x) {
            double (*volatile f)(double) = sin, (*volatile g)(double) = cos;
            return same(sin, 0) + 2 * same(cos, 1) + 4 * (f(0.5) == sin(0.5)) + 8 * (g(0.5) == cos(0.5)) + x;
        }
        void __pixie_thunk_run(const unsigned long long *a, unsigned long long *r) { *r = run(a[0]); }";
    for flags in OPTIMISATION {
        let flags = [flags, &["-fno-builtin"]].concat();
        let module = load(Platform::Win64, "run(x: u64) -> u64", source, &flags);
        assert_eq!(call(&module, &[16]), 31, "{flags:?}");
    }
}

/// The guest's variants are chosen by this processor's features, or forced.
#[test]
fn levels_of_the_guest() {
    let source = "
        typedef unsigned long long u64;
        u64 run(u64 x) {
        #ifdef __AVX2__
            return x + 3;
        #else
            return x + 1;
        #endif
        }
        void __pixie_thunk_run(const u64 *a, u64 *r) { *r = run(a[0]); }";
    let mut input = common::input(&["run(x: u64) -> u64"]);
    for level in ["x86-64", "x86-64-v3"] {
        let object = common::object_for(Platform::Win64, source, &[&format!("-march={level}")]);
        input.objects.push(common::pack_object(Platform::Win64, level, object));
    }
    let bytes = pack(input).unwrap();
    let load = |isa: Option<&str>| {
        let options = LoadOptions::with_isa(isa.map(str::to_owned)).run_as(Some(Platform::Win64));
        load_bytes("levels", &bytes, &options)
    };
    let best = load(None).unwrap();
    assert_eq!(call(&best, &[0]), if best.variant().isa == "x86-64-v3" { 3 } else { 1 });
    let forced = load(Some("x86-64")).unwrap();
    assert_eq!((forced.variant().isa.as_str(), call(&forced, &[0])), ("x86-64", 1));
    assert!(forced.selection().forced && !forced.selection().refused.is_empty());
    let unknown = load(Some("x86-64-v9")).unwrap_err().to_string();
    assert!(unknown.contains("has no variant `x86-64-v9` for win-64"), "{unknown}");
}

#[test]
fn what_cannot_run_is_refused() {
    let module = module(
        Platform::Win64,
        "run(x: u64) -> u64",
        "unsigned long long run(unsigned long long x) { return x; }\n\
        void __pixie_thunk_run(const unsigned long long *a, unsigned long long *r) { *r = run(a[0]); }",
        &[],
    );
    let error =
        load_bytes("m", &module, &LoadOptions::default().run_as(Some(Platform::OsxArm64))).unwrap_err();
    assert!(
        error.to_string().starts_with("objects of osx-arm64 cannot run on linux-64\nhint: linux-64 runs"),
        "{error}"
    );
    let error =
        load_bytes("m", &module, &LoadOptions::default().run_as(Some(Platform::Linux64))).unwrap_err();
    assert!(error.to_string().starts_with("`m` holds no objects for linux-64, only for win-64"), "{error}");
}
