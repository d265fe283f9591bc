//! The files of spec/vectors: they are what the generator makes, and this reader judges each as it should.

#[path = "../examples/support/blessed.rs"]
#[allow(dead_code, reason = "the test needs the check alone")]
mod blessed;
#[path = "../examples/vectors/cases/mod.rs"]
mod cases;

use std::collections::BTreeSet;
use std::path::Path;

use pixie_format::{BlobId, Error, Module, rewrite_presence};

fn read(bytes: &[u8]) -> Result<(), Error> {
    Module::parse(bytes)?.verify()
}

#[test]
fn the_files_are_what_the_generator_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors");
    let files = cases::generated(&folder).unwrap();
    if let Err(what) = blessed::check(&files) {
        panic!("{what}");
    }
    let made: BTreeSet<_> = files.iter().map(|(path, _)| path.clone()).collect();
    for kind in ["valid", "invalid"] {
        for entry in std::fs::read_dir(folder.join(kind)).unwrap() {
            let path = entry.unwrap().path();
            assert!(made.contains(&path), "{} is left over from an earlier generator", path.display());
        }
    }
}

#[test]
fn valid_vectors_are_accepted() {
    for case in cases::all_valid() {
        if let Err(error) = read(&case.bytes) {
            panic!("{}: {error}", case.name);
        }
    }
}

#[test]
fn invalid_vectors_are_refused_by_their_rule() {
    let mut wrong = Vec::new();
    for case in cases::all_invalid() {
        match read(&case.bytes) {
            Ok(()) => wrong.push(format!("{} {}: accepted", case.rule, case.name)),
            Err(error) if error.rule() != Some(case.rule) => {
                wrong.push(format!("{} {}: {:?}: {error}", case.rule, case.name, error.rule()));
            }
            Err(error) => {
                let message = error.to_string();
                let mut lines = message.lines();
                let first = lines.next().unwrap_or_default();
                assert!(first.starts_with(|c: char| c.is_lowercase()) && !first.ends_with('.'), "{message}");
                assert!(lines.all(|line| line.starts_with("hint: ")), "{}: {message}", case.name);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_of_the_list_has_a_vector_and_a_row() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/validation.md");
    let text = std::fs::read_to_string(list).unwrap();
    let rows: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("| M")?.split(' ').next()).collect();
    let expected: Vec<String> = (1..=rows.len()).map(|number| number.to_string()).collect();
    assert_eq!(rows, expected, "rules are numbered from 1 without gaps");
    let broken: BTreeSet<&str> = cases::all_invalid().iter().map(|case| case.rule).collect();
    let listed: BTreeSet<String> = rows.iter().map(|row| format!("M{row}")).collect();
    assert_eq!(broken, listed.iter().map(String::as_str).collect());
}

#[test]
fn thinning_and_merging_give_back_the_bytes() {
    for case in cases::all_valid() {
        let whole = Module::parse(&case.bytes).unwrap();
        let part = |keep: &dyn Fn(u32) -> bool| {
            rewrite_presence(&whole, |id| if keep(id.0) { whole.blob(id).ok() } else { None }).unwrap()
        };
        let (even, odd) = (part(&|index| index % 2 == 0), part(&|index| index % 2 == 1));
        let (even, odd) = (Module::parse(&even).unwrap(), Module::parse(&odd).unwrap());
        for thinned in [&even, &odd] {
            thinned.verify().unwrap();
            assert_eq!(thinned.build_id().unwrap(), whole.build_id().unwrap(), "{}", case.name);
            assert_eq!(thinned.content_id().unwrap(), whole.content_id().unwrap(), "{}", case.name);
        }
        let merged =
            rewrite_presence(&even, |id: BlobId| even.blob(id).or_else(|_| odd.blob(id)).ok()).unwrap();
        assert!(merged == case.bytes, "{}", case.name);
    }
}
