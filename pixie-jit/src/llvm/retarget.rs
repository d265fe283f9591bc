//! Sets a module to a platform: triple, data layout, and what only other object formats know.

use inkwell::llvm_sys::core::{LLVMSetDataLayout, LLVMSetTarget};
use inkwell::module::Module;
use inkwell::targets::{TargetMachine, TargetTriple};
use pixie_format::{ObjectFormat, Platform};

use super::ir::{self, Value};
use crate::error::{Error, Result};

/// Takes the triple and the data layout away.
pub fn neutralise(module: &Module<'_>) {
    // SAFETY: the module is alive and the texts are terminated.
    unsafe {
        LLVMSetTarget(module.as_mut_ptr(), c"".as_ptr());
        LLVMSetDataLayout(module.as_mut_ptr(), c"".as_ptr());
    }
}

/// Refuses a module that says to be for another target: with another layout of data its code would be wrong.
pub fn check(module: &Module<'_>, machine: &TargetMachine, platform: Platform) -> Result<()> {
    let layout = machine.get_target_data().get_data_layout();
    let (triple, expected) = (module.get_triple(), layout.as_str().to_string_lossy().into_owned());
    let triple = triple.as_str().to_string_lossy().into_owned();
    let found = module.get_data_layout().as_str().to_string_lossy().into_owned();
    let foreign = |what: &str, found, expected| {
        Err(Error::Foreign { platform, what: what.to_owned(), found, expected })
    };
    if !triple.is_empty() && triple != platform.triple() {
        return foreign("the triple", triple, platform.triple().to_owned());
    }
    if !found.is_empty() && found != expected {
        return foreign("the data layout", found, expected);
    }
    Ok(())
}

/// Sets triple and data layout to those of the code generator.
pub fn retarget(module: &Module<'_>, machine: &TargetMachine, triple: &str) {
    module.set_triple(&TargetTriple::create(triple));
    module.set_data_layout(&machine.get_target_data().get_data_layout());
}

/// Removes COMDATs, which merge definitions of several objects and so mean nothing in the only one, and which Mach-O lacks;
/// sections of other object formats; and the DLL storage classes, which would turn a call into a load of `__imp_…`.
pub fn localise(module: &Module<'_>, platform: Platform) {
    for value in ir::functions(module).into_iter().chain(ir::globals(module)) {
        if value.is_intrinsic() {
            continue;
        }
        value.clear_comdat();
        if !section_fits(&value.section(), platform.object_format()) {
            value.clear_section();
        }
        if !value.is_local() {
            value.set_default_visibility();
        }
    }
    undo_dso_local(module);
}

/// Mach-O names are `segment,section`; the others have no comma. COFF's `.CRT$…` and ELF's `.init_array` would run code.
fn section_fits(section: &str, format: ObjectFormat) -> bool {
    if section.is_empty() || section == "llvm.metadata" {
        return true;
    }
    section.contains(',') == (format == ObjectFormat::MachO)
        && !section.starts_with(".CRT")
        && !section.starts_with(".init_array")
}

/// Declarations marked `dso_local` (by compilers without `-fPIC`) would be addressed as if they were near. The C interface
/// cannot clear the mark, so the declaration is made anew.
fn undo_dso_local(module: &Module<'_>) {
    let marked = |value: &Value<'_>| value.is_declaration() && !value.is_intrinsic() && is_dso_local(*value);
    for function in ir::functions(module).into_iter().filter(marked) {
        let fresh = ir::redeclare_function(module, function);
        let name = function.name();
        // SAFETY: both are pointers; the list holds each function once.
        unsafe {
            function.replace_uses(fresh);
            function.erase_function();
        }
        fresh.set_name(&name);
    }
    for global in ir::globals(module).into_iter().filter(marked) {
        let fresh = ir::redeclare_global(module, global);
        let name = global.name();
        // SAFETY: both are pointers; the list holds each variable once.
        unsafe {
            global.replace_uses(fresh);
            global.erase_global();
        }
        fresh.set_name(&name);
    }
}

fn is_dso_local(value: Value<'_>) -> bool {
    // A declaration prints as one line, its marks before the name.
    let text = value.to_string();
    text.split('@').next().is_some_and(|head| head.contains("dso_local "))
        || text.split_once(" = ").is_some_and(|(_, rest)| rest.starts_with("external dso_local "))
}
