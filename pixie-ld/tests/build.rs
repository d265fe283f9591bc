//! Packing, thinning and merging, with objects of all four platforms from the real compiler.
#![cfg(feature = "build")]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use pixie_format::{Module, Platform};
use pixie_ld::build::{PackBitcode, PackInput, check_object, merge, pack, thin};

const KERNEL: &str = "
    extern double sin(double);
    static const double weights[4] = {0.5, 1.5, 2.5, 3.5};
    double f(double x, int i) { return sin(x) * weights[i & 3]; }
    void __pixie_thunk_f(const unsigned long long *a, unsigned long long *r) {
        union { unsigned long long u; double d; } in = {a[0]}, out;
        out.d = f(in.d, (int)a[1]);
        *r = out.u;
    }
";

/// Four platforms, two levels each, and bitcode for each.
fn full_input(source: &str) -> PackInput {
    let mut input = common::input(&["f(x: f64, i: i32) -> f64"]);
    for platform in Platform::ALL {
        for level in platform.levels().iter().take(2) {
            let cpu = match platform {
                Platform::Linux64 | Platform::Win64 => format!("-march={}", level.llvm_cpu),
                Platform::OsxArm64 => format!("-mcpu={}", level.llvm_cpu),
                Platform::LinuxAarch64 => format!("-march={}", level.name),
            };
            let object = common::object_for(platform, source, &[&cpu]);
            input.objects.push(common::pack_object(platform, level.name, object));
        }
        input.bitcode.push(PackBitcode {
            platforms: vec![platform],
            neutral: false,
            isa: None,
            llvm: "22.1.8".to_owned(),
            producers: vec!["clang".to_owned()],
            triple: platform.triple().to_owned(),
            data_layout: "e".to_owned(),
            bytes: platform.name().as_bytes().to_vec(),
        });
    }
    input
}

#[test]
fn the_order_of_the_input_does_not_matter() {
    let input = full_input(KERNEL);
    let mut turned = input.clone();
    turned.objects.reverse();
    turned.bitcode.reverse();
    let module = pack(input).unwrap();
    assert_eq!(module, pack(turned).unwrap());
    let module = Module::parse(&module).unwrap();
    module.verify().unwrap();
    let manifest = module.manifest();
    let imports: Vec<&str> = manifest.imports.iter().map(|import| import.name.as_str()).collect();
    assert_eq!(imports, ["_fltused", "sin"]);
    assert_eq!(manifest.platforms["linux-64"].variants[1].imports, [1]);
    assert_eq!(manifest.platforms["win-64"].variants[1].imports, [0, 1]);
    let levels: Vec<&str> =
        manifest.platforms["linux-64"].variants.iter().map(|variant| variant.isa.as_str()).collect();
    assert_eq!(levels, ["x86-64", "x86-64-v2"]);
}

#[test]
fn thin_to_each_and_merge_gives_the_original_bytes() {
    let full = pack(full_input(KERNEL)).unwrap();
    let id = Module::parse(&full).unwrap().build_id().unwrap();
    let parts: Vec<Vec<u8>> =
        Platform::ALL.iter().map(|platform| thin(&full, &[*platform]).unwrap()).collect();
    for (part, platform) in parts.iter().zip(Platform::ALL) {
        let module = Module::parse(part).unwrap();
        module.verify().unwrap();
        assert!(part.len() < full.len());
        assert_eq!(module.build_id().unwrap(), id);
        for (name, entry) in &module.manifest().platforms {
            let there = entry.variants.iter().all(|variant| module.has(variant.object));
            assert_eq!(there, name == platform.name());
        }
        let bitcode = module.manifest().bitcode_for(platform.name(), "x").unwrap();
        assert_eq!(module.blob(bitcode.blob).unwrap(), platform.name().as_bytes());
    }
    for order in [[0, 1, 2, 3], [3, 1, 0, 2]] {
        let named: Vec<(&str, &[u8])> = order.iter().map(|at| ("part", parts[*at].as_slice())).collect();
        assert_eq!(merge(&named).unwrap(), full);
    }
    assert_eq!(thin(&full, &Platform::ALL).unwrap(), full);
    let two = thin(&full, &[Platform::Linux64, Platform::Win64]).unwrap();
    assert_eq!(thin(&two, &[Platform::Win64]).unwrap(), parts[3]);
}

