//! Measures loading a module against dlopen of the same code, and against what no loader can save: reading, hashing, copying.
//!
//! `load_time NAME MODULE LIBRARY [NAME MODULE LIBRARY]…`, where each library was linked of the very object that MODULE has for
//! this processor. Everything is measured once in each round, so that what else the machine does falls on all alike.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::CString;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use pixie_format::header::HEADER_LEN;
use pixie_format::manifest::Extent;
use pixie_format::{BlobId, Hash, Header, Manifest, reader};
use pixie_ld::object::{Object, SectionKind};
use pixie_ld::{Host, LoadOptions, LoadedModule, load_bytes, load_file};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Bytes on the heap, so that what a loaded module keeps can be told.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (modules, []) = words.as_chunks() else {
        return Err("usage: load_time NAME MODULE LIBRARY [NAME MODULE LIBRARY]…".into());
    };
    for [name, module, library] in modules {
        measure(name, Path::new(module), Path::new(library))?;
    }
    Ok(())
}

/// Times in microseconds, by what was timed.
#[derive(Default)]
struct Times(BTreeMap<&'static str, Vec<f64>>);

impl Times {
    fn time<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let value = black_box(work());
        self.0.entry(name).or_default().push(start.elapsed().as_secs_f64() * 1e6);
        value
    }

    fn median(&mut self, name: &str) -> f64 {
        let Some(times) = self.0.get_mut(name) else { return f64::NAN };
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }
}

struct Parts<'b> {
    header: Header,
    manifest: &'b [u8],
    object: &'b [u8],
    /// What is loaded.
    image: &'b [u8],
    extent: Extent,
}

fn parts<'b>(bytes: &'b [u8], loaded: &LoadedModule) -> Result<Parts<'b>> {
    let header = Header::parse(bytes, bytes.len() as u64)?;
    let manifest = &bytes[HEADER_LEN..HEADER_LEN + header.manifest_len as usize];
    let extents = Manifest::decode(manifest)?.extents(header.manifest_len)?;
    let blob = |id: BlobId| {
        let extent = extents[id.0 as usize].ok_or("absent")?;
        Ok::<_, &str>((&bytes[extent.offset as usize..(extent.offset + extent.size) as usize], extent))
    };
    let (object, _) = blob(loaded.variant().object)?;
    let (image, extent) = blob(loaded.variant().image.ok_or("the module has no image")?)?;
    Ok(Parts { header, manifest, object, image, extent })
}

/// What a linker has to place: bytes of code, constants and data, without the zeroes.
fn contents<'o>(object: &'o Object<'_>) -> impl Iterator<Item = &'o [u8]> {
    object.sections.iter().filter(|section| section.kind != SectionKind::Zero).map(|section| section.data)
}

fn measure(name: &str, module: &Path, library: &Path) -> Result<()> {
    let (options, by_object) = (LoadOptions::default(), LoadOptions::default().by_object());
    let bytes = std::fs::read(module)?;
    let before = ALLOCATED.load(Ordering::Relaxed);
    let loaded = load_file(module, &options)?;
    let heap = ALLOCATED.load(Ordering::Relaxed) - before;
    let parts = parts(&bytes, &loaded)?;
    let platform = Host::detect()?.platform;
    let object = pixie_ld::parse::parse(platform, parts.object)?;
    let size: usize = object.sections.iter().map(|section| section.size as usize).sum();
    let filled: usize = contents(&object).map(<[u8]>::len).sum();
    let relocations: usize = object.sections.iter().map(|section| section.relocations.len()).sum();
    println!(
        "\n{name} at {}: object {} bytes with {relocations} relocations, image {}, code and data {size}, {} exports, manifest {} bytes",
        loaded.variant().isa,
        parts.object.len(),
        parts.image.len(),
        loaded.exports().len(),
        parts.manifest.len()
    );
    let symbols: Vec<CString> = loaded
        .exports()
        .iter()
        .map(|export| CString::new(&*export.name))
        .collect::<std::result::Result<_, _>>()?;
    let library = CString::new(library.to_str().ok_or("a path that is not UTF-8")?)?;

    let mut times = Times::default();
    // A module stays in memory for good, so there is an end to repeating.
    let rounds = (400_000_000 / parts.object.len()).clamp(101, 2001);
    for _ in 0..rounds {
        let file = times.time("read", || read(module, &parts));
        black_box(file?);
        times.time("hash", || (Hash::of(parts.manifest), Hash::of(parts.image)));
        times.time("manifest", || reader::view_manifest(&parts.header, parts.manifest).is_ok());
        times.time("manifest hash", || Hash::of(parts.manifest));
        let copied = times.time("copy", || copy(&object, filled));
        release(copied, filled);
        std::mem::forget(times.time("whole", || load_file(module, &options))?);
        std::mem::forget(times.time("in memory", || load_bytes("benchmark", &bytes, &options))?);
        std::mem::forget(times.time("by the object", || load_file(module, &by_object))?);
        for (what, touch) in [("dlopen", false), ("dlopen and touch", true)] {
            let handle = times.time(what, || open(&library, &symbols, touch.then_some(size)));
            // SAFETY: the handle is that of dlopen, and nothing of the library is used after this.
            unsafe { libc::dlclose(handle) };
        }
    }
    report(&mut times);
    let (_, image) = loaded.image();
    println!(
        "memory kept: image {image} bytes, heap {heap} bytes, {:.2} times code and data ({:.2} without whole pages)",
        (image + heap) as f64 / size as f64,
        (size + heap) as f64 / size as f64
    );
    Ok(())
}

