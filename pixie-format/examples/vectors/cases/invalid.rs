//! The invalid vectors: each breaks one rule, and is right in everything else.

use super::Invalid;
use super::cbor::{Cbor, head, indices, map, text, texts};
use super::file::{Table, base, base_table, export, minimal, seal, variant};
use super::image::Image;
use super::valid;

pub fn all() -> Vec<Invalid> {
    [header(), encoding(), schema(), exports(), imports_and_bitcode(), platforms(), blobs(), images()]
        .into_iter()
        .flatten()
        .collect()
}

fn case(name: &'static str, rule: &'static str, why: &'static str, bytes: Vec<u8>) -> Invalid {
    Invalid { name, rule, why, bytes }
}

/// The base module with bytes of the header changed and the header hash right again.
fn sealed(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = base().build();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    seal(&mut file);
    file
}

/// The base module with its manifest changed.
fn bent(change: impl FnOnce(&mut Cbor)) -> Vec<u8> {
    let mut draft = base();
    change(&mut draft.manifest);
    draft.build()
}

/// The base module with the manifest's bytes changed.
fn bytes_bent(change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let draft = base();
    draft.build_with(change(draft.manifest.encode()))
}

/// The base module with raw bytes as the value of `doc`.
fn raw(bytes: &[u8]) -> Vec<u8> {
    bent(|manifest| manifest.set("", "doc", Cbor::Raw(bytes.to_vec())))
}

fn edited(mut file: Vec<u8>, edit: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    edit(&mut file);
    file
}

fn header() -> Vec<Invalid> {
    let file = base().build();
    let newlines = |file: &[u8]| {
        let mut out = Vec::new();
        for (index, byte) in file.iter().enumerate() {
            if !(*byte == b'\r' && file.get(index + 1) == Some(&b'\n')) {
                out.push(*byte);
            }
        }
        out
    };
    let length = file.len() as u64;
    vec![
        case("empty", "M1", "the file is empty", Vec::new()),
        case("text-mode", "M1", "a transfer turned CR LF into LF", newlines(&file)),
        case(
            "seven-bits",
            "M1",
            "a transfer cleared the high bits",
            file.iter().map(|byte| byte & 0x7f).collect(),
        ),
        case("bitcode", "M1", "bitcode, not a module", b"BC\xc0\xde\x35\x14\x00\x00".to_vec()),
        case("short-header", "M2", "only 100 bytes", file[..100].to_vec()),
        case("header-hash", "M2", "a byte of the header changed", edited(file.clone(), |file| file[50] ^= 1)),
        case(
            "version-damaged",
            "M2",
            "the major version changed, the hash did not",
            edited(file.clone(), |file| file[8] = 2),
        ),
        case("newer-major", "M3", "format version 2.0", sealed(8, &2u16.to_le_bytes())),
        case("major-zero", "M3", "format version 0.0", sealed(8, &0u16.to_le_bytes())),
        case("flags", "M4", "a flag is set in version 1.0", sealed(12, &[1, 0, 0, 0])),
        case("reserved", "M4", "a reserved byte is not zero", sealed(95, &[1])),
        case(
            "truncated",
            "M5",
            "the last byte is missing",
            edited(file.clone(), |file| file.truncate(file.len() - 1)),
        ),
        case("appended", "M5", "a byte follows the last blob", edited(file.clone(), |file| file.push(0))),
        case(
            "manifest-offset",
            "M6",
            "the manifest is said to begin at 192",
            sealed(24, &192u64.to_le_bytes()),
        ),
        case("manifest-empty", "M7", "the manifest has no bytes", sealed(32, &0u64.to_le_bytes())),
        case(
            "manifest-beyond",
            "M7",
            "the manifest is longer than the file",
            sealed(32, &length.to_le_bytes()),
        ),
        case("manifest-huge", "M7", "the manifest has 2^64 - 1 bytes", sealed(32, &[0xff; 8])),
        case("manifest-hash", "M8", "a byte of the manifest changed", edited(file, |file| file[200] ^= 0x20)),
    ]
}

