//! The careful road: every type that converts, every buffer, every error, `out` arrays.

use std::mem::MaybeUninit;

use pixie_format::signature::{Dim, Layout};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;

use super::arguments::Given;
use super::buffers::{self, Buffers};
use super::fault::{self, Wrong};
use super::{Frame, View, invoke, numpy, outputs, pointer, result, scalar, shapes};
use crate::export::Export;
use crate::plan::{ArrayPlan, Bind, Check, Input, Kind, MAX_PARAMS, Plan};

/// Converts, calls and returns a new reference, or null with an error set.
pub(super) fn call(py: Python<'_>, export: &Export, given: &Given) -> PyResult<*mut ffi::PyObject> {
    let plan = &export.plan;
    // All are large and must not move.
    let (mut frame, mut buffers) = (Frame::new(), Buffers::new());
    let mut scratch = [const { MaybeUninit::uninit() }; MAX_PARAMS];
    let mut call = Call { plan, frame: &mut frame, scratch: &mut scratch, buffers: &mut buffers, bytes: 0 };
    for (index, input) in plan.inputs.iter().enumerate() {
        call.convert(py, index, input, given.get(index))?;
    }
    let made = outputs::allocate(py, &mut call, given)?;
    call.check()?;
    // SAFETY: every input has set its slot, its view and what it determines, and everything was checked; `call` holds the buffers
    // and `made` the new arrays until after the thunk.
    let ret = unsafe { invoke(export, call.frame, call.bytes) };
    let object = result::to_python(py, plan, ret);
    if plan.has_outputs { outputs::collect(py, plan, object, &made) } else { Ok(object) }
}

/// The slot of an argument that is no array.
pub fn value(plan: &Plan, input: &Input, object: &Bound<'_, PyAny>) -> PyResult<u64> {
    match &input.kind {
        Kind::F64 => Ok(scalar::f64(plan, input, object)?.to_bits()),
        Kind::F32 => scalar::f32(plan, input, object),
        Kind::Integer(kind) => scalar::integer(plan, input, object, *kind),
        Kind::Bool => scalar::boolean(plan, input, object),
        Kind::Pointer => pointer::address(plan, input, object),
        Kind::Array(_) => Err(fault::scalar(plan, input, PyTypeError::new_err, "a number", object)),
    }
}

/// A call in the making.
pub(super) struct Call<'c> {
    pub(super) plan: &'c Plan,
    pub(super) frame: &'c mut Frame,
    /// The places of `out` scalars.
    pub(super) scratch: &'c mut [MaybeUninit<[u64; 2]>; MAX_PARAMS],
    buffers: &'c mut Buffers,
    bytes: usize,
}

impl Call<'_> {
    fn convert(
        &mut self,
        py: Python<'_>,
        index: usize,
        input: &Input,
        object: *mut ffi::PyObject,
    ) -> PyResult<()> {
        // SAFETY: null or an object that the caller keeps alive.
        let object = unsafe { Borrowed::from_ptr_or_opt(py, object) };
        let Some(object) = object.filter(|object| !input.is_left_out(object)) else {
            // What has no default is an `out` array, made later.
            self.frame.set(input.slot, input.default.unwrap_or(0));
            self.frame.set_view(index, View::ABSENT);
            return Ok(());
        };
        if let Kind::Array(array) = &input.kind {
            return self.array(index, input, array, &object);
        }
        self.frame.set(input.slot, value(self.plan, input, &object)?);
        Ok(())
    }

    /// Takes an array argument: its buffer is held, its address and what its shape determines are set.
    pub(super) fn array(
        &mut self,
        index: usize,
        input: &Input,
        kind: &ArrayPlan,
        object: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if kind.optional && object.is_none() {
            self.frame.set(input.slot, 0);
            self.frame.set_view(index, View::ABSENT);
            return Ok(());
        }
        let Some(array) = self.plan.array(input) else { return Ok(()) };
        let Some(buffer) = self.buffers.acquire(object, kind.writable) else {
            return Err(fault::no_buffer(self.plan, input, array, kind.size, object));
        };
        let view = view(kind, buffer)
            .map_err(|wrong| fault::buffer(self.plan, input, array, kind, buffer, &wrong))?;
        numpy::adopt(object.py(), object, buffer);
        for bind in &kind.binds {
            let extent = fault::shape(buffer).get(bind.axis as usize).copied().unwrap_or(0);
            bind_slot(self.plan, self.frame, input, bind, extent)?;
        }
        if let Some(bind) = &kind.stride {
            bind_slot(self.plan, self.frame, input, bind, view.stride)?;
        }
        self.frame.set(input.slot, view.data as u64);
        self.frame.set_view(index, view);
        self.bytes = self.bytes.saturating_add(view.span);
        Ok(())
    }

    fn check(&self) -> PyResult<()> {
        let (plan, frame): (_, &Frame) = (self.plan, self.frame);
        for check in &plan.checks {
            // SAFETY: every slot and view is set.
            if !unsafe { shapes::holds(plan, check, frame) } {
                return Err(self.broken(check));
            }
        }
        for pair in &plan.apart {
            // SAFETY: as above.
            if !unsafe { shapes::are_apart(*pair, frame) }
                && let (Some(first), Some(second)) =
                    (plan.inputs.get(pair.0 as usize), plan.inputs.get(pair.1 as usize))
            {
                return Err(fault::overlap(plan, first, second));
            }
        }
        Ok(())
    }

    /// The error for a condition that does not hold.
    fn broken(&self, check: &Check) -> PyErr {
        let plan = self.plan;
        let (input, axis) = match *check {
            Check::Slot { input, axis, .. } | Check::Expr { input, axis } => (input, axis),
            Check::Stride { input, .. } => (input, 0),
        };
        // SAFETY: every slot and view is set.
        let (view, demanded) =
            unsafe { (self.frame.view(input), shapes::demanded(plan, self.frame, input, axis)) };
        let at = plan.inputs.get(input as usize);
        let Some((at, array)) = at.and_then(|at| Some((at, plan.array(at)?))) else {
            unreachable!("checks are made for array inputs alone")
        };
        if let Check::Stride { slot, .. } = *check {
            // SAFETY: as above.
            let stride = unsafe { shapes::integer(plan, self.frame, slot) };
            return fault::stride_mismatch(plan, at, view.stride, stride);
        }
        let source = match array.dims.get(axis as usize) {
            Some(Dim::Param(slot)) => determiner(plan, *slot),
            _ => None,
        };
        // SAFETY: a check that fails has a view, whose shape has as many extents as the signature has axes.
        let found = unsafe { std::slice::from_raw_parts(view.shape, array.dims.len()) };
        fault::shape_mismatch(plan, at, array, found, axis as usize, demanded, source)
    }
}

