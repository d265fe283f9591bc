//! What `pixie wheel` and `pixie sdist` share: entering the project's folder, writing archives, telling what was written.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use pixie_wheel::{Archive, Project};

use super::{print, print_json};
use crate::args::SdistArgs;
use crate::files;

/// The version that the wheels ask of the runtime.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The project in `folder`, which becomes the current one: paths and flags in `pyproject.toml` are relative to it.
pub fn enter(folder: &Path) -> Result<Project> {
    std::env::set_current_dir(folder).map_err(|error| {
        anyhow!("cannot enter the project's folder `{}`: {}", folder.display(), files::plain(&error))
    })?;
    let named = || format!("the project in `{}`", folder.display());
    let project = Project::read(Path::new("."));
    // Where it is the current folder everybody knows which one is meant.
    if folder == Path::new(".") { Ok(project?) } else { project.with_context(named) }
}

/// A folder to write to, made if need be, by a path that stays right when another folder is entered.
pub fn output_folder(folder: &Path) -> Result<PathBuf> {
    let failed = || format!("cannot make the folder `{}`", folder.display());
    std::fs::create_dir_all(folder)
        .map_err(|error| anyhow!("{}", files::plain(&error)))
        .with_context(failed)?;
    folder.canonicalize().map_err(|error| anyhow!("{}", files::plain(&error))).with_context(failed)
}

/// Writes archives into `folder`, which people know as `shown`.
pub fn write(archives: &[Archive], folder: &Path, shown: &Path, json: bool) -> Result<()> {
    for archive in archives {
        files::write(&folder.join(&archive.name), &archive.bytes)?;
    }
    if json {
        let names: Vec<&str> = archives.iter().map(|archive| archive.name.as_str()).collect();
        return print_json(&serde_json::json!({ "files": names }));
    }
    for archive in archives {
        print(&format!("{}: {} bytes\n", shown.join(&archive.name).display(), archive.bytes.len()))?;
    }
    Ok(())
}

pub fn sdist(args: &SdistArgs) -> Result<()> {
    let folder = output_folder(&args.output)?;
    let project = enter(&args.project)?;
    let archive = pixie_wheel::sdist(&project, VERSION)?;
    write(&[archive], &folder, &args.output, args.json)
}
