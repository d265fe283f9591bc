//! The bitcode that the running code was compiled from, for `pixie._numba`, whose own LLVM inlines it.

use pixie_format::reader::Module;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::module::Origin;

/// The bitcode of the variant that runs, and what a reader must know of it; `None` where the file has none, is gone, or is another.
///
/// The bytes are those whose hash stands in the manifest.
pub fn describe<'py>(py: Python<'py>, origin: &Origin) -> PyResult<Option<Bound<'py, PyDict>>> {
    let loaded = &origin.loaded;
    // A portable module that came in a pickle has no other file.
    if let Some(content) = origin.content.get(py) {
        return within(py, origin, content.as_bytes());
    }
    let Some(bytes) = loaded.code_path().and_then(|path| std::fs::read(path).ok()) else { return Ok(None) };
    within(py, origin, &bytes)
}

fn within<'py>(py: Python<'py>, origin: &Origin, bytes: &[u8]) -> PyResult<Option<Bound<'py, PyDict>>> {
    let loaded = &origin.loaded;
    let Ok(module) = Module::parse(bytes) else { return Ok(None) };
    if module.build_id().ok() != Some(loaded.build_id()) {
        return Ok(None);
    }
    let manifest = module.manifest();
    let Some(bitcode) = manifest.bitcode_of(loaded.platform(), loaded.variant()) else { return Ok(None) };
    // Absent where the module was thinned; an error where it is not what was built.
    let Ok(blob) = module.blob(bitcode.blob) else { return Ok(None) };
    let found = PyDict::new(py);
    found.set_item("bytes", PyBytes::new(py, blob))?;
    found.set_item("llvm", &bitcode.llvm)?;
    found.set_item("triple", &bitcode.triple)?;
    found.set_item("data_layout", &bitcode.data_layout)?;
    found.set_item("reproducible", manifest.options.reproducible)?;
    Ok(Some(found))
}
