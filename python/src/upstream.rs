//! The dict `__PIXIE__` of the first PIXIE (numba/pixie), for programs that read it.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::ctypes;
use crate::module::Origin;

/// Makes the dict; it imports ctypes, as its readers expect function pointers in it.
pub fn dict<'py>(py: Python<'py>, origin: &Arc<Origin>) -> PyResult<Bound<'py, PyDict>> {
    let loaded = &origin.loaded;
    let symbols = PyDict::new(py);
    let mut header = String::new();
    for export in loaded.exports() {
        let signature = &origin.signature(py, export)?;
        let address = export.function as usize;
        let Some(record) = loaded.manifest().exports.get(export.index) else { continue };
        let prototype = ctypes::prototype(py, signature)?;
        let entry = PyDict::new(py);
        entry.set_item("cfunc", prototype.call1((address,))?)?;
        entry.set_item("ctypes_cfunctype", prototype)?;
        entry.set_item("symbol", &record.symbol)?;
        entry.set_item("module", &origin.name)?;
        entry.set_item("source_file", &record.source)?;
        entry.set_item("address", address)?;
        entry.set_item("metadata", &record.metadata)?;
        let by_signature = match symbols.get_item(&signature.name)? {
            Some(there) => there.cast_into::<PyDict>()?,
            None => {
                let fresh = PyDict::new(py);
                symbols.set_item(&signature.name, &fresh)?;
                fresh
            }
        };
        let params: Vec<String> = signature.params.iter().map(ctypes::param_name).collect();
        let upstream = params.iter().map(|param| param.replace("const ", "").replace(" *", "*"));
        let upstream: Vec<String> = upstream.collect();
        let ret = ctypes::return_name(signature.ret);
        by_signature.set_item(format!("{}({})", ret.replace(" *", "*"), upstream.join(", ")), entry)?;
        let params = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
        header += &format!("{ret} {}({params});\n", record.symbol);
    }
    let isas = PyList::new(py, ["baseline"])?;
    for variant in loaded.variants() {
        isas.append(&variant.isa)?;
    }
    let dict = PyDict::new(py);
    dict.set_item("symbols", symbols)?;
    dict.set_item("c_header", header)?;
    dict.set_item("uuid", loaded.build_id().to_string())?;
    dict.set_item("is_specialized", loaded.manifest().origin.is_some())?;
    dict.set_item("available_isas", isas)?;
    dict.set_item("selected_isa", &loaded.variant().isa)?;
    Ok(dict)
}
