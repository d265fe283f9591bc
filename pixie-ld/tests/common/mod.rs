//! What the tests share: objects compiled from fixtures, and modules packed around them.

// Each test binary uses its own part of this.
#![allow(dead_code)]

#[cfg(unix)]
pub mod program;

use std::path::{Path, PathBuf};
use std::process::Command;

use pixie_format::manifest::{Export, Options};
use pixie_format::{Platform, thunk};
use pixie_ld::build::{PackInput, PackObject, pack};

/// The folder of the fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Runs a tool and returns what it printed; its failure fails the test with what it said.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ends with {}:\n{stderr}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What is compiled beside every fixture's `run`: its thunk.
const THUNK: &str = "typedef unsigned long long u64; u64 run(u64);\n\
    void __pixie_thunk_run(const u64 *args, u64 *ret) { *ret = run(args[0]); }\n";

/// Compiles a fixture, with its thunk, to one relocatable object, and to a shared library of the same objects.
pub fn compile(source: &Path, flags: &[&str], folder: &Path) -> (Vec<u8>, PathBuf) {
    let text = std::fs::read_to_string(source).unwrap();
    let own = text.lines().next().and_then(|line| line.strip_prefix("// flags:")).unwrap_or("");
    let (libraries, own): (Vec<&str>, Vec<&str>) =
        own.split_whitespace().partition(|flag| flag.starts_with("-l"));
    let (object, thunk, both) = (folder.join("run.o"), folder.join("thunk.o"), folder.join("both.o"));
    run(clang().args(flags).args(own).arg("-c").arg(source).arg("-o").arg(&object));
    let thunk_source = folder.join("thunk.c");
    std::fs::write(&thunk_source, THUNK).unwrap();
    run(clang().args(flags).arg("-c").arg(&thunk_source).arg("-o").arg(&thunk));
    run(Command::new("ld.lld-22").arg("-r").arg(&object).arg(&thunk).arg("-o").arg(&both));
    let library = folder.join("run.so");
    run(clang()
        // LLVM's runtime: the libgcc of a stable system does not know each processor's name.
        .args(["-shared", "-nostartfiles", "--rtlib=compiler-rt", "-o"])
        .arg(&library)
        .arg(&both)
        .args(libraries));
    (std::fs::read(&both).unwrap(), library)
}

/// The compiler that the toolchain is built on.
pub fn clang() -> Command {
    Command::new("clang-22")
}

/// Compiles C to a linux-64 object.
pub fn object(source: &str, flags: &[&str]) -> Vec<u8> {
    object_for(Platform::Linux64, source, flags)
}

/// Compiles freestanding C to an object of any platform.
pub fn object_for(platform: Platform, source: &str, flags: &[&str]) -> Vec<u8> {
    object_of(platform.triple(), source, flags)
}

/// Compiles freestanding C to an object for any triple.
pub fn object_of(triple: &str, source: &str, flags: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.c"), folder.path().join("out.o"));
    std::fs::write(&input, source).unwrap();
    let target = format!("--target={triple}");
    run(clang()
        .args([&target, "-ffreestanding", "-O2"])
        // COFF code is position-independent anyway, and clang refuses the flag.
        .args((!triple.contains("windows")).then_some("-fPIC"))
        .args(flags)
        .arg("-c")
        .arg(&input)
        .arg("-o")
        .arg(&output));
    std::fs::read(&output).unwrap()
}

/// An export with this signature, whose symbol is its name.
pub fn export(signature: &str) -> Export {
    let name = signature.split('(').next().unwrap().to_owned();
    Export {
        signature: signature.to_owned(),
        symbol: name.clone(),
        thunk: thunk::symbol(&name),
        name,
        doc: None,
        gil: None,
        restrict: Vec::new(),
        status: Vec::new(),
        ufunc: None,
        source: None,
        metadata: None,
    }
}

/// The input of a module named `kernels` with these exports.
pub fn input(exports: &[&str]) -> PackInput {
    PackInput {
        name: "kernels".to_owned(),
        producer: "test".to_owned(),
        doc: None,
        metadata: None,
        exports: exports.iter().map(|signature| export(signature)).collect(),
        options: Options { opt: 2, debug: false, reproducible: false },
        bitcode: Vec::new(),
        objects: Vec::new(),
        allowed_imports: Vec::new(),
        origin: None,
    }
}

/// An object to pack.
pub fn pack_object(platform: Platform, isa: &str, bytes: Vec<u8>) -> PackObject {
    PackObject { platform, isa: platform.level(isa).unwrap().into(), bytes }
}

/// A module with one variant for linux-64, which exports `run(x: u64) -> u64`.
pub fn run_module(object: Vec<u8>) -> Vec<u8> {
    let mut input = input(&["run(x: u64) -> u64"]);
    input.objects.push(pack_object(Platform::Linux64, "baseline", object));
    pack(input).unwrap()
}
