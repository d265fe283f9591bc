//! Signatures against functions: derived from debug metadata, or checked against the lowered type of the platform.

use pixie_format::Platform;
use pixie_format::signature::{Mode, Param, Return, Scalar, Signature, Type};
use pixie_format::thunk::Slot;

use crate::error::{Error, Result};
use crate::function_info::{CType, FunctionInfo, IrType};
use crate::prepare::Warning;

mod arrays;

/// A signature that fits its function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// The signature.
    pub signature: Signature,
    /// Ascending indices of the parameters that are `restrict`.
    pub restrict: Vec<u32>,
    /// What the author should know.
    pub warnings: Vec<Warning>,
}

/// What is wrong with the signature of `symbol`, and what helps.
fn refusal(symbol: &str, platform: Platform, what: String, hint: &str) -> Error {
    Error::Signature { symbol: symbol.to_owned(), platform, what, hint: hint.to_owned() }
}

/// The signature of `symbol` as its debug metadata has it, named like the symbol.
pub fn derive(functions: &[FunctionInfo], platform: Platform, symbol: &str) -> Result<Checked> {
    let function = exported(functions, platform, symbol)?;
    let error = |what: String, hint: &str| refusal(symbol, platform, what, hint);
    let Some(debug) = &function.debug else {
        return Err(error(
            "no signature was given, and the input has no debug metadata to derive one from".to_owned(),
            "write a signature, or compile the input with -g",
        ));
    };
    let mut params = Vec::with_capacity(debug.params.len());
    for (index, (name, ty)) in debug.params.iter().enumerate() {
        let name = name.clone().unwrap_or_else(|| format!("arg{index}"));
        let ty = match word(ty) {
            Ok(Return::Scalar(scalar)) => Type::Scalar(scalar),
            Ok(Return::Ptr) => Type::Ptr,
            Ok(Return::Void | Return::Status) => {
                return Err(error(format!("parameter `{name}` is void"), "write a signature"));
            }
            Err((what, hint)) => return Err(error(format!("parameter `{name}` is {what}"), hint)),
        };
        params.push(Param { name, mode: Mode::In, ty, default: None });
    }
    let ret = word(&debug.ret).map_err(|(what, hint)| error(format!("the result is {what}"), hint))?;
    // Printed and parsed again so that names that are no identifiers of the grammar are found here.
    let text = Signature { name: symbol.to_owned(), params, ret }.to_string();
    let signature = Signature::parse(&text)
        .map_err(|cause| error(cause.to_string(), "write a signature with other names"))?;
    check(functions, platform, symbol, &signature)
}

/// The word of the signature grammar for a C type, or what is wrong and what helps.
fn word(ty: &CType) -> std::result::Result<Return, (String, &'static str)> {
    let scalar = match ty {
        CType::Void => return Ok(Return::Void),
        CType::Pointer { .. } => return Ok(Return::Ptr),
        CType::Bool => Scalar::Bool,
        CType::Int { bits: 8, signed: true } => Scalar::I8,
        CType::Int { bits: 16, signed: true } => Scalar::I16,
        CType::Int { bits: 32, signed: true } => Scalar::I32,
        CType::Int { bits: 64, signed: true } => Scalar::I64,
        CType::Int { bits: 8, signed: false } => Scalar::U8,
        CType::Int { bits: 16, signed: false } => Scalar::U16,
        CType::Int { bits: 32, signed: false } => Scalar::U32,
        CType::Int { bits: 64, signed: false } => Scalar::U64,
        CType::Char { signed: true } => Scalar::I8,
        CType::Char { signed: false } => Scalar::U8,
        CType::Int { bits, .. } => {
            return Err((format!("an integer of {bits} bits"), "pass it through a pointer"));
        }
        CType::Long { signed: true } => Scalar::Long,
        CType::Long { signed: false } => Scalar::Ulong,
        CType::Usize => Scalar::Usize,
        CType::Float => Scalar::F32,
        CType::Double => Scalar::F64,
        CType::Variadic => {
            return Err(("`...`".to_owned(), "export a function with a fixed number of parameters"));
        }
        CType::Other(name) if name == "long double" => {
            return Err((
                "`long double`, which differs between platforms".to_owned(),
                "use double, or pass it through a pointer",
            ));
        }
        CType::Complex { .. } => return Err((format!("`{ty}` by value"), "pass it through a pointer")),
        CType::Other(name) => return Err((format!("`{name}`"), "pass it through a pointer")),
    };
    Ok(Return::Scalar(scalar))
}

