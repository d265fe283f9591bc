//! Reading and writing files, with errors that name them; what is written appears whole or not at all.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "\nhint: check the spelling and the current folder",
            std::io::ErrorKind::IsADirectory => "\nhint: this is a folder; name a file in it",
            _ => "",
        };
        anyhow!("cannot read `{}`: {}{hint}", path.display(), plain(&error))
    })
}

/// Writes beside the target and renames, so that no reader ever sees half a file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = folder_of(path);
    check_folder(path)?;
    let failed = || format!("cannot write `{}`", path.display());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pixie-").suffix(".part");
    // What any new file gets; the process's own mask is applied by the system.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file =
        builder.tempfile_in(&folder).map_err(|error| anyhow!("{}", plain(&error))).with_context(failed)?;
    file.write_all(bytes).map_err(|error| anyhow!("{}", plain(&error))).with_context(failed)?;
    file.persist(path).map_err(|error| anyhow!("{}", plain(&error.error))).with_context(failed)?;
    Ok(())
}

/// Refuses a target whose folder is missing, before any work is done for it.
pub fn check_folder(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        bail!(
            "cannot write `{}`: the folder `{}` does not exist\nhint: create it first, for example with `mkdir -p {}`",
            path.display(),
            folder.display(),
            folder.display()
        );
    }
    if path.is_dir() {
        bail!("cannot write `{}`: it is a folder\nhint: name a file in it", path.display());
    }
    Ok(())
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The system's words without Rust's "(os error 2)".
pub fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
