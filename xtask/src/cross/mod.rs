//! `cargo xtask cross`: the command and the Python runtime for the other platforms, and the means to run them here.

mod build;
mod emulate;
pub mod packages;
pub mod toolchain;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::setup;
use crate::shell::root;

/// A platform that is built for from Linux on x86-64.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    LinuxAarch64,
    Win64,
    OsxArm64,
}

impl Target {
    const ALL: [Self; 3] = [Self::LinuxAarch64, Self::Win64, Self::OsxArm64];

    /// The platform's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinuxAarch64 => "linux-aarch64",
            Self::Win64 => "win-64",
            Self::OsxArm64 => "osx-arm64",
        }
    }

    /// Rust's name for it. The modules' objects follow the ABI of msvc on Windows, which is the same for C functions.
    pub const fn triple(self) -> &'static str {
        match self {
            Self::LinuxAarch64 => "aarch64-unknown-linux-gnu",
            Self::Win64 => "x86_64-pc-windows-gnu",
            Self::OsxArm64 => "aarch64-apple-darwin",
        }
    }

    /// Whether Rust's standard library is built along, because Debian has none for the platform.
    pub const fn builds_std(self) -> bool {
        matches!(self, Self::Win64 | Self::OsxArm64)
    }

    fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|target| target.name() == name);
        let Some(target) = found else {
            let names = Self::ALL.map(Self::name).join(", ");
            bail!("`{name}` is not a platform that is cross-built\nhint: expected one of {names}");
        };
        Ok(target)
    }

    /// Where its build is left.
    fn output(self) -> PathBuf {
        folder().join(self.name())
    }
}

/// Where everything of the cross builds lies, the outputs of a platform in a folder of its name.
pub fn folder() -> PathBuf {
    root().join("target/cross")
}

/// Builds for the named platforms, or for all; with `--tests` the crates' own tests too, which are run where they can be.
pub fn run(words: &[&str]) -> Result<()> {
    let tests = words.contains(&"--tests");
    let named = words.iter().filter(|word| **word != "--tests");
    let mut targets = named.map(|name| Target::parse(name)).collect::<Result<Vec<_>>>()?;
    if targets.is_empty() {
        targets = Target::ALL.to_vec();
    }
    timed("packages and environment", || {
        setup::packages()?;
        setup::environment()
    })?;
    timed("toolchain", toolchain::install)?;
    for target in targets {
        let name = target.name();
        timed(&format!("{name}: command and runtime"), || build::products(target))?;
        timed(&format!("{name}: what runs it"), || emulate::prepare(target))?;
        if tests {
            timed(&format!("{name}: tests of the crates"), || build::tests(target))?;
        }
        println!("{}", target.output().display());
    }
    Ok(())
}

/// Runs a step and says how long it took.
pub fn timed(what: &str, step: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    step()?;
    eprintln!("{what:<44} {:>6.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
