//! What this process runs on, as Python sees it.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// The platform and processor of this process.
#[pyclass(frozen, module = "pixie")]
pub struct Host {
    host: &'static pixie_ld::Host,
}

/// Tells what this process runs on: platform, processor, features, and the ISA levels that it can run.
#[pyfunction]
pub fn host() -> PyResult<Host> {
    let host = pixie_ld::Host::detect().map_err(|error| PyImportError::new_err(error.to_string()))?;
    Ok(Host { host })
}

#[pymethods]
impl Host {
    /// The platform whose objects can run, for example `linux-64`.
    #[getter]
    fn platform(&self) -> &'static str {
        self.host.platform.name()
    }

    /// The processor's own name.
    #[getter]
    fn cpu(&self) -> &str {
        self.host.cpu()
    }

    /// The features that the processor has and the operating system has enabled, by LLVM's names.
    #[getter]
    fn features<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let names: Vec<&str> = self.host.features.iter().map(|feature| feature.name()).collect();
        PyTuple::new(py, names)
    }

    /// The ISA levels of the platform that this processor can run, lowest first.
    #[getter]
    fn levels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let levels = self.host.platform.levels().iter();
        let runs = levels.filter(|level| self.host.features.contains_all(level.features));
        PyTuple::new(py, runs.map(|level| level.name).collect::<Vec<_>>())
    }

    fn __repr__(&self) -> String {
        format!("<pixie host {}: {}>", self.host.platform, self.host.cpu())
    }
}
