//! pixie-runtime: one wheel for each platform, for every CPython from 3.11 on, and its source.

use std::env;

use anyhow::Result;

use super::{Platform, folder, without_local_paths};
use crate::cross::Target;
use crate::cross::toolchain::BUILD_STD;
use crate::shell::{self, command, python};

/// The oldest glibc that a wheel is for. Rust's standard library asks for this one.
const GLIBC: &str = "manylinux_2_17";

/// Builds the wheel of one platform.
pub fn wheel(platform: Platform) -> Result<()> {
    let mut maturin = maturin("build")?;
    maturin.args(["--profile", "runtime", "--target", platform.triple(), "--quiet"]);
    platform.equip(&mut maturin, &without_local_paths());
    match platform {
        // zig knows the symbols of every glibc: nothing newer gets in unseen.
        Platform::Linux64 | Platform::Cross(Target::LinuxAarch64) => {
            maturin.args(["--zig", "--compatibility", GLIBC]);
        }
        Platform::Cross(Target::Win64) => {
            maturin.args(["-Z", BUILD_STD]);
        }
        Platform::Cross(Target::OsxArm64) => {
            maturin.args(["-Z", BUILD_STD]).env("MACOSX_DEPLOYMENT_TARGET", "11.0");
        }
    }
    shell::run(&mut maturin)
}

/// Packs the source, with the crates of the workspace that it is built from.
pub fn source() -> Result<()> {
    shell::run(&mut maturin("sdist")?)
}

fn maturin(what: &str) -> Result<std::process::Command> {
    let mut maturin = command(python());
    maturin.args(["-m", "maturin", what, "--manifest-path", "python/Cargo.toml", "--out"]).arg(folder());
    // It looks for zig by the first Python on PATH.
    let mut folders = vec![python().with_file_name("")];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    maturin.env("PATH", env::join_paths(folders)?);
    Ok(maturin)
}
