//! Signatures derived and checked, each refusal with its message.

use pixie_format::{Platform, Signature};

use super::{check, derive};
use crate::function_info::{CType, DebugSignature, FunctionInfo, IrParam, IrType};

fn function(name: &str, ret: IrType, params: &[IrType]) -> FunctionInfo {
    let param = |ty: &IrType| IrParam { ty: ty.clone(), restrict: false, indirect: None };
    FunctionInfo {
        name: name.to_owned(),
        defined: true,
        local: false,
        calling_convention: 0,
        variadic: false,
        params: params.iter().map(param).collect(),
        ret,
        debug: None,
    }
}

/// `double dot(const double *restrict a, const double *restrict b, size_t n)`
fn dot() -> FunctionInfo {
    let mut dot = function("dot", IrType::Double, &[IrType::Pointer, IrType::Pointer, IrType::Int(64)]);
    dot.params[0].restrict = true;
    dot.params[1].restrict = true;
    let named = |name: &str, ty| (Some(name.to_owned()), ty);
    dot.debug = Some(DebugSignature {
        location: Some("kernels.c:3".to_owned()),
        params: vec![named("a", CType::Pointer), named("b", CType::Pointer), named("n", CType::Usize)],
        ret: CType::Double,
    });
    dot
}

#[track_caller]
fn disagrees(function: FunctionInfo, signature: &str, expected: &str) {
    let signature = Signature::parse(signature).unwrap();
    let error = check(std::slice::from_ref(&function), Platform::Linux64, &function.name, &signature);
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[track_caller]
fn not_derived(ty: CType, lowered: IrType, expected: &str) {
    let mut f = function("f", IrType::Void, &[lowered]);
    let params = vec![(Some("x".to_owned()), ty)];
    f.debug = Some(DebugSignature { location: None, params, ret: CType::Void });
    assert_eq!(derive(&[f], Platform::Win64, "f").unwrap_err().to_string(), expected);
}

#[test]
fn a_fitting_signature_keeps_its_restrict_parameters() {
    let signature = Signature::parse("dot(a: f64[n], b: f64[n], n: usize) -> f64").unwrap();
    let checked = check(&[dot()], Platform::OsxArm64, "dot", &signature).unwrap();
    assert_eq!(checked.restrict, [0, 1]);
    assert_eq!(checked.signature, signature);
}

#[test]
fn a_derived_signature_has_bare_pointers_and_the_names_of_the_source() {
    let checked = derive(&[dot()], Platform::Win64, "dot").unwrap();
    assert_eq!(checked.signature.to_string(), "dot(a: ptr, b: ptr, n: usize) -> f64");
    assert_eq!(checked.restrict, [0, 1]);
}

#[test]
fn long_has_the_width_of_its_platform() {
    let signature = Signature::parse("f(x: long) -> ulong").unwrap();
    for (platform, bits) in [(Platform::Linux64, 64), (Platform::Win64, 32)] {
        let fits = function("f", IrType::Int(bits), &[IrType::Int(bits)]);
        check(&[fits], platform, "f", &signature).unwrap();
        let other = function("f", IrType::Int(96 - bits), &[IrType::Int(96 - bits)]);
        check(&[other], platform, "f", &signature).unwrap_err();
    }
}

#[test]
fn each_disagreement_names_the_parameter_and_both_sides() {
    disagrees(
        dot(),
        "dot(a: f64[n], b: f64[n], n: i32) -> f64",
        "signature of `dot` on linux-64: parameter `n` is `i32` in the signature (`i32` in IR), and `i64` in the function\n\
         hint: the widths differ; C's `long` is written `long` or `ulong`, `size_t` is `usize`",
    );
    disagrees(
        dot(),
        "dot(a: f64[n], b: f64, n: usize) -> f64",
        "signature of `dot` on linux-64: parameter `b` is `f64` in the signature (`double` in IR), and `ptr` in the function\n\
         hint: a C pointer is an array such as `f64[n]`, or `ptr`",
    );
    disagrees(
        function("f", IrType::Void, &[IrType::Double, IrType::Int(64)]),
        "f(x: f64[n], n: usize)",
        "signature of `f` on linux-64: parameter `x` is `f64[n]` in the signature (`ptr` in IR), and `double` in the function\n\
         hint: arrays and `ptr` need a C pointer",
    );
    disagrees(
        dot(),
        "dot(a: f64[n], b: f64[n], n: usize)",
        "signature of `dot` on linux-64: the result is `void` by the signature `dot(a: f64[n], b: f64[n], n: usize)`, and `double` in the function\n\
         hint: write `-> type` for what the C function returns, and nothing for void",
    );
    disagrees(
        dot(),
        "dot(a: f64[3]) -> f64",
        "signature of `dot` on linux-64: the signature `dot(a: f64[3]) -> f64` has 1 parameter, the function has 3 parameters: `double (ptr, ptr, i64)`\n\
         hint: list the parameters of the C function, hidden lengths too; a struct or complex number by value counts as several",
    );
}

#[test]
fn abis_that_a_thunk_cannot_speak_are_refused() {
    let mut variadic = function("f", IrType::Void, &[]);
    variadic.variadic = true;
    disagrees(
        variadic,
        "f()",
        "signature of `f` on linux-64: the function takes variable arguments: `void (...)`\n\
         hint: export a function with a fixed number of parameters",
    );
    let mut fast = function("f", IrType::Void, &[]);
    fast.calling_convention = 8;
    disagrees(
        fast,
        "f()",
        "signature of `f` on linux-64: the function has calling convention 8, not that of C\n\
         hint: declare it `extern \"C\"`, or without a calling convention attribute",
    );
    let mut indirect = function("f", IrType::Void, &[IrType::Pointer]);
    indirect.params[0].indirect = Some("sret".to_owned());
    disagrees(
        indirect,
        "f(x: ptr)",
        "signature of `f` on linux-64: the function takes or returns a struct by value (`sret`): `void (ptr)`\n\
         hint: pass structs and complex numbers through pointers",
    );
    disagrees(
        function("f", IrType::Other("<2 x float>".to_owned()), &[]),
        "f() -> f64",
        "signature of `f` on linux-64: the result is `double` by the signature `f() -> f64`, and `<2 x float>` in the function\n\
         hint: write `-> type` for what the C function returns, and nothing for void",
    );
}

#[test]
fn symbols_that_cannot_be_exported_say_why() {
    let mut local = dot();
    local.local = true;
    let mut declared = function("sin", IrType::Double, &[IrType::Double]);
    declared.defined = false;
    let functions = [function("axpy", IrType::Void, &[]), local, declared];
    let message = |symbol| derive(&functions, Platform::Linux64, symbol).unwrap_err().to_string();
    assert_eq!(
        message("dot"),
        "`dot` on linux-64: the function is static (kernels.c:3), so it cannot be exported\nhint: remove `static`"
    );
    assert_eq!(
        message("sin"),
        "`sin` on linux-64: the function is declared and called, but not defined in the input\n\
         hint: add the source that defines it; a C `inline` function also needs an `extern inline` declaration"
    );
    assert_eq!(
        message("apxy"),
        "`apxy` on linux-64: the input has no such function\n\
         hint: is it `axpy`? C++ and Rust need `extern \"C\"` and an unmangled name"
    );
    assert_eq!(
        derive(&[], Platform::Linux64, "f").unwrap_err().to_string(),
        "`f` on linux-64: the input has no such function\nhint: the input defines no function that can be exported"
    );
    assert_eq!(
        message("axpy"),
        "signature of `axpy` on linux-64: no signature was given, and the input has no debug metadata to derive one from\n\
         hint: write a signature, or compile the input with -g"
    );
}

#[test]
fn types_without_a_word_in_the_grammar_are_named() {
    not_derived(
        CType::Other("long double".to_owned()),
        IrType::Double,
        "signature of `f` on win-64: parameter `x` is `long double`, which differs between platforms\n\
         hint: use double, or pass it through a pointer",
    );
    not_derived(
        CType::Other("struct pair by value".to_owned()),
        IrType::Pointer,
        "signature of `f` on win-64: parameter `x` is `struct pair by value`\nhint: pass it through a pointer",
    );
    not_derived(
        CType::Variadic,
        IrType::Pointer,
        "signature of `f` on win-64: parameter `x` is `...`\nhint: export a function with a fixed number of parameters",
    );
}
