//! What the command is linked with so that it needs nothing but an old glibc: LLVM and the C++ library as archives, the
//! symbols of that glibc, and an `llvm-config` that says so.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::Platform;
use crate::cross::toolchain::write_script;
use crate::cross::{folder, packages};
use crate::shell::{command, python, read, root};

/// The oldest glibc that the command runs with.
pub const GLIBC: &str = "2.28";

/// Archives that the command is linked with, and GCC's own library. LLVM's for this machine are installed.
const PACKAGES: &[&str] = &["libstdc++-12-dev", "libgcc-12-dev", "zlib1g-dev", "libzstd-dev"];

/// Where `cargo xtask setup` has LLVM from, and where its package puts it.
const LLVM: &str = "usr/lib/llvm-22";

/// What of LLVM the command uses; its `llvm-config` adds what these need.
const COMPONENTS: &[&str] = &[
    "x86",
    "aarch64",
    "passes",
    "linker",
    "irreader",
    "bitwriter",
    "mcdisassembler",
    // inkwell's own functions of these are left out again, but it names them.
    "executionengine",
];

/// Lays everything into one folder: `lib` to be searched first, and `bin/llvm-config`.
pub fn prepare(platform: Platform) -> Result<PathBuf> {
    let shims = fs::read_to_string(root().join("xtask/src/dist/old_glibc.c"))?;
    let unpacked = folder().join("archives").join(platform.name());
    let llvm = unpack(platform, &unpacked)?;
    let stage = folder().join("static").join(platform.name());
    config(&stage, &llvm)?;
    let stamp = stage.join("stamp");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == shims) {
        return Ok(stage);
    }
    let library = stage.join("lib");
    if library.exists() {
        fs::remove_dir_all(&library)?;
    }
    fs::create_dir_all(&library)?;
    glibc(platform, &stage)?;
    let machine = format!("{}-linux-gnu", platform.machine());
    let gcc = unpacked.join("usr/lib/gcc").join(&machine).join("12");
    let system = unpacked.join("usr/lib").join(&machine);
    for (from, name) in
        [(&gcc, "libstdc++.a"), (&gcc, "libgcc.a"), (&system, "libz.a"), (&system, "libzstd.a")]
    {
        let archive = from.join(name);
        if !archive.exists() {
            bail!("expected `{}`, found nothing", archive.display());
        }
        symlink(archive, library.join(name))?;
    }
    // Rust asks for it by GCC's name. GCC's own wants a glibc that knows where unwind tables are.
    symlink("libunwind.a", library.join("libgcc_s.a"))?;
    // inkwell names it for LLVM's interpreter, which is not linked.
    fs::write(library.join("libffi.a"), "!<arch>\n")?;
    fs::write(stamp, shims)?;
    Ok(stage)
}

/// Unpacks the archives, and returns the folder of LLVM's.
fn unpack(platform: Platform, target: &Path) -> Result<PathBuf> {
    if platform == Platform::Linux64 {
        packages::unpack(PACKAGES, target)?;
        return Ok(Path::new("/").join(LLVM));
    }
    let names: Vec<String> =
        PACKAGES.iter().chain(&["llvm-22-dev"]).map(|name| format!("{name}:arm64")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    packages::unpack(&names, target)?;
    Ok(target.join(LLVM))
}

/// Writes the stand-in that llvm-sys asks. It calls archives shared libraries: as those they go to the linker by name,
/// rather than being copied into a Rust library of 400 MB first, and no feature of the crates differs.
fn config(stage: &Path, llvm: &Path) -> Result<()> {
    // Versions are the same, so this machine's own knows what depends on what.
    let real = Path::new("/").join(LLVM).join("bin/llvm-config");
    let names = read(command(&real).args(["--libnames", "--link-static"]).args(COMPONENTS))?;
    let names: Vec<String> = names.split_whitespace().map(|name| name.replace(".a", ".so")).collect();
    let version = read(command(&real).arg("--version"))?;
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in\n\
         --version) echo {version} ;;\n\
         --build-mode) echo Release ;;\n\
         --libdir) echo {at}/lib ;;\n\
         --cflags) echo -I/{LLVM}/include ;;\n\
         '--libnames --link-shared') echo {names} ;;\n\
         '--system-libs --link-shared') echo -lz -lzstd -lm ;;\n\
         *) echo \"expected a question of llvm-sys, found $*\" >&2; exit 1 ;;\n\
         esac\n",
        version = version.trim(),
        at = llvm.display(),
        names = names.join(" "),
    );
    write_script(&stage.join("bin/llvm-config"), &text)
}

/// Takes from zig the libraries that stand for an old glibc, with its symbols and no code, and compiles what that one lacks.
fn glibc(platform: Platform, stage: &Path) -> Result<()> {
    let library = stage.join("lib");
    let cache = stage.join("zig");
    let zig = || {
        let mut zig = command(python());
        zig.args(["-m", "ziglang", "cc", "-target"]);
        zig.arg(format!("{}-linux-gnu.{GLIBC}", platform.machine()));
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
    let Some(line) = said.lines().find(|line| line.contains("ld.lld") && line.contains("--dynamic-linker"))
    else {
        bail!("zig does not say what it links for {}:\n{said}", platform.name());
    };
    let paths = line.split_whitespace().map(|word| root().join(word));
    for path in paths.filter(|path| path.starts_with(&cache)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "Scrt1.o" || name == "libunwind.a" || name == "libc_nonshared.a" || name.contains(".so") {
            fs::copy(&path, library.join(&name))?;
            if let Some((stem, _)) = name.split_once(".so.").filter(|(stem, _)| *stem != "libc") {
                symlink(&name, library.join(format!("{stem}.so")))?;
            }
        }
    }
    fs::write(library.join("libc.so"), "GROUP ( libc.so.6 libc_nonshared.a AS_NEEDED ( libld.so ) )\n")?;
    let object = library.join("old_glibc.o");
    crate::shell::run(zig().args(["-O2", "-fPIC", "-c", "xtask/src/dist/old_glibc.c", "-o"]).arg(object))?;
    fs::remove_dir_all(cache)?;
    Ok(())
}
