//! Telling macOS's unwinder about images: by `__unw_add_find_dynamic_unwind_sections` where libunwind has it (macOS 14), with tables of
//! both kinds, else by `__register_frame`, which takes the DWARF descriptions alone: a function with a compact code is then the end of
//! a backtrace.

use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::symbol;
use crate::eh_frame;
use crate::map::Mapping;

/// What libunwind asks for (`libunwind_ext.h`, `unw_dynamic_unwind_sections`): the address from which compact tables count, and the two
/// tables by address and size, 0 for none.
#[repr(C)]
struct Sections {
    base: usize,
    eh_frame: usize,
    eh_frame_size: usize,
    compact: usize,
    compact_size: usize,
}

/// An image in a list that only grows, so that it can be read while a signal is handled.
struct Image {
    start: usize,
    size: usize,
    eh_frame: (usize, usize),
    compact: &'static [u8],
    next: *const Image,
}

static IMAGES: AtomicPtr<Image> = AtomicPtr::new(ptr::null_mut());

/// Answers libunwind: 1 and the tables if `address` lies in an image of ours, else 0.
extern "C" fn find(address: usize, sections: *mut Sections) -> libc::c_int {
    let mut image = IMAGES.load(Ordering::Acquire).cast_const();
    // SAFETY: entries are leaked before they are published and never change.
    while let Some(one) = unsafe { image.as_ref() } {
        if address.wrapping_sub(one.start) < one.size {
            let (compact, compact_size) = match one.compact {
                [] => (0, 0),
                table => (table.as_ptr() as usize, table.len()),
            };
            let (eh_frame, eh_frame_size) = one.eh_frame;
            let found = Sections { base: one.start, eh_frame, eh_frame_size, compact, compact_size };
            // SAFETY: libunwind gives a structure of its own to be filled.
            unsafe { sections.write(found) };
            return 1;
        }
        image = one.next;
    }
    0
}

/// Whether libunwind asks [`find`].
fn is_asked() -> bool {
    type Add = unsafe extern "C" fn(extern "C" fn(usize, *mut Sections) -> libc::c_int) -> libc::c_int;
    static ASKED: OnceLock<bool> = OnceLock::new();
    *ASKED.get_or_init(|| {
        let Some(add) = symbol("__unw_add_find_dynamic_unwind_sections") else { return false };
        // SAFETY: libunwind's function has this type (`libunwind_ext.h`).
        let add = unsafe { std::mem::transmute::<usize, Add>(add) };
        // SAFETY: `find` can be called at any time and stays where it is.
        unsafe { add(find) == 0 }
    })
}

/// # Safety
/// The image is mapped, has its final protection and lives as long as the process.
pub(super) unsafe fn register(image: &Mapping, compact: Vec<u8>) {
    unsafe extern "C" {
        // libunwind's, which takes one description.
        fn __register_frame(description: *const u8);
    }
    let (start, size) = image.image();
    let code = image.code();
    let mut eh_frame = (0, 0);
    let mut descriptions = Vec::new();
    if let Some((tables, tables_size)) = image.unwind() {
        // SAFETY: the tables are mapped, readable, and nobody writes to them any more.
        let bytes = unsafe { std::slice::from_raw_parts(tables, tables_size) };
        let code = code.0 as u64..code.0 as u64 + code.1 as u64;
        // What is not of the form that an unwinder reads is not shown to it.
        if let Some(found) = eh_frame::descriptions(bytes, tables as u64, code) {
            eh_frame = (tables as usize, tables_size);
            descriptions = found.into_iter().map(|offset| tables.wrapping_add(offset)).collect();
        }
    }
    if descriptions.is_empty() && compact.is_empty() {
        return;
    }
    if !is_asked() {
        for description in descriptions {
            // SAFETY: a whole description, about code of the image, behind the common part that it refers to.
            unsafe { __register_frame(description) };
        }
        return;
    }
    let entry = Box::leak(Box::new(Image {
        start: start as usize,
        size,
        eh_frame,
        compact: compact.leak(),
        next: ptr::null(),
    }));
    let mut first = IMAGES.load(Ordering::Acquire);
    loop {
        entry.next = first;
        match IMAGES.compare_exchange_weak(first, &raw mut *entry, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(other) => first = other,
        }
    }
}