fn encoding() -> Vec<Invalid> {
    // A key of the base manifest's outer map, with its head: `doc` stands first.
    let doc_twice = |manifest: Vec<u8>| {
        let doc = [text("doc").encode(), text("Two kernels.").encode()].concat();
        let mut out = vec![manifest[0] + 1];
        out.extend([doc.as_slice(), &manifest[1..]].concat());
        out
    };
    let name_last = || {
        let mut draft = base();
        draft.manifest.remove("", "name");
        let mut bytes = draft.manifest.encode();
        bytes[0] += 1;
        bytes.extend([text("name").encode(), text("kernels").encode()].concat());
        draft.build_with(bytes)
    };
    let nested = |depth: usize| edited(vec![0x81; depth], |bytes| bytes.push(0x80));
    let long_map = |manifest: Vec<u8>| [&[0xb8, manifest[0] & 31], &manifest[1..]].concat();
    vec![
        case(
            "trailing-item",
            "M9",
            "a second item follows the manifest",
            bytes_bent(|bytes| [bytes, vec![0]].concat()),
        ),
        case(
            "cut",
            "M9",
            "the manifest ends inside an item",
            bytes_bent(|bytes| bytes[..bytes.len() - 1].to_vec()),
        ),
        case(
            "string-too-long",
            "M9",
            "a string is said to have 2^64 - 1 bytes",
            raw(&[0x7b, 255, 255, 255, 255, 255, 255, 255, 255]),
        ),
        case(
            "count-too-large",
            "M9",
            "a list is said to have 2^32 - 1 items",
            raw(&[0x9a, 255, 255, 255, 255]),
        ),
        case("utf8", "M9", "a text string holds the byte ff", raw(b"\x62a\xff")),
        case("utf8-surrogate", "M9", "a text string holds an encoded surrogate", raw(b"\x63\xed\xa0\x80")),
        case("reserved-information", "M9", "additional information 28", raw(&[0x1c])),
        case(
            "long-integer",
            "M10",
            "1 in two bytes",
            bent(|manifest| manifest.set("options", "opt", Cbor::Raw(vec![0x18, 1]))),
        ),
        case("long-text", "M10", "a text of 1 byte with its length in two", raw(b"\x78\x01a")),
        case("long-map", "M10", "the outer map with its count in two bytes", bytes_bent(long_map)),
        case(
            "long-integer-8",
            "M10",
            "2^32 - 1 in nine bytes",
            bent(|manifest| {
                manifest.set("blobs.0", "size", Cbor::Raw(vec![0x1b, 0, 0, 0, 0, 255, 255, 255, 255]))
            }),
        ),
        case("indefinite-text", "M11", "a text of indefinite length", raw(b"\x7f\x61a\xff")),
        case(
            "indefinite-list",
            "M11",
            "a list of indefinite length",
            bent(|manifest| manifest.set("", "imports", Cbor::Raw(vec![0x9f, 0xff]))),
        ),
        case("break", "M11", "a break without its beginning", raw(&[0xff])),
        case("tag", "M12", "a tag before a text", raw(b"\xc0\x61a")),
        case(
            "self-described",
            "M12",
            "the tag 55799 before the manifest",
            bytes_bent(|bytes| [vec![0xd9, 0xd9, 0xf7], bytes].concat()),
        ),
        case("float-16", "M12", "a float of 16 bits", raw(&[0xf9, 0x3c, 0])),
        case(
            "float-64",
            "M12",
            "a float of 64 bits",
            raw(&[0xfb, 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]),
        ),
        case("undefined", "M12", "the simple value undefined", raw(&[0xf7])),
        case("simple", "M12", "the simple value 255", raw(&[0xf8, 255])),
        case("key-twice", "M13", "the key `doc` stands twice", bytes_bent(doc_twice)),
        case("key-order", "M13", "the key `name` stands last", name_last()),
        case("integer-key", "M13", "a map key that is an integer", raw(&[0xa1, 0x00, 0x00])),
        case("depth", "M14", "lists nested 17 deep, the outermost map counted", raw(&nested(16))),
        case("small-integer", "M14", "the integer -2^63 - 1", raw(&[0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0])),
    ]
}

