//! The test vectors: small modules that are right, and small modules with one defect each.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    dead_code,
    reason = "the generator and several tests share it, each using a part"
)]

pub mod cbor;
pub mod file;
mod image;
mod invalid;
mod listing;
mod valid;

use std::path::{Path, PathBuf};

/// A module that every reader accepts.
pub struct Valid {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// A module that every reader refuses.
pub struct Invalid {
    pub name: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// What is wrong, in words.
    pub why: &'static str,
    pub bytes: Vec<u8>,
}

/// Every valid vector.
pub fn all_valid() -> Vec<Valid> {
    valid::all()
}

/// Every invalid vector, in the order of the rules.
pub fn all_invalid() -> Vec<Invalid> {
    invalid::all()
}

/// Every file of spec/vectors.
pub fn generated(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
    let mut files = Vec::new();
    for case in all_valid() {
        let listing = listing::listing(&case.bytes).map_err(|error| format!("{}: {error}", case.name))?;
        let path = folder.join("valid").join(case.name);
        files.push((path.with_extension("json"), listing.into_bytes()));
        files.push((path.with_extension("pixie"), case.bytes));
    }
    for case in all_invalid() {
        let expectation = serde_json::json!({ "rule": case.rule, "why": case.why });
        let path = folder.join("invalid").join(format!("{}-{}", case.rule.to_lowercase(), case.name));
        files.push((path.with_extension("json"), format!("{expectation:#}\n").into_bytes()));
        files.push((path.with_extension("pixie"), case.bytes));
    }
    Ok(files)
}
