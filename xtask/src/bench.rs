//! The benchmarks: programs that print figures beside their peers, measured in the same run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::shell::{self, cargo, command, pixie, python, read, root};
use crate::{demo, setup};

/// What can be measured, in the order of the report.
const NAMES: &[&str] =
    &["call", "import", "threads", "kernels", "jit", "fuse", "ufunc", "xxhash", "build", "wheel", "load"];

/// What the kernels are measured against; the first is the base of the ratios.
const PEERS: &[(&str, &str)] =
    &[("clang native", "native.so"), ("clang 256 bits", "native256.so"), ("clang 512 bits", "native512.so")];

pub fn run(names: &[&str]) -> Result<()> {
    if let Some(name) = names.iter().find(|name| !NAMES.contains(name)) {
        bail!("unknown benchmark `{name}`\nhint: expected some of {}", NAMES.join(", "));
    }
    setup::run()?;
    let folder = prepare()?;
    machine()?;
    for name in NAMES.iter().filter(|name| names.is_empty() || names.contains(name)) {
        if *name == "load" {
            load(&folder)?;
            continue;
        }
        if *name == "call" {
            call_peers(&folder)?;
        }
        let mut program = command(python());
        program.arg(format!("tests/bench/bench_{name}.py")).arg(&folder);
        match *name {
            "kernels" => {
                program.env("PIXIE_COMMAND", pixie());
                for (name, library) in PEERS {
                    program.arg(format!("{name}={}", folder.join(library).display()));
                }
            }
            "jit" => {
                jit_modules(&folder)?;
                program.env("PIXIE_COMMAND", pixie());
            }
            "fuse" => {
                solvers(&folder)?;
                program.env("PIXIE_COMMAND", pixie());
            }
            "ufunc" => {
                program.arg(folder.join("native_ufunc.so"));
            }
            "xxhash" => {
                program.arg(folder.join("native_xxhash.so"));
            }
            "build" => {
                program.arg(pixie());
            }
            "wheel" => {
                program.env("PIXIE_COMMAND", pixie());
            }
            _ => {}
        }
        shell::run(&mut program)?;
    }
    Ok(())
}

/// Builds what is compared: modules of ours, the C extension, and shared libraries by clang.
fn prepare() -> Result<PathBuf> {
    demo::build_kernels()?;
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder)?;
    fs::copy(demo::folder().join("kernels.pixie"), folder.join("kernels.pixie"))?;
    shell::run(
        command(pixie())
            .args(["build", "--quiet", "tests/bench/calls.c", "--exports", "tests/bench/calls.sig", "-o"])
            .arg(folder.join("calls.pixie")),
    )?;
    shell::run(
        command(pixie())
            .args([
                "build",
                "--quiet",
                "tests/ufuncs/ufuncs.c",
                "--exports",
                "tests/ufuncs/ufuncs.sig",
                "--identity",
                "add=zero",
                "-o",
            ])
            .arg(folder.join("ufuncs.pixie")),
    )?;
    let include =
        read(command(python()).args(["-c", "import sysconfig; print(sysconfig.get_path('include'))"]))?;
    let clang = |flags: &[&str], source: &str, output: &str| {
        shell::run(
            command("clang-22")
                .args(["-O3", "-shared", "-fPIC"])
                .args(flags)
                .arg(source)
                .arg("-o")
                .arg(folder.join(output)),
        )
    };
    let include = format!("-I{}", include.trim());
    // The extension is what an author ships: optimised, for the baseline.
    clang(&["-fvisibility=hidden", &include], "tests/bench/peer.c", "peer.so")?;
    clang(&["-march=native"], "tests/kernels/kernels.c", "native.so")?;
    clang(&["-march=native", "-mprefer-vector-width=256"], "tests/kernels/kernels.c", "native256.so")?;
    clang(&["-march=native", "-mprefer-vector-width=512"], "tests/kernels/kernels.c", "native512.so")?;
    clang(&["-march=native", "-fno-math-errno"], "tests/bench/ufunc_peer.c", "native_ufunc.so")?;
    xxhash(&folder)?;
    clang(&["-march=native"], &folder.join("hashes.c").to_string_lossy(), "native_xxhash.so")?;
    Ok(folder)
}

