//! Entries for functions of up to eight `f64` that return one, and for those that take and return nothing: the commonest
//! signatures, whose call costs little more than the arithmetic, so that even the thunk and the tables of a plan would be felt (20 ns
//! against 14 for two arguments).

use std::ffi::c_void;

use pixie_format::manifest::Gil;
use pixie_format::signature::{Return, Scalar};
use pyo3::ffi;
use pyo3::prelude::*;

use super::arguments::bind_by_identity;
use super::{by_name, called, floats, quick};
use crate::plan::{Kind, Plan};

/// The entry for `plan`, if it is of this kind.
pub(super) fn entry(py: Python<'_>, plan: &Plan) -> Option<ffi::PyCFunctionFastWithKeywords> {
    let reals = plan.inputs.iter().all(|input| matches!(input.kind, Kind::F64));
    let every_parameter = plan.inputs.len() == plan.signature.params.len();
    if !reals || !every_parameter || plan.gil == Some(Gil::Release) {
        return None;
    }
    match plan.ret {
        Return::Void if plan.inputs.is_empty() => Some(enter_nothing),
        Return::Scalar(Scalar::F64) if floats::can_be_read(py) => entry_of::<true>(plan.inputs.len()),
        Return::Scalar(Scalar::F64) => entry_of::<false>(plan.inputs.len()),
        _ => None,
    }
}

fn entry_of<const IN_PLACE: bool>(count: usize) -> Option<ffi::PyCFunctionFastWithKeywords> {
    Some(match count {
        0 => enter::<0, IN_PLACE>,
        1 => enter::<1, IN_PLACE>,
        2 => enter::<2, IN_PLACE>,
        3 => enter::<3, IN_PLACE>,
        4 => enter::<4, IN_PLACE>,
        5 => enter::<5, IN_PLACE>,
        6 => enter::<6, IN_PLACE>,
        7 => enter::<7, IN_PLACE>,
        8 => enter::<8, IN_PLACE>,
        _ => return None,
    })
}

/// # Safety
/// As for `super::enter`; the export's plan is one that `entry` gave this function for.
unsafe extern "C" fn enter_nothing(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    if nargs == 0 && kwnames.is_null() {
        // SAFETY: `Export::function` gives the built-in an `Export`, whose function takes and returns nothing; the lock is held.
        unsafe {
            let (_, export) = called(&slf);
            std::mem::transmute::<*const c_void, extern "C" fn()>(export.function)();
            let none = ffi::Py_None();
            ffi::Py_INCREF(none);
            return none;
        }
    }
    // SAFETY: as this function's own.
    unsafe { by_name(slf, args, nargs, kwnames) }
}

/// # Safety
/// As for `super::enter`; the export's plan is one that `entry` gave this function for.
unsafe extern "C" fn enter<const N: usize, const IN_PLACE: bool>(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    if kwnames.is_null() && nargs as usize == N {
        // SAFETY: there are N arguments, the lock is held, and `Export::function` gives the built-in an `Export`, whose function is
        // one of N doubles.
        unsafe {
            if let Some(values) = convert::<N, IN_PLACE>(args) {
                let (_, export) = called(&slf);
                return ffi::PyFloat_FromDouble(call(export.function, &values));
            }
        }
    }
    // SAFETY: as this function's own.
    unsafe { enter_by_name::<N, IN_PLACE>(slf, args, nargs, kwnames) }
}

/// The same with keywords, as they are written out in a call.
///
/// # Safety
/// As for `enter`.
#[inline(never)]
unsafe fn enter_by_name<const N: usize, const IN_PLACE: bool>(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut given = [std::ptr::null_mut(); N];
    // SAFETY: as in `enter`; the arguments are as CPython passed them, and none of `given` is null when they are converted.
    unsafe {
        let (_, export) = called(&slf);
        if bind_by_identity(&export.plan, args, nargs as usize, kwnames, &mut given).is_some()
            && !given.iter().any(|object| object.is_null())
            && let Some(values) = convert::<N, IN_PLACE>(given.as_ptr())
        {
            return ffi::PyFloat_FromDouble(call(export.function, &values));
        }
    }
    // SAFETY: as this function's own.
    unsafe { by_name(slf, args, nargs, kwnames) }
}

/// # Safety
/// `args` holds N objects, and the lock is held; `IN_PLACE` only where `floats::can_be_read`.
#[inline(always)]
unsafe fn convert<const N: usize, const IN_PLACE: bool>(args: *const *mut ffi::PyObject) -> Option<[f64; N]> {
    let mut values = [0.0; N];
    for (index, place) in values.iter_mut().enumerate() {
        // SAFETY: the caller's.
        *place = unsafe {
            let object = *args.add(index);
            match IN_PLACE && ffi::PyFloat_CheckExact(object) != 0 {
                true => floats::value(object),
                false => quick::float(object)?,
            }
        };
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
            0 => std::mem::transmute::<*const c_void, extern "C" fn() -> F>(function)(),
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
