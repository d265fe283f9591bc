//! Attributes of functions, parameters and calls.

use std::ffi::c_uint;

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::{LLVMAttributeFunctionIndex, LLVMAttributeReturnIndex};

use super::{Value, c_string};

impl Value<'_> {
    /// The text of a function's string attribute, if it has that.
    pub fn attribute(self, key: &str) -> Option<String> {
        let raw = self.function()?;
        // SAFETY: it is one, and alive; the returned text is LLVM's and `len` bytes long.
        unsafe {
            let len = c_uint::try_from(key.len()).ok()?;
            let index = LLVMAttributeFunctionIndex;
            let found = LLVMGetStringAttributeAtIndex(raw, index, key.as_ptr().cast(), len);
            if found.is_null() {
                return None;
            }
            let mut len = 0;
            let start = LLVMGetStringAttributeValue(found, &raw mut len);
            let bytes: &[u8] =
                if start.is_null() { &[] } else { std::slice::from_raw_parts(start.cast(), len as usize) };
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }

    /// Sets a function's string attribute.
    pub fn set_attribute(self, key: &str, value: &str) {
        let Some(raw) = self.function() else { return };
        self.remove_attribute(key);
        // SAFETY: it is one, and alive; both texts are terminated.
        unsafe {
            LLVMAddTargetDependentFunctionAttr(raw, c_string(key).as_ptr(), c_string(value).as_ptr());
        }
    }

    /// Removes a function's string attribute, if it has that.
    pub fn remove_attribute(self, key: &str) {
        let Some(raw) = self.function() else { return };
        let Ok(len) = c_uint::try_from(key.len()) else { return };
        let index = LLVMAttributeFunctionIndex;
        // SAFETY: it is one, and alive; LLVM copies the key.
        unsafe { LLVMRemoveStringAttributeAtIndex(raw, index, key.as_ptr().cast(), len) }
    }

    /// Removes a string attribute from a call.
    pub fn remove_call_attribute(self, key: &str) {
        let Ok(len) = c_uint::try_from(key.len()) else { return };
        let index = LLVMAttributeFunctionIndex;
        if self.callee().is_none() {
            return;
        }
        // SAFETY: it is a call, and alive; LLVM copies the key.
        unsafe { LLVMRemoveCallSiteStringAttribute(self.raw(), index, key.as_ptr().cast(), len) }
    }

    /// Removes an enum attribute such as `sspstrong` from a function.
    pub fn remove_enum_attribute(self, name: &str) {
        let Some(raw) = self.function() else { return };
        let index = LLVMAttributeFunctionIndex;
        // SAFETY: it is one, and alive; an attribute that is not there is left alone.
        unsafe { LLVMRemoveEnumAttributeAtIndex(raw, index, enum_kind(name)) }
    }

    /// Gives a function an enum attribute with a number, such as `uwtable`.
    pub fn set_enum_attribute(self, name: &str, value: u64) {
        let Some(raw) = self.function() else { return };
        // SAFETY: it is one, and alive; the attribute is of its context.
        unsafe {
            let context = LLVMGetModuleContext(LLVMGetGlobalParent(raw));
            let attribute = LLVMCreateEnumAttribute(context, enum_kind(name), value);
            LLVMAddAttributeAtIndex(raw, LLVMAttributeFunctionIndex, attribute);
        }
    }

    /// The number of a function's enum attribute such as `memory`, if it has that.
    pub fn enum_attribute(self, name: &str) -> Option<u64> {
        let raw = self.function()?;
        // SAFETY: it is one, and alive; what is not null is an enum attribute, as the kind is that of one.
        unsafe {
            let found = LLVMGetEnumAttributeAtIndex(raw, LLVMAttributeFunctionIndex, enum_kind(name));
            (!found.is_null()).then(|| LLVMGetEnumAttributeValue(found))
        }
    }

    /// Whether a function has an enum attribute such as `noreturn`.
    pub fn has_enum_attribute(self, name: &str) -> bool {
        let Some(raw) = self.function() else { return false };
        let index = LLVMAttributeFunctionIndex;
        // SAFETY: it is one, and alive.
        unsafe { !LLVMGetEnumAttributeAtIndex(raw, index, enum_kind(name)).is_null() }
    }

    /// Whether parameter `index` has an enum or type attribute such as `noalias` or `byval`.
    pub fn param_has(self, index: usize, name: &str) -> bool {
        let Some(raw) = self.function() else { return false };
        let Ok(index) = c_uint::try_from(index + 1) else { return false };
        // SAFETY: it is one, and alive; attribute index 0 is the result, parameters follow.
        unsafe { !LLVMGetEnumAttributeAtIndex(raw, index, enum_kind(name)).is_null() }
    }

    /// Whether the result has an enum attribute such as `zeroext`.
    pub fn ret_has(self, name: &str) -> bool {
        let Some(raw) = self.function() else { return false };
        // SAFETY: it is one, and alive.
        unsafe { !LLVMGetEnumAttributeAtIndex(raw, LLVMAttributeReturnIndex, enum_kind(name)).is_null() }
    }
}

/// The number of an enum attribute's name.
pub fn enum_kind(name: &str) -> c_uint {
    // SAFETY: LLVM reads `len` bytes.
    unsafe { LLVMGetEnumAttributeKindForName(name.as_ptr().cast(), name.len()) }
}
