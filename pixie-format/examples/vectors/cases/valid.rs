//! The valid vectors: each shows something that a reader could get wrong.

use super::Valid;
use super::cbor::{Cbor, indices, map, text, texts};
use super::file::{Draft, Table, base, base_table, export, minimal, variant};
use super::image::Image;

pub fn all() -> Vec<Valid> {
    let case = |name, draft: Draft| Valid { name, bytes: draft.build() };
    vec![
        case("minimal", minimal()),
        case("kernels", base()),
        case("thinned", thinned(&["mac m1", "mac code"])),
        case("all-absent", thinned(&["linux v1", "linux v2", "mac m1", "linux code", "mac code"])),
        case("signatures", signatures()),
        case("overloads", overloads()),
        case("ufuncs", ufuncs()),
        case("status", status()),
        case("neutral-bitcode", neutral()),
        case("level-bitcode", level_bitcode()),
        case("shared-object", shared_object()),
        case("foreign-import", foreign()),
        case("specialised", specialised()),
        case("image", image(Image::new().bytes())),
        case("image-empty", image(Image::empty().bytes())),
        case("image-newer", image(Image { version: 2, page: 3, ..Image::new() }.bytes())),
        case("metadata", metadata()),
        case("newer-minor", newer_minor()),
    ]
}

fn thinned(absent: &[&str]) -> Draft {
    let table = base_table();
    let mut draft = base();
    for index in absent.iter().map(|role| table.index(role)) {
        draft.blobs[index] = None;
        draft.manifest.set(&format!("blobs.{index}"), "absent", Cbor::True);
    }
    draft
}

/// Every construct of the grammar, in canonical text.
pub const SIGNATURES: &[&str] = &[
    "nothing()",
    "scalars(a: bool, b: i8, c: i16, d: i32, e: i64, f: u8, g: u16, h: u32, i: u64, j: usize, k: long, l: ulong, m: f32, n: f64)",
    "address(p: ptr, q: ptr = None) -> ptr",
    "matmul(a: f64[m, k], b: f64[k, n], c: out f64[m, n], m: usize, k: usize, n: usize)",
    "complex(z: c64[n], w: inout c128[3], n: i32)",
    "fortran(a: f32[m, n; order=F], m: i64, n: i64) -> f32",
    "strided(x: f64[n; stride=s], n: i64, s: i64) -> f64",
    "optional(x: f64[n], n: usize, w: f64[n] | None = None) -> f64",
    "optional_alone(w: f64[n] | None, n: usize)",
    "sums(x: u8[2*n+1], y: u8[n-(m-1)], z: u8[n-m-1], n: usize, m: usize)",
    "products(x: i8[(n+1)*(m+2)], y: i8[n*(m*2)], z: i8[n*m*2], n: u32, m: u32)",
    "outputs(x: f64[n], n: usize, mean: out f64, spread: out f64, z: out c128) -> status",
    "allocated(n: usize, x: out i64[n, 2])",
    "ints(a: i8 = -128, b: u64 = 18446744073709551615, c: long = -2147483648, d: bool = True, e: bool = False)",
    "floats(a: f64 = 0.1, b: f64 = 1e16, c: f64 = 1e-5, d: f64 = 0.0001, e: f64 = 1e300, f: f64 = -0.0, g: f64 = inf, h: f64 = -inf, i: f64 = nan, j: f64 = 3, k: f32 = -1.5e-7, l: f64 = 1234567890123456.0)",
];

fn signatures() -> Draft {
    let mut draft = base();
    let exports = SIGNATURES.iter().map(|text| export(text)).collect();
    draft.manifest.set("", "exports", Cbor::List(exports));
    draft
}

fn overloads() -> Draft {
    let mut draft = base();
    let overload = |signature: &str, symbol: &str| {
        let mut entry = export(signature);
        entry.set("", "symbol", text(symbol));
        entry.set("", "thunk", text(format!("__pixie_thunk_{symbol}")));
        entry
    };
    let exports = vec![
        overload("add(x: f64, y: f64) -> f64", "add_f64"),
        overload("add(x: f32, y: f32) -> f32", "add_f32"),
        overload("plus(x: f64, y: f64) -> f64", "add_f64"),
    ];
    draft.manifest.set("", "exports", Cbor::List(exports));
    draft
}

fn ufuncs() -> Draft {
    let mut draft = base();
    let mut hypot = export("hypot3(x: f64, y: f64, z: f64) -> f64");
    hypot.set("", "ufunc", map([("loop", text("__pixie_ufunc_hypot3"))]));
    let mut split = export("split(x: f64, whole: out f64, rest: out f64)");
    split.set("", "ufunc", map([("loop", text("__pixie_ufunc_split")), ("identity", text("minus-one"))]));
    let mut inner = export("inner(a: f64[n], b: f64[n], n: usize) -> f64");
    let core = map([("loop", text("__pixie_ufunc_inner")), ("core", Cbor::True), ("identity", text("zero"))]);
    inner.set("", "ufunc", core);
    let mut cross = export("cross(a: f64[3], b: f64[3], c: out f64[3])");
    cross.set("", "ufunc", map([("loop", text("__pixie_ufunc_cross")), ("core", Cbor::True)]));
    draft.manifest.set("", "exports", Cbor::List(vec![hypot, split, inner, cross]));
    draft
}

fn status() -> Draft {
    let mut draft = base();
    let mut solve = export("solve(a: inout f64[n, n], n: i32) -> status");
    let entry = |code, words: &str| map([("code", code), ("text", text(words))]);
    let entries =
        vec![entry(Cbor::Negative(-2), "not converged"), entry(Cbor::Uint(1), "the matrix is singular")];
    solve.set("", "status", Cbor::List(entries));
    solve.set("", "gil", text("hold"));
    draft.manifest.set("", "exports", Cbor::List(vec![solve]));
    draft
}

