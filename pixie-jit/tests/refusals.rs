//! Every refusal, with its whole message: each names the place, what is wrong, the platform and a way out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{clang, prepare, request, source};
use pixie_format::Platform;
use pixie_jit::{PrepareOptions, PrepareRequest};

/// The message for input without a triple.
#[track_caller]
fn refused(ir: &str, platform: Platform, expected: &str) {
    let error = prepare(ir, platform).expect_err("refused");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn text_that_does_not_parse_shows_llvms_words() {
    let message =
        prepare("define void @f() {\n  %x = add i32 1, 2.0\n}", Platform::Linux64).unwrap_err().to_string();
    assert!(
        message.starts_with(
            "`input.ll` is not valid LLVM IR: input.ll:2:19: error: floating point constant invalid for type"
        ),
        "{message}"
    );
}

#[test]
fn bitcode_that_does_not_parse_is_an_error_at_every_length() {
    let bitcode =
        prepare("define i32 @f(i32 %x) {\n  %y = add i32 %x, 1\n  ret i32 %y\n}", Platform::Linux64)
            .unwrap()
            .bitcode;
    for len in 4..bitcode.len() {
        let cut = request(vec![source("cut.bc", &bitcode[..len])], Platform::Linux64);
        let message = pixie_jit::prepare(&cut).expect_err("a cut module").to_string();
        assert!(message.starts_with("`cut.bc` is not valid LLVM bitcode: "), "{len}: {message}");
    }
}

#[test]
fn ir_that_breaks_a_rule_shows_llvms_words() {
    let ir = "define void @f(ptr %p) {\n  ret void\n  store i32 0, ptr %p\n}\ndefine i32 @g() {\na:\n  br label %b\nb:\n  %x = add i32 %y, 1\n  %y = add i32 %x, 1\n  ret i32 %x\n}";
    let message = prepare(ir, Platform::Linux64).unwrap_err().to_string();
    assert!(
        message.contains("Instruction does not dominate all uses")
            || message.contains("is not valid LLVM IR"),
        "{message}"
    );
}

#[test]
fn ifunc() {
    refused(
        "@f = ifunc void (), ptr @choose\ndefine ptr @choose() {\n  ret ptr null\n}",
        Platform::Linux64,
        "`input.ll`: `f`: is an ifunc, chosen by the system's linker when a program starts, which a module for linux-64 may not have\n\
         hint: remove the ifunc or target_clones attribute: each ISA level gets its own variant anyway",
    );
}

#[test]
fn thread_local() {
    refused(
        "@state = thread_local global i32 0",
        Platform::LinuxAarch64,
        "`input.ll`: variable `state`: is thread-local, which a module for linux-aarch64 may not have\n\
         hint: pass the state in as an argument, or keep it on the stack",
    );
}

#[test]
fn constructors() {
    refused(
        "@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @start, ptr null }]\n\
         define void @start() {\n  ret void\n}",
        Platform::OsxArm64,
        "`input.ll`: `start`: is a global constructor, code that runs when a module is loaded, which a module for osx-arm64 may not have\n\
         hint: initialise in a function (in C++, a static variable of one), or make the data constant",
    );
}

#[test]
fn foreign_intrinsics() {
    let ir = "define i32 @sum(<16 x i8> %x) {\n  %y = call <2 x i64> @llvm.x86.sse2.psad.bw(<16 x i8> %x, <16 x i8> zeroinitializer)\n  ret i32 0\n}\n\
              declare <2 x i64> @llvm.x86.sse2.psad.bw(<16 x i8>, <16 x i8>)";
    refused(
        ir,
        Platform::OsxArm64,
        "`input.ll`: function `sum`: uses instructions of another processor (`llvm.x86.sse2.psad.bw`), which a module for osx-arm64 may not have\n\
         hint: write it in portable code, or leave this platform out",
    );
    prepare(ir, Platform::Win64).expect("its own processor");
}

#[test]
fn assembly_in_neutral_input() {
    refused(
        "define void @f() {\n  call void asm sideeffect \"cpuid\", \"~{eax},~{ebx},~{ecx},~{edx}\"()\n  ret void\n}",
        Platform::Linux64,
        "`input.ll`: function `f`: has inline assembly (`cpuid`), which a module for linux-64 may not have\n\
         hint: write it in portable code, or compile the source for each platform",
    );
    refused(
        "module asm \".globl x\"",
        Platform::Linux64,
        "`input.ll`: the file: has top-level assembly, which a module for linux-64 may not have\n\
         hint: write it in portable code, or compile the source for each platform",
    );
}

#[test]
fn an_empty_template_is_fine_everywhere_and_assembly_on_its_own_platform() {
    for platform in Platform::ALL {
        let c = "unsigned f(unsigned x) { __asm__ volatile (\"\" : \"+r\" (x)); return x; }";
        let bitcode = pixie_jit::prepare(&request(vec![clang(c, platform, &[])], platform)).unwrap().bitcode;
        let level = &platform.levels()[0];
        pixie_jit::compile(&common::compile_request(&bitcode, platform, level, &["f(x: u32) -> u32"]))
            .unwrap();
    }
    prepare(
        "define i32 @f(i32 %x) {\n  %y = call i32 asm sideeffect \"\", \"=r,0\"(i32 %x)\n  ret i32 %y\n}",
        Platform::OsxArm64,
    )
    .unwrap();
    let c = "unsigned f(unsigned x) { __asm__ (\"bswap %0\" : \"+r\" (x)); return x; }";
    let own = request(vec![clang(c, Platform::Linux64, &[])], Platform::Linux64);
    pixie_jit::prepare(&own).unwrap();
    let portable = PrepareRequest { options: PrepareOptions { portable: true, debug: false }, ..own };
    let message = pixie_jit::prepare(&portable).unwrap_err().to_string();
    assert!(message.contains("has inline assembly (`bswap $0`)"), "{message}");
}

#[test]
fn long_double() {
    refused(
        "define x86_fp80 @wide(x86_fp80 %x) {\n  ret x86_fp80 %x\n}",
        Platform::Linux64,
        "`input.ll`: function `wide`: uses long double (`x86_fp80`), which a module for linux-64 may not have\n\
         hint: use double: `long double` is a different type on every platform",
    );
    let c = "double f(double x) { long double y = x; return y * y; }";
    for (platform, ty) in [(Platform::Linux64, "x86_fp80"), (Platform::LinuxAarch64, "fp128")] {
        let message =
            pixie_jit::prepare(&request(vec![clang(c, platform, &[])], platform)).unwrap_err().to_string();
        assert!(message.contains(&format!("function `f`: uses long double (`{ty}`)")), "{message}");
    }
    refused(
        "@x = global fp128 0xL00000000000000000000000000000000",
        Platform::Linux64,
        "`input.ll`: variable `x`: uses long double (`fp128`), which a module for linux-64 may not have\n\
         hint: use double: `long double` is a different type on every platform",
    );
}

#[test]
fn variable_arguments_and_foreign_structs_in_neutral_input() {
    refused(
        "define void @log(ptr %format, ...) {\n  ret void\n}",
        Platform::Win64,
        "`input.ll`: function `log`: takes variable arguments, whose layout was fixed for another platform, which a module for win-64 may not have\n\
         hint: give it a fixed number of parameters",
    );
    refused(
        "declare { double, double } @cexp(double, double)",
        Platform::Win64,
        "`input.ll`: function `cexp`: is outside the input and passes a struct or complex number by value (`{ double, double }`) as another platform does, which a module for win-64 may not have\n\
         hint: compile the source for this platform, or add the function's source",
    );
}

#[test]
fn a_triple_serves_its_platform_only() {
    let ir = "target triple = \"x86_64-unknown-linux-gnu\"\ndefine void @f() {\n  ret void\n}";
    refused(
        ir,
        Platform::OsxArm64,
        "`input.ll` was compiled for `x86_64-unknown-linux-gnu`, which serves linux-64 only; asked for osx-arm64\n\
         hint: build with --platform linux-64, or with --portable if nothing in it depends on the platform",
    );
    refused(
        "target triple = \"wasm32-unknown-unknown\"\ntarget datalayout = \"e-m:e-p:32:32-i64:64-n32:64-S128\"",
        Platform::Linux64,
        "`input.ll` was compiled for `wasm32-unknown-unknown`, with 32-bit pointers (data layout `e-m:e-p:32:32-i64:64-n32:64-S128`); asked for linux-64\n\
         hint: compile it for a 64-bit target",
    );
    let portable = PrepareRequest {
        sources: vec![source("input.ll", ir)],
        library: Vec::new(),
        platform: Platform::OsxArm64,
        roots: Vec::new(),
        options: PrepareOptions { portable: true, debug: false },
    };
    let prepared = pixie_jit::prepare(&portable).unwrap();
    assert!(prepared.neutral && prepared.triple.is_empty() && prepared.data_layout.is_empty());
}

#[test]
fn two_definitions_of_one_name() {
    let ir = "define void @f() {\n  ret void\n}";
    let both = request(vec![source("a.ll", ir), source("b.ll", ir)], Platform::Linux64);
    assert_eq!(
        pixie_jit::prepare(&both).unwrap_err().to_string(),
        "`b.ll` cannot be linked with the inputs before it: Linking globals named 'f': symbol multiply defined!"
    );
}

#[test]
fn what_code_generation_refuses_is_said_once_with_the_function() {
    let ir = "define i64 @good(i64 %x) {\n  ret i64 %x\n}\n\
              define internal i64 @inner(i64 %x) noinline {\n  %r = call i64 @llvm.read_register.i64(metadata !0)\n\
              %y = add i64 %r, %x\n  ret i64 %y\n}\n\
              define i64 @outer(i64 %x) {\n  %r = call i64 @inner(i64 %x)\n  ret i64 %r\n}\n\
              declare i64 @llvm.read_register.i64(metadata)\n!0 = !{!\"nonsense\"}";
    for (platform, level) in common::targets() {
        let bitcode = prepare(ir, platform).unwrap().bitcode;
        let signatures = ["good(x: i64) -> i64", "outer(x: i64) -> i64"];
        let request = common::compile_request(&bitcode, platform, level, &signatures);
        let message = pixie_jit::compile(&request).unwrap_err().to_string();
        let expected = format!("cannot compile for {platform}, {}, function `inner`: ", level.name);
        assert!(message.starts_with(&expected), "{message}");
        assert!(message.to_lowercase().contains("invalid register \"nonsense\""), "{message}");
        assert_eq!(message.matches("nonsense").count(), 1, "{message}");
        assert!(!message.contains("<unknown>"), "{message}");
    }
}

#[test]
fn what_no_root_reaches_is_dropped_rather_than_refused() {
    let first = "declare double @shared(double)\n\
                 define double @f(double %x) {\n  %y = call double @shared(double %x)\n  ret double %y\n}\n\
                 define x86_fp80 @wide(x86_fp80 %x) {\n  ret x86_fp80 %x\n}\n";
    let second = "@state = thread_local global i32 0\n\
                  define double @shared(double %x) {\n  ret double %x\n}\n\
                  define ptr @unused() {\n  ret ptr @state\n}\n";
    let all = request(vec![source("first.ll", first), source("second.ll", second)], Platform::Linux64);
    let rooted = |root: &str| {
        let roots = vec![root.to_owned()];
        pixie_jit::prepare(&PrepareRequest { roots, ..all.clone() })
    };
    let prepared = rooted("f").unwrap();
    let names: Vec<&str> = prepared.functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["f", "shared"]);
    assert!(prepared.functions.iter().all(|function| !function.local));
    for (root, refused) in [("wide", "long double"), ("unused", "is thread-local"), ("none", "long double")] {
        let message = rooted(root).unwrap_err().to_string();
        assert!(message.contains(refused), "{root}: {message}");
    }
}
