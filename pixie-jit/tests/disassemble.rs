//! Disassembly: what it says of whole objects is compared with llvm-objdump end to end; here, that damaged ones end in an error or a text.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{compile_request, prepare, text};
use pixie_format::Platform;
use pixie_jit::{DisassembleRequest, Error};

const INPUT: &str = "
declare double @exp(double)
define double @f(double %x) {
  %y = call double @exp(double %x)
  %c = fcmp ogt double %y, 3.5
  br i1 %c, label %more, label %done
more:
  %z = call double @exp(double %y)
  br label %done
done:
  %r = phi double [ %y, %0 ], [ %z, %more ]
  ret double %r
}";

fn object(platform: Platform) -> Vec<u8> {
    let prepared = prepare(INPUT, platform).unwrap();
    let level = platform.levels().last().unwrap();
    pixie_jit::compile(&compile_request(&prepared.bitcode, platform, level, &["f(x: f64) -> f64"])).unwrap()
}

fn request(object: Vec<u8>, platform: Platform, functions: &[&str]) -> DisassembleRequest {
    DisassembleRequest { object, platform, functions: functions.iter().map(ToString::to_string).collect() }
}

#[test]
fn a_function_calls_by_name_and_branches_to_labels() {
    for platform in Platform::ALL {
        let shown = text(pixie_jit::disassemble(&request(object(platform), platform, &["f"])).unwrap());
        let prefix = if platform == Platform::OsxArm64 { "_" } else { "" };
        assert!(shown.starts_with(&format!("{prefix}f:\n")), "{shown}");
        assert!(shown.contains(&format!("\t{prefix}exp\n")) && shown.contains("\n.L0:\n"), "{shown}");
        assert!(!shown.contains("thunk"), "{shown}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let request = request(object(Platform::Linux64), Platform::Linux64, &["g"]);
    let Err(Error::NoFunction { symbol, hint }) = pixie_jit::disassemble(&request) else { panic!() };
    assert_eq!((symbol.as_str(), hint.starts_with("it has `f`;")), ("g", true), "{hint}");
}

#[test]
fn damage_is_no_panic() {
    for platform in Platform::ALL {
        let whole = object(platform);
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= [0xff, 0x01, 0x80][at % 3];
            // Some of it is in code or names, and shown as it is.
            let _ = pixie_jit::disassemble(&request(damaged, platform, &[]));
            if at % 16 == 0 {
                let _ = pixie_jit::disassemble(&request(whole[..at].to_vec(), platform, &[]));
            }
        }
    }
}
