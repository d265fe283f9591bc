//! What the tests of this crate share: input, tools, and loading an object into the test's own process.
#![allow(dead_code, reason = "each test program uses a part")]

use std::path::Path;
use std::process::Command;

use pixie_format::{IsaLevel, Platform, Signature};
use pixie_jit::{
    CompileOptions, CompileRequest, Error, ExportSymbol, Output, PrepareOptions, PrepareRequest, Prepared,
    Source,
};

/// Every platform with its levels.
pub fn targets() -> impl Iterator<Item = (Platform, &'static IsaLevel)> {
    Platform::ALL
        .into_iter()
        .flat_map(|platform| platform.levels().iter().map(move |level| (platform, level)))
}

pub fn source(name: &str, text: impl AsRef<[u8]>) -> Source {
    Source { name: name.to_owned(), bytes: text.as_ref().to_vec() }
}

pub fn request(sources: Vec<Source>, platform: Platform) -> PrepareRequest {
    PrepareRequest {
        sources,
        library: Vec::new(),
        platform,
        roots: Vec::new(),
        options: PrepareOptions::default(),
    }
}

/// Text without a triple, prepared.
pub fn prepare(ir: &str, platform: Platform) -> Result<Prepared, Error> {
    pixie_jit::prepare(&request(vec![source("input.ll", ir)], platform))
}

/// Runs a tool that must be there and succeed.
pub fn run(command: &mut Command) -> Vec<u8> {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; install it to run the tests"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// clang's triple of a platform: the C dialect on Windows is that of mingw.
pub fn clang_triple(platform: Platform) -> &'static str {
    match platform {
        Platform::Win64 => "x86_64-w64-windows-gnu",
        other => other.triple(),
    }
}

/// C to bitcode as the front end does it.
pub fn clang(c: &str, platform: Platform, flags: &[&str]) -> Source {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("input.c"), c).unwrap();
    let mut command = Command::new("clang-22");
    command.current_dir(folder.path()).arg(format!("--target={}", clang_triple(platform)));
    command.args(["-ffreestanding", "-nostdlibinc", "-g", "-O2", "-Xclang", "-disable-llvm-passes"]);
    command.args(["-fno-math-errno", "-emit-llvm", "-c", "input.c", "-o", "-"]).args(flags);
    if platform != Platform::Win64 {
        command.arg("-fPIC");
    }
    source("input.c", run(&mut command))
}

pub fn export(signature: &str) -> ExportSymbol {
    let signature = Signature::parse(signature).unwrap();
    ExportSymbol { symbol: signature.name.clone(), signature, ufunc: false }
}

pub fn compile_request(
    bitcode: &[u8],
    platform: Platform,
    level: &IsaLevel,
    signatures: &[&str],
) -> CompileRequest {
    CompileRequest {
        bitcode: bitcode.to_vec(),
        platform,
        isa: level.into(),
        exports: signatures.iter().map(|text| export(text)).collect(),
        options: CompileOptions::default(),
        output: Output::Object,
        functions: Vec::new(),
    }
}

/// The lines of a text output.
pub fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// The undefined symbols of an object, as the IR has them.
pub fn undefined(object: &[u8], platform: Platform) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("object.o");
    std::fs::write(&path, object).unwrap();
    let listed = text(run(Command::new("llvm-nm-22").args(["-u", "-j"]).arg(&path)));
    let strip = |name: &str| match name.strip_prefix('_') {
        Some(rest) if platform == Platform::OsxArm64 => rest.to_owned(),
        _ => name.to_owned(),
    };
    listed.lines().map(|line| strip(line.trim())).filter(|name| !name.is_empty()).collect()
}

/// A linux-64 object, linked into a shared library and loaded.
pub struct Loaded(*mut libc::c_void);

impl Loaded {
    pub fn new(object: &[u8]) -> Loaded {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.o"), folder.path().join("a.so"));
        std::fs::write(&from, object).unwrap();
        run(Command::new("ld.lld-22").args(["-shared", "-z", "defs", "-o"]).args([&to, &from]));
        Loaded::open(&to)
    }

    fn open(path: &Path) -> Loaded {
        let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: a library without constructors.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null(), "dlopen {}", path.display());
        Loaded(handle)
    }

    pub fn symbol(&self, name: &str) -> *mut libc::c_void {
        let text = std::ffi::CString::new(name).unwrap();
        // SAFETY: the handle is open; libraries stay loaded.
        let address = unsafe { libc::dlsym(self.0, text.as_ptr()) };
        assert!(!address.is_null(), "no symbol `{name}`");
        address
    }

    /// Calls the thunk of an export; the result slot begins as garbage.
    pub fn call(&self, export: &str, args: &[u64]) -> u64 {
        let address = self.symbol(&pixie_format::thunk::symbol(export));
        // SAFETY: it is a thunk, and the caller gives as many slots as its signature has.
        let thunk: extern "C" fn(*const u64, *mut u64) = unsafe { std::mem::transmute(address) };
        let mut ret = 0xDEAD_BEEF_DEAD_BEEF;
        thunk(args.as_ptr(), &raw mut ret);
        ret
    }
}

/// Prepared and compiled for the baseline of linux-64, and loaded.
pub fn load(source: Source, signatures: &[&str]) -> Loaded {
    let platform = Platform::Linux64;
    let prepared = pixie_jit::prepare(&request(vec![source], platform)).unwrap();
    let request = compile_request(&prepared.bitcode, platform, &platform.levels()[0], signatures);
    Loaded::new(&pixie_jit::compile(&request).unwrap())
}
