//! NumPy arrays read in place, where the buffer protocol would cost several times the call.
//!
//! The layout below is part of NumPy's public binary interface: the accessors of its headers (`PyArray_DATA`, `PyArray_DIMS` …)
//! are compiled into every extension, and read these very fields in NumPy 1 and 2 alike. Still, nothing is taken on trust: the
//! first array of a process is read both ways, and unless the two agree this road stays closed.

use std::ffi::{c_char, c_int, c_long};
use std::sync::atomic::{AtomicPtr, Ordering};

use pixie_format::signature::{Layout, Scalar};
use pyo3::ffi;
use pyo3::prelude::*;

use super::View;
use crate::plan::ArrayPlan;

/// `PyArrayObject_fields` of NumPy's `ndarraytypes.h`.
#[repr(C)]
struct ArrayFields {
    head: ffi::PyObject,
    data: *mut c_char,
    rank: c_int,
    shape: *const isize,
    strides: *const isize,
    base: *mut ffi::PyObject,
    dtype: *const DtypeFields,
    flags: c_int,
}

/// The beginning of `PyArray_Descr`, which NumPy 1 and 2 share.
#[repr(C)]
struct DtypeFields {
    head: ffi::PyObject,
    scalar_type: *mut ffi::PyTypeObject,
    kind: c_char,
    code: c_char,
    byte_order: c_char,
    former_flags: c_char,
    number: c_int,
}

const C_CONTIGUOUS: c_int = 0x0001;
const F_CONTIGUOUS: c_int = 0x0002;
const ALIGNED: c_int = 0x0100;
const WRITEABLE: c_int = 0x0400;
/// What `byte_order` is where it is not the machine's.
const SWAPPED: c_char = if cfg!(target_endian = "little") { b'>' } else { b'<' } as c_char;

/// The `numpy.ndarray` that has been checked, or null.
static NDARRAY: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(std::ptr::null_mut());

/// The last type that was found to be none, or whose array did not read well.
static OTHER: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(std::ptr::null_mut());

/// The type numbers (`NPY_TYPES`) that fit an element type, as bits.
pub(crate) const fn dtypes(element: Scalar, size: usize) -> u32 {
    const BOOL: u32 = 1 << 0;
    const SIGNED: [u32; 5] = [1 << 1, 1 << 3, 1 << 5, 1 << 7, 1 << 9];
    let long = size_of::<c_long>();
    match element {
        Scalar::Bool => BOOL,
        Scalar::F32 => 1 << 11,
        Scalar::F64 => 1 << 12,
        Scalar::C64 => 1 << 14,
        Scalar::C128 => 1 << 15,
        _ => {
            let mut bits = match size {
                1 => SIGNED[0],
                2 => SIGNED[1],
                4 => SIGNED[2],
                _ => SIGNED[4],
            };
            if size == long {
                bits |= SIGNED[3];
            }
            // The unsigned type of each size has the next number.
            match element.kind() {
                pixie_format::signature::ScalarKind::Signed if size == 1 => bits | bits << 1,
                pixie_format::signature::ScalarKind::Signed => bits,
                _ => bits << 1,
            }
        }
    }
}

/// The flags that an array of this kind must have.
pub(crate) const fn required_flags(layout: Layout, writable: bool) -> c_int {
    let order = match layout {
        Layout::C => C_CONTIGUOUS,
        Layout::F => F_CONTIGUOUS,
        Layout::Strided(_) => 0,
    };
    order | ALIGNED | if writable { WRITEABLE } else { 0 }
}

/// The memory of `object` where it is a NumPy array that `plan` accepts.
///
/// # Safety
/// `object` is an object and the lock is held.
#[inline(always)]
pub(super) unsafe fn view(object: *mut ffi::PyObject, plan: &ArrayPlan) -> Option<View> {
    // SAFETY: an object of exactly the type that `adopt` checked has these fields, and `shape` and `strides` have `rank` entries.
    unsafe {
        if ffi::Py_TYPE(object) != NDARRAY.load(Ordering::Relaxed) {
            return None;
        }
        let array = &*object.cast::<ArrayFields>();
        let dtype = &*array.dtype;
        if array.rank as usize != plan.rank
            || array.flags & plan.numpy_flags != plan.numpy_flags
            || dtype.number as u32 >= u32::BITS
            || plan.numpy_dtypes & (1 << dtype.number) == 0
            || dtype.byte_order == SWAPPED
        {
            return None;
        }
        let data = array.data as usize;
        if let Layout::Strided(_) = plan.layout {
            // Elements that share their place cannot be written; the careful road says so.
            if plan.writable && *array.strides == 0 {
                return None;
            }
            return strided(data, array.shape, *array.strides, plan.size);
        }
        let mut span = plan.size;
        for axis in 0..plan.rank {
            // NumPy made sure that the product of the extents fits.
            span = span.wrapping_mul(*array.shape.add(axis) as usize);
        }
        Some(View { data, shape: array.shape, stride: 0, low: data, span })
    }
}

