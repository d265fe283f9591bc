//! The unwinder of the process walks through a module's functions to whoever called them.
#![cfg(all(feature = "build", target_os = "linux", target_arch = "x86_64"))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Mutex;

use pixie_ld::{LoadOptions, LoadedModule, load_bytes};

/// `run` calls the function at `x` from the second of two frames, neither of which has a frame pointer.
const KERNEL: &str = "
    typedef unsigned long long u64;
    void *memset(void *, int, unsigned long);
    static __attribute__((noinline)) u64 inner(u64 x, volatile char *p) {
        volatile char space[200];
        space[x % 200] = p[3];
        return ((u64 (*)(void))x)() + space[x % 200];
    }
    u64 run(u64 x) {
        volatile char space[1000];
        space[3] = 7;
        return inner(x, space) + space[3];
    }
    void __pixie_thunk_run(const u64 *a, u64 *r) { *r = run(a[0]); }
";

static FRAMES: Mutex<Vec<usize>> = Mutex::new(Vec::new());
/// Two tests share [`FRAMES`].
static ORDER: Mutex<()> = Mutex::new(());

fn record() {
    let mut frames = [std::ptr::null_mut(); 64];
    // SAFETY: there is room for 64 addresses.
    let count = unsafe { libc::backtrace(frames.as_mut_ptr(), 64) };
    *FRAMES.lock().unwrap() = frames[..count as usize].iter().map(|frame| *frame as usize).collect();
}

extern "C" fn callback() -> u64 {
    record();
    35
}

fn load(flags: &[&str]) -> LoadedModule {
    // clang leaves the tables out of freestanding code.
    let object = common::object(KERNEL, &[&["-fasynchronous-unwind-tables"], flags].concat());
    load_bytes("unwind", &common::run_module(object), &LoadOptions::default()).unwrap()
}

#[inline(never)]
fn call(module: &LoadedModule, x: u64) -> u64 {
    let mut result = 0;
    // SAFETY: `run` takes the address of a function that takes nothing and returns an integer.
    unsafe { (module.export("run").unwrap().thunk)(&x, &mut result) };
    std::hint::black_box(result)
}

/// Runs the kernel; how many frames are within it, and how many behind it.
fn walk(module: &LoadedModule, x: u64, expected: u64) -> (usize, usize) {
    assert_eq!(call(module, x), expected);
    let frames = FRAMES.lock().unwrap();
    let (code, size) = module.code();
    let within = |frame: &usize| (code as usize..code as usize + size).contains(frame);
    let first = frames.iter().position(within).expect("the kernel is on the stack");
    let inside = frames[first..].iter().take_while(|frame| within(frame)).count();
    (inside, frames.len() - first - inside)
}

#[test]
fn a_backtrace_from_a_callback_goes_through() {
    let _alone = ORDER.lock().unwrap();
    for flags in [&["-O0"][..], &["-O2", "-fomit-frame-pointer"], &["-O3", "-ffunction-sections", "-g"]] {
        // Several modules, so that more than one table is registered.
        for _ in 0..3 {
            let (inside, behind) = walk(&load(flags), callback as *const () as u64, 49);
            assert!((2..=3).contains(&inside), "{flags:?}: {inside} frames of the kernel and its thunk");
            assert!(behind >= 5, "{flags:?}: {behind} frames behind the kernel");
        }
    }
}

#[test]
fn without_tables_the_walk_ends_in_the_kernel() {
    let _alone = ORDER.lock().unwrap();
    let module = load(&["-O2", "-fomit-frame-pointer", "-fno-asynchronous-unwind-tables"]);
    assert!(module.unwind().is_none());
    assert_eq!(walk(&module, callback as *const () as u64, 49), (1, 0));
}

#[test]
fn a_backtrace_from_a_signal_handler_goes_through() {
    extern "C" fn handler(_: i32) {
        record();
    }
    let _alone = ORDER.lock().unwrap();
    // SAFETY: the handler may allocate: the signal comes from `raise`, on this thread, at a known place.
    unsafe { libc::signal(libc::SIGUSR1, handler as *const () as usize) };
    extern "C" fn raise() -> u64 {
        // SAFETY: a handler is set.
        unsafe { libc::raise(libc::SIGUSR1) };
        35
    }
    let (inside, behind) = walk(&load(&["-O2", "-fomit-frame-pointer"]), raise as *const () as u64, 49);
    assert!(inside >= 2 && behind >= 5, "{inside} frames of the kernel, {behind} behind it");
}
