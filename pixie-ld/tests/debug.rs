//! What perf and gdb are told about an image, where that is asked for.
#![cfg(all(feature = "build", target_os = "linux", target_arch = "x86_64"))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use pixie_ld::{LoadOptions, LoadedModule, load_bytes};

const KERNEL: &str = "
    typedef unsigned long long u64;
    static __attribute__((noinline)) u64 twice(u64 x) { __asm__(\"\"); return 2 * x; }
    u64 run(u64 x) { return twice(x) + 1; }
    void __pixie_thunk_run(const u64 *a, u64 *r) { *r = run(a[0]); }
";

fn load(variable: &'static str) -> LoadedModule {
    let bytes = common::run_module(common::object(KERNEL, &["-g"]));
    let options = LoadOptions::from_variables(|name| (name == variable).then(|| "1".into())).unwrap();
    load_bytes("m.pixie", &bytes, &options).unwrap()
}

/// One test, as there is one map for each process.
#[test]
fn the_map_for_perf_names_every_function_and_is_written_with_care() {
    let path = std::path::PathBuf::from(format!("/tmp/perf-{}.map", std::process::id()));
    let _ = std::fs::remove_file(&path);
    assert!(load("PIXIE_GDB_JIT").warnings().is_empty());
    assert!(!path.exists(), "nobody asked for it");

    let modules = [load("PIXIE_PERF_MAP"), load("PIXIE_PERF_MAP")];
    let text = std::fs::read_to_string(&path).unwrap();
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    for module in &modules {
        assert!(module.warnings().is_empty(), "{:?}", module.warnings());
        let (code, size) = module.code();
        let run = module.symbol("run").unwrap() as u64;
        let mut names = Vec::new();
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let mut number = || u64::from_str_radix(words.next().unwrap(), 16).unwrap();
            let (start, bytes) = (number(), number());
            let name = words.next().unwrap();
            if (code as u64..code as u64 + size as u64).contains(&start) {
                assert!(bytes > 0 && start + bytes <= code as u64 + size as u64, "{line}");
                assert_eq!(name == "kernels.pixie:run [x86-64]", start == run, "{line}");
                names.push(name.to_owned());
            }
        }
        names.sort();
        let expected =
            ["__pixie_thunk_run", "run", "twice"].map(|name| format!("kernels.pixie:{name} [x86-64]"));
        assert_eq!(names, expected);
    }

    // What is not plainly ours is left alone.
    let other = path.with_extension("other");
    std::fs::rename(&path, &other).unwrap();
    let refused = |why: &str| {
        let module = load("PIXIE_PERF_MAP");
        let [warning] = module.warnings() else { panic!("{why}: {:?}", module.warnings()) };
        assert!(
            warning.starts_with("PIXIE_PERF_MAP: cannot write the map for perf: `/tmp/perf-"),
            "{why}: {warning}"
        );
        std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path)).unwrap();
    };
    std::os::unix::fs::symlink(&other, &path).unwrap();
    refused("a link");
    std::fs::hard_link(&other, &path).unwrap();
    refused("a second name");
    std::fs::create_dir(&path).unwrap();
    refused("a folder");
    common::run(std::process::Command::new("mkfifo").arg(&path));
    refused("a pipe");
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        std::fs::write(&path, "").unwrap();
        std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
        refused("another user's");
    }
    assert_eq!(std::fs::read_to_string(&other).unwrap(), text);
    std::fs::remove_file(&other).unwrap();
}

#[test]
fn a_switch_is_0_or_1() {
    let error =
        LoadOptions::from_variables(|name| (name == "PIXIE_GDB_JIT").then(|| "yes".into())).unwrap_err();
    assert_eq!(error.to_string(), "the variable `PIXIE_GDB_JIT` is `yes`\nhint: expected `0` or `1`");
    let options = |value: &'static str| LoadOptions::from_variables(|_| Some(value.into()));
    assert!(!options("").unwrap().perf_map);
}
