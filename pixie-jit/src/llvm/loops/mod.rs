//! Writes the inner loops of ufuncs (spec §4.3, NumPy's `PyUFuncGenericFunction`): the export, called for each element or core.
//!
//! A loop is written as text and linked before the optimiser runs, which inlines the export and vectorises.

mod cores;
mod elements;
mod text;

use std::collections::HashMap;

use inkwell::llvm_sys::debuginfo::LLVMInstructionSetDebugLoc;
use inkwell::module::Module;
use pixie_format::signature::{Return, Type};
use pixie_format::{Platform, Signature, thunk};

use super::builtins::link_text;
use super::ir::{self, Value};
use super::session::Session;
use super::thunk_lines::Lines;
use super::thunks;
use crate::compile::ExportSymbol;
use crate::error::{Error, Result};
use text::{Text, from_memory, quoted, to_memory};

/// Up to so many instructions, before any pass, an export is inlined into every version of its loop.
const SMALL: usize = 400;

/// Adds the loops of the exports that are ufuncs. Exports of one symbol share a loop, so their operands must be the same: a thunk passes
/// an address whatever it leads to, a loop steps over elements.
pub fn add_all(
    session: &Session,
    module: &Module<'_>,
    platform: Platform,
    exports: &[ExportSymbol],
) -> Result<()> {
    let mut done: HashMap<&str, &Signature> = HashMap::new();
    let lines = Lines::new(module);
    for ExportSymbol { symbol, signature, .. } in exports.iter().filter(|export| export.ufunc) {
        match done.insert(symbol, signature) {
            None => {}
            Some(first) if same_operands(first, signature) => continue,
            Some(first) => {
                return Err(Error::Symbol {
                    symbol: symbol.clone(),
                    platform,
                    what: format!(
                        "is a ufunc as `{first}` and as `{signature}`, which go over different operands"
                    ),
                    hint: "write a second function in the source for the second signature".to_owned(),
                });
            }
        }
        let name = thunk::loop_symbol(symbol);
        let function = thunks::callee(module, symbol, &name)?;
        let callee = Callee::new(function, symbol, signature, platform);
        let text = match signature.has_arrays() {
            true => cores::text(&name, &callee),
            false => elements::text(&name, &callee),
        };
        link_text(session, module, "loop", &text)?;
        if let Some(made) = ir::function(module, &name) {
            // SAFETY: both are functions of the module, and so is each instruction.
            unsafe {
                thunks::copy_attributes(function, made.raw());
                let place = lines.describe(function, made.raw(), &name);
                if !place.is_null() {
                    made.instructions().iter().for_each(|one| LLVMInstructionSetDebugLoc(one.raw(), place));
                }
            }
        }
    }
    Ok(())
}

fn same_operands(one: &Signature, other: &Signature) -> bool {
    let types = |signature: &Signature| {
        signature.params.iter().map(|param| (param.mode, param.ty.clone())).collect::<Vec<_>>()
    };
    one.ret == other.ret && types(one) == types(other)
}

/// The export as its loop calls it.
pub struct Callee<'s> {
    pub signature: &'s Signature,
    pub platform: Platform,
    symbol: String,
    /// Types of parameters, with the words that extend them.
    params: Vec<String>,
    ret: String,
    /// Whether calls are to be inlined.
    pub small: bool,
}

impl<'s> Callee<'s> {
    fn new(function: Value<'_>, symbol: &str, signature: &'s Signature, platform: Platform) -> Callee<'s> {
        let ty = function.value_type();
        let param =
            |(index, ty): (usize, ir::Type<'_>)| format!("{ty}{}", thunks::extension(function, index + 1));
        Callee {
            signature,
            platform,
            symbol: quoted(symbol),
            params: ty.param_types().into_iter().enumerate().map(param).collect(),
            ret: ty.return_type().to_string(),
            small: function.instructions().len() <= SMALL,
        }
    }

    /// The declaration that the definition is linked to.
    pub fn declaration(&self) -> String {
        format!("declare {} @{}({})\n", self.ret, self.symbol, self.params.join(", "))
    }

    /// Calls it with values of the operands' types in memory, in the order of its parameters; the result's value, as in memory.
    pub fn call(&self, text: &mut Text, values: &[String]) -> Option<String> {
        let mut arguments = Vec::with_capacity(values.len());
        for ((value, param), ty) in values.iter().zip(&self.signature.params).zip(&self.params) {
            let word = ty.split(' ').next().unwrap_or_default();
            let value = match &param.ty {
                Type::Scalar(scalar) => from_memory(text, value, *scalar, word, self.platform),
                Type::Ptr | Type::Array(_) => value.clone(),
            };
            arguments.push(format!("{ty} {value}"));
        }
        let inline = if self.small { " alwaysinline" } else { "" };
        let call = format!("call {} @{}({}){inline}", self.ret, self.symbol, arguments.join(", "));
        match self.signature.ret {
            Return::Scalar(scalar) => {
                let value = text.value(&call);
                Some(to_memory(text, &value, scalar, &self.ret, self.platform))
            }
            _ => {
                text.line(&call);
                None
            }
        }
    }
}
