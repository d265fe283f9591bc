//! pixie-toolchain: the command with LLVM inside, as a program of a wheel, and the build backend in Python.

use std::path::Path;

use anyhow::Result;

use super::{Platform, archives, folder, without_local_paths};
use crate::shell::{self, cargo, command, python, root};

/// What the command is linked with beside its archives: a program that finds its libraries wherever it is put.
const LINKED: &[&str] = &[
    "-fuse-ld=lld-22",
    "-nostartfiles",
    // Nothing of this machine's own: its C library is newer.
    "--sysroot=@STAGE@",
    "@STAGE@/lib/Scrt1.o",
    "@STAGE@/lib/old_glibc.o",
    // Functions with the same code become one: 5 % of the wheel. Debian stripped what `safe` would go by; no code here
    // compares addresses of functions, and rustc links its own LLVM so.
    "-Wl,--icf=all",
    "-Wl,-O2",
];

/// Builds the command and packs the wheel.
pub fn wheel(platform: Platform) -> Result<()> {
    let stage = archives::prepare(platform)?;
    let program = build(platform, &stage)?;
    let tag = format!("py3-none-manylinux_{}_{}", archives::GLIBC.replace('.', "_"), platform.machine());
    shell::run(
        command(python())
            .arg("xtask/src/dist/wheel.py")
            .args([env!("CARGO_PKG_VERSION"), &tag])
            .arg(program)
            .arg(folder()),
    )
}

fn build(platform: Platform, stage: &Path) -> Result<std::path::PathBuf> {
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--package", "pixie-cli", "--profile", "runtime"]);
    cargo.args(["--target", platform.triple()]);
    let target = format!("-Clink-arg=--target={}-linux-gnu", platform.machine());
    let mut flags = vec![without_local_paths(), format!("-Lnative={}/lib", stage.display()), target];
    let shown = stage.to_string_lossy();
    flags.extend(LINKED.iter().map(|word| format!("-Clink-arg={}", word.replace("@STAGE@", &shown))));
    platform.equip(&mut cargo, "");
    let variable = platform.triple().replace('-', "_").to_uppercase();
    cargo.env(format!("CARGO_TARGET_{variable}_RUSTFLAGS"), flags.join(" "));
    cargo.env(format!("CARGO_TARGET_{variable}_LINKER"), "clang-22");
    cargo.env("LLVM_SYS_221_PREFIX", stage);
    shell::run(cargo.current_dir(root()))?;
    Ok(platform.built().join("pixie"))
}
