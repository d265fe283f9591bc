//! pixie-runtime: one wheel for each platform, for every CPython from 3.11 on, and its source.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{Platform, folder, sysroot, without_local_paths};
use crate::cross::Target;
use crate::cross::toolchain::BUILD_STD;
use crate::profile;
use crate::setup::ordered;
use crate::shell::{self, command, python, read};

/// The oldest glibc that a wheel is for. Rust's standard library asks for this one.
const GLIBC: &str = "2.17";

/// Builds the wheel of one platform.
pub fn wheel(platform: Platform, profile: &str) -> Result<()> {
    let mut maturin = maturin("build")?;
    maturin.args(["--profile", profile, "--target", platform.triple(), "--quiet"]);
    // Of the other platforms' libraries none can be run here as it is distributed.
    let is_profiled = platform == Platform::Linux64 && profile == profile::PROFILE;
    match platform {
        Platform::Linux64 | Platform::Cross(Target::LinuxAarch64) => {
            let counts = if is_profiled { profile::flags()? } else { None };
            sysroot::link(&mut maturin, platform, &prepare(platform)?, counts.as_slice(), &[]);
            // It looks for symbols that are newer.
            maturin.arg("--compatibility").arg(format!("manylinux_{}", GLIBC.replace('.', "_")));
            maturin.args(ordered());
        }
        Platform::Cross(target) => {
            // zig's linker notes for debuggers where each object lay, in folders that are gone; what exports need stays.
            let strip = if target == Target::OsxArm64 { " -Clink-arg=-s" } else { "" };
            platform.equip(&mut maturin, &(without_local_paths() + strip));
            maturin.args(["-Z", BUILD_STD]).env("MACOSX_DEPLOYMENT_TARGET", "11.0");
        }
    }
    shell::run(&mut maturin)?;
    let library = platform.built(profile).join("lib_core.so");
    if is_profiled {
        profile::check(&library)?;
    }
    if platform.is_linux() { complete(&library) } else { Ok(()) }
}

/// Refuses a library that wants what the old glibc has not: a linker takes it for something of Python's, and no other check
/// sees a symbol without a version.
fn complete(library: &Path) -> Result<()> {
    let listed = read(command("llvm-nm-22").args(["-D", "--undefined-only"]).arg(library))?;
    let missing: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("U "))
        .filter(|name| !name.contains('@') && !name.starts_with("Py") && !name.starts_with("_Py"))
        .collect();
    if !missing.is_empty() {
        bail!("`{}` needs {}, which glibc {GLIBC} has not", library.display(), missing.join(", "));
    }
    Ok(())
}

/// Lays out what the library is linked with.
fn prepare(platform: Platform) -> Result<PathBuf> {
    let unpacked = sysroot::unpack(platform)?;
    sysroot::stage(platform, GLIBC, |library| {
        let machine = format!("{}-linux-gnu", platform.machine());
        sysroot::place(&unpacked.join("usr/lib/gcc").join(&machine).join("12"), "libgcc.a", library)?;
        sysroot::place(&unpacked.join("lib").join(machine), "libgcc_s.so.1", library)?;
        // Not an unwinder of its own, as `maturin --zig` would link: crash handlers and `backtrace` ask the process's, which is
        // to be told about the functions of modules.
        fs::write(library.join("libgcc_s.so"), "GROUP ( libgcc_s.so.1 -lgcc )\n")?;
        Ok(())
    })
}

/// Packs the source, with the crates of the workspace that it is built from.
pub fn source() -> Result<()> {
    shell::run(&mut maturin("sdist")?)
}

fn maturin(what: &str) -> Result<std::process::Command> {
    let mut maturin = command(python());
    maturin.args(["-m", "maturin", what, "--manifest-path", "python/Cargo.toml", "--out"]).arg(folder());
    // It asks the first Python on PATH.
    let mut folders = vec![python().with_file_name("")];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    maturin.env("PATH", env::join_paths(folders)?);
    Ok(maturin)
}
