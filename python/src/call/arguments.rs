//! Binding positional and keyword arguments to inputs, with CPython's own wording where that fails.

use std::mem::MaybeUninit;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::plan::{Input, MAX_PARAMS, Plan};

/// One object for each input, null where none was given; on the stack, and written only as far as there are inputs.
pub(super) struct Given {
    objects: [MaybeUninit<*mut ffi::PyObject>; MAX_PARAMS],
    count: usize,
}

impl Given {
    #[inline(always)]
    pub(super) fn new() -> Given {
        Given { objects: [const { MaybeUninit::uninit() }; MAX_PARAMS], count: 0 }
    }

    pub(super) fn as_ptr(&self) -> *const *mut ffi::PyObject {
        self.objects.as_ptr().cast()
    }

    fn objects(&mut self) -> &mut [*mut ffi::PyObject] {
        // SAFETY: the first `count` are written.
        unsafe { std::slice::from_raw_parts_mut(self.objects.as_mut_ptr().cast(), self.count) }
    }

    /// The object given for an input.
    pub(super) fn get(&self, index: usize) -> *mut ffi::PyObject {
        match self.objects.get(index) {
            // SAFETY: the first `count` are written.
            Some(object) if index < self.count => unsafe { object.assume_init() },
            _ => std::ptr::null_mut(),
        }
    }

    /// Binds the arguments of a call whose keywords are the very strings of the plan. `None` at any other, and where an argument
    /// lacks or comes twice; no error is set.
    ///
    /// # Safety
    /// As for `bind`.
    #[inline(always)]
    pub(super) unsafe fn bind_by_identity(
        &mut self,
        plan: &Plan,
        args: *const *mut ffi::PyObject,
        nargs: usize,
        kwnames: *mut ffi::PyObject,
    ) -> Option<()> {
        self.count = plan.inputs.len().min(MAX_PARAMS);
        for place in self.objects.iter_mut().take(self.count) {
            place.write(std::ptr::null_mut());
        }
        // SAFETY: the caller's.
        unsafe { bind_by_identity(plan, args, nargs, kwnames, self.objects())? };
        let required = self.objects().get(..plan.required)?;
        (!required.iter().any(|object| object.is_null())).then_some(())
    }

    /// Binds the arguments of a call.
    ///
    /// # Safety
    /// `args` holds `nargs` objects and then one for each name in `kwnames`, which is null or a tuple of strings.
    pub(super) unsafe fn bind(
        &mut self,
        py: Python<'_>,
        plan: &Plan,
        args: *const *mut ffi::PyObject,
        nargs: usize,
        kwnames: *mut ffi::PyObject,
    ) -> PyResult<()> {
        if nargs > plan.positional {
            return Err(too_many(plan, nargs));
        }
        for (index, place) in self.objects.iter_mut().take(plan.inputs.len()).enumerate() {
            // SAFETY: there are `nargs` positional arguments.
            place.write(if index < nargs { unsafe { *args.add(index) } } else { std::ptr::null_mut() });
        }
        self.count = plan.inputs.len().min(MAX_PARAMS);
        // SAFETY: null or a tuple.
        if let Some(names) = unsafe { Borrowed::from_ptr_or_opt(py, kwnames) } {
            // SAFETY: CPython passes a tuple of strings.
            let names = unsafe { names.cast_unchecked::<PyTuple>() };
            for (at, name) in names.iter_borrowed().enumerate() {
                // SAFETY: one value follows the positional ones for each name.
                let value = unsafe { *args.add(nargs + at) };
                let index = find(py, plan, name)?;
                match self.objects().get_mut(index) {
                    Some(place) if place.is_null() => *place = value,
                    _ => return Err(twice(plan, index)),
                }
            }
        }
        if self.objects().iter().take(plan.required).any(|object| object.is_null()) {
            return Err(missing(plan, self));
        }
        Ok(())
    }
}

