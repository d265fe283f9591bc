//! The licences of what we depend on: each must be allowed by deny.toml, and THIRD-PARTY-NOTICES.md lists them.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{cargo, read, root};

/// Licences that a dependency may have, the same as in deny.toml.
const ALLOWED: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "MIT-0",
    "BSL-1.0",
    "0BSD",
];

/// What is linked beside crates; `toolchain/NOTICES.md` has the texts.
const LIBRARIES: &str = "
# Libraries

What the command of pixie-toolchain contains beside crates and Rust's standard library (MIT OR Apache-2.0). Of these the runtime
contains libgcc alone, and that on Windows only, beside mingw-w64's start files (ZPL-2.1).

## Apache-2.0 WITH LLVM-exception

LLVM 22, libunwind 22

## BSD-3-Clause

zstd 1.5

## GPL-3.0-or-later WITH GCC-exception-3.1

libstdc++ 12, libgcc 12

## Zlib

zlib 1.2
";

/// Fails when a licence is not allowed or the list is stale.
pub fn check() -> Result<()> {
    let expected = render()?;
    let found = fs::read_to_string(path()).unwrap_or_default();
    if found != expected {
        bail!("`THIRD-PARTY-NOTICES.md` is stale\nhint: run `cargo xtask notices write`");
    }
    Ok(())
}

/// Writes the list.
pub fn write() -> Result<()> {
    fs::write(path(), render()?)?;
    Ok(())
}

fn path() -> std::path::PathBuf {
    root().join("THIRD-PARTY-NOTICES.md")
}

fn render() -> Result<String> {
    let metadata: Value =
        serde_json::from_str(&read(cargo().args(["metadata", "--format-version", "1", "--locked"]))?)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let mut by_licence: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages.iter().filter(|package| !package["source"].is_null()) {
        let name = package["name"].as_str().unwrap_or_default();
        let version = package["version"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or("none stated").replace('/', " OR ");
        if !allowed(&licence) {
            bail!("{name} {version} has the licence `{licence}`, which deny.toml does not allow");
        }
        by_licence.entry(licence).or_default().push(format!("{name} {version}"));
    }
    let mut text = String::from(
        "# Third-party notices\n\nThe crates that PIXIE is built with, by licence. Each crate's own text comes with its source.\n",
    );
    for (licence, mut names) in by_licence {
        names.sort();
        text.push_str(&format!("\n## {licence}\n\n{}\n", names.join(", ")));
    }
    text.push_str(LIBRARIES);
    Ok(text)
}

/// Whether some alternative of an SPDX expression is allowed as a whole.
fn allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "");
    plain.split(" OR ").any(|choice| choice.split(" AND ").all(|licence| ALLOWED.contains(&licence.trim())))
}
