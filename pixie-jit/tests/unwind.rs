//! Every function of an object has an unwind table entry, whatever its producer wrote, and thunks have lines where there are any.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::process::Command;

use common::{clang, compile_request, prepare, request, run, targets, text};
use pixie_format::Platform;

/// Nothing here asks for tables, and nothing can throw; the call of a declared function needs a frame.
const IR: &str = "
declare double @sin(double)
define double @first(double %x) nounwind {
  %y = call double @sin(double %x)
  %z = fadd double %x, %y
  ret double %z
}
define double @second(double %x) nounwind {
  %y = call double @sin(double %x)
  %z = fmul double %x, %y
  ret double %z
}
";

const SIGNATURES: &[&str] = &["first(x: f64) -> f64", "second(x: f64) -> f64"];

/// How many functions the tables describe, by llvm-readobj or llvm-dwarfdump; thunks among them.
fn described(object: &[u8], platform: Platform) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("object.o");
    std::fs::write(&path, object).unwrap();
    let count = |tool: &str, flag: &str, line: &str| {
        text(run(Command::new(tool).arg(flag).arg(&path))).matches(line).count()
    };
    match platform {
        Platform::Linux64 | Platform::LinuxAarch64 => count("llvm-dwarfdump-22", "--eh-frame", " FDE cie="),
        Platform::OsxArm64 => count("llvm-objdump-22", "--unwind-info", "Entry at offset"),
        Platform::Win64 => count("llvm-readobj-22", "--unwind", "RuntimeFunction {"),
    }
}

#[test]
fn every_function_is_described() {
    for (platform, level) in targets() {
        let bitcode = prepare(IR, platform).unwrap().bitcode;
        for opt in [0, 3] {
            let mut request = compile_request(&bitcode, platform, level, SIGNATURES);
            request.options.opt = opt;
            let object = pixie_jit::compile(&request).unwrap();
            assert_eq!(described(&object, platform), 4, "{platform} {} -O{opt}", level.name);
        }
    }
}

#[test]
fn thunks_have_lines_where_their_functions_do() {
    const C: &str = "double far(const double *p)\n{ return\n *p; }";
    for platform in Platform::ALL {
        let mut prepare = request(vec![clang(C, platform, &[])], platform);
        for debug in [false, true] {
            prepare.options.debug = debug;
            let bitcode = pixie_jit::prepare(&prepare).unwrap().bitcode;
            let level = &platform.levels()[0];
            let mut request = compile_request(&bitcode, platform, level, &["far(p: f64[1]) -> f64"]);
            request.options.debug = debug;
            let object = pixie_jit::compile(&request).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("object.o");
            std::fs::write(&path, object).unwrap();
            let shown = text(run(Command::new("llvm-dwarfdump-22").arg("--debug-info").arg(&path)));
            assert_eq!(shown.contains("(\"__pixie_thunk_far\")"), debug, "{platform}: {shown}");
            // The function is inlined into its thunk and still known there.
            assert_eq!(shown.contains("DW_TAG_inlined_subroutine"), debug, "{platform}: {shown}");
        }
    }
}
