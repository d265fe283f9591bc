//! gdb's interface for code that is made at run time (Debugging with GDB, "JIT Compilation Interface"): a list of object files in
//! memory, and a function that is called when it changes, at which gdb has a breakpoint.

use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// `struct jit_code_entry`.
#[repr(C)]
struct CodeEntry {
    next: *mut CodeEntry,
    previous: *mut CodeEntry,
    file: *const u8,
    size: u64,
}

/// `struct jit_descriptor`.
#[repr(C)]
pub struct Descriptor {
    version: u32,
    action: AtomicU32,
    relevant: AtomicPtr<CodeEntry>,
    first: AtomicPtr<CodeEntry>,
}

/// `JIT_NOACTION` and `JIT_REGISTER_FN`.
const NO_ACTION: u32 = 0;
const REGISTER: u32 = 1;

/// gdb finds it by its name.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static __jit_debug_descriptor: Descriptor = Descriptor {
    version: 1,
    action: AtomicU32::new(NO_ACTION),
    relevant: AtomicPtr::new(ptr::null_mut()),
    first: AtomicPtr::new(ptr::null_mut()),
};

/// gdb stops here and reads the descriptor.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn __jit_debug_register_code() {
    // Something that no optimiser may take away, so that calls stay.
    std::hint::black_box(&__jit_debug_descriptor);
}

/// Adds an ELF file with addresses to the list, where it stays, as its image does.
pub(super) fn register(file: Vec<u8>) {
    static TURN: Mutex<()> = Mutex::new(());
    let file: &'static [u8] = file.leak();
    let entry = Box::leak(Box::new(CodeEntry {
        next: ptr::null_mut(),
        previous: ptr::null_mut(),
        file: file.as_ptr(),
        size: file.len() as u64,
    }));
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let list = &__jit_debug_descriptor;
    let next = list.first.load(Ordering::Relaxed);
    entry.next = next;
    let entry: *mut CodeEntry = entry;
    if !next.is_null() {
        // SAFETY: entries are leaked boxes that only this function touches, one thread at a time; gdb only reads.
        unsafe { (*next).previous = entry };
    }
    list.first.store(entry, Ordering::Relaxed);
    list.relevant.store(entry, Ordering::Relaxed);
    list.action.store(REGISTER, Ordering::SeqCst);
    __jit_debug_register_code();
    list.action.store(NO_ACTION, Ordering::SeqCst);
}
