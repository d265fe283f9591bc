//! Importing: the loader that the path hook names for `.pixie` files, and `pixie.load`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pixie_ld::LoadedModule;
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyType};

use crate::module::Origin;
use crate::once::name;
use crate::travel;
use crate::{errors, jit};

/// Loads one fat module for the import system.
#[pyclass(frozen, module = "pixie")]
pub struct Loader {
    name: String,
    path: PathBuf,
}

#[pymethods]
impl Loader {
    #[new]
    fn new(fullname: String, path: PathBuf) -> Loader {
        Loader { name: fullname, path }
    }

    /// The name of the module.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// The path of the file.
    #[getter]
    fn path(&self) -> &OsStr {
        self.path.as_os_str()
    }

    /// Leaves making the module to the import system.
    fn create_module(&self, spec: &Bound<'_, PyAny>) {
        let _ = spec;
    }

    /// Links the code into memory and fills the module with its functions.
    fn exec_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        let loaded = jit::load(py, &self.path, None)
            .map_err(|error| error.raise(|error| errors::on_import(py, &error, &self.name, &self.path)))?;
        Origin::new(self.name.clone(), true, loaded).fill(module)
    }

    /// The path of the file.
    fn get_filename(&self, fullname: &str) -> PyResult<&OsStr> {
        self.check(fullname)?;
        Ok(self.path.as_os_str())
    }

    /// There is no Python code behind a fat module.
    fn get_code(&self, fullname: &str) -> PyResult<()> {
        self.check(fullname)
    }

    /// There is no Python source behind a fat module.
    fn get_source(&self, fullname: &str) -> PyResult<()> {
        self.check(fullname)
    }

    /// A fat module is never a package.
    fn is_package(&self, fullname: &str) -> PyResult<bool> {
        self.check(fullname)?;
        Ok(false)
    }

    /// The bytes of a file beside the module.
    fn get_data<'py>(&self, py: Python<'py>, path: PathBuf) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &std::fs::read(path)?))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (String, PathBuf)) {
        let loader = slf.get();
        (slf.get_type(), (loader.name.clone(), loader.path.clone()))
    }

    fn __repr__(&self) -> String {
        format!("<pixie.Loader for '{}' from '{}'>", self.name, self.path.display())
    }
}

impl Loader {
    fn check(&self, fullname: &str) -> PyResult<()> {
        if fullname == self.name {
            return Ok(());
        }
        Err(PyImportError::new_err(format!("loader for {} cannot handle {fullname}", self.name)))
    }
}

/// The level that `PIXIE_USE_ISA` forces.
pub fn forced_level() -> Option<String> {
    let isa = std::env::var_os("PIXIE_USE_ISA").filter(|isa| !isa.is_empty())?;
    Some(isa.to_string_lossy().into_owned())
}

/// Loads the fat module in the file `path` and returns it as a module, which is not entered in `sys.modules`.
///
/// `isa` names the ISA level to take, or `baseline` for the lowest; without it, `PIXIE_USE_ISA` or the best that fits decides.
///
/// Raises `ImportError` if the file is damaged, of a newer version, or has nothing for this platform and processor, and
/// `OSError` if it cannot be read.
#[pyfunction]
#[pyo3(signature = (path, *, isa = None))]
pub fn load(py: Python<'_>, path: PathBuf, isa: Option<String>) -> PyResult<Bound<'_, PyModule>> {
    let path = std::path::absolute(&path)?;
    let forced = isa.is_some();
    let (module, code) = load_module(py, &path, isa)?;
    if !forced {
        travel::note(&module, &code)?;
    }
    Ok(module)
}

/// Loads the fat module in `file`, which lies beside the Python module `name`, into that module.
///
/// For the few lines that `pixie wheel` puts into a package. Where the package lies in a zip file, the module is read through the
/// package's own loader. `sources` are what it was built from, relative to the same folder: where one is newer, a `RuntimeWarning` says so.
///
/// Raises `ImportError` as importing the file would.
#[pyfunction]
#[pyo3(signature = (name, file, *, sources = None))]
pub fn load_into(py: Python<'_>, name: &str, file: &str, sources: Option<Vec<PathBuf>>) -> PyResult<()> {
    let module = py.import(name!(py, "sys"))?.getattr(name!(py, "modules"))?.get_item(name)?;
    let module = module.cast_into::<PyModule>()?;
    let place: PathBuf = module.getattr(name!(py, "__file__"))?.extract()?;
    let folder = place.parent().unwrap_or(Path::new(""));
    let path = folder.join(file);
    let raised = |failed: jit::Failed| failed.raise(|error| errors::on_import(py, &error, name, &path));
    let origin = match jit::load(py, &path, None) {
        Ok(loaded) => {
            warn_of_changes(py, &path, &sources.unwrap_or_default())?;
            Origin::new(name.to_owned(), true, loaded)
        }
        Err(jit::Failed::Loading(error)) if is_nowhere(&error) => {
            let loader = module.getattr(name!(py, "__spec__"))?.getattr(name!(py, "loader"))?;
            let Ok(content) = loader.call_method1(name!(py, "get_data"), (path.as_os_str(),)) else {
                return Err(raised(jit::Failed::Loading(error)));
            };
            let content = content.cast_into::<PyBytes>()?;
            let loaded = jit::load_bytes(py, &path, content.as_bytes()).map_err(raised)?;
            Origin::with_content(name.to_owned(), loaded, content.unbind())
        }
        Err(failed) => return Err(raised(failed)),
    };
    origin.fill(&module)
}

fn is_nowhere(error: &pixie_cache::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error, pixie_cache::Error::Load(pixie_ld::Error::Read { source, .. }) if matches!(source.kind(), NotFound | NotADirectory))
}

/// Warns where what a module was built from, relative to its folder, was changed after it was built.
fn warn_of_changes(py: Python<'_>, path: &Path, sources: &[PathBuf]) -> PyResult<()> {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let Some(built) = changed(path) else { return Ok(()) };
    let folder = path.parent().unwrap_or(Path::new(""));
    for source in sources {
        if changed(&folder.join(source)).is_some_and(|time| time > built) {
            let text = format!(
                "`{}` was changed after `{}` was built from it, which runs as it was\nhint: install the project again, as `pip install -e .`",
                source.file_name().unwrap_or_default().to_string_lossy(),
                path.display()
            );
            return errors::warn_text(py, text);
        }
    }
    Ok(())
}

/// As `load`, of an absolute path; gives the code too.
pub fn load_module<'py>(
    py: Python<'py>,
    path: &Path,
    isa: Option<String>,
) -> PyResult<(Bound<'py, PyModule>, Arc<LoadedModule>)> {
    let loaded =
        jit::load(py, path, isa).map_err(|error| error.raise(|error| errors::on_load(py, &error, path)))?;
    let name = loaded.name().to_owned();
    let loader = Loader { name: name.clone(), path: path.to_owned() };
    let keywords = PyDict::new(py);
    keywords.set_item("loader", Bound::new(py, loader)?)?;
    // The frozen import system is there in every process; `importlib.util` would cost a millisecond.
    let external = py.import("_frozen_importlib_external")?;
    let spec = external.call_method("spec_from_file_location", (&name, path.as_os_str()), Some(&keywords))?;
    let module = py.import("_frozen_importlib")?.call_method1("module_from_spec", (spec,))?;
    let module = module.cast_into::<PyModule>()?;
    let origin = Origin::new(name, false, loaded);
    let code = Arc::clone(&origin.loaded);
    origin.fill(&module)?;
    Ok((module, code))
}
