//! An exported function: the built-in that Python calls, and its handle, which knows everything else about it.

use std::ffi::{CString, OsStr, c_void};
use std::path::Path;
use std::sync::Arc;

use pixie_format::signature::{Default, Mode, Param};
use pixie_ld::{LoadedExport, Thunk};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyString, PyTuple};

use crate::bitcode;
use crate::call;
use crate::ctypes;
use crate::home;
use crate::inspect;
use crate::module::Origin;
use crate::once::{Once, name};
use crate::plan::Plan;
use crate::typed;
use crate::ufunc;

/// A function of a fat module: what `pixie.info(f)` and `f.__self__` give.
#[pyclass(frozen, module = "pixie")]
pub struct Export {
    /// What a call needs. First, so that it lies right behind the object's head.
    pub plan: Plan,
    /// The code that a call enters.
    pub thunk: Thunk,
    /// The C function itself.
    pub function: *const c_void,
    /// The overload to try where the arguments are of other types.
    pub next: Option<Py<Export>>,
    /// Whether it is a type of a NumPy ufunc.
    pub is_ufunc: bool,
    origin: Arc<Origin>,
    index: usize,
    method: Method,
    capsule: Once<PyAny>,
}

// SAFETY: the only pointer is the address of code, which is never written to and never unmapped.
unsafe impl Send for Export {}
// SAFETY: as for `Send`.
unsafe impl Sync for Export {}

/// The C description of the built-in, which CPython reads as long as the function lives; the function keeps its `Export` alive.
struct Method {
    definition: Box<ffi::PyMethodDef>,
    _text: String,
}

// SAFETY: the pointers lead into the text beside them, and nothing is ever written.
unsafe impl Send for Method {}
// SAFETY: as for `Send`.
unsafe impl Sync for Method {}

impl Method {
    /// `text` is the name, a NUL, the docstring, a NUL.
    fn new(py: Python<'_>, plan: &Plan, text: String) -> Method {
        let name = plan.signature.name.len();
        debug_assert!(text.as_bytes().get(name) == Some(&0) && text.ends_with('\0'));
        let definition = Box::new(ffi::PyMethodDef {
            ml_name: text.as_ptr().cast(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: call::entry(py, plan) },
            ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            ml_doc: text.as_ptr().wrapping_add(name + 1).cast(),
        });
        Method { definition, _text: text }
    }
}

impl Export {
    /// Makes the handle of the export at `index`; `next` is the overload to try after it.
    pub fn handle<'py>(
        py: Python<'py>,
        origin: &Arc<Origin>,
        index: usize,
        next: Option<Py<Export>>,
    ) -> PyResult<Bound<'py, Export>> {
        let loaded = &origin.loaded;
        let entry = &loaded.exports()[index];
        let signature = origin.signature(py, entry)?;
        let details = loaded.details(entry);
        let plan = Plan::compile(py, loaded.platform(), signature, &details);
        let doc = details.doc.map(|doc| doc.as_str());
        let mut doc = docstring(py, &plan, details.signature.as_str(), doc)?;
        let mut later = next.as_ref();
        while let Some(overload) = later {
            let overload = overload.get();
            doc.push('\n');
            doc.push_str(&overload.signature());
            later = overload.next.as_ref();
        }
        doc.push('\0');
        let method = Method::new(py, &plan, doc);
        let export = Export {
            plan,
            next,
            thunk: entry.thunk,
            function: entry.function,
            is_ufunc: details.ufunc.is_some(),
            origin: Arc::clone(origin),
            index,
            method,
            capsule: Once::new(),
        };
        Bound::new(py, export)
    }

    /// Makes the built-in of a handle.
    pub fn function<'py>(
        handle: &Bound<'py, Export>,
        module_name: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let definition: *const ffi::PyMethodDef = &*handle.get().method.definition;
        // SAFETY: the definition lives in the handle, which the function keeps alive, and its entry expects an `Export` as `self`;
        // CPython takes the definition as mutable but only reads it.
        unsafe {
            let made = ffi::PyCFunction_NewEx(definition.cast_mut(), handle.as_ptr(), module_name.as_ptr());
            Bound::from_owned_ptr_or_err(handle.py(), made)
        }
    }

    /// The export behind a function of a fat module.
    pub fn of<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Export>> {
        if let Ok(export) = function.cast::<Export>() {
            return Ok(export.clone());
        }
        let handle = match function.cast::<PyCFunction>() {
            // A bound method of the handle itself is a built-in too, but not the function.
            Ok(builtin) => builtin.getattr("__self__")?.cast_into::<Export>().ok(),
            Err(_) => ufunc::export_of(function)?,
        };
        handle
            .filter(|handle| {
                function.getattr("__name__").is_ok_and(|name| name.eq(handle.get().name()).unwrap_or(false))
            })
            .ok_or_else(|| {
                let shown = function.repr().map_or_else(|_| "an object".to_owned(), |repr| repr.to_string());
                PyTypeError::new_err(format!("expected a function of a fat module, found {shown}"))
            })
    }

    /// The module that it is of.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// Its place among the exports of the module.
    pub fn index(&self) -> usize {
        self.index
    }

    fn loaded(&self) -> &LoadedExport {
        &self.origin.loaded.exports()[self.index]
    }
}

