//! Measures loading a module of twelve functions, phase by phase, against dlopen of the same object. Needs clang-22.
//!
//! `cargo run --release -p pixie-ld --features build --example load_time`

use std::error::Error;
use std::ffi::CString;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use pixie_format::header::HEADER_LEN;
use pixie_format::manifest::{Export, Options};
use pixie_format::{Hash, Header, Manifest, Platform, reader, thunk};
use pixie_ld::build::{PackInput, PackObject, pack};
use pixie_ld::resolve::{Resolved, ResolvedKind};
use pixie_ld::{Address, LoadOptions, PageSize};

const FUNCTIONS: usize = 12;
const ROUNDS: usize = 2001;

fn source() -> String {
    let mut text =
        "extern double sin(double); extern double exp(double); extern void *memcpy(void *, const void *, \
                    unsigned long); extern double pow(double, double);\n"
            .to_owned();
    for i in 0..FUNCTIONS {
        let _ = writeln!(
            text,
            "double f{i}(const double *restrict a, double *restrict b, long n) {{ double s = 0; for (long i = 0; i < n; ++i) \
             {{ b[i] = a[i] * {i}.25 + 1; s += sin(a[i]) * exp(b[i]) + pow(s, {i}.5); }} memcpy(b, a, 64); return s; }}\n\
             void __pixie_thunk_f{i}(const unsigned long *a, unsigned long *r) {{ union {{ double d; unsigned long u; }} x; \
             x.d = f{i}((const double *)a[0], (double *)a[1], (long)a[2]); *r = x.u; }}"
        );
    }
    text
}

fn export(i: usize) -> Export {
    let name = format!("f{i}");
    Export {
        signature: format!("{name}(a: f64[n], b: inout f64[n], n: i64) -> f64"),
        symbol: name.clone(),
        thunk: thunk::symbol(&name),
        name,
        doc: None,
        gil: None,
        restrict: vec![0, 1],
        status: Vec::new(),
        ufunc: None,
        source: None,
        metadata: None,
    }
}

fn median(name: &str, mut once: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            once();
            start.elapsed()
        })
        .collect();
    times.sort();
    let (median, worst) = (times[ROUNDS / 2], times[ROUNDS - 1]);
    println!("{name:44} {:8.2} us   (worst {:.0})", median.as_secs_f64() * 1e6, worst.as_secs_f64() * 1e6);
    median
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    if command.status()?.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("pixie-load-time-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(folder: &Path) -> Result<(), Box<dyn Error>> {
    let (input, module, library) = (folder.join("k.c"), folder.join("k.pixie"), folder.join("k.so"));
    std::fs::write(&input, source())?;
    let mut objects = Vec::new();
    for level in Platform::Linux64.levels() {
        let object = folder.join("k.o");
        let march = format!("-march={}", level.llvm_cpu);
        run(Command::new("clang-22")
            .args(["-O3", "-fPIC", &march, "-c"])
            .arg(&input)
            .arg("-o")
            .arg(&object))?;
        let bytes = std::fs::read(&object)?;
        objects.push(PackObject { platform: Platform::Linux64, level, bytes });
    }
    run(Command::new("clang-22")
        .args(["-O3", "-fPIC", "-shared", "-march=x86-64-v3"])
        .arg(&input)
        .arg("-o")
        .arg(&library)
        .arg("-lm"))?;
    let bytes = pack(PackInput {
        name: "k".to_owned(),
        producer: "example".to_owned(),
        doc: None,
        exports: (0..FUNCTIONS).map(export).collect(),
        options: Options { opt: 3, debug: false, reproducible: false },
        bitcode: Vec::new(),
        objects,
        allowed_imports: Vec::new(),
    })?;
    std::fs::write(&module, &bytes)?;

    let header = Header::parse(&bytes, bytes.len() as u64)?;
    let manifest_bytes = &bytes[HEADER_LEN..HEADER_LEN + header.manifest_len as usize];
    let manifest = reader::parse_manifest(&header, manifest_bytes)?;
    let start = Instant::now();
    pixie_ld::Host::detect()?;
    let detected = start.elapsed();
    let start = Instant::now();
    let first = pixie_ld::load_file(&module, &LoadOptions::default())?;
    let cold = start.elapsed();
    let variant = first.variant().clone();
    let extents = manifest.extents(header.manifest_len)?;
    let extent = extents[variant.object.0 as usize].ok_or("absent")?;
    let blob = bytes[extent.offset as usize..(extent.offset + extent.size) as usize].to_vec();
    println!(
        "{FUNCTIONS} functions, {}: file {} bytes, manifest {}, object {}, image {}",
        variant.isa,
        bytes.len(),
        header.manifest_len,
        blob.len(),
        first.image().1
    );

    println!("in a fresh process: detect {detected:?}, then the first load_file {cold:?}");
    let total = median("load_file, all of it", || {
        std::hint::black_box(pixie_ld::load_file(&module, &LoadOptions::default()).is_ok());
    });
    let read = median("  read: open, 8 KiB, the object, close", || {
        use std::os::unix::fs::FileExt;
        let file = std::fs::File::open(&module).expect("the module was just written");
        let mut head = vec![0; (bytes.len()).min(8 << 10)];
        let _ = std::hint::black_box((file.metadata().is_ok(), file.read_exact_at(&mut head, 0)));
        let mut object = vec![0; blob.len()];
        let _ = std::hint::black_box(file.read_exact_at(&mut object, extent.offset));
    });
    let hash = median("  hash: manifest and object", || {
        std::hint::black_box((Hash::of(manifest_bytes), Hash::of(&blob)));
    });
    let decode = median("  manifest: decode and validate", || {
        std::hint::black_box(Manifest::parse(manifest_bytes, header.major, header.minor).is_ok());
    });
    let parse = median("  parse the object", || {
        std::hint::black_box(pixie_ld::parse::parse(Platform::Linux64, &blob).is_ok());
    });
    let object = pixie_ld::parse::parse(Platform::Linux64, &blob)?;
    let near = |_: &str| Some(Resolved { address: Address(0x7000_0010_0000), kind: ResolvedKind::Function });
    let link = median("  lay out, resolve, relocate", || {
        if let Ok(layout) = pixie_ld::layout::layout(&object, PageSize::K4) {
            std::hint::black_box(pixie_ld::link(&object, &layout, Address(0x7000_0000_0000), &near).is_ok());
        }
    });
    let rest = total.saturating_sub(read + hash + decode + parse + link);
    println!("{:44} {:8.2} us", "  the rest: map, protect, look up, bind", rest.as_secs_f64() * 1e6);

    let library = CString::new(library.to_str().ok_or("path")?)?;
    median("dlopen, 12 dlsym, every page touched, dlclose", || {
        // SAFETY: the names end with NUL; the code segment of such a library is readable.
        unsafe {
            let handle = libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
            for i in 0..FUNCTIONS {
                let name = CString::new(format!("f{i}")).expect("no NUL in it");
                let address = libc::dlsym(handle, name.as_ptr());
                std::hint::black_box(std::ptr::read_volatile(address.cast::<u8>()));
            }
            libc::dlclose(handle);
        }
    });
    Ok(())
}
