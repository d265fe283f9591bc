//! What an entry is kept under: a hash of everything that can change its code.

use std::fmt;

use pixie_format::{FORMAT_VERSION, Hash};
use pixie_ld::Host;

/// The version of the keys and of the folder; an older cache is not looked into.
const LAYOUT: u32 = 1;

/// The key of an entry, but for the tool that made it: a process without a toolchain takes what any tool has made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key(Hash);

impl Key {
    /// The key for a module compiled for `host`. The hash of its manifest stands for its bitcode, signatures and options; `flags` for
    /// whatever else the compiler is told.
    pub fn new(manifest: Hash, host: &Host, flags: &[String]) -> Key {
        let mut text = Vec::new();
        versions(&mut text);
        let (platform, features) = (host.platform, host.features);
        let host = format!(
            "manifest {manifest}\nplatform {platform}\nprocessor {}\nfeatures {features}\n",
            host.model()
        );
        text.extend(host.into_bytes());
        for flag in flags {
            text.extend(format!("flag {} {flag}\n", flag.len()).into_bytes());
        }
        Key(Hash::of(&text))
    }

    /// The name of the file that `tool` makes.
    pub(crate) fn file(self, tool: Hash) -> String {
        format!("{}{}.{}", self.stem(), &tool.to_string()[..16], pixie_format::SUFFIX)
    }

    /// What the names of all files of this key begin with.
    pub(crate) fn stem(self) -> String {
        format!("{self}-")
    }
}

/// What every name in the cache depends on: the version of the cache, that of this crate, which stands for the thunk ABI and the
/// rules of linking, which the loader shares with the tool, and that of the format.
pub(crate) fn versions(text: &mut Vec<u8>) {
    let (major, minor) = FORMAT_VERSION;
    text.extend_from_slice(env!("CARGO_PKG_VERSION").as_bytes());
    text.extend(LAYOUT.to_le_bytes());
    text.extend([major, minor].into_iter().flat_map(u16::to_le_bytes));
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 128 bits: names stay short, and nobody who could make two keys collide is kept out by more.
        f.write_str(&self.0.to_string()[..32])
    }
}

#[cfg(test)]
mod tests {
    use pixie_format::{FeatureSet, Platform};

    use super::*;

    #[test]
    fn everything_that_changes_the_code_changes_the_key() {
        let features = |name| Platform::Linux64.level(name).unwrap().features;
        let host = |platform, features: FeatureSet| Host::hypothetical(platform, features, "test");
        let (one, other) = (Hash::of(b"one"), Hash::of(b"other"));
        let v3 = host(Platform::Linux64, features("x86-64-v3"));
        let flags = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let keys = [
            Key::new(one, &v3, &[]),
            Key::new(other, &v3, &[]),
            Key::new(one, &host(Platform::Linux64, features("x86-64-v2")), &[]),
            Key::new(one, &host(Platform::Win64, features("x86-64-v3")), &[]),
            Key::new(one, &v3, &flags(&["-O2"])),
            Key::new(one, &v3, &flags(&["-O2", "w=1"])),
            // The borders between flags count.
            Key::new(one, &v3, &flags(&["-O2 w=1"])),
            Key::new(one, &v3, &flags(&["-O2\nflag 3 w=1"])),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{at}");
        }
        assert_ne!(keys[0].file(one), keys[0].file(other));
        assert_eq!(keys[0], Key::new(one, &v3, &[]));
    }
}
