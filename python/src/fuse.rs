//! Functions made of others whose arguments are known, by the `pixie` command: what is asked of it, and what comes back.

use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};

use pixie_cache::Special;
use pixie_format::signature::Type;
use pixie_ld::{Host, LoadedModule};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::export::Export;
use crate::module::Origin;
use crate::plan::{Input, Kind, Plan};
use crate::{call, errors, jit};

/// What was made in this process, by what the command was asked for: code stays in memory, so it is loaded once.
static MADE: Mutex<Vec<(Vec<OsString>, Arc<LoadedModule>)>> = Mutex::new(Vec::new());

/// Makes a function of `function` in which some arguments are known, and returns it.
///
/// `functions` take the places of its parameters of the type `ptr`, in order: functions of fat modules, whose calls through the pointer become
/// ordinary ones and are inlined. Named arguments are known by the parameter's name: a function for a `ptr`, a number for any other that is no
/// array; it becomes a constant, and where it is the length of an axis, arrays must have that length. The result is an ordinary function of the
/// parameters that are left. It is compiled once for this kind of processor and kept in the cache (see `PIXIE_CACHE_DIR`).
///
/// Raises `TypeError` for functions and arguments that do not fit, `OverflowError` for numbers that the parameter cannot hold,
/// `FileNotFoundError` without the toolchain's command `pixie`, `RuntimeError` where a module has no file, no bitcode or state of its own, or
/// the types of pointer and function differ.
#[pyfunction]
#[pyo3(signature = (function, /, *functions, **arguments))]
pub fn fuse<'py>(
    function: &Bound<'py, PyAny>,
    functions: &Bound<'py, PyTuple>,
    arguments: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = function.py();
    let export = plain(function)?;
    let this = export.get();
    let mut asked = Asked::new(this)?;
    for (index, given) in asked.pointers(functions.len())?.into_iter().zip(functions) {
        asked.function(index, &plain(&given)?)?;
    }
    for (name, given) in arguments.iter().flat_map(|arguments| arguments.iter()) {
        asked.argument(name.cast::<PyString>()?, &given)?;
    }
    if asked.known.is_empty() {
        return Err(PyTypeError::new_err(format!(
            "nothing is known of {}()\nhint: pass functions for its pointers, or arguments by name",
            this.name()
        )));
    }
    let loaded = asked.made(py)?;
    let made = Origin::of(this.origin().name.clone(), false, loaded).function(py, this.name())?;
    made.ok_or_else(|| PyRuntimeError::new_err("the command made another function than was asked for"))
}

/// The export behind a function that is no ufunc.
fn plain<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Export>> {
    let export = Export::of(function)?;
    if export.get().is_ufunc {
        return Err(PyTypeError::new_err(format!(
            "{}() is a ufunc, which is called for each element\nhint: export the function under another name, too",
            export.get().name()
        )));
    }
    Ok(export)
}

/// What the command is asked for.
struct Asked<'e> {
    export: &'e Export,
    words: Vec<OsString>,
    ids: Vec<String>,
    others: Vec<std::path::PathBuf>,
    /// The parameters that are known.
    known: Vec<usize>,
}

impl<'e> Asked<'e> {
    fn new(export: &'e Export) -> PyResult<Asked<'e>> {
        let path = file(export)?;
        let words = vec!["fuse".into(), path.into(), place(export).into()];
        let ids = vec![export.origin().loaded.build_id().to_string()];
        Ok(Asked { export, words, ids, others: Vec::new(), known: Vec::new() })
    }

    fn plan(&self) -> &'e Plan {
        &self.export.plan
    }

    /// The first `count` parameters that take a function.
    fn pointers(&self, count: usize) -> PyResult<Vec<usize>> {
        let params = self.plan().signature.params.iter().enumerate();
        let all: Vec<usize> =
            params.filter(|(_, param)| param.ty == Type::Ptr).map(|(index, _)| index).collect();
        if count > all.len() {
            return Err(PyTypeError::new_err(format!(
                "{}() takes {} functions by pointer, but {count} were given\nhint: one that takes a function has a pointer in C, `f: ptr` in the signature",
                self.export.name(),
                all.len()
            )));
        }
        Ok(all.into_iter().take(count).collect())
    }

