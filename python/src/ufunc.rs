//! Exports that are NumPy ufuncs: made through the table of functions that NumPy hands out in a capsule, so that no headers are needed.

use std::ffi::{CString, c_char, c_int, c_long, c_void};
use std::fmt::Write;
use std::sync::Arc;

use pixie_format::manifest::Identity;
use pixie_format::signature::{Dim, Operand, Scalar};
use pixie_ld::LoadedExport;
use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::export::Export;
use crate::module::Origin;
use crate::once::Once;

/// `PyUFunc_FromFuncAndDataAndSignature` of NumPy's C API: inner loops, their data, types of all operands, how many types, inputs,
/// outputs, identity, name, docstring, unused, signature.
type FromFuncs = unsafe extern "C" fn(
    *const *const c_void,
    *const *mut c_void,
    *const c_char,
    c_int,
    c_int,
    c_int,
    c_int,
    *const c_char,
    *const c_char,
    c_int,
    *const c_char,
) -> *mut ffi::PyObject;

/// Where that is in the table, in NumPy 1 and 2 alike.
const FROM_FUNCS: usize = 31;

/// The handles of the ufuncs that were made, by ufunc: a ufunc cannot carry its own.
static EXPORTS: Once<PyDict> = Once::new();

/// The handle behind a ufunc of a fat module.
pub fn export_of<'py>(function: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, Export>>> {
    let py = function.py();
    let Some(exports) = EXPORTS.get(py) else { return Ok(None) };
    // What cannot be hashed is no ufunc.
    if function.hash().is_err() {
        return Ok(None);
    }
    match exports.get_item(function)? {
        Some(export) => Ok(Some(export.cast_into()?)),
        None => Ok(None),
    }
}

/// Makes the ufunc `name`, whose first type is that of `handle`; `None` if the exports of the name are not all types of one ufunc.
pub fn make<'py>(
    origin: &Arc<Origin>,
    handle: &Bound<'py, Export>,
    name: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    // Nearly all are not.
    if !handle.get().is_ufunc {
        return Ok(None);
    }
    let py = handle.py();
    let loaded = &origin.loaded;
    let exports: Vec<&LoadedExport> =
        loaded.exports().iter().filter(|export| &*export.name == name).collect();
    let mut types = Vec::with_capacity(exports.len());
    let mut loops = Vec::with_capacity(exports.len());
    let mut first = None;
    for export in &exports {
        let details = loaded.details(export);
        let (Some(ufunc), Some(inner_loop)) = (&details.ufunc, loaded.ufunc_loop(export)) else {
            return Ok(None);
        };
        let signature = origin.signature(py, export)?;
        let shape = signature.ufunc_shape();
        let (known, _) = first.get_or_insert_with(|| (shape.clone(), ufunc.identity));
        if *known != shape {
            return Ok(None);
        }
        let row: Vec<c_char> =
            signature.operands().all.iter().map(|operand| type_number(operand.element)).collect();
        let twins: Vec<c_char> = row.iter().map(|number| twin(*number)).collect();
        loops.push(inner_loop);
        types.extend(&row);
        if twins != row {
            loops.push(inner_loop);
            types.extend(twins);
        }
    }
    let Some((_, identity)) = first else { return Ok(None) };
    let signature = &handle.get().plan.signature;
    let operands = signature.operands();
    let from_funcs = from_funcs(py, name)?;
    let core = (!operands.dims.is_empty()).then(|| {
        let dim = |index: &usize| match operands.dims.get(*index) {
            Some(Dim::Const(value)) => value.to_string(),
            Some(Dim::Param(index)) => signature.params[*index].name.clone(),
            _ => String::new(),
        };
        let list = |operands: &[Operand]| {
            let axes = |operand: &Operand| operand.axes.iter().map(dim).collect::<Vec<_>>().join(",");
            operands.iter().map(|operand| format!("({})", axes(operand))).collect::<Vec<_>>().join(",")
        };
        let (inputs, outputs) = operands.all.split_at(operands.inputs);
        format!("{}->{}", list(inputs), list(outputs))
    });
    let mut doc = String::new();
    if let Some(text) = loaded.details(exports[0]).doc {
        doc.extend(text.as_str().trim_end().split('\0'));
        doc += "\n\n";
    }
    for export in &exports {
        _ = writeln!(doc, "{}", loaded.details(export).signature);
    }
    let inputs = operands.inputs;
    let outputs = operands.all.len() - inputs;
    let identity = match identity {
        Some(Identity::Zero) => 0,
        Some(Identity::One) => 1,
        Some(Identity::MinusOne) => 2,
        Some(Identity::Reorderable) => -2,
        None => -1,
    };
    let text = |text: &str| Ok::<_, PyErr>(CString::new(text)?.into_raw().cast_const());
    let core = core.as_deref().map_or(Ok(std::ptr::null()), text)?;
    // NumPy keeps pointers to all of these as long as the ufunc lives, which like the code is for good.
    let data: &[*mut c_void] = Box::leak(vec![std::ptr::null_mut(); loops.len()].into_boxed_slice());
    let loops: &[*const c_void] = Box::leak(loops.into_boxed_slice());
    let types: &[c_char] = Box::leak(types.into_boxed_slice());
    // SAFETY: the function is NumPy's; arrays have as many entries as the counts say, texts end with NUL, and all live for good.
    // Each loop is code with the signature that NumPy calls.
    let ufunc = unsafe {
        let made = from_funcs(
            loops.as_ptr(),
            data.as_ptr(),
            types.as_ptr(),
            loops.len() as c_int,
            inputs as c_int,
            outputs as c_int,
            identity,
            text(name)?,
            text(doc.trim_end())?,
            0,
            core,
        );
        Bound::from_owned_ptr_or_err(py, made)?
    };
    EXPORTS.get_or_try(py, || Ok(PyDict::new(py)))?.set_item(&ufunc, handle)?;
    Ok(Some(ufunc))
}

