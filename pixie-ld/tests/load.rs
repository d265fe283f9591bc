//! Loading from files and from memory: what is read, what is checked, what memory looks like after, what errors say.
#![cfg(all(feature = "build", target_os = "linux", target_arch = "x86_64"))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use std::ffi::c_void;
use std::ops::Range;
use std::path::Path;

use pixie_format::{Module, Platform};
use pixie_ld::build::{PackInput, pack};
use pixie_ld::{Error, LoadOptions, LoadedModule, load_bytes, load_file};

const KERNEL: &str = "
    typedef unsigned long long u64;
    double roundeven(double);
    float roundevenf(float);
    const int level = LEVEL;
    static u64 calls;
    u64 run(u64 x) { return x * 10 + level; }
    void __pixie_thunk_run(const u64 *a, u64 *r) { ++calls; *r = run(a[0]); }
    double even(double x, float y) { return roundeven(x) + roundevenf(y); }
    void __pixie_thunk_even(const u64 *a, u64 *r) {
        union { u64 u; double d; float f; } x = {a[0]}, y = {a[1]}, out;
        out.d = even(x.d, y.f);
        *r = out.u;
    }
";

/// Levels 1 to `levels` of linux-64, each of whose `run` tells which it is.
fn module_input(levels: usize) -> PackInput {
    let mut input = common::input(&["run(x: u64) -> u64", "even(x: f64, y: f32) -> f64"]);
    for (index, level) in Platform::Linux64.levels().iter().take(levels).enumerate() {
        let define = format!("-DLEVEL={}", index + 1);
        let object = common::object(KERNEL, &["-fno-builtin", &define]);
        input.objects.push(common::pack_object(Platform::Linux64, level.name, object));
    }
    input
}

fn call(module: &LoadedModule, x: u64) -> u64 {
    let mut result = 0;
    // SAFETY: `run` takes one integer and returns one.
    unsafe { (module.export("run").unwrap().thunk)(&x, &mut result) };
    result
}

fn forced(isa: &str) -> LoadOptions {
    LoadOptions::with_isa(Some(isa.to_owned()))
}

