//! What is wrong with an argument, in words: the function, the parameter, what was expected, what was found.

use pixie_format::signature::{Array, Layout, Mode, Scalar, ScalarKind, Type};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;

use super::buffers::{self, Element};
use crate::export::Export;
use crate::plan::{ArrayPlan, Input, Plan};

/// The name of a parameter and its type without array extents.
pub(super) fn names<'p>(plan: &'p Plan, input: &Input) -> (&'p str, &'static str) {
    let param = plan.param(input);
    let ty = match &param.ty {
        Type::Scalar(scalar) => scalar.name(),
        Type::Ptr => "ptr",
        Type::Array(array) => array.element.name(),
    };
    (&param.name, ty)
}

/// A scalar that is none.
pub(super) fn scalar(
    plan: &Plan,
    input: &Input,
    error: fn(String) -> PyErr,
    expected: &str,
    object: &Bound<'_, PyAny>,
) -> PyErr {
    let (param, ty) = names(plan, input);
    error(format!(
        "{}() argument `{param}`: expected {expected} for {ty}, found {}",
        plan.signature.name,
        type_name(object)
    ))
}

/// The name of an object's type, with its module unless that is `builtins`.
pub(super) fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().fully_qualified_name().map_or_else(|_| "an object".to_owned(), |name| name.to_string())
}

/// NumPy's name of an element type, for hints.
pub(super) fn dtype(scalar: Scalar, size: usize) -> String {
    let bits = size * 8;
    match scalar.kind() {
        ScalarKind::Bool => "bool".to_owned(),
        ScalarKind::Signed => format!("int{bits}"),
        ScalarKind::Unsigned => format!("uint{bits}"),
        ScalarKind::Float => format!("float{bits}"),
        ScalarKind::Complex => format!("complex{bits}"),
    }
}

/// What `memoryview.cast` calls the type; it knows no complex ones.
fn memory_code(scalar: Scalar, size: usize) -> Option<char> {
    let integer = match size {
        1 => 'b',
        2 => 'h',
        4 => 'i',
        _ => 'q',
    };
    match scalar.kind() {
        ScalarKind::Bool => Some('?'),
        ScalarKind::Signed => Some(integer),
        ScalarKind::Unsigned => Some(integer.to_ascii_uppercase()),
        ScalarKind::Float => Some(if size == 4 { 'f' } else { 'd' }),
        ScalarKind::Complex => None,
    }
}

/// "dot() argument `a`: expected a C-contiguous f64 array of shape [n]".
pub fn expected(plan: &Plan, input: &Input, array: &Array) -> String {
    let param = plan.param(input);
    let dims: Vec<String> = array.dims.iter().map(|dim| plan.signature.dim_text(dim)).collect();
    let order = match array.layout {
        Layout::C => "C-contiguous ",
        Layout::F => "Fortran-contiguous ",
        Layout::Strided(_) => "strided ",
    };
    let writable = if param.mode == Mode::In { "" } else { "writable " };
    let none = if array.optional { " or None" } else { "" };
    format!(
        "{}() argument `{}`: expected a {writable}{order}{} array of shape [{}]{none}",
        plan.signature.name,
        param.name,
        array.element.name(),
        dims.join(", ")
    )
}

