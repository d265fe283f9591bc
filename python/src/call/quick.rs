//! The quick road: exact floats, integers, bools and NumPy arrays; gives up at anything else.

use pyo3::ffi;

use super::{Frame, View, numpy, shapes};
use crate::plan::{Integer, Kind, Plan};

/// Converts the arguments, null standing for one that was left out, and returns the bytes of all arrays. `None` means that the
/// careful road must look; no error is set and nothing is held.
///
/// # Safety
/// `args` has one entry for each input, null or an object, and the lock is held.
#[inline(always)]
pub(super) unsafe fn convert(
    plan: &Plan,
    args: *const *mut ffi::PyObject,
    frame: &mut Frame,
) -> Option<usize> {
    let mut bytes = 0;
    for (index, input) in plan.inputs.iter().enumerate() {
        // SAFETY: there is one argument for each input.
        let object = unsafe { *args.add(index) };
        if object.is_null() {
            frame.set(input.slot, input.default?);
            if matches!(input.kind, Kind::Array(_)) {
                frame.set_view(index, View::ABSENT);
            }
            continue;
        }
        // SAFETY: not null, so an object.
        let slot = unsafe {
            match &input.kind {
                Kind::Array(array) => {
                    let view = numpy::view(object, array)?;
                    for bind in &array.binds {
                        let extent = *view.shape.add(bind.axis as usize) as i64;
                        if !bind.integer.holds_i64(extent) {
                            return None;
                        }
                        frame.set(bind.slot, extent as u64);
                    }
                    if let Some(bind) = &array.stride {
                        if !bind.integer.holds_i64(view.stride as i64) {
                            return None;
                        }
                        frame.set(bind.slot, view.stride as u64);
                    }
                    frame.set_view(index, view);
                    bytes += view.span;
                    view.data as u64
                }
                kind => scalar(kind, object)?,
            }
        };
        frame.set(input.slot, slot);
    }
    // SAFETY: every input has set its slot and its view.
    let agree = unsafe {
        plan.checks.iter().all(|check| shapes::holds(plan, check, frame))
            && plan.apart.iter().all(|pair| shapes::are_apart(*pair, frame))
    };
    agree.then_some(bytes)
}

/// The slot of a scalar.
///
/// # Safety
/// `object` is an object and the lock is held.
#[inline(always)]
pub(super) unsafe fn scalar(kind: &Kind, object: *mut ffi::PyObject) -> Option<u64> {
    // SAFETY: the caller's.
    unsafe {
        match kind {
            Kind::F64 => Some(float(object)?.to_bits()),
            Kind::F32 => {
                let value = float(object)?;
                let narrow = value as f32;
                let overflows = narrow.is_infinite() && value.is_finite();
                (!overflows).then_some(u64::from(narrow.to_bits()))
            }
            Kind::Integer(kind) => integer(object, *kind),
            Kind::Bool => boolean(object),
            Kind::Pointer | Kind::Array(_) => None,
        }
    }
}

/// # Safety
/// `object` is an object and the lock is held.
#[inline(always)]
pub(super) unsafe fn float(object: *mut ffi::PyObject) -> Option<f64> {
    // SAFETY: neither the type checks nor the conversion of an exact int, of a float, or of a subclass's float part run foreign
    // code; the only error is of range, and is cleared.
    unsafe {
        if ffi::PyFloat_CheckExact(object) != 0 || ffi::PyFloat_Check(object) != 0 {
            return Some(ffi::PyFloat_AsDouble(object));
        }
        if ffi::PyLong_CheckExact(object) == 0 {
            return None;
        }
        let value = ffi::PyLong_AsDouble(object);
        if value == -1.0 && !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some(value)
    }
}

/// # Safety
/// `object` is an object and the lock is held.
#[inline(always)]
pub(super) unsafe fn integer(object: *mut ffi::PyObject, kind: Integer) -> Option<u64> {
    // SAFETY: converting an exact int runs no foreign code; the only error is of range, and is cleared.
    unsafe {
        if ffi::PyLong_CheckExact(object) == 0 {
            return None;
        }
        let mut overflow = 0;
        let value = ffi::PyLong_AsLongLongAndOverflow(object, &mut overflow);
        if overflow == 0 {
            return kind.holds_i64(value).then_some(value as u64);
        }
        if overflow < 0 || kind.signed || kind.bits < 64 {
            return None;
        }
        let value = ffi::PyLong_AsUnsignedLongLong(object);
        if value == u64::MAX && !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some(value)
    }
}

/// # Safety
/// `object` is an object and the lock is held.
#[inline(always)]
unsafe fn boolean(object: *mut ffi::PyObject) -> Option<u64> {
    // SAFETY: the two bools are compared by identity.
    unsafe {
        if object == ffi::Py_True() {
            Some(1)
        } else if object == ffi::Py_False() {
            Some(0)
        } else {
            None
        }
    }
}
