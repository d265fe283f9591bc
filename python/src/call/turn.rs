//! Giving the interpreter's lock away while a function runs, and taking it back.

use std::hint::spin_loop;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;

/// How often a thread looks whether it is its turn before it goes for the lock all the same: for some 10 us.
const LOOKS: u32 = 200;

/// The thread whose turn it is, by its state: it has the lock, or is about to. It may have given the lock away elsewhere since; then others
/// look in vain, once.
static TURN: AtomicPtr<ffi::PyThreadState> = AtomicPtr::new(ptr::null_mut());

/// Runs `work` without the interpreter's lock.
///
/// A thread that finds the lock taken sleeps, and wakes tens of microseconds after it is free. Threads that call short functions hold it
/// for a fraction of one, so they look a while before they sleep.
///
/// # Safety
/// The calling thread holds the lock, and `work` touches nothing of Python's.
#[inline(always)]
pub unsafe fn away(work: impl FnOnce()) {
    // SAFETY: the caller's.
    let state = unsafe { ffi::PyEval_SaveThread() };
    // Not before: whose turn comes goes for the lock at once.
    if TURN.load(Ordering::Relaxed) == state {
        TURN.store(ptr::null_mut(), Ordering::Release);
    }
    work();
    for _ in 0..LOOKS {
        if TURN.load(Ordering::Relaxed).is_null()
            && TURN.compare_exchange(ptr::null_mut(), state, Ordering::Acquire, Ordering::Relaxed).is_ok()
        {
            break;
        }
        spin_loop();
    }
    // SAFETY: the state is this thread's own, which has no lock.
    unsafe { ffi::PyEval_RestoreThread(state) };
    TURN.store(state, Ordering::Relaxed);
}