fn schema() -> Vec<Invalid> {
    let set =
        |path: &'static str, key: &'static str, value: Cbor| bent(|manifest| manifest.set(path, key, value));
    let as_list = |manifest: &mut Cbor| {
        let fields = ["root", "root(x: f64) -> f64", "root", "__pixie_thunk_root"];
        *manifest.at("exports.1") = texts(&fields);
    };
    let critical_alien = || {
        let mut draft = minimal();
        draft.manifest =
            map([("critical", texts(&["packed-manifest"])), ("packed", Cbor::Bytes(vec![1, 2, 3]))]);
        draft.build()
    };
    let newer_kind = |minor| {
        let table = Table::new(&[("v1", "dwarf")]);
        let mut draft = minimal();
        draft.minor = minor;
        draft.manifest.set("", "blobs", table.entries());
        draft.blobs = table.bytes();
        draft
    };
    vec![
        case(
            "critical",
            "M15",
            "a critical feature that 1.0 does not know",
            set("", "critical", texts(&["compressed-blobs"])),
        ),
        case(
            "critical-alien",
            "M15",
            "a critical feature, and a manifest of another shape",
            critical_alien(),
        ),
        case(
            "critical-empty",
            "M16",
            "an empty list `critical`, which is left out",
            set("", "critical", Cbor::List(vec![])),
        ),
        case("key-missing", "M16", "no `producer`", bent(|manifest| manifest.remove("", "producer"))),
        case(
            "inner-key-missing",
            "M16",
            "an export without `thunk`",
            bent(|manifest| manifest.remove("exports.1", "thunk")),
        ),
        case("key-unknown", "M16", "a key that 1.0 does not have", set("", "colour", text("red"))),
        case(
            "inner-key-unknown",
            "M16",
            "a key of a variant that 1.0 does not have",
            set("platforms.linux-64.variants.0", "cost", Cbor::Uint(1)),
        ),
        case("wrong-type", "M16", "a name that is an integer", set("", "name", Cbor::Uint(1))),
        case(
            "bytes-for-text",
            "M16",
            "a name that is a byte string",
            set("", "name", Cbor::Bytes(b"kernels".to_vec())),
        ),
        case("null", "M16", "a `doc` that is null", set("", "doc", Cbor::Raw(vec![0xf6]))),
        case("list-for-map", "M16", "an export that is a list of its values", bent(as_list)),
        case(
            "map-for-word",
            "M16",
            "a `kind` that is a map",
            set("blobs.0", "kind", map([("object", Cbor::Raw(vec![0xf6]))])),
        ),
        case(
            "default-written",
            "M16",
            "`foreign: false`, which is left out",
            set("imports.0", "foreign", Cbor::Raw(vec![0xf4])),
        ),
        case(
            "absent-false",
            "M16",
            "`absent: false`, which is left out",
            set("blobs.0", "absent", Cbor::Raw(vec![0xf4])),
        ),
        case(
            "empty-restrict",
            "M16",
            "an empty list `restrict`, which is left out",
            set("exports.0", "restrict", Cbor::List(vec![])),
        ),
        case(
            "no-variants",
            "M16",
            "a platform without variants",
            set("platforms.osx-arm64", "variants", Cbor::List(vec![])),
        ),
        case(
            "gil",
            "M16",
            "a `gil` that is neither `hold` nor `release`",
            set("exports.0", "gil", text("drop")),
        ),
        case("opt", "M16", "optimisation level 4", set("options", "opt", Cbor::Uint(4))),
        case("hash-short", "M16", "a hash of 31 bytes", set("blobs.0", "hash", Cbor::Bytes(vec![0; 31]))),
        case("index-large", "M16", "an index of 2^32", set("bitcode.0", "blob", Cbor::Uint(1 << 32))),
        case("index-negative", "M16", "an index of -1", set("bitcode.0", "blob", Cbor::Negative(-1))),
        case("kind", "M16", "a blob kind that 1.0 does not have", newer_kind(0).build()),
    ]
}

