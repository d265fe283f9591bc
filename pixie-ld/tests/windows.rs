//! A module on Windows itself: it loads, computes, and the system's unwinder finds its way through its frames. The object is kept
//! in the tree, because no compiler runs where this does; on Linux its bytes are checked against the source.
#![cfg(feature = "build")]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

/// Of `windows/frames.c`, with the flags of [`compiled`].
const OBJECT: &[u8] = include_bytes!("windows/frames.obj");

/// `BLESS=1` writes the object anew.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn the_object_is_that_of_the_source() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/windows");
    let source = std::fs::read_to_string(folder.join("frames.c")).unwrap();
    // No time stamp, no name of a temporary file.
    let flags = ["-mno-incremental-linker-compatible", "-fno-ident", "-fasynchronous-unwind-tables"];
    let mut compiled = common::object_for(pixie_format::Platform::Win64, &source, &flags);
    forget_file_name(&mut compiled);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(folder.join("frames.obj"), &compiled).unwrap();
        return;
    }
    assert!(compiled == OBJECT, "tests/windows/frames.obj is old: run this test with BLESS=1");
}

/// The auxiliary entry after the symbol `.file` is the source's name (PE §5.5.4).
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn forget_file_name(object: &mut [u8]) {
    if let Some(at) = object.windows(8).position(|name| name == b".file\0\0\0") {
        object[at + 18..at + 36].fill(0);
    }
}

#[cfg(windows)]
mod on_windows {
    use pixie_format::Platform;
    use pixie_ld::build::pack;
    use pixie_ld::{LoadOptions, LoadedModule, load_bytes};

    use super::{OBJECT, common};

    #[repr(C)]
    struct FunctionEntry {
        begin: u32,
        end: u32,
        unwind: u32,
    }

    unsafe extern "system" {
        fn RtlLookupFunctionEntry(at: u64, base: *mut u64, history: *mut u8) -> *const FunctionEntry;
    }

    fn load() -> LoadedModule {
        let mut input = common::input(&["run(frames: u64) -> u64"]);
        input.objects.push(common::pack_object(Platform::Win64, "baseline", OBJECT.to_vec()));
        input.allowed_imports.push("RtlCaptureStackBackTrace".to_owned());
        load_bytes("frames", &pack(input).unwrap(), &LoadOptions::default())
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The frames below and above, innermost first.
    #[inline(never)]
    fn frames_of(module: &LoadedModule) -> Vec<u64> {
        let mut frames = vec![0u64; 32];
        let slots = [frames.as_mut_ptr().expose_provenance() as u64];
        let mut result = 0;
        // SAFETY: one slot for the one parameter, which is the address of room for 32 frames.
        unsafe { module.export("run").unwrap().call(slots.as_ptr(), &raw mut result) };
        // Of the tables: fmod(999 * 1, 2) + 1 is 2 thousands.
        assert_eq!(result / 1000, 1002);
        frames.truncate((result % 1000 - 1) as usize);
        frames
    }

    #[test]
    fn the_system_unwinds_through_a_module() {
        let module = load();
        let (code, size) = module.code();
        let within = |frame: &u64| (*frame as usize).wrapping_sub(code as usize) < size;
        let frames = frames_of(&module);
        let first = frames.iter().position(within).unwrap_or_else(|| panic!("{frames:x?}"));
        let inside = frames[first..].iter().take_while(|frame| within(frame)).count();
        // `deep`, `run`, and the thunk unless that jumped.
        assert!(inside >= 2, "{frames:x?} in {code:?}");
        // Then who called the thunk, among them this test, and the harness that called it.
        let above = &frames[first + inside..];
        let own = frames_of as fn(&LoadedModule) -> Vec<u64> as usize as u64;
        let caller = above.iter().position(|frame| frame.wrapping_sub(own) < 4096);
        assert!(caller.is_some_and(|caller| caller + 2 < above.len()), "{above:x?} after {own:x}");
    }

    #[test]
    fn each_function_has_its_entry() {
        let module = load();
        let (start, size) = module.unwind().unwrap();
        assert!(size >= 3 * 12 && size.is_multiple_of(12));
        for index in 0..size / 12 {
            // SAFETY: the table lies in the loaded image and is made of such entries.
            let entry = unsafe { &*start.cast::<FunctionEntry>().add(index) };
            let image = module.image().0 as u64;
            let mut base = 0;
            let middle = image + u64::from(entry.begin + (entry.end - entry.begin) / 2);
            // SAFETY: the address is only looked up; no history is kept.
            let found = unsafe { RtlLookupFunctionEntry(middle, &raw mut base, std::ptr::null_mut()) };
            assert!(!found.is_null(), "{middle:#x}");
            // SAFETY: it is an entry, ours or a copy.
            let found = unsafe { &*found };
            assert_eq!((base, found.begin, found.unwind), (image, entry.begin, entry.unwind));
        }
    }
}
