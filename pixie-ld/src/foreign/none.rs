//! Without the feature `foreign` a process runs its own platform's objects only.

use pixie_format::Platform;

use crate::bind::Thunk;
use crate::error::{Error, Result};
use crate::host::Host;

pub(crate) fn host(platform: Platform, native: &Host) -> Result<&'static Host> {
    let hint = "the command `pixie run --as` may; this library was built to run its own platform's objects"
        .to_owned();
    Err(Error::Foreign { platform, host: native.platform, hint })
}

pub(crate) fn symbol(_name: &str) -> Option<usize> {
    None
}

/// # Safety
/// None: no foreign object is ever loaded.
pub(crate) unsafe fn call(_thunk: Thunk, _args: *const u64, _ret: *mut u64) {
    unreachable!("no foreign object is loaded without the feature")
}
