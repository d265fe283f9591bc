//! Nests of loops whose inner loop is a chain, as Horner's scheme for each element: several rounds of the outer loop are run at once (unroll
//! and jam), so that their chains overlap and become one of vectors. Each chain keeps its order, so every bit of the results stays.
//!
//! LLVM has the pass, and its default pipeline leaves it out. What it may reorder it knows from its analysis of dependences. Here it gets
//! only functions where little depends on that: nothing that they read do they write, and their innermost loops write nothing.

use std::sync::Once;

use inkwell::llvm_sys::LLVMOpcode;
use inkwell::llvm_sys::support::LLVMParseCommandLineOptions;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::TargetMachine;

use super::ir::{self, Value};
use crate::error::{Error, Result};

/// What tells how functions use memory.
const EFFECTS: &str = "globaldce,function(sroa),cgscc(function-attrs)";

/// What brings nests into the form that the pass takes: variables out of memory, conditions that do not change out of the loops.
const SIMPLIFY: &str = "sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,simplifycfg,\
    loop-mssa(loop-instsimplify,loop-simplifycfg,licm,loop-rotate,licm,simple-loop-unswitch<nontrivial>),\
    simplifycfg,instcombine<no-verify-fixpoint>,loop(loop-idiom,indvars,loop-deletion),loop-simplify,lcssa";

const JAM: &str = "loop(loop-unroll-and-jam)";

/// Jams the nests that LLVM's heuristics choose. Functions without any stay as they are.
pub fn jam(module: &Module<'_>, machine: &TargetMachine) -> Result<()> {
    for name in chosen(module, machine)? {
        if let Some(function) = ir::function(module, &name) {
            function.run_passes(SIMPLIFY, machine).map_err(error)?;
            function.run_passes(JAM, machine).map_err(error)?;
        }
    }
    Ok(())
}

/// The functions in which something is jammed, tried on a copy.
fn chosen(module: &Module<'_>, machine: &TargetMachine) -> Result<Vec<String>> {
    let copy = module.clone();
    copy.run_passes(EFFECTS, machine, PassBuilderOptions::create())
        .map_err(|message| error(message.to_string()))?;
    // Most functions have no such nest, and are not worth the time.
    let suited: Vec<Value<'_>> = ir::functions(&copy)
        .into_iter()
        .filter(|function| {
            keeps_apart(*function) && function.inner_loops().into_iter().any(|body| !may_write(body))
        })
        .collect();
    let mut chosen = Vec::new();
    for function in suited {
        allow();
        function.run_passes(SIMPLIFY, machine).map_err(error)?;
        if function.inner_loops().into_iter().any(may_write) {
            continue;
        }
        let before = function.instructions().len();
        function.run_passes(JAM, machine).map_err(error)?;
        if function.instructions().len() != before {
            chosen.push(function.name());
        }
    }
    Ok(chosen)
}

fn error(message: String) -> Error {
    Error::Llvm { message }
}

/// Whether a function uses no memory but that of its parameters, each of which it only reads or only writes, and no other leads to.
fn keeps_apart(function: Value<'_>) -> bool {
    /// What LLVM's `memory` attribute says of the memory that parameters lead to; all other bits are for other memory.
    const OF_PARAMETERS: u64 = 0b11;
    let has = |index: usize, names: &[&str]| names.iter().any(|name| function.param_has(index, name));
    let apart = |index| has(index, &["noalias"]) && has(index, &["readonly", "writeonly", "readnone"]);
    let pointers =
        function.params().into_iter().enumerate().filter(|(_, param)| param.ty().to_string() == "ptr");
    !function.is_declaration()
        && function.enum_attribute("memory").is_some_and(|memory| memory & !OF_PARAMETERS == 0)
        && pointers.map(|(index, _)| index).all(apart)
}

/// Whether some instruction may write to memory.
fn may_write(instructions: Vec<Value<'_>>) -> bool {
    instructions.into_iter().any(|instruction| match instruction.opcode() {
        LLVMOpcode::LLVMCall => {
            instruction.callee().and_then(|callee| callee.enum_attribute("memory")) != Some(0)
        }
        LLVMOpcode::LLVMStore
        | LLVMOpcode::LLVMInvoke
        | LLVMOpcode::LLVMCallBr
        | LLVMOpcode::LLVMFence
        | LLVMOpcode::LLVMAtomicRMW
        | LLVMOpcode::LLVMAtomicCmpXchg => true,
        _ => false,
    })
}

/// Lets the pass run for processors other than the few that ask for it: an option of LLVM's, as it has no other way.
fn allow() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let words = [c"pixie".as_ptr(), c"-allow-unroll-and-jam".as_ptr()];
        // SAFETY: two texts and their count; the option is LLVM's own and is set once.
        unsafe { LLVMParseCommandLineOptions(2, words.as_ptr(), std::ptr::null()) };
    });
}
