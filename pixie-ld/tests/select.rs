//! Selection as a table: what is offered, what the host has, what is chosen and what is said about the rest.
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

use pixie_format::manifest::{PlatformEntry, Variant};
use pixie_format::{BlobId, FeatureSet, Platform};
use pixie_ld::Host;
use pixie_ld::select::select;

fn host(level: &str) -> Host {
    let features = match level {
        "nothing" => FeatureSet::default(),
        level => Platform::Linux64.level(level).unwrap().features,
    };
    Host::hypothetical(Platform::Linux64, features, "Test CPU")
}

fn entry(levels: &[&str]) -> PlatformEntry {
    let variant = |isa: &&str| Variant {
        isa: (*isa).to_owned(),
        features: match Platform::Linux64.level(isa) {
            Ok(level) => level.features.iter().map(|feature| feature.name().to_owned()).collect(),
            // A level of a later version, with a feature that this one does not know.
            Err(_) => vec!["popcnt".to_owned(), "avx99".to_owned()],
        },
        object: BlobId(0),
        imports: Vec::new(),
        image: None,
    };
    PlatformEntry {
        triple: Platform::Linux64.triple().to_owned(),
        object_format: "elf".to_owned(),
        variants: levels.iter().map(variant).collect(),
    }
}

const ALL: &[&str] = &["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"];

#[test]
fn the_last_fitting_variant_is_chosen() {
    let table: &[(&[&str], &str, &str)] = &[
        (ALL, "nothing", "x86-64"),
        (ALL, "x86-64", "x86-64"),
        (ALL, "x86-64-v2", "x86-64-v2"),
        (ALL, "x86-64-v3", "x86-64-v3"),
        (ALL, "x86-64-v4", "x86-64-v4"),
        (&["x86-64-v2"], "x86-64-v4", "x86-64-v2"),
        (&["x86-64", "x86-64-v4"], "x86-64-v3", "x86-64"),
        (&["x86-64-v2", "x86-64-v9"], "x86-64-v4", "x86-64-v2"),
    ];
    for (levels, has, expected) in table {
        let entry = entry(levels);
        let selection = select("m", &entry, &host(has), None).unwrap();
        assert_eq!(entry.variants[selection.index].isa, *expected, "{levels:?} on {has}");
        assert!(!selection.forced);
        assert_eq!(selection.refused.len(), levels.len() - 1);
    }
}

#[test]
fn every_other_variant_has_a_reason() {
    let selection = select("m", &entry(ALL), &host("x86-64-v3"), None).unwrap();
    let said: Vec<(&str, &str)> =
        selection.refused.iter().map(|refusal| (refusal.isa.as_str(), refusal.reason.as_str())).collect();
    assert_eq!(
        said,
        [
            ("x86-64", "lower than the chosen x86-64-v3"),
            ("x86-64-v2", "lower than the chosen x86-64-v3"),
            ("x86-64-v4", "needs avx512f avx512bw avx512cd avx512dq avx512vl, which this processor lacks"),
        ]
    );
    let later = select("m", &entry(&["x86-64", "x86-64-v9"]), &host("x86-64-v4"), None).unwrap();
    assert_eq!(later.refused[0].reason, "needs avx99, which this processor lacks");
}

#[test]
fn a_level_can_be_forced() {
    for (forced, expected) in [("x86-64", 0), ("baseline", 0), ("x86-64-v2", 1), ("x86-64-v3", 2)] {
        let selection = select("m", &entry(ALL), &host("x86-64-v3"), Some(forced)).unwrap();
        assert_eq!((selection.index, selection.forced), (expected, true), "{forced}");
    }
    let lowest =
        select("m", &entry(&["x86-64-v2", "x86-64-v3"]), &host("x86-64-v3"), Some("baseline")).unwrap();
    assert_eq!(lowest.index, 0);
    assert_eq!(lowest.refused[0].reason, "`x86-64-v2` was forced");
}

#[test]
fn failures_name_both_sides() {
    let said = |levels: &[&str], has: &str, forced: Option<&str>| {
        select("m.pixie", &entry(levels), &host(has), forced).unwrap_err().to_string()
    };
    assert_eq!(
        said(ALL, "x86-64-v2", Some("avx9")),
        "`m.pixie` has no variant `avx9` for linux-64\n\
         hint: expected one of `x86-64`, `x86-64-v2`, `x86-64-v3`, `x86-64-v4`, or `baseline` for the first of them"
    );
    assert_eq!(
        said(ALL, "x86-64-v3", Some("x86-64-v4")),
        "the variant `x86-64-v4` of `m.pixie` needs avx512f avx512bw avx512cd avx512dq avx512vl, which this processor \
         (Test CPU) lacks\nhint: usable here: `x86-64`, `x86-64-v2`, `x86-64-v3`"
    );
    assert_eq!(
        said(&["x86-64-v2"], "x86-64", Some("baseline")),
        "the variant `x86-64-v2` of `m.pixie` needs cx16 sahf popcnt sse3 ssse3 sse4.1 sse4.2, which this processor \
         (Test CPU) lacks\nhint: no variant of this module runs here"
    );
    assert_eq!(
        said(&["x86-64-v2"], "nothing", None),
        "no variant of `m.pixie` for linux-64 runs on this processor, Test CPU, which has none of the features that \
         levels ask for\n  x86-64-v2 needs cx16 sahf popcnt sse3 ssse3 sse4.1 sse4.2; missing: cx16 sahf popcnt sse3 \
         ssse3 sse4.1 sse4.2\nhint: build the module again with a lower `--isa linux-64=…`"
    );
    assert!(said(&["x86-64-v3"], "x86-64-v2", None).contains("Test CPU, which has cx16 sahf popcnt"));
}
