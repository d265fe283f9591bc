//! The loops of element-wise ufuncs.
//!
//! A loop comes in versions, of which each call takes the first that fits: all operands contiguous; all but one, which is a single number;
//! a reduction; any steps.

use std::fmt::Write;

use pixie_format::signature;

use super::Callee;
use super::text::{Text, flag_declarations, load_operands, memory_type, quoted, restore_flags, save_flags};

/// Up to so many inputs each has a version in which it is a single number.
const FEW: usize = 4;

/// The loop `name` that calls `callee`.
pub fn text(name: &str, callee: &Callee<'_>) -> String {
    Loop::new(callee).text(name)
}

/// What a loop goes over.
struct Operand {
    /// The index of its parameter; `None` for the result.
    param: Option<usize>,
    ty: &'static str,
    size: u32,
    is_output: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Contiguous,
    /// The input with this index is a single number, all else contiguous.
    Number(usize),
    /// The first input and the output are the same number.
    Reduction,
    AnySteps,
}

struct Loop<'c> {
    callee: &'c Callee<'c>,
    operands: Vec<Operand>,
    inputs: usize,
    text: Text,
    metadata: String,
}

impl<'c> Loop<'c> {
    fn new(callee: &'c Callee<'c>) -> Loop<'c> {
        let operands = callee.signature.operands();
        let inputs = operands.inputs;
        let operand = |(index, operand): (usize, signature::Operand)| Operand {
            param: operand.param,
            ty: memory_type(operand.element, callee.platform),
            size: operand.element.size(callee.platform),
            is_output: index >= inputs,
        };
        let operands = operands.all.into_iter().enumerate().map(operand).collect();
        Loop { callee, operands, inputs, text: Text::default(), metadata: String::new() }
    }

    fn versions(&self) -> Vec<Version> {
        let mut versions = Vec::new();
        // A call that is not inlined is not vectorised either.
        if self.callee.small {
            versions.push(Version::Contiguous);
            if (2..=FEW).contains(&self.inputs) {
                versions.extend((0..self.inputs).map(Version::Number));
            }
        }
        if let [first, _, output] = self.operands.as_slice()
            && self.inputs == 2
            && output.param.is_none()
            && first.ty == output.ty
        {
            versions.push(Version::Reduction);
        }
        versions.push(Version::AnySteps);
        versions
    }

    fn text(mut self, name: &str) -> String {
        let (callee, platform) = (self.callee, self.callee.platform);
        self.text.label("entry");
        for operand in &self.operands {
            // An output that is a parameter goes through memory of the loop's own, which the optimiser turns into a value.
            if let (Some(param), true) = (operand.param, operand.is_output) {
                self.text.line(&format!("%out{param} = alloca {}, align {}", operand.ty, operand.size));
            }
        }
        let saved = save_flags(&mut self.text, platform);
        self.text.line("%n = load i64, ptr %dimensions, align 8");
        load_operands(&mut self.text, self.operands.len());
        for (index, operand) in self.operands.iter().enumerate() {
            self.text.line(&format!("%a{index} = ptrtoint ptr %p{index} to i64"));
            let bytes = self.text.value(&format!("mul i64 %n, {}", operand.size));
            self.text.line(&format!("%e{index} = add i64 %a{index}, {bytes}"));
        }
        let some = self.text.value("icmp sgt i64 %n, 0");
        self.text.line(&format!("br i1 {some}, label %test0, label %done"));
        let versions = self.versions();
        for (number, version) in versions.into_iter().enumerate() {
            self.version(number, version);
        }
        self.text.label("done");
        restore_flags(&mut self.text, platform, &saved);
        self.text.line("ret void");
        format!(
            "{}{}define void @{}(ptr %args, ptr %dimensions, ptr %steps, ptr %data) {{\n{}}}\n{}",
            flag_declarations(platform),
            callee.declaration(),
            quoted(name),
            self.text.out,
            self.metadata
        )
    }

    fn version(&mut self, number: usize, version: Version) {
        self.text.label(&format!("test{number}"));
        let conditions = self.conditions(version);
        let fits = self.text.all(&conditions);
        match version {
            Version::AnySteps => self.text.line(&format!("br label %before{number}")),
            _ => {
                let next = number + 1;
                self.text.line(&format!("br i1 {fits}, label %before{number}, label %test{next}"));
            }
        }
        self.text.label(&format!("before{number}"));
        let single = match version {
            Version::Number(index) => Some(index),
            Version::Reduction => Some(0),
            _ => None,
        };
        let single = single.map(|index| {
            let ty = self.operands[index].ty;
            (index, self.text.value(&format!("load {ty}, ptr %p{index}, align 1")))
        });
        self.text.line(&format!("br label %loop{number}"));
        self.text.label(&format!("loop{number}"));
        let index = format!("%i{number}");
        self.text.line(&format!("{index} = phi i64 [ 0, %before{number} ], [ {index}.next, %loop{number} ]"));
        let mut fixed = single.clone();
        if let (Version::Reduction, Some((_, first))) = (version, &single) {
            let ty = self.operands[0].ty;
            // The new value is known only further down.
            self.text
                .line(&format!("%sum = phi {ty} [ {first}, %before{number} ], [ %sum.next, %loop{number} ]"));
            fixed = Some((0, "%sum".to_owned()));
        }
        let parallel = matches!(version, Version::Contiguous | Version::Number(_));
        let group = if parallel { format!(", !llvm.access.group !{}", 3 * number) } else { String::new() };
        self.element(version, &index, fixed, &group);
        self.text.line(&format!("{index}.next = add nuw nsw i64 {index}, 1"));
        let more = self.text.value(&format!("icmp slt i64 {index}.next, %n"));
        let after = if version == Version::Reduction { format!("after{number}") } else { "done".to_owned() };
        let mut branch = format!("br i1 {more}, label %loop{number}, label %{after}");
        if parallel {
            let (group, id, says) = (3 * number, 3 * number + 1, 3 * number + 2);
            _ = write!(branch, ", !llvm.loop !{id}");
            _ = writeln!(self.metadata, "!{group} = distinct !{{}}\n!{id} = distinct !{{!{id}, !{says}}}");
            _ = writeln!(self.metadata, "!{says} = !{{!\"llvm.loop.parallel_accesses\", !{group}}}");
        }
        self.text.line(&branch);
        if version == Version::Reduction {
            self.text.label(&after);
            let ty = self.operands[0].ty;
            self.text.line(&format!("store {ty} %sum.next, ptr %p2, align 1"));
            self.text.line("br label %done");
        }
    }

    /// When a version may run.
    fn conditions(&mut self, version: Version) -> Vec<String> {
        let mut conditions = Vec::new();
        let single = match version {
            Version::AnySteps => return conditions,
            Version::Reduction => {
                for condition in ["i64 %s0, 0", "i64 %s2, 0", "i64 %a0, %a2"] {
                    conditions.push(self.text.value(&format!("icmp eq {condition}")));
                }
                return conditions;
            }
            Version::Contiguous => None,
            Version::Number(index) => Some(index),
        };
        for (index, operand) in self.operands.iter().enumerate() {
            let step = if Some(index) == single { 0 } else { operand.size };
            conditions.push(self.text.value(&format!("icmp eq i64 %s{index}, {step}")));
        }
        // Elements may be computed in any order only if each output is an input, or apart from it: `accumulate` reads what the
        // element before has written.
        for (output, _) in self.operands.iter().enumerate().skip(self.inputs) {
            for other in 0..output {
                let text = &mut self.text;
                let (mut end, mut same) =
                    (format!("%e{other}"), self.operands[other].size == self.operands[output].size);
                if Some(other) == single {
                    end = text.value(&format!("add i64 %a{other}, {}", self.operands[other].size));
                    same = false;
                }
                same &= other < self.inputs;
                let below = text.value(&format!("icmp ule i64 {end}, %a{output}"));
                let above = text.value(&format!("icmp ule i64 %e{output}, %a{other}"));
                let mut apart = text.value(&format!("or i1 {below}, {above}"));
                if same {
                    let equal = text.value(&format!("icmp eq i64 %a{other}, %a{output}"));
                    apart = text.value(&format!("or i1 {apart}, {equal}"));
                }
                conditions.push(apart);
            }
        }
        conditions
    }

    /// One element: inputs are loaded, the export called, outputs stored.
    fn element(&mut self, version: Version, index: &str, fixed: Option<(usize, String)>, group: &str) {
        let mut places = Vec::with_capacity(self.operands.len());
        for (number, operand) in self.operands.iter().enumerate() {
            places.push(match version {
                Version::Contiguous | Version::Number(_) => self
                    .text
                    .value(&format!("getelementptr inbounds {}, ptr %p{number}, i64 {index}", operand.ty)),
                Version::Reduction | Version::AnySteps => {
                    let bytes = self.text.value(&format!("mul i64 {index}, %s{number}"));
                    self.text.value(&format!("getelementptr i8, ptr %p{number}, i64 {bytes}"))
                }
            });
        }
        let mut values = vec![String::new(); self.callee.signature.params.len()];
        for (number, operand) in self.operands.iter().enumerate() {
            let Some(param) = operand.param else { continue };
            values[param] = match &fixed {
                _ if operand.is_output => format!("%out{param}"),
                Some((single, value)) if *single == number => value.clone(),
                _ => self.text.value(&format!("load {}, ptr {}, align 1{group}", operand.ty, places[number])),
            };
        }
        let result = self.callee.call(&mut self.text, &values);
        for (number, operand) in self.operands.iter().enumerate().filter(|(_, operand)| operand.is_output) {
            let value = match (operand.param, &result) {
                (Some(param), _) => {
                    self.text.value(&format!("load {}, ptr %out{param}, align {}", operand.ty, operand.size))
                }
                (None, Some(result)) => result.clone(),
                (None, None) => continue,
            };
            match version {
                Version::Reduction => self.text.line(&format!("%sum.next = freeze {} {value}", operand.ty)),
                _ => self
                    .text
                    .line(&format!("store {} {value}, ptr {}, align 1{group}", operand.ty, places[number])),
            }
        }
    }
}