#[test]
fn thin_and_merge_say_what_is_wrong() {
    let full = pack(full_input(KERNEL)).unwrap();
    let part = thin(&full, &[Platform::Win64]).unwrap();
    let message = thin(&part, &[Platform::Linux64]).unwrap_err().to_string();
    assert!(message.contains("is not in this file") && message.contains("linux-64"), "{message}");
    let other = pack(full_input(&KERNEL.replace("0.5", "0.75"))).unwrap();
    let message = merge(&[("a.pixie", &full), ("b.pixie", &other)]).unwrap_err().to_string();
    assert!(message.starts_with("`a.pixie` and `b.pixie` are not parts of one module"), "{message}");
    let mut input = full_input(KERNEL);
    input.objects.retain(|object| object.platform == Platform::Linux64);
    input.bitcode.clear();
    let message = thin(&pack(input).unwrap(), &[Platform::OsxArm64]).unwrap_err().to_string();
    assert_eq!(message, "`kernels` holds no objects for osx-arm64\nhint: expected one of linux-64");
    let error = pixie_ld::load_bytes("part", &part, &pixie_ld::LoadOptions::default());
    if Platform::host() == Some(Platform::Linux64) {
        assert_eq!(
            error.unwrap_err().to_string(),
            "`part`: the objects for linux-64 were thinned away, only those for win-64 are in this file\n\
             hint: take the full module, or the copy that was thinned to linux-64"
        );
    }
}

#[test]
fn undefined_symbols_are_refused_by_name_and_place_unless_allowed() {
    let source = KERNEL.replace(
        "return sin(x)",
        "extern int printf(const char *, ...); extern double mine(double); printf(\"%f\", x); return sin(mine(x))",
    );
    let mut input = full_input(&source);
    let message = pack(input.clone()).unwrap_err().to_string();
    let everywhere = "linux-64 (x86-64, x86-64-v2), linux-aarch64 (armv8-a, armv8.2-a), osx-arm64 (apple-m1, apple-m2), \
                      win-64 (x86-64, x86-64-v2)";
    let mine = format!(
        "module `kernels`: undefined symbol `mine`, needed by function `f` on {everywhere}\n\
         hint: define it, or, if every system that loads the module has it, `--allow-import mine`\n"
    );
    assert!(message.starts_with(&mine), "{message}");
    assert!(message.contains("undefined symbol `printf`, needed by function `f`"), "{message}");
    assert!(message.contains("call no variadic function"), "{message}");
    // What LLVM makes of a plain `printf("line\n")`, where it may take the name for the library's.
    let source = source
        .replace("printf(\"%f\", x)", "puts(\"line\")")
        .replace("printf(const char *, ...)", "puts(const char *)");
    let message = pack(full_input(&source)).unwrap_err().to_string();
    assert!(message.contains("undefined symbol `puts`, needed by function `f` on"), "{message}");
    assert!(
        message.contains("a plain `printf` or `fprintf` is one of these once it is optimised"),
        "{message}"
    );
    input.allowed_imports = vec!["mine".to_owned(), "printf".to_owned()];
    let module = pack(input).unwrap();
    let foreign: Vec<(String, bool)> = Module::parse(&module)
        .unwrap()
        .manifest()
        .imports
        .iter()
        .map(|import| (import.name.clone(), import.foreign))
        .collect();
    let expected = [("_fltused", false), ("mine", true), ("printf", true), ("sin", false)];
    assert_eq!(foreign, expected.map(|(name, foreign)| (name.to_owned(), foreign)));
}

