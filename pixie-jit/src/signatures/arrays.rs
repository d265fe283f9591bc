//! Arrays of a signature against the pointers of the source: the element's type, and who may write.

use pixie_format::Platform;
use pixie_format::signature::{Array, Mode, Param, Scalar, ScalarKind, Signature, Type};

use crate::function_info::{Access, CType, FunctionInfo, IrParam, IrType};
use crate::prepare::{MaybeWritten, Warning};

/// What is wrong, and what helps.
type Disagreement = (String, String);

/// An array parameter with what is known of its pointer.
struct Pair<'a> {
    param: &'a Param,
    array: &'a Array,
    lowered: &'a IrParam,
    /// What the source's pointer points to, and whether that is `const`.
    pointee: Option<(&'a CType, bool)>,
}

/// The array parameters. Where structs by value make the parameters of source and IR differ in number, the source tells nothing.
fn pairs<'a>(function: &'a FunctionInfo, signature: &'a Signature) -> impl Iterator<Item = Pair<'a>> {
    let debug = function.debug.as_ref().map(|debug| debug.params.as_slice());
    let debug = debug.filter(|params| params.len() == function.params.len()).unwrap_or_default();
    signature.params.iter().zip(&function.params).enumerate().filter_map(move |(index, (param, lowered))| {
        let Type::Array(array) = &param.ty else { return None };
        let pointee = match debug.get(index) {
            Some((_, CType::Pointer { to, constant })) if lowered.ty == IrType::Pointer => {
                Some((&**to, *constant))
            }
            _ => None,
        };
        Some(Pair { param, array, lowered, pointee })
    })
}

/// Refuses an array whose elements are of another type than what the source's pointer points to.
pub fn elements(
    function: &FunctionInfo,
    platform: Platform,
    signature: &Signature,
) -> Result<(), Disagreement> {
    for Pair { param, array, pointee, .. } in pairs(function, signature) {
        let Some((to, constant)) = pointee else { continue };
        if holds(to, array.element, platform) {
            continue;
        }
        let pointer = CType::Pointer { to: Box::new(to.clone()), constant };
        let hint = match (to, natural(to)) {
            (CType::Pointer { .. }, _) => {
                "an array of pointers cannot be passed; take one array and its dimensions, as in `f64[m, n]`"
                    .to_owned()
            }
            (_, Some(scalar)) => {
                let fixed = Array { element: scalar, ..array.clone() };
                format!("write `{}`, or change the C type", param_text(signature, param, &fixed, param.mode))
            }
            (_, None) => "write the element type that the C function has".to_owned(),
        };
        let what = format!(
            "parameter `{}` is `{}` in the signature, and `{pointer}` in the function",
            param.name,
            signature.array_text(array)
        );
        return Err((what, hint));
    }
    Ok(())
}

/// Refuses a read-only array that the function's own code stores to.
pub fn written(function: &FunctionInfo, signature: &Signature) -> Result<(), Disagreement> {
    let mut read_only = pairs(function, signature).filter(|pair| pair.param.mode == Mode::In);
    match read_only.find(|pair| pair.lowered.access == Access::Writes) {
        None => Ok(()),
        Some(Pair { param, array, .. }) => Err((
            format!(
                "parameter `{}` is read-only in the signature, and the function writes to it",
                param.name
            ),
            format!(
                "write `{}`, or `out` if the function fills it",
                param_text(signature, param, array, Mode::InOut)
            ),
        )),
    }
}

/// Tells of read-only arrays that C may write to as far as can be seen.
pub fn maybe_written(function: &FunctionInfo, signature: &Signature) -> Option<Warning> {
    let params: Vec<MaybeWritten> = pairs(function, signature)
        .filter(|pair| pair.param.mode == Mode::In && pair.lowered.access == Access::Unknown)
        .filter_map(|Pair { param, array, pointee, .. }| {
            let (to, _) = pointee.filter(|(_, constant)| !constant)?;
            Some(MaybeWritten {
                name: param.name.clone(),
                constant: format!("{}{}", CType::pointer_to_const(to.clone()), param.name),
                inout: param_text(signature, param, array, Mode::InOut),
            })
        })
        .collect();
    (!params.is_empty()).then(|| Warning::MaybeWritten { symbol: function.name.clone(), params })
}

fn param_text(signature: &Signature, param: &Param, array: &Array, mode: Mode) -> String {
    let mode = match mode {
        Mode::In => "",
        Mode::InOut => "inout ",
        Mode::Out => "out ",
    };
    format!("{}: {mode}{}", param.name, signature.array_text(array))
}

/// The element that a pointer to this type stands for; none where the grammar has no word for it.
fn natural(to: &CType) -> Option<Scalar> {
    let kind = |signed: bool| if signed { ScalarKind::Signed } else { ScalarKind::Unsigned };
    match to {
        CType::Bool => Some(Scalar::Bool),
        CType::Char { signed } => Some(if *signed { Scalar::I8 } else { Scalar::U8 }),
        CType::Long { signed } => Some(if *signed { Scalar::Long } else { Scalar::Ulong }),
        CType::Usize => Some(Scalar::Usize),
        CType::Float => Some(Scalar::F32),
        CType::Double => Some(Scalar::F64),
        CType::Complex { part_bits: 32 } => Some(Scalar::C64),
        CType::Complex { .. } => Some(Scalar::C128),
        CType::Int { bits, signed } => {
            let fixed = Scalar::ALL.into_iter().take_while(|scalar| *scalar != Scalar::Usize);
            // Of fixed width, so any platform tells the size.
            let mut fixed = fixed.filter(|scalar| scalar.size(Platform::Linux64) * 8 == *bits);
            fixed.find(|scalar| scalar.kind() == kind(*signed))
        }
        CType::Void | CType::Pointer { .. } | CType::Variadic | CType::Other(_) => None,
    }
}

/// Whether memory of this C type can be an array of `element` on `platform`.
fn holds(to: &CType, element: Scalar, platform: Platform) -> bool {
    let bytes = element.size(platform) == 1;
    match to {
        // Untyped memory, and types that the grammar has no word for: structs, half floats, functions.
        CType::Void | CType::Variadic | CType::Other(_) => true,
        // Addresses are at best integers to the caller.
        CType::Pointer { .. } => element.is_integer() && element.size(platform) == 8,
        CType::Char { .. } => bytes,
        CType::Bool => element == Scalar::Bool || element == Scalar::U8,
        CType::Int { bits: 8, signed: false } if element == Scalar::Bool => true,
        // C has no complex arrays in its older dialects: pairs of parts are what C99 lays them out as.
        CType::Float if element == Scalar::C64 => true,
        CType::Double if element == Scalar::C128 => true,
        CType::Complex { part_bits } if element.kind() == ScalarKind::Float => {
            element.size(platform) * 8 == *part_bits
        }
        _ => natural(to).is_none_or(|natural| {
            natural.kind() == element.kind() && natural.size(platform) == element.size(platform)
        }),
    }
}
