//! Debug information of thunks and ufunc loops: without it, a function that is inlined into its thunk or loop would lose its own.

use std::cell::Cell;
use std::ptr;

use inkwell::llvm_sys::core::LLVMGetModuleContext;
use inkwell::llvm_sys::debuginfo::*;
use inkwell::llvm_sys::prelude::{LLVMDIBuilderRef, LLVMMetadataRef, LLVMValueRef};
use inkwell::module::Module;

use super::ir::Value;

/// Writes debug information of thunks while it lives.
pub struct Lines<'m, 'c> {
    module: &'m Module<'c>,
    builder: LLVMDIBuilderRef,
    /// Whether there is a compile unit, which is made for the first thunk.
    begun: Cell<bool>,
}

impl<'m, 'c> Lines<'m, 'c> {
    pub fn new(module: &'m Module<'c>) -> Lines<'m, 'c> {
        // SAFETY: the module is alive; the builder goes with this value.
        let builder = unsafe { LLVMCreateDIBuilder(module.as_mut_ptr()) };
        Lines { module, builder, begun: Cell::new(false) }
    }

    /// Describes `thunk`, named `name`, by the place of `function`, and gives that place for its instructions; null if the
    /// function has no debug information itself.
    ///
    /// # Safety
    /// Both are functions of the module.
    pub unsafe fn describe(&self, function: Value<'_>, thunk: LLVMValueRef, name: &str) -> LLVMMetadataRef {
        // SAFETY: all is alive and of one module; texts are given with their lengths, and none has to end.
        unsafe {
            let described = LLVMGetSubprogram(function.raw());
            if described.is_null() {
                return ptr::null_mut();
            }
            let file = LLVMDIScopeGetFile(described);
            let line = LLVMDISubprogramGetLine(described);
            if !self.begun.replace(true) {
                self.unit(file);
            }
            let ty = LLVMDIBuilderCreateSubroutineType(self.builder, file, ptr::null_mut(), 0, 0);
            let scope = LLVMDIBuilderCreateFunction(
                self.builder,
                file,
                name.as_ptr().cast(),
                name.len(),
                ptr::null(),
                0,
                file,
                line,
                ty,
                0,
                1,
                line,
                LLVMDIFlagArtificial,
                1,
            );
            LLVMSetSubprogram(thunk, scope);
            let context = LLVMGetModuleContext(self.module.as_mut_ptr());
            LLVMDIBuilderCreateDebugLocation(context, line, 0, scope, ptr::null_mut())
        }
    }

    /// Makes the compile unit of all thunks.
    unsafe fn unit(&self, file: LLVMMetadataRef) {
        const PRODUCER: &str = "pixie";
        // SAFETY: builder and file are alive; texts are given with their lengths.
        unsafe {
            LLVMDIBuilderCreateCompileUnit(
                self.builder,
                LLVMDWARFSourceLanguage::LLVMDWARFSourceLanguageC11,
                file,
                PRODUCER.as_ptr().cast(),
                PRODUCER.len(),
                1,
                ptr::null(),
                0,
                0,
                ptr::null(),
                0,
                LLVMDWARFEmissionKind::LLVMDWARFEmissionKindFull,
                0,
                1,
                0,
                ptr::null(),
                0,
                ptr::null(),
                0,
            );
        }
    }
}

impl Drop for Lines<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: made in `new`, and not used after this; the module is alive.
        unsafe {
            LLVMDIBuilderFinalize(self.builder);
            LLVMDisposeDIBuilder(self.builder);
        }
    }
}
