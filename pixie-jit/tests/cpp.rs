//! C++ without its library: templates, inline functions and their variables (COMDATs), virtual functions; built for every target.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use std::process::Command;

use common::{Loaded, clang_triple, compile_request, request, run, source, targets, undefined};
use pixie_format::Platform;

const CPP: &str = r#"
template <typename T> inline T entry_of(int i) { static const T table[4] = {1, 2, 4, 8}; return table[i & 3]; }
inline int counter() { static int c = 40; return ++c; }
struct Shape { virtual double area(double) const = 0; };
struct Square : Shape { double area(double x) const override { return x * x; } };
struct Cube : Shape { double area(double x) const override { return 6 * x * x; } };
static constexpr Square square{};
static constexpr Cube cube{};
extern "C" {
long long entry(int i) { return entry_of<long long>(i); }
int count() { return counter(); }
double area(double x, int which) { const Shape &s = which ? (const Shape &)square : (const Shape &)cube; return s.area(x); }
}
"#;

const SIGNATURES: &[&str] = &["entry(i: i32) -> i64", "count() -> i32", "area(x: f64, which: i32) -> f64"];

fn bitcode(triple: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("input.cpp"), CPP).unwrap();
    let mut command = Command::new("clang++-22");
    command.current_dir(folder.path()).arg(format!("--target={triple}"));
    command.args([
        "-ffreestanding",
        "-nostdlibinc",
        "-fno-exceptions",
        "-fno-rtti",
        "-O2",
        "-emit-llvm",
        "-c",
    ]);
    command.args(["-Xclang", "-disable-llvm-passes", "-o", "-", "input.cpp"]);
    run(&mut command)
}

#[test]
fn templates_inline_and_virtual_functions_build_for_every_target_and_run() {
    // Both dialects of Windows mangle and merge in ways of their own.
    let msvc = (Platform::Win64, Platform::Win64.triple());
    for (of, triple) in Platform::ALL.into_iter().map(|of| (of, clang_triple(of))).chain([msvc]) {
        let source = source("input.bc", bitcode(triple));
        let prepared = pixie_jit::prepare(&request(vec![source], of)).unwrap();
        for (platform, level) in targets().filter(|(platform, _)| *platform == of) {
            let object =
                pixie_jit::compile(&compile_request(&prepared.bitcode, platform, level, SIGNATURES)).unwrap();
            let outside = undefined(&object, platform);
            assert!(outside.iter().all(|name| name == "_fltused"), "{triple} {}: {outside:?}", level.name);
            if (platform, level.name) == (Platform::Linux64, "x86-64") {
                let module = Loaded::new(&object);
                assert_eq!(module.call("entry", &[7]), 8);
                assert_eq!([module.call("count", &[]), module.call("count", &[])], [41, 42]);
                assert_eq!(f64::from_bits(module.call("area", &[2.0_f64.to_bits(), 1])), 4.0);
                assert_eq!(f64::from_bits(module.call("area", &[2.0_f64.to_bits(), 0])), 24.0);
            }
        }
    }
}
