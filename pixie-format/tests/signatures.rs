//! Signatures: text to value and back, and what each wrong text is told.

use pixie_format::Platform;
use pixie_format::Signature;
use pixie_format::signature::{
    Array, Default, Dim, ExportSpec, Layout, Mode, Param, Return, Scalar, ScalarKind, Type,
};
use pixie_format::thunk::Slot;
use proptest::prelude::*;

fn message(text: &str) -> String {
    Signature::parse(text).expect_err(text).to_string()
}

#[test]
fn canonical_text_is_a_fixed_point() {
    for (text, canonical) in [
        ("f()", "f()"),
        ("f ( ) -> void", "f()"),
        (" f(x:f64)->f64 ", "f(x: f64) -> f64"),
        ("f(a:f64[ n ,m; order = C ],n:usize,m:usize)", "f(a: f64[n, m], n: usize, m: usize)"),
        ("f(a:f64[n;order=F],n:usize)", "f(a: f64[n; order=F], n: usize)"),
        ("f(a: f64[((n))+(1+2)*(3)], n: usize)", "f(a: f64[n+(1+2)*3], n: usize)"),
        ("f(a: f64[(n*2)-(n-1)-n], n: usize)", "f(a: f64[n*2-(n-1)-n], n: usize)"),
        ("f(a: f64[n*(2*n)*(n)], n: usize)", "f(a: f64[n*(2*n)*n], n: usize)"),
        ("f(n:usize,a:f64[n]|None=None)", "f(n: usize, a: f64[n] | None = None)"),
        ("f(x: f64 = 007)", "f(x: f64 = 7)"),
        ("f(x: f64 = 1., y: f64 = .5e0, z: f64 = 1E+3)", "f(x: f64 = 1.0, y: f64 = 0.5, z: f64 = 1000.0)"),
        (
            "f(x: f64 = 1e16, y: f64 = 123e-7, z: f64 = 1e-4)",
            "f(x: f64 = 1e16, y: f64 = 1.23e-5, z: f64 = 0.0001)",
        ),
        ("f(x: i8 = - 1, y: f64 = - 0.0, z: f64 = -0)", "f(x: i8 = -1, y: f64 = -0.0, z: f64 = 0)"),
        ("f(x: out f64, z: out c64)", "f(x: out f64, z: out c64)"),
    ] {
        let signature = Signature::parse(text).unwrap();
        assert_eq!(signature.to_string(), canonical);
        assert_eq!(Signature::parse(canonical).unwrap(), signature);
    }
}

#[test]
fn wrong_texts_are_told_what_is_wrong() {
    for (text, expected) in [
        ("", "column 1: expected a function name, found the end"),
        ("f(x: f64) junk", "column 11: expected the end of the signature, found `junk`"),
        ("f(x: f64", "column 9: expected `,`, found the end"),
        ("f(x: double)", "column 6: unknown type `double`"),
        ("f(x: f64[m], n: usize)", "column 10: `m` is not a parameter"),
        ("f(x: f64[n], n: f32)", "the dimension `n` must be an integer parameter"),
        ("f(x: f64[n], n: out i64)", "the dimension `n` must be an integer parameter"),
        ("f(x: c128)", "can only be the element of an array"),
        ("f() -> c64", "`c64` cannot be returned"),
        ("f() -> f64[3]", "an array cannot be returned"),
        ("f(x: inout f64)", "only an array can be `inout`"),
        ("f(x: out ptr)", "only an array can be `out`"),
        ("f(x: out f64[2] | None)", "always allocated"),
        ("f(é: f64)", "column 3: unexpected character"),
        ("f(class: f64)", "`class` is a keyword of Python"),
        ("f(x: f64, x: f32)", "two parameters are called `x`"),
        ("f(x: i32 = 1.5)", "is not a `i32`"),
        ("f(x: bool = 1)", "is not a `bool`"),
        ("f(x: f64 = 1e999)", "expected a number as the default"),
        ("f(x: f32 = 1e39)", "does not fit `f32`"),
        ("f(x: f64 = 18446744073709551616)", "more than 64 bits"),
        ("f(x: ulong = 4294967296)", "does not fit `ulong` on every platform"),
        ("f(x: f64[2; stride=s], s: u64)", "must be a signed integer"),
        ("f(x: f64[2, 2; stride=s], s: i64)", "only an array of one dimension"),
        ("f(x: f64[18446744073709551616])", "at most 64 bits"),
    ] {
        let message = message(text);
        assert!(message.contains(expected), "`{text}`: {message}");
    }
}