/// A Python tuple of extents or strides.
pub(super) fn tuple(numbers: &[isize]) -> String {
    match numbers {
        [one] => format!("({one},)"),
        several => format!("({})", several.iter().map(isize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// The extents of a buffer.
pub(super) fn shape(view: &ffi::Py_buffer) -> &[isize] {
    if view.ndim <= 0 || view.shape.is_null() {
        return &[];
    }
    // SAFETY: a buffer that was asked for strides has `ndim` extents, which live as long as it.
    unsafe { std::slice::from_raw_parts(view.shape, view.ndim as usize) }
}

/// The strides of a buffer, in bytes.
pub(super) fn strides(view: &ffi::Py_buffer) -> &[isize] {
    if view.ndim <= 0 || view.strides.is_null() {
        return &[];
    }
    // SAFETY: as for the extents.
    unsafe { std::slice::from_raw_parts(view.strides, view.ndim as usize) }
}

/// What a buffer is: "int32 (format 'i'), shape (3,)".
fn found(view: &ffi::Py_buffer) -> String {
    let element: Element = buffers::element(view);
    format!(
        "{} (format '{}'), shape {}",
        element.name(),
        buffers::format(view).escape_ascii(),
        tuple(shape(view))
    )
}

/// What about a buffer is wrong.
pub(super) enum Wrong {
    /// The element type.
    Dtype,
    /// The number of axes.
    Rank,
    /// Read-only, but written by the function.
    ReadOnly,
    /// Not contiguous in the order that the function reads.
    Order,
    /// The address, for the processor's sake.
    Alignment,
    /// The distance of elements is no multiple of their size.
    Stride,
    /// All elements are one, and the function writes them.
    ZeroStride,
}

/// An object without a buffer.
pub(super) fn no_buffer(
    plan: &Plan,
    input: &Input,
    array: &Array,
    size: usize,
    object: &Bound<'_, PyAny>,
) -> PyErr {
    PyTypeError::new_err(format!(
        "{}, found {}\nhint: pass an object with the buffer protocol, such as numpy.asarray({}, dtype='{}')",
        expected(plan, input, array),
        type_name(object),
        plan.param(input).name,
        dtype(array.element, size)
    ))
}

/// A buffer that cannot be passed as it is.
pub(super) fn buffer(
    plan: &Plan,
    input: &Input,
    array: &Array,
    kind: &ArrayPlan,
    view: &ffi::Py_buffer,
    wrong: &Wrong,
) -> PyErr {
    let name = &plan.param(input).name;
    let head = format!("{}, found {}", expected(plan, input, array), found(view));
    match wrong {
        Wrong::Dtype => {
            let dtype = dtype(array.element, kind.size);
            // Arrow's buffers, among others, do not say what their bytes are.
            let raw = matches!(buffers::format(view), b"b" | b"B" | b"c");
            let cast = match memory_code(array.element, kind.size) {
                Some(code) if raw => {
                    format!(
                        "; if these are the bytes of such elements, pass memoryview({name}).cast('{code}')"
                    )
                }
                _ => String::new(),
            };
            PyTypeError::new_err(match plan.param(input).mode {
                Mode::In => {
                    format!("{head}\nhint: if a copy is meant, pass numpy.asarray({name}, '{dtype}'){cast}")
                }
                // A copy would take the result with it.
                _ => format!(
                    "{head}\nhint: it is written in place, so make it of dtype '{dtype}' from the start{cast}"
                ),
            })
        }
        Wrong::Rank => PyValueError::new_err(format!("{head}: {} axes instead of {}", view.ndim, kind.rank)),
        Wrong::ReadOnly => PyValueError::new_err(format!("{head}, which is read-only")),
        Wrong::Order => {
            let remedy = if array.layout == Layout::F { "asfortranarray" } else { "ascontiguousarray" };
            PyValueError::new_err(format!(
                "{head}, strides {}\nhint: if a copy is meant, pass numpy.{remedy}({name})",
                tuple(strides(view))
            ))
        }
        Wrong::Alignment => PyValueError::new_err(format!(
            "{head}, at an address that is no multiple of {}\nhint: if a copy is meant, pass {name}.copy()",
            kind.align
        )),
        Wrong::Stride => PyValueError::new_err(format!(
            "{head}, strides {}: no multiple of the {} bytes of an element",
            tuple(strides(view)),
            kind.size
        )),
        Wrong::ZeroStride => PyValueError::new_err(format!(
            "{head}, whose elements share one place in memory\nhint: pass {name}.copy(), and read the result there"
        )),
    }
}

/// An extent or stride that the C type of its parameter cannot hold.
pub(super) fn does_not_fit(plan: &Plan, input: &Input, slot: u8, value: isize) -> PyErr {
    let (name, ty) = match plan.signature.params.get(slot as usize) {
        Some(param) => {
            (param.name.as_str(), if let Type::Scalar(scalar) = param.ty { scalar.name() } else { "" })
        }
        None => ("", ""),
    };
    PyOverflowError::new_err(format!(
        "{}() argument `{}`: `{name}` would be {value}, out of range for {ty}",
        plan.signature.name,
        plan.param(input).name
    ))
}

/// A shape that disagrees with another argument. `demanded` is what the extent should be; `source` the array that says so.
pub(super) fn shape_mismatch(
    plan: &Plan,
    input: &Input,
    array: &Array,
    found: &[isize],
    axis: usize,
    demanded: Option<i128>,
    source: Option<&str>,
) -> PyErr {
    let text = array.dims.get(axis).map(|dim| plan.signature.dim_text(dim)).unwrap_or_default();
    let from = source.map(|name| format!(" from `{name}`")).unwrap_or_default();
    let demand = match demanded {
        Some(value) if value.to_string() == text => String::new(),
        Some(value) => format!(" with {text} = {value}{from}"),
        None => format!(" with {text} beyond 128 bits"),
    };
    PyValueError::new_err(format!("{}{demand}, found shape {}", expected(plan, input, array), tuple(found)))
}

/// Strides that should be equal and are not.
pub(super) fn stride_mismatch(plan: &Plan, input: &Input, stride: isize, demanded: i128) -> PyErr {
    PyValueError::new_err(format!(
        "{}() argument `{}`: expected a stride of {demanded} elements, as the other array has, found {stride}",
        plan.signature.name,
        plan.param(input).name
    ))
}

/// Two arrays that share memory.
pub(super) fn overlap(plan: &Plan, first: &Input, second: &Input) -> PyErr {
    let (a, b) = (plan.param(first), plan.param(second));
    let written = if b.mode == Mode::In { &a.name } else { &b.name };
    PyValueError::new_err(format!(
        "{}() arguments `{}` and `{}` overlap in memory, and `{written}` is written\nhint: if a copy is meant, pass {}.copy()",
        plan.signature.name,
        a.name,
        b.name,
        if b.mode == Mode::In { &b.name } else { &a.name }
    ))
}

/// Arguments that none of several overloads takes: the reason of each.
pub(super) fn no_overload(py: Python<'_>, last: &Export, refusals: Vec<PyErr>, error: PyErr) -> PyErr {
    // A failure that is not about types belongs to the overload that the types chose.
    let about_types = error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyOverflowError>(py);
    if !about_types {
        return error;
    }
    let reasons = refusals.iter().chain([&error]).map(|error| {
        let text = error.value(py).to_string();
        format!("\n  {}", text.split('\n').next().unwrap_or_default())
    });
    PyTypeError::new_err(format!(
        "none of the overloads of {}() takes these arguments{}",
        last.plan.signature.name,
        reasons.collect::<String>()
    ))
}
