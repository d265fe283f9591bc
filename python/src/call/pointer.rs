//! `ptr` arguments: an address, a ctypes pointer, a function of a fat module or None; never a buffer, whose extent nobody would check.

use pyo3::prelude::*;

use super::scalar;
use crate::export::Export;
use crate::plan::{Input, Integer, Plan};

/// The types of ctypes that hold an address.
const CTYPES: [&str; 5] = ["_Pointer", "c_void_p", "c_char_p", "c_wchar_p", "_CFuncPtr"];

/// The address that `object` stands for.
pub(super) fn address(plan: &Plan, input: &Input, object: &Bound<'_, PyAny>) -> PyResult<u64> {
    if object.is_none() {
        return Ok(0);
    }
    if let Some(address) = ctypes_address(object)? {
        return Ok(address);
    }
    if object.is_callable()
        && let Ok(export) = Export::of(object)
    {
        return Ok(export.get().function as u64);
    }
    let expected = "an address (int), a ctypes pointer, a function of a fat module or None";
    let index = scalar::as_index(plan, input, object, expected)?;
    scalar::integer(plan, input, &index, Integer { bits: 64, signed: false })
}

/// The address in a ctypes pointer. A process without ctypes has none.
fn ctypes_address(object: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
    let py = object.py();
    let modules = py.import("sys")?.getattr("modules")?;
    let Ok(ctypes) = modules.get_item("ctypes") else { return Ok(None) };
    for name in CTYPES {
        if object.is_instance(&ctypes.getattr(name)?)? {
            let void = ctypes.getattr("c_void_p")?;
            let address = ctypes.call_method1("cast", (object, void))?.getattr("value")?;
            return Ok(Some(address.extract::<Option<u64>>()?.unwrap_or(0)));
        }
    }
    Ok(None)
}