fn exports() -> Vec<Invalid> {
    let one = |entry: Cbor| bent(|manifest| manifest.set("", "exports", Cbor::List(vec![entry])));
    let signed = |signature: &str| one(export(signature));
    let with = |signature: &str, key: &str, value: Cbor| {
        let mut entry = export(signature);
        entry.set("", key, value);
        one(entry)
    };
    let element = || map([("loop", text("l"))]);
    let core = || map([("loop", text("l")), ("core", Cbor::True)]);
    let code = |code| map([("code", code), ("text", text("why"))]);
    vec![
        case(
            "module-name",
            "M17",
            "a module name with a hyphen",
            bent(|manifest| manifest.set("", "name", text("my-kernels"))),
        ),
        case(
            "module-keyword",
            "M17",
            "a module called `import`",
            bent(|manifest| manifest.set("", "name", text("import"))),
        ),
        case("export-name", "M17", "an empty export name", with("root(x: f64) -> f64", "name", text(""))),
        case("symbol-empty", "M17", "an empty symbol", with("root(x: f64) -> f64", "symbol", text(""))),
        case(
            "symbol-nul",
            "M17",
            "a symbol with a NUL",
            with("root(x: f64) -> f64", "symbol", text("ro\0ot")),
        ),
        case(
            "thunk-long",
            "M17",
            "a thunk symbol of 4097 bytes",
            with("root(x: f64) -> f64", "thunk", text("x".repeat(4097))),
        ),
        case(
            "signature-garbage",
            "M18",
            "text after the signature",
            with("root(x: f64) -> f64", "signature", text("root(x: f64) -> f64!")),
        ),
        case(
            "signature-name",
            "M18",
            "another name in the signature",
            with("root(x: f64) -> f64", "signature", text("toor(x: f64) -> f64")),
        ),
        case(
            "signature-spaces",
            "M18",
            "a signature that is not canonical",
            with("root(x: f64) -> f64", "signature", text("root(x:f64) -> f64")),
        ),
        case(
            "signature-void",
            "M18",
            "`-> void`, which is left out",
            with("f(x: f64)", "signature", text("f(x: f64) -> void")),
        ),
        case("signature-parentheses", "M18", "needless parentheses", signed("f(x: f64[(n)], n: usize)")),
        case(
            "signature-float",
            "M18",
            "a float that is not in its shortest form",
            signed("f(x: f64 = 0.10)"),
        ),
        case("signature-type", "M18", "a type that 1.0 does not have", signed("f(x: f16)")),
        case("signature-dimension", "M18", "a dimension that is no parameter", signed("f(x: f64[n])")),
        case(
            "signature-dimension-type",
            "M18",
            "a dimension that is a float",
            signed("f(x: f64[n], n: f64)"),
        ),
        case("signature-complex", "M18", "a complex number by value", signed("f(x: c64)")),
        case("signature-inout", "M18", "an `inout` scalar", signed("f(x: inout f64)")),
        case("signature-default", "M18", "a default out of range", signed("f(x: u8 = 256)")),
        case(
            "signature-default-long",
            "M18",
            "a default that does not fit `long` of 32 bits",
            signed("f(x: long = 2147483648)"),
        ),
        case("signature-default-order", "M18", "no default after one", signed("f(x: f64 = 1, y: f64)")),
        case(
            "signature-default-hidden",
            "M18",
            "a default of a hidden parameter",
            signed("f(x: f64[n], n: usize = 1)"),
        ),
        case(
            "signature-stride",
            "M18",
            "a stride that is unsigned",
            signed("f(x: f64[n; stride=s], n: usize, s: usize)"),
        ),
        case("signature-twice", "M18", "two parameters of one name", signed("f(x: f64, x: f64)")),
        case("signature-keyword", "M18", "a parameter called `lambda`", signed("f(lambda: f64)")),
        case(
            "signature-depth",
            "M18",
            "33 parentheses",
            signed(&format!("f(x: f64[{}n{}], n: usize)", "(".repeat(33), ")".repeat(33))),
        ),
        case(
            "overload-twice",
            "M19",
            "the same signature twice",
            bent(|manifest| {
                let entry = manifest.at("exports.1").clone();
                manifest.push("exports", entry);
            }),
        ),
        case(
            "restrict-scalar",
            "M20",
            "a scalar that is `restrict`",
            with("f(a: f64, x: f64[n], n: usize)", "restrict", indices(&[0])),
        ),
        case(
            "restrict-order",
            "M20",
            "indices that are not ascending",
            with("f(x: f64[2], y: f64[2])", "restrict", indices(&[1, 0])),
        ),
        case(
            "restrict-twice",
            "M20",
            "an index twice",
            with("f(x: f64[2], y: f64[2])", "restrict", indices(&[1, 1])),
        ),
        case(
            "restrict-range",
            "M20",
            "an index beyond the parameters",
            with("f(x: f64[2])", "restrict", indices(&[1])),
        ),
        case(
            "status-result",
            "M21",
            "`status` where the result is a number",
            with("root(x: f64) -> f64", "status", Cbor::List(vec![code(Cbor::Uint(1))])),
        ),
        case(
            "status-zero",
            "M21",
            "a meaning for 0",
            with("f() -> status", "status", Cbor::List(vec![code(Cbor::Uint(0))])),
        ),
        case(
            "status-order",
            "M21",
            "codes that are not ascending",
            with("f() -> status", "status", Cbor::List(vec![code(Cbor::Uint(1)), code(Cbor::Negative(-1))])),
        ),
        case(
            "ufunc-array",
            "M21",
            "an element-wise ufunc over an array",
            with("f(x: f64[n], n: usize) -> f64", "ufunc", element()),
        ),
        case("ufunc-no-input", "M21", "a ufunc without inputs", with("f() -> f64", "ufunc", element())),
        case("ufunc-no-output", "M21", "a ufunc without outputs", with("f(x: f64)", "ufunc", element())),
        case(
            "ufunc-status",
            "M21",
            "a ufunc that returns `status`",
            with("f(x: f64, y: out f64) -> status", "ufunc", element()),
        ),
        case(
            "ufunc-core-expression",
            "M21",
            "a core dimension that is a sum",
            with("f(x: f64[n+1], n: usize) -> f64", "ufunc", core()),
        ),
        case(
            "ufunc-core-inout",
            "M21",
            "a core array that is `inout`",
            with("f(x: inout f64[n], n: usize) -> f64", "ufunc", core()),
        ),
    ]
}

