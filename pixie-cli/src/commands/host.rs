//! `pixie host`: what this machine is, in the words that selection uses.

use std::fmt::Write;

use anyhow::Result;
use pixie_ld::Host;
use serde_json::json;

use super::{print, print_json};
use crate::args::HostArgs;

pub fn run(args: &HostArgs) -> Result<()> {
    let host = Host::detect()?;
    let levels = host.platform.levels();
    let runs = |level: &&pixie_format::IsaLevel| host.features.contains_all(level.features);
    if args.json {
        return print_json(&json!({
            "platform": host.platform.name(),
            "cpu": host.cpu(),
            "features": host.features.iter().map(|feature| feature.name()).collect::<Vec<_>>(),
            "levels": levels.iter().filter(runs).map(|level| level.name).collect::<Vec<_>>(),
        }));
    }
    let mut out = format!(
        "platform  {}\ncpu       {}\nfeatures  {}\nlevels\n",
        host.platform,
        host.cpu(),
        host.features
    );
    for level in levels {
        match level.features.difference(host.features) {
            missing if missing.is_empty() => writeln!(out, "  {:<10} runs here", level.name)?,
            missing => writeln!(out, "  {:<10} needs {missing}", level.name)?,
        }
    }
    print(&out)
}