/// Checks a signature against the lowered type of `symbol` on `platform`.
pub fn check(
    functions: &[FunctionInfo],
    platform: Platform,
    symbol: &str,
    signature: &Signature,
) -> Result<Checked> {
    let function = exported(functions, platform, symbol)?;
    let error = |what: String, hint: &str| refusal(symbol, platform, what, hint);
    if function.variadic {
        return Err(error(
            format!("the function takes variable arguments: `{}`", function.ir_type()),
            "export a function with a fixed number of parameters",
        ));
    }
    if function.calling_convention != 0 {
        return Err(error(
            format!("the function has calling convention {}, not that of C", function.calling_convention),
            "declare it `extern \"C\"`, or without a calling convention attribute",
        ));
    }
    if let Some(indirect) = function.params.iter().find_map(|param| param.indirect.as_deref()) {
        return Err(error(
            format!(
                "the function takes or returns a struct by value (`{indirect}`): `{}`",
                function.ir_type()
            ),
            "pass structs and complex numbers through pointers",
        ));
    }
    if function.params.len() != signature.params.len() {
        return Err(error(
            format!(
                "the signature `{signature}` has {}, the function has {}: `{}`",
                parameters(signature.params.len()),
                parameters(function.params.len()),
                function.ir_type()
            ),
            "list the parameters of the C function, hidden lengths too; a struct or complex number by value counts as several",
        ));
    }
    for (param, lowered) in signature.params.iter().zip(&function.params) {
        let slot = Slot::of_param(&param.ty, platform);
        if !fits(slot, &lowered.ty) {
            return Err(error(
                format!(
                    "parameter `{}` is `{}` in the signature (`{}` in IR), and `{}` in the function",
                    param.name,
                    type_text(signature, &param.ty),
                    slot_text(slot),
                    lowered.ty
                ),
                mismatch_hint(slot, &lowered.ty),
            ));
        }
    }
    match Slot::of_return(signature.ret, platform) {
        None if function.ret == IrType::Void => {}
        Some(slot) if fits(slot, &function.ret) => {}
        expected => {
            let expected = expected.map_or("void", slot_text);
            return Err(error(
                format!(
                    "the result is `{expected}` by the signature `{signature}`, and `{}` in the function",
                    function.ret
                ),
                "write `-> type` for what the C function returns, and nothing for void",
            ));
        }
    }
    arrays::elements(function, platform, signature)
        .and_then(|()| arrays::written(function, signature))
        .map_err(|(what, hint)| error(what, &hint))?;
    let restrict = function.params.iter().enumerate().filter(|(_, param)| param.restrict);
    let restrict = restrict.filter_map(|(index, _)| u32::try_from(index).ok()).collect();
    let warnings = arrays::maybe_written(function, signature).into_iter().collect();
    Ok(Checked { signature: signature.clone(), restrict, warnings })
}

fn parameters(count: usize) -> String {
    format!("{count} parameter{}", if count == 1 { "" } else { "s" })
}

fn type_text(signature: &Signature, ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => scalar.name().to_owned(),
        Type::Ptr => "ptr".to_owned(),
        Type::Array(array) => signature.array_text(array),
    }
}

/// Whether a slot's value can be passed as this type. C's `bool` is `i1` in clang's IR and `i8` in that of others.
fn fits(slot: Slot, ty: &IrType) -> bool {
    match (slot, ty) {
        (Slot::Signed(bits) | Slot::Unsigned(bits), IrType::Int(width)) => bits == *width,
        (Slot::Bool, IrType::Int(1 | 8))
        | (Slot::F32, IrType::Float)
        | (Slot::F64, IrType::Double)
        | (Slot::Pointer, IrType::Pointer) => true,
        _ => false,
    }
}

fn slot_text(slot: Slot) -> &'static str {
    match slot {
        Slot::Signed(8) | Slot::Unsigned(8) => "i8",
        Slot::Signed(16) | Slot::Unsigned(16) => "i16",
        Slot::Signed(32) | Slot::Unsigned(32) => "i32",
        Slot::Signed(_) | Slot::Unsigned(_) => "i64",
        Slot::Bool => "i1",
        Slot::F32 => "float",
        Slot::F64 => "double",
        Slot::Pointer => "ptr",
    }
}

fn mismatch_hint(slot: Slot, ty: &IrType) -> &'static str {
    match (slot, ty) {
        (Slot::Signed(_) | Slot::Unsigned(_), IrType::Int(_)) => {
            "the widths differ; C's `long` is written `long` or `ulong`, `size_t` is `usize`"
        }
        (_, IrType::Pointer) => "a C pointer is an array such as `f64[n]`, or `ptr`",
        (Slot::Pointer, _) => "arrays and `ptr` need a C pointer",
        _ => "write the type that the C function has",
    }
}

/// The function that can be exported under `symbol`, or why there is none.
fn exported<'a>(functions: &'a [FunctionInfo], platform: Platform, symbol: &str) -> Result<&'a FunctionInfo> {
    let error =
        |what: String, hint: String| Error::Symbol { symbol: symbol.to_owned(), platform, what, hint };
    match functions.iter().find(|function| function.name == symbol) {
        None => {
            let nearest = nearest(functions, symbol);
            let hint = nearest.map_or_else(
                || "the input defines no function that can be exported".to_owned(),
                |name| format!("is it `{name}`? C++ and Rust need `extern \"C\"` and an unmangled name"),
            );
            Err(error("the input has no such function".to_owned(), hint))
        }
        Some(function) if !function.defined => Err(error(
            "the function is declared and called, but not defined in the input".to_owned(),
            "add the source that defines it; a C `inline` function also needs an `extern inline` declaration"
                .to_owned(),
        )),
        Some(function) if function.local => {
            let place = function.location().map(|place| format!(" ({place})")).unwrap_or_default();
            Err(error(
                format!("the function is static{place}, so it cannot be exported"),
                "remove `static`".to_owned(),
            ))
        }
        Some(function) => Ok(function),
    }
}

/// The defined function whose name is nearest by edits.
fn nearest<'a>(functions: &'a [FunctionInfo], symbol: &str) -> Option<&'a str> {
    let candidates = functions.iter().filter(|function| function.defined && !function.local);
    candidates.map(|function| function.name.as_str()).min_by_key(|name| distance(name, symbol))
}

/// Levenshtein's distance, in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let above = *cell;
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
