//! From the thunk's result slot to a Python object.

use pixie_format::signature::{Return, Scalar, ScalarKind};
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::plan::Plan;

/// The object for a result slot: a new reference, or null with an error set.
#[inline(always)]
pub(super) fn to_python(_lock: Python<'_>, plan: &Plan, ret: u64) -> *mut ffi::PyObject {
    // SAFETY: the lock is held (`_lock`); each call returns a new reference or null with an error set.
    unsafe {
        match plan.ret {
            Return::Scalar(Scalar::F64) => ffi::PyFloat_FromDouble(f64::from_bits(ret)),
            Return::Void => none(),
            Return::Scalar(scalar) => match scalar.kind() {
                ScalarKind::Bool => ffi::PyBool_FromLong((ret & 1) as _),
                ScalarKind::Signed => ffi::PyLong_FromLongLong(narrow(plan, ret)),
                ScalarKind::Unsigned => ffi::PyLong_FromUnsignedLongLong(narrow(plan, ret) as u64),
                ScalarKind::Float | ScalarKind::Complex => {
                    ffi::PyFloat_FromDouble(f64::from(f32::from_bits(ret as u32)))
                }
            },
            Return::Ptr if ret == 0 => none(),
            Return::Ptr => ffi::PyLong_FromUnsignedLongLong(ret),
            Return::Status => match narrow(plan, ret) {
                0 => none(),
                status => failed(plan, status),
            },
        }
    }
}

/// # Safety
/// The lock is held.
#[inline(always)]
unsafe fn none() -> *mut ffi::PyObject {
    // SAFETY: the caller's; other than `Py_NewRef`, this is no call.
    unsafe {
        let none = ffi::Py_None();
        ffi::Py_INCREF(none);
        none
    }
}

/// The integer in the slot, extended from the bits that count, so that nothing depends on the upper ones.
#[inline(always)]
fn narrow(plan: &Plan, ret: u64) -> i64 {
    let unused = 64 - plan.ret_integer.bits;
    match plan.ret_integer.signed {
        true => ((ret << unused) as i64) >> unused,
        false => ((ret << unused) >> unused) as i64,
    }
}

#[cold]
fn failed(plan: &Plan, status: i64) -> *mut ffi::PyObject {
    let name = &plan.signature.name;
    let text = i32::try_from(status).ok().and_then(|status| plan.status.get(&status));
    let message = match text {
        Some(text) => format!("{name}() failed: {text} (status {status})"),
        None => format!("{name}() failed with status {status}"),
    };
    // As in `slow`: an error is made of references.
    Python::attach(|py| PyRuntimeError::new_err(message).restore(py));
    std::ptr::null_mut()
}
