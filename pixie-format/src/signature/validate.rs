//! The rules that a signature must keep beyond its grammar (spec §7.6).

use super::parse::fail;
use super::{Array, Default, Dim, Layout, Mode, Scalar, ScalarKind, Signature, Type};
use crate::error::Result;
use crate::targets::Platform;

/// The most parameters a function may have (spec §7.6).
pub const MAX_PARAMS: usize = 64;
/// The most axes an array may have, which is the buffer protocol's own bound (spec §7.6).
pub const MAX_DIMS: usize = 16;

impl Signature {
    /// Checks the rules; `at` holds the byte at which each parameter begins in `text`.
    pub(super) fn validate(&self, text: &str, at: &[usize]) -> Result<()> {
        if self.params.len() > MAX_PARAMS {
            return Err(fail(
                text,
                0,
                format!("expected at most {MAX_PARAMS} parameters, found {}", self.params.len()),
            ));
        }
        let mut defaulted: Option<&str> = None;
        for (index, param) in self.params.iter().enumerate() {
            let fail = |what: String| Err(fail(text, at[index], what));
            let name = &param.name;
            if self.params[..index].iter().any(|earlier| earlier.name == *name) {
                return fail(format!("two parameters are called `{name}`"));
            }
            match &param.ty {
                Type::Array(array) => {
                    if let Some(what) = self.array_fault(array) {
                        return fail(format!("`{name}`: {what}"));
                    }
                    if array.optional && param.mode == Mode::Out {
                        return fail(format!(
                            "`{name}`: an `out` array is always allocated, so it cannot be `None`"
                        ));
                    }
                }
                _ if param.mode != Mode::In => {
                    return fail(format!(
                        "`{name}`: only an array can be `{}`\nhint: write an array of one element, `{name}: {}f64[1]`",
                        param.mode.prefix().trim_end(),
                        param.mode.prefix()
                    ));
                }
                _ => {}
            }
            if let Some(default) = param.default {
                if let Some(what) = default_fault(&param.ty, default) {
                    return fail(format!("`{name}`: {what}"));
                }
                if self.is_hidden(index) {
                    return fail(format!(
                        "`{name}` is taken from an array's shape, so it can have no default"
                    ));
                }
                defaulted = Some(name);
            } else if let Some(earlier) = defaulted
                && !self.is_hidden(index)
                && param.mode != Mode::Out
            {
                return fail(format!("`{name}` has no default but follows `{earlier}`, which has one"));
            }
        }
        Ok(())
    }

    fn array_fault(&self, array: &Array) -> Option<String> {
        if array.dims.len() > MAX_DIMS {
            return Some(format!("expected at most {MAX_DIMS} dimensions, found {}", array.dims.len()));
        }
        if let Layout::Strided(index) = array.layout {
            if array.dims.len() != 1 {
                return Some("only an array of one dimension can be strided".to_owned());
            }
            // A stride can be negative.
            let ty = &self.params[index].ty;
            if !matches!(ty, Type::Scalar(scalar) if scalar.kind() == ScalarKind::Signed) {
                return Some(format!("the stride `{}` must be a signed integer", self.params[index].name));
            }
        }
        array.dims.iter().find_map(|dim| self.dim_fault(dim))
    }

    fn dim_fault(&self, dim: &Dim) -> Option<String> {
        match dim {
            Dim::Const(_) => None,
            Dim::Param(index) => match &self.params[*index].ty {
                Type::Scalar(scalar) if scalar.is_integer() => None,
                _ => {
                    Some(format!("the dimension `{}` must be an integer parameter", self.params[*index].name))
                }
            },
            Dim::Add(a, b) | Dim::Sub(a, b) | Dim::Mul(a, b) => {
                self.dim_fault(a).or_else(|| self.dim_fault(b))
            }
        }
    }
}

fn default_fault(ty: &Type, default: Default) -> Option<String> {
    let scalar = match (ty, default) {
        (Type::Array(array), Default::None) if array.optional => return None,
        (Type::Array(_), _) => {
            return Some(
                "the default of an array can only be `None`, where the type is `… | None`".to_owned(),
            );
        }
        (Type::Ptr, Default::None) => return None,
        (Type::Ptr, _) => return Some("the default of a `ptr` can only be `None`".to_owned()),
        (Type::Scalar(scalar), _) => *scalar,
    };
    match (scalar.kind(), default) {
        (ScalarKind::Bool, Default::Bool(_)) => None,
        (ScalarKind::Float, Default::Float(bits)) => {
            let value = f64::from_bits(bits);
            (scalar == Scalar::F32 && value.is_finite() && !(value as f32).is_finite())
                .then(|| format!("the default {value:?} does not fit `f32`"))
        }
        (ScalarKind::Float, Default::Int(value)) => (value.unsigned_abs() > u128::from(u64::MAX))
            .then(|| format!("the default {value} has more than 64 bits\nhint: write it as a float")),
        (ScalarKind::Signed | ScalarKind::Unsigned, Default::Int(value)) => {
            let (low, high) = integer_range(scalar);
            (value < low || value > high)
                .then(|| format!("the default {value} does not fit `{}` on every platform", scalar.name()))
        }
        _ => Some(format!("the default `{default}` is not a `{}`", scalar.name())),
    }
}

/// The values that fit on every platform.
fn integer_range(scalar: Scalar) -> (i128, i128) {
    let bits = Platform::ALL.iter().map(|platform| scalar.size(*platform) * 8).min().unwrap_or(64);
    match scalar.kind() {
        ScalarKind::Signed => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        _ => (0, (1 << bits) - 1),
    }
}
