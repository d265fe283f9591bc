//! The typed signature as plain Python data, for what compiles calls by itself: `pixie._numba`.

use pixie_format::Platform;
use pixie_format::signature::{Default, Dim, Layout, Mode, Param, Return, Scalar, ScalarKind, Type};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::call::fault;
use crate::plan::Plan;

/// A dict of `parameters` (dicts, in C's order; `expected` is how messages begin), `returns`, `apart` (pairs of parameters that must not overlap) and `status` (texts).
pub fn describe<'py>(py: Python<'py>, plan: &Plan, platform: Platform) -> PyResult<Bound<'py, PyDict>> {
    let signature = &plan.signature;
    let parameters = PyList::empty(py);
    for (slot, param) in signature.params.iter().enumerate() {
        let entry = parameter(py, param, platform)?;
        entry.set_item("hidden", signature.is_hidden(slot))?;
        let input = plan.inputs.iter().find(|input| usize::from(input.slot) == slot);
        if let Some((input, array)) = input.and_then(|input| Some((input, plan.array(input)?))) {
            entry.set_item("expected", fault::expected(plan, input, array))?;
            let texts: Vec<String> = array.dims.iter().map(|dim| signature.dim_text(dim)).collect();
            entry.set_item("dim_texts", texts)?;
        }
        parameters.append(entry)?;
    }
    let returns = match signature.ret {
        Return::Void => "void".to_owned(),
        Return::Ptr => "ptr".to_owned(),
        Return::Status => "status".to_owned(),
        Return::Scalar(scalar) => fixed(scalar, platform),
    };
    let slot = |input: u8| plan.inputs.get(usize::from(input)).map_or(0, |input| input.slot);
    let apart: Vec<(u8, u8)> = plan.apart.iter().map(|(a, b)| (slot(*a), slot(*b))).collect();
    let dict = PyDict::new(py);
    dict.set_item("parameters", parameters)?;
    dict.set_item("returns", returns)?;
    dict.set_item("apart", apart)?;
    dict.set_item("status", &plan.status)?;
    Ok(dict)
}

fn parameter<'py>(py: Python<'py>, param: &Param, platform: Platform) -> PyResult<Bound<'py, PyDict>> {
    let entry = PyDict::new(py);
    entry.set_item("name", &param.name)?;
    let mode = match param.mode {
        Mode::In => "in",
        Mode::InOut => "inout",
        Mode::Out => "out",
    };
    entry.set_item("mode", mode)?;
    match &param.ty {
        Type::Scalar(scalar) => entry.set_item("type", fixed(*scalar, platform))?,
        Type::Ptr => entry.set_item("type", "ptr")?,
        Type::Array(array) => {
            entry.set_item("type", "array")?;
            entry.set_item("element", fixed(array.element, platform))?;
            let dims: PyResult<Vec<_>> = array.dims.iter().map(|dim| dimension(py, dim)).collect();
            entry.set_item("dims", PyTuple::new(py, dims?)?)?;
            entry.set_item("optional", array.optional)?;
            let (order, stride) = match array.layout {
                Layout::C => ("C", None),
                Layout::F => ("F", None),
                Layout::Strided(slot) => ("A", Some(slot)),
            };
            entry.set_item("order", order)?;
            entry.set_item("stride", stride)?;
        }
    }
    match param.default {
        None => {}
        Some(Default::Bool(value)) => entry.set_item("default", value)?,
        Some(Default::Int(value)) => entry.set_item("default", value)?,
        Some(Default::Float(bits)) => entry.set_item("default", f64::from_bits(bits))?,
        Some(Default::None) => entry.set_item("default", py.None())?,
    }
    Ok(entry)
}

/// The name of the type with its width: `i64` for `long`, where that is so.
fn fixed(scalar: Scalar, platform: Platform) -> String {
    let bits = scalar.size(platform) * 8;
    match scalar.kind() {
        ScalarKind::Bool => "bool".to_owned(),
        ScalarKind::Signed => format!("i{bits}"),
        ScalarKind::Unsigned => format!("u{bits}"),
        ScalarKind::Float => format!("f{bits}"),
        ScalarKind::Complex => format!("c{bits}"),
    }
}

/// A number, or a tuple of an operator and operands: `("parameter", slot)`, `("+", left, right)`.
fn dimension<'py>(py: Python<'py>, dim: &Dim) -> PyResult<Bound<'py, PyAny>> {
    let (operator, left, right) = match dim {
        Dim::Const(value) => return Ok(value.into_pyobject(py)?.into_any()),
        Dim::Param(slot) => return Ok(("parameter", *slot).into_pyobject(py)?.into_any()),
        Dim::Add(left, right) => ("+", left, right),
        Dim::Sub(left, right) => ("-", left, right),
        Dim::Mul(left, right) => ("*", left, right),
    };
    let parts = (PyString::new(py, operator), dimension(py, left)?, dimension(py, right)?);
    Ok(parts.into_pyobject(py)?.into_any())
}
