//! Safe handles on LLVM's IR, for what inkwell leaves out or panics on (unknown types, linkage, sections, asm, flags).
//!
//! A handle borrows its module, so it cannot outlive it. A question that does not fit the kind of a value (the section of an
//! instruction) is answered with nothing rather than put to LLVM, which would not check. What could leave a handle dangling is
//! unsafe to call.

mod attributes;
mod blocks;
mod instruction;
mod ty;
mod value;

use std::ffi::{CStr, CString, c_char};

use inkwell::llvm_sys::LLVMAttributeFunctionIndex;
use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::error::{LLVMDisposeErrorMessage, LLVMGetErrorMessage};
use inkwell::llvm_sys::transforms::pass_builder::{
    LLVMCreatePassBuilderOptions, LLVMDisposePassBuilderOptions, LLVMRunPassesOnFunction,
};
use inkwell::module::Module;
use inkwell::targets::TargetMachine;

pub use attributes::enum_kind;
pub use ty::Type;
pub use value::Value;

/// Copies a C string that LLVM still owns.
///
/// # Safety
/// `text` is null or points to a terminated string.
pub unsafe fn copied(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null, and terminated by the contract above.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Copies a string that LLVM handed over, and frees it.
///
/// # Safety
/// `text` is null or was allocated by LLVM for the caller to free with `LLVMDisposeMessage`.
pub unsafe fn taken(text: *mut c_char) -> String {
    // SAFETY: the caller's contract.
    let copy = unsafe { copied(text) };
    if !text.is_null() {
        // SAFETY: the caller's contract; the text is not used after this.
        unsafe { LLVMDisposeMessage(text) };
    }
    copy
}

/// A C string of `text` up to its first NUL; IR names that hold one are refused before.
pub fn c_string(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default()
}

macro_rules! list {
    ($module:expr, $first:ident, $next:ident) => {{
        let mut values = Vec::new();
        // SAFETY: the module is alive; the list is walked without changing it.
        let mut value = unsafe { $first($module.as_mut_ptr()) };
        while !value.is_null() {
            // SAFETY: `value` is a member of the list, which the result borrows.
            value = unsafe {
                values.push(Value::new(value));
                $next(value)
            };
        }
        values
    }};
}

/// Every function of a module, declared or defined.
pub fn functions<'m>(module: &'m Module<'_>) -> Vec<Value<'m>> {
    list!(module, LLVMGetFirstFunction, LLVMGetNextFunction)
}

/// Every global variable.
pub fn globals<'m>(module: &'m Module<'_>) -> Vec<Value<'m>> {
    list!(module, LLVMGetFirstGlobal, LLVMGetNextGlobal)
}

/// Every alias.
pub fn aliases<'m>(module: &'m Module<'_>) -> Vec<Value<'m>> {
    list!(module, LLVMGetFirstGlobalAlias, LLVMGetNextGlobalAlias)
}

/// Every ifunc.
pub fn ifuncs<'m>(module: &'m Module<'_>) -> Vec<Value<'m>> {
    list!(module, LLVMGetFirstGlobalIFunc, LLVMGetNextGlobalIFunc)
}

/// Functions, globals and aliases with a body.
pub fn definitions<'m>(module: &'m Module<'_>) -> Vec<Value<'m>> {
    let all = functions(module).into_iter().chain(globals(module)).chain(aliases(module));
    all.filter(|value| !value.is_declaration()).collect()
}

impl Value<'_> {
    /// Runs passes on a function.
    pub fn run_passes(self, passes: &str, machine: &TargetMachine) -> Result<(), String> {
        let Some(raw) = self.function() else { return Ok(()) };
        let passes = c_string(passes);
        // SAFETY: it is one, and alive, and so are text, machine and options, which are freed; LLVM hands the message over.
        unsafe {
            let options = LLVMCreatePassBuilderOptions();
            let failed = LLVMRunPassesOnFunction(raw, passes.as_ptr(), machine.as_mut_ptr(), options);
            LLVMDisposePassBuilderOptions(options);
            if failed.is_null() {
                return Ok(());
            }
            let message = LLVMGetErrorMessage(failed);
            let text = CStr::from_ptr(message).to_string_lossy().into_owned();
            LLVMDisposeErrorMessage(message);
            Err(text)
        }
    }
}

/// The function with this name.
pub fn function<'m>(module: &'m Module<'_>, name: &str) -> Option<Value<'m>> {
    // SAFETY: the module is alive and the name terminated.
    let found = unsafe { LLVMGetNamedFunction(module.as_mut_ptr(), c_string(name).as_ptr()) };
    // SAFETY: not null, and of the module that the result borrows.
    (!found.is_null()).then(|| unsafe { Value::new(found) })
}

/// A second declaration of the same function, with its attributes but neither its name nor `dso_local`.
pub fn redeclare_function<'m>(module: &'m Module<'_>, function: Value<'m>) -> Value<'m> {
    // SAFETY: the module and the function are alive; LLVM fills as many attributes as it counts.
    unsafe {
        let fresh = LLVMAddFunction(module.as_mut_ptr(), c"".as_ptr(), function.value_type().raw());
        LLVMSetFunctionCallConv(fresh, LLVMGetFunctionCallConv(function.raw()));
        LLVMSetLinkage(fresh, LLVMGetLinkage(function.raw()));
        let places = 0..=LLVMCountParams(function.raw());
        for index in places.chain(std::iter::once(LLVMAttributeFunctionIndex)) {
            let mut attributes =
                vec![std::ptr::null_mut(); LLVMGetAttributeCountAtIndex(function.raw(), index) as usize];
            LLVMGetAttributesAtIndex(function.raw(), index, attributes.as_mut_ptr());
            for attribute in attributes {
                LLVMAddAttributeAtIndex(fresh, index, attribute);
            }
        }
        Value::new(fresh)
    }
}

/// A second declaration of the same variable, without its name and `dso_local`.
pub fn redeclare_global<'m>(module: &'m Module<'_>, global: Value<'m>) -> Value<'m> {
    // SAFETY: the module and the variable are alive.
    unsafe {
        let fresh = LLVMAddGlobal(module.as_mut_ptr(), global.value_type().raw(), c"".as_ptr());
        LLVMSetLinkage(fresh, LLVMGetLinkage(global.raw()));
        LLVMSetGlobalConstant(fresh, LLVMIsGlobalConstant(global.raw()));
        LLVMSetAlignment(fresh, LLVMGetAlignment(global.raw()));
        Value::new(fresh)
    }
}
