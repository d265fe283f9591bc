//! Keeping the cache within its bound.

use std::fs::{self, DirEntry};
use std::path::Path;
use std::time::Duration;

use crate::cache::Entry;

/// What is left of a write that was cut off is removed once it is so old.
const LEFT: Duration = Duration::from_secs(60 * 60);

/// Removes the user's own entries that have not been used for longest until the rest takes at most `bound` bytes. `newest` stays.
pub fn shrink(entries: &[Entry], bound: u64, newest: &Path) {
    let mut own: Vec<&Entry> = entries.iter().filter(|entry| entry.own).collect();
    let mut total: u64 = own.iter().map(|entry| entry.size).sum();
    own.sort_by_key(|entry| entry.used);
    for entry in own.into_iter().filter(|entry| entry.path != newest) {
        if total <= bound {
            return;
        }
        entry.remove();
        total -= entry.size;
    }
}

/// Removes temporary files and locks whose processes are long gone.
pub fn sweep(files: &[DirEntry]) {
    for file in files {
        let path = file.path();
        let passing = path.extension().is_some_and(|suffix| suffix == "tmp" || suffix == "lock");
        let age = || file.metadata().ok()?.modified().ok()?.elapsed().ok();
        if passing && age().is_some_and(|age| age > LEFT) {
            // Another process may have been quicker.
            let _ = fs::remove_file(path);
        }
    }
}
