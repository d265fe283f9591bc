//! Instructions: what they do, with what, and taking their place.

use std::ffi::c_uint;

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::{LLVMFastMathNone, LLVMOpcode};

use super::Value;

impl<'m> Value<'m> {
    /// The instructions of a function, in order.
    pub fn instructions(self) -> Vec<Value<'m>> {
        let Some(raw) = self.function() else { return Vec::new() };
        let mut found = Vec::new();
        // SAFETY: it is a function, and alive; blocks and instructions are walked without changing them.
        unsafe {
            let mut block = LLVMGetFirstBasicBlock(raw);
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
        // SAFETY: alive; LLVM answers 0 for what is no instruction.
        unsafe { LLVMGetInstructionOpcode(self.raw()) }
    }

    /// Whether it ends its block.
    pub fn is_terminator(self) -> bool {
        // SAFETY: the value is alive; anything else is none.
        unsafe { !LLVMIsATerminatorInst(self.raw()).is_null() }
    }

    /// The operands of an instruction or constant.
    pub fn operands(self) -> Vec<Value<'m>> {
        let Some(raw) = self.user() else { return Vec::new() };
        // SAFETY: it is one, and alive.
        let count = u32::try_from(unsafe { LLVMGetNumOperands(raw) }).unwrap_or(0);
        let operand = |index| {
            // SAFETY: the index is in range; an operand slot may be empty.
            let value = unsafe { LLVMGetOperand(raw, index) };
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
    ///
    /// # Safety
    /// Both have one type.
    pub unsafe fn replace_uses(self, other: Value<'m>) {
        // SAFETY: both are alive; the rest is the caller's contract.
        unsafe { LLVMReplaceAllUsesWith(self.raw(), other.raw()) }
    }

    /// Removes an instruction.
    ///
    /// # Safety
    /// It has no uses, and no handle on it is used again.
    pub unsafe fn erase_instruction(self) {
        let Some(raw) = self.instruction() else { return };
        // SAFETY: it is an instruction; the rest is the caller's contract.
        unsafe { LLVMInstructionEraseFromParent(raw) }
    }

    /// Whether an instruction carries fast-math flags.
    pub fn can_use_fast_math(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { LLVMCanValueUseFastMathFlags(self.raw()) != 0 }
    }

    /// The fast-math flags; none where there can be none.
    pub fn fast_math(self) -> c_uint {
        if !self.can_use_fast_math() {
            return LLVMFastMathNone;
        }
        // SAFETY: it carries flags.
        unsafe { LLVMGetFastMathFlags(self.raw()) }
    }

    /// Adds fast-math flags, where there can be any. The C interface cannot take one away.
    pub fn add_fast_math(self, flags: c_uint) {
        if self.can_use_fast_math() {
            // SAFETY: it carries flags.
            unsafe { LLVMSetFastMathFlags(self.raw(), flags) }
        }
    }
}