fn imports_and_bitcode() -> Vec<Invalid> {
    let code = |key: &'static str, value: Cbor| bent(|manifest| manifest.set("bitcode.0", key, value));
    let twice = |manifest: &mut Cbor| {
        let entry = manifest.at("bitcode.0").clone();
        manifest.push("bitcode", entry);
    };
    vec![
        case(
            "import-order",
            "M22",
            "imports that are not ascending",
            bent(|manifest| {
                let Cbor::List(imports) = manifest.at("imports") else { return };
                imports.reverse();
            }),
        ),
        case(
            "import-unused",
            "M22",
            "an import that no variant needs",
            bent(|manifest| manifest.push("imports", map([("name", text("tan"))]))),
        ),
        case(
            "import-name",
            "M17",
            "an import without a name",
            bent(|manifest| manifest.set("imports.0", "name", text(""))),
        ),
        case(
            "import-printf",
            "M23",
            "`printf`, which is no runtime symbol",
            bent(|manifest| manifest.set("imports.0", "name", text("printf"))),
        ),
        case(
            "import-platform",
            "M23",
            "`bzero`, which is one on another platform only",
            bent(|manifest| manifest.set("imports.0", "name", text("bzero"))),
        ),
        case(
            "bitcode-triple",
            "M24",
            "the triple of another platform",
            code("triple", text("aarch64-unknown-linux-gnu")),
        ),
        case("bitcode-no-layout", "M24", "no data layout", code("data_layout", text(""))),
        case("bitcode-neutral-triple", "M24", "neutral bitcode with a triple", code("neutral", Cbor::True)),
        case(
            "bitcode-platforms",
            "M24",
            "two platforms for bitcode that is not neutral",
            code("platforms", texts(&["linux-64", "win-64"])),
        ),
        case(
            "bitcode-no-platform",
            "M24",
            "no platform for bitcode that is not neutral",
            code("platforms", texts(&[])),
        ),
        case(
            "bitcode-platform-unknown",
            "M24",
            "a platform that 1.0 does not have",
            code("platforms", texts(&["linux-32"])),
        ),
        case(
            "bitcode-producers",
            "M24",
            "producers that are not ascending",
            code("producers", texts(&["rustc", "clang"])),
        ),
        case("bitcode-isa", "M24", "bitcode for the level `baseline`", code("isa", text("baseline"))),
        case("bitcode-twice", "M24", "two entries for one platform", bent(twice)),
    ]
}

