//! What metadata says about where and how a module was made.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::process::Command;

use common::{prepare, request, run, source, text};
use pixie_format::Platform;

/// Input of other front ends, which know nothing of `-ffile-prefix-map`.
#[test]
fn stored_bitcode_holds_no_absolute_path() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("secret.c"), folder.path().join("out.bc"));
    std::fs::write(&input, "#include <math.h>\ndouble f(double x) { return sqrt(x); }").unwrap();
    let mut command = Command::new("clang-22");
    command.args([
        "--target=x86_64-unknown-linux-gnu",
        "-fPIC",
        "-g3",
        "-O2",
        "-Xclang",
        "-disable-llvm-passes",
    ]);
    command.args(["-frecord-command-line", "-grecord-command-line", "-emit-llvm", "-c"]);
    run(command.arg("-o").args([&output, &input]));
    let source = source(output.to_str().unwrap(), std::fs::read(&output).unwrap());
    let dis = |bitcode: &[u8]| {
        std::fs::write(&output, bitcode).unwrap();
        let printed = run(Command::new("llvm-dis-22").args(["-o", "-"]).arg(&output));
        // The first line is the tool's own and names the file.
        text(printed).split_once('\n').unwrap().1.to_owned()
    };
    let path = folder.path().to_str().unwrap();
    let before = dis(&source.bytes);
    assert!(before.contains(path) && before.contains("llvm.commandline"), "{before}");
    for debug in [false, true] {
        let mut request = request(vec![source.clone()], Platform::Linux64);
        request.options.debug = debug;
        let ir = dis(&pixie_jit::prepare(&request).unwrap().bitcode);
        assert!(!ir.contains(path) && !ir.contains("/usr/include") && !ir.contains("commandline"), "{ir}");
        assert_eq!(ir.contains("!DILocation("), debug, "{ir}");
        assert_eq!(ir.contains("!DIFile(filename: \"secret.c\", directory: \"\""), debug, "{ir}");
    }
}

#[test]
fn producers_come_from_idents_and_from_debug_metadata() {
    let ir = "define void @f() !dbg !4 {\n  ret void\n}\n!llvm.dbg.cu = !{!0}\n!llvm.module.flags = !{!2}\n\
              !llvm.ident = !{!3}\n\
              !0 = distinct !DICompileUnit(language: DW_LANG_C99, file: !1, producer: \"rustc\\22 1.95 (/home/x y)\")\n\
              !1 = !DIFile(filename: \"a.rs\", directory: \"/home/x\")\n\
              !2 = !{i32 2, !\"Debug Info Version\", i32 3}\n!3 = !{!\"tool 7 /opt/tool\"}\n\
              !4 = distinct !DISubprogram(name: \"f\", file: !1, type: !5, unit: !0)\n\
              !5 = !DISubroutineType(types: !6)\n!6 = !{null}\n";
    let prepared = prepare(ir, Platform::Linux64).unwrap();
    assert_eq!(prepared.producers, ["rustc\" 1.95 y)", "tool 7"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bc");
    std::fs::write(&path, &prepared.bitcode).unwrap();
    let stored = text(run(Command::new("llvm-dis-22").args(["-o", "-"]).arg(&path)));
    assert!(!stored.contains("/opt/tool") && !stored.contains("/home/x"), "{stored}");
}
