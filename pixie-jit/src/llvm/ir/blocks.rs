//! Basic blocks and where they lead.

use std::collections::{HashMap, HashSet};

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

impl<'m> Value<'m> {
    /// The instructions of each loop of a function that has no loop in it and lies in another one.
    pub fn inner_loops(self) -> Vec<Vec<Value<'m>>> {
        let successors: Vec<Vec<usize>> =
            self.successors().iter().map(|edges| edges.iter().map(|edge| edge.to).collect()).collect();
        let loops = natural_loops(&successors);
        if loops.len() < 2 {
            return Vec::new();
        }
        let holds = |header: usize, body: &HashSet<usize>| {
            loops.keys().any(|other| *other != header && body.contains(other))
        };
        let lies_in =
            |header: usize| loops.iter().any(|(other, body)| *other != header && body.contains(&header));
        let inner = loops.iter().filter(|(header, body)| !holds(**header, body) && lies_in(**header));
        let blocks = self.blocks();
        let of = |body: &HashSet<usize>| {
            body.iter().filter_map(|block| blocks.get(*block)).flatten().copied().collect()
        };
        inner.map(|(_, body)| of(body)).collect()
    }

    /// The instructions of each block of a function.
    fn blocks(self) -> Vec<Vec<Value<'m>>> {
        let mut blocks = Vec::new();
        let mut block = Vec::new();
        for instruction in self.instructions() {
            block.push(instruction);
            if instruction.is_terminator() {
                blocks.push(std::mem::take(&mut block));
            }
        }
        blocks
    }
}

/// The loops of a flow graph that begins at its first block, by their headers: the blocks from which a way leads back to the header that
/// does not lead through it before. Graphs with loops of two entries, which no structured program has, have loops that this does not see.
fn natural_loops(successors: &[Vec<usize>]) -> HashMap<usize, HashSet<usize>> {
    let mut predecessors = vec![Vec::new(); successors.len()];
    for (from, to) in
        successors.iter().enumerate().flat_map(|(from, all)| all.iter().map(move |to| (from, *to)))
    {
        predecessors[to].push(from);
    }
    let mut loops: HashMap<usize, HashSet<usize>> = HashMap::new();
    let (mut seen, mut open) = (HashSet::from([0]), HashSet::from([0]));
    // The way from the first block, each with how many of its successors were looked at.
    let mut way = vec![(0, 0)];
    while let Some((block, next)) = way.last_mut() {
        let (block, to) = (*block, successors.get(*block).and_then(|all| all.get(*next)).copied());
        *next += 1;
        match to {
            None => {
                open.remove(&block);
                way.pop();
            }
            Some(header) if open.contains(&header) => {
                let body = loops.entry(header).or_insert_with(|| HashSet::from([header]));
                let mut left = vec![block];
                while let Some(block) = left.pop() {
                    if body.insert(block) {
                        left.extend(&predecessors[block]);
                    }
                }
            }
            Some(to) if seen.insert(to) => {
                open.insert(to);
                way.push((to, 0));
            }
            Some(_) => {}
        }
    }
    loops
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_found_with_all_their_blocks() {
        // 0 → 1 ⇄ 2 → 3, 2 → 2, 3 → 1 or 4, 4 → 5, 5 → 4 or 6.
        let graph: [&[usize]; 7] = [&[1], &[2], &[2, 3], &[1, 4], &[5], &[4, 6], &[]];
        let loops = natural_loops(&graph.map(<[usize]>::to_vec));
        let expected = [(1, vec![1, 2, 3]), (2, vec![2]), (4, vec![4, 5])];
        assert_eq!(loops, expected.map(|(header, body)| (header, HashSet::from_iter(body))).into());
        assert!(natural_loops(&[vec![1], vec![]]).is_empty() && natural_loops(&[]).is_empty());
    }
}
