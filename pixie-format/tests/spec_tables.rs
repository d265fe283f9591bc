//! The generated parts of spec/ are those of this crate's tables, and the written ones name the same things.

#[path = "../examples/spec_tables.rs"]
#[allow(dead_code, reason = "the test has a main of its own")]
mod spec_tables;

use std::path::Path;

use pixie_format::targets::{Arch, Feature, Platform};

#[test]
fn the_generated_tables_are_up_to_date() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec");
    let files = spec_tables::generated(&spec).unwrap();
    for (path, bytes) in files {
        let found = std::fs::read(&path).unwrap();
        assert!(
            found == bytes,
            "{}: run `cargo run -p pixie-format --example spec_tables -- write`",
            path.display()
        );
    }
}

#[test]
fn every_feature_has_its_row_in_order() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/isa.md")).unwrap();
    let (before, _) = text.split_once("## Levels").unwrap();
    let (_, tables) = before.split_once("## Features").unwrap();
    let rows: Vec<&str> = tables
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(name, _)| name))
        .collect();
    let names: Vec<&str> = Feature::ALL.iter().map(|feature| feature.name()).collect();
    assert_eq!(rows, names);
    let x86 = Feature::ALL.iter().filter(|feature| feature.arch() == Arch::X86_64).count();
    assert!(Feature::ALL[..x86].iter().all(|feature| feature.arch() == Arch::X86_64));
}

#[test]
fn every_platform_has_its_row() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/isa.md")).unwrap();
    for platform in Platform::ALL {
        let row = format!("| `{platform}` | `{}` | `{}` |", platform.triple(), platform.object_format());
        let line = text.lines().find(|line| line.starts_with(&row)).unwrap_or_else(|| panic!("no row {row}"));
        assert!(line.contains(&format!("| {} |", platform.long_bits())), "{line}");
    }
}
