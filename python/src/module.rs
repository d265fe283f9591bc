//! A loaded module as Python sees it: its functions, and `__pixie__`, which tells what it is and why this variant runs.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use pixie_format::{FORMAT_VERSION, Signature};
use pixie_ld::{LoadedExport, LoadedModule, Part, read_ahead};
use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PySet, PyString, PyTuple};

use crate::errors::on_function;
use crate::export::Export;
use crate::once::{Once, name};
use crate::{fuse, home, inspect, ufunc, upstream, variants};

/// A loaded module and how it came to Python.
pub struct Origin {
    /// The name under which Python knows it, with its packages.
    pub name: String,
    /// Whether the import system found it, so that it can be found again by name.
    pub imported: bool,
    /// Whether pickles of its functions hold the whole file.
    pub portable: bool,
    /// The file, once a pickle has asked for it, or as a pickle brought it.
    pub content: Once<PyBytes>,
    /// The code, which a portable module shares with the one that it was made from.
    pub loaded: Arc<LoadedModule>,
}

impl Origin {
    /// A module that has been loaded.
    pub fn new(name: String, imported: bool, loaded: LoadedModule) -> Arc<Origin> {
        Origin::of(name, imported, Arc::new(loaded))
    }

    /// A module whose code others have, too.
    pub fn of(name: String, imported: bool, loaded: Arc<LoadedModule>) -> Arc<Origin> {
        Arc::new(Origin { name, imported, portable: false, content: Once::new(), loaded })
    }

    /// A module that the import system found, whose file lies where only a loader reaches it.
    pub fn with_content(name: String, loaded: LoadedModule, content: Py<PyBytes>) -> Arc<Origin> {
        let content = Once::made(content);
        Arc::new(Origin { name, imported: true, portable: false, content, loaded: Arc::new(loaded) })
    }

    /// A module whose functions pickle with their file, which is read when it is first needed unless it is there already.
    pub fn portable(name: String, loaded: Arc<LoadedModule>, content: Option<Py<PyBytes>>) -> Arc<Origin> {
        let content = content.map_or_else(Once::new, Once::made);
        Arc::new(Origin { name, imported: false, portable: true, content, loaded })
    }

    /// The signature of an export, which nobody has asked for before.
    pub fn signature(&self, py: Python<'_>, export: &LoadedExport) -> PyResult<Signature> {
        let loaded = &self.loaded;
        loaded.signature(export).map_err(|error| on_function(py, &error, &self.name, loaded.path()))
    }

    /// Gives `module` its docstring, `__pixie__`, and what makes its functions when they are first asked for: a program that uses
    /// two functions of a hundred pays for two.
    pub fn fill(self: Arc<Origin>, module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        let dict = module.dict();
        if dict.contains(name!(py, "__pixie__"))? {
            // Loaded again: what was made before is of the old image.
            if dict.contains("__PIXIE__")? {
                dict.del_item("__PIXIE__")?;
            }
            for export in self.loaded.exports() {
                if dict.contains(&*export.name)? {
                    dict.del_item(&*export.name)?;
                }
            }
        }
        if let Some(doc) = self.loaded.doc() {
            dict.set_item(name!(py, "__doc__"), doc)?;
        }
        let about =
            Bound::new(py, FatModule { origin: self, dict: Mutex::new(Some(dict.clone().unbind())) })?;
        dict.set_item(name!(py, "__getattr__"), about.getattr(name!(py, "_module_attribute"))?)?;
        dict.set_item(name!(py, "__dir__"), about.getattr(name!(py, "_module_names"))?)?;
        dict.set_item(name!(py, "__pixie__"), about)
    }

    /// Makes the function of this name, which goes on to the exports of the same name behind it; `None` if there is none.
    pub fn function<'py>(
        self: &Arc<Origin>,
        py: Python<'py>,
        name: &str,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut handle: Option<Bound<'py, Export>> = None;
        for (index, export) in self.loaded.exports().iter().enumerate().rev() {
            if &*export.name == name {
                handle = Some(Export::handle(py, self, index, handle.map(Bound::unbind))?);
            }
        }
        let Some(handle) = handle else { return Ok(None) };
        if let Some(ufunc) = ufunc::make(self, &handle, name)? {
            return Ok(Some(ufunc));
        }
        Export::function(&handle, &PyString::new(py, &self.name)).map(Some)
    }

    /// The names of the functions, in the author's order, overloads once.
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for export in self.loaded.exports() {
            if !names.contains(&&*export.name) {
                names.push(&export.name);
            }
        }
        names
    }
}

