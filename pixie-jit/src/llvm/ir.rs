//! Safe handles on LLVM's IR, for what inkwell leaves out or panics on (unknown types, linkage, sections, asm, flags).
//!
//! A handle borrows its module, so it cannot outlive it. A function or instruction that is erased must not be used again;
//! only `erase` does that, and it consumes the handle.

use std::ffi::{CStr, CString, c_char, c_uint};
use std::fmt;
use std::marker::PhantomData;

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::*;
use inkwell::llvm_sys::{
    LLVMAttributeFunctionIndex, LLVMDLLStorageClass, LLVMLinkage, LLVMOpcode, LLVMTypeKind, LLVMVisibility,
    comdat,
};
use inkwell::module::Module;

/// A value: global, function, argument, instruction or constant of a live module.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Value<'m>(LLVMValueRef, PhantomData<&'m ()>);

/// A type of a live context.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Type<'m>(LLVMTypeRef, PhantomData<&'m ()>);

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
            values.push(Value(value, PhantomData));
            // SAFETY: `value` is a member of the list.
            value = unsafe { $next(value) };
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

/// The function with this name.
pub fn function<'m>(module: &'m Module<'_>, name: &str) -> Option<Value<'m>> {
    // SAFETY: the module is alive and the name terminated.
    let found = unsafe { LLVMGetNamedFunction(module.as_mut_ptr(), c_string(name).as_ptr()) };
    (!found.is_null()).then_some(Value(found, PhantomData))
}

/// A second declaration of the same function, with its attributes but neither its name nor `dso_local`.
pub fn redeclare_function<'m>(module: &'m Module<'_>, function: Value<'m>) -> Value<'m> {
    // SAFETY: the module and the function are alive; LLVM fills as many attributes as it counts.
    unsafe {
        let fresh = LLVMAddFunction(module.as_mut_ptr(), c"".as_ptr(), function.value_type().raw());
        LLVMSetFunctionCallConv(fresh, LLVMGetFunctionCallConv(function.0));
        LLVMSetLinkage(fresh, LLVMGetLinkage(function.0));
        let places = 0..=LLVMCountParams(function.0);
        for index in places.chain(std::iter::once(LLVMAttributeFunctionIndex)) {
            let mut attributes =
                vec![std::ptr::null_mut(); LLVMGetAttributeCountAtIndex(function.0, index) as usize];
            LLVMGetAttributesAtIndex(function.0, index, attributes.as_mut_ptr());
            for attribute in attributes {
                LLVMAddAttributeAtIndex(fresh, index, attribute);
            }
        }
        Value(fresh, PhantomData)
    }
}

