//! `pixie thin` and `pixie merge`: a module apart and together again.

use anyhow::{Context, Result};

use super::{parse, platform_entry, print};
use crate::args::{MergeArgs, ThinArgs};
use crate::files;

pub fn thin(args: &ThinArgs) -> Result<()> {
    let bytes = files::read(&args.file)?;
    let module = parse(&args.file, &bytes)?;
    let named = || format!("`{}`", args.file.display());
    for platform in &args.platforms {
        platform_entry(module.manifest(), *platform).with_context(named)?;
    }
    let thinned = pixie_ld::build::thin(&bytes, &args.platforms).with_context(named)?;
    files::write(&args.output, &thinned)?;
    print(&format!("{}: {} of {} bytes\n", args.output.display(), thinned.len(), bytes.len()))
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
