//! Other versions of CPython, on which the runtime that is distributed is tested: one wheel is for all of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cross::packages;
use crate::cross::toolchain::write_script;
use crate::dist;
use crate::shell::{self, command, pixie, python, root};

/// A version, and the release of Debian that has it.
struct Version {
    number: &'static str,
    release: &'static str,
    packages: &'static [&'static str],
}

const VERSIONS: &[Version] = &[Version {
    number: "3.13",
    release: "trixie",
    // With the C library that it was built for: programs of a later system do not run with this one's.
    packages: &[
        "libbz2-1.0",
        "libc6",
        "libexpat1",
        "libffi8",
        "libgcc-s1",
        "liblzma5",
        "libncursesw6",
        "libpython3.13-minimal",
        "libpython3.13-stdlib",
        "libreadline8t64",
        "libsqlite3-0",
        "libssl3t64",
        "libstdc++6",
        "libtinfo6",
        "libuuid1",
        "libzstd1",
        "python3.13-minimal",
        "zlib1g",
    ],
}];

/// What the runtime's tests import, of the versions in `tests/requirements.txt`.
const IMPORTED: &[&str] = &["cloudpickle", "numba", "numpy", "pyarrow", "pytest"];

/// Runs the runtime's tests on each version, with the wheel of `cargo xtask dist`.
pub fn test() -> Result<()> {
    for version in VERSIONS {
        eprintln!("CPython {}", version.number);
        let interpreter = prepare(version)?;
        shell::run(
            command(interpreter)
                .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "python/tests"])
                .env("PIXIE_COMMAND", pixie()),
        )?;
    }
    Ok(())
}

/// Leaves `python3` in the version's folder, which finds the packages.
fn prepare(version: &Version) -> Result<PathBuf> {
    let folder = root().join("target/pythons").join(version.number);
    let (system, site) = (folder.join("system"), folder.join("site"));
    packages::unpack_of(Some(version.release), version.packages, &system)?;
    let (number, system) = (version.number, system.display());
    let script = format!(
        "#!/bin/sh\n# CPython {number} with the runtime, on the C library of its own system: python3 [ARG]…\n\
         export PYTHONHOME={system}/usr PYTHONPATH={site}${{PYTHONPATH:+:$PYTHONPATH}}\n\
         exec {system}/usr/lib64/ld-linux-x86-64.so.2 --argv0 \"$0\" --library-path {system}/usr/lib/x86_64-linux-gnu \\\n    \
         {system}/usr/bin/python{number} \"$@\"\n",
        site = site.display(),
    );
    let interpreter = folder.join("python3");
    write_script(&interpreter, &script)?;
    install(number, &site)?;
    Ok(interpreter)
}

/// The packages that the tests import, and the runtime.
fn install(number: &str, site: &Path) -> Result<()> {
    let requirements = fs::read_to_string(root().join("tests/requirements.txt"))?;
    let is_wanted = |line: &&str| line.split_once("==").is_some_and(|(name, _)| IMPORTED.contains(&name));
    let wanted: Vec<&str> = requirements.lines().filter(is_wanted).collect();
    if wanted.len() != IMPORTED.len() {
        bail!(
            "expected each of {} in `tests/requirements.txt`, found {}",
            IMPORTED.join(", "),
            wanted.join(", ")
        );
    }
    let wheels = fs::read_dir(dist::folder())?.flatten().map(|entry| entry.path());
    let runtime = wheels.into_iter().find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("pixie_runtime-") && name.ends_with("x86_64.whl")
    });
    let runtime = runtime.context(
        "there is no wheel of pixie-runtime for linux-64\nhint: cargo xtask dist --quick runtime linux-64",
    )?;
    if site.exists() {
        fs::remove_dir_all(site)?;
    }
    let mut pip = command(python());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]);
    pip.args(["--python-version", number]);
    for platform in
        ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    {
        pip.args(["--platform", platform]);
    }
    shell::run(pip.arg("--target").arg(site).args(wanted).arg(runtime))
}
