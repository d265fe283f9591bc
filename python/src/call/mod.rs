//! The call path: a built-in's entry point, from Python objects to the thunk's slots and back.
//!
//! Two roads lead to the thunk. The quick one takes exactly the objects that numeric code passes, runs no foreign code,
//! acquires nothing and never raises; at any surprise it gives up. The careful one starts again from the arguments, takes
//! whatever the types allow, and says what is wrong.

mod arguments;
mod buffers;
mod careful;
pub mod fault;
mod floats;
pub(crate) mod numpy;
mod outputs;
mod pointer;
mod quick;
mod reals;
mod result;
mod scalar;
mod scalars;
mod shapes;
mod turn;

use std::mem::MaybeUninit;

use pixie_format::manifest::Gil;
use pyo3::exceptions::{PyOverflowError, PySystemError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;

use self::arguments::Given;
pub use self::careful::value;
use crate::export::Export;
use crate::plan::{MAX_PARAMS, Plan};

/// Bytes of array data from which a call releases the interpreter's lock. Releasing and taking it again costs some 40 ns; a
/// kernel that streams 32 KiB from the first-level cache takes a microsecond, so the price is at most a few per cent.
pub const RELEASE_FROM: usize = 32 * 1024;

/// The memory of an array argument.
#[derive(Clone, Copy)]
struct View {
    /// The address of the first element.
    data: usize,
    /// The extents, as many as the plan's rank; null where None was passed.
    shape: *const isize,
    /// The distance of elements in elements, for a strided array.
    stride: isize,
    /// The lowest address that belongs to the array.
    low: usize,
    /// Bytes from there to the end of the array.
    span: usize,
}

impl View {
    /// What None becomes.
    const ABSENT: View = View { data: 0, shape: std::ptr::null(), stride: 0, low: 0, span: 0 };
}

/// The memory of one call, on the stack and not cleared: each part is written before it is read.
struct Frame {
    slots: [MaybeUninit<u64>; MAX_PARAMS],
    views: [MaybeUninit<View>; MAX_PARAMS],
}

impl Frame {
    #[inline(always)]
    fn new() -> Frame {
        // A repeated constant, unlike a repeated value, compiles to nothing: a call that cleared this paid 40 ns.
        Frame {
            slots: [const { MaybeUninit::uninit() }; MAX_PARAMS],
            views: [const { MaybeUninit::uninit() }; MAX_PARAMS],
        }
    }

    #[inline(always)]
    fn set(&mut self, slot: u8, bits: u64) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            place.write(bits);
        }
    }

    /// The bits of a slot.
    ///
    /// # Safety
    /// The slot has been set.
    #[inline(always)]
    unsafe fn slot(&self, slot: u8) -> u64 {
        // SAFETY: a plan's slots are below MAX_PARAMS, which the signature's rules bound, and the caller vouches that it is set.
        unsafe { self.slots.get_unchecked(slot as usize).assume_init() }
    }

    #[inline(always)]
    fn set_view(&mut self, input: usize, view: View) {
        if let Some(place) = self.views.get_mut(input) {
            place.write(view);
        }
    }

    /// The view of an array input.
    ///
    /// # Safety
    /// The view has been set.
    #[inline(always)]
    unsafe fn view(&self, input: u8) -> View {
        // SAFETY: as in `slot`.
        unsafe { self.views.get_unchecked(input as usize).assume_init() }
    }
}

/// Calls the thunk on a complete frame and returns its result slot. The lock is released as the export or the size asks.
///
/// # Safety
/// Every slot of the plan has been set, the arrays behind them are as the signature says and stay so, and the calling thread holds
/// the interpreter's lock.
#[inline(always)]
unsafe fn invoke(export: &Export, frame: &Frame, bytes: usize) -> u64 {
    let mut ret = 0;
    let release = match export.plan.gil {
        None => bytes >= RELEASE_FROM,
        Some(gil) => gil == Gil::Release,
    };
    let args = frame.slots.as_ptr().cast::<u64>();
    if !release {
        // SAFETY: the thunk reads one slot for each parameter and writes one result (spec §8); the caller vouches for the rest.
        unsafe { (export.thunk)(args, &mut ret) };
        return ret;
    }
    // SAFETY: the lock is held; between the two calls nothing of Python is touched, and the arguments are kept alive by our caller.
    unsafe { turn::away(|| (export.thunk)(args, &mut ret)) };
    ret
}

/// The entry point (METH_FASTCALL | METH_KEYWORDS) for functions of this plan.
pub fn entry(py: Python<'_>, plan: &Plan) -> ffi::PyCFunctionFastWithKeywords {
    reals::entry(py, plan).or_else(|| scalars::entry(plan)).unwrap_or(enter)
}

