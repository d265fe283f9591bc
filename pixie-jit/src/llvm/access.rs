//! What each function does to the memory behind its pointer parameters: only reads it, certainly stores to it, or cannot be told.

use std::collections::{HashMap, HashSet};

use inkwell::llvm_sys::LLVMOpcode;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::TargetMachine;

use super::ir::{self, Value};
use crate::error::{Error, Result};
use crate::function_info::Access;

/// The least that shows what a parameter is used for: variables out of memory, then LLVM's inference through calls.
const PASSES: &str = "function(sroa),cgscc(function-attrs)";

/// The access of each parameter, by function. Works on a copy, so that what is stored stays as the author made it.
pub fn of_params(module: &Module<'_>, machine: &TargetMachine) -> Result<HashMap<String, Vec<Access>>> {
    let copy = module.clone();
    copy.strip_debug_info();
    copy.run_passes(PASSES, machine, PassBuilderOptions::create())
        .map_err(|message| Error::Llvm { message: message.to_string() })?;
    let defined = ir::functions(&copy).into_iter().filter(|function| !function.is_declaration());
    Ok(defined.map(|function| (function.name(), accesses(function))).collect())
}

fn accesses(function: Value<'_>) -> Vec<Access> {
    let stored = stored_to(function);
    let access = |(index, param): (usize, Value<'_>)| {
        if stored.contains(&param) {
            Access::Writes
        } else if ["readonly", "readnone"].iter().any(|attribute| function.param_has(index, attribute)) {
            Access::Reads
        } else {
            Access::Unknown
        }
    };
    function.params().into_iter().enumerate().map(access).collect()
}

/// The pointers that some instruction of the function certainly writes through.
fn stored_to(function: Value<'_>) -> HashSet<Value<'_>> {
    let places = function.instructions().into_iter().filter_map(destination);
    places.filter_map(origin).collect()
}

/// Where an instruction writes to, if it does no more than write.
fn destination(instruction: Value<'_>) -> Option<Value<'_>> {
    let operands = instruction.operands();
    match instruction.opcode() {
        LLVMOpcode::LLVMStore => operands.get(1).copied(),
        LLVMOpcode::LLVMAtomicRMW | LLVMOpcode::LLVMAtomicCmpXchg => operands.first().copied(),
        LLVMOpcode::LLVMCall => {
            let name = instruction.callee()?.name();
            let writes = ["llvm.memset.", "llvm.memcpy.", "llvm.memmove."];
            writes.iter().any(|prefix| name.starts_with(prefix)).then(|| operands.first().copied())?
        }
        _ => None,
    }
}

/// The one pointer that an address is computed from; none where it may be one of several.
fn origin(place: Value<'_>) -> Option<Value<'_>> {
    let (mut seen, mut left, mut found) = (HashSet::new(), vec![place], None);
    while let Some(value) = left.pop() {
        if !seen.insert(value) {
            continue;
        }
        let operands = value.operands();
        match value.opcode() {
            LLVMOpcode::LLVMGetElementPtr | LLVMOpcode::LLVMBitCast | LLVMOpcode::LLVMFreeze => {
                left.extend(operands.first());
            }
            LLVMOpcode::LLVMPHI => left.extend(operands),
            LLVMOpcode::LLVMSelect => left.extend(operands.into_iter().skip(1)),
            _ if found.is_none_or(|known| known == value) => found = Some(value),
            _ => return None,
        }
    }
    found
}
