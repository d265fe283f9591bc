//! `out` arrays: allocated through NumPy unless the caller gives one by keyword, and returned.

use pixie_format::signature::{Dim, Layout, Return, Scalar};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyImportError, PyOverflowError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyDict, PyTuple};

use super::arguments::Given;
use super::careful::Call;
use super::{fault, shapes};
use crate::plan::{Input, Kind, Plan};

/// An output of a call.
pub(super) enum Output<'py> {
    /// An array, made or given.
    Array(Bound<'py, PyAny>),
    /// A scalar, read from its place after the call.
    Scalar(Scalar, *const [u64; 2]),
}

/// Makes the `out` arrays that were not given, once every extent is known, and returns all of them in order.
pub(super) fn allocate<'py>(
    py: Python<'py>,
    call: &mut Call<'_>,
    given: &Given,
) -> PyResult<Vec<Output<'py>>> {
    let plan = call.plan;
    let mut made = Vec::new();
    for (index, input) in plan.inputs.iter().enumerate().skip(plan.positional) {
        // SAFETY: null or an object that the caller keeps alive.
        let object = unsafe { Bound::from_borrowed_ptr_or_opt(py, given.get(index)) };
        if let Some(object) = object.filter(|object| !input.is_left_out(object)) {
            made.push(Output::Array(object));
            continue;
        }
        let (Kind::Array(kind), Some(array)) = (&input.kind, plan.array(input)) else { continue };
        if input.is_scalar_out() {
            let Some(place) = call.scratch.get_mut(index) else { continue };
            let address: *const [u64; 2] = place.write([0; 2]);
            call.frame.set(input.slot, address as u64);
            made.push(Output::Scalar(array.element, address));
            continue;
        }
        let mut extents = Vec::with_capacity(array.dims.len());
        for dim in &array.dims {
            // SAFETY: integer arguments and extents of given arrays have set every slot that a dimension can name.
            let extent = unsafe { shapes::evaluate(plan, call.frame, dim) };
            match extent.and_then(|extent| isize::try_from(extent).ok()).filter(|extent| *extent >= 0) {
                Some(extent) => extents.push(extent),
                None => return Err(no_extent(plan, input, dim, extent)),
            }
        }
        // As NumPy counts, extents of zero do not make an array smaller.
        let counted = extents.iter().filter(|extent| **extent > 0);
        if counted.copied().try_fold(kind.size as isize, isize::checked_mul).is_none() {
            return Err(PyOverflowError::new_err(format!(
                "{}() cannot allocate `{}`: an array of shape {} has more than 2^63 - 1 bytes",
                plan.signature.name,
                plan.param(input).name,
                fault::tuple(&extents)
            )));
        }
        let order = if array.layout == Layout::F { "F" } else { "C" };
        let object = empty(py, plan, extents, &fault::dtype(array.element, kind.size), order)?;
        call.array(index, input, kind, &object)?;
        made.push(Output::Array(object));
    }
    Ok(made)
}

/// An extent that no array has. `None` stands for one beyond 128 bits.
fn no_extent(plan: &Plan, input: &Input, dim: &Dim, extent: Option<i128>) -> PyErr {
    let message = format!(
        "{}() cannot allocate `{}`: its extent {} would be {}",
        plan.signature.name,
        plan.param(input).name,
        plan.signature.dim_text(dim),
        extent.map_or_else(|| "beyond 128 bits".to_owned(), |extent| extent.to_string())
    );
    match extent {
        Some(extent) if extent < 0 => PyValueError::new_err(message),
        _ => PyOverflowError::new_err(message),
    }
}

fn empty<'py>(
    py: Python<'py>,
    plan: &Plan,
    extents: Vec<isize>,
    dtype: &str,
    order: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let numpy = py.import("numpy").map_err(|cause| {
        let error = PyImportError::new_err(format!(
            "{}() returns an array, which needs NumPy\nhint: install numpy, or pass the array by keyword",
            plan.signature.name
        ));
        error.set_cause(py, Some(cause));
        error
    })?;
    let keywords = PyDict::new(py);
    keywords.set_item("order", order)?;
    numpy.call_method("empty", (PyTuple::new(py, extents)?, dtype), Some(&keywords))
}

/// The result of a function with outputs: its own, if there is one, and the outputs; a single thing stands for itself.
pub(super) fn collect(
    py: Python<'_>,
    plan: &Plan,
    object: *mut ffi::PyObject,
    made: &[Output<'_>],
) -> PyResult<*mut ffi::PyObject> {
    // SAFETY: a new reference, or null with an error set.
    let own = unsafe { Bound::from_owned_ptr_or_err(py, object)? };
    let mut results = Vec::with_capacity(1 + made.len());
    if matches!(plan.ret, Return::Scalar(_) | Return::Ptr) {
        results.push(own.unbind());
    }
    for output in made {
        results.push(match output {
            Output::Array(array) => array.clone().unbind(),
            // SAFETY: the place belongs to the call, which is still there, and is large enough and aligned for any scalar.
            Output::Scalar(scalar, place) => unsafe { number(py, *scalar, place.cast())? },
        });
    }
    match results.len() {
        1 => Ok(results.remove(0).into_ptr()),
        _ => Ok(PyTuple::new(py, results)?.into_ptr()),
    }
}

/// Reads a scalar from memory.
///
/// # Safety
/// `place` points to a value of that type on this platform.
unsafe fn number(py: Python<'_>, scalar: Scalar, place: *const u8) -> PyResult<Py<PyAny>> {
    // SAFETY: the caller's.
    unsafe {
        Ok(match scalar {
            Scalar::Bool => (*place != 0).into_pyobject(py)?.to_owned().into_any().unbind(),
            Scalar::I8 => (*place.cast::<i8>()).into_py_any(py)?,
            Scalar::I16 => (*place.cast::<i16>()).into_py_any(py)?,
            Scalar::I32 => (*place.cast::<i32>()).into_py_any(py)?,
            Scalar::I64 => (*place.cast::<i64>()).into_py_any(py)?,
            Scalar::U8 => (*place).into_py_any(py)?,
            Scalar::U16 => (*place.cast::<u16>()).into_py_any(py)?,
            Scalar::U32 => (*place.cast::<u32>()).into_py_any(py)?,
            Scalar::U64 | Scalar::Usize => (*place.cast::<u64>()).into_py_any(py)?,
            Scalar::Long => (*place.cast::<std::ffi::c_long>()).into_py_any(py)?,
            Scalar::Ulong => (*place.cast::<std::ffi::c_ulong>()).into_py_any(py)?,
            Scalar::F32 => (*place.cast::<f32>()).into_py_any(py)?,
            Scalar::F64 => (*place.cast::<f64>()).into_py_any(py)?,
            Scalar::C64 => {
                let [real, imaginary] = *place.cast::<[f32; 2]>();
                PyComplex::from_doubles(py, real.into(), imaginary.into()).into_any().unbind()
            }
            Scalar::C128 => {
                let [real, imaginary] = *place.cast::<[f64; 2]>();
                PyComplex::from_doubles(py, real, imaginary).into_any().unbind()
            }
        })
    }
}
