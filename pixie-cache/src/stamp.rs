//! What the system says of files, as a name: as long as they stay as they are it stays, too, and nobody need read them.

use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use pixie_format::Hash;
use pixie_ld::Host;

use crate::key;
use crate::tool::Tool;

/// The name under which the cache remembers what a module's file stands for on this host, by this tool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stamp(String);

impl Stamp {
    /// The stamp of the module's file that `file` describes.
    pub fn new(file: &Metadata, host: &Host, tool: &Tool) -> Stamp {
        let mut text = Vec::with_capacity(512);
        key::versions(&mut text);
        text.extend(host.features.bits().to_le_bytes());
        for part in [host.platform.name(), &host.model()] {
            text.extend_from_slice(part.as_bytes());
            text.push(b'\n');
        }
        describe(file, &mut text);
        tool.describe(&mut text);
        Stamp(name(&text))
    }

    /// The name of the file.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// A name of 128 bits for what was described.
pub fn name(text: &[u8]) -> String {
    let Hash(bytes) = Hash::of(text);
    let digits = bytes[..16].iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}

/// Where a file lies, how large it is, and when it was last changed, the latter to the nanosecond where the system tells it.
#[cfg(unix)]
pub fn describe(file: &Metadata, text: &mut Vec<u8>) {
    use std::os::unix::fs::MetadataExt;

    let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
    for word in [file.dev(), file.ino(), file.len()].into_iter().chain(times.map(i64::cast_unsigned)) {
        text.extend(word.to_le_bytes());
    }
}

/// Size and time: others have no further ones that cost nothing.
#[cfg(not(unix))]
pub fn describe(file: &Metadata, text: &mut Vec<u8>) {
    let modified = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    text.extend(file.len().to_le_bytes());
    text.extend(modified.unwrap_or_default().as_nanos().to_le_bytes());
}

/// Whether a change of the file from now on would show. The time of its last change is one that no program can set.
#[cfg(unix)]
pub fn is_settled(file: &Metadata) -> bool {
    // A file may be changed again within what its times can tell, which on some systems are two seconds.
    const SECONDS: i64 = 2;
    let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let now = now.and_then(|now| i64::try_from(now.as_secs()).ok());
    now.is_some_and(|now| now - std::os::unix::fs::MetadataExt::ctime(file) > SECONDS)
}

/// There is no time that no program can set.
#[cfg(not(unix))]
pub fn is_settled(_file: &Metadata) -> bool {
    false
}

/// Whether a file has one name alone.
#[cfg(unix)]
pub fn is_last_link(file: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(file) == 1
}

/// No names are given there.
#[cfg(not(unix))]
pub fn is_last_link(_file: &Metadata) -> bool {
    false
}
