//! Floating point that gives the same bits at every ISA level.

use std::ffi::c_uint;

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::LLVMBuilderRef;
use inkwell::llvm_sys::{
    LLVMFastMathAllowContract, LLVMFastMathAllowReassoc, LLVMFastMathAllowReciprocal, LLVMFastMathApproxFunc,
    LLVMOpcode,
};
use inkwell::module::Module;

use super::ir::{self, Value};

/// Flags under which one level may round where another does not.
const LEVEL_DEPENDENT: c_uint = LLVMFastMathAllowContract
    | LLVMFastMathAllowReassoc
    | LLVMFastMathAllowReciprocal
    | LLVMFastMathApproxFunc;

/// Makes contraction and reordering impossible: `llvm.fmuladd` becomes a product and a sum, and arithmetic loses the flags that
/// allow it. With neither, the code generator fuses nothing under its default options.
///
/// The C interface can add flags but not take one away, so the instructions are made anew.
pub fn forbid_contraction(module: &Module<'_>) {
    for function in ir::functions(module) {
        for instruction in function.instructions() {
            if !instruction.can_use_fast_math() {
                continue;
            }
            let callee = instruction.callee().filter(|callee| callee.is_function());
            let fused = callee.is_some_and(|callee| callee.name().starts_with("llvm.fmuladd."));
            let intrinsic = callee.is_some_and(Value::is_intrinsic);
            let plain = callee.is_none() && is_arithmetic(instruction.opcode());
            let flagged = instruction.fast_math() & LEVEL_DEPENDENT != 0;
            if fused || (flagged && (intrinsic || plain)) {
                remake(module, instruction, fused);
            }
        }
    }
}

const fn is_arithmetic(opcode: LLVMOpcode) -> bool {
    matches!(
        opcode,
        LLVMOpcode::LLVMFAdd
            | LLVMOpcode::LLVMFSub
            | LLVMOpcode::LLVMFMul
            | LLVMOpcode::LLVMFDiv
            | LLVMOpcode::LLVMFRem
            | LLVMOpcode::LLVMFNeg
    )
}

fn remake(module: &Module<'_>, instruction: Value<'_>, fused: bool) {
    let flags = instruction.fast_math() & !LEVEL_DEPENDENT;
    // SAFETY: the instruction is alive; the new ones have its operands and so its type; the builder is freed.
    let made = unsafe {
        let builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(module.as_mut_ptr()));
        LLVMPositionBuilderBefore(builder, instruction.raw());
        let made = if fused { split(builder, instruction, flags) } else { again(builder, instruction) };
        LLVMDisposeBuilder(builder);
        made
    };
    made.add_fast_math(flags);
    // SAFETY: of the same type; the list that the caller walks was made before, and holds each instruction once.
    unsafe {
        instruction.replace_uses(made);
        instruction.erase_instruction();
    }
}

/// x * y + z, rounded twice.
unsafe fn split<'m>(builder: LLVMBuilderRef, call: Value<'m>, flags: c_uint) -> Value<'m> {
    // SAFETY: `llvm.fmuladd` has three operands of one type, as the verifier saw.
    unsafe {
        let operand = |index| LLVMGetOperand(call.raw(), index);
        let product = Value::new(LLVMBuildFMul(builder, operand(0), operand(1), c"".as_ptr()));
        product.add_fast_math(flags);
        Value::new(LLVMBuildFAdd(builder, product.raw(), operand(2), c"".as_ptr()))
    }
}

/// The same operation without flags.
unsafe fn again<'m>(builder: LLVMBuilderRef, instruction: Value<'m>) -> Value<'m> {
    let name = c"".as_ptr();
    // SAFETY: the operands are those of the instruction, which has as many as its operation.
    unsafe {
        let operand = |index| LLVMGetOperand(instruction.raw(), index);
        Value::new(match instruction.opcode() {
            LLVMOpcode::LLVMCall => {
                let count = LLVMGetNumArgOperands(instruction.raw());
                let mut args: Vec<_> = (0..count).map(operand).collect();
                let ty = LLVMGetCalledFunctionType(instruction.raw());
                let callee = LLVMGetCalledValue(instruction.raw());
                LLVMBuildCall2(builder, ty, callee, args.as_mut_ptr(), count, name)
            }
            LLVMOpcode::LLVMFNeg => LLVMBuildFNeg(builder, operand(0), name),
            opcode => LLVMBuildBinOp(builder, opcode, operand(0), operand(1), name),
        })
    }
}
