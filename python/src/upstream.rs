//! The dict `__PIXIE__` of the first PIXIE (numba/pixie), for programs that read it.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::bitcode;
use crate::ctypes;
use crate::home;
use crate::module::Origin;

/// Makes the dict; it imports ctypes, as its readers expect function pointers in it. What a module that was built through the first
/// PIXIE's interface has to say about itself is put in by `pixie._overlay`.
pub fn dict<'py>(py: Python<'py>, origin: &Arc<Origin>) -> PyResult<Bound<'py, PyDict>> {
    let loaded = &origin.loaded;
    let symbols = PyDict::new(py);
    let exports = PyList::empty(py);
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
        exports.append((&record.name, &record.signature, &record.symbol, &record.metadata))?;
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
    dict.set_item("linkage", py.None())?;
    dict.set_item("bitcode", bitcode::read(py, origin, |_, _, bytes| PyBytes::new(py, bytes)))?;
    dict.set_item("is_specialized", loaded.manifest().origin.is_some())?;
    dict.set_item("available_isas", isas)?;
    dict.set_item("selected_isa", &loaded.variant().isa)?;
    let about = PyDict::new(py);
    about.set_item("name", &origin.name)?;
    about.set_item("path", loaded.path().map(std::path::Path::as_os_str))?;
    about.set_item("platform", loaded.platform().name())?;
    about.set_item("build_id", loaded.build_id().to_string())?;
    about.set_item("metadata", &loaded.manifest().metadata)?;
    about.set_item("exports", exports)?;
    about.set_item("opt", loaded.manifest().options.opt)?;
    about.set_item("reproducible", loaded.manifest().options.reproducible)?;
    let foreign = loaded.manifest().imports.iter().filter(|import| import.foreign);
    about.set_item("foreign", foreign.map(|import| import.name.as_str()).collect::<Vec<_>>())?;
    home::import(py, "_overlay")?.call_method1("complete", (&dict, about))?;
    Ok(dict)
}
