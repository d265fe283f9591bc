//! Functions travel: what pickles of functions and modules hold, and how another process finds, or gets, the same code.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pixie_format::BuildId;
use pixie_format::reader::Module;
use pixie_ld::{LoadOptions, LoadedModule};
use pyo3::exceptions::{PyModuleNotFoundError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple, PyWeakrefReference};

use crate::errors;
use crate::export::Export;
use crate::home;
use crate::loader::load_module;
use crate::module::{FatModule, Origin};
use crate::once::name;

/// What this process has loaded under one build id, the import system's modules aside, which it finds itself.
struct Known {
    build_id: BuildId,
    code: Weak<LoadedModule>,
    /// A weak reference to the module that `pixie.load` gave.
    loaded: Option<Py<PyWeakrefReference>>,
    /// The module that a pickle asked for. It is kept: whoever calls a function once for each task drops it in between, and what was
    /// mapped is never unmapped.
    restored: Option<Py<PyModule>>,
    /// The module whose functions pickle with their file.
    portable: Option<Py<PyModule>>,
}

/// Never held while Python code runs, so that no thread waits for it with the interpreter's lock in hand.
static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());

fn known() -> MutexGuard<'static, Vec<Known>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn entry<'k>(known: &'k mut Vec<Known>, code: &Arc<LoadedModule>) -> &'k mut Known {
    let build_id = code.build_id();
    let at = known.iter().position(|there| there.build_id == build_id).unwrap_or(known.len());
    if at == known.len() {
        let code = Arc::downgrade(code);
        known.push(Known { build_id, code, loaded: None, restored: None, portable: None });
    }
    &mut known[at]
}

/// Notes a module of `pixie.load`, so that pickles of its functions find it in this process.
pub fn note(module: &Bound<'_, PyModule>, code: &Arc<LoadedModule>) -> PyResult<()> {
    let reference = PyWeakrefReference::new(module)?.unbind();
    let mut known = known();
    let entry = entry(&mut known, code);
    entry.code = Arc::downgrade(code);
    let before = entry.loaded.replace(reference);
    drop(known);
    drop(before);
    Ok(())
}

/// How a pickle names a module.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    name: &'a str,
    build_id: &'a str,
    function: Option<&'a str>,
}

impl Wanted<'_> {
    fn is(&self, code: &LoadedModule) -> bool {
        code.build_id().to_string() == self.build_id
    }

    /// The build id of a module's bytes, if it is another one. What cannot be read is left to the loader, which says why.
    fn instead(&self, bytes: &[u8]) -> Option<BuildId> {
        let found = Module::parse(bytes).and_then(|module| module.build_id()).ok()?;
        (found.to_string() != self.build_id).then_some(found)
    }

    /// The module of this name that has been imported, if it is this one.
    fn imported<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyModule>>> {
        let modules = py.import(name!(py, "sys"))?.getattr(name!(py, "modules"))?;
        let Ok(module) = modules.get_item(self.name) else { return Ok(None) };
        let Ok(module) = module.cast_into::<PyModule>() else { return Ok(None) };
        let origin = origin_of(&module);
        Ok(origin.filter(|origin| self.is(&origin.loaded)).map(|_| module))
    }

    /// The module of this build id that `pixie.load` or an earlier pickle gave.
    fn loaded<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyModule>> {
        let known = known();
        let known = known.iter().find(|known| known.build_id.to_string() == self.build_id)?;
        let loaded = || {
            let module = known.loaded.as_ref()?.bind(py).upgrade()?;
            module.cast_into::<PyModule>().ok()
        };
        let kept =
            || known.restored.as_ref().or(known.portable.as_ref()).map(|module| module.bind(py).clone());
        loaded().or_else(kept)
    }

    /// The module of this build id whose functions pickle with their file.
    fn portable<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyModule>> {
        let known = known();
        let known = known.iter().find(|known| known.build_id.to_string() == self.build_id)?;
        known.portable.as_ref().map(|module| module.bind(py).clone())
    }

    fn error(&self, py: Python<'_>, path: &Path, why: impl Display, hint: &str) -> PyErr {
        let Wanted { name, function, .. } = self;
        let what = match function {
            Some(function) => format!("`{function}` of the fat module `{name}`"),
            None => format!("the fat module `{name}`"),
        };
        let portable = match function {
            Some(function) => format!("pixie.portable({name}.{function})"),
            None => format!("pixie.portable({name})"),
        };
        let message = format!(
            "cannot restore {what} from a pickle: {why}\nhint: {hint}, or pickle `{portable}`, which takes the file along"
        );
        errors::import_error(py, &message, name, path)
    }

    fn other(&self, py: Python<'_>, path: &Path, place: impl Display, found: impl Display) -> PyErr {
        let why = format!("it was pickled with build id `{}`, {place} has build id `{found}`", self.build_id);
        self.error(py, path, why, "give both processes the same file")
    }
}