/// What a fat module is and which of its variants runs: the attribute `__pixie__` of a module.
#[pyclass(frozen, module = "pixie")]
pub struct FatModule {
    origin: Arc<Origin>,
    /// The module's dict, where a function that was made is kept.
    dict: Mutex<Option<Py<PyDict>>>,
}

impl FatModule {
    /// The module.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    fn loaded(&self) -> &LoadedModule {
        &self.origin.loaded
    }

    fn dict<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyDict>> {
        let dict = self.dict.lock().unwrap_or_else(PoisonError::into_inner);
        dict.as_ref().map(|dict| dict.bind(py).clone())
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
        variants::reason(self.loaded())
    }

    /// Whether the code that runs was compiled from the module's bitcode for one kind of processor, beside the module or in the cache.
    #[getter]
    fn specialized(&self) -> bool {
        self.loaded().manifest().origin.is_some()
    }

    /// The file that the code came from: the module's own, one that was specialised from it, or one in the cache.
    #[getter]
    fn code_path(&self) -> Option<&OsStr> {
        self.loaded().code_path().map(Path::as_os_str)
    }

    /// The variants for this platform, lowest level first, and one that was compiled from the module, if that runs: dicts of `isa`,
    /// `features`, `chosen` and `reason`.
    #[getter]
    fn variants<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for row in variants::rows(self.loaded()).into_iter().filter(|row| row.platform == self.platform()) {
            let entry = PyDict::new(py);
            entry.set_item("isa", row.isa)?;
            entry.set_item("features", PyTuple::new(py, row.features)?)?;
            entry.set_item("chosen", row.chosen)?;
            entry.set_item("reason", row.reason)?;
            list.append(entry)?;
        }
        Ok(list)
    }

    /// The platforms that the module was built for.
    #[getter]
    fn platforms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let origin = self.loaded().origin_manifest();
        PyTuple::new(py, origin.as_ref().unwrap_or_else(|| self.loaded().manifest()).platforms.keys())
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
            dict.set_item(&*export.name, self.loaded().details(export).signature.as_str())?;
        }
        Ok(dict)
    }

    /// The version of the format that this runtime reads.
    #[getter]
    fn format(&self) -> String {
        format!("{}.{}", FORMAT_VERSION.0, FORMAT_VERSION.1)
    }

    /// Whether pickles of this module's functions hold the whole file, as `pixie.portable` makes it.
    #[getter]
    fn portable(&self) -> bool {
        self.origin.portable
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let restore = home::import(py, "_core")?.getattr(name!(py, "_restore_about"))?;
        Ok((restore, self.origin.recipe(py, None)?))
    }

    /// What pickles of the module itself hold.
    fn _reduce_module<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let restore = home::import(py, "_core")?.getattr(name!(py, "_restore"))?;
        Ok((restore, self.origin.recipe(py, None)?))
    }

    /// Nothing in it changes, so that a copy is the same.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    /// Returns the LLVM IR of all functions, optimised for the ISA level `isa` of `platform`.
    ///
    /// By default it is that of the variant that runs here; of another platform, the lowest level.
    ///
    /// Raises `FileNotFoundError` without the toolchain's command `pixie`, `RuntimeError` if the file was replaced or has no such
    /// variant, `ValueError` if there is no such platform.
    #[pyo3(signature = (platform = None, isa = None))]
    fn inspect_llvm<'py>(
        slf: &Bound<'py, Self>,
        platform: Option<&str>,
        isa: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        inspect::code(slf, "llvm", None, platform, isa)
    }

    /// Returns the assembly of all functions, compiled anew from the bitcode for the ISA level `isa` of `platform`.
    ///
    /// By default it is that of the variant that runs here; of another platform, the lowest level.
    ///
    /// Raises `FileNotFoundError` without the toolchain's command `pixie`, `RuntimeError` if the file was replaced or has no such
    /// variant, `ValueError` if there is no such platform.
    #[pyo3(signature = (platform = None, isa = None))]
    fn inspect_asm<'py>(
        slf: &Bound<'py, Self>,
        platform: Option<&str>,
        isa: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        inspect::code(slf, "asm", None, platform, isa)
    }

    /// Returns the machine code of all functions for the ISA level `isa` of `platform`, disassembled as it is stored.
    ///
    /// By default it is that of the variant that runs here; of another platform, the lowest level.
    ///
    /// Raises `FileNotFoundError` without the toolchain's command `pixie`, `RuntimeError` if the file was replaced or has no such
    /// variant, `ValueError` if there is no such platform.
    #[pyo3(signature = (platform = None, isa = None))]
    fn inspect_disasm<'py>(
        slf: &Bound<'py, Self>,
        platform: Option<&str>,
        isa: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        inspect::code(slf, "disasm", None, platform, isa)
    }

    /// Returns the flow graph of all functions, optimised for the ISA level `isa` of `platform`; a notebook shows its picture.
    ///
    /// By default it is that of the variant that runs here; of another platform, the lowest level.
    ///
    /// Raises `FileNotFoundError` without the toolchain's command `pixie`, `RuntimeError` if the file was replaced or has no such
    /// variant, `ValueError` if there is no such platform.
    #[pyo3(signature = (platform = None, isa = None))]
    fn inspect_cfg<'py>(
        slf: &Bound<'py, Self>,
        platform: Option<&str>,
        isa: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        inspect::flow_graph(slf, None, platform, isa)
    }

    /// Compiles code again that is better where more is known.
    ///
    /// Without arguments: the whole module for exactly this processor, to a file beside the module's, which imports prefer from
    /// then on; returns its path. With a function (or its name) and arguments: that function with those arguments as constants;
    /// returns a function of the others, as `pixie.fuse` does.
    ///
    /// Raises `FileNotFoundError` without the toolchain's command `pixie`, `RuntimeError` where it fails, `TypeError`,
    /// `ValueError` and `OverflowError` for arguments that a call would refuse.
    #[pyo3(signature = (function = None, /, **arguments))]
    fn specialize<'py>(
        slf: &Bound<'py, Self>,
        function: Option<&Bound<'py, PyAny>>,
        arguments: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let Some(function) = function else {
            if let Some(arguments) = arguments {
                let names =
                    arguments.keys().iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ");
                return Err(PyTypeError::new_err(format!(
                    "no function is named to have the arguments {names}\nhint: specialize('function', …)"
                )));
            }
            return home::import(py, "_specialize")?.call_method1("whole", (slf,));
        };
        let function = match function.cast::<PyString>() {
            Ok(name) => slf.get()._module_attribute(py, name.to_str()?)?,
            Err(_) => function.clone(),
        };
        fuse::fuse(&function, &PyTuple::empty(py), arguments)
    }

    /// Every variant of every platform, lowest level first, as rows of platform, level, features, whether it runs here, and why.
    fn _variant_rows<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let rows = PyList::empty(slf.py());
        for row in variants::rows(slf.get().loaded()) {
            rows.append((
                row.platform,
                row.isa,
                PyTuple::new(slf.py(), row.features)?,
                row.chosen,
                row.reason,
            ))?;
        }
        Ok(rows)
    }

    /// The table of variants, for a notebook.
    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        inspect::variant_table(slf)
    }

    /// What the module answers for names that it does not hold (PEP 562).
    fn _module_attribute<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        read_ahead(Part::Call);
        if name == "__PIXIE__" {
            let upstream = upstream::dict(py, &self.origin)?;
            if let Some(dict) = self.dict(py) {
                dict.set_item(name, &upstream)?;
            }
            return Ok(upstream.into_any());
        }
        if name == "__all__" {
            return Ok(PyList::new(py, self.origin.names())?.into_any());
        }
        let Some(function) = self.origin.function(py, name)? else {
            return Err(PyAttributeError::new_err(format!(
                "module '{}' has no attribute '{name}'",
                self.origin.name
            )));
        };
        let Some(dict) = self.dict(py) else { return Ok(function) };
        // Another thread may have made it meanwhile; there is to be one function of a name.
        match dict.get_item(name)? {
            Some(made) => Ok(made),
            None => {
                dict.set_item(PyString::intern(py, name), &function)?;
                Ok(function)
            }
        }
    }

    /// What `dir` of the module tells, functions that were not made yet included.
    fn _module_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = PySet::new(py, self.origin.names())?;
        names.add("__PIXIE__")?;
        if let Some(dict) = self.dict(py) {
            names.call_method1("update", (dict,))?;
        }
        let list = PyList::new(py, names.iter())?;
        list.sort()?;
        Ok(list)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.dict.try_lock() {
            Ok(dict) => visit.call(&*dict),
            Err(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        if let Ok(mut dict) = self.dict.try_lock() {
            *dict = None;
        }
    }

    fn __repr__(&self) -> String {
        format!("<fat module '{}' on {} at {}>", self.origin.name, self.platform(), self.isa())
    }
}
