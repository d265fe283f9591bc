//! The bitcode that the running code was compiled from, for those who ask: the dict `__PIXIE__`, and `pixie._numba`, whose own LLVM inlines it.

use pixie_format::manifest::{Bitcode, Manifest};
use pixie_format::reader::Module;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::module::Origin;

/// What `look` makes of the manifest, the entry and the bytes, whose hash stands in the manifest. Loading does not read them, so the file is read
/// again: `None` where it is gone, is another one by now, or was thinned.
pub fn read<T>(
    py: Python<'_>,
    origin: &Origin,
    look: impl FnOnce(&Manifest, &Bitcode, &[u8]) -> T,
) -> Option<T> {
    let loaded = &origin.loaded;
    let (content, file);
    let bytes = match origin.content.get(py) {
        // A portable module that came in a pickle has no other file.
        Some(found) => {
            content = found;
            content.as_bytes()
        }
        None => {
            file = std::fs::read(loaded.code_path()?).ok()?;
            &file
        }
    };
    let module = Module::parse(bytes).ok()?;
    if module.build_id().ok()? != loaded.build_id() {
        return None;
    }
    let entry = module.manifest().bitcode_of(loaded.platform(), loaded.variant())?;
    Some(look(module.manifest(), entry, module.blob(entry.blob).ok()?))
}

/// The bitcode of the variant that runs, and what a reader must know of it, as a dict.
pub fn describe<'py>(py: Python<'py>, origin: &Origin) -> PyResult<Option<Bound<'py, PyDict>>> {
    let described = |manifest: &Manifest, entry: &Bitcode, bytes: &[u8]| {
        let found = PyDict::new(py);
        found.set_item("bytes", PyBytes::new(py, bytes))?;
        found.set_item("llvm", &entry.llvm)?;
        found.set_item("triple", &entry.triple)?;
        found.set_item("data_layout", &entry.data_layout)?;
        found.set_item("reproducible", manifest.options.reproducible)?;
        Ok(found)
    };
    read(py, origin, described).transpose()
}