/// The twelve kernels without a platform: for another one than this, for this one, and their bitcode.
fn jit_modules(folder: &Path) -> Result<()> {
    let bitcode = folder.join("kernels.bc");
    let (foreign, matching) = (folder.join("foreign"), folder.join("matching"));
    fs::create_dir_all(&foreign)?;
    fs::create_dir_all(&matching)?;
    shell::run(
        command(pixie())
            .args(["bitcode", "tests/kernels/kernels.c", "--platform", "osx-arm64", "-o"])
            .arg(&bitcode),
    )?;
    for (folder, platform) in [(&foreign, "osx-arm64"), (&matching, "linux-64")] {
        shell::run(
            command(pixie())
                .args(["build", "--quiet", "--portable", "--exports", "tests/kernels/kernels.sig"])
                .args(["--platform", platform])
                .arg(&bitcode)
                .arg("-o")
                .arg(folder.join("kernels.pixie")),
        )?;
    }
    shell::run(
        command(pixie())
            .args(["extract", "--bitcode", "--platform", "osx-arm64"])
            .arg(foreign.join("kernels.pixie"))
            .arg("-o")
            .arg(&bitcode),
    )
}

/// Solvers that take functions, and functions for them.
fn solvers(folder: &Path) -> Result<()> {
    let build = |name: &str, words: &[&str]| {
        shell::run(
            command(pixie())
                .args(["build", "--quiet"])
                .args(words)
                .arg(format!("tests/bench/{name}.c"))
                .arg("-o")
                .arg(folder.join(format!("{name}.pixie"))),
        )
    };
    build("solvers", &["--unsafe-pointers", "--exports", "tests/bench/solvers.sig"])?;
    build("objectives", &[])
}

/// The other ways to write an extension, built alike. Only the call table needs them, so only it installs them.
fn call_peers(folder: &Path) -> Result<()> {
    let packages = folder.join("packages");
    setup::peer_packages(&packages)?;
    shell::run(command(python()).arg("tests/bench/peers/build.py").arg(folder).arg(packages))
}

/// Loading against dlopen of the same code: each library is linked of the object that the module has for this processor.
fn load(folder: &Path) -> Result<()> {
    let large = folder.join("large");
    fs::create_dir_all(&large)?;
    shell::run(command(python()).arg("tests/bench/large.py").arg(&large))?;
    shell::run(
        command(pixie())
            .args(["build", "--quiet", "--platform", "linux-64", "--exports"])
            .arg(large.join("large.sig"))
            .arg(large.join("large.c"))
            .arg("-o")
            .arg(folder.join("large.pixie")),
    )?;
    let host = read(command(pixie()).args(["host", "--json"]))?;
    let host: serde_json::Value = serde_json::from_str(&host)?;
    let best = host["levels"].as_array().and_then(|levels| levels.last()?.as_str()).unwrap_or("baseline");
    let mut program = cargo();
    program.args(["run", "--quiet", "--release", "--package", "pixie-ld", "--features", "build"]);
    program.args(["--example", "load_time", "--"]);
    for (what, module) in [("12 kernels", "kernels.pixie"), ("a large module", "large.pixie")] {
        let (module, object) = (folder.join(module), folder.join(module).with_extension("o"));
        let library = object.with_extension("loaded.so");
        shell::run(
            command(pixie())
                .args(["extract", "--object", "--platform", "linux-64", "--isa", best])
                .arg(&module)
                .arg("-o")
                .arg(&object)
                .stderr(std::process::Stdio::null()),
        )?;
        shell::run(
            command("clang-22")
                .args(["-shared", "-fuse-ld=lld", "-Wl,-z,now"])
                .arg(&object)
                .args(["-lm", "-o"])
                .arg(&library),
        )?;
        program.arg(what).arg(module).arg(library);
    }
    shell::run(&mut program)
}

/// xxHash as Debian ships it, unchanged.
fn xxhash(folder: &Path) -> Result<()> {
    fs::copy("/usr/include/xxhash.h", folder.join("xxhash.h"))?;
    let source = folder.join("hashes.c");
    fs::write(
        &source,
        "#define XXH_STATIC_LINKING_ONLY\n#define XXH_IMPLEMENTATION\n#include \"xxhash.h\"\n",
    )?;
    let signature = "XXH3_64bits_withSeed(input: u8[length], length: usize, seed: u64) -> u64";
    shell::run(
        command(pixie())
            .args(["build", "--quiet", "--export", signature, "-o"])
            .arg(folder.join("hashes.pixie"))
            .arg(source),
    )
}

/// What the figures were taken on.
fn machine() -> Result<()> {
    let host = read(command(pixie()).arg("host"))?;
    let clang = read(command("clang-22").arg("--version"))?;
    host.lines().take(3).chain(clang.lines().take(1)).for_each(|line| println!("{line}"));
    Ok(())
}
