//! The package that this library is a part of: `pixie`, or one inside the package of an author who ships the runtime along.

use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::PyString;

static PACKAGE: OnceLock<String> = OnceLock::new();

/// Remembers where `core`, this library as a module, lies.
pub fn settle(core: &Bound<'_, PyModule>) -> PyResult<()> {
    let name = core.name()?;
    let package = name.to_str()?.rsplit_once('.').map_or("pixie", |(package, _)| package);
    // A second import of the same library by the same process is of the same package.
    let _ = PACKAGE.set(package.to_owned());
    Ok(())
}

/// Imports a module of the package.
pub fn import<'py>(py: Python<'py>, module: &str) -> PyResult<Bound<'py, PyModule>> {
    let package = PACKAGE.get().map_or("pixie", String::as_str);
    py.import(PyString::new(py, &format!("{package}.{module}")))
}
