//! The entry for functions of scalars alone: the quick road without a thought for arrays.

use std::mem::MaybeUninit;

use pixie_format::manifest::Gil;
use pyo3::ffi;

use super::{by_name, called, quick, result};
use crate::plan::{Kind, MAX_PARAMS, Plan};

/// The entry for `plan`, if it is of this kind.
pub(super) fn entry(plan: &Plan) -> Option<ffi::PyCFunctionFastWithKeywords> {
    let scalar = |kind: &Kind| matches!(kind, Kind::F64 | Kind::F32 | Kind::Integer(_) | Kind::Bool);
    let fits = plan.inputs.iter().all(|input| scalar(&input.kind)) && plan.gil != Some(Gil::Release);
    fits.then_some(enter)
}

/// # Safety
/// As for `super::enter`; the export's plan is one that `entry` gave this function for.
unsafe extern "C" fn enter(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as this function's own.
    let (py, export) = unsafe { called(&slf) };
    let plan = &export.plan;
    if kwnames.is_null() && nargs as usize == plan.inputs.len() {
        let mut slots = [const { MaybeUninit::uninit() }; MAX_PARAMS];
        // SAFETY: there are as many arguments as inputs; after `convert` has agreed, each has set its slot, and a function of
        // scalars has no other.
        unsafe {
            if convert(plan, args, &mut slots).is_some() {
                let mut ret = 0;
                (export.thunk)(slots.as_ptr().cast(), &mut ret);
                return result::to_python(py, plan, ret);
            }
        }
    }
    // SAFETY: as this function's own.
    unsafe { by_name(slf, args, nargs, kwnames) }
}

/// # Safety
/// `args` has one object for each input, and the lock is held.
#[inline(always)]
unsafe fn convert(
    plan: &Plan,
    args: *const *mut ffi::PyObject,
    slots: &mut [MaybeUninit<u64>; MAX_PARAMS],
) -> Option<()> {
    for (index, (input, slot)) in plan.inputs.iter().zip(slots).enumerate() {
        // SAFETY: the caller's. Without arrays nothing is hidden, so that inputs and slots are in the same order.
        unsafe { slot.write(quick::scalar(&input.kind, *args.add(index))?) };
    }
    Some(())
}