#[test]
fn limits_hold() {
    let params = |count: usize| (0..count).map(|i| format!("p{i}: i8")).collect::<Vec<_>>().join(", ");
    assert!(Signature::parse(&format!("f({})", params(64))).is_ok());
    assert!(message(&format!("f({})", params(65))).contains("at most 64 parameters, found 65"));
    let dims = |count: usize| vec!["1"; count].join(", ");
    assert!(Signature::parse(&format!("f(x: f64[{}])", dims(16))).is_ok());
    assert!(message(&format!("f(x: f64[{}])", dims(17))).contains("at most 16 dimensions, found 17"));
    let sum = |count: usize| vec!["1"; count + 1].join("+");
    assert!(Signature::parse(&format!("f(x: f64[{}])", sum(64))).is_ok());
    assert!(message(&format!("f(x: f64[{}])", sum(65))).contains("more than 64 operators"));
    let nested = |depth: usize| format!("f(x: f64[{}1{}])", "(".repeat(depth), ")".repeat(depth));
    assert!(Signature::parse(&nested(31)).is_ok());
    assert!(message(&nested(32)).contains("nests deeper"));
    assert!(message(&nested(8000)).contains("nests deeper"));
    assert!(message(&format!("f({})", " ".repeat(17000))).contains("at most 16384 bytes"));
}

#[test]
fn dimensions_hide_where_an_array_determines_them() {
    let hidden = |text: &str| {
        let signature = Signature::parse(text).unwrap();
        let names: Vec<String> = signature
            .params
            .iter()
            .enumerate()
            .filter(|(index, _)| signature.is_hidden(*index))
            .map(|(_, param)| param.name.clone())
            .collect();
        names.join(" ")
    };
    assert_eq!(hidden("f(x: f64[n], n: usize)"), "n");
    assert_eq!(hidden("f(x: out f64[n], n: usize)"), "");
    assert_eq!(hidden("f(x: f64[n] | None, n: usize)"), "");
    assert_eq!(hidden("f(x: f64[n+1], n: usize)"), "");
    assert_eq!(hidden("f(x: inout f64[m, n], m: i32, n: i32, k: i32)"), "m n");
    assert_eq!(hidden("f(x: f64[4; stride=s], s: i64)"), "s");
}

#[test]
fn an_out_scalar_is_a_pointer() {
    let signature = Signature::parse("f(x: out f64) -> status").unwrap();
    assert_eq!(Slot::of_param(&signature.params[0].ty, Platform::Linux64), Slot::Pointer);
    assert!(matches!(&signature.params[0].ty, Type::Array(array) if array.is_scalar_out()));
}

#[test]
fn export_specs_name_the_symbol() {
    let spec = ExportSpec::parse("add = add_f64(x: f64) -> f64").unwrap();
    assert_eq!((spec.name.as_str(), spec.symbol.as_str()), ("add", "add_f64"));
    assert_eq!(spec.signature.unwrap().to_string(), "add(x: f64) -> f64");
    assert_eq!(ExportSpec::parse("dot").unwrap().signature, None);
    assert!(ExportSpec::parse("add =").is_err());
    assert!(ExportSpec::parse("dot extra").is_err());
}

const INTEGERS: usize = 4;

/// A dimension over the first parameters, which are integers.
fn any_dim() -> impl Strategy<Value = Dim> {
    let leaf = prop_oneof![any::<u64>().prop_map(Dim::Const), (0..INTEGERS).prop_map(Dim::Param)];
    leaf.prop_recursive(4, 24, 2, |inner| {
        (0..3, inner.clone(), inner).prop_map(|(operator, a, b)| {
            let (a, b) = (Box::new(a), Box::new(b));
            match operator {
                0 => Dim::Add(a, b),
                1 => Dim::Sub(a, b),
                _ => Dim::Mul(a, b),
            }
        })
    })
}

