//! Compilers and linkers for the other platforms, and a cargo that uses them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::{Target, folder, packages};
use crate::shell::{self, cargo, command, python, root};

/// Rust for this machine, its standard library for arm64, and that library's sources, from which it is built for the others.
/// Debian's, because all three parts must be of one version and a plain Rust installation has only the first.
const RUST: &[&str] = &["rustc-web", "libstd-rust-web-dev", "libstd-rust-web-dev:arm64", "rust-web-src"];

/// What a program for arm64 is linked with, and CPython with what it needs.
const SYSROOT: &[&str] = &[
    "libc6:arm64",
    "libc6-dev:arm64",
    "libgcc-s1:arm64",
    "libgcc-12-dev:arm64",
    "libcrypt1:arm64",
    "linux-libc-dev:arm64",
    "libstdc++6:arm64",
    "python3.11-minimal:arm64",
    "libpython3.11-minimal:arm64",
    "libpython3.11-stdlib:arm64",
    "libexpat1:arm64",
    "zlib1g:arm64",
    "libssl3:arm64",
    "libffi8:arm64",
    "libbz2-1.0:arm64",
    "liblzma5:arm64",
    "libuuid1:arm64",
];

/// A C compiler for macOS. Rust and cc name the target in words that zig does not know, and zig knows it already.
const ZIG_CC: &str = r#"#!/bin/sh
# Asked for its version only, `zig cc` leaves an empty file behind.
case $* in --version | -Wl,--version) exec @PYTHON@ -m ziglang clang --version ;; esac
count=$#
while [ "$count" -gt 0 ]; do
    word=$1
    shift
    count=$((count - 1))
    case $word in
        -arch | -Wl,-exported_symbols_list) shift; count=$((count - 1)) ;;
        --target=* | -mmacosx-version-min=* | -liconv | -Wl,-exported_symbols_list,*) ;;
        *) set -- "$@" "$word" ;;
    esac
done
exec @PYTHON@ -m ziglang cc -target aarch64-macos.11.0 "$@"
"#;

/// The folder that stands for the root of an arm64 Linux.
pub fn sysroot() -> PathBuf {
    folder().join("sysroot")
}

fn rust() -> PathBuf {
    folder().join("rust")
}

/// Unpacks what is missing and writes the wrappers.
pub fn install() -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("cross builds start from Linux on x86-64");
    }
    if !rust().join(".packages").exists() {
        // Its name has a version in it.
        let library = packages::dependency("libstd-rust-web-dev", "libstd-rust-web-")?;
        packages::unpack(&[RUST, &[library.as_str()]].concat(), &rust())?;
    }
    packages::unpack(SYSROOT, &sysroot())?;
    let usr = rust().join("usr");
    let shown = usr.display();
    script(
        "rustc",
        &format!("#!/bin/sh\nLD_LIBRARY_PATH={shown}/lib/x86_64-linux-gnu exec {shown}/bin/rustc \"$@\"\n"),
    )?;
    script("zig-cc", &ZIG_CC.replace("@PYTHON@", &python().to_string_lossy()))?;
    let version = shell::read(command(tool("rustc")).arg("-V"))?;
    eprintln!("{}", version.trim());
    Ok(())
}

fn tool(name: &str) -> PathBuf {
    folder().join("tools").join(name)
}

fn script(name: &str, text: &str) -> Result<()> {
    write_script(&tool(name), text)
}

/// Writes a program that can be run.
pub fn write_script(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Where cargo builds; one folder, so that build scripts and macros are built once for all platforms.
pub fn build_folder() -> PathBuf {
    shell::target_folder().join("cross/build")
}

/// What cargo does about a standard library that there is no built one of.
pub const BUILD_STD: &str = "build-std=std,panic_abort,panic_unwind";

/// A cargo that builds for the target: `words` begin with the subcommand.
pub fn cargo_for(target: Target, words: &[&str]) -> Command {
    let mut cargo = cargo();
    cargo.args(words).args(["--profile", "cross", "--target", target.triple()]);
    if target.builds_std() {
        cargo.arg(format!("-Z{BUILD_STD}"));
    }
    equip(&mut cargo, target, "");
    cargo
}

/// Tells cargo, or what runs it, the compilers and linkers of the target; `flags` are more of Rust's own, of one word each.
pub fn equip(cargo: &mut Command, target: Target, flags: &str) {
    cargo
        .env("CARGO_TARGET_DIR", build_folder())
        .env("RUSTC", tool("rustc"))
        // Building the standard library is for nightly versions only; set for all, since build scripts look at it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("PYO3_NO_PYTHON", "1")
        .env("PYO3_BUILD_EXTENSION_MODULE", "1")
        .env("ZIG_GLOBAL_CACHE_DIR", folder().join("zig"))
        .env("ZIG_LOCAL_CACHE_DIR", folder().join("zig"));
    let triple = target.triple().replace('-', "_");
    let variable = |name: &str| format!("CARGO_TARGET_{}_{name}", triple.to_uppercase());
    let sysroot = format!("--sysroot={}", sysroot().display());
    cargo.env(variable("RUNNER"), target.output().join("run"));
    match target {
        Target::LinuxAarch64 => {
            let words = ["--target=aarch64-linux-gnu", &sysroot, "-fuse-ld=lld-22"];
            let words_of_rust = words.map(|word| format!("-Clink-arg={word}")).join(" ");
            cargo.env(variable("LINKER"), "clang-22");
            cargo.env(variable("RUSTFLAGS"), format!("{words_of_rust} {flags}"));
            cargo.env(format!("CC_{triple}"), "clang-22").env(format!("AR_{triple}"), "llvm-ar-22");
            cargo.env(format!("CFLAGS_{triple}"), words[..2].join(" "));
        }
        Target::Win64 => {
            cargo.env(variable("LINKER"), "x86_64-w64-mingw32-gcc");
            if !flags.is_empty() {
                cargo.env(variable("RUSTFLAGS"), flags);
            }
        }
        Target::OsxArm64 => {
            cargo.env(variable("LINKER"), tool("zig-cc"));
            // Stripping would take a tool that Debian's Rust lacks, and break the signature that zig makes.
            cargo.env(variable("RUSTFLAGS"), format!("-Cstrip=none {flags}"));
            cargo.env(format!("CC_{triple}"), tool("zig-cc")).env(format!("AR_{triple}"), "llvm-ar-22");
        }
    }
    cargo.current_dir(root());
}
