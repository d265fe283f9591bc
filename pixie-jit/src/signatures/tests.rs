//! Signatures derived and checked, each refusal with its message.

use pixie_format::{Platform, Signature};

use super::{check, derive};
use crate::function_info::{Access, CType, DebugSignature, FunctionInfo, IrParam, IrType};

fn function(name: &str, ret: IrType, params: &[IrType]) -> FunctionInfo {
    let param =
        |ty: &IrType| IrParam { ty: ty.clone(), restrict: false, indirect: None, access: Access::Unknown };
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
        params: vec![
            named("a", CType::pointer_to_const(CType::Double)),
            named("b", CType::pointer_to_const(CType::Double)),
            named("n", CType::Usize),
        ],
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

/// `void f(T *x, size_t n)`, where nothing is known of the body.
fn with_pointer(pointer: CType) -> FunctionInfo {
    let mut f = function("f", IrType::Void, &[IrType::Pointer, IrType::Int(64)]);
    let params = vec![(Some("x".to_owned()), pointer), (Some("n".to_owned()), CType::Usize)];
    f.debug = Some(DebugSignature { location: None, params, ret: CType::Void });
    f
}

#[test]
fn elements_are_those_of_the_pointer() {
    disagrees(
        with_pointer(CType::pointer_to(CType::Double)),
        "f(x: inout f32[n], n: usize)",
        "signature of `f` on linux-64: parameter `x` is `f32[n]` in the signature, and `double *` in the function\n\
         hint: write `x: inout f64[n]`, or change the C type",
    );
    disagrees(
        with_pointer(CType::pointer_to(CType::pointer_to_const(CType::Double))),
        "f(x: inout f64[n], n: usize)",
        "signature of `f` on linux-64: parameter `x` is `f64[n]` in the signature, and `const double **` in the function\n\
         hint: an array of pointers cannot be passed; take one array and its dimensions, as in `f64[m, n]`",
    );
}

#[test]
fn every_element_fits_the_pointers_that_it_should() {
    let int = |bits, signed| CType::Int { bits, signed };
    let cases: [(CType, &[&str]); 18] = [
        (CType::Double, &["f64", "c128"]),
        (CType::Float, &["f32", "c64"]),
        (CType::Complex { part_bits: 64 }, &["f64", "c128"]),
        (CType::Complex { part_bits: 32 }, &["f32", "c64"]),
        (CType::Char { signed: true }, &["bool", "i8", "u8"]),
        (CType::Char { signed: false }, &["bool", "i8", "u8"]),
        (int(8, true), &["i8"]),
        (int(8, false), &["bool", "u8"]),
        (CType::Bool, &["bool", "u8"]),
        (int(16, true), &["i16"]),
        (int(16, false), &["u16"]),
        (int(32, true), &["i32"]),
        (int(32, false), &["u32"]),
        (int(64, true), &["i64", "long"]),
        (int(64, false), &["u64", "usize", "ulong"]),
        (CType::Long { signed: true }, &["i64", "long"]),
        (CType::Long { signed: false }, &["u64", "usize", "ulong"]),
        (CType::Usize, &["u64", "usize", "ulong"]),
    ];
    for (to, expected) in cases {
        assert_eq!(fitting(to.clone(), Platform::Linux64), expected, "{to}");
    }
    assert_eq!(fitting(CType::Long { signed: true }, Platform::Win64), ["i32", "long"]);
    for to in [CType::Void, CType::Other("struct pair by value".to_owned())] {
        assert_eq!(fitting(to, Platform::OsxArm64).len(), 16);
    }
}

/// The elements that a pointer to this type can be given.
fn fitting(to: CType, platform: Platform) -> Vec<&'static str> {
    let f = [with_pointer(CType::pointer_to(to))];
    let fits = |element: &&str| {
        let signature = Signature::parse(&format!("f(x: inout {element}[n], n: usize)")).unwrap();
        check(&f, platform, "f", &signature).is_ok()
    };
    let all = pixie_format::signature::Scalar::ALL.map(pixie_format::signature::Scalar::name);
    all.into_iter().filter(fits).collect()
}

#[test]
fn who_writes_is_an_error_a_warning_or_nothing() {
    let read_only = Signature::parse("f(x: f64[n], n: usize)").unwrap();
    let warnings = |access, pointer| {
        let mut f = with_pointer(pointer);
        f.params[0].access = access;
        let checked = check(&[f], Platform::Linux64, "f", &read_only)?;
        Ok::<_, crate::Error>(checked.warnings.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let (plain, constant) = (CType::pointer_to(CType::Double), CType::pointer_to_const(CType::Double));
    assert!(warnings(Access::Reads, plain.clone()).unwrap().is_empty());
    assert!(warnings(Access::Unknown, constant).unwrap().is_empty());
    assert_eq!(
        warnings(Access::Unknown, plain.clone()).unwrap(),
        ["`f`: C may write to `x`, which the signature takes as read-only\n\
          hint: declare `const double *x` in C, or write `x: inout f64[n]`"]
    );
    assert_eq!(
        warnings(Access::Writes, plain).unwrap_err().to_string(),
        "signature of `f` on linux-64: parameter `x` is read-only in the signature, and the function writes to it\n\
         hint: write `x: inout f64[n]`, or `out` if the function fills it"
    );
}
