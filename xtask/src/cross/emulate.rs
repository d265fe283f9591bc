//! What runs another platform's programs here: qemu for arm64 Linux, Wine for Windows.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::toolchain::{sysroot, write_script};
use super::{Target, folder};
use crate::shell::{self, command, python, root};

/// Debian's wine64 without its launcher, which wants a desktop.
const WINE: &str = "/usr/lib/wine/wine64";

/// Longer than any test; a program that hangs is ended.
const SECONDS: u32 = 600;

/// Leaves `run` in the platform's folder, which runs a program of that platform; for arm64 Linux also `python3`.
pub fn prepare(target: Target) -> Result<()> {
    match target {
        Target::LinuxAarch64 => linux(),
        Target::Win64 => windows(),
        // Nothing here runs programs of macOS.
        Target::OsxArm64 => Ok(()),
    }
}

/// qemu reads the processor's name from QEMU_CPU.
fn linux() -> Result<()> {
    let output = Target::LinuxAarch64.output();
    let root = sysroot();
    let (output_name, root_name) = (output.display(), root.display());
    let run = format!(
        "#!/bin/sh\n# Runs a program for arm64 Linux: run PROGRAM [ARG]…\n\
         exec timeout --kill-after=10 {SECONDS} qemu-aarch64-static -L {root_name} \"$@\"\n"
    );
    write_script(&output.join("run"), &run)?;
    let python = format!(
        "#!/bin/sh\n# CPython for arm64 Linux with the runtime: python3 [ARG]…\n\
         export PYTHONPATH={output_name}/python${{PYTHONPATH:+:$PYTHONPATH}}\n\
         exec {output_name}/run {root_name}/usr/bin/python3.11 \"$@\"\n"
    );
    write_script(&output.join("python3"), &python)?;
    numpy()
}

/// NumPy for arm64 beside the runtime, of the version that the tests have.
fn numpy() -> Result<()> {
    let requirements = fs::read_to_string(root().join("tests/requirements.txt"))?;
    let Some(wanted) = requirements.lines().find(|line| line.starts_with("numpy==")) else {
        bail!("`tests/requirements.txt` does not name numpy");
    };
    let packages = Target::LinuxAarch64.output().join("python");
    let version = wanted.trim_start_matches("numpy==");
    if packages.join(format!("numpy-{version}.dist-info")).exists() {
        return Ok(());
    }
    shell::run(
        command(python())
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "--upgrade",
            ])
            .args(["--platform", "manylinux_2_28_aarch64", "--platform", "manylinux_2_27_aarch64"])
            .args(["--python-version", "3.11", "--only-binary=:all:", wanted, "--target"])
            .arg(packages),
    )
}

fn windows() -> Result<()> {
    let output = Target::Win64.output();
    let prefix = prefix();
    let name = prefix.display();
    // Without a display Wine starts no window; `wineserver -k` in the same environment ends what is left.
    let run = format!(
        "#!/bin/sh\n# Runs a program for Windows: run PROGRAM [ARG]…; `run --stop` ends Wine's server.\n\
         unset DISPLAY\nexport WINEPREFIX={name} WINEDEBUG=${{WINEDEBUG:--all}}\n\
         if [ \"$1\" = --stop ]; then exec /usr/lib/wine/wineserver64 -k; fi\n\
         exec timeout --kill-after=10 {SECONDS} {WINE} \"$@\"\n"
    );
    write_script(&output.join("run"), &run)?;
    let system = prefix.join("drive_c/windows/system32");
    let library = system.join("bcryptprimitives.dll");
    if library.exists() {
        return Ok(());
    }
    let start = || command(output.join("run"));
    if !system.join("kernel32.dll").exists() {
        fs::create_dir_all(folder())?;
        shell::run(start().args(["wineboot", "--init"]))?;
    }
    // Rust's programs want a library that this Wine does not have yet.
    let source = root().join("xtask/src/cross/bcryptprimitives.c");
    shell::run(
        command("x86_64-w64-mingw32-gcc")
            .args(["-shared", "-nostdlib", "-O1", "-Wl,--entry=0", "-o"])
            .arg(library)
            .arg(source)
            .arg("-ladvapi32"),
    )?;
    shell::run(start().arg("--stop"))
}

/// Wine's own C: drive and registry.
fn prefix() -> PathBuf {
    folder().join("wine")
}
