//! Gives Rust's panics an end. What panics in a module of `#![no_std]` Rust calls into the `core` library, which no module has.

use inkwell::llvm_sys::LLVMLinkage;
use inkwell::llvm_sys::core::*;
use inkwell::module::Module;

use super::ir::{self, Value};

/// Makes every function of Rust's `core` that never returns and is not linked in a trap, as a panic is under `panic = "abort"`,
/// without its message. Says whether there was one.
pub fn trap(module: &Module<'_>) -> bool {
    let panics: Vec<Value<'_>> =
        ir::functions(module).into_iter().filter(|function| is_panic(*function)).collect();
    for function in &panics {
        define(module, *function);
    }
    !panics.is_empty()
}

/// Mangled names (`_RNv…4core9panicking…`, `_ZN4core9panicking…`) hold the crate's name with its length.
fn is_panic(function: Value<'_>) -> bool {
    let name = function.name();
    let is_core = (name.starts_with("_R") && name.contains("_4core")) || name.starts_with("_ZN4core");
    is_core && function.is_declaration() && function.has_enum_attribute("noreturn")
}

fn define(module: &Module<'_>, function: Value<'_>) {
    // SAFETY: the function is a declaration, which gets one block; the intrinsic has no overloads; the builder is freed.
    unsafe {
        let context = LLVMGetModuleContext(module.as_mut_ptr());
        let builder = LLVMCreateBuilderInContext(context);
        let block = LLVMAppendBasicBlockInContext(context, function.raw(), c"".as_ptr());
        LLVMPositionBuilderAtEnd(builder, block);
        let name = "llvm.trap";
        let id = LLVMLookupIntrinsicID(name.as_ptr().cast(), name.len());
        let trap = LLVMGetIntrinsicDeclaration(module.as_mut_ptr(), id, std::ptr::null_mut(), 0);
        let ty = LLVMIntrinsicGetType(context, id, std::ptr::null_mut(), 0);
        LLVMBuildCall2(builder, ty, trap, std::ptr::null_mut(), 0, c"".as_ptr());
        LLVMBuildUnreachable(builder);
        LLVMDisposeBuilder(builder);
    }
    function.set_linkage(LLVMLinkage::LLVMInternalLinkage);
    function.set_default_visibility();
}
