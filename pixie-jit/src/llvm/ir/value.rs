//! Values as such, and what globals and functions have: linkage, section, type.

use std::ffi::c_uint;
use std::fmt;
use std::marker::PhantomData;

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::LLVMValueRef;
use inkwell::llvm_sys::{LLVMDLLStorageClass, LLVMLinkage, LLVMVisibility, comdat};

use super::{Type, copied, taken};

/// A value: global, function, argument, instruction or constant of a live module.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Value<'m>(LLVMValueRef, PhantomData<&'m ()>);

impl<'m> Value<'m> {
    /// Wraps a value of a module that lives as long as `'m`.
    ///
    /// # Safety
    /// `raw` is not null and belongs to such a module.
    pub const unsafe fn new(raw: LLVMValueRef) -> Value<'m> {
        Value(raw, PhantomData)
    }

    /// The raw pointer.
    pub const fn raw(self) -> LLVMValueRef {
        self.0
    }

    /// The name; empty when it has none.
    pub fn name(self) -> String {
        let mut len = 0;
        // SAFETY: the value is alive; LLVM returns `len` bytes that live as long as the name is not changed.
        let bytes = unsafe {
            let start = LLVMGetValueName2(self.0, &raw mut len);
            if start.is_null() { &[] } else { std::slice::from_raw_parts(start.cast::<u8>(), len) }
        };
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// Whether a global or function has no body here.
    pub fn is_declaration(self) -> bool {
        // SAFETY: called on globals only, which are alive.
        unsafe { LLVMIsDeclaration(self.0) != 0 }
    }

    /// Whether it is an LLVM intrinsic (its name begins with `llvm.`).
    pub fn is_intrinsic(self) -> bool {
        self.name().starts_with("llvm.")
    }

    /// The linkage.
    pub fn linkage(self) -> LLVMLinkage {
        // SAFETY: called on globals only, which are alive.
        unsafe { LLVMGetLinkage(self.0) }
    }

    /// Sets the linkage; a local one resets visibility and DLL storage.
    pub fn set_linkage(self, linkage: LLVMLinkage) {
        // SAFETY: as above.
        unsafe { LLVMSetLinkage(self.0, linkage) }
    }

    /// Whether no other module can see it.
    pub fn is_local(self) -> bool {
        matches!(self.linkage(), LLVMLinkage::LLVMInternalLinkage | LLVMLinkage::LLVMPrivateLinkage)
    }

    /// Makes it visible as an ordinary symbol.
    pub fn set_exported(self) {
        self.set_linkage(LLVMLinkage::LLVMExternalLinkage);
        self.set_default_visibility();
    }

    /// Default visibility, no DLL storage class.
    pub fn set_default_visibility(self) {
        // SAFETY: called on globals only, which are alive.
        unsafe {
            LLVMSetVisibility(self.0, LLVMVisibility::LLVMDefaultVisibility);
            LLVMSetDLLStorageClass(self.0, LLVMDLLStorageClass::LLVMDefaultStorageClass);
        }
    }

    /// The section that it asks for; empty when none.
    pub fn section(self) -> String {
        // SAFETY: called on functions and variables, which are alive; the text is LLVM's.
        unsafe { copied(LLVMGetSection(self.0)) }
    }

    /// Asks for no section.
    pub fn clear_section(self) {
        // SAFETY: as above.
        unsafe { LLVMSetSection(self.0, c"".as_ptr()) }
    }

    /// Leaves its COMDAT.
    pub fn clear_comdat(self) {
        // SAFETY: called on functions and variables, which are alive; null means none.
        unsafe { comdat::LLVMSetComdat(self.0, std::ptr::null_mut()) }
    }

    /// Whether it is thread-local; variables only.
    pub fn is_thread_local(self) -> bool {
        // SAFETY: called on variables only, which are alive.
        unsafe { LLVMIsThreadLocal(self.0) != 0 }
    }

    /// Whether the program never writes it; variables only.
    pub fn is_constant(self) -> bool {
        // SAFETY: as above.
        unsafe { LLVMIsGlobalConstant(self.0) != 0 }
    }

    /// Whether anything refers to it.
    pub fn is_used(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { !LLVMGetFirstUse(self.0).is_null() }
    }

    /// The initial value of a variable.
    pub fn initializer(self) -> Option<Value<'m>> {
        // SAFETY: called on variables only, which are alive.
        let value = unsafe { LLVMGetInitializer(self.0) };
        (!value.is_null()).then_some(Value(value, PhantomData))
    }

    /// The type of the value itself.
    pub fn ty(self) -> Type<'m> {
        // SAFETY: the value is alive.
        unsafe { Type::new(LLVMTypeOf(self.0)) }
    }

    /// The type of what a global holds; for a function, its function type.
    pub fn value_type(self) -> Type<'m> {
        // SAFETY: called on globals only, which are alive.
        unsafe { Type::new(LLVMGlobalGetValueType(self.0)) }
    }

    /// The calling convention's number; functions only.
    pub fn calling_convention(self) -> c_uint {
        // SAFETY: called on functions only, which are alive.
        unsafe { LLVMGetFunctionCallConv(self.0) }
    }

    /// The parameters of a function.
    pub fn params(self) -> Vec<Value<'m>> {
        // SAFETY: called on functions only, which are alive.
        let count = unsafe { LLVMCountParams(self.0) };
        // SAFETY: the index is in range.
        (0..count).map(|index| unsafe { Value::new(LLVMGetParam(self.0, index)) }).collect()
    }

    /// Whether it is a function (declared or defined).
    pub fn is_function(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { !LLVMIsAFunction(self.0).is_null() }
    }

    /// Removes a function that has no uses.
    pub fn erase_function(self) {
        // SAFETY: called on functions without uses; the handle is given up.
        unsafe { LLVMDeleteFunction(self.0) }
    }

    /// Removes a variable that has no uses.
    pub fn erase_global(self) {
        // SAFETY: called on variables without uses; the handle is given up.
        unsafe { LLVMDeleteGlobal(self.0) }
    }

    /// Renames it.
    pub fn set_name(self, name: &str) {
        // SAFETY: the value is alive; LLVM copies the name.
        unsafe { LLVMSetValueName2(self.0, name.as_ptr().cast(), name.len()) }
    }
}

impl fmt::Display for Value<'_> {
    /// The text of the value as in an `.ll` file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the value is alive; LLVM hands the text over.
        f.write_str(unsafe { taken(LLVMPrintValueToString(self.0)) }.trim())
    }
}
