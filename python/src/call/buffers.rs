//! Buffers held for the time of a call, and their element types by kind and size.

use std::ffi::CStr;
use std::mem::MaybeUninit;

use pixie_format::signature::{Scalar, ScalarKind};
use pyo3::ffi;
use pyo3::prelude::*;

use crate::plan::{ArrayPlan, MAX_PARAMS};

/// The buffers of one call. They stay where they are, since a view's shape may point into it, and are released on every way out.
pub(super) struct Buffers {
    held: [MaybeUninit<ffi::Py_buffer>; MAX_PARAMS],
    count: usize,
}

impl Buffers {
    #[inline(always)]
    pub(super) fn new() -> Buffers {
        Buffers { held: [const { MaybeUninit::uninit() }; MAX_PARAMS], count: 0 }
    }

    /// Asks `object` for its memory. `None` means that it refused, or has no buffer at all.
    pub(super) fn acquire(&mut self, object: &Bound<'_, PyAny>, writable: bool) -> Option<&ffi::Py_buffer> {
        // A read-only buffer is asked for first only where it will do; otherwise it tells the message what was found.
        let flags = ffi::PyBUF_FORMAT | ffi::PyBUF_STRIDES;
        let place = self.held.get_mut(self.count)?;
        let asked = [flags | if writable { ffi::PyBUF_WRITABLE } else { 0 }, flags];
        for flags in asked {
            // SAFETY: the object is alive, the place is ours; on success it is filled, on failure nothing is held.
            if unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), place.as_mut_ptr(), flags) } == 0 {
                self.count += 1;
                // SAFETY: filled just now.
                return Some(unsafe { place.assume_init_ref() });
            }
            // The refusal is told in our words.
            drop(PyErr::take(object.py()));
        }
        None
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        for buffer in self.held.iter_mut().take(self.count) {
            // SAFETY: the first `count` are filled and not yet released; a call holds the lock when it ends.
            unsafe { ffi::PyBuffer_Release(buffer.as_mut_ptr()) };
        }
    }
}

/// An element type as a buffer's format tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Element {
    /// What the bits mean; `None` where the format is none that a signature can name.
    pub(super) kind: Option<ScalarKind>,
    /// Bytes.
    pub(super) size: usize,
    /// Whether the bytes are in the other order than this machine's.
    pub(super) swapped: bool,
    /// `b`, `B` or `c`, which fit both types of one byte.
    code: u8,
}

/// The format string of a buffer; absent means bytes.
pub(super) fn format(view: &ffi::Py_buffer) -> &[u8] {
    if view.format.is_null() {
        return b"B";
    }
    // SAFETY: a format is a C string that lives as long as the buffer.
    unsafe { CStr::from_ptr(view.format) }.to_bytes()
}

/// Reads a format: an optional mark of order and sizes, then one code. Sizes come from the buffer itself, so that `l` is `q`
/// where it is as wide.
pub(super) fn element(view: &ffi::Py_buffer) -> Element {
    let format = format(view);
    let (order, codes) = match format {
        [order @ (b'@' | b'=' | b'<' | b'>' | b'!'), codes @ ..] => (*order, codes),
        codes => (b'@', codes),
    };
    let kind = match codes {
        b"?" => Some(ScalarKind::Bool),
        b"b" | b"h" | b"i" | b"l" | b"q" | b"n" => Some(ScalarKind::Signed),
        b"B" | b"H" | b"I" | b"L" | b"Q" | b"N" | b"c" => Some(ScalarKind::Unsigned),
        b"f" | b"d" => Some(ScalarKind::Float),
        b"Zf" | b"Zd" => Some(ScalarKind::Complex),
        _ => None,
    };
    let size = view.itemsize.max(0) as usize;
    let foreign = match order {
        b'<' => cfg!(target_endian = "big"),
        b'>' | b'!' => cfg!(target_endian = "little"),
        _ => false,
    };
    Element { kind, size, swapped: foreign && size > 1, code: codes.first().copied().unwrap_or(0) }
}

impl Element {
    /// Whether these bits are those that the function expects.
    pub(super) fn fits(self, plan: &ArrayPlan) -> bool {
        if self.size != plan.size || self.swapped {
            return false;
        }
        // Plain bytes have no sign.
        let bytes = plan.element == Scalar::I8 && matches!(self.code, b'B' | b'c');
        bytes || self.kind == Some(plan.element.kind())
    }

    /// NumPy's name of the type, for messages.
    pub(super) fn name(self) -> String {
        let bits = self.size * 8;
        let name = match self.kind {
            Some(ScalarKind::Bool) => "bool".to_owned(),
            Some(ScalarKind::Signed) => format!("int{bits}"),
            Some(ScalarKind::Unsigned) => format!("uint{bits}"),
            Some(ScalarKind::Float) => format!("float{bits}"),
            Some(ScalarKind::Complex) => format!("complex{bits}"),
            None => format!("elements of {} bytes", self.size),
        };
        if self.swapped { format!("byte-swapped {name}") } else { name }
    }
}