/// Fills in `given`, one null for each input, where the keywords are the very strings of the plan. `None` at any other, at an argument
/// too many and at one that comes twice; no error is set.
///
/// # Safety
/// As for `Given::bind`.
#[inline(always)]
pub(super) unsafe fn bind_by_identity(
    plan: &Plan,
    args: *const *mut ffi::PyObject,
    nargs: usize,
    kwnames: *mut ffi::PyObject,
    given: &mut [*mut ffi::PyObject],
) -> Option<()> {
    for (index, place) in given.get_mut(..nargs.min(plan.positional))?.iter_mut().enumerate() {
        // SAFETY: there are `nargs` positional arguments.
        *place = unsafe { *args.add(index) };
    }
    if nargs > plan.positional {
        return None;
    }
    if kwnames.is_null() {
        return Some(());
    }
    // SAFETY: a tuple of strings.
    let names = unsafe { ffi::PyTuple_Size(kwnames) } as usize;
    for at in nargs..nargs + names {
        // SAFETY: the index is within the tuple; one value follows the positional ones for each name.
        let (name, value) =
            unsafe { (ffi::PyTuple_GetItem(kwnames, (at - nargs) as ffi::Py_ssize_t), *args.add(at)) };
        let is_named = |input: &Input| input.name.as_ptr() == name;
        // Names come mostly in the order of the parameters.
        let index = match plan.inputs.get(at) {
            Some(input) if is_named(input) => at,
            _ => plan.inputs.iter().position(is_named)?,
        };
        let place = given.get_mut(index)?;
        if !place.is_null() {
            return None;
        }
        *place = value;
    }
    Some(())
}

/// The input called `name`: by identity first, since both strings are interned as a rule.
fn find(py: Python<'_>, plan: &Plan, name: Borrowed<'_, '_, PyAny>) -> PyResult<usize> {
    let passable = || plan.inputs.iter().enumerate().filter(|(_, input)| !input.is_scalar_out());
    if let Some((index, _)) = passable().find(|(_, input)| input.name.as_ptr() == name.as_ptr()) {
        return Ok(index);
    }
    for (index, input) in passable() {
        if name.eq(input.name.bind(py))? {
            return Ok(index);
        }
    }
    Err(unknown(plan, &name.cast::<PyString>()?.to_string_lossy()))
}

fn too_many(plan: &Plan, nargs: usize) -> PyErr {
    let takes = match (plan.required, plan.positional) {
        (required, most) if required < most => format!("from {required} to {most} positional arguments"),
        (_, 1) => "1 positional argument".to_owned(),
        (_, most) => format!("{most} positional arguments"),
    };
    let were = if nargs == 1 { "was" } else { "were" };
    let mut message = format!("{}() takes {takes} but {nargs} {were} given", plan.signature.name);
    if let Some(hidden) = hidden(plan) {
        message += &format!("\nhint: {hidden}");
    }
    PyTypeError::new_err(message)
}

/// The sentence about parameters that are taken from shapes, for those who pass them as in C.
fn hidden(plan: &Plan) -> Option<String> {
    let params = plan.signature.params.iter().enumerate();
    let names: Vec<String> = params
        .filter(|(index, _)| plan.signature.is_hidden(*index))
        .map(|(_, param)| format!("`{}`", param.name))
        .collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is taken from the arrays and not passed")),
        several => Some(format!("{} are taken from the arrays and not passed", several.join(", "))),
    }
}

fn unknown(plan: &Plan, name: &str) -> PyErr {
    let function = &plan.signature.name;
    let mut message = format!("{function}() got an unexpected keyword argument '{name}'");
    let is_hidden = |(index, param): (usize, &pixie_format::signature::Param)| {
        param.name == name && plan.signature.is_hidden(index)
    };
    if plan.signature.params.iter().enumerate().any(is_hidden) {
        message += &format!("\nhint: `{name}` is taken from the arrays and not passed");
    } else if !plan.inputs.is_empty() {
        let names: Vec<String> =
            plan.inputs.iter().map(|input| format!("`{}`", plan.param(input).name)).collect();
        message += &format!("\nhint: the arguments are {}", names.join(", "));
    }
    PyTypeError::new_err(message)
}

fn twice(plan: &Plan, index: usize) -> PyErr {
    let name = plan.inputs.get(index).map_or("", |input| plan.param(input).name.as_str());
    PyTypeError::new_err(format!("{}() got multiple values for argument '{name}'", plan.signature.name))
}

fn missing(plan: &Plan, given: &Given) -> PyErr {
    let inputs = plan.inputs.iter().take(plan.required).enumerate();
    let names: Vec<String> = inputs
        .filter(|(index, _)| given.get(*index).is_null())
        .map(|(_, input)| format!("'{}'", plan.param(input).name))
        .collect();
    let list = match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, last] => format!("{first} and {last}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
    };
    let plural = if names.len() == 1 { "" } else { "s" };
    PyTypeError::new_err(format!(
        "{}() missing {} required positional argument{plural}: {list}",
        plan.signature.name,
        names.len()
    ))
}
