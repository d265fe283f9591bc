//! Writes the thunks (spec §8): `void thunk(const uint64_t *args, uint64_t *ret)`.

use std::collections::HashMap;

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::{LLVMBuilderRef, LLVMValueRef};
use inkwell::llvm_sys::{LLVMAttributeFunctionIndex, LLVMAttributeReturnIndex};
use inkwell::module::Module;
use pixie_format::thunk::{self, Slot};
use pixie_format::{Platform, Signature};

use super::ir::{self, Type, Value};
use super::thunk_lines::Lines;
use crate::compile::ExportSymbol;
use crate::error::{Error, Result};

/// Frees the builder.
struct Builder(LLVMBuilderRef);

impl Drop for Builder {
    fn drop(&mut self) {
        // SAFETY: created below, and not used after this.
        unsafe { LLVMDisposeBuilder(self.0) }
    }
}

/// Adds the thunks of exports whose signatures were checked against their functions. Exports of one symbol share a thunk.
pub fn add_all(module: &Module<'_>, platform: Platform, exports: &[ExportSymbol]) -> Result<()> {
    let mut done: HashMap<&str, &Signature> = HashMap::new();
    let lines = Lines::new(module);
    for ExportSymbol { symbol, signature, .. } in exports {
        match done.insert(symbol, signature) {
            None => add(module, &lines, platform, symbol, signature)?,
            Some(first) if shape(first, platform) == shape(signature, platform) => {}
            Some(first) => {
                return Err(Error::Symbol {
                    symbol: symbol.clone(),
                    platform,
                    what: format!(
                        "is exported as `{first}` and as `{signature}`, which pass or return different types"
                    ),
                    hint: "write a second function in the source for the second signature".to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// What of a signature decides the thunk. The upper bits of an argument are ignored, so its sign does not matter; a result is
/// extended, so there it does.
fn shape(signature: &Signature, platform: Platform) -> (Vec<Slot>, Option<Slot>) {
    let params = signature.params.iter().map(|param| match Slot::of_param(&param.ty, platform) {
        Slot::Signed(bits) => Slot::Unsigned(bits),
        other => other,
    });
    (params.collect(), Slot::of_return(signature.ret, platform))
}

/// The export that a new function `name` is to call.
pub(super) fn callee<'m>(module: &'m Module<'_>, symbol: &str, name: &str) -> Result<Value<'m>> {
    let function = ir::function(module, symbol).filter(|function| !function.is_declaration());
    let error = |message| Err(Error::Llvm { message });
    match function {
        None => error(format!("the bitcode does not define `{symbol}`")),
        Some(_) if ir::function(module, name).is_some() => {
            error(format!("the bitcode already has a function `{name}`"))
        }
        Some(function) => Ok(function),
    }
}

/// Adds the thunk of one export.
fn add(
    module: &Module<'_>,
    lines: &Lines<'_, '_>,
    platform: Platform,
    symbol: &str,
    signature: &Signature,
) -> Result<()> {
    let error = |message: String| Error::Llvm { message };
    let name = thunk::symbol(symbol);
    let function = callee(module, symbol, &name)?;
    let types = function.value_type().param_types();
    if types.len() != signature.params.len() {
        return Err(error(format!(
            "`{symbol}` has {} parameters, its signature {}",
            types.len(),
            signature.params.len()
        )));
    }
    let slots: Vec<Slot> = signature.params.iter().map(|param| Slot::of_param(&param.ty, platform)).collect();
    let ret = Slot::of_return(signature.ret, platform);
    // SAFETY: the module and the function are alive; the thunk is built from nothing; operand types are made to fit by
    // `load` and `store`, and the module is verified afterwards.
    unsafe {
        let context = LLVMGetModuleContext(module.as_mut_ptr());
        let pointer = LLVMPointerTypeInContext(context, 0);
        let ty = LLVMFunctionType(LLVMVoidTypeInContext(context), [pointer, pointer].as_mut_ptr(), 2, 0);
        let thunk = LLVMAddFunction(module.as_mut_ptr(), ir::c_string(&name).as_ptr(), ty);
        copy_attributes(function, thunk);
        let builder = Builder(LLVMCreateBuilderInContext(context));
        LLVMPositionBuilderAtEnd(builder.0, LLVMAppendBasicBlockInContext(context, thunk, c"".as_ptr()));
        let place = lines.describe(function, thunk, &name);
        if !place.is_null() {
            LLVMSetCurrentDebugLocation2(builder.0, place);
        }
        let args = LLVMGetParam(thunk, 0);
        let mut values: Vec<LLVMValueRef> = slots
            .iter()
            .zip(&types)
            .zip(0..)
            .map(|((slot, ty), index)| load(&builder, args, index, *slot, *ty))
            .collect();
        let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let ty = function.value_type().raw();
        let call = LLVMBuildCall2(builder.0, ty, function.raw(), values.as_mut_ptr(), count, c"".as_ptr());
        LLVMSetInstructionCallConv(call, function.calling_convention());
        // A thunk has no memory of its own, so a void export is jumped to.
        LLVMSetTailCall(call, 1);
        copy_extensions(function, call, count);
        if is_small(function) {
            let inline = LLVMCreateEnumAttribute(context, ir::enum_kind("alwaysinline"), 0);
            LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, inline);
        }
        if let Some(slot) = ret {
            store(&builder, LLVMGetParam(thunk, 1), call, slot);
        }
        LLVMBuildRetVoid(builder.0);
    }
    Ok(())
}

/// Whether a call would cost as much as the optimised function itself.
fn is_small(function: Value<'_>) -> bool {
    const LIMIT: usize = 16;
    let instructions = function.instructions();
    let straight = instructions.iter().filter(|instruction| instruction.is_terminator()).count() == 1;
    straight && instructions.len() <= LIMIT
}

/// What calls an export is compiled as the export was: `no-builtins` and its like.
///
/// # Safety
/// Both are functions of one module.
pub(super) unsafe fn copy_attributes(function: Value<'_>, thunk: LLVMValueRef) {
    let index = LLVMAttributeFunctionIndex;
    // SAFETY: both functions are alive; LLVM fills as many attributes as it counts.
    unsafe {
        let mut found =
            vec![std::ptr::null_mut(); LLVMGetAttributeCountAtIndex(function.raw(), index) as usize];
        LLVMGetAttributesAtIndex(function.raw(), index, found.as_mut_ptr());
        let kinds = [ir::enum_kind("nounwind"), ir::enum_kind("uwtable")];
        for attribute in found {
            let text = LLVMIsStringAttribute(attribute) != 0;
            if text || kinds.contains(&LLVMGetEnumAttributeKind(attribute)) {
                LLVMAddAttributeAtIndex(thunk, index, attribute);
            }
        }
    }
}

/// The word, with a space before it, by which a function's parameter `index`, or its result for 0, is extended.
pub(super) fn extension(function: Value<'_>, index: usize) -> &'static str {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    [("signext", " signext"), ("zeroext", " zeroext")]
        .into_iter()
        // SAFETY: the function is alive; LLVM answers null for what is not there.
        .find(|(name, _)| unsafe {
            !LLVMGetEnumAttributeAtIndex(function.raw(), index, ir::enum_kind(name)).is_null()
        })
        .map_or("", |(_, word)| word)
}

/// A call must extend small integers as the callee expects.
unsafe fn copy_extensions(function: Value<'_>, call: LLVMValueRef, count: u32) {
    for index in std::iter::once(LLVMAttributeReturnIndex).chain(1..=count) {
        for name in ["signext", "zeroext"] {
            // SAFETY: function and call are alive and have `count` parameters.
            unsafe {
                let found = LLVMGetEnumAttributeAtIndex(function.raw(), index, ir::enum_kind(name));
                if !found.is_null() {
                    LLVMAddCallSiteAttribute(call, index, found);
                }
            }
        }
    }
}

/// Reads argument slot `index` as a value of type `ty`.
unsafe fn load(builder: &Builder, args: LLVMValueRef, index: u64, slot: Slot, ty: Type<'_>) -> LLVMValueRef {
    // SAFETY: the builder stands in a block of the thunk; the slot's width and the type fit, as the signature check saw.
    unsafe {
        let context = LLVMGetTypeContext(ty.raw());
        let word = LLVMInt64TypeInContext(context);
        let mut at = [LLVMConstInt(word, index, 0)];
        let place = LLVMBuildInBoundsGEP2(builder.0, word, args, at.as_mut_ptr(), 1, c"".as_ptr());
        let read = |ty| {
            let value = LLVMBuildLoad2(builder.0, ty, place, c"".as_ptr());
            LLVMSetAlignment(value, 8);
            value
        };
        match slot {
            Slot::Signed(_) | Slot::Unsigned(_) => {
                let value = read(word);
                if ty.int_bits() == Some(64) {
                    value
                } else {
                    LLVMBuildTrunc(builder.0, value, ty.raw(), c"".as_ptr())
                }
            }
            Slot::Bool => {
                let bit = LLVMBuildTrunc(builder.0, read(word), LLVMInt1TypeInContext(context), c"".as_ptr());
                if ty.int_bits() == Some(1) {
                    bit
                } else {
                    LLVMBuildZExt(builder.0, bit, ty.raw(), c"".as_ptr())
                }
            }
            // Little-endian: the lower half of a slot is where its address is.
            Slot::F32 | Slot::F64 | Slot::Pointer => read(ty.raw()),
        }
    }
}

/// Writes the result slot: extended to 64 bits, upper bits never undefined.
unsafe fn store(builder: &Builder, ret: LLVMValueRef, value: LLVMValueRef, slot: Slot) {
    // SAFETY: as in `load`.
    unsafe {
        let context = LLVMGetTypeContext(LLVMTypeOf(value));
        let word = LLVMInt64TypeInContext(context);
        let (b, none) = (builder.0, c"".as_ptr());
        let is_word = LLVMTypeOf(value) == word;
        let value = match slot {
            Slot::Signed(_) if !is_word => LLVMBuildSExt(b, value, word, none),
            Slot::Unsigned(_) if !is_word => LLVMBuildZExt(b, value, word, none),
            Slot::Bool => {
                let bit = LLVMBuildTrunc(b, value, LLVMInt1TypeInContext(context), none);
                LLVMBuildZExt(b, bit, word, none)
            }
            Slot::F32 => {
                let bits = LLVMBuildBitCast(b, value, LLVMInt32TypeInContext(context), none);
                LLVMBuildZExt(b, bits, word, none)
            }
            Slot::Signed(_) | Slot::Unsigned(_) | Slot::F64 | Slot::Pointer => value,
        };
        let written = LLVMBuildStore(b, value, ret);
        LLVMSetAlignment(written, 8);
    }
}