fn platforms() -> Vec<Invalid> {
    let first = "platforms.linux-64.variants.0";
    let second = "platforms.linux-64.variants.1";
    let set =
        |path: &'static str, key: &'static str, value: Cbor| bent(|manifest| manifest.set(path, key, value));
    let own = |features: &[&str]| {
        bent(|manifest| {
            manifest.set(second, "isa", text("own"));
            manifest.set(second, "features", texts(features));
        })
    };
    let renamed = |manifest: &mut Cbor| {
        let entry = manifest.at("platforms.osx-arm64").clone();
        manifest.remove("platforms", "osx-arm64");
        manifest.set("platforms", "osx-64", entry);
    };
    vec![
        case("platform-unknown", "M25", "a platform that 1.0 does not have", bent(renamed)),
        case(
            "platform-triple",
            "M25",
            "a triple with another minimum system",
            set("platforms.osx-arm64", "triple", text("arm64-apple-macosx14.0.0")),
        ),
        case(
            "platform-format",
            "M25",
            "the object format of another platform",
            set("platforms.linux-64", "object_format", text("coff")),
        ),
        case(
            "level-twice",
            "M26",
            "two variants of one level",
            bent(|manifest| {
                let entry = manifest.at(first).clone();
                manifest.push("platforms.linux-64.variants", entry);
            }),
        ),
        case("level-baseline", "M26", "a level called `baseline`", set(first, "isa", text("baseline"))),
        case("level-features", "M26", "x86-64-v2 without its features", set(second, "features", texts(&[]))),
        case("feature-unknown", "M26", "a feature that 1.0 does not have", own(&["avx2048"])),
        case("feature-order", "M26", "features that are not in order", own(&["fma", "avx2"])),
        case("feature-twice", "M26", "a feature twice", own(&["fma", "fma"])),
        case("feature-architecture", "M26", "a feature of another architecture", own(&["neon"])),
        case("level-empty", "M17", "a level without a name", set(second, "isa", text(""))),
        case(
            "import-range",
            "M27",
            "an index beyond the imports",
            set(first, "imports", indices(&[0, 1, 2])),
        ),
        case(
            "import-index-order",
            "M27",
            "indices that are not ascending",
            set(first, "imports", indices(&[1, 0])),
        ),
    ]
}

