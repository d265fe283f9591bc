//! Replaces what instruction selection would turn into library calls by calls of our own builtins.
//!
//! Done in the IR because the library calls' ABI differs (Windows passes 128-bit integers by address and returns them in
//! a vector register), while a call in the IR is lowered alike on both sides. Done after the optimiser, which knows what
//! a division is but not what a call does.

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::{LLVMBuilderRef, LLVMTypeRef, LLVMValueRef};
use inkwell::llvm_sys::{LLVMOpcode, LLVMTypeKind};
use inkwell::module::Module;

use super::ir::{self, Type, Value};

/// What a call of a builtin looks like: operands are widened to the argument types, the result narrowed.
#[derive(Clone, Copy)]
struct Builtin {
    name: &'static str,
    signed: bool,
    args: &'static [Kind],
    ret: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    I32,
    I128,
    Float,
    Double,
}

/// Replaces every such instruction; says whether there was one. `optimised` says that instruction selection will know the cheap
/// divisors, as AArch64's at -O0 does not.
pub fn lower(module: &Module<'_>, optimised: bool) -> bool {
    let mut found = false;
    for function in ir::functions(module) {
        for instruction in function.instructions() {
            if let Some(builtin) = builtin(instruction, optimised) {
                replace(module, instruction, builtin);
                found = true;
            }
        }
    }
    found
}

fn is_wide(ty: Type<'_>) -> bool {
    ty.element().int_bits().is_some_and(|bits| (65..=128).contains(&bits))
}

