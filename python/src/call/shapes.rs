//! The conditions between shapes, strides and integer arguments, and which arrays share memory.

use pixie_format::signature::Dim;

use super::{Frame, View};
use crate::plan::{Check, Plan};

/// The value of a slot that holds an integer.
///
/// # Safety
/// The slot has been set.
#[inline(always)]
pub(super) unsafe fn integer(plan: &Plan, frame: &Frame, slot: u8) -> i128 {
    // SAFETY: the caller's.
    let bits = unsafe { frame.slot(slot) };
    if plan.signed_slots & (1 << slot) != 0 { i128::from(bits as i64) } else { i128::from(bits) }
}

/// The value of an extent; `None` where it exceeds 128 bits.
///
/// # Safety
/// Every integer slot has been set.
pub(super) unsafe fn evaluate(plan: &Plan, frame: &Frame, dim: &Dim) -> Option<i128> {
    // SAFETY: the caller's.
    unsafe {
        match dim {
            Dim::Const(value) => Some(i128::from(*value)),
            Dim::Param(slot) => Some(integer(plan, frame, *slot as u8)),
            Dim::Add(a, b) => evaluate(plan, frame, a)?.checked_add(evaluate(plan, frame, b)?),
            Dim::Sub(a, b) => evaluate(plan, frame, a)?.checked_sub(evaluate(plan, frame, b)?),
            Dim::Mul(a, b) => evaluate(plan, frame, a)?.checked_mul(evaluate(plan, frame, b)?),
        }
    }
}

/// The extent that the plan demands of an axis of an array input.
///
/// # Safety
/// Every integer slot has been set.
pub(super) unsafe fn demanded(plan: &Plan, frame: &Frame, input: u8, axis: u8) -> Option<i128> {
    let array = plan.array(plan.inputs.get(input as usize)?)?;
    // SAFETY: the caller's.
    unsafe { evaluate(plan, frame, array.dims.get(axis as usize)?) }
}

/// Whether a condition holds.
///
/// # Safety
/// Every slot and view of the frame has been set.
#[inline(always)]
pub(super) unsafe fn holds(plan: &Plan, check: &Check, frame: &Frame) -> bool {
    // SAFETY: the caller's; a view's shape has as many extents as the plan has axes.
    unsafe {
        match *check {
            Check::Slot { input, axis, slot } => {
                let view = frame.view(input);
                view.shape.is_null() || {
                    let extent = *view.shape.add(axis as usize);
                    // An unsigned value beyond i64 reads as negative here, which no extent is.
                    frame.slot(slot) as i64 == extent as i64
                }
            }
            Check::Expr { input, axis } => {
                let view = frame.view(input);
                view.shape.is_null() || {
                    let extent = *view.shape.add(axis as usize);
                    demanded(plan, frame, input, axis) == Some(extent as i128)
                }
            }
            Check::Stride { input, slot } => {
                let view = frame.view(input);
                // Where there are no two elements, there is no distance.
                view.shape.is_null() || *view.shape <= 1 || frame.slot(slot) as i64 == view.stride as i64
            }
        }
    }
}

/// Whether two arrays share no memory.
///
/// # Safety
/// Both views have been set.
#[inline(always)]
pub(super) unsafe fn are_apart((first, second): (u8, u8), frame: &Frame) -> bool {
    // SAFETY: the caller's.
    let (a, b): (View, View) = unsafe { (frame.view(first), frame.view(second)) };
    a.span == 0 || b.span == 0 || a.low + a.span <= b.low || b.low + b.span <= a.low
}