/// A second declaration of the same variable, without its name and `dso_local`.
pub fn redeclare_global<'m>(module: &'m Module<'_>, global: Value<'m>) -> Value<'m> {
    // SAFETY: the module and the variable are alive.
    unsafe {
        let fresh = LLVMAddGlobal(module.as_mut_ptr(), global.value_type().raw(), c"".as_ptr());
        LLVMSetLinkage(fresh, LLVMGetLinkage(global.0));
        LLVMSetGlobalConstant(fresh, LLVMIsGlobalConstant(global.0));
        LLVMSetAlignment(fresh, LLVMGetAlignment(global.0));
        Value(fresh, PhantomData)
    }
}

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
        Type(unsafe { LLVMTypeOf(self.0) }, PhantomData)
    }

    /// The type of what a global holds; for a function, its function type.
    pub fn value_type(self) -> Type<'m> {
        // SAFETY: called on globals only, which are alive.
        Type(unsafe { LLVMGlobalGetValueType(self.0) }, PhantomData)
    }

    /// The calling convention's number; functions only.
    pub fn calling_convention(self) -> c_uint {
        // SAFETY: called on functions only, which are alive.
        unsafe { LLVMGetFunctionCallConv(self.0) }
    }

    /// The parameters of a function.
    pub fn params(self) -> Vec<Value<'m>> {
        // SAFETY: called on functions only, which are alive; the index is in range.
        let count = unsafe { LLVMCountParams(self.0) };
        (0..count).map(|index| Value(unsafe { LLVMGetParam(self.0, index) }, PhantomData)).collect()
    }

    /// The instructions of a function, in order.
    pub fn instructions(self) -> Vec<Value<'m>> {
        let mut found = Vec::new();
        // SAFETY: the function is alive; blocks and instructions are walked without changing them.
        unsafe {
            let mut block = LLVMGetFirstBasicBlock(self.0);
            while !block.is_null() {
                let mut instruction = LLVMGetFirstInstruction(block);
                while !instruction.is_null() {
                    found.push(Value(instruction, PhantomData));
                    instruction = LLVMGetNextInstruction(instruction);
                }
                block = LLVMGetNextBasicBlock(block);
            }
        }
        found
    }

    /// The operation of an instruction.
    pub fn opcode(self) -> LLVMOpcode {
        // SAFETY: called on instructions only, which are alive.
        unsafe { LLVMGetInstructionOpcode(self.0) }
    }

    /// The operands of an instruction or constant.
    pub fn operands(self) -> Vec<Value<'m>> {
        // SAFETY: called on users only, which are alive.
        let count = u32::try_from(unsafe { LLVMGetNumOperands(self.0) }).unwrap_or(0);
        let operand = |index| {
            // SAFETY: the index is in range; an operand slot may be empty.
            let value = unsafe { LLVMGetOperand(self.0, index) };
            (!value.is_null()).then_some(Value(value, PhantomData))
        };
        (0..count).filter_map(operand).collect()
    }

    /// What a call, invoke or callbr calls.
    pub fn callee(self) -> Option<Value<'m>> {
        if !matches!(self.opcode(), LLVMOpcode::LLVMCall | LLVMOpcode::LLVMInvoke | LLVMOpcode::LLVMCallBr) {
            return None;
        }
        // SAFETY: it is a call.
        Some(Value(unsafe { LLVMGetCalledValue(self.0) }, PhantomData))
    }

    /// The template of an inline assembly value.
    pub fn inline_asm(self) -> Option<String> {
        // SAFETY: the value is alive; the text is `len` bytes of LLVM's.
        unsafe {
            if LLVMIsAInlineAsm(self.0).is_null() {
                return None;
            }
            let mut len = 0;
            let start = LLVMGetInlineAsmAsmString(self.0, &raw mut len);
            let bytes: &[u8] =
                if start.is_null() { &[] } else { std::slice::from_raw_parts(start.cast(), len) };
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }

    /// Whether it is a function (declared or defined).
    pub fn is_function(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { !LLVMIsAFunction(self.0).is_null() }
    }

    /// Whether it is a constant integer, float or the like.
    pub fn is_constant_value(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { LLVMIsConstant(self.0) != 0 }
    }

    /// The text of a function's string attribute, if it has that.
    pub fn attribute(self, key: &str) -> Option<String> {
        // SAFETY: called on functions only; the returned text is LLVM's and `len` bytes long.
        unsafe {
            let len = c_uint::try_from(key.len()).ok()?;
            let index = LLVMAttributeFunctionIndex;
            let found = LLVMGetStringAttributeAtIndex(self.0, index, key.as_ptr().cast(), len);
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
        self.remove_attribute(key);
        // SAFETY: called on functions only; both texts are terminated.
        unsafe {
            LLVMAddTargetDependentFunctionAttr(self.0, c_string(key).as_ptr(), c_string(value).as_ptr());
        }
    }

    /// Removes a function's string attribute, if it has that.
    pub fn remove_attribute(self, key: &str) {
        let Ok(len) = c_uint::try_from(key.len()) else { return };
        let index = LLVMAttributeFunctionIndex;
        // SAFETY: called on functions only; LLVM copies the key.
        unsafe { LLVMRemoveStringAttributeAtIndex(self.0, index, key.as_ptr().cast(), len) }
    }

    /// Removes a string attribute from a call.
    pub fn remove_call_attribute(self, key: &str) {
        let Ok(len) = c_uint::try_from(key.len()) else { return };
        let index = LLVMAttributeFunctionIndex;
        // SAFETY: called on calls only; LLVM copies the key.
        unsafe { LLVMRemoveCallSiteStringAttribute(self.0, index, key.as_ptr().cast(), len) }
    }

    /// Removes an enum attribute such as `sspstrong` from a function.
    pub fn remove_enum_attribute(self, name: &str) {
        let index = LLVMAttributeFunctionIndex;
        // SAFETY: called on functions only; an attribute that is not there is left alone.
        unsafe { LLVMRemoveEnumAttributeAtIndex(self.0, index, enum_kind(name)) }
    }

    /// Whether parameter `index` has an enum or type attribute such as `noalias` or `byval`.
    pub fn param_has(self, index: usize, name: &str) -> bool {
        let Ok(index) = c_uint::try_from(index + 1) else { return false };
        // SAFETY: called on functions only; attribute index 0 is the result, parameters follow.
        unsafe { !LLVMGetEnumAttributeAtIndex(self.0, index, enum_kind(name)).is_null() }
    }

    /// Whether the function itself has an enum attribute.
    pub fn has_enum_attribute(self, name: &str) -> bool {
        let index = LLVMAttributeFunctionIndex;
        // SAFETY: called on functions only.
        unsafe { !LLVMGetEnumAttributeAtIndex(self.0, index, enum_kind(name)).is_null() }
    }

    /// Makes every use of this value one of `other`.
    pub fn replace_uses(self, other: Value<'m>) {
        // SAFETY: both are alive and of one type, as the callers make sure.
        unsafe { LLVMReplaceAllUsesWith(self.0, other.0) }
    }

    /// Removes an instruction that has no uses.
    pub fn erase_instruction(self) {
        // SAFETY: called on instructions without uses; the handle is given up.
        unsafe { LLVMInstructionEraseFromParent(self.0) }
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

    /// Whether an instruction carries fast-math flags.
    pub fn can_use_fast_math(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { LLVMCanValueUseFastMathFlags(self.0) != 0 }
    }

    /// The fast-math flags; only where `can_use_fast_math`.
    pub fn fast_math(self) -> c_uint {
        // SAFETY: the caller asked before.
        unsafe { LLVMGetFastMathFlags(self.0) }
    }

    /// Sets the fast-math flags; only where `can_use_fast_math`.
    pub fn set_fast_math(self, flags: c_uint) {
        // SAFETY: the caller asked before.
        unsafe { LLVMSetFastMathFlags(self.0, flags) }
    }
}

impl fmt::Display for Value<'_> {
    /// The text of the value as in an `.ll` file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the value is alive; LLVM hands the text over.
        f.write_str(unsafe { taken(LLVMPrintValueToString(self.0)) }.trim())
    }
}

