//! Basic blocks and where they lead.

use std::collections::HashMap;

use inkwell::llvm_sys::LLVMOpcode;
use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::LLVMBasicBlockRef;

use super::{Value, taken};

/// An edge of the flow graph.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The index of the block that it leads to.
    pub to: usize,
    /// When it is taken: `T`, `F`, the value of a case; empty where there is no choice.
    pub when: String,
}

impl Value<'_> {
    /// For each block of a function, in order, where it leads.
    pub fn successors(self) -> Vec<Vec<Edge>> {
        let Some(raw) = self.function() else { return Vec::new() };
        let mut blocks: Vec<LLVMBasicBlockRef> = Vec::new();
        // SAFETY: it is a function, and alive; its blocks are walked without changing them.
        unsafe {
            let mut block = LLVMGetFirstBasicBlock(raw);
            while !block.is_null() {
                blocks.push(block);
                block = LLVMGetNextBasicBlock(block);
            }
        }
        let index: HashMap<LLVMBasicBlockRef, usize> = blocks.iter().copied().zip(0..).collect();
        blocks.iter().map(|block| edges(*block, &index)).collect()
    }
}

/// The edges out of a live block, those to one block together.
fn edges(block: LLVMBasicBlockRef, index: &HashMap<LLVMBasicBlockRef, usize>) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    // SAFETY: the block is alive, and the index of a successor is in range.
    let successors = unsafe {
        let terminator = LLVMGetBasicBlockTerminator(block);
        if terminator.is_null() {
            return edges;
        }
        // SAFETY: not null, and of a live module.
        let terminator = Value::new(terminator);
        let count = LLVMGetNumSuccessors(terminator.raw());
        (0..count)
            .map(|which| (LLVMGetSuccessor(terminator.raw(), which), when(terminator, which)))
            .collect::<Vec<_>>()
    };
    for (to, when) in successors {
        let Some(to) = index.get(&to).copied() else { continue };
        match edges.iter_mut().find(|edge| edge.to == to && !when.is_empty()) {
            Some(edge) => edge.when += &format!(", {when}"),
            None => edges.push(Edge { to, when }),
        }
    }
    edges
}

/// When the successor `which` of a terminator is taken.
fn when(terminator: Value<'_>, which: u32) -> String {
    match (terminator.opcode(), which) {
        // SAFETY: it is a branch.
        (LLVMOpcode::LLVMBr, _) if unsafe { LLVMIsConditional(terminator.raw()) } == 0 => String::new(),
        (LLVMOpcode::LLVMBr, 0) => "T".to_owned(),
        (LLVMOpcode::LLVMBr, _) => "F".to_owned(),
        (LLVMOpcode::LLVMSwitch, 0) => "default".to_owned(),
        (LLVMOpcode::LLVMSwitch, _) => {
            // SAFETY: it is a switch, and the index is that of a case; LLVM hands the text over.
            let text =
                unsafe { taken(LLVMPrintValueToString(LLVMGetSwitchCaseValue(terminator.raw(), which))) };
            // `i32 7`
            text.rsplit(' ').next().unwrap_or_default().to_owned()
        }
        (LLVMOpcode::LLVMInvoke, 1) => "unwind".to_owned(),
        _ => String::new(),
    }
}