    fn function(&mut self, index: usize, other: &Bound<'_, Export>) -> PyResult<()> {
        let other = other.get();
        let path = file(other)?;
        self.take(index)?;
        let mut word = OsString::from(format!("{}=", self.plan().signature.params[index].name));
        word.push(path);
        word.push(format!(":{}", place(other)));
        self.words.push("--with".into());
        self.words.push(word);
        self.ids.push(other.origin().loaded.build_id().to_string());
        self.others.push(path.to_owned());
        Ok(())
    }

    fn argument(&mut self, name: &Bound<'_, PyString>, given: &Bound<'_, PyAny>) -> PyResult<()> {
        let signature = &self.plan().signature;
        let text = name.to_str()?;
        let Some(index) = signature.params.iter().position(|param| param.name == text) else {
            let names: Vec<String> =
                signature.params.iter().map(|param| format!("`{}`", param.name)).collect();
            return Err(PyTypeError::new_err(format!(
                "{}() has no parameter '{text}'\nhint: the parameters are {}",
                self.export.name(),
                names.join(", ")
            )));
        };
        let scalar = match &signature.params[index].ty {
            Type::Ptr => return self.function(index, &plain(given)?),
            Type::Scalar(scalar) => *scalar,
            Type::Array(_) => {
                return Err(PyTypeError::new_err(format!(
                    "{}() argument `{text}`: an array cannot be a constant, its memory is the caller's",
                    self.export.name()
                )));
            }
        };
        self.take(index)?;
        let kind = Kind::of_number(scalar, self.export.origin().loaded.platform());
        let input = Input { slot: index as u8, kind, default: None, name: name.clone().unbind() };
        let bits = call::value(self.plan(), &input, given)?;
        self.words.push("--value".into());
        self.words.push(format!("{text}=bits:{bits:x}").into());
        Ok(())
    }

    fn take(&mut self, index: usize) -> PyResult<()> {
        if self.known.contains(&index) {
            return Err(PyTypeError::new_err(format!(
                "{}() got multiple values for argument '{}'",
                self.export.name(),
                self.plan().signature.params[index].name
            )));
        }
        self.known.push(index);
        Ok(())
    }

    fn made(mut self, py: Python<'_>) -> PyResult<Arc<LoadedModule>> {
        let path = file(self.export)?;
        let features = Host::detect().map_err(|error| errors::on_make(py, &error.into(), path))?.features;
        for id in std::mem::take(&mut self.ids) {
            self.words.push("--build-id".into());
            self.words.push(id.into());
        }
        self.words.extend(["--features".into(), features.to_string().into()]);
        self.words.extend(["--quiet", "-o", "-"].map(OsString::from));
        let made = || MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, loaded)) = made().iter().find(|(words, _)| *words == self.words) {
            return Ok(Arc::clone(loaded));
        }
        let what = format!("`{}` of {}", self.export.name(), path.display());
        let special = Special { words: self.words.clone(), others: self.others, what };
        let loaded = jit::make(py, path, &special)
            .map_err(|error| error.raise(|error| errors::on_make(py, &error, path)))?;
        let loaded = Arc::new(loaded);
        made().push((self.words, Arc::clone(&loaded)));
        Ok(loaded)
    }
}

/// How the command is told which export is meant: overloads share a name.
fn place(export: &Export) -> String {
    format!("@{}", export.index())
}

/// The file of a function's module, which the command reads.
fn file(export: &Export) -> PyResult<&std::path::Path> {
    export.origin().loaded.path().ok_or_else(|| {
        PyRuntimeError::new_err(format!(
            "the module of {}() was loaded from memory, and there is no file to compile\nhint: write it to a file and load that",
            export.name()
        ))
    })
}
