//! Floating point that gives the same bits at every ISA level.

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::{LLVMFastMathAllowContract, LLVMFastMathAllowReassoc};
use inkwell::module::Module;

use super::ir::{self, Value};

/// Makes contraction impossible: `llvm.fmuladd` becomes a product and a sum, and no instruction may be contracted or
/// reassociated. With neither, the code generator fuses nothing under its default options.
pub fn forbid_contraction(module: &Module<'_>) {
    for function in ir::functions(module) {
        for instruction in function.instructions() {
            if instruction.can_use_fast_math() {
                let drop = LLVMFastMathAllowContract | LLVMFastMathAllowReassoc;
                instruction.set_fast_math(instruction.fast_math() & !drop);
            }
            let callee = instruction.callee().filter(|callee| callee.is_function());
            if callee.is_some_and(|callee| callee.name().starts_with("llvm.fmuladd.")) {
                split(instruction);
            }
        }
    }
}

fn split(call: Value<'_>) {
    let operands = call.operands();
    let [x, y, z, ..] = operands.as_slice() else { return };
    let flags = call.fast_math();
    // SAFETY: the call is alive and its three arguments have the type of its result; the builder is freed.
    let sum = unsafe {
        let context = LLVMGetTypeContext(call.ty().raw());
        let builder = LLVMCreateBuilderInContext(context);
        LLVMPositionBuilderBefore(builder, call.raw());
        let product = LLVMBuildFMul(builder, x.raw(), y.raw(), c"".as_ptr());
        let sum = LLVMBuildFAdd(builder, product, z.raw(), c"".as_ptr());
        LLVMDisposeBuilder(builder);
        for value in [Value::new(product), Value::new(sum)] {
            if value.can_use_fast_math() {
                value.set_fast_math(flags);
            }
        }
        Value::new(sum)
    };
    call.replace_uses(sum);
    call.erase_instruction();
}
