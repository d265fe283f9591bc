//! Profile-guided optimisation of the runtime for linux-64: what a program runs when it imports and calls is told from what it does not,
//! and put together. Most of an import's time goes into running code for the first time.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::setup;
use crate::shell::{self, cargo, command, pixie, python, read, root, target_folder};

/// Names of functions hold a hash of it, so that an instrumented build and one that uses its counts must both be told it.
pub const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Cargo's profile, whose settings are in that hash, too.
pub const PROFILE: &str = "runtime";

/// Tells the code that it is compiled so.
const PROFILED: &str = "--cfg=pixie_profiled";

/// What counts are made by, beside the instrumented library.
const PROGRAM: &str = "xtask/src/profile.py";

/// Rust's flags by which the runtime is compiled with the counts of a training run, which is made anew where the runtime has changed.
/// `None` on a system where the library cannot be run; there it is compiled without.
pub fn flags() -> Result<Option<String>> {
    if (OS, ARCH) != ("linux", "x86_64") {
        return Ok(None);
    }
    let library = instrumented()?;
    let counts = folder().join("counts.profdata");
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let trained = changed(&counts);
    if trained.is_none() || changed(&library) > trained || changed(&root().join(PROGRAM)) > trained {
        train(&library, &counts)?;
    }
    // Blocks that never ran leave their functions, which else would lie as far apart as before.
    Ok(Some(format!(
        "{PROFILED} -Cprofile-use={} -Cllvm-args=-enable-split-machine-functions -Cllvm-args=-mfs-psi-cutoff=0",
        counts.display()
    )))
}

/// Refuses a library that was built without the counts, as one is whose functions have other names than those that were counted.
pub fn check(library: &Path) -> Result<()> {
    let listed = read(command("llvm-size-22").arg("-A").arg(library))?;
    let size = |section: &str| {
        let mut lines = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        lines.find_map(
            |words| if words.first() == Some(&section) { words.get(1)?.parse::<u64>().ok() } else { None },
        )
    };
    let (rare, load) = (size(".text.rare").unwrap_or(0), size(".text.load").unwrap_or(0));
    if load == 0 || rare < load {
        bail!(
            "`{}`: expected most of its code in `.text.rare`, found {rare} bytes there and {load} in `.text.load`: it was compiled \
             without a profile\nhint: the flags of both builds must agree, see `xtask/src/profile.rs`",
            library.display()
        );
    }
    Ok(())
}

fn folder() -> PathBuf {
    target_folder().join("profile")
}

/// The runtime's library, built so that it counts what it runs.
fn instrumented() -> Result<PathBuf> {
    let mut cargo = cargo();
    cargo.args(["rustc", "--quiet", "--profile", PROFILE, "--manifest-path", "python/Cargo.toml", "--lib"]);
    cargo.args(["--target", TRIPLE]).env("CARGO_TARGET_DIR", folder());
    cargo.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", format!("{PROFILED} -Cprofile-generate"));
    shell::run(&mut cargo)?;
    Ok(folder().join(TRIPLE).join(PROFILE).join("lib_core.so"))
}

fn train(library: &Path, counts: &Path) -> Result<()> {
    setup::build_command()?;
    eprintln!("profiling the runtime");
    let work = folder().join("training");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let package = work.join("package");
    let inner = package.join("pixie");
    fs::create_dir_all(&inner)?;
    for entry in fs::read_dir(root().join("python/pixie"))? {
        let entry = entry?;
        // A library that maturin left there is not the one to be run.
        if entry.path().extension().is_none_or(|end| end != "so") {
            symlink(entry.path(), inner.join(entry.file_name()))?;
        }
    }
    symlink(library, inner.join("_core.abi3.so"))?;
    let raw = work.join("counts");
    let mut program = command(python());
    program.args([PROGRAM, "train"]).arg(&package).arg(pixie()).arg(&work);
    // One file for all processes, to which each adds.
    shell::run(program.env("LLVM_PROFILE_FILE", raw.join("%m.profraw")))?;
    let beside = work.join("counts.profdata");
    let merged = shell::run(command(profdata()?).args(["merge", "--output"]).args([&beside, &raw]));
    if merged.is_err() {
        bail!(
            "the counts cannot be merged\nhint: `rustup component add llvm-tools` has the program that fits the compiler"
        );
    }
    fs::rename(beside, counts)?;
    Ok(())
}

/// LLVM's program for profiles: the compiler's own, where it is installed, else that of Debian's LLVM.
fn profdata() -> Result<PathBuf> {
    let sysroot = read(command("rustc").args(["--print", "sysroot"]))?;
    let own = Path::new(sysroot.trim()).join("lib/rustlib").join(TRIPLE).join("bin/llvm-profdata");
    Ok(if own.exists() { own } else { "llvm-profdata-22".into() })
}