/// NumPy's number of a type (`NPY_TYPES`).
fn type_number(scalar: Scalar) -> c_char {
    const WIDE: c_char = if size_of::<c_long>() == 8 { 7 } else { 9 };
    match scalar {
        Scalar::Bool => 0,
        Scalar::I8 => 1,
        Scalar::U8 => 2,
        Scalar::I16 => 3,
        Scalar::U16 => 4,
        Scalar::I32 => 5,
        Scalar::U32 => 6,
        Scalar::Long => 7,
        Scalar::Ulong => 8,
        Scalar::I64 => WIDE,
        Scalar::U64 | Scalar::Usize => WIDE + 1,
        Scalar::F32 => 11,
        Scalar::F64 => 12,
        Scalar::C64 => 14,
        Scalar::C128 => 15,
    }
}

/// The other type of NumPy's that has the same form: `long` is `long long` or `int`. A reduction takes no equivalent type.
fn twin(number: c_char) -> c_char {
    match (number, size_of::<c_long>()) {
        (7 | 8, 8) => number + 2,
        (5 | 6, 4) => number + 2,
        (7 | 8, 4) => number - 2,
        _ => number,
    }
}

/// NumPy's function that makes ufuncs.
fn from_funcs(py: Python<'_>, name: &str) -> PyResult<FromFuncs> {
    let missing = |cause: PyErr, what: &str| {
        let error = PyImportError::new_err(format!("`{name}` is a NumPy ufunc, {what}"));
        error.set_cause(py, Some(cause));
        error
    };
    let core = py
        .import("numpy._core._multiarray_umath")
        .or_else(|_| py.import("numpy.core._multiarray_umath"))
        .map_err(|cause| missing(cause, "which needs NumPy\nhint: pip install numpy"))?;
    let odd =
        |cause| missing(cause, "and this NumPy offers no way to make one\nhint: NumPy 1.22 to 2 are known");
    let capsule = core.getattr("_UFUNC_API").map_err(odd)?;
    // SAFETY: a capsule without a name that holds NumPy's table, whose entries are functions that never move; CPython refuses
    // anything else, and `FROM_FUNCS` is in every version of it.
    unsafe {
        let table = ffi::PyCapsule_GetPointer(capsule.as_ptr(), std::ptr::null()).cast::<*const c_void>();
        if table.is_null() {
            return Err(odd(PyErr::fetch(py)));
        }
        Ok(std::mem::transmute::<*const c_void, FromFuncs>(*table.add(FROM_FUNCS)))
    }
}
