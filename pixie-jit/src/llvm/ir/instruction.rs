//! Instructions: what they do, with what, and taking their place.

use std::ffi::c_uint;

use inkwell::llvm_sys::LLVMOpcode;
use inkwell::llvm_sys::core::*;

use super::Value;

impl<'m> Value<'m> {
    /// The instructions of a function, in order.
    pub fn instructions(self) -> Vec<Value<'m>> {
        let mut found = Vec::new();
        // SAFETY: the function is alive; blocks and instructions are walked without changing them.
        unsafe {
            let mut block = LLVMGetFirstBasicBlock(self.raw());
            while !block.is_null() {
                let mut instruction = LLVMGetFirstInstruction(block);
                while !instruction.is_null() {
                    found.push(Value::new(instruction));
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
        unsafe { LLVMGetInstructionOpcode(self.raw()) }
    }

    /// Whether it ends its block.
    pub fn is_terminator(self) -> bool {
        // SAFETY: the value is alive; anything else is none.
        unsafe { !LLVMIsATerminatorInst(self.raw()).is_null() }
    }

    /// The operands of an instruction or constant.
    pub fn operands(self) -> Vec<Value<'m>> {
        // SAFETY: called on users only, which are alive.
        let count = u32::try_from(unsafe { LLVMGetNumOperands(self.raw()) }).unwrap_or(0);
        let operand = |index| {
            // SAFETY: the index is in range; an operand slot may be empty.
            let value = unsafe { LLVMGetOperand(self.raw(), index) };
            // SAFETY: not null, and of the same module.
            (!value.is_null()).then(|| unsafe { Value::new(value) })
        };
        (0..count).filter_map(operand).collect()
    }

    /// What a call, invoke or callbr calls.
    pub fn callee(self) -> Option<Value<'m>> {
        if !matches!(self.opcode(), LLVMOpcode::LLVMCall | LLVMOpcode::LLVMInvoke | LLVMOpcode::LLVMCallBr) {
            return None;
        }
        // SAFETY: it is a call.
        Some(unsafe { Value::new(LLVMGetCalledValue(self.raw())) })
    }

    /// The template of an inline assembly value.
    pub fn inline_asm(self) -> Option<String> {
        // SAFETY: the value is alive; the text is `len` bytes of LLVM's.
        unsafe {
            if LLVMIsAInlineAsm(self.raw()).is_null() {
                return None;
            }
            let mut len = 0;
            let start = LLVMGetInlineAsmAsmString(self.raw(), &raw mut len);
            let bytes: &[u8] =
                if start.is_null() { &[] } else { std::slice::from_raw_parts(start.cast(), len) };
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }

    /// Whether it is a constant integer, float or the like.
    pub fn is_constant_value(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { LLVMIsConstant(self.raw()) != 0 }
    }

    /// Makes every use of this value one of `other`.
    pub fn replace_uses(self, other: Value<'m>) {
        // SAFETY: both are alive and of one type, as the callers make sure.
        unsafe { LLVMReplaceAllUsesWith(self.raw(), other.raw()) }
    }

    /// Removes an instruction that has no uses.
    pub fn erase_instruction(self) {
        // SAFETY: called on instructions without uses; the handle is given up.
        unsafe { LLVMInstructionEraseFromParent(self.raw()) }
    }

    /// Whether an instruction carries fast-math flags.
    pub fn can_use_fast_math(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { LLVMCanValueUseFastMathFlags(self.raw()) != 0 }
    }

    /// The fast-math flags; only where `can_use_fast_math`.
    pub fn fast_math(self) -> c_uint {
        // SAFETY: the caller asked before.
        unsafe { LLVMGetFastMathFlags(self.raw()) }
    }

    /// Sets the fast-math flags; only where `can_use_fast_math`.
    pub fn set_fast_math(self, flags: c_uint) {
        // SAFETY: the caller asked before.
        unsafe { LLVMSetFastMathFlags(self.raw(), flags) }
    }
}
