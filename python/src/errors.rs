//! The one place where errors of the loader become Python exceptions.

use std::ffi::CString;
use std::path::Path;

use pixie_cache::Error;
use pixie_ld::LoadedModule;
use pyo3::exceptions::{PyFileNotFoundError, PyImportError, PyRuntimeError, PyRuntimeWarning};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::loader::forced_level;

/// An `ImportError` that carries the module's name and path, as those of the import system do.
pub fn import_error(py: Python<'_>, message: &str, name: &str, path: &Path) -> PyErr {
    let keywords = PyDict::new(py);
    let error = keywords
        .set_item("name", name)
        .and_then(|()| keywords.set_item("path", path.as_os_str()))
        .and_then(|()| py.get_type::<PyImportError>().call((message,), Some(&keywords)));
    match error {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// Warns of what could not be done though the module runs.
pub fn warn(py: Python<'_>, module: &LoadedModule, more: &[String]) -> PyResult<()> {
    for warning in module.warnings().iter().chain(more) {
        warn_text(py, format!("{}: {warning}", module.name()))?;
    }
    Ok(())
}

/// Gives a `RuntimeWarning`.
pub fn warn_text(py: Python<'_>, text: String) -> PyResult<()> {
    // A text with a NUL in it cannot be given to Python's C functions.
    PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &CString::new(text).unwrap_or_default(), 1)
}

/// What an import of a module raises.
pub fn on_import(py: Python<'_>, error: &Error, name: &str, path: &Path) -> PyErr {
    let mut message = error.to_string();
    // Whoever set the variable, maybe in another file, is not always who reads the message.
    use pixie_ld::Error::{UnknownIsa, UnsupportedIsa};
    if let Error::Load(UnknownIsa { forced, .. } | UnsupportedIsa { forced, .. }) = error
        && forced_level().as_ref() == Some(forced)
    {
        message.push_str(&format!("\nhint: the variable PIXIE_USE_ISA is set to `{forced}`"));
    }
    import_error(py, &message, name, path)
}

/// What making a module of others raises.
pub fn on_make(py: Python<'_>, error: &Error, path: &Path) -> PyErr {
    match error {
        Error::NoTool(message) => PyFileNotFoundError::new_err(message.clone()),
        Error::Compile(message) => PyRuntimeError::new_err(message.clone()),
        Error::Load(pixie_ld::Error::Read { path, .. }) => on_load(py, error, path),
        error => on_load(py, error, path),
    }
}

/// What asking for a function raises whose description in the module is at fault.
pub fn on_function(py: Python<'_>, error: &pixie_ld::Error, module: &str, path: Option<&Path>) -> PyErr {
    import_error(py, &error.to_string(), module, path.unwrap_or(Path::new("")))
}

/// What `pixie.load` raises: like `open` where the file cannot be read, else like an import.
pub fn on_load(py: Python<'_>, error: &Error, path: &Path) -> PyErr {
    if let Error::Load(pixie_ld::Error::Read { source, .. }) = error
        && let Some(code) = source.raw_os_error()
    {
        // The operating system's text ends in its number, which the exception shows anyway.
        let text = source.to_string();
        let text = text.split(" (os error").next().unwrap_or_default().to_owned();
        return pyo3::exceptions::PyOSError::new_err((code, text, path.display().to_string()));
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    on_import(py, error, &name, path)
}
