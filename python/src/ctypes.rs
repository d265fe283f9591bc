//! C's view of a signature: its spelling, for capsules and headers, and ctypes' types.

use pixie_format::signature::{Mode, Param, Return, Scalar, Signature, Type};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

/// C's name of a scalar type, as SciPy spells them where it has one.
const fn c_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "_Bool",
        Scalar::I8 => "int8_t",
        Scalar::I16 => "int16_t",
        Scalar::I32 => "int",
        Scalar::I64 => "int64_t",
        Scalar::U8 => "uint8_t",
        Scalar::U16 => "uint16_t",
        Scalar::U32 => "uint32_t",
        Scalar::U64 => "uint64_t",
        Scalar::Usize => "size_t",
        Scalar::Long => "long",
        Scalar::Ulong => "unsigned long",
        Scalar::F32 => "float",
        Scalar::F64 => "double",
        Scalar::C64 => "float _Complex",
        Scalar::C128 => "double _Complex",
    }
}

/// The ctypes type of a scalar. Complex elements are passed as pairs of their parts.
const fn ctypes_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "c_bool",
        Scalar::I8 => "c_int8",
        Scalar::I16 => "c_int16",
        Scalar::I32 => "c_int32",
        Scalar::I64 => "c_int64",
        Scalar::U8 => "c_uint8",
        Scalar::U16 => "c_uint16",
        Scalar::U32 => "c_uint32",
        Scalar::U64 => "c_uint64",
        Scalar::Usize => "c_size_t",
        Scalar::Long => "c_long",
        Scalar::Ulong => "c_ulong",
        Scalar::F32 | Scalar::C64 => "c_float",
        Scalar::F64 | Scalar::C128 => "c_double",
    }
}

/// C's name of a result type.
pub fn return_name(ret: Return) -> &'static str {
    match ret {
        Return::Void => "void",
        Return::Scalar(scalar) => c_name(scalar),
        Return::Ptr => "void *",
        Return::Status => "int",
    }
}

/// C's spelling of a parameter's type.
pub fn param_name(param: &Param) -> String {
    match &param.ty {
        Type::Scalar(scalar) => c_name(*scalar).to_owned(),
        Type::Ptr => "void *".to_owned(),
        Type::Array(array) => {
            let constant = if param.mode == Mode::In { "const " } else { "" };
            format!("{constant}{} *", c_name(array.element))
        }
    }
}

/// C's spelling of the function type without `const`, which SciPy does not know: `double (double *, int)`.
pub fn spelling(signature: &Signature) -> String {
    let params = signature.params.iter().map(|param| param_name(param).replace("const ", ""));
    format!("{} ({})", return_name(signature.ret), params.collect::<Vec<_>>().join(", "))
}

/// The function at `address` as ctypes calls it.
pub fn function<'py>(py: Python<'py>, signature: &Signature, address: usize) -> PyResult<Bound<'py, PyAny>> {
    prototype(py, signature)?.call1((address,))
}

/// The ctypes prototype of a signature.
pub fn prototype<'py>(py: Python<'py>, signature: &Signature) -> PyResult<Bound<'py, PyAny>> {
    let ctypes = py.import("ctypes")?;
    let types = PyList::empty(py);
    types.append(match signature.ret {
        Return::Void => py.None().into_bound(py),
        Return::Scalar(scalar) => ctypes.getattr(ctypes_name(scalar))?,
        Return::Ptr => ctypes.getattr("c_void_p")?,
        Return::Status => ctypes.getattr("c_int")?,
    })?;
    for param in &signature.params {
        types.append(match &param.ty {
            Type::Scalar(scalar) => ctypes.getattr(ctypes_name(*scalar))?,
            Type::Ptr => ctypes.getattr("c_void_p")?,
            Type::Array(array) => {
                ctypes.call_method1("POINTER", (ctypes.getattr(ctypes_name(array.element))?,))?
            }
        })?;
    }
    ctypes.getattr("CFUNCTYPE")?.call1(PyTuple::new(py, types.iter())?)
}
