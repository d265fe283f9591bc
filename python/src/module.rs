//! A loaded module as Python sees it: its functions, and `__pixie__`, which tells what it is and why this variant runs.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use pixie_format::FORMAT_VERSION;
use pixie_ld::LoadedModule;
use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::export::Export;
use crate::upstream;

/// A loaded module and how it came to Python.
pub struct Origin {
    /// The name under which Python knows it, with its packages.
    pub name: String,
    /// Whether the import system found it, so that it can be found again by name.
    pub imported: bool,
    /// The code.
    pub loaded: LoadedModule,
}

impl Origin {
    /// A module that has been loaded.
    pub fn new(name: String, imported: bool, loaded: LoadedModule) -> Arc<Origin> {
        Arc::new(Origin { name, imported, loaded })
    }

    /// Gives `module` its functions, its docstring and `__pixie__`.
    pub fn fill(self: Arc<Origin>, module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        let dict = module.dict();
        let module_name = module.name()?;
        let exports = self.loaded.exports();
        // From the last to the first, so that each knows the overload that comes after it.
        let mut handles: Vec<Bound<'_, Export>> = Vec::with_capacity(exports.len());
        for (index, export) in exports.iter().enumerate().rev() {
            let same = |handle: &&Bound<'_, Export>| handle.get().name() == export.signature.name;
            let next = handles.iter().rev().find(same).map(|handle| handle.clone().unbind());
            handles.push(Export::handle(py, &self, index, next)?);
        }
        let overloads: Vec<*const Export> = handles
            .iter()
            .filter_map(|handle| Some(std::ptr::from_ref(handle.get().next.as_ref()?.get())))
            .collect();
        for handle in handles.iter().rev() {
            // What some other export goes on to is not entered itself.
            if overloads.is_empty() || !overloads.contains(&std::ptr::from_ref(handle.get())) {
                let name = PyString::intern(py, handle.get().name());
                dict.set_item(name, Export::function(handle, &module_name)?)?;
            }
        }
        if let Some(doc) = self.loaded.doc() {
            dict.set_item(intern!(py, "__doc__"), doc)?;
        }
        let about = Bound::new(py, FatModule { origin: self })?;
        dict.set_item(intern!(py, "__getattr__"), about.getattr(intern!(py, "_module_attribute"))?)?;
        dict.set_item(intern!(py, "__pixie__"), about)
    }
}

/// What a fat module is and which of its variants runs: the attribute `__pixie__` of a module.
#[pyclass(frozen, module = "pixie")]
pub struct FatModule {
    origin: Arc<Origin>,
}

impl FatModule {
    fn loaded(&self) -> &LoadedModule {
        &self.origin.loaded
    }
}

#[pymethods]
impl FatModule {
    /// The name that the author gave the module.
    #[getter]
    fn name(&self) -> &str {
        self.loaded().name()
    }

    /// The file.
    #[getter]
    fn path(&self) -> Option<&OsStr> {
        self.loaded().path().map(Path::as_os_str)
    }

    /// The platform whose objects are used.
    #[getter]
    fn platform(&self) -> &'static str {
        self.loaded().platform().name()
    }

    /// The ISA level of the variant that is used.
    #[getter]
    fn isa(&self) -> &str {
        &self.loaded().variant().isa
    }

    /// Why that level.
    #[getter]
    fn reason(&self) -> String {
        match self.loaded().selection().forced {
            true => "chosen by the caller or PIXIE_USE_ISA".to_owned(),
            false => "the highest that this processor runs".to_owned(),
        }
    }

    /// The variants for this platform, lowest level first: dicts of `isa`, `features`, `chosen` and `reason`.
    #[getter]
    fn variants<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        let selection = self.loaded().selection();
        for (index, variant) in self.loaded().variants().iter().enumerate() {
            let chosen = index == selection.index;
            let refused = selection.refused.iter().find(|refusal| refusal.isa == variant.isa);
            let entry = PyDict::new(py);
            entry.set_item("isa", &variant.isa)?;
            entry.set_item("features", PyTuple::new(py, &variant.features)?)?;
            entry.set_item("chosen", chosen)?;
            match refused {
                Some(refusal) if !chosen => entry.set_item("reason", &refusal.reason)?,
                _ => entry.set_item("reason", self.reason())?,
            }
            list.append(entry)?;
        }
        Ok(list)
    }

    /// The platforms that the module was built for.
    #[getter]
    fn platforms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.loaded().manifest().platforms.keys())
    }

    /// The identity of the module, in hexadecimal; the same for every platform and for thinned copies.
    #[getter]
    fn build_id(&self) -> String {
        self.loaded().build_id().to_string()
    }

    /// The tool that built the module.
    #[getter]
    fn producer(&self) -> &str {
        &self.loaded().manifest().producer
    }

    /// The functions: a dict of name to typed signature.
    #[getter]
    fn exports<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for export in self.loaded().exports() {
            dict.set_item(&export.signature.name, export.signature.to_string())?;
        }
        Ok(dict)
    }

    /// The version of the format that this runtime reads.
    #[getter]
    fn format(&self) -> String {
        format!("{}.{}", FORMAT_VERSION.0, FORMAT_VERSION.1)
    }

    /// What the module answers for names that it does not hold (PEP 562).
    fn _module_attribute<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        if name == "__PIXIE__" {
            return Ok(upstream::dict(py, &self.origin)?.into_any());
        }
        Err(PyAttributeError::new_err(format!("module '{}' has no attribute '{name}'", self.origin.name)))
    }

    fn __repr__(&self) -> String {
        format!("<fat module '{}' on {} at {}>", self.origin.name, self.platform(), self.isa())
    }
}