/// The name of the array that fills a slot.
fn determiner(plan: &Plan, slot: usize) -> Option<&str> {
    let fills = |input: &&Input| match &input.kind {
        Kind::Array(array) => array.binds.iter().any(|bind| bind.slot as usize == slot),
        _ => false,
    };
    plan.inputs.iter().find(fills).map(|input| plan.param(input).name.as_str())
}

fn bind_slot(plan: &Plan, frame: &mut Frame, input: &Input, bind: &Bind, value: isize) -> PyResult<()> {
    if !bind.integer.holds_i64(value as i64) {
        return Err(fault::does_not_fit(plan, input, bind.slot, value));
    }
    frame.set(bind.slot, value as u64);
    Ok(())
}

/// The memory behind a buffer, if the function can work on it.
fn view(kind: &ArrayPlan, buffer: &ffi::Py_buffer) -> Result<View, Wrong> {
    if !buffers::element(buffer).fits(kind) {
        return Err(Wrong::Dtype);
    }
    let (shape, strides) = (fault::shape(buffer), fault::strides(buffer));
    if buffer.ndim as usize != kind.rank || shape.len() != kind.rank {
        return Err(Wrong::Rank);
    }
    if kind.writable && buffer.readonly != 0 {
        return Err(Wrong::ReadOnly);
    }
    let data = buffer.buf as usize;
    let len = buffer.len.max(0) as usize;
    // An alignment is a power of two; a division would cost as much as the rest.
    if len > 0 && data & (kind.align - 1) != 0 {
        return Err(Wrong::Alignment);
    }
    if let Layout::Strided(_) = kind.layout {
        let bytes = strides.first().copied().unwrap_or(kind.size as isize);
        if kind.writable && bytes == 0 && shape.first().is_some_and(|extent| *extent > 1) {
            return Err(Wrong::ZeroStride);
        }
        // SAFETY: the rank was checked, so there is one extent.
        return unsafe { numpy::strided(data, shape.as_ptr(), bytes, kind.size) }.ok_or(Wrong::Stride);
    }
    let reversed = kind.layout == Layout::F;
    if len > 0 && !strides.is_empty() && !contiguous(shape, strides, kind.size, reversed) {
        return Err(Wrong::Order);
    }
    Ok(View { data, shape: shape.as_ptr(), stride: 0, low: data, span: len })
}

/// Whether elements follow each other without gaps. The stride of an axis of one element says nothing.
fn contiguous(shape: &[isize], strides: &[isize], size: usize, fortran: bool) -> bool {
    let mut expected = size as isize;
    let mut follows = |(extent, stride): (&isize, &isize)| {
        let fits = *extent == 1 || *stride == expected;
        expected = expected.wrapping_mul(*extent);
        fits
    };
    let axes = shape.iter().zip(strides);
    if fortran { { axes }.all(&mut follows) } else { axes.rev().all(&mut follows) }
}
