//! Rust without its standard library, as its compiler writes it before optimisation: built for every target, and run.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use std::process::Command;

use common::{Loaded, compile_request, request, run, source, targets, undefined};
use pixie_format::Platform;
use pixie_jit::{Prepared, Warning};

const RUST: &str = r#"
#![no_std]
#![crate_type = "lib"]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }

#[no_mangle]
pub unsafe extern "C" fn sum(x: *const f64, n: usize) -> f64 {
    let s = core::slice::from_raw_parts(x, n);
    let mut total = 0.0;
    for i in 0..n { total += s[i]; }
    total + s.iter().map(|v| v * v).sum::<f64>()
}
#[no_mangle]
pub unsafe extern "C" fn at(x: *const i64, n: usize, i: usize) -> i64 { core::slice::from_raw_parts(x, n)[i] }
#[no_mangle]
pub extern "C" fn checked(a: i32, b: i32) -> i32 { a + b * 2 }
#[no_mangle]
pub extern "C" fn divide(a: i64, b: i64) -> i64 { a / b }
#[no_mangle]
pub extern "C" fn modular(a: u64, b: u64, m: u64) -> u64 { ((a as u128 * b as u128) % m as u128) as u64 }
#[no_mangle]
pub unsafe extern "C" fn copy(d: *mut u8, s: *const u8, n: usize) { core::ptr::copy_nonoverlapping(s, d, n) }
#[no_mangle]
pub extern "C" fn bits(x: u32) -> u32 { x.checked_mul(3).unwrap() + "abc".len() as u32 + x.leading_zeros() }
"#;

const SIGNATURES: &[&str] = &[
    "sum(x: f64[n], n: usize) -> f64",
    "at(x: i64[n], n: usize, i: usize) -> i64",
    "checked(a: i32, b: i32) -> i32",
    "divide(a: i64, b: i64) -> i64",
    "modular(a: u64, b: u64, m: u64) -> u64",
    "copy(d: inout u8[n], s: u8[n], n: usize)",
    "bits(x: u32) -> u32",
];

fn prepare(platform: Platform, opt: &str, debug: bool) -> Prepared {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("input.rs"), RUST).unwrap();
    let mut command = Command::new("rustc");
    command.current_dir(folder.path()).args([
        "--emit=llvm-bc",
        "-C",
        "no-prepopulate-passes",
        "-C",
        "panic=abort",
    ]);
    command.args(["-C", "overflow-checks=yes", "-C", opt, "-o", "out.bc", "input.rs"]);
    run(command.args(debug.then_some("-g")));
    let bytes = std::fs::read(folder.path().join("out.bc")).unwrap();
    let mut request = request(vec![source("input.bc", bytes)], platform);
    request.options.portable = true;
    request.options.debug = debug;
    pixie_jit::prepare(&request).unwrap()
}

#[test]
fn rust_that_may_panic_builds_for_every_target_and_runs() {
    for (opt, debug) in [("opt-level=0", false), ("opt-level=3", true)] {
        let prepared = prepare(Platform::OsxArm64, opt, debug);
        assert!(prepared.neutral);
        assert!(
            prepared.producers.iter().any(|name| name.starts_with("rustc version ")),
            "{:?}",
            prepared.producers
        );
        assert_eq!(prepared.warnings, [Warning::Panics { file: "input.bc".to_owned() }]);
        for (platform, level) in targets() {
            let mut request = compile_request(&prepared.bitcode, platform, level, SIGNATURES);
            request.options.debug = debug;
            let object = pixie_jit::compile(&request).unwrap();
            let allowed = ["memcpy", "_fltused", "bzero"];
            let outside = undefined(&object, platform);
            assert!(outside.iter().all(|name| allowed.contains(&name.as_str())), "{platform} {outside:?}");
            if (platform, level.name) == (Platform::Linux64, "x86-64") {
                // The test's own library must leave nothing undefined, so without the one that calls `memcpy`.
                request.exports.retain(|export| export.symbol != "copy");
                check(&Loaded::new(&pixie_jit::compile(&request).unwrap()));
            }
        }
    }
}

fn check(module: &Loaded) {
    let data = [1.0_f64, 2.0, 3.0];
    let words = [5_i64, 6, 7];
    let address = |place: *const u8| place.expose_provenance() as u64;
    let float = f64::from_bits(module.call("sum", &[address(data.as_ptr().cast()), 3]));
    assert_eq!(float, 6.0 + 14.0);
    assert_eq!(module.call("at", &[address(words.as_ptr().cast()), 3, 2]), 7);
    assert_eq!(module.call("checked", &[3, 4]), 11);
    assert_eq!(module.call("divide", &[(-7_i64).cast_unsigned(), 2]), (-3_i64).cast_unsigned());
    assert_eq!(module.call("modular", &[u64::MAX, u64::MAX - 1, 1_000_000_007]), 532_600_269);
    assert_eq!(module.call("bits", &[5]), 15 + 3 + 29);
}