fn blobs() -> Vec<Invalid> {
    let table = base_table();
    let (object, bitcode) = (table.index("linux v1"), table.index("linux code"));
    let count = table.bytes().len() as u64;
    let first = "platforms.linux-64.variants.0";
    let set = |path: &str, key: &str, value: Cbor| bent(|manifest| manifest.set(path, key, value));
    let swapped = || {
        let mut draft = base();
        let Cbor::List(entries) = draft.manifest.at("blobs") else { return draft };
        entries.swap(0, 1);
        draft.blobs.swap(0, 1);
        // Whatever pointed at either still finds its kind, so that nothing but the order is wrong.
        let kinds =
            base().manifest.at("blobs.0.kind").encode() == base().manifest.at("blobs.1.kind").encode();
        assert!(kinds, "choose two neighbours of one kind");
        draft
    };
    let unreferenced = || {
        let mut draft = base();
        let entry = variant(&table, "x86-64-v2", super::file::V2, "linux v1", &[1]);
        *draft.manifest.at("platforms.linux-64.variants.1") = entry;
        draft
    };
    let empty = || {
        let mut draft = minimal();
        let mut entry = vec![0xa3];
        entry.extend(
            [text("hash").encode(), Cbor::Bytes(blake3::hash(b"").as_bytes().to_vec()).encode()].concat(),
        );
        entry.extend(
            [text("kind").encode(), text("bitcode").encode(), text("size").encode(), vec![0]].concat(),
        );
        let mut code = base().manifest.at("bitcode.0").clone();
        code.set("", "blob", Cbor::Uint(0));
        draft.manifest.set("", "bitcode", Cbor::List(vec![code]));
        draft.manifest.set("", "blobs", Cbor::List(vec![Cbor::Raw(entry)]));
        draft.build()
    };
    let longer = |file: &mut Vec<u8>| {
        file.resize(file.len() + 64, 0);
        let length = file.len() as u64;
        file[16..24].copy_from_slice(&length.to_le_bytes());
        seal(file);
    };
    let padding = |file: &mut Vec<u8>| {
        let end = 128 + u64::from_le_bytes(file[32..40].try_into().expect("8 bytes")) as usize;
        assert_ne!(end % 64, 0, "there is padding after the manifest");
        file[end] = 1;
    };
    let last = |file: &mut Vec<u8>| *file.last_mut().expect("a byte") ^= 1;
    let size_head = |size: u64| {
        let mut bytes = Vec::new();
        head(0, size, &mut bytes);
        Cbor::Raw(bytes)
    };
    vec![
        case("blob-range", "M28", "an index beyond the blobs", set(first, "object", Cbor::Uint(count))),
        case(
            "blob-kind",
            "M28",
            "an object that is bitcode",
            set(first, "object", Cbor::Uint(bitcode as u64)),
        ),
        case(
            "blob-kind-bitcode",
            "M28",
            "bitcode that is an object",
            set("bitcode.0", "blob", Cbor::Uint(object as u64)),
        ),
        case(
            "image-kind",
            "M28",
            "an image that is an object",
            set(first, "image", Cbor::Uint(object as u64)),
        ),
        case("blob-order", "M29", "hashes that are not ascending", swapped().build()),
        case("blob-empty", "M30", "a blob of size 0", empty()),
        case("blob-unreferenced", "M31", "a blob that nothing refers to", unreferenced().build()),
        case(
            "blob-size",
            "M32",
            "a blob that is a block longer than the file",
            set(&format!("blobs.{}", count - 1), "size", Cbor::Uint(1000)),
        ),
        case(
            "blob-size-overflow",
            "M32",
            "sizes whose sum exceeds 2^64",
            bent(|manifest| {
                (0..count)
                    .for_each(|index| manifest.set(&format!("blobs.{index}"), "size", size_head(1 << 63)));
            }),
        ),
        case(
            "absent-present",
            "M32",
            "a blob marked absent whose bytes are there",
            set("blobs.0", "absent", Cbor::True),
        ),
        case("trailing-block", "M32", "64 zero bytes after the last blob", edited(base().build(), longer)),
        case("padding", "M33", "a byte of padding that is not zero", edited(base().build(), padding)),
        case("blob-damaged", "M34", "a byte of a blob changed", edited(base().build(), last)),
    ]
}