#[test]
fn exports_must_be_there() {
    let mut input = full_input(&KERNEL.replace("double f(", "static double f("));
    let message = pack(input.clone()).unwrap_err().to_string();
    assert_eq!(
        message,
        "object of linux-64 for x86-64: the export `f` needs the function `f`, which the object does not define\n\
         hint: a function that is exported must not be `static` or `inline`"
    );
    input = full_input(KERNEL);
    let twice = input.objects[0].clone();
    input.objects.push(twice);
    assert_eq!(pack(input).unwrap_err().to_string(), "object of linux-64 for x86-64: there are two of them");
}

#[test]
fn reports_of_all_four_formats_agree() {
    for platform in Platform::ALL {
        let report = check_object(platform, &common::object_for(platform, KERNEL, &[]), "test").unwrap();
        let code: Vec<&str> =
            report.defined.iter().filter(|one| one.is_code).map(|one| one.name.as_str()).collect();
        assert_eq!(code, ["__pixie_thunk_f", "f"], "{platform}");
        let sin = report.undefined.iter().find(|one| one.name == "sin").unwrap();
        assert!(sin.places.contains(&"function `f`".to_owned()), "{platform}: {sin:?}");
        assert!(report.code_size > 0 && report.data_size >= 32, "{platform}: {report:?}");
    }
}

#[test]
fn thread_local_data_and_constructors_are_refused_in_every_format() {
    let thread_local = "_Thread_local int state = 1; int f(void) { return state++; }";
    let constructor = "volatile int state; __attribute__((constructor)) void begin(void) { state = 1; }";
    for platform in Platform::ALL {
        let said = |source: &str| {
            check_object(platform, &common::object_for(platform, source, &[]), "here")
                .unwrap_err()
                .to_string()
        };
        let message = said(thread_local);
        assert!(message.contains("thread-local data is not supported"), "{platform}: {message}");
        let message = said(constructor);
        assert!(message.contains("runs when a module is loaded"), "{platform}: {message}");
    }
}

#[test]
fn damaged_objects_are_refused_or_read_alike_and_never_crash() {
    for platform in Platform::ALL {
        let object = common::object_for(platform, KERNEL, &[]);
        let report = check_object(platform, &object, "whole").unwrap();
        let mut refused = 0;
        for at in (0..object.len()).step_by(3) {
            let mut damaged = object.clone();
            damaged[at] ^= 0x41;
            refused +=
                usize::from(check_object(platform, &damaged, "damaged").ok().as_ref() != Some(&report));
        }
        assert!(refused > 50, "{platform}: only {refused} changes were noticed");
    }
}

/// The linker would find out only where the outside symbol happens to be far away.
#[test]
fn what_takes_an_outside_symbol_for_near_is_not_packed() {
    let data =
        "extern __attribute__((visibility(\"hidden\"))) int far_data;\nint f(void) { return far_data; }";
    let address = "__attribute__((visibility(\"hidden\"))) double far_function(double);\n\
                   void *f(void) { return (void *)far_function; }";
    let call = "__attribute__((visibility(\"hidden\"))) double far_function(double);\n\
                double f(double x) { return far_function(x) + 1; }";
    let cases = [
        (Platform::Linux64, [("far_data", ".text", 2, 2), ("far_function", ".text", 3, 2)]),
        (Platform::LinuxAarch64, [("far_data", ".text", 0, 275), ("far_function", ".text", 0, 275)]),
        (Platform::OsxArm64, [("far_data", "__TEXT,__text", 0, 3), ("far_function", "__TEXT,__text", 0, 3)]),
    ];
    for (platform, expected) in cases {
        for (source, (symbol, section, offset, kind)) in [data, address].into_iter().zip(expected) {
            let object = common::object_for(platform, source, &[]);
            let message = check_object(platform, &object, "o").unwrap_err().to_string();
            let refusal = format!(
                "section `{section}` offset {offset:#x}: refers to the outside symbol `{symbol}` as if it were near \
                 (relocation type {kind})\nhint: "
            );
            assert!(message.contains(&refusal), "{platform}: {message}");
        }
        check_object(platform, &common::object_for(platform, call, &[]), "o").unwrap();
    }
}