fn origin_of(module: &Bound<'_, PyAny>) -> Option<Arc<Origin>> {
    let about = module.getattr(name!(module.py(), "__pixie__")).ok()?;
    Some(Arc::clone(about.cast::<FatModule>().ok()?.get().origin()))
}

/// The module of a pickle: what this process has with that build id; else by name or from its file, and where the pickle
/// holds `content`, from that.
///
/// Raises `ImportError` if there is no such module here, or one with another build id.
#[pyfunction]
#[pyo3(name = "_restore", signature = (name, path, build_id, function = None, content = None))]
pub fn restore<'py>(
    py: Python<'py>,
    name: &str,
    path: Option<PathBuf>,
    build_id: &str,
    function: Option<&str>,
    content: Option<Bound<'py, PyBytes>>,
) -> PyResult<Bound<'py, PyModule>> {
    let wanted = Wanted { name, build_id, function };
    if let Some(content) = content {
        return from_content(py, wanted, content);
    }
    if let Some(path) = path {
        if let Some(module) = wanted.imported(py)?.or_else(|| wanted.loaded(py)) {
            return Ok(module);
        }
        return from_file(py, wanted, &path);
    }
    let missing = match py.import(name) {
        Ok(module) => match origin_of(&module) {
            Some(origin) if wanted.is(&origin.loaded) => return Ok(module),
            found => {
                if let Some(module) = wanted.loaded(py) {
                    return Ok(module);
                }
                let path = module.getattr(name!(py, "__file__")).and_then(|path| path.extract::<PathBuf>());
                let path = path.unwrap_or_default();
                let place = match path.as_os_str().is_empty() {
                    true => "the module of that name".to_owned(),
                    false => format!("`{}`", path.display()),
                };
                return Err(match found {
                    Some(origin) => wanted.other(py, &path, place, origin.loaded.build_id()),
                    None => {
                        let hint = "put the `.pixie` file before it on `sys.path`";
                        wanted.error(py, &path, format!("{place} is not a fat module"), hint)
                    }
                });
            }
        },
        Err(error) if error.is_instance_of::<PyModuleNotFoundError>(py) => error,
        Err(error) => return Err(error),
    };
    wanted.loaded(py).ok_or_else(|| {
        let why = format!(
            "there is no module `{name}` here, and no module with build id `{build_id}` has been loaded"
        );
        let hint = "put the `.pixie` file where this process finds it";
        let error = wanted.error(py, Path::new(""), why, hint);
        error.set_cause(py, Some(missing));
        error
    })
}

