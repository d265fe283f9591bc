//! Whether anybody else could have written a file or folder: code that is taken from there runs as this user.

use std::fs::Metadata;

/// Why what `metadata` describes cannot be trusted; `None` if it can.
#[cfg(unix)]
pub fn mistrust(metadata: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;

    let (owner, mode) = (metadata.uid(), metadata.mode());
    let me = rustix::process::geteuid().as_raw();
    if owner != me && owner != 0 {
        return Some(format!("it belongs to user {owner}, not to {me}"));
    }
    match mode & 0o022 {
        0 => None,
        _ => Some(format!("others may write to it (mode {:o})", mode & 0o7777)),
    }
}

/// On Windows folders below a user's profile are closed to others by what they inherit; lists of access are not read here.
#[cfg(not(unix))]
pub fn mistrust(_metadata: &Metadata) -> Option<String> {
    None
}

/// Creates a folder, with those above it, that only this user can enter.
pub fn create_private(path: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
