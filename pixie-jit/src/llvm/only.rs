//! Some functions of a module, for those who want to see no more: their IR, or a module that generates their code alone.

use inkwell::llvm_sys::{LLVMLinkage, LLVMVisibility};
use inkwell::module::Module;
use pixie_format::thunk;

use super::ir::{self, Value};
use crate::error::{Error, Result};

/// How many functions a hint lists.
const LISTED: usize = 12;

/// The functions with these symbols.
pub fn named<'m>(module: &'m Module<'_>, symbols: &[String]) -> Result<Vec<Value<'m>>> {
    let find = |symbol: &String| {
        let found = ir::function(module, symbol).filter(|function| !function.is_declaration());
        found.ok_or_else(|| missing(symbol, defined(module).map(Value::name)))
    };
    symbols.iter().map(find).collect()
}

/// What is said where there is no function of this symbol.
pub fn missing(symbol: &str, there: impl Iterator<Item = String>) -> Error {
    let mut names: Vec<String> = there.map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let hint = match names.is_empty() {
        true => "it has no functions at all".to_owned(),
        false => format!("it has {}{rest}; others may have been inlined", names.join(", ")),
    };
    Error::NoFunction { symbol: symbol.to_owned(), hint }
}

/// Every function with a body but the thunks, which are ours and all alike.
pub fn defined<'m>(module: &'m Module<'_>) -> impl Iterator<Item = Value<'m>> {
    ir::functions(module)
        .into_iter()
        .filter(|function| !function.is_declaration() && !is_thunk(&function.name()))
}

/// Whether a symbol is that of a thunk.
pub fn is_thunk(symbol: &str) -> bool {
    symbol.starts_with(&thunk::symbol(""))
}

/// The IR of these functions, or of the whole module where there are none.
pub fn text(module: &Module<'_>, functions: &[Value<'_>]) -> Vec<u8> {
    if functions.is_empty() {
        return module.print_to_string().to_bytes().to_vec();
    }
    let texts: Vec<String> = functions.iter().map(|function| format!("{function}\n")).collect();
    texts.join("\n").into_bytes()
}

/// Leaves every other function without code. Calls of them stay near ones, as in the whole module.
pub fn keep(module: &Module<'_>, functions: &[Value<'_>]) {
    if functions.is_empty() {
        return;
    }
    for other in ir::functions(module) {
        if !other.is_declaration() && !functions.contains(&other) {
            let local = other.is_local();
            other.set_linkage(LLVMLinkage::LLVMAvailableExternallyLinkage);
            if local {
                other.set_visibility(LLVMVisibility::LLVMHiddenVisibility);
            }
        }
    }
}
