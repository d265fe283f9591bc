//! Links every fixture at several settings, executes it, and compares with the same object in a shared library.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use std::ffi::CString;
use std::path::Path;

use pixie_ld::{LoadOptions, load_bytes};

/// Settings that make the compiler refer to things in different ways.
const SETTINGS: &[&[&str]] = &[
    &["-O0", "-fPIC"],
    &["-O2", "-fPIC"],
    &["-O2", "-fPIC", "-fvisibility=hidden"],
    &["-O2", "-fPIC", "-fno-plt"],
    &["-O3", "-fPIC", "-ffunction-sections", "-fdata-sections", "-g"],
    &["-Os", "-fPIC", "-fno-asynchronous-unwind-tables"],
];

type Run = unsafe extern "C" fn(u64) -> u64;

/// `run` of a shared library, which stays loaded.
fn from_library(path: &Path) -> Run {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: both names end with NUL; `run` has this type in every fixture.
    unsafe {
        let library = libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        assert!(!library.is_null(), "dlopen {path:?}: {:?}", std::ffi::CStr::from_ptr(libc::dlerror()));
        let run = libc::dlsym(library, c"run".as_ptr());
        assert!(!run.is_null(), "{path:?} has no `run`");
        std::mem::transmute::<*mut libc::c_void, Run>(run)
    }
}

fn check(source: &Path, flags: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let (object, library) = common::compile(source, flags, folder.path());
    let what = format!("{} {flags:?}", source.display());
    let module = common::run_module(object);
    // A library of each road's own: they keep state.
    let copy = library.with_extension("copy.so");
    std::fs::copy(&library, &copy).unwrap();
    compare(&what, &module, &LoadOptions::default(), &library);
    compare(&format!("{what}, its object"), &module, &LoadOptions::default().by_object(), &copy);
}

fn compare(what: &str, module: &[u8], options: &LoadOptions, library: &Path) {
    let module = load_bytes(what, module, options).unwrap_or_else(|error| panic!("{error}"));
    let export = module.export("run").unwrap();
    // SAFETY: `run` has this type in every fixture.
    let function = unsafe { std::mem::transmute::<*const std::ffi::c_void, Run>(export.function) };
    let expected = from_library(library);
    for x in (0..200).chain([u64::MAX, 1 << 40, 12345678901234567]) {
        let mut by_thunk = 0;
        // SAFETY: the signature has one argument and a result. Both copies keep state, so each is called equally often.
        let (found, wanted, wanted_again) = unsafe {
            let found = function(x);
            (export.thunk)(&x, &mut by_thunk);
            (found, expected(x), expected(x))
        };
        assert_eq!((found, by_thunk), (wanted, wanted_again), "{what}: run({x})");
    }
}

fn check_all(name: &str) {
    let source = common::fixtures().join(name);
    SETTINGS.iter().for_each(|flags| check(&source, flags));
}

macro_rules! fixtures {
    ($($test:ident: $file:literal;)*) => {
        $(#[test] fn $test() { check_all($file) })*

        #[test]
        fn every_fixture_is_listed() {
            let listed = [$($file),*];
            for entry in std::fs::read_dir(common::fixtures()).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(listed.contains(&name.as_str()), "{name} is not in this list");
            }
        }
    };
}

fixtures! {
    data: "data.c";
    rodata: "rodata.c";
    jump_table: "jump_table.c";
    lookup_table: "lookup_table.c";
    weak: "weak.c";
    common_symbols: "common.c";
    pointers: "pointers.c";
    host_functions: "host_functions.c";
    big_zeroes: "big_zeroes.c";
    alignment: "alignment.c";
    builtin_cpu: "builtin_cpu.c";
    target_avx2: "target_avx2.c";
    inline_functions: "inline_functions.cpp";
    tables: "tables.s";
}
