//! The thunk ABI (spec §8): `void thunk(const uint64_t *args, uint64_t *ret)`, one 8-byte slot per parameter.

use crate::signature::{Return, Scalar, ScalarKind, Type};
use crate::targets::Platform;

/// What a slot of 8 bytes holds (spec §8.2). The caller writes argument slots, the thunk writes the result slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// An integer of so many bits, sign-extended to 64. A thunk ignores the upper bits of an argument.
    Signed(u32),
    /// An integer of so many bits, zero-extended to 64. A thunk ignores the upper bits of an argument.
    Unsigned(u32),
    /// 0 or 1. A thunk ignores all bits but the lowest of an argument.
    Bool,
    /// The bits of a binary32 in the lower half; the upper half is zero in a result and ignored in an argument.
    F32,
    /// The bits of a binary64.
    F64,
    /// An address.
    Pointer,
}

/// The symbol of the thunk of the export with this symbol (spec §8.1).
pub fn symbol(export: &str) -> String {
    format!("__pixie_thunk_{export}")
}

/// The symbol of the ufunc loop of the export with this symbol (spec §4.3).
pub fn loop_symbol(export: &str) -> String {
    format!("__pixie_loop_{export}")
}

impl Slot {
    /// The slot of a parameter on `platform`.
    pub const fn of_param(ty: &Type, platform: Platform) -> Slot {
        match ty {
            Type::Scalar(scalar) => Slot::of_scalar(*scalar, platform),
            Type::Ptr | Type::Array(_) => Slot::Pointer,
        }
    }

    /// The result slot on `platform`; `None` for `void`.
    pub const fn of_return(ret: Return, platform: Platform) -> Option<Slot> {
        match ret {
            Return::Void => None,
            Return::Scalar(scalar) => Some(Slot::of_scalar(scalar, platform)),
            Return::Ptr => Some(Slot::Pointer),
            Return::Status => Some(Slot::Signed(32)),
        }
    }

    const fn of_scalar(scalar: Scalar, platform: Platform) -> Slot {
        match scalar.kind() {
            ScalarKind::Bool => Slot::Bool,
            ScalarKind::Signed => Slot::Signed(scalar.size(platform) * 8),
            ScalarKind::Unsigned => Slot::Unsigned(scalar.size(platform) * 8),
            ScalarKind::Float if matches!(scalar, Scalar::F32) => Slot::F32,
            // Complex never stands by value; its kind falls to the wider float only to keep this total.
            ScalarKind::Float | ScalarKind::Complex => Slot::F64,
        }
    }
}
