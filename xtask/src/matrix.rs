//! The test matrix: every platform's code at every ISA level that can be executed here.

use anyhow::Result;

use crate::shell::{self, cargo, command, pixie, python, root};

/// Builds what the emulators of x86-64 run, then runs the matrix; with `write` its table goes into ARCHITECTURE.md.
pub fn run(write: bool) -> Result<()> {
    // Without the compiler, whose library is of the host's own level and takes a second to start under qemu.
    let plain = root().join("target/plain");
    shell::run(
        cargo()
            .args([
                "build",
                "--release",
                "--quiet",
                "--package",
                "pixie-cli",
                "--no-default-features",
                "--target-dir",
            ])
            .arg(&plain),
    )?;
    let mut program = command(python());
    program.arg("tests/matrix/matrix.py").arg(root().join("target/matrix")).env("PIXIE_COMMAND", pixie());
    if write {
        program.arg("--write");
    }
    shell::run(&mut program)
}