#[test]
fn a_file_gives_the_same_as_its_bytes() {
    let bytes = pack(module_input(3)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernels.pixie");
    std::fs::write(&path, &bytes).unwrap();
    let from_file = load_file(&path, &LoadOptions::default()).unwrap();
    let from_bytes = load_bytes("kernels", &bytes, &LoadOptions::default()).unwrap();
    assert_eq!(from_file.path(), Some(path.as_path()));
    assert_eq!(from_bytes.path(), None);
    for module in [&from_file, &from_bytes] {
        assert_eq!(call(module, 5), 50 + module.selection().index as u64 + 1);
        assert_eq!(module.build_id(), Module::parse(&bytes).unwrap().build_id().unwrap());
        let (start, size) = module.code();
        let run = module.symbol("run").unwrap();
        assert_eq!(module.exports()[0].function, run.cast::<c_void>());
        assert!((start as usize..start as usize + size).contains(&(run as usize)));
        assert!(module.symbol("calls").is_none(), "a static variable is nobody's business");
    }
    // Each has data of its own.
    assert_ne!(from_file.code().0, from_bytes.code().0);
}

#[test]
fn every_usable_level_can_be_forced() {
    let bytes = pack(module_input(4)).unwrap();
    let usable = load_bytes("kernels", &bytes, &LoadOptions::default()).unwrap().selection().index;
    for (index, level) in Platform::Linux64.levels().iter().enumerate().take(usable + 1) {
        let module = load_bytes("kernels", &bytes, &forced(level.name)).unwrap();
        assert_eq!(call(&module, 1), 10 + index as u64 + 1);
        assert!(module.selection().forced);
    }
    assert!(matches!(load_bytes("kernels", &bytes, &forced("avx9")), Err(Error::UnknownIsa { .. })));
}

#[test]
fn the_runtime_provides_roundeven() {
    let module = load_bytes("kernels", &pack(module_input(1)).unwrap(), &LoadOptions::default()).unwrap();
    let even = module.export("even").unwrap().thunk;
    for (x, y) in [(0.5f64, 1.5f32), (2.5, -0.5), (-3.5, 4.5), (1e300, f32::MAX), (0.49999999999999994, 0.3)]
    {
        let mut result = 0;
        // SAFETY: `even` takes a double and a float and returns a double.
        unsafe { even([x.to_bits(), u64::from(y.to_bits())].as_ptr(), &mut result) };
        assert_eq!(f64::from_bits(result), x.round_ties_even() + f64::from(y.round_ties_even()));
    }
}

#[test]
fn damage_in_what_is_read_is_refused_and_elsewhere_ignored() {
    let bytes = pack(module_input(2)).unwrap();
    let module = Module::parse(&bytes).unwrap();
    let variants = &module.manifest().platforms["linux-64"].variants;
    let roads = [
        ("image", variants[0].image.unwrap(), forced("baseline")),
        ("object", variants[0].object, forced("baseline").by_object()),
    ];
    for (kind, id, options) in roads {
        let used = module.extent(id).unwrap();
        damage(&bytes, used.offset..used.offset + used.size, &options);
        let mut damaged = bytes.clone();
        damaged[used.offset as usize + 100] ^= 1;
        let message = load_bytes("damaged", &damaged, &options).unwrap_err().to_string();
        let expected = format!("`damaged`: blob {} ({kind} linux-64 x86-64) at offset {}", id.0, used.offset);
        assert!(message.starts_with(&expected), "{message}");
        for length in 0..bytes.len().min(1000) {
            assert!(load_bytes("short", &bytes[..length], &options).is_err());
        }
    }
}

/// Damages a module here and there: what is `used` must be refused, and what is not must not be read.
fn damage(bytes: &[u8], used: Range<u64>, options: &LoadOptions) {
    let head = 128 + Module::parse(bytes).unwrap().header().manifest_len;
    let is_read = |at: u64| at < head || used.contains(&at);
    for at in (0..bytes.len()).filter(|at| *at < 256 || at % 7 == 0) {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 0x10;
        let outcome = load_bytes("damaged", &damaged, options);
        if is_read(at as u64) {
            let message = outcome.err().unwrap_or_else(|| panic!("byte {at} went unnoticed")).to_string();
            assert!(message.starts_with("`damaged`: "), "byte {at}: {message}");
        } else {
            outcome.unwrap_or_else(|error| panic!("byte {at} is not read: {error}"));
        }
    }
}

#[test]
fn a_large_manifest_is_read_whole() {
    let mut input = module_input(1);
    input.doc = Some("words ".repeat(20_000));
    let bytes = pack(input).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.pixie");
    std::fs::write(&path, &bytes).unwrap();
    let module = load_file(&path, &LoadOptions::default()).unwrap();
    assert!(module.manifest().doc.as_ref().is_some_and(|doc| doc.len() == 120_000));
    assert_eq!(call(&module, 2), 21);
}

#[test]
fn no_memory_is_writable_and_executable_and_none_is_mapped_from_the_file() {
    let bytes = pack(module_input(1)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mapped.pixie");
    std::fs::write(&path, &bytes).unwrap();
    let module = load_file(&path, &LoadOptions::default()).unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains("mapped.pixie"));
    let mut access = Vec::new();
    let (start, size) = module.image();
    for line in maps.lines() {
        let mut words = line.split(' ');
        let (from, to) = words.next().and_then(|range| range.split_once('-')).unwrap();
        let [from, to] = [from, to].map(|address| usize::from_str_radix(address, 16).unwrap_or(usize::MAX));
        let rights = words.next().unwrap();
        assert!(!rights.starts_with("rwx") && !rights.starts_with("-wx"), "{line}");
        if from < start as usize + size && to > start as usize {
            access.push(rights.to_owned());
        }
    }
    // Its constants lie among the code.
    assert_eq!(access, ["r-xp", "rw-p"], "{maps}");
}

#[test]
fn errors_name_the_file_and_what_to_do() {
    let said = |path: &Path| load_file(path, &LoadOptions::default()).unwrap_err().to_string();
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pixie");
    assert_eq!(
        said(&missing),
        format!("cannot read `{}`: No such file or directory (os error 2)", missing.display())
    );
    assert_eq!(said(folder.path()), format!("cannot read `{}`: is a directory", folder.path().display()));
    let empty = folder.path().join("empty.pixie");
    std::fs::write(&empty, b"").unwrap();
    assert!(said(&empty).contains("the file is empty"), "{}", said(&empty));

    let mut windows = common::input(&[]);
    windows.objects.push(common::pack_object(
        Platform::Win64,
        "baseline",
        common::object_for(Platform::Win64, "int f(void) { return 1; }", &[]),
    ));
    let error = load_bytes("w.pixie", &pack(windows).unwrap(), &LoadOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`w.pixie` holds no objects for linux-64, only for win-64\nhint: build it again with `--platform linux-64`"
    );
}

#[test]
fn a_foreign_import_is_looked_up_and_its_absence_said() {
    let kernel = |name: &str| {
        format!(
            "typedef unsigned long long u64; extern int {name}(int); u64 run(u64 x) {{ return (u64){name}((int)x); }}\n\
             void __pixie_thunk_run(const u64 *a, u64 *r) {{ *r = run(a[0]); }}"
        )
    };
    let build = |name: &str| {
        let mut input = common::input(&["run(x: u64) -> u64"]);
        let object = common::object(&kernel(name), &[]);
        input.objects.push(common::pack_object(Platform::Linux64, "baseline", object));
        input.allowed_imports.push(name.to_owned());
        pack(input).unwrap()
    };
    let there = load_bytes("m.pixie", &build("toupper"), &LoadOptions::default()).unwrap();
    assert_eq!(call(&there, u64::from(b'q')), u64::from(b'Q'));
    let message =
        load_bytes("m.pixie", &build("not_there"), &LoadOptions::default()).unwrap_err().to_string();
    assert_eq!(
        message,
        "`m.pixie` (linux-64 x86-64): undefined symbol `not_there`, needed by its image\n\
         hint: its author allowed this import; load the library that defines it into the process first, with its \
         symbols global, or link this module with one that exports it (`pixie link`)"
    );
}
