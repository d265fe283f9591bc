//! What a program or library for Linux is linked with so that it runs on old systems: the symbols of an old glibc, GCC's
//! libraries, and what the newer ones of this machine want beside.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::{Platform, without_local_paths};
use crate::cross::{folder, packages};
use crate::shell::{self, command, python, root};

/// GCC's libraries, and the archives that the command takes in.
const PACKAGES: &[&str] = &["libstdc++-12-dev", "libgcc-12-dev", "libgcc-s1", "zlib1g-dev", "libzstd-dev"];

/// What links it all: clang and lld, which know every platform, and nothing of this machine's own, whose C library is newer.
const LINKED: &[&str] = &["-fuse-ld=lld-22", "-nostartfiles", "--sysroot=@STAGE@", "@STAGE@/lib/old_glibc.o"];

/// Unpacks the platform's packages; returns the folder that stands for their root.
pub fn unpack(platform: Platform) -> Result<PathBuf> {
    let target = folder().join("archives").join(platform.name());
    let suffix = if platform == Platform::Linux64 { "" } else { ":arm64" };
    let names: Vec<String> = PACKAGES.iter().map(|name| format!("{name}{suffix}")).collect();
    packages::unpack(&names.iter().map(String::as_str).collect::<Vec<_>>(), &target)?;
    Ok(target)
}

/// A folder whose `lib` is searched first, made by `fill` once it holds the symbols of the named glibc.
pub fn stage(platform: Platform, version: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    // Named by how it is made: cargo links again when the words for the linker change, not when its files do.
    let mut recipe = DefaultHasher::new();
    (include_str!("old_glibc.c"), include_str!("sysroot.rs")).hash(&mut recipe);
    let name = format!("{}-{version}-{:08x}", platform.name(), recipe.finish() >> 32);
    let stage = folder().join("linked").join(name);
    let stamp = stage.join("complete");
    if stamp.exists() {
        return Ok(stage);
    }
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    fs::create_dir_all(stage.join("lib"))?;
    glibc(platform, version, &stage)?;
    fill(&stage.join("lib"))?;
    fs::write(stamp, "")?;
    Ok(stage)
}

/// Puts a file of an unpacked package into the folder, by a link.
pub fn place(from: &Path, name: &str, library: &Path) -> Result<()> {
    let file = from.join(name);
    if !file.exists() {
        bail!("expected `{}`, found nothing", file.display());
    }
    symlink(file, library.join(name))?;
    Ok(())
}

/// Takes from zig the libraries that stand for an old glibc, with its symbols and no code, and compiles what that one lacks.
fn glibc(platform: Platform, version: &str, stage: &Path) -> Result<()> {
    let library = stage.join("lib");
    let cache = stage.join("zig");
    let zig = || {
        let mut zig = command(python());
        zig.args(["-m", "ziglang", "cc", "-target"]);
        zig.arg(format!("{}-linux-gnu.{version}", platform.machine()));
        zig.env("ZIG_GLOBAL_CACHE_DIR", &cache).env("ZIG_LOCAL_CACHE_DIR", &cache);
        zig
    };
    let source = stage.join("empty.c");
    fs::write(&source, "int main(void) { return 0; }\n")?;
    let output = zig()
        .args(["--verbose", "-pie", "-fPIE", "-lunwind", "-o"])
        .args([&stage.join("empty"), &source])
        .stdout(Stdio::null())
        .output()
        .context("cannot run zig")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let linked = |line: &&str| line.contains("ld.lld") && line.contains("--dynamic-linker");
    let Some(line) = said.lines().find(linked) else {
        bail!("zig does not say what it links for {}:\n{said}", platform.name());
    };
    let paths = line.split_whitespace().map(|word| root().join(word));
    for path in paths.filter(|path| path.starts_with(&cache)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "Scrt1.o" || name == "libunwind.a" || name == "libc_nonshared.a" || name.contains(".so") {
            fs::copy(&path, library.join(&name))?;
            if let Some((stem, _)) = name.split_once(".so.").filter(|(stem, _)| *stem != "libc") {
                // What the C library has itself is taken from it: each further library costs a load some 30 us.
                let text = format!("GROUP ( libc.so.6 AS_NEEDED ( {name} ) )\n");
                fs::write(library.join(format!("{stem}.so")), text)?;
            }
        }
    }
    fs::write(library.join("libc.so"), "GROUP ( libc.so.6 libc_nonshared.a AS_NEEDED ( libld.so ) )\n")?;
    let object = library.join("old_glibc.o");
    let words = ["-O2", "-fPIC", "-ffunction-sections", "-c", "xtask/src/dist/old_glibc.c", "-o"];
    shell::run(zig().args(words).arg(object))?;
    fs::remove_dir_all(cache)?;
    Ok(())
}

/// Tells cargo, or what runs it, to link with what `stage` holds; `flags` are Rust's, `more` are words for the linker.
pub fn link(cargo: &mut Command, platform: Platform, stage: &Path, flags: &[String], more: &[&str]) {
    let shown = stage.to_string_lossy();
    let mut flags = flags.to_vec();
    flags.extend([without_local_paths(), format!("-Lnative={shown}/lib")]);
    flags.push(format!("-Clink-arg=--target={}-linux-gnu", platform.machine()));
    let words = LINKED.iter().chain(more);
    flags.extend(words.map(|word| format!("-Clink-arg={}", word.replace("@STAGE@", &shown))));
    platform.equip(cargo, "");
    let variable = platform.triple().replace('-', "_").to_uppercase();
    cargo.env(format!("CARGO_TARGET_{variable}_RUSTFLAGS"), flags.join(" "));
    cargo.env(format!("CARGO_TARGET_{variable}_LINKER"), "clang-22");
}