fn any_array() -> impl Strategy<Value = Array> {
    let layout = prop_oneof![Just(Layout::C), Just(Layout::F), (0..INTEGERS).prop_map(Layout::Strided)];
    (prop::sample::select(&Scalar::ALL), prop::collection::vec(any_dim(), 1..4), layout, any::<bool>())
        .prop_map(|(element, mut dims, layout, optional)| {
            if matches!(layout, Layout::Strided(_)) {
                dims.truncate(1);
            }
            Array { element, dims, layout, optional }
        })
}

fn any_default() -> impl Strategy<Value = Default> {
    prop_oneof![
        any::<bool>().prop_map(Default::Bool),
        (-130i128..260).prop_map(Default::Int),
        any::<i64>().prop_map(|value| Default::Int(value.into())),
        any::<f64>()
            .prop_map(|value| Default::Float(if value.is_nan() { f64::NAN } else { value }.to_bits())),
        Just(Default::None),
    ]
}

fn any_param() -> impl Strategy<Value = Param> {
    let scalars: Vec<Scalar> =
        Scalar::ALL.into_iter().filter(|scalar| scalar.kind() != ScalarKind::Complex).collect();
    let scalar = prop::sample::select(scalars).prop_map(Type::Scalar);
    let mode = prop::sample::select(&[Mode::In, Mode::InOut, Mode::Out]);
    let ty = prop_oneof![scalar, Just(Type::Ptr), any_array().prop_map(Type::Array)];
    (mode, ty, prop::option::weighted(0.3, any_default())).prop_map(|(mode, ty, default)| match ty {
        Type::Array(mut array) => {
            array.optional &= mode != Mode::Out;
            Param { name: String::new(), mode, ty: Type::Array(array), default }
        }
        Type::Scalar(element) if mode == Mode::Out => {
            let array = Array { element, dims: vec![], layout: Layout::C, optional: false };
            Param { name: String::new(), mode, ty: Type::Array(array), default: None }
        }
        ty => Param { name: String::new(), mode: Mode::In, ty, default },
    })
}

proptest! {
    #[test]
    fn value_to_text_to_value(params in prop::collection::vec(any_param(), 0..6), ret in 0usize..5) {
        let integer = |index| Param { name: format!("n{index}"), mode: Mode::In, ty: Type::Scalar(Scalar::I64), default: None };
        let mut all: Vec<Param> = (0..INTEGERS).map(integer).collect();
        all.extend(params.into_iter().enumerate().map(|(index, param)| Param { name: format!("p{index}"), ..param }));
        let ret = [Return::Void, Return::Ptr, Return::Status, Return::Scalar(Scalar::F32), Return::Scalar(Scalar::Bool)][ret];
        let signature = Signature { name: "f".to_owned(), params: all, ret };
        let text = signature.to_string();
        // The value may break a rule about defaults; the text then says so, and never becomes another value.
        match Signature::parse(&text) {
            Ok(parsed) => {
                prop_assert_eq!(parsed.to_string(), text);
                prop_assert_eq!(parsed, signature);
            }
            Err(error) => prop_assert!(error.to_string().contains("default"), "{}", error),
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in ".{0,60}") {
        if let Ok(signature) = Signature::parse(&text) {
            prop_assert_eq!(Signature::parse(&signature.to_string()).unwrap(), signature);
        }
    }

    #[test]
    fn tokens_in_any_order_are_parsed_or_refused(
        tokens in prop::collection::vec(
            prop::sample::select(&["f", "x", "n", "(", ")", "[", "]", ":", ",", ";", "=", "|", "->", "-", "+", "*", "f64",
                "i32", "ptr", "c64", "out", "inout", "None", "order", "stride", "F", "1", "2.5", "1e9", "status", " "]),
            0..30,
        )
    ) {
        let text = format!("f(x: {}", tokens.concat());
        if let Ok(signature) = Signature::parse(&text) {
            prop_assert_eq!(Signature::parse(&signature.to_string()).unwrap(), signature);
        }
    }
}
