//! `cargo xtask dist`: the project's own distributions, from one Linux machine.

mod runtime;
mod sysroot;
mod toolchain;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::cross::{self, Target, timed};
use crate::setup;
use crate::shell::{self, root, target_folder};

/// A platform that something is distributed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Platform {
    /// This machine's own.
    Linux64,
    Cross(Target),
}

impl Platform {
    const ALL: [Self; 4] = [
        Self::Linux64,
        Self::Cross(Target::LinuxAarch64),
        Self::Cross(Target::Win64),
        Self::Cross(Target::OsxArm64),
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Linux64 => "linux-64",
            Self::Cross(target) => target.name(),
        }
    }

    const fn triple(self) -> &'static str {
        match self {
            Self::Linux64 => "x86_64-unknown-linux-gnu",
            Self::Cross(target) => target.triple(),
        }
    }

    const fn is_linux(self) -> bool {
        matches!(self, Self::Linux64 | Self::Cross(Target::LinuxAarch64))
    }

    /// The processor's name in triples and tags.
    const fn machine(self) -> &'static str {
        match self {
            Self::Linux64 | Self::Cross(Target::Win64) => "x86_64",
            Self::Cross(Target::LinuxAarch64) => "aarch64",
            Self::Cross(Target::OsxArm64) => "arm64",
        }
    }

    fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|platform| platform.name() == name);
        let Some(platform) = found else {
            let names = Self::ALL.map(Self::name).join(", ");
            bail!("`{name}` is not a platform that is built for\nhint: expected one of {names}");
        };
        Ok(platform)
    }

    /// Tells cargo, or what runs it, what builds for the platform and where; `flags` are Rust's.
    fn equip(self, cargo: &mut Command, flags: &str) {
        match self {
            Self::Linux64 => {
                cargo.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", flags);
                cargo.env("CARGO_TARGET_DIR", target_folder());
            }
            Self::Cross(target) => cross::toolchain::equip(cargo, target, flags),
        }
        // CI looks at what it does, not at how fast.
        cargo.env("CARGO_PROFILE_CROSS_OPT_LEVEL", "1");
        // What is put into archives carries no time of its own.
        cargo.env("SOURCE_DATE_EPOCH", "315532800");
    }

    /// Where a build for the platform leaves its products.
    fn built(self, profile: &str) -> PathBuf {
        let folder = match self {
            Self::Linux64 => target_folder(),
            Self::Cross(_) => cross::toolchain::build_folder(),
        };
        folder.join(self.triple()).join(profile)
    }
}

/// Where the distributions are left.
pub fn folder() -> PathBuf {
    root().join("target/dist")
}

/// Messages of panics name source files: not by where they lie on the machine that built them.
fn without_local_paths() -> String {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let cargo = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let registry = cargo.join("registry/src");
    // The later one wins where both fit.
    format!(
        "--remap-path-prefix={}=pixie --remap-path-prefix={}=std --remap-path-prefix={}=crates",
        root().display(),
        cross::folder().join("rust/usr").display(),
        registry.display(),
    )
}

/// Builds what is named, or everything.
pub fn run(words: &[&str]) -> Result<()> {
    // What CI looks at is built without optimising it as a whole.
    let (profile, words) = match words {
        ["--quick", words @ ..] => ("cross", words),
        words => ("runtime", words),
    };
    let (kinds, names) = match words {
        [kind @ ("runtime" | "toolchain"), names @ ..] => (vec![*kind], names),
        names => (vec!["runtime", "toolchain"], names),
    };
    let platforms = names.iter().map(|name| Platform::parse(name)).collect::<Result<Vec<_>>>()?;
    if let ["toolchain"] = kinds[..]
        && let Some(platform) = platforms.iter().find(|platform| !platform.is_linux())
    {
        bail!(
            "pixie-toolchain for {} is not built on Linux: LLVM's static libraries for it are not to be had here\n\
             hint: `.github/workflows/release.yml` builds it where it belongs",
            platform.name()
        );
    }
    let wanted = if platforms.is_empty() { Platform::ALL.to_vec() } else { platforms.clone() };
    timed("packages and environment", || {
        setup::packages()?;
        setup::environment()
    })?;
    // Only what is for another platform needs another Rust.
    if wanted.iter().any(|platform| *platform != Platform::Linux64) {
        timed("toolchain", cross::toolchain::install)?;
    }
    fs::create_dir_all(folder())?;
    if kinds.contains(&"runtime") {
        for platform in &wanted {
            timed(&format!("pixie-runtime, {}", platform.name()), || runtime::wheel(*platform, profile))?;
        }
        if platforms.is_empty() {
            timed("pixie-runtime, source", runtime::source)?;
        }
    }
    if kinds.contains(&"toolchain") {
        for platform in wanted.iter().filter(|platform| platform.is_linux()) {
            timed(&format!("pixie-toolchain, {}", platform.name()), || toolchain::wheel(*platform, profile))?;
        }
    }
    shell::run(shell::command("ls").arg("-lh").arg(folder()))
}
