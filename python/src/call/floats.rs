//! Floats read in place, where a function call for each would cost as much as all else that is done with it.
//!
//! The stable interface has no such access, but in every CPython that it covers a float is an object's head and a double, as
//! compiled into every extension that uses `PyFloat_AS_DOUBLE`. Nothing is taken on trust: some floats are read both ways first.

use std::sync::atomic::{AtomicU8, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyFloat;

/// `PyFloatObject` of CPython's `floatobject.h`.
#[repr(C)]
struct FloatFields {
    head: ffi::PyObject,
    value: f64,
}

const UNKNOWN: u8 = 0;
const BY_CALL: u8 = 1;
const IN_PLACE: u8 = 2;
static FOUND: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Whether `value` reads floats of this interpreter right.
pub(super) fn can_be_read(py: Python<'_>) -> bool {
    if FOUND.load(Ordering::Relaxed) == UNKNOWN {
        FOUND.store(if reads_well(py) { IN_PLACE } else { BY_CALL }, Ordering::Relaxed);
    }
    FOUND.load(Ordering::Relaxed) == IN_PLACE
}

fn reads_well(py: Python<'_>) -> bool {
    let ty = py.get_type::<PyFloat>();
    let size = |name: &str| ty.getattr(name).and_then(|size| size.extract::<usize>()).ok();
    if size("__basicsize__") != Some(size_of::<FloatFields>()) || size("__itemsize__") != Some(0) {
        return false;
    }
    // Their bits differ in every byte.
    [0.1, -1.0e300, f64::from_bits(0x7ff8_0123_4567_89ab)].iter().all(|expected| {
        let float = PyFloat::new(py, *expected);
        // SAFETY: a float is as large as these fields, which are plain data.
        let found = unsafe { value(float.as_ptr()) };
        found.to_bits() == expected.to_bits()
    })
}

/// The value of a float.
///
/// # Safety
/// `object` is exactly a float, and `can_be_read` agreed.
#[inline(always)]
pub(super) unsafe fn value(object: *mut ffi::PyObject) -> f64 {
    // SAFETY: the caller's; a float is never written to.
    unsafe { (*object.cast::<FloatFields>()).value }
}
