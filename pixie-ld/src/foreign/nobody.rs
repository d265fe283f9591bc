//! Systems that run their own platform's objects only.

use pixie_format::{FeatureSet, Platform};

use crate::bind::Thunk;

pub(super) const PLATFORM: Option<Platform> = None;

pub(super) fn features(_native: FeatureSet) -> FeatureSet {
    FeatureSet::default()
}

pub(super) fn symbol(_name: &str) -> Option<usize> {
    None
}

/// # Safety
/// None: no foreign object is ever loaded.
pub(super) unsafe fn call(_thunk: Thunk, _args: *const u64, _ret: *mut u64) {
    unreachable!("no foreign object is loaded here")
}