/// The lock that CPython holds while it calls a built-in, and the export that this one is.
///
/// # Safety
/// `slf` is what CPython gave to an entry: the `Export` that `Export::function` makes every built-in of ours with.
#[inline(always)]
unsafe fn called(slf: &*mut ffi::PyObject) -> (Python<'_>, &Export) {
    // SAFETY: the caller's.
    unsafe {
        let py = Python::assume_attached();
        (py, Bound::ref_from_ptr(py, slf).cast_unchecked::<Export>().get())
    }
}

/// The entry point that serves every plan.
///
/// # Safety
/// CPython calls it, with the lock held, with `slf` an `Export`, `args` as many objects as `nargs` and the names in `kwnames` say.
unsafe extern "C" fn enter(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as this function's own.
    let (py, export) = unsafe { called(&slf) };
    let plan = &export.plan;
    // An `out` array goes by keyword alone, which is for the careful road.
    if kwnames.is_null() && nargs as usize == plan.inputs.len() && !plan.has_outputs {
        // SAFETY: there are as many arguments as inputs.
        if let Some(object) = unsafe { quickly(py, export, args) } {
            return object;
        }
    }
    // SAFETY: as this function's own.
    unsafe { by_name(slf, args, nargs, kwnames) }
}

/// The quick road for one object, or null, for each input.
///
/// # Safety
/// `args` has one entry for each input, null or an object; no input is an `out` array, and the lock is held.
#[inline(always)]
unsafe fn quickly(
    py: Python<'_>,
    export: &Export,
    args: *const *mut ffi::PyObject,
) -> Option<*mut ffi::PyObject> {
    let mut frame = Frame::new();
    // SAFETY: the caller's; after `convert` has agreed, the frame is complete.
    unsafe {
        let bytes = quick::convert(&export.plan, args, &mut frame)?;
        let ret = invoke(export, &frame, bytes);
        Some(result::to_python(py, &export.plan, ret))
    }
}

/// Keywords and defaults where every name is the interned one, as in all calls that are written out; else the slow road.
///
/// # Safety
/// As for `enter`.
#[inline(never)]
unsafe fn by_name(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as this function's own.
    let (py, export) = unsafe { called(&slf) };
    let plan = &export.plan;
    let nargs = nargs as usize;
    // Where every argument came by position, the entry has tried them.
    if (!kwnames.is_null() || nargs < plan.positional) && !plan.has_outputs {
        let mut given = Given::new();
        // SAFETY: the arguments are as CPython passed them; once bound, there is an entry for each input.
        unsafe {
            if given.bind_by_identity(plan, args, nargs, kwnames).is_some()
                && let Some(object) = quickly(py, export, given.as_ptr())
            {
                return object;
            }
        }
    }
    // SAFETY: as this function's own.
    unsafe { slow(export, args, nargs, kwnames) }
}

/// Keywords, defaults, conversions that run foreign code, and every error.
///
/// # Safety
/// As for `enter`.
#[cold]
#[inline(never)]
unsafe fn slow(
    export: &Export,
    args: *const *mut ffi::PyObject,
    nargs: usize,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // PyO3 must know that this thread holds the lock, or it would put off every release of a reference until it is told.
    Python::attach(|py| {
        let mut export = export;
        let mut refusals: Vec<PyErr> = Vec::new();
        loop {
            let attempt = || {
                // SAFETY: as this function's own.
                unsafe { once(py, export, args, nargs, kwnames) }
            };
            let error = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(attempt)) {
                Ok(Ok(object)) => return object,
                Ok(Err(error)) => error,
                Err(_) => PySystemError::new_err(format!(
                    "{}(): pixie failed while it converted the arguments\nhint: this is a bug of pixie; please report it",
                    export.plan.signature.name
                )),
            };
            let another_may_fit =
                error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyOverflowError>(py);
            match export.next.as_ref().filter(|_| another_may_fit) {
                Some(next) => {
                    refusals.push(error);
                    export = next.get();
                }
                None => {
                    let error = if refusals.is_empty() {
                        error
                    } else {
                        fault::no_overload(py, export, refusals, error)
                    };
                    error.restore(py);
                    return std::ptr::null_mut();
                }
            }
        }
    })
}

/// One export's attempt at a call.
///
/// # Safety
/// As for `enter`.
unsafe fn once(
    py: Python<'_>,
    export: &Export,
    args: *const *mut ffi::PyObject,
    nargs: usize,
    kwnames: *mut ffi::PyObject,
) -> PyResult<*mut ffi::PyObject> {
    let plan: &Plan = &export.plan;
    let mut given = Given::new();
    // SAFETY: the arguments are as CPython passed them.
    unsafe { given.bind(py, plan, args, nargs, kwnames)? };
    if !plan.has_outputs {
        // SAFETY: `given` has one entry for each input.
        if let Some(object) = unsafe { quickly(py, export, given.as_ptr()) } {
            return Ok(object);
        }
    }
    careful::call(py, export, &given)
}
