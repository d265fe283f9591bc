//! Scalars on the careful road: whatever has `__index__` or `__float__`, in range, or an error that says why not.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyFloat, PyInt};

use super::fault;
use crate::plan::{Input, Integer, Plan};

/// The slot of an integer: through `__index__`, so that no float is truncated.
pub(super) fn integer(plan: &Plan, input: &Input, object: &Bound<'_, PyAny>, kind: Integer) -> PyResult<u64> {
    let index;
    let int = match object.cast::<PyInt>() {
        Ok(int) => int,
        Err(_) => {
            index = as_index(plan, input, object, "an integer")?;
            &index
        }
    };
    // An i128 holds every slot; what exceeds even that is shown without its digits.
    let value = int.extract::<i128>().ok();
    let (low, high) = kind.range();
    match value {
        Some(value) if value >= low && value <= high => Ok(value as u64),
        _ => {
            let shown = value.map_or_else(|| "the integer".to_owned(), |value| value.to_string());
            let (param, ty) = fault::names(plan, input);
            Err(PyOverflowError::new_err(format!(
                "{}() argument `{param}`: {shown} is out of range for {ty}, which holds {low} to {high}",
                plan.signature.name
            )))
        }
    }
}

/// What `__index__` gives; `expected` says in the error what would do.
pub(super) fn as_index<'py>(
    plan: &Plan,
    input: &Input,
    object: &Bound<'py, PyAny>,
    expected: &str,
) -> PyResult<Bound<'py, PyInt>> {
    let wrong = || fault::scalar(plan, input, PyTypeError::new_err, expected, object);
    // SAFETY: the object is alive and the lock is held; `PyNumber_Index` returns a new reference to an int, or null with an error.
    unsafe {
        if ffi::PyIndex_Check(object.as_ptr()) == 0 {
            return Err(wrong());
        }
        let index = Bound::from_owned_ptr_or_err(object.py(), ffi::PyNumber_Index(object.as_ptr()));
        Ok(index.map_err(|error| explained(object.py(), error, wrong))?.cast_into_unchecked())
    }
}

/// A conversion's own `TypeError`, as of an array that is no single number, in words that name the parameter.
fn explained(py: Python<'_>, error: PyErr, wrong: impl FnOnce() -> PyErr) -> PyErr {
    if !error.is_instance_of::<PyTypeError>(py) {
        return error;
    }
    let ours = wrong();
    ours.set_cause(py, Some(error));
    ours
}

/// The value of an `f64`: floats, integers, and whatever has `__float__`.
pub(super) fn f64(plan: &Plan, input: &Input, object: &Bound<'_, PyAny>) -> PyResult<f64> {
    if let Ok(float) = object.cast::<PyFloat>() {
        return Ok(float.value());
    }
    let ty = object.get_type();
    // A complex type's `__float__` would drop the imaginary part.
    let real =
        !object.is_instance_of::<PyComplex>() && (ty.hasattr("__float__")? || ty.hasattr("__index__")?);
    let wrong = || fault::scalar(plan, input, PyTypeError::new_err, "a number", object);
    if !real {
        return Err(wrong());
    }
    // SAFETY: the object is alive and the lock is held.
    let value = unsafe { ffi::PyFloat_AsDouble(object.as_ptr()) };
    match PyErr::take(object.py()) {
        None => Ok(value),
        Some(error)
            if object.is_instance_of::<PyInt>() && error.is_instance_of::<PyOverflowError>(object.py()) =>
        {
            Err(too_large(plan, input, "the integer"))
        }
        Some(error) => Err(explained(object.py(), error, wrong)),
    }
}

/// The bits of an `f32`, rounded to nearest. A finite value that would become infinite is out of range, as it is for `struct.pack`.
pub(super) fn f32(plan: &Plan, input: &Input, object: &Bound<'_, PyAny>) -> PyResult<u64> {
    let value = f64(plan, input, object)?;
    let narrow = value as f32;
    if narrow.is_infinite() && value.is_finite() {
        return Err(too_large(plan, input, &format!("{value:?}")));
    }
    Ok(u64::from(narrow.to_bits()))
}

fn too_large(plan: &Plan, input: &Input, what: &str) -> PyErr {
    let (param, ty) = fault::names(plan, input);
    let most = if ty == "f32" { f64::from(f32::MAX) } else { f64::MAX };
    PyOverflowError::new_err(format!(
        "{}() argument `{param}`: {what} is out of range for {ty}, which holds {:?} to {most:?}",
        plan.signature.name, -most
    ))
}

/// The slot of a `bool`: Python's own and NumPy's, nothing that is merely true.
pub(super) fn boolean(plan: &Plan, input: &Input, object: &Bound<'_, PyAny>) -> PyResult<u64> {
    if let Ok(value) = object.cast::<pyo3::types::PyBool>() {
        return Ok(u64::from(value.is_true()));
    }
    let ty = object.get_type();
    // `numpy.bool_` calls itself `bool` since NumPy 2.
    let is_numpy = ty.module().is_ok_and(|module| module == "numpy")
        && ty.name().is_ok_and(|name| name == "bool" || name == "bool_");
    if is_numpy {
        return Ok(u64::from(object.is_truthy()?));
    }
    Err(fault::scalar(plan, input, PyTypeError::new_err, "True or False", object))
}