/// A module whose image is bent.
fn image(name: &'static str, why: &'static str, bend: impl FnOnce(&mut Image)) -> Invalid {
    let mut image = Image::new();
    bend(&mut image);
    case(name, "M35", why, valid::image(image.bytes()).build())
}

fn images() -> Vec<Invalid> {
    let cut = |keep: usize| valid::image(Image::new().bytes()[..keep].to_vec()).build();
    let longer = [Image::new().bytes(), vec![0]].concat();
    vec![
        case("image-header", "M35", "an image of 67 bytes", cut(67)),
        case("image-short", "M35", "an image without its last byte", cut(Image::new().bytes().len() - 1)),
        case("image-long", "M35", "an image with a byte more", valid::image(longer).build()),
        image("image-page", "a page of 8 KiB", |image| (image.page, image.align) = (0x2000, 0x2000)),
        image("image-align-small", "an alignment below a page", |image| image.align = 0x800),
        image("image-align-large", "an alignment of 4 MiB", |image| image.align = 4 << 20),
        image("image-align-odd", "an alignment that is no power of two", |image| image.align = 0x3000),
        image("image-size", "more than 1 GiB in memory", |image| image.zeroes = 1 << 30),
        image("image-unwind-outside", "unwind tables that begin in the code", |image| image.unwind[0] = 32),
        image("image-unwind-end", "unwind tables with three bytes behind them", |image| image.unwind[1] = 29),
        image("image-unwind-zero", "unwind tables with no zero behind them", |image| image.constants[38] = 1),
        image("image-unwind-start", "no unwind tables, but a place for them", |image| image.unwind[1] = 0),
        image("image-name-empty", "a symbol without a name", |image| image.symbols[0].0 = b""),
        image("image-name-utf8", "a name that is not UTF-8", |image| image.imports[0].0 = b"s\xffn"),
        image("image-symbol-order", "symbols that are not ascending", |image| image.symbols.reverse()),
        image("image-symbol-twice", "a symbol twice", |image| image.symbols[0] = (b"f", 0)),
        image("image-symbol-outside", "a symbol behind the image", |image| image.symbols[1].1 = 0x2031),
        image("image-stub-outside", "a stub that ends behind the code", |image| image.imports[0].1 = 49),
        image("image-variable-outside", "a variable that ends behind the constants", |image| {
            image.variables[0].2 = 49;
        }),
        image("image-relative-outside", "an address that ends in the zeroes", |image| {
            image.relative[0] = 0x2009
        }),
        image("image-relative-gap", "an address between the parts", |image| image.relative[0] = 0x40),
        image("image-relative-order", "addresses that are not ascending", |image| {
            image.relative = vec![0x2000, 0x2000];
        }),
        image("image-binding-outside", "an outside address behind the data", |image| {
            image.bindings[1][0] = 0x2009;
        }),
        image("image-binding-import", "an address of an import that is not there", |image| {
            image.bindings[0][1] = 2;
        }),
        image("image-binding-order", "outside addresses that are not ascending", |image| {
            image.bindings.reverse()
        }),
        image("image-call-outside", "a call in the constants", |image| image.calls[0][0] = 0x1000),
        image("image-call-stub", "a call of an import without a stub", |image| image.calls[0][1] = 1),
        image("image-call-import", "a call of an import that is not there", |image| image.calls[0][1] = 2),
        image("image-call-order", "calls that are not ascending", |image| image.calls = vec![[8, 0], [4, 0]]),
        image("image-codes-order", "unwind codes that are not ascending", |image| image.codes.reverse()),
    ]
}
