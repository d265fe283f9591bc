//! Drops what no export reaches, before anything in it is refused and before bitcode is stored.

use std::collections::{BTreeMap, BTreeSet};

use inkwell::llvm_sys::LLVMLinkage;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::TargetMachine;

use super::ir::{self, Value};
use crate::error::{Error, Result};

/// Drops definitions that are neither roots nor used by what stays, in inputs that are to be linked. Nothing is dropped when there
/// are no roots, or when one of them is not defined: a message will then want to name what is.
pub fn only(modules: &[&Module<'_>], roots: &[String], machine: &TargetMachine) -> Result<()> {
    let defined: BTreeSet<String> =
        modules.iter().flat_map(|module| ir::definitions(module)).map(Value::name).collect();
    if roots.is_empty() || !roots.iter().all(|root| defined.contains(root)) {
        return Ok(());
    }
    // A module that has lost definitions may need fewer of another's; each round that goes on drops at least one declaration.
    loop {
        let before = count(modules);
        for (index, module) in modules.iter().enumerate() {
            let mut wanted: BTreeSet<String> = roots.iter().cloned().collect();
            for (other, module) in modules.iter().enumerate() {
                if other != index {
                    wanted.extend(declared(module));
                }
            }
            drop_unused(module, &wanted, machine)?;
        }
        if modules.len() == 1 || count(modules) == before {
            return Ok(());
        }
    }
}

/// The names that a module takes from others. Two inputs may both define an inline function, so those count as well.
fn declared(module: &Module<'_>) -> impl Iterator<Item = String> {
    let all = ir::functions(module).into_iter().chain(ir::globals(module));
    let shared = all.filter(|value| value.is_declaration() || is_mergeable(value.linkage()));
    shared.map(Value::name).collect::<Vec<_>>().into_iter()
}

/// Whether several inputs may define the same, as they do with inline functions.
pub const fn is_mergeable(linkage: LLVMLinkage) -> bool {
    !matches!(
        linkage,
        LLVMLinkage::LLVMExternalLinkage
            | LLVMLinkage::LLVMInternalLinkage
            | LLVMLinkage::LLVMPrivateLinkage
            | LLVMLinkage::LLVMAppendingLinkage
    )
}

fn count(modules: &[&Module<'_>]) -> usize {
    modules.iter().map(|module| ir::functions(module).len() + ir::globals(module).len()).sum()
}

/// Hides all but the wanted definitions, drops what is then unused, and gives the rest its linkage back: stored bitcode shows it,
/// and two inputs that define the same must still not link.
fn drop_unused(module: &Module<'_>, wanted: &BTreeSet<String>, machine: &TargetMachine) -> Result<()> {
    let mut hidden = BTreeMap::new();
    for value in ir::definitions(module) {
        let linkage = value.linkage();
        let stays = value.is_intrinsic()
            || value.is_local()
            || matches!(
                linkage,
                LLVMLinkage::LLVMAppendingLinkage | LLVMLinkage::LLVMAvailableExternallyLinkage
            );
        if !stays && !wanted.contains(&value.name()) {
            hidden.insert(value.name(), (linkage, value.visibility()));
            value.set_linkage(LLVMLinkage::LLVMInternalLinkage);
        }
    }
    module
        .run_passes("globaldce", machine, PassBuilderOptions::create())
        .map_err(|message| Error::Llvm { message: message.to_string() })?;
    for value in ir::definitions(module) {
        if let Some((linkage, visibility)) = hidden.get(&value.name()) {
            value.set_linkage(*linkage);
            value.set_visibility(*visibility);
        }
    }
    Ok(())
}
