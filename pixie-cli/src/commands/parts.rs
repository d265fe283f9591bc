//! `pixie thin` and `pixie merge`: a module apart and together again.

use std::path::Path;

use anyhow::{Context, Result};
use pixie_format::Platform;

use super::{installed, parse, platform_entry, print};
use crate::args::{MergeArgs, ThinArgs};
use crate::files;

pub fn thin(args: &ThinArgs) -> Result<()> {
    if let Some(package) = &args.installed {
        return installed::thin(package, args);
    }
    let (Some(file), Some(output)) = (&args.file, &args.output) else {
        unreachable!("clap asks for both unless --installed is there")
    };
    let bytes = files::read(file)?;
    let thinned = thinned(file, &bytes, &args.platforms)?;
    files::write(output, &thinned)?;
    print(&format!("{}: {} of {} bytes\n", output.display(), thinned.len(), bytes.len()))
}

/// The module in `file` with the code of these platforms only.
pub fn thinned(file: &Path, bytes: &[u8], platforms: &[Platform]) -> Result<Vec<u8>> {
    let module = parse(file, bytes)?;
    let named = || format!("`{}`", file.display());
    for platform in platforms {
        platform_entry(module.manifest(), *platform).with_context(named)?;
    }
    pixie_ld::build::thin(bytes, platforms).with_context(named)
}

pub fn merge(args: &MergeArgs) -> Result<()> {
    let parts: Vec<(String, Vec<u8>)> = args
        .files
        .iter()
        .map(|path| Ok((path.display().to_string(), files::read(path)?)))
        .collect::<Result<_>>()?;
    let borrowed: Vec<(&str, &[u8])> =
        parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let merged = pixie_ld::build::merge(&borrowed)?;
    files::write(&args.output, &merged)?;
    print(&format!("{}: {} bytes from {} parts\n", args.output.display(), merged.len(), parts.len()))
}