fn builtin(instruction: Value<'_>, optimised: bool) -> Option<Builtin> {
    use Kind::{Double, Float, I32, I128};
    let ty = instruction.ty();
    if ty.kind() == LLVMTypeKind::LLVMScalableVectorTypeKind {
        return None;
    }
    let division = |name, signed| {
        let wide = is_wide(ty) && !(optimised && is_cheap_divisor(instruction, signed));
        wide.then_some(Builtin { name, signed, args: &[I128, I128], ret: I128 })
    };
    let to_float = |name, name_float, signed| {
        let from = instruction.operands().first()?.ty();
        let double = ty.element().kind() == LLVMTypeKind::LLVMDoubleTypeKind;
        let (name, ret) = if double { (name, Double) } else { (name_float, Float) };
        is_wide(from).then_some(Builtin { name, signed, args: &[I128], ret })
    };
    let to_int = |name, signed| is_wide(ty).then_some(Builtin { name, signed, args: &[Double], ret: I128 });
    match instruction.opcode() {
        LLVMOpcode::LLVMUDiv => division("__pixie_udiv", false),
        LLVMOpcode::LLVMURem => division("__pixie_urem", false),
        LLVMOpcode::LLVMSDiv => division("__pixie_sdiv", true),
        LLVMOpcode::LLVMSRem => division("__pixie_srem", true),
        LLVMOpcode::LLVMUIToFP => to_float("__pixie_uitofp", "__pixie_uitofp_float", false),
        LLVMOpcode::LLVMSIToFP => to_float("__pixie_sitofp", "__pixie_sitofp_float", true),
        LLVMOpcode::LLVMFPToUI => to_int("__pixie_fptoui", false),
        LLVMOpcode::LLVMFPToSI => to_int("__pixie_fptosi", true),
        LLVMOpcode::LLVMCall => {
            let name = instruction.callee().filter(|callee| callee.is_function())?.name();
            if name.starts_with("llvm.fptoui.sat.") {
                to_int("__pixie_fptoui", false)
            } else if name.starts_with("llvm.fptosi.sat.") {
                to_int("__pixie_fptosi", true)
            } else if name.starts_with("llvm.powi.") {
                let double = ty.element().kind() == LLVMTypeKind::LLVMDoubleTypeKind;
                let (args, ret): (&[Kind], _) =
                    if double { (&[Double, I32], Double) } else { (&[Float, I32], Float) };
                let name = if double { "__pixie_powi" } else { "__pixie_powi_float" };
                let variable = instruction.operands().get(1).is_some_and(|n| !n.is_constant_value());
                variable.then_some(Builtin { name, signed: true, args, ret })
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Divisors for which instruction selection has shifts and multiplications: powers of two, and unsigned d whose odd part
/// divides 2^64 - 1.
fn is_cheap_divisor(division: Value<'_>, signed: bool) -> bool {
    let Some(divisor) = division.operands().get(1).copied() else { return false };
    if !divisor.is_constant_value() {
        return false;
    }
    // Constants of more than 64 bits can only be read as text: `i128 10`.
    let text = divisor.to_string();
    let Some(value) = text.split_once(' ').and_then(|(_, value)| value.parse::<i128>().ok()) else {
        return false;
    };
    let size = value.unsigned_abs();
    if size == 0 || size.is_power_of_two() {
        return size != 0;
    }
    let odd = size >> size.trailing_zeros();
    !signed && value > 0 && size <= u128::from(u64::MAX) && (1_u128 << 64) % odd == 1
}

fn replace(module: &Module<'_>, instruction: Value<'_>, builtin: Builtin) {
    // SAFETY: the instruction is alive; operands and result are converted between its types and the builtin's, lane by lane for
    // a vector; the builder is freed.
    let result = unsafe {
        let builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(module.as_mut_ptr()));
        LLVMPositionBuilderBefore(builder, instruction.raw());
        let emit = Emit { module, builder, builtin };
        let operands: Vec<_> = instruction.operands().into_iter().take(builtin.args.len()).collect();
        let result = match instruction.ty().lanes() {
            None => emit.call(operands.iter().map(|value| value.raw()), instruction.ty()),
            Some(lanes) => emit.lanes(&operands, instruction.ty(), lanes),
        };
        LLVMDisposeBuilder(builder);
        Value::new(result)
    };
    // SAFETY: the result was converted to the instruction's type; the list that the caller walks holds each instruction once.
    unsafe {
        instruction.replace_uses(result);
        instruction.erase_instruction();
    }
}

struct Emit<'a, 'c> {
    module: &'a Module<'c>,
    builder: LLVMBuilderRef,
    builtin: Builtin,
}

impl Emit<'_, '_> {
    unsafe fn lanes(&self, operands: &[Value<'_>], ty: Type<'_>, lanes: u32) -> LLVMValueRef {
        // SAFETY: lane indices are in range; `powi` has one scalar exponent for all lanes.
        unsafe {
            let word = LLVMInt32TypeInContext(LLVMGetModuleContext(self.module.as_mut_ptr()));
            let mut whole = LLVMGetPoison(ty.raw());
            for lane in 0..lanes {
                let index = LLVMConstInt(word, u64::from(lane), 0);
                let pick = |value: &Value<'_>| {
                    if value.ty().lanes().is_some() {
                        LLVMBuildExtractElement(self.builder, value.raw(), index, c"".as_ptr())
                    } else {
                        value.raw()
                    }
                };
                let part = self.call(operands.iter().map(pick), ty.element());
                whole = LLVMBuildInsertElement(self.builder, whole, part, index, c"".as_ptr());
            }
            whole
        }
    }

    unsafe fn call(&self, operands: impl Iterator<Item = LLVMValueRef>, ty: Type<'_>) -> LLVMValueRef {
        // SAFETY: the function is declared with the types that the operands are converted to.
        unsafe {
            let mut params: Vec<LLVMTypeRef> = self.builtin.args.iter().map(|kind| self.ty(*kind)).collect();
            let mut args: Vec<LLVMValueRef> =
                operands.zip(&params).map(|(value, ty)| self.convert(value, *ty)).collect();
            let count = u32::try_from(params.len()).unwrap_or(0);
            let function = LLVMFunctionType(self.ty(self.builtin.ret), params.as_mut_ptr(), count, 0);
            let callee = match ir::function(self.module, self.builtin.name) {
                Some(callee) => callee.raw(),
                None => {
                    let name = ir::c_string(self.builtin.name);
                    LLVMAddFunction(self.module.as_mut_ptr(), name.as_ptr(), function)
                }
            };
            let call = LLVMBuildCall2(self.builder, function, callee, args.as_mut_ptr(), count, c"".as_ptr());
            self.convert(call, ty.raw())
        }
    }

    unsafe fn ty(&self, kind: Kind) -> LLVMTypeRef {
        // SAFETY: the context is the module's.
        unsafe {
            let context = LLVMGetModuleContext(self.module.as_mut_ptr());
            match kind {
                Kind::I32 => LLVMInt32TypeInContext(context),
                Kind::I128 => LLVMInt128TypeInContext(context),
                Kind::Float => LLVMFloatTypeInContext(context),
                Kind::Double => LLVMDoubleTypeInContext(context),
            }
        }
    }

    /// Between integers, or between floats; equal types need nothing.
    unsafe fn convert(&self, value: LLVMValueRef, ty: LLVMTypeRef) -> LLVMValueRef {
        // SAFETY: both types are integers, or both are floats.
        unsafe {
            if LLVMTypeOf(value) == ty {
                value
            } else if LLVMGetTypeKind(ty) == LLVMTypeKind::LLVMIntegerTypeKind {
                LLVMBuildIntCast2(self.builder, value, ty, i32::from(self.builtin.signed), c"".as_ptr())
            } else {
                LLVMBuildFPCast(self.builder, value, ty, c"".as_ptr())
            }
        }
    }
}
