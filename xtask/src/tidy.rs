//! Tidiness as a test: the borders of ARCHITECTURE.md, the places where unsafe may stand, the shape of source files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::shell::{cargo, read, root};

/// What must not be reachable from a crate's own dependencies, development ones aside.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("pixie-format", &["inkwell", "llvm-sys", "libc", "pyo3", "goblin"]),
    ("pixie-ld", &["inkwell", "llvm-sys", "pyo3", "goblin"]),
    ("pixie-cache", &["inkwell", "llvm-sys", "pyo3", "goblin", "clap", "anyhow"]),
    ("pixie-wheel", &["inkwell", "llvm-sys", "pyo3", "pixie-ld", "clap", "anyhow"]),
    ("pixie-python", &["inkwell", "llvm-sys", "goblin", "clap", "anyhow"]),
    ("pixie-jit", &["pixie-ld", "pyo3", "clap", "anyhow"]),
];

/// Words that may stand only below the given folders or files.
const FENCED: &[(&str, &[&str])] = &[
    ("inkwell", &["pixie-jit/src/llvm"]),
    ("llvm_sys", &["pixie-jit/src/llvm"]),
    ("serde_cbor", &["pixie-format/src/cbor"]),
    ("anyhow", &["pixie-cli", "xtask", "tests"]),
    (
        "unsafe ",
        &[
            "pixie-ld/src/sys",
            "pixie-ld/src/cpu",
            "pixie-ld/src/map.rs",
            "pixie-ld/src/debug/gdb.rs",
            "pixie-ld/src/bind.rs",
            "pixie-ld/src/chkstk.rs",
            "pixie-ld/src/foreign",
            "pixie-ld/src/resolve",
            "pixie-jit/src/llvm",
            "pixie-cli/src/commands/run",
            "python/src",
            "pixie-ld/tests",
            "pixie-ld/examples",
            "pixie-jit/tests",
            "tests",
        ],
    ),
];

/// The container knows no operating system.
const NO_SYSTEM: &[&str] =
    &["std::fs", "std::net", "std::process", "std::env", "std::time", "std::thread", "std::io"];

/// Longest source file, in lines, before it must be split.
const MAX_LINES: usize = 800;

pub fn run() -> Result<()> {
    let mut faults = Vec::new();
    dependencies(&mut faults)?;
    for path in sources()? {
        let text = fs::read_to_string(root().join(&path))?;
        source(&path, &text, &mut faults);
    }
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{} untidy places:\n  {}", faults.len(), faults.join("\n  "))
}

fn dependencies(faults: &mut Vec<String>) -> Result<()> {
    for (package, forbidden) in FORBIDDEN {
        let tree =
            read(cargo().args(["tree", "--package", package, "--edges", "normal", "--prefix", "none"]))?;
        let reached = tree.lines().filter_map(|line| line.split(' ').next());
        let mut wrong: Vec<&str> = reached.filter(|name| forbidden.contains(name)).collect();
        wrong.sort_unstable();
        wrong.dedup();
        faults.extend(wrong.into_iter().map(|name| format!("{package} must not depend on {name}")));
    }
    Ok(())
}

/// Every Rust file that git knows or would add.
fn sources() -> Result<Vec<PathBuf>> {
    let listed = read(crate::shell::command("git").args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.rs",
    ]))?;
    Ok(listed.lines().map(PathBuf::from).filter(|path| root().join(path).exists()).collect())
}

fn source(path: &Path, text: &str, faults: &mut Vec<String>) {
    let shown = path.display();
    // A table that is included into another file has no room of its own to describe.
    if !text.starts_with("//!") && !text.starts_with("// ") && !text.starts_with("#!") {
        faults.push(format!("{shown}: expected `//!` and what the file is for on the first line"));
    }
    let lines = text.lines().count();
    if lines > MAX_LINES {
        faults.push(format!("{shown}: {lines} lines, at most {MAX_LINES}"));
    }
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (word, places) in FENCED {
            let fenced = path.starts_with("xtask")
                || path.starts_with("fuzz")
                || places.iter().any(|place| path.starts_with(place));
            if code.contains(word) && !fenced {
                faults.push(format!(
                    "{shown}:{}: `{}` belongs into {}",
                    number + 1,
                    word.trim_end(),
                    places.join(", ")
                ));
            }
        }
        let system =
            NO_SYSTEM.iter().find(|module| path.starts_with("pixie-format/src") && code.contains(**module));
        if let Some(module) = system {
            faults.push(format!("{shown}:{}: pixie-format must not use {module}", number + 1));
        }
    }
}
