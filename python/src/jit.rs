//! Loading through `pixie-cache`, which compiles for this host where that is wanted: what Python has to do with it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use pixie_cache::{Error, Jit, Loaded, Special, Watch};
use pixie_ld::{LoadOptions, LoadedModule};
use pyo3::prelude::*;

use crate::errors;
use crate::once::name;

/// Why a module was not loaded.
pub enum Failed {
    /// The loader or the compiler says why.
    Loading(Error),
    /// An exception was raised meanwhile: Ctrl-C, or a warning that is taken for an error.
    Python(PyErr),
}

impl Failed {
    /// The exception.
    pub fn raise(self, convert: impl FnOnce(Error) -> PyErr) -> PyErr {
        match self {
            Failed::Loading(error) => convert(error),
            Failed::Python(error) => error,
        }
    }
}

/// Loads a file at the level that the caller, or else the environment, asks for, and warns of what did not work.
pub fn load(py: Python<'_>, path: &Path, isa: Option<String>) -> Result<LoadedModule, Failed> {
    through(py, |jit, mut options, watch| {
        if isa.is_some() {
            options.isa = isa;
        }
        jit.load(path, &options, watch)
    })
}

/// Loads a module from memory, which stands in errors for the file at `path`. Only a file is compiled again.
pub fn load_bytes(py: Python<'_>, path: &Path, bytes: &[u8]) -> Result<LoadedModule, Failed> {
    let failed = |error: pixie_ld::Error| Failed::Loading(error.into());
    let options = LoadOptions::from_variables(std::env::var_os).map_err(failed)?;
    let module = pixie_ld::load_bytes(&path.display().to_string(), bytes, &options).map_err(failed)?;
    errors::warn(py, &module, &[]).map_err(Failed::Python)?;
    Ok(module)
}

/// The module that the command makes of the one at `path`, and of others.
pub fn make(py: Python<'_>, path: &Path, special: &Special) -> Result<LoadedModule, Failed> {
    through(py, |jit, mut options, watch| {
        // A level that is forced is one of the modules', not of what is made for this processor.
        options.isa = None;
        jit.make(path, special, &options, watch)
    })
}

fn through(
    py: Python<'_>,
    load: impl FnOnce(&Jit<'_>, LoadOptions, &Waiting) -> pixie_cache::Result<Loaded>,
) -> Result<LoadedModule, Failed> {
    let read = |name| std::env::var_os(name);
    let beside = || interpreter_folder(py);
    let options = LoadOptions::from_variables(read).map_err(|error| Failed::Loading(error.into()))?;
    let jit = Jit::new(&read, &beside).map_err(Failed::Loading)?;
    let watch = Waiting::default();
    let loaded = load(&jit, options, &watch).map_err(|error| {
        let raised = watch.raised.into_inner().unwrap_or_default();
        raised.map_or(Failed::Loading(error), Failed::Python)
    })?;
    errors::warn(py, &loaded.module, &loaded.warnings).map_err(Failed::Python)?;
    Ok(loaded.module)
}

fn interpreter_folder(py: Python<'_>) -> Option<PathBuf> {
    let program = py.import(name!(py, "sys")).and_then(|sys| sys.getattr(name!(py, "executable")));
    let program: PathBuf = program.and_then(|program| program.extract()).ok()?;
    program.parent().map(Path::to_owned)
}

/// A thread that waits for a compilation: others go on, and Ctrl-C ends it.
#[derive(Default)]
struct Waiting {
    raised: Mutex<Option<PyErr>>,
}

impl Watch for Waiting {
    fn apart(&self, work: &mut (dyn FnMut() + Send)) {
        Python::attach(|py| py.detach(work));
    }

    fn tick(&self) -> pixie_cache::Result<()> {
        Python::attach(|py| py.check_signals()).map_err(|error| {
            if let Ok(mut raised) = self.raised.lock() {
                *raised = Some(error);
            }
            Error::Stopped
        })
    }

    fn say(&self, text: &str) {
        if std::io::stderr().is_terminal() {
            eprintln!("pixie: {text}");
        }
    }
}