/// Bitcode alone, for any target.
fn neutral() -> Draft {
    let table = Table::new(&[("code", "bitcode")]);
    let mut draft = minimal();
    let entry = map([
        ("blob", table.id("code")),
        ("platforms", Cbor::List(vec![])),
        ("neutral", Cbor::True),
        ("llvm", text("22.1.8")),
        ("producers", texts(&[])),
        ("triple", text("")),
        ("data_layout", text("")),
    ]);
    draft.manifest.set("", "bitcode", Cbor::List(vec![entry]));
    draft.manifest.set("", "blobs", table.entries());
    draft.blobs = table.bytes();
    draft
}

/// One entry per level beside the one for the platform; two of them are the same bytes.
fn level_bitcode() -> Draft {
    let mut draft = base();
    for isa in ["x86-64-v3", "x86-64-v4"] {
        let mut entry = draft.manifest.at("bitcode.0").clone();
        entry.set("", "isa", text(isa));
        draft.manifest.push("bitcode", entry);
    }
    draft
}

fn shared_object() -> Draft {
    let table = base_table();
    let mut draft = base();
    let v3 =
        [super::file::V2, &["avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"]].concat();
    draft.manifest.push("platforms.linux-64.variants", variant(&table, "x86-64-v3", &v3, "linux v2", &[1]));
    let own = variant(&table, "haswell-without-bmi", &["popcnt", "avx2", "fma"], "linux v2", &[1]);
    draft.manifest.push("platforms.linux-64.variants", own);
    draft
}

fn foreign() -> Draft {
    let mut draft = base();
    draft.manifest.push("imports", map([("name", text("zlibVersion")), ("foreign", Cbor::True)]));
    *draft.manifest.at("platforms.linux-64.variants.1.imports") = indices(&[1, 2]);
    draft
}

fn specialised() -> Draft {
    let table = Table::new(&[("native", "object")]);
    let mut draft = base();
    draft.manifest.set("", "origin", Cbor::Bytes(vec![0x5a; 32]));
    draft.manifest.set("", "bitcode", Cbor::List(vec![]));
    let own = variant(&table, "native-znver3", &["avx2", "fma"], "native", &[0, 1]);
    draft.manifest.remove("platforms", "osx-arm64");
    *draft.manifest.at("platforms.linux-64.variants") = Cbor::List(vec![own]);
    draft.manifest.set("", "blobs", table.entries());
    draft.blobs = table.bytes();
    draft
}

/// A module with an image of these bytes.
pub fn image(bytes: Vec<u8>) -> Draft {
    let table = Table::new(&[("v1", "object"), ("v1 linked", "image")]).with("v1 linked", bytes);
    let mut draft = minimal();
    let mut own = variant(&table, "x86-64", &[], "v1", &[]);
    own.set("", "image", table.id("v1 linked"));
    let linux = map([
        ("triple", text("x86_64-pc-windows-msvc")),
        ("object_format", text("coff")),
        ("variants", Cbor::List(vec![own])),
    ]);
    draft.manifest.set("", "platforms", map([("win-64", linux)]));
    draft.manifest.set("", "blobs", table.entries());
    draft.blobs = table.bytes();
    draft
}

fn metadata() -> Draft {
    let mut draft = base();
    draft.manifest.set("", "metadata", text("{\"author\": \"Æsop\", \"pi\": 3.14}"));
    draft.manifest.set("exports.0", "metadata", text(""));
    draft.manifest.set("exports.0", "doc", text(""));
    draft.manifest.set(
        "",
        "options",
        map([("opt", Cbor::Uint(0)), ("debug", Cbor::True), ("reproducible", Cbor::True)]),
    );
    draft
}

/// What a reader of 1.0 must pass over: flags, keys, platforms, features, kinds, runtime symbols, blobs without a reference.
fn newer_minor() -> Draft {
    let table = Table::new(&[("linux v1", "object"), ("riscv", "object"), ("debug information", "dwarf")]);
    let mut draft = minimal();
    draft.minor = 7;
    draft.flags = 0x8000_0001;
    let mut function = export("f(x: f64) -> f64");
    function.set("", "colour", map([("red", Cbor::Negative(-1)), ("green", Cbor::Raw(vec![0xf6]))]));
    draft.manifest.set("", "exports", Cbor::List(vec![function]));
    draft.manifest.set("", "imports", Cbor::List(vec![map([("name", text("a_symbol_of_1_7"))])]));
    draft.manifest.set("", "zebra", Cbor::List(vec![Cbor::Raw(vec![0xf4])]));
    let entry = |triple: &str, variants| {
        map([("triple", text(triple)), ("object_format", text("elf")), ("variants", Cbor::List(variants))])
    };
    let linux = entry(
        "x86_64-unknown-linux-gnu",
        vec![
            variant(&table, "x86-64", &[], "linux v1", &[0]),
            variant(&table, "x86-64-v9", &["cx16", "avx2048"], "linux v1", &[]),
        ],
    );
    let riscv =
        entry("riscv64-unknown-linux-gnu", vec![variant(&table, "rva23", &["v", "zfh"], "riscv", &[])]);
    draft.manifest.set("", "platforms", map([("linux-64", linux), ("linux-riscv64", riscv)]));
    draft.manifest.set("", "blobs", table.entries());
    draft.blobs = table.bytes();
    draft
}