impl<'m> Type<'m> {
    /// The raw pointer.
    pub const fn raw(self) -> LLVMTypeRef {
        self.0
    }

    /// The kind.
    pub fn kind(self) -> LLVMTypeKind {
        // SAFETY: the type is alive.
        unsafe { LLVMGetTypeKind(self.0) }
    }

    /// Whether it is a vector, fixed or scalable.
    pub fn is_vector(self) -> bool {
        matches!(self.kind(), LLVMTypeKind::LLVMVectorTypeKind | LLVMTypeKind::LLVMScalableVectorTypeKind)
    }

    /// The lanes of a fixed vector; `None` for everything else.
    pub fn lanes(self) -> Option<u32> {
        // SAFETY: asked of a vector only.
        (self.kind() == LLVMTypeKind::LLVMVectorTypeKind).then(|| unsafe { LLVMGetVectorSize(self.0) })
    }

    /// The least size of a vector, in bits; 0 for everything else, vectors of pointers among them.
    pub fn vector_bits(self) -> u32 {
        if !self.is_vector() {
            return 0;
        }
        let element = match self.element().kind() {
            LLVMTypeKind::LLVMHalfTypeKind | LLVMTypeKind::LLVMBFloatTypeKind => 16,
            LLVMTypeKind::LLVMFloatTypeKind => 32,
            LLVMTypeKind::LLVMDoubleTypeKind => 64,
            _ => self.element().int_bits().unwrap_or(0),
        };
        // SAFETY: it is a vector, for which LLVM tells the (least) number of lanes.
        element.saturating_mul(unsafe { LLVMGetVectorSize(self.0) })
    }

    /// The element of a vector or array; any other type is its own.
    pub fn element(self) -> Type<'m> {
        match self.kind() {
            LLVMTypeKind::LLVMVectorTypeKind
            | LLVMTypeKind::LLVMScalableVectorTypeKind
            | LLVMTypeKind::LLVMArrayTypeKind => {
                // SAFETY: these three have an element type.
                Type(unsafe { LLVMGetElementType(self.0) }, PhantomData)
            }
            _ => self,
        }
    }

    /// The width of an integer type.
    pub fn int_bits(self) -> Option<u32> {
        // SAFETY: asked of an integer only.
        (self.kind() == LLVMTypeKind::LLVMIntegerTypeKind).then(|| unsafe { LLVMGetIntTypeWidth(self.0) })
    }

    /// The fields of a struct; empty for everything else.
    pub fn fields(self) -> Vec<Type<'m>> {
        if self.kind() != LLVMTypeKind::LLVMStructTypeKind {
            return Vec::new();
        }
        // SAFETY: it is a struct, and the index is in range.
        let count = unsafe { LLVMCountStructElementTypes(self.0) };
        (0..count)
            .map(|index| Type(unsafe { LLVMStructGetTypeAtIndex(self.0, index) }, PhantomData))
            .collect()
    }

    /// The result of a function type.
    pub fn return_type(self) -> Type<'m> {
        // SAFETY: called on function types only.
        Type(unsafe { LLVMGetReturnType(self.0) }, PhantomData)
    }

    /// The parameters of a function type.
    pub fn param_types(self) -> Vec<Type<'m>> {
        // SAFETY: called on function types only; LLVM fills as many as it counts.
        unsafe {
            let count = LLVMCountParamTypes(self.0) as usize;
            let mut raw = vec![std::ptr::null_mut(); count];
            LLVMGetParamTypes(self.0, raw.as_mut_ptr());
            raw.into_iter().map(|ty| Type(ty, PhantomData)).collect()
        }
    }

    /// Whether a function type takes variable arguments.
    pub fn is_variadic(self) -> bool {
        // SAFETY: called on function types only.
        unsafe { LLVMIsFunctionVarArg(self.0) != 0 }
    }
}

impl fmt::Display for Type<'_> {
    /// The text of the type as in an `.ll` file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the type is alive; LLVM hands the text over.
        f.write_str(&unsafe { taken(LLVMPrintTypeToString(self.0)) })
    }
}

/// The number of an enum attribute's name.
pub fn enum_kind(name: &str) -> c_uint {
    // SAFETY: LLVM reads `len` bytes.
    unsafe { LLVMGetEnumAttributeKindForName(name.as_ptr().cast(), name.len()) }
}