fn from_file<'py>(py: Python<'py>, wanted: Wanted<'_>, path: &Path) -> PyResult<Bound<'py, PyModule>> {
    if !path.exists() {
        let why = format!(
            "there is no file `{}` here, and no module with build id `{}` has been loaded",
            path.display(),
            wanted.build_id
        );
        return Err(wanted.error(py, path, why, "put the file there"));
    }
    let place = format!("`{}`", path.display());
    // Before it is loaded: what is mapped stays.
    if let Some(found) = std::fs::read(path).ok().as_deref().and_then(|bytes| wanted.instead(bytes)) {
        return Err(wanted.other(py, path, place, found));
    }
    let (module, code) = load_module(py, path, None)?;
    if !wanted.is(&code) {
        return Err(wanted.other(py, path, place, code.build_id()));
    }
    // Another thread may have been here meanwhile.
    let mut known = known();
    let kept = entry(&mut known, &code).restored.get_or_insert_with(|| module.clone().unbind());
    Ok(kept.bind(py).clone())
}

fn from_content<'py>(
    py: Python<'py>,
    wanted: Wanted<'_>,
    content: Bound<'py, PyBytes>,
) -> PyResult<Bound<'py, PyModule>> {
    if let Some(module) = wanted.portable(py) {
        return Ok(module);
    }
    if let Some(found) = wanted.instead(content.as_bytes()) {
        return Err(wanted.other(py, Path::new(""), "the file in the pickle", found));
    }
    let imported = wanted.imported(py)?.as_ref().and_then(|module| origin_of(module));
    let (code, made) = {
        let mut known = known();
        let there = imported.map(|origin| Arc::clone(&origin.loaded));
        match there.or_else(|| {
            let known = known.iter().find(|known| known.build_id.to_string() == wanted.build_id)?;
            known.code.upgrade()
        }) {
            Some(code) => (Ok(code), false),
            None => {
                let shown = format!("{} (from a pickle)", wanted.name);
                let options = LoadOptions::from_variables(std::env::var_os);
                let code =
                    options.and_then(|options| pixie_ld::load_bytes(&shown, content.as_bytes(), &options));
                let code = code.map(Arc::new);
                if let Ok(code) = &code {
                    // At once, so that no other thread maps it again.
                    entry(&mut known, code).code = Arc::downgrade(code);
                }
                (code, true)
            }
        }
    };
    let code = code.map_err(|error| errors::on_import(py, &error.into(), wanted.name, Path::new("")))?;
    if made {
        errors::warn(py, &code, &[])?;
    }
    portable_module(py, wanted.name, &code, Some(content))
}

/// The module whose functions pickle with their file, over code that has been loaded. There is one for each.
fn portable_module<'py>(
    py: Python<'py>,
    name: &str,
    code: &Arc<LoadedModule>,
    content: Option<Bound<'py, PyBytes>>,
) -> PyResult<Bound<'py, PyModule>> {
    let there = {
        let mut known = known();
        entry(&mut known, code).portable.as_ref().map(|module| module.bind(py).clone())
    };
    let same = |module: &Bound<'py, PyModule>| {
        origin_of(module).is_some_and(|origin| Arc::ptr_eq(&origin.loaded, code))
    };
    if let Some(module) = there.filter(same) {
        return Ok(module);
    }
    let class = home::import(py, "_portable")?.getattr("PortableModule")?;
    let module = class.call1((name,))?.cast_into::<PyModule>()?;
    if let Some(path) = code.path() {
        module.setattr(name!(py, "__file__"), path.as_os_str())?;
    }
    Origin::portable(name.to_owned(), Arc::clone(code), content.map(Bound::unbind)).fill(&module)?;
    let mut known = known();
    let kept =
        entry(&mut known, code).portable.get_or_insert_with(|| module.clone().unbind()).bind(py).clone();
    drop(known);
    // One at another level that the caller forced stays its own.
    Ok(if same(&kept) { kept } else { module })
}

