//! What is built for a platform, and where it is left.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Target;
use super::toolchain::{build_folder, cargo_for};
use crate::shell::{self, root};

/// Builds the command, without the compiler, and the Python runtime.
pub fn products(target: Target) -> Result<()> {
    shell::run(&mut cargo_for(
        target,
        &["build", "--quiet", "--package", "pixie-cli", "--no-default-features"],
    ))?;
    let mut runtime = cargo_for(target, &["rustc", "--quiet", "--package", "pixie-python", "--lib"]);
    if target == Target::OsxArm64 {
        // Python's functions are those of the process that loads the runtime. Its own name is else the path of this build.
        runtime.args(["--", "-Clink-arg=-undefined", "-Clink-arg=dynamic_lookup"]);
        runtime.arg("-Clink-arg=-Wl,-install_name,@rpath/_core.abi3.so");
    }
    shell::run(&mut runtime)?;
    collect(target)
}

/// Copies what was built to where it is documented to be.
fn collect(target: Target) -> Result<()> {
    let built = build_folder().join(target.triple()).join("cross");
    let output = target.output();
    let (command, library, module) = match target {
        Target::LinuxAarch64 => ("pixie", "lib_core.so", "_core.abi3.so"),
        Target::Win64 => ("pixie.exe", "_core.dll", "_core.pyd"),
        Target::OsxArm64 => ("pixie", "lib_core.dylib", "_core.abi3.so"),
    };
    let package = output.join("python/pixie");
    fs::create_dir_all(&package)?;
    copy(&built.join(command), &output.join(command))?;
    copy(&built.join(library), &package.join(module))?;
    copy_python(&root().join("python/pixie"), &package)
}

/// Copies the Python files of a package and of those below it.
fn copy_python(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "__pycache__" {
            copy_python(&path, &to.join(name))?;
        // Beside them may lie a runtime that was built in place for this machine.
        } else if path.extension().is_some_and(|end| end == "py" || end == "pyi" || end == "typed") {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    // A running program cannot be written over, but it can be replaced.
    if to.exists() {
        fs::remove_file(to)?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}

/// Builds the tests of the crates that a user's machine runs, and runs them under the platform's emulator if there is one.
pub fn tests(target: Target) -> Result<()> {
    let test = |words: &[&str]| {
        let run: &[&str] = if target == Target::OsxArm64 { &["--no-run"] } else { &[] };
        shell::run(&mut cargo_for(target, &[&["test", "--quiet", "--all-features"], words, run].concat()))
    };
    test(&["--package", "pixie-format"])?;
    match target {
        // No compiler runs under Wine: only the tests that bring their objects along.
        Target::Win64 => test(&["--package", "pixie-ld", "--lib", "--test", "windows", "--test", "select"]),
        Target::LinuxAarch64 | Target::OsxArm64 => test(&["--package", "pixie-ld"]),
    }
}
