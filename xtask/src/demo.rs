//! The demo: one C file becomes one module for four platforms, which Python imports and calls.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::setup;
use crate::shell::{self, command, pixie, python, root};

/// Where the demo's module is left, for people to play with.
pub fn folder() -> PathBuf {
    root().join("target/demo")
}

pub fn run() -> Result<()> {
    setup::run()?;
    build_kernels()?;
    shell::run(command(pixie()).arg("inspect").arg(folder().join("kernels.pixie")))?;
    println!();
    shell::run(command(python()).arg("tests/kernels/demo.py").arg(folder()))
}

/// Builds the module of twelve kernels.
pub fn build_kernels() -> Result<()> {
    fs::create_dir_all(folder())?;
    shell::run(
        command(pixie())
            .args(["build", "tests/kernels/kernels.c", "--exports", "tests/kernels/kernels.sig", "-o"])
            .arg(folder().join("kernels.pixie")),
    )
}
