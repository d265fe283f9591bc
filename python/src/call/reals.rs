//! Entries for functions of up to eight `f64` that return one: the commonest signature, whose call costs little more than the
//! arithmetic, so that even the thunk and the tables of a plan would be felt (20 ns against 14 for two arguments).

use std::ffi::c_void;

use pixie_format::manifest::Gil;
use pixie_format::signature::{Return, Scalar};
use pyo3::ffi;
use pyo3::prelude::*;

use super::{quick, slow};
use crate::export::Export;
use crate::plan::{Kind, Plan};

/// The entry for `plan`, if it is of this kind.
pub(super) fn entry(plan: &Plan) -> Option<ffi::PyCFunctionFastWithKeywords> {
    let reals = plan.inputs.iter().all(|input| matches!(input.kind, Kind::F64));
    let every_parameter = plan.inputs.len() == plan.signature.params.len();
    if !reals || !every_parameter || plan.ret != Return::Scalar(Scalar::F64) || plan.gil == Some(Gil::Release)
    {
        return None;
    }
    Some(match plan.inputs.len() {
        1 => enter::<1>,
        2 => enter::<2>,
        3 => enter::<3>,
        4 => enter::<4>,
        5 => enter::<5>,
        6 => enter::<6>,
        7 => enter::<7>,
        8 => enter::<8>,
        _ => return None,
    })
}

/// # Safety
/// As for `super::enter`; the export's plan is one that `entry` gave this function for.
unsafe extern "C" fn enter<const N: usize>(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython holds the lock while it calls a built-in.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: `Export::function` gives the built-in an `Export`.
    let slf = unsafe { Bound::ref_from_ptr(py, &slf).cast_unchecked::<Export>() };
    let export: &Export = slf.get();
    if kwnames.is_null() && nargs as usize == N {
        // SAFETY: there are N arguments, and the function is one of N doubles.
        unsafe {
            if let Some(values) = convert::<N>(args) {
                return ffi::PyFloat_FromDouble(call(export.function, &values));
            }
        }
    }
    // SAFETY: as this function's own.
    unsafe { slow(export, args, nargs as usize, kwnames) }
}

/// # Safety
/// `args` holds N objects, and the lock is held.
#[inline(always)]
unsafe fn convert<const N: usize>(args: *const *mut ffi::PyObject) -> Option<[f64; N]> {
    let mut values = [0.0; N];
    for (index, value) in values.iter_mut().enumerate() {
        // SAFETY: the caller's.
        *value = unsafe { quick::float(*args.add(index))? };
    }
    Some(values)
}

/// Calls a C function of N doubles that returns one.
///
/// # Safety
/// `function` is such a function. Doubles by value are passed the same way by the C ABI of each platform and by the one that its
/// objects are compiled for.
#[inline(always)]
unsafe fn call<const N: usize>(function: *const c_void, v: &[f64; N]) -> f64 {
    type F = f64;
    // SAFETY: the caller's; which arm is taken is known when this is compiled, and its indices are below N.
    unsafe {
        match N {
            1 => std::mem::transmute::<*const c_void, extern "C" fn(F) -> F>(function)(v[0]),
            2 => std::mem::transmute::<*const c_void, extern "C" fn(F, F) -> F>(function)(v[0], v[1]),
            3 => {
                std::mem::transmute::<*const c_void, extern "C" fn(F, F, F) -> F>(function)(v[0], v[1], v[2])
            }
            4 => std::mem::transmute::<*const c_void, extern "C" fn(F, F, F, F) -> F>(function)(
                v[0], v[1], v[2], v[3],
            ),
            5 => std::mem::transmute::<*const c_void, extern "C" fn(F, F, F, F, F) -> F>(function)(
                v[0], v[1], v[2], v[3], v[4],
            ),
            6 => std::mem::transmute::<*const c_void, extern "C" fn(F, F, F, F, F, F) -> F>(function)(
                v[0], v[1], v[2], v[3], v[4], v[5],
            ),
            7 => std::mem::transmute::<*const c_void, extern "C" fn(F, F, F, F, F, F, F) -> F>(function)(
                v[0], v[1], v[2], v[3], v[4], v[5], v[6],
            ),
            _ => std::mem::transmute::<*const c_void, extern "C" fn(F, F, F, F, F, F, F, F) -> F>(function)(
                v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7],
            ),
        }
    }
}
