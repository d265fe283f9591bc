//! What a new Debian machine lacks: packages, a virtual environment, the built command and the installed runtime.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::profile;
use crate::shell::{self, cargo, command, has, pixie, python, read, root};

/// Debian packages, each with what it is for.
const PACKAGES: &[(&str, &str)] = &[
    ("llvm-22-dev", "the compiler's library"),
    ("libpolly-22-dev", "which llvm-22-dev's own configuration names"),
    ("clang-22", "the peer of the benchmarks, and C in the tests"),
    ("lld-22", "the tests link extracted objects with it"),
    ("libclang-rt-22-dev", "the fuzz targets' runtime"),
    ("qemu-user-static", "other processors"),
    ("gcc-mingw-w64-x86-64-posix", "the linker and C library for Windows"),
    ("wine64", "Windows, for what is built for it"),
    ("bochs", "AVX-512, which neither every processor nor qemu has"),
    ("bochs-term", "bochs without a window"),
    ("bochsbios", "firmware that bochs' package asks for"),
    ("vgabios", "firmware that bochs' package asks for"),
    ("libxxhash-dev", "real input for the tests"),
    ("libeigen3-dev", "real input for the tests, in C++"),
    ("strace", "what a process touches"),
    ("gdb", "names and lines of functions in a fat module"),
    ("valgrind", "instructions counted beside the times"),
    ("g++", "the C++ library, for peers of the benchmarks in C++"),
    ("faketime", "another day, for builds that must not depend on it"),
    ("file", "a second opinion on object formats"),
    ("graphviz", "pictures of flow graphs"),
];

/// Installs everything that building and testing need.
pub fn run() -> Result<()> {
    packages()?;
    environment()?;
    build()
}

/// Installs the missing Debian packages, or says on other systems what is needed.
pub fn packages() -> Result<()> {
    let missing: Vec<&(&str, &str)> = if has("dpkg-query") {
        PACKAGES.iter().filter(|(name, _)| !installed(name)).collect()
    } else {
        let lines: Vec<String> = PACKAGES.iter().map(|(name, why)| format!("  {name}: {why}")).collect();
        eprintln!(
            "note: this is no Debian; the equivalents of these packages are needed:\n{}",
            lines.join("\n")
        );
        return Ok(());
    };
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
    let is_root = read(command("id").arg("-u"))?.trim() == "0";
    if !is_root && !has("sudo") {
        bail!(
            "these Debian packages are missing and only root can install them\nhint: apt-get install {}",
            names.join(" ")
        );
    }
    let apt = |words: &[&str]| {
        let mut command = command(if is_root { "apt-get" } else { "sudo" });
        if !is_root {
            command.arg("apt-get");
        }
        shell::run(command.args(words).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    eprintln!("installing {}", names.join(" "));
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], names.as_slice()].concat())
}

fn installed(package: &str) -> bool {
    let state = command("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]).output();
    state.is_ok_and(|output| output.stdout == b"installed")
}

/// Makes `.venv` with the pinned packages, unless it has them.
pub fn environment() -> Result<()> {
    let wanted = fs::read_to_string(root().join("tests/requirements.txt"))?;
    let stamp = root().join(".venv/requirements.txt");
    if python().exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    eprintln!("making .venv");
    if !python().exists() && shell::run(command("python3").args(["-m", "venv", ".venv"])).is_err() {
        bail!(
            "python3 cannot make a virtual environment\nhint: apt-get install python3 python3-venv python3-dev (3.11 or later)"
        );
    }
    pip(&["install", "--quiet", "--disable-pip-version-check", "-r", "tests/requirements.txt"])?;
    fs::write(stamp, wanted)?;
    Ok(())
}

/// Installs the packages that the call table compares with, pinned, apart from `.venv`: nothing else needs them.
pub fn peer_packages(folder: &Path) -> Result<()> {
    let list = "tests/bench/requirements.txt";
    let wanted = fs::read_to_string(root().join(list))?;
    let stamp = folder.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let folder = folder.to_string_lossy();
    pip(&[
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--target",
        &folder,
        "-r",
        list,
    ])?;
    fs::write(stamp, wanted)?;
    Ok(())
}

fn pip(words: &[&str]) -> Result<()> {
    shell::run(command(python()).args(["-m", "pip"]).args(words))
}

/// Builds the command and the runtime, and installs the runtime into `.venv`.
pub fn build() -> Result<()> {
    build_command()?;
    runtime()
}

/// Builds the command, whose place does not depend on where cargo was told to build.
pub fn build_command() -> Result<()> {
    shell::run(cargo().args(["build", "--release", "--package", "pixie-cli"]))?;
    let built = shell::target_folder().join("release/pixie");
    if built != pixie() {
        fs::create_dir_all(pixie().parent().unwrap_or(Path::new(".")))?;
        fs::copy(built, pixie())?;
    }
    Ok(())
}

/// Builds the runtime's wheel and installs it into `.venv`.
fn runtime() -> Result<()> {
    let wheels = shell::target_folder().join("wheels");
    // An older wheel beside the new one would make the choice ambiguous.
    if wheels.exists() {
        fs::remove_dir_all(&wheels)?;
    }
    let manifest = root().join("python/Cargo.toml");
    let mut maturin = command(python());
    maturin.args(["-m", "maturin", "build", "--quiet", "--profile", profile::PROFILE, "--out"]).arg(&wheels);
    maturin.arg("--manifest-path").arg(manifest);
    let flags = profile::flags()?;
    if let Some(flags) = &flags {
        maturin
            .args(["--target", profile::TRIPLE])
            .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", flags);
    }
    maturin.args(ordered());
    shell::run(&mut maturin)?;
    if flags.is_some() {
        profile::check(
            &shell::target_folder().join(profile::TRIPLE).join(profile::PROFILE).join("lib_core.so"),
        )?;
    }
    let wheel = fs::read_dir(&wheels)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "whl"));
    let Some(wheel) = wheel else { bail!("maturin left no wheel in `{}`", wheels.display()) };
    let wheel = wheel.to_string_lossy();
    pip(&["install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps", &wheel])
}

/// What maturin passes on, last, so that a linker for ELF puts what an import runs into one place. Only where the linker is known:
/// not every one reads such a script, and a build from source must not need it.
pub fn ordered() -> [String; 3] {
    let script = root().join("python/order.ld");
    ["--".to_owned(), "-Clink-arg=-T".to_owned(), format!("-Clink-arg={}", script.display())]
}
