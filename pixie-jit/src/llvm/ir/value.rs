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
        let Some(raw) = self.global() else { return false };
        // SAFETY: it is one, and alive.
        unsafe { LLVMIsDeclaration(raw) != 0 }
    }

    /// Whether it is an LLVM intrinsic (its name begins with `llvm.`).
    pub fn is_intrinsic(self) -> bool {
        self.name().starts_with("llvm.")
    }

    /// The linkage.
    pub fn linkage(self) -> LLVMLinkage {
        let Some(raw) = self.global() else { return LLVMLinkage::LLVMExternalLinkage };
        // SAFETY: it is one, and alive.
        unsafe { LLVMGetLinkage(raw) }
    }

    /// Sets the linkage; a local one resets visibility and DLL storage.
    pub fn set_linkage(self, linkage: LLVMLinkage) {
        let Some(raw) = self.global() else { return };
        // SAFETY: it is one, and alive.
        unsafe { LLVMSetLinkage(raw, linkage) }
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

    /// The visibility.
    pub fn visibility(self) -> LLVMVisibility {
        let Some(raw) = self.global() else { return LLVMVisibility::LLVMDefaultVisibility };
        // SAFETY: it is one, and alive.
        unsafe { LLVMGetVisibility(raw) }
    }

    /// Sets the visibility; what is local keeps the default.
    pub fn set_visibility(self, visibility: LLVMVisibility) {
        let Some(raw) = self.global().filter(|_| !self.is_local()) else { return };
        // SAFETY: it is one that other modules can see, and alive.
        unsafe { LLVMSetVisibility(raw, visibility) }
    }

    /// Default visibility, no DLL storage class.
    pub fn set_default_visibility(self) {
        let Some(raw) = self.global() else { return };
        // SAFETY: it is one, and alive.
        unsafe {
            LLVMSetVisibility(raw, LLVMVisibility::LLVMDefaultVisibility);
            LLVMSetDLLStorageClass(raw, LLVMDLLStorageClass::LLVMDefaultStorageClass);
        }
    }

    /// The section that it asks for; empty when none.
    pub fn section(self) -> String {
        let Some(raw) = self.global() else { return String::new() };
        // SAFETY: it is one, and alive; the text is LLVM's.
        unsafe { copied(LLVMGetSection(raw)) }
    }

    /// Asks for no section.
    pub fn clear_section(self) {
        let Some(raw) = self.object() else { return };
        // SAFETY: it is one, and alive.
        unsafe { LLVMSetSection(raw, c"".as_ptr()) }
    }

    /// Leaves its COMDAT.
    pub fn clear_comdat(self) {
        let Some(raw) = self.object() else { return };
        // SAFETY: it is one, and alive; null means none.
        unsafe { comdat::LLVMSetComdat(raw, std::ptr::null_mut()) }
    }

    /// Whether it is thread-local; variables only.
    pub fn is_thread_local(self) -> bool {
        let Some(raw) = self.variable() else { return false };
        // SAFETY: it is one, and alive.
        unsafe { LLVMIsThreadLocal(raw) != 0 }
    }

    /// Whether the program never writes it; variables only.
    pub fn is_constant(self) -> bool {
        let Some(raw) = self.variable() else { return false };
        // SAFETY: it is one, and alive.
        unsafe { LLVMIsGlobalConstant(raw) != 0 }
    }

    /// Whether anything refers to it.
    pub fn is_used(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { !LLVMGetFirstUse(self.0).is_null() }
    }

    /// The initial value of a variable.
    pub fn initializer(self) -> Option<Value<'m>> {
        let raw = self.variable()?;
        // SAFETY: it is one, and alive.
        let value = unsafe { LLVMGetInitializer(raw) };
        (!value.is_null()).then_some(Value(value, PhantomData))
    }

    /// The type of the value itself.
    pub fn ty(self) -> Type<'m> {
        // SAFETY: the value is alive.
        unsafe { Type::new(LLVMTypeOf(self.0)) }
    }

    /// The type of what a global holds; for a function, its function type.
    pub fn value_type(self) -> Type<'m> {
        let Some(raw) = self.global() else { return self.ty() };
        // SAFETY: it is one, and alive.
        unsafe { Type::new(LLVMGlobalGetValueType(raw)) }
    }

    /// The calling convention's number; functions only.
    pub fn calling_convention(self) -> c_uint {
        let Some(raw) = self.function() else { return 0 };
        // SAFETY: it is one, and alive.
        unsafe { LLVMGetFunctionCallConv(raw) }
    }

    /// The parameters of a function.
    pub fn params(self) -> Vec<Value<'m>> {
        let Some(raw) = self.function() else { return Vec::new() };
        // SAFETY: it is one, and alive.
        let count = unsafe { LLVMCountParams(raw) };
        // SAFETY: the index is in range.
        (0..count).map(|index| unsafe { Value::new(LLVMGetParam(raw, index)) }).collect()
    }

    /// Whether it is a function (declared or defined).
    pub fn is_function(self) -> bool {
        self.function().is_some()
    }

    /// Removes a function.
    ///
    /// # Safety
    /// It has no uses, and no handle on it is used again.
    pub unsafe fn erase_function(self) {
        let Some(raw) = self.function() else { return };
        // SAFETY: it is a function; the rest is the caller's contract.
        unsafe { LLVMDeleteFunction(raw) }
    }

    /// Removes a variable.
    ///
    /// # Safety
    /// It has no uses, and no handle on it is used again.
    pub unsafe fn erase_global(self) {
        let Some(raw) = self.variable() else { return };
        // SAFETY: it is a variable; the rest is the caller's contract.
        unsafe { LLVMDeleteGlobal(raw) }
    }

    /// Sets the alignment of a function or variable, bytes.
    pub fn set_alignment(self, bytes: u32) {
        if self.function().is_some() || self.variable().is_some() {
            // SAFETY: it is one of the two, and alive.
            unsafe { LLVMSetAlignment(self.0, bytes) }
        }
    }

    /// Renames it.
    pub fn set_name(self, name: &str) {
        // SAFETY: the value is alive; LLVM copies the name.
        unsafe { LLVMSetValueName2(self.0, name.as_ptr().cast(), name.len()) }
    }

    /// The pointer, if this is a function.
    pub(super) fn function(self) -> Option<LLVMValueRef> {
        // SAFETY: the value is alive.
        let raw = unsafe { LLVMIsAFunction(self.0) };
        (!raw.is_null()).then_some(raw)
    }

    /// The pointer, if this is a function, variable, alias or ifunc.
    pub(super) fn global(self) -> Option<LLVMValueRef> {
        // SAFETY: the value is alive.
        let raw = unsafe { LLVMIsAGlobalValue(self.0) };
        (!raw.is_null()).then_some(raw)
    }

    /// The pointer, if this is a function or variable.
    pub(super) fn object(self) -> Option<LLVMValueRef> {
        // SAFETY: the value is alive.
        let raw = unsafe { LLVMIsAGlobalObject(self.0) };
        (!raw.is_null()).then_some(raw)
    }

    /// The pointer, if this is a variable.
    pub(super) fn variable(self) -> Option<LLVMValueRef> {
        // SAFETY: the value is alive.
        let raw = unsafe { LLVMIsAGlobalVariable(self.0) };
        (!raw.is_null()).then_some(raw)
    }

    /// The pointer, if this is an instruction.
    pub(super) fn instruction(self) -> Option<LLVMValueRef> {
        // SAFETY: the value is alive.
        let raw = unsafe { LLVMIsAInstruction(self.0) };
        (!raw.is_null()).then_some(raw)
    }

    /// The pointer, if this is something with operands.
    pub(super) fn user(self) -> Option<LLVMValueRef> {
        // SAFETY: the value is alive.
        let raw = unsafe { LLVMIsAUser(self.0) };
        (!raw.is_null()).then_some(raw)
    }
}

impl fmt::Display for Value<'_> {
    /// The text of the value as in an `.ll` file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the value is alive; LLVM hands the text over.
        f.write_str(unsafe { taken(LLVMPrintValueToString(self.0)) }.trim())
    }
}
