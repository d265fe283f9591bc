//! Finds the function that code generation cannot do. LLVM's message does not always name it.

use inkwell::llvm_sys::LLVMLinkage;
use inkwell::module::Module;
use inkwell::targets::{FileType, TargetMachine};

use super::ir;
use super::session::Session;

/// Every try generates code for one function, so this bounds how long an error takes.
const MAX_TRIES: usize = 200;

/// The first function for which code generation alone reports an error.
pub fn function(session: &Session, module: &Module<'_>, machine: &TargetMachine) -> Option<String> {
    // An alias of a function that is left out is an error of its own.
    if !ir::aliases(module).is_empty() {
        return None;
    }
    let defined = ir::functions(module).into_iter().filter(|function| !function.is_declaration());
    defined.take(MAX_TRIES).map(ir::Value::name).find(|name| {
        let copy = module.clone();
        for other in ir::functions(&copy).into_iter().filter(|other| !other.is_declaration()) {
            if other.name() != *name {
                // The body stays valid IR and no code is generated for it.
                other.set_linkage(LLVMLinkage::LLVMAvailableExternallyLinkage);
            }
        }
        let failed = machine.write_to_memory_buffer(&copy, FileType::Object).is_err();
        session.take_errors().is_some() || failed
    })
}
