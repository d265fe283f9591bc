//! Executing objects of another platform with the same processor, for tests and for the curious: which this process can run, the
//! symbols that they need, and how their thunks are called. Linking them needs nothing of this.

// What runs here beside the host's own objects: a file for each pair of host and guest.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "win64.rs"]
mod guest;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
use osx_arm64 as guest;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[path = "nobody.rs"]
mod guest;
// Its shims are plain C, so that they can be tested on any processor.
#[cfg(any(all(test, target_os = "linux"), all(target_os = "linux", target_arch = "aarch64")))]
#[cfg_attr(not(target_arch = "aarch64"), allow(dead_code, reason = "only its tests run elsewhere"))]
mod osx_arm64;

use std::sync::OnceLock;

use pixie_format::Platform;

use crate::bind::Thunk;
use crate::error::{Error, Result};
use crate::host::Host;

/// Which platform's objects run on which other platform.
const PAIRS: [(Platform, Platform); 2] =
    [(Platform::Win64, Platform::Linux64), (Platform::OsxArm64, Platform::LinuxAarch64)];

/// The host as an object of `platform` sees it, an error unless such objects can run on `native`.
pub(crate) fn host(platform: Platform, native: &Host) -> Result<&'static Host> {
    static HOST: OnceLock<Host> = OnceLock::new();
    if guest::PLATFORM != Some(platform) {
        return Err(refusal(platform, native.platform));
    }
    Ok(HOST.get_or_init(|| Host::detected(platform, guest::features(native.features))))
}

fn refusal(platform: Platform, host: Platform) -> Error {
    let others = |wanted: fn(&(Platform, Platform)) -> (Platform, Platform), of: Platform| {
        let named = PAIRS.iter().map(wanted).filter(|(key, _)| *key == of);
        named.map(|(_, other)| format!(" and {other}")).collect::<String>()
    };
    let here = others(|(guest, host)| (*host, *guest), host);
    let there = others(|(guest, host)| (*guest, *host), platform);
    Error::Foreign {
        platform,
        host,
        hint: format!("{host} runs objects of {host}{here}; objects of {platform} run on {platform}{there}"),
    }
}

/// The address of a function that a foreign object may need, with the calling convention of its platform.
pub(crate) fn symbol(name: &str) -> Option<usize> {
    guest::symbol(name)
}

/// Calls the thunk of a foreign object.
///
/// # Safety
/// As for calling the thunk on its own platform (spec §8).
pub(crate) unsafe fn call(thunk: Thunk, args: *const u64, ret: *mut u64) {
    // SAFETY: the caller's promise; a foreign image is loaded only where `guest` runs its platform.
    unsafe { guest::call(thunk, args, ret) };
}

#[cfg(test)]
mod tests {
    use pixie_format::runtime_symbols::{self, SymbolKind};

    use super::*;

    #[test]
    fn every_runtime_function_of_the_guest_is_there() {
        let Some(platform) = guest::PLATFORM else { return };
        let of_guest = runtime_symbols::ALL.iter().filter(|symbol| symbol.platforms.contains(&platform));
        let functions: Vec<_> = of_guest.filter(|symbol| symbol.kind == SymbolKind::Function).collect();
        assert!(functions.len() > 100);
        for function in functions {
            assert!(symbol(function.name).is_some(), "{platform} has no `{}`", function.name);
        }
        assert_eq!(symbol("printf"), None);
    }

    #[test]
    fn a_refusal_names_both_and_what_would_work() {
        let error = refusal(Platform::OsxArm64, Platform::Linux64).to_string();
        assert_eq!(
            error,
            "objects of osx-arm64 cannot run on linux-64\n\
             hint: linux-64 runs objects of linux-64 and win-64; objects of osx-arm64 run on osx-arm64 and linux-aarch64"
        );
        let error = refusal(Platform::Linux64, Platform::Win64).to_string();
        assert!(
            error.ends_with("win-64 runs objects of win-64; objects of linux-64 run on linux-64"),
            "{error}"
        );
    }
}
