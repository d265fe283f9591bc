//! `pixie bitcode`: the front end alone, for tools that hand bitcode on to a later `pixie build`.

use anyhow::{Result, bail};

use super::plan::{self, Source};
use crate::args::BitcodeArgs;
use crate::commands;
use crate::files;
use crate::frontend::{self, CFlags, Compiler};

/// Compiles one C source for the lowest level of one platform, unoptimised, and writes the bitcode.
pub fn run(args: &BitcodeArgs) -> Result<()> {
    let Source::C(source, _) = plan::source(&args.source)? else {
        bail!("`{}` is LLVM's already\nhint: give it to `pixie build` as it is", args.source.display());
    };
    files::check_folder(&args.output)?;
    files::check_not_input(&args.output, [source.as_path()])?;
    let flags = CFlags::new(&args.front, args.reproducible);
    let platform = commands::platform_or_host(args.platform)?;
    let compiled = frontend::compile(&Compiler::find()?, &source, platform, None, &flags)?;
    if !compiled.diagnostics.trim().is_empty() {
        eprintln!("{}", compiled.diagnostics.trim_end());
    }
    files::write(&args.output, &compiled.bitcode)
}
