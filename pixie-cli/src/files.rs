//! Reading and writing files, with errors that name them; what is written appears whole or not at all.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

/// Refuses devices and pipes, which may never end.
pub fn check_regular(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => bail!(
            "cannot read `{}`: it is not a regular file\nhint: copy its content into a file first",
            path.display()
        ),
        _ => Ok(()),
    }
}

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    check_regular(path)?;
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
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            bail!("cannot write `{}`: it is a folder\nhint: name a file in it", path.display())
        }
        // A rename would put a file in the place of a device.
        Ok(metadata) if !metadata.is_file() => {
            bail!("cannot write `{}`: it is not a regular file\nhint: name a new file", path.display())
        }
        _ => Ok(()),
    }
}

/// Refuses to write over an input, which would be lost.
pub fn check_not_input<'a>(output: &Path, inputs: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let Ok(target) = output.canonicalize() else { return Ok(()) };
    for input in inputs {
        if input.canonicalize().is_ok_and(|input| input == target) {
            bail!(
                "the output `{}` is also an input, and would be lost\nhint: choose another name with -o",
                output.display()
            );
        }
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