/// Returns what is known of a function of a fat module: signature, addresses, ISA level and so on.
#[pyfunction]
pub fn info<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Export>> {
    Export::of(function)
}

#[pymethods]
impl Export {
    /// The function's name.
    #[getter]
    pub fn name(&self) -> &str {
        &self.plan.signature.name
    }

    /// The typed signature, for example `dot(a: f64[n], b: f64[n], n: usize) -> f64`.
    #[getter]
    pub fn signature(&self) -> String {
        self.plan.signature.to_string()
    }

    /// The signature as C spells it, for example `double (double *, double *, size_t)`.
    #[getter]
    fn c_signature(&self) -> String {
        ctypes::spelling(&self.plan.signature)
    }

    /// The typed signatures of the other functions of this name, in the order in which they are tried.
    #[getter]
    fn overloads<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let mut signatures = Vec::new();
        let mut later = self.next.as_ref();
        while let Some(overload) = later {
            signatures.push(overload.get().signature());
            later = overload.get().next.as_ref();
        }
        PyTuple::new(py, signatures)
    }

    /// The name of the module.
    #[getter]
    fn module(&self) -> &str {
        &self.origin.name
    }

    /// The path of the module's file; `None` if it was not loaded from one.
    #[getter]
    fn path(&self) -> Option<&OsStr> {
        self.origin.loaded.path().map(Path::as_os_str)
    }

    /// The file that the code came from: the module's own, one that was specialised from it, or one in the cache.
    #[getter]
    fn code_path(&self) -> Option<&OsStr> {
        self.origin.loaded.code_path().map(Path::as_os_str)
    }

    /// The symbol in the object.
    #[getter]
    fn symbol(&self) -> &str {
        &self.origin.loaded.manifest().exports[self.loaded().index].symbol
    }

    /// The address of the C function.
    #[getter]
    fn address(&self) -> usize {
        self.function as usize
    }

    /// The address of the thunk, `void (const uint64_t *, uint64_t *)`.
    #[getter]
    fn thunk_address(&self) -> usize {
        self.thunk as usize
    }

    /// The platform.
    #[getter]
    fn platform(&self) -> &'static str {
        self.origin.loaded.platform().name()
    }

    /// The ISA level of the code.
    #[getter]
    fn isa(&self) -> &str {
        &self.origin.loaded.variant().isa
    }

    /// The identity of the module, in hexadecimal.
    #[getter]
    fn build_id(&self) -> String {
        self.origin.loaded.build_id().to_string()
    }

    /// The C function as a ctypes function, typed. It checks neither shapes nor lengths, and releases the lock.
    #[getter]
    fn ctypes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        ctypes::function(py, &self.plan.signature, self.address())
    }

    /// A capsule with the address of the C function, named with `c_signature`, as SciPy's `LowLevelCallable` expects.
    #[getter]
    fn capsule<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.capsule.get_or_try(py, || {
            // A capsule may outlive this handle and keeps a pointer to its name: one small string for each function, kept for good,
            // like the code itself.
            let name = Box::leak(CString::new(self.c_signature())?.into_boxed_c_str());
            // SAFETY: the address is not null and, like the name, stays valid as long as the process lives.
            unsafe {
                let capsule = ffi::PyCapsule_New(self.function.cast_mut(), name.as_ptr(), None);
                Bound::from_owned_ptr_or_err(py, capsule)
            }
        })
    }

    /// Returns the LLVM IR of the function, optimised for the ISA level `isa` of `platform`.
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
        inspect::code(slf, "llvm", Some(slf.get().name()), platform, isa)
    }

    /// Returns the assembly of the function, compiled anew from the bitcode for the ISA level `isa` of `platform`.
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
        inspect::code(slf, "asm", Some(slf.get().name()), platform, isa)
    }

    /// Returns the machine code of the function for the ISA level `isa` of `platform`, disassembled as it is stored.
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
        inspect::code(slf, "disasm", Some(slf.get().name()), platform, isa)
    }

    /// Returns the flow graph of the function, optimised for the ISA level `isa` of `platform`; a notebook shows its picture.
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
        inspect::flow_graph(slf, Some(slf.get().name()), platform, isa)
    }

    /// The signature as plain data, for `pixie._numba`.
    fn _typed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        typed::describe(py, &self.plan, self.origin.loaded.platform())
    }

    /// The bitcode of the module and what a reader must know of it, for `pixie._numba`; `None` where there is none.
    fn _bitcode<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        bitcode::describe(py, &self.origin)
    }

    /// The handle of the function that is tried after this one.
    fn _next(&self, py: Python<'_>) -> Option<Py<Export>> {
        self.next.as_ref().map(|next| next.clone_ref(py))
    }

    /// CPython pickles a built-in as `getattr` of its `__self__`, so what this restores is what has a function of that name: the
    /// module.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let restore = home::import(py, "_core")?.getattr(name!(py, "_restore"))?;
        Ok((restore, self.origin.recipe(py, Some(self.name()))?))
    }

    /// Nothing in it changes, so that a copy is the same.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    fn __repr__(&self) -> String {
        format!("<pixie function {} of '{}' at {}>", self.plan.signature, self.origin.name, self.isa())
    }
}

