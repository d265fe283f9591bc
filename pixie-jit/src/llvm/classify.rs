//! The functions behind `fpclassify`, `isnan` and `signbit` of macOS and Windows headers, defined in the module that calls them: they
//! are no part of the runtime symbol list, and inlined they cost a comparison.

use inkwell::module::Module;
use pixie_format::Platform;

use super::session::Session;
use super::{builtins, ir};
use crate::error::Result;

/// What a function answers.
#[derive(Clone, Copy)]
enum Answer {
    /// `FP_NAN`, `FP_INFINITE`, `FP_ZERO`, `FP_SUBNORMAL`, `FP_NORMAL`.
    Class([u32; 5]),
    IsNan,
    Sign,
}

#[derive(Clone, Copy)]
enum Element {
    Float,
    Double,
}

/// The values of macOS's math.h.
const DARWIN: Answer = Answer::Class([1, 2, 3, 5, 4]);
/// The values of mingw's math.h.
const MINGW: Answer = Answer::Class([0x100, 0x500, 0x4000, 0x4400, 0x400]);

/// Name, type of the parameter, answer. The functions return `int`.
const FUNCTIONS: &[(Platform, &str, Element, Answer)] = &[
    (Platform::OsxArm64, "__fpclassifyf", Element::Float, DARWIN),
    (Platform::OsxArm64, "__fpclassifyd", Element::Double, DARWIN),
    (Platform::Win64, "__fpclassifyf", Element::Float, MINGW),
    (Platform::Win64, "__fpclassify", Element::Double, MINGW),
    (Platform::Win64, "__isnanf", Element::Float, Answer::IsNan),
    (Platform::Win64, "__isnan", Element::Double, Answer::IsNan),
    (Platform::Win64, "__signbitf", Element::Float, Answer::Sign),
    (Platform::Win64, "__signbit", Element::Double, Answer::Sign),
];

/// Defines those that the module declares.
pub fn define(session: &Session, module: &Module<'_>, platform: Platform) -> Result<()> {
    let is_declared = |name| ir::function(module, name).is_some_and(|function| function.is_declaration());
    let mut text = String::new();
    for (_, name, element, answer) in FUNCTIONS.iter().filter(|row| row.0 == platform) {
        if is_declared(name) {
            text += &definition(name, *element, *answer);
        }
    }
    if text.is_empty() {
        return Ok(());
    }
    for (suffix, ty) in [("f32", "float"), ("f64", "double")] {
        text += &format!("declare i1 @llvm.is.fpclass.{suffix}({ty}, i32)\n");
    }
    builtins::link_text(session, module, "classification", &text).map(drop)
}

fn definition(name: &str, element: Element, answer: Answer) -> String {
    let (ty, suffix, bits) = match element {
        Element::Float => ("float", "f32", "i32"),
        Element::Double => ("double", "f64", "i64"),
    };
    // The mask counts: signalling and quiet NaN, then from minus infinity to plus infinity (LangRef, `llvm.is.fpclass`).
    let test =
        |result, mask| format!("  %{result} = call i1 @llvm.is.fpclass.{suffix}({ty} %x, i32 {mask})\n");
    let body = match answer {
        Answer::IsNan => test("answer", 0x3) + "  %r = zext i1 %answer to i32\n",
        // The bit itself, which a NaN has too.
        Answer::Sign => format!(
            "  %bits = bitcast {ty} %x to {bits}\n  %answer = icmp slt {bits} %bits, 0\n  %r = zext i1 %answer to i32\n"
        ),
        Answer::Class([nan, infinite, zero, subnormal, normal]) => {
            let tests =
                test("nan", 0x3) + &test("infinite", 0x204) + &test("zero", 0x60) + &test("subnormal", 0x90);
            format!(
                "{tests}  %a = select i1 %subnormal, i32 {subnormal}, i32 {normal}\n  \
                 %b = select i1 %zero, i32 {zero}, i32 %a\n  \
                 %c = select i1 %infinite, i32 {infinite}, i32 %b\n  \
                 %r = select i1 %nan, i32 {nan}, i32 %c\n"
            )
        }
    };
    format!("define i32 @{name}({ty} %x) nounwind {{\n{body}  ret i32 %r\n}}\n")
}
