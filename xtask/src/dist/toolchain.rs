//! pixie-toolchain: the command with LLVM inside, as a program of a wheel, and the build backend in Python.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Platform, folder, sysroot};
use crate::cross::toolchain::write_script;
use crate::cross::{self, packages};
use crate::shell::{self, cargo, command, python, read};

/// The oldest glibc that the command runs with; what it contains knows nothing older.
const GLIBC: &str = "2.28";

/// Where LLVM's package puts it, here and in its folder for another processor.
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
    // inkwell names it, and nothing of it is left in the program.
    "executionengine",
];

/// How the program is linked.
const LINKED: &[&str] = &[
    "@STAGE@/lib/Scrt1.o",
    // Functions with the same code become one. Debian stripped what `safe` would go by; rustc links its own LLVM so, too.
    "-Wl,--icf=all",
    "-Wl,-O2",
];

/// Builds the command and packs the wheel.
pub fn wheel(platform: Platform, profile: &str) -> Result<()> {
    let (stage, llvm) = prepare(platform)?;
    let config = config(&stage, &llvm)?;
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--package", "pixie-cli", "--profile", profile]);
    cargo.args(["--target", platform.triple()]);
    sysroot::link(&mut cargo, platform, &stage, &[], LINKED);
    shell::run(cargo.env("LLVM_SYS_221_PREFIX", config))?;
    let tag = format!("py3-none-manylinux_{}_{}", GLIBC.replace('.', "_"), platform.machine());
    shell::run(
        command(python())
            .arg("xtask/src/dist/wheel.py")
            .args([env!("CARGO_PKG_VERSION"), &tag])
            .arg(platform.built(profile).join("pixie"))
            .arg(folder()),
    )
}

/// Lays out what the command is linked with, and says where LLVM's archives are.
fn prepare(platform: Platform) -> Result<(PathBuf, PathBuf)> {
    let unpacked = sysroot::unpack(platform)?;
    let stage = sysroot::stage(platform, GLIBC, |library| {
        let machine = format!("{}-linux-gnu", platform.machine());
        let gcc = unpacked.join("usr/lib/gcc").join(&machine).join("12");
        let system = unpacked.join("usr/lib").join(machine);
        sysroot::place(&gcc, "libstdc++.a", library)?;
        sysroot::place(&gcc, "libgcc.a", library)?;
        sysroot::place(&system, "libz.a", library)?;
        sysroot::place(&system, "libzstd.a", library)?;
        // Rust asks for the unwinder by GCC's name. GCC's own wants a newer glibc, and one more library to be loaded.
        fs::write(library.join("libgcc_s.so"), "GROUP ( libunwind.a -lgcc )\n")?;
        Ok(())
    })?;
    // For this machine it is installed.
    if platform == Platform::Linux64 {
        return Ok((stage, Path::new("/").join(LLVM)));
    }
    let other = cross::folder().join("archives").join(format!("{}-llvm", platform.name()));
    packages::unpack(&["llvm-22-dev:arm64"], &other)?;
    Ok((stage, other.join(LLVM)))
}

/// Writes the stand-in that llvm-sys asks. It calls archives shared libraries: as those they go to the linker by name,
/// rather than being copied into a Rust library of 400 MB first, and no feature of the crates differs.
fn config(stage: &Path, llvm: &Path) -> Result<PathBuf> {
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
    // Apart from the rest: cargo builds again whatever asked, when anything in this folder changes.
    let folder = stage.join("llvm");
    write_script(&folder.join("bin/llvm-config"), &text)?;
    Ok(folder)
}
