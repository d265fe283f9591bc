//! Objects that are made once, safely under forks.
//!
//! PyO3's `intern!` and `PyOnceLock` give the interpreter's lock away while a cell is half set. A process that another thread forks
//! just then waits for that cell for ever: `tests/stress` found it within minutes, and nothing in 400 processes since.

use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::PyString;

/// A place for an object. The lock is held whenever it is set, so that no fork can find it half set.
pub struct Once<T>(OnceLock<Py<T>>);

impl<T> Once<T> {
    /// An empty place.
    pub const fn new() -> Once<T> {
        Once(OnceLock::new())
    }

    /// A place that has its object already.
    pub fn made(object: Py<T>) -> Once<T> {
        Once(OnceLock::from(object))
    }

    /// The object, if there is one yet.
    pub fn get<'py>(&self, py: Python<'py>) -> Option<Bound<'py, T>> {
        self.0.get().map(|object| object.bind(py).clone())
    }

    /// The object, made by `make` where there is none yet. Where `make` lets other threads run, the first object stays.
    pub fn get_or_try<'py>(
        &self,
        py: Python<'py>,
        make: impl FnOnce() -> PyResult<Bound<'py, T>>,
    ) -> PyResult<Bound<'py, T>> {
        if let Some(object) = self.get(py) {
            return Ok(object);
        }
        let made = make()?;
        match self.0.set(made.clone().unbind()) {
            Ok(()) => Ok(made),
            Err(late) => Ok(self.0.get().unwrap_or(&late).bind(py).clone()),
        }
    }
}

/// A name, interned once.
pub struct Name(&'static str, OnceLock<Py<PyString>>);

impl Name {
    /// The name of this text.
    pub const fn new(text: &'static str) -> Name {
        Name(text, OnceLock::new())
    }

    /// The string.
    pub fn get<'py>(&self, py: Python<'py>) -> &Bound<'py, PyString> {
        // Interning a string runs no foreign code and lets no other thread run.
        self.1.get_or_init(|| PyString::intern(py, self.0).unbind()).bind(py)
    }
}

/// A string, interned once for each place that names it: what PyO3's `intern!` is, safely under forks.
macro_rules! name {
    ($py:expr, $text:literal) => {{
        static NAME: $crate::once::Name = $crate::once::Name::new($text);
        NAME.get($py)
    }};
}
pub(crate) use name;