/// The module `FatModule` of a pickle: the attribute `__pixie__` of what `_restore` gives.
#[pyfunction]
#[pyo3(name = "_restore_about", signature = (name, path, build_id, function = None, content = None))]
pub fn restore_about<'py>(
    py: Python<'py>,
    name: &str,
    path: Option<PathBuf>,
    build_id: &str,
    function: Option<&str>,
    content: Option<Bound<'py, PyBytes>>,
) -> PyResult<Bound<'py, PyAny>> {
    restore(py, name, path, build_id, function, content)?.getattr(name!(py, "__pixie__"))
}

/// Gives the same function, module or `__pixie__` again, so that its pickles hold the whole file: a process without the file
/// loads it from memory, once, and picks its own variant.
///
/// The file is read when the first pickle is made. Raises `TypeError` for anything that is not of a fat module.
#[pyfunction]
pub fn portable<'py>(function_or_module: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let object = function_or_module;
    let py = object.py();
    if let Ok(about) = object.cast::<FatModule>() {
        return Ok(about.get().origin().to_portable(py)?.getattr(name!(py, "__pixie__"))?.into_any());
    }
    if object.is_instance_of::<PyModule>()
        && let Some(origin) = origin_of(object)
    {
        return match origin.portable {
            true => Ok(object.clone()),
            false => Ok(origin.to_portable(py)?.into_any()),
        };
    }
    let export = Export::of(object).map_err(|_| {
        let shown = object.repr().map_or_else(|_| "an object".to_owned(), |repr| repr.to_string());
        PyTypeError::new_err(format!("expected a fat module or a function of one, found {shown}"))
    })?;
    let export = export.get();
    if export.is_ufunc {
        let name = export.name();
        return Err(PyTypeError::new_err(format!(
            "`{name}` is a ufunc, which NumPy pickles by the name of its module alone\nhint: make the module portable"
        )));
    }
    match export.origin().portable {
        true => Ok(object.clone()),
        false => export.origin().to_portable(py)?.getattr(export.name()),
    }
}

impl Origin {
    fn to_portable<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyModule>> {
        // What came from a zip file can be had nowhere else.
        portable_module(py, &self.name, &self.loaded, self.content.get(py))
    }

    /// The arguments of `_restore` for this module.
    pub fn recipe<'py>(&self, py: Python<'py>, function: Option<&str>) -> PyResult<Bound<'py, PyTuple>> {
        let name = PyString::intern(py, &self.name);
        let path =
            if self.imported || self.portable { None } else { self.loaded.path().map(Path::as_os_str) };
        let build_id = self.loaded.build_id().to_string();
        if !self.portable {
            return (name, path, build_id, function).into_pyobject(py);
        }
        // Without the function, and always the same object, so that a pickle of many functions holds the file once.
        (name, path, build_id, py.None(), self.content(py)?).into_pyobject(py)
    }

    /// The whole file, read when it is first asked for; it is still what was loaded.
    fn content(&self, py: Python<'_>) -> PyResult<Py<PyBytes>> {
        let content = self.content.get_or_try(py, || {
            let failed = |why: String| {
                let name = &self.name;
                let message = format!("cannot pickle the fat module `{name}` with its file: {why}");
                let class = py.import("pickle").and_then(|pickle| pickle.getattr("PicklingError"));
                class.and_then(|class| class.call1((message,))).map_or_else(|error| error, PyErr::from_value)
            };
            let Some(path) = self.loaded.path() else {
                return Err(failed("it came from no file".to_owned()));
            };
            let bytes = std::fs::read(path)?;
            let shown = path.display();
            let hint = "hint: keep the file that was loaded, or load it again";
            let module = Module::parse(&bytes).and_then(|module| module.verify().and(module.build_id()));
            let there = module.map_err(|error| failed(format!("`{shown}`: {error}\n{hint}")))?;
            let loaded = self.loaded.build_id();
            if there != loaded {
                return Err(failed(format!(
                    "`{shown}` has build id `{there}`, what was loaded has build id `{loaded}`\n{hint}"
                )));
            }
            Ok(PyBytes::new(py, &bytes))
        })?;
        Ok(content.unbind())
    }
}