/// The name, a NUL, and the docstring: the line that `inspect.signature` reads, the author's text, the typed signature.
fn docstring(py: Python<'_>, plan: &Plan, signature: &str, doc: Option<&str>) -> PyResult<String> {
    let mut text = String::with_capacity(2 * signature.len() + 40 + doc.map_or(0, str::len));
    text.push_str(&plan.signature.name);
    text.push('\0');
    text.push_str(&plan.signature.name);
    text.push('(');
    let (mut first, mut keywords) = (true, false);
    for (index, input) in plan.inputs.iter().enumerate() {
        let param = plan.param(input);
        if param.mode == Mode::Out && input.is_scalar_out() {
            continue;
        }
        if !std::mem::take(&mut first) {
            text += ", ";
        }
        if index >= plan.positional && !std::mem::replace(&mut keywords, true) {
            text += "*, ";
        }
        text += &param.name;
        text += &default_text(py, param)?;
    }
    text += ")\n--\n\n";
    if let Some(doc) = doc {
        // The text ends at the first NUL for Python.
        text.extend(doc.trim_end().split('\0'));
        text += "\n\n";
    }
    // Types stand here because `inspect.signature` refuses them in the line above.
    text.push_str(signature);
    Ok(text)
}

fn default_text(py: Python<'_>, param: &Param) -> PyResult<String> {
    Ok(match param.default {
        None if param.mode == Mode::Out => "=None".to_owned(),
        None => String::new(),
        Some(Default::Float(bits)) if !f64::from_bits(bits).is_finite() => {
            // `inspect.signature` finds these among the imported modules.
            py.import("math")?;
            let value = f64::from_bits(bits);
            match (value.is_nan(), value > 0.0) {
                (true, _) => "=math.nan".to_owned(),
                (_, true) => "=math.inf".to_owned(),
                (_, false) => "=-math.inf".to_owned(),
            }
        }
        Some(default) => format!("={default}"),
    })
}