/// The view of a one-dimensional array, if whole elements lie between its elements.
///
/// # Safety
/// `shape` points to one extent.
pub(super) unsafe fn strided(data: usize, shape: *const isize, bytes: isize, size: usize) -> Option<View> {
    // SAFETY: the caller's.
    let extent = unsafe { *shape };
    if extent <= 1 {
        let span = if extent == 1 { size } else { 0 };
        return Some(View { data, shape, stride: 1, low: data, span });
    }
    let size_signed = size as isize;
    if bytes % size_signed != 0 {
        return None;
    }
    let reach = bytes.checked_mul(extent - 1)?;
    let low = data.wrapping_add_signed(reach.min(0));
    Some(View { data, shape, stride: bytes / size_signed, low, span: reach.unsigned_abs() + size })
}

/// Opens this road when `object` is the first NumPy array of the process and reads the same through `view`, its own buffer.
pub(super) fn adopt(py: Python<'_>, object: &Bound<'_, PyAny>, view: &ffi::Py_buffer) {
    let ty = object.get_type_ptr();
    if !NDARRAY.load(Ordering::Relaxed).is_null()
        || OTHER.load(Ordering::Relaxed) == ty
        || view.ndim < 1
        || view.len == 0
    {
        return;
    }
    // One look-up for each run of arguments of another type, not for each argument.
    OTHER.store(ty, Ordering::Relaxed);
    // NumPy is never imported by us: an array of it can only come from one that is there.
    let Ok(modules) = py.import("sys").and_then(|sys| sys.getattr("modules")) else { return };
    let Ok(ndarray) = modules.get_item("numpy").and_then(|numpy| numpy.getattr("ndarray")) else { return };
    let exact = object.get_type().is(&ndarray);
    let size = ndarray.getattr("__basicsize__").and_then(|size| size.extract::<usize>()).unwrap_or(0);
    if !exact || size < size_of::<ArrayFields>() {
        return;
    }
    // SAFETY: the object is at least as large as these fields, which are plain data; the pointers in them are followed only after
    // they were found equal to what the buffer protocol returned.
    let agrees = unsafe {
        let array = &*object.as_ptr().cast::<ArrayFields>();
        let rank = view.ndim as usize;
        std::ptr::eq(array.data.cast(), view.buf)
            && array.rank == view.ndim
            && (array.flags & WRITEABLE == 0) == (view.readonly != 0)
            && same(array.shape, view.shape, rank)
            && same(array.strides, view.strides, rank)
    };
    if agrees && dtype_reads_well(object) {
        NDARRAY.store(ndarray.as_ptr().cast(), Ordering::Relaxed);
    }
}

/// # Safety
/// Both are null or point to `rank` numbers, `theirs` for certain.
unsafe fn same(ours: *const isize, theirs: *const isize, rank: usize) -> bool {
    if ours.is_null() || theirs.is_null() || !ours.is_aligned() {
        return false;
    }
    // NumPy hands out pointers of its own copy, so the numbers are compared.
    // SAFETY: an array object of this size whose data pointer and rank read right has its extents here.
    unsafe { (0..rank).all(|axis| *ours.add(axis) == *theirs.add(axis)) }
}

/// Whether the type number and byte order are those that the array's own attributes tell.
fn dtype_reads_well(object: &Bound<'_, PyAny>) -> bool {
    let Ok(dtype) = object.getattr("dtype") else { return false };
    let number = dtype.getattr("num").and_then(|number| number.extract::<c_int>());
    let kind = dtype.getattr("kind").and_then(|kind| kind.extract::<char>());
    // SAFETY: `adopt` checked the array's size; its `dtype` field must be the very object that the attribute gives.
    unsafe {
        let fields = (*object.as_ptr().cast::<ArrayFields>()).dtype;
        fields.cast::<ffi::PyObject>() == dtype.as_ptr().cast_const()
            && number.is_ok_and(|number| number == (*fields).number)
            && kind.is_ok_and(|kind| kind as u32 == (*fields).kind as u32)
    }
}
