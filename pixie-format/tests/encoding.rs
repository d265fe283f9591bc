//! The encoding of the manifest, byte by byte, and against a second CBOR library.

#[path = "../examples/vectors/cases/mod.rs"]
mod cases;

use cases::cbor::Cbor;
use ciborium::Value;
use pixie_format::{Error, Manifest, Module};
use proptest::prelude::*;

/// The rule and the place that these bytes, taken for a manifest, break first.
fn refusal(bytes: &[u8]) -> (&'static str, Option<usize>) {
    let error = Manifest::parse(bytes, 1, 0).expect_err("no manifest");
    let offset = match &error {
        Error::Cbor { offset, .. } => Some(*offset),
        _ => None,
    };
    (error.rule().unwrap_or_else(|| panic!("{error}")), offset)
}

#[test]
fn each_refusal_has_its_bytes() {
    for (bytes, rule, offset) in [
        (&b""[..], "M9", 0),
        (b"\xa1\x61a", "M9", 3),
        (b"\xa0\x00", "M9", 1),
        (b"\xa1\x61a\x1c", "M9", 3),
        (b"\xa1\x61a\x1d", "M9", 3),
        (b"\xa1\x61a\x1e", "M9", 3),
        (b"\xa1\x61a\xfc", "M9", 3),
        (b"\xa1\x61a\x61\xff", "M9", 3),
        (b"\xa1\x61\xff\x00", "M9", 1),
        (b"\xa1\x61a\x5a\xff\xff\xff\xff", "M9", 8),
        (b"\xa1\x61a\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "M9", 3),
        (b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "M9", 0),
        (b"\xa1\x61a\x18\x17", "M10", 3),
        (b"\xa1\x61a\x19\x00\xff", "M10", 3),
        (b"\xa1\x61a\x1a\x00\x00\xff\xff", "M10", 3),
        (b"\xa1\x61a\x1b\x00\x00\x00\x00\xff\xff\xff\xff", "M10", 3),
        (b"\xa1\x61a\x38\x17", "M10", 3),
        (b"\xa1\x61a\x58\x01a", "M10", 3),
        (b"\xa1\x61a\x78\x01a", "M10", 3),
        (b"\xa1\x61a\x98\x00", "M10", 3),
        (b"\xa1\x78\x01a\x00", "M10", 1),
        (b"\xb8\x01\x61a\x00", "M10", 0),
        (b"\xbf\x61a\x00\xff", "M11", 0),
        (b"\xa1\x61a\x5f\x41a\xff", "M11", 3),
        (b"\xa1\x61a\x7f\x61a\xff", "M11", 3),
        (b"\xa1\x61a\x9f\xff", "M11", 3),
        (b"\xa1\x61a\x1f", "M11", 3),
        (b"\xa1\x61a\xff", "M11", 3),
        (b"\xd9\xd9\xf7\xa0", "M12", 0),
        (b"\xa1\x61a\xc0\x61a", "M12", 3),
        (b"\xa1\x61a\xf9\x3c\x00", "M12", 3),
        (b"\xa1\x61a\xfa\x3f\x80\x00\x00", "M12", 3),
        (b"\xa1\x61a\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00", "M12", 3),
        (b"\xa1\x61a\xe0", "M12", 3),
        (b"\xa1\x61a\xf7", "M12", 3),
        (b"\xa1\x61a\xf8\x14", "M12", 3),
        (b"\xa1\x00\x00", "M13", 1),
        (b"\xa1\x41a\x00", "M13", 1),
        (b"\xa1\x80\x00", "M13", 1),
        (b"\xa2\x61b\x00\x61a\x00", "M13", 4),
        (b"\xa2\x62aa\x00\x61b\x00", "M13", 5),
        (b"\xa2\x61a\x00\x61a\x00", "M13", 4),
        (b"\xa1\x61a\x3b\x80\x00\x00\x00\x00\x00\x00\x00", "M14", 3),
    ] {
        assert_eq!(refusal(bytes), (rule, Some(offset)), "{}", bytes.escape_ascii());
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| [vec![0xa1, 0x61, b'a'], vec![0x81; depth - 2], vec![0x80]].concat();
    assert_eq!(refusal(&nested(16)).0, "M16", "16 are sound CBOR");
    assert_eq!(refusal(&nested(17)), ("M14", Some(18)));
    let deep = [vec![0x81; 1 << 20], vec![0x80]].concat();
    assert_eq!(refusal(&deep), ("M14", Some(16)));
}

#[test]
fn items_are_bounded() {
    let many = |count: u32| [&[0x9a][..], &count.to_be_bytes(), &vec![0; count as usize]].concat();
    assert_eq!(refusal(&many((1 << 20) - 1)).0, "M16", "2^20 items are sound CBOR");
    assert_eq!(refusal(&many(1 << 20)).0, "M14");
}

#[test]
fn a_manifest_that_is_no_map_is_refused() {
    for bytes in [&b"\x80"[..], b"\x00", b"\x60", b"\xf6", b"\xa0"] {
        assert_eq!(refusal(bytes), ("M16", None));
    }
}

#[test]
fn another_library_reads_the_same() {
    for case in cases::all_valid() {
        let module = Module::parse(&case.bytes).unwrap();
        let other: Value = ciborium::from_reader(module.manifest_bytes()).unwrap();
        let typed: Value = {
            let bytes = module.manifest().to_bytes().unwrap();
            ciborium::from_reader(bytes.as_slice()).unwrap()
        };
        if module.header().minor == 0 {
            assert_eq!(typed, other, "{}", case.name);
            assert_eq!(module.manifest().to_bytes().unwrap(), module.manifest_bytes(), "{}", case.name);
        }
        let mut again = Vec::new();
        ciborium::into_writer(&other, &mut again).unwrap();
        assert_eq!(again, module.manifest_bytes(), "{}", case.name);
    }
}

fn any_cbor() -> impl Strategy<Value = Cbor> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Cbor::Uint),
        (0u64..300).prop_map(Cbor::Uint),
        (i64::MIN..0).prop_map(Cbor::Negative),
        ".{0,30}".prop_map(Cbor::Text),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Cbor::Bytes),
        Just(Cbor::True),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Cbor::List),
            proptest::collection::btree_map(".{0,8}", inner, 0..6)
                .prop_map(|entries| Cbor::Map(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What the generator writes is deterministic: a module of a later minor version carries it through thinning unchanged.
    #[test]
    fn unknown_values_survive(value in any_cbor()) {
        let mut draft = cases::file::base();
        draft.minor = 3;
        draft.manifest.set("", "unknown", value.clone());
        draft.manifest.set("blobs.1", "unknown", value);
        let file = draft.build();
        let module = Module::parse(&file).unwrap();
        let thinned = pixie_format::rewrite_presence(&module, |_| None).unwrap();
        let thinned = Module::parse(&thinned).unwrap();
        prop_assert_eq!(thinned.build_id().unwrap(), module.build_id().unwrap());
        let merged = pixie_format::rewrite_presence(&thinned, |id| module.blob(id).ok()).unwrap();
        prop_assert_eq!(merged, file);
    }

    /// Accepting bytes as deterministic is the same as getting them back from another library's encoder.
    #[test]
    fn accepted_encodings_are_those_that_come_back(value in any_cbor(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = value.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let accepted = !matches!(
            Manifest::parse(&bytes, 1, 0).expect_err("no manifest"),
            Error::Cbor { .. }
        );
        if accepted {
            let other: Value = ciborium::from_reader(bytes.as_slice()).unwrap();
            let mut again = Vec::new();
            ciborium::into_writer(&other, &mut again).unwrap();
            prop_assert_eq!(again, bytes);
        }
    }
}