fn report(times: &mut Times) {
    let read = times.median("read");
    let hash = times.median("hash");
    let copy = times.median("copy");
    let whole = times.median("whole");
    let manifest = times.median("manifest") - times.median("manifest hash");
    // With the making of the memory that the image runs in, which dlopen has of the system's file cache.
    let link = times.median("in memory") - hash - manifest;
    let touched = times.median("dlopen and touch");
    let floor = read + hash + copy;
    for (what, time) in [
        ("load_file, all of it", whole),
        ("  read: open, header and manifest, image, close", read),
        ("  hash: BLAKE3 of manifest and image", hash),
        ("  manifest: read in place and validate", manifest),
        ("  link and map: all the rest, from memory", link),
        ("the same by the object", times.median("by the object")),
        ("copy of code and data into fresh memory", copy),
        ("dlopen(RTLD_NOW), dlsym of each export", times.median("dlopen")),
        ("dlopen(RTLD_NOW), dlsym, every page touched", touched),
    ] {
        println!("{what:50} {time:10.2} us");
    }
    println!(
        "link and map / (dlopen and touch)                  {:10.2}   (at most 1.0 for 12 kernels, 1.5 for 1 MB)",
        link / touched
    );
    println!("all of it / (read + hash + copy)                   {:10.2}   (at most 1.3)", whole / floor);
}

/// What any loader reads.
fn read(module: &Path, parts: &Parts<'_>) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let file = File::open(module)?;
    let size = file.metadata()?.len();
    let mut head = vec![0; size.min(8 << 10) as usize];
    file.read_exact_at(&mut head, 0)?;
    let mut image = vec![0; parts.image.len()];
    file.read_exact_at(&mut image, parts.extent.offset)?;
    Ok((head, image))
}

/// The bytes in memory of their own, as they would run.
fn copy(object: &Object<'_>, filled: usize) -> *mut u8 {
    let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a fresh mapping replaces none that exists.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), filled, access, flags, -1, 0) }.cast::<u8>();
    assert_ne!(memory as usize, libc::MAP_FAILED as usize, "no memory");
    let mut at = 0;
    for bytes in contents(object) {
        // SAFETY: the mapping has room for the sum of all contents.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory.add(at), bytes.len()) };
        at += bytes.len();
    }
    memory
}

fn release(memory: *mut u8, size: usize) {
    // SAFETY: the mapping is that of `copy`.
    unsafe { libc::munmap(memory.cast(), size) };
}

/// Opens the library, looks up every function and, where asked, touches each page of what was mapped.
fn open(library: &CString, symbols: &[CString], touch: Option<usize>) -> *mut libc::c_void {
    // SAFETY: names end with NUL; the first symbol lies in the library, whose segments dladdr1's link map begins, and all pages
    // up to its size are mapped readable.
    unsafe {
        let handle = libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        assert!(!handle.is_null(), "dlopen failed");
        let mut first = std::ptr::null();
        for symbol in symbols {
            first = libc::dlsym(handle, symbol.as_ptr());
            black_box(first);
        }
        let mut info: libc::Dl_info = std::mem::zeroed();
        if let (Some(size), true) = (touch, libc::dladdr(first, &raw mut info) != 0) {
            for page in 0..size.div_ceil(4096) {
                black_box(std::ptr::read_volatile(info.dli_fbase.cast::<u8>().add(page * 4096)));
            }
        }
        handle
    }
}
