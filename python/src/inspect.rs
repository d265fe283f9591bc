//! Looking at code: what `pixie._inspect` does is reached from here, so that nobody pays for it who does not look.

use pyo3::prelude::*;

use crate::home;

/// The code behind `about`, a `FatModule` or an `Export`, in a form that `pixie inspect` has; of one function, or of all.
pub fn code<'py>(
    about: &Bound<'py, PyAny>,
    form: &str,
    function: Option<&str>,
    platform: Option<&str>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    home::import(about.py(), "_inspect")?.call_method1("code", (about, form, function, platform, isa))
}

/// The flow graph of the code behind `about`.
pub fn flow_graph<'py>(
    about: &Bound<'py, PyAny>,
    function: Option<&str>,
    platform: Option<&str>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    home::import(about.py(), "_inspect")?.call_method1("flow_graph", (about, function, platform, isa))
}

/// The table of variants for a notebook.
pub fn variant_table<'py>(about: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    home::import(about.py(), "_inspect")?.call_method1("variant_table", (about,))
}
