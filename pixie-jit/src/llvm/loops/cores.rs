//! The loops of generalised ufuncs.
//!
//! The export takes arrays in C order. A core that lies otherwise in memory is copied to scratch, and an output's copied back.

use std::fmt::Write;

use pixie_format::signature::{self, Dim, Scalar, Type};

use super::Callee;
use super::text::{Text, flag_declarations, load_operands, memory_type, quoted, restore_flags, save_flags};

/// What a loop goes over.
struct Operand {
    /// The index of its parameter; `None` for the result.
    param: Option<usize>,
    element: Scalar,
    ty: &'static str,
    size: u32,
    /// Which core dimension each axis has; empty for a number.
    axes: Vec<usize>,
    is_output: bool,
}

/// The loop `name` that calls `callee`.
pub fn text(name: &str, callee: &Callee<'_>) -> String {
    let (operands, dims) = operands(callee);
    let writer = Core { callee, operands, dims, text: Text::default() };
    writer.text(name)
}

fn operands(callee: &Callee<'_>) -> (Vec<Operand>, Vec<Dim>) {
    let operands = callee.signature.operands();
    let operand = |(index, operand): (usize, signature::Operand)| {
        let element = operand.element;
        let (ty, size) = (memory_type(element, callee.platform), element.size(callee.platform));
        let is_output = index >= operands.inputs;
        Operand { param: operand.param, element, ty, size, axes: operand.axes, is_output }
    };
    (operands.all.into_iter().enumerate().map(operand).collect(), operands.dims)
}

struct Core<'c> {
    callee: &'c Callee<'c>,
    operands: Vec<Operand>,
    /// The core dimensions: hidden parameters and constants, in the order in which operands have them.
    dims: Vec<Dim>,
    text: Text,
}

impl Core<'_> {
    fn text(mut self, name: &str) -> String {
        let platform = self.callee.platform;
        self.text.label("entry");
        let saved = save_flags(&mut self.text, platform);
        self.text.line("%n = load i64, ptr %dimensions, align 8");
        for dim in 0..self.dims.len() {
            let at =
                self.text.value(&format!("getelementptr inbounds i64, ptr %dimensions, i64 {}", dim + 1));
            self.text.line(&format!("%d{dim} = load i64, ptr {at}, align 8"));
        }
        load_operands(&mut self.text, self.operands.len());
        self.core_steps();
        for index in 0..self.operands.len() {
            self.layout(index);
        }
        self.scratch();
        self.text.line("br label %head");
        self.text.label("head");
        self.text.line("%i = phi i64 [ 0, %ready ], [ %i.next, %next ]");
        let more = self.text.value("icmp slt i64 %i, %n");
        self.text.line(&format!("br i1 {more}, label %each, label %done"));
        self.text.label("each");
        self.each();
        self.text.line("br label %next");
        self.text.label("next");
        self.text.line("%i.next = add nuw nsw i64 %i, 1");
        self.text.line("br label %head");
        self.text.label("done");
        for index in self.arrays() {
            self.text.line(&format!("call void @free(ptr %scratch{index})"));
        }
        restore_flags(&mut self.text, platform, &saved);
        self.text.line("ret void");
        self.text.label("full");
        self.text.line("call void @abort()");
        self.text.line("unreachable");
        let mut all = flag_declarations(platform).to_owned() + &self.callee.declaration();
        all += "declare ptr @malloc(i64)\ndeclare void @free(ptr)\ndeclare void @abort()\n";
        for index in self.arrays() {
            all += &copier(index, &self.operands[index]);
        }
        _ = write!(
            all,
            "define void @{}(ptr %args, ptr %dimensions, ptr %steps, ptr %data) {{\n{}}}\n",
            quoted(name),
            self.text.out
        );
        all
    }

    fn arrays(&self) -> Vec<usize> {
        (0..self.operands.len()).filter(|index| !self.operands[*index].axes.is_empty()).collect()
    }

    /// The steps within cores: `%s0.1` is that of operand 0 along axis 1. They stand behind the steps of the operands.
    fn core_steps(&mut self) {
        let mut at = self.operands.len();
        for index in 0..self.operands.len() {
            for axis in 0..self.operands[index].axes.len() {
                let place = self.text.value(&format!("getelementptr inbounds i64, ptr %steps, i64 {at}"));
                self.text.line(&format!("%s{index}.{axis} = load i64, ptr {place}, align 8"));
                at += 1;
            }
        }
    }

    /// `%direct0` says whether the cores of operand 0 can be given to the export as they are; `%c0.1` are the steps in C order, and
    /// `%size0` the bytes of a core.
    fn layout(&mut self, index: usize) {
        let operand = &self.operands[index];
        if operand.axes.is_empty() {
            return;
        }
        let mut bytes = operand.size.to_string();
        let mut conditions = Vec::new();
        for (axis, dim) in operand.axes.iter().enumerate().rev() {
            self.text.line(&format!("%c{index}.{axis} = add i64 {bytes}, 0"));
            let same = self.text.value(&format!("icmp eq i64 %s{index}.{axis}, {bytes}"));
            // The step along an axis of one element, or none, means nothing.
            let short = self.text.value(&format!("icmp sle i64 %d{dim}, 1"));
            conditions.push(self.text.value(&format!("or i1 {same}, {short}")));
            bytes = self.text.value(&format!("mul i64 {bytes}, %d{dim}"));
        }
        self.text.line(&format!("%size{index} = add i64 {bytes}, 0"));
        let address = self.text.value(&format!("ptrtoint ptr %p{index} to i64"));
        let both = self.text.value(&format!("or i64 {address}, %s{index}"));
        let align = operand.element.align(self.callee.platform);
        let rest = self.text.value(&format!("and i64 {both}, {}", align - 1));
        conditions.push(self.text.value(&format!("icmp eq i64 {rest}, 0")));
        if operand.is_output {
            // The export may write a result before it has read all.
            for other in self.arrays().into_iter().filter(|other| *other != index) {
                conditions.push(self.text.value(&format!("icmp ne ptr %p{index}, %p{other}")));
            }
        }
        let direct = self.text.all(&conditions);
        self.text.line(&format!("%direct{index} = xor i1 {direct}, false"));
    }

    /// `%scratch0` is memory for a core of operand 0, null where none is needed.
    fn scratch(&mut self) {
        self.text.line("br label %make0");
        let arrays = self.arrays();
        for (number, index) in arrays.iter().enumerate() {
            let (before, next) = (format!("make{number}"), number + 1);
            self.text.label(&before);
            self.text.line(&format!("br i1 %direct{index}, label %made{number}, label %get{number}"));
            self.text.label(&format!("get{number}"));
            // Of no bytes there need not be any.
            let bytes = self.text.value(&format!("add i64 %size{index}, 1"));
            self.text.line(&format!("%got{index} = call ptr @malloc(i64 {bytes})"));
            let none = self.text.value(&format!("icmp eq ptr %got{index}, null"));
            self.text.line(&format!("br i1 {none}, label %full, label %made{number}"));
            self.text.label(&format!("made{number}"));
            self.text.line(&format!(
                "%scratch{index} = phi ptr [ null, %{before} ], [ %got{index}, %get{number} ]"
            ));
            self.text.line(&format!("br label %make{next}"));
        }
        self.text.label(&format!("make{}", arrays.len()));
        self.text.line("br label %ready");
        self.text.label("ready");
    }

    /// One core of each operand: copied if need be, given to the export, outputs copied back.
    fn each(&mut self) {
        let signature = self.callee.signature;
        let mut values = vec![String::new(); signature.params.len()];
        for (index, param) in signature.params.iter().enumerate() {
            if let (Type::Scalar(scalar), true) = (&param.ty, signature.is_hidden(index))
                && let Some(dim) = self.dims.iter().position(|dim| *dim == Dim::Param(index))
            {
                let ty = memory_type(*scalar, self.callee.platform);
                values[index] = match ty {
                    "i64" => format!("%d{dim}"),
                    _ => self.text.value(&format!("trunc i64 %d{dim} to {ty}")),
                };
            }
        }
        for index in 0..self.operands.len() {
            let bytes = self.text.value(&format!("mul i64 %i, %s{index}"));
            self.text.line(&format!("%at{index} = getelementptr i8, ptr %p{index}, i64 {bytes}"));
        }
        for index in 0..self.operands.len() {
            let operand = &self.operands[index];
            let Some(param) = operand.param else { continue };
            let is_array = !operand.axes.is_empty();
            values[param] = match (is_array, operand.is_output) {
                (false, false) => self.text.value(&format!("load {}, ptr %at{index}, align 1", operand.ty)),
                (false, true) => format!("%at{index}"),
                (true, is_output) => {
                    if !is_output {
                        self.copy(index, &format!("%scratch{index}"), &format!("%at{index}"), true);
                    }
                    let (direct, scratch) = (format!("%direct{index}"), format!("%scratch{index}"));
                    self.text.value(&format!("select i1 {direct}, ptr %at{index}, ptr {scratch}"))
                }
            };
        }
        let result = self.callee.call(&mut self.text, &values);
        for index in 0..self.operands.len() {
            let operand = &self.operands[index];
            match (operand.param, &result) {
                (None, Some(result)) => {
                    self.text.line(&format!("store {} {result}, ptr %at{index}, align 1", operand.ty));
                }
                (Some(_), _) if operand.is_output && !operand.axes.is_empty() => {
                    self.copy(index, &format!("%at{index}"), &format!("%scratch{index}"), false);
                }
                _ => {}
            }
        }
    }

    /// Copies a core of an operand into its scratch or out of it, if it has one.
    fn copy(&mut self, index: usize, to: &str, from: &str, into_scratch: bool) {
        let operand = &self.operands[index];
        let ordered: Vec<String> =
            (0..operand.axes.len()).map(|axis| format!("i64 %c{index}.{axis}")).collect();
        let given: Vec<String> =
            (0..operand.axes.len()).map(|axis| format!("i64 %s{index}.{axis}")).collect();
        let dims = operand.axes.iter().map(|dim| format!("i64 %d{dim}"));
        let (to_steps, from_steps) = if into_scratch { (ordered, given) } else { (given, ordered) };
        let arguments: Vec<String> = dims.chain(to_steps).chain(from_steps).collect();
        let copy = format!("copy{index}.{}", if into_scratch { "in" } else { "out" });
        self.text.line(&format!("br i1 %direct{index}, label %{copy}.done, label %{copy}"));
        self.text.label(&copy);
        let callee = copier_name(index);
        self.text.line(&format!("call void {callee}(ptr {to}, ptr {from}, {})", arguments.join(", ")));
        self.text.line(&format!("br label %{copy}.done"));
        self.text.label(&format!("{copy}.done"));
    }
}

fn copier_name(index: usize) -> String {
    format!("@__pixie_copy_core{index}")
}

/// A function that copies a core of operand `index` between any steps: nested loops, outermost axis first.
fn copier(index: usize, operand: &Operand) -> String {
    let rank = operand.axes.len();
    let named =
        |name: &str| (0..rank).map(|axis| format!("i64 %{name}{axis}")).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "define internal void {}(ptr %to0, ptr %from0, {}, {}, {}) {{\nenter0:\n  br label %head0\n",
        copier_name(index),
        named("d"),
        named("t"),
        named("f")
    );
    for axis in 0..rank {
        let inner = axis + 1;
        let after = if axis == 0 { "done".to_owned() } else { format!("latch{}", axis - 1) };
        _ = write!(
            text,
            "head{axis}:
  %i{axis} = phi i64 [ 0, %enter{axis} ], [ %i{axis}.next, %latch{axis} ]
  %more{axis} = icmp slt i64 %i{axis}, %d{axis}
  br i1 %more{axis}, label %enter{inner}, label %{after}
enter{inner}:
  %u{axis} = mul i64 %i{axis}, %t{axis}
  %to{inner} = getelementptr i8, ptr %to{axis}, i64 %u{axis}
  %w{axis} = mul i64 %i{axis}, %f{axis}
  %from{inner} = getelementptr i8, ptr %from{axis}, i64 %w{axis}
"
        );
        if inner < rank {
            _ = writeln!(text, "  br label %head{inner}");
        }
    }
    let (ty, last) = (operand.ty, rank - 1);
    _ = writeln!(
        text,
        "  %value = load {ty}, ptr %from{rank}, align 1\n  store {ty} %value, ptr %to{rank}, align 1"
    );
    _ = writeln!(text, "  br label %latch{last}");
    for axis in 0..rank {
        _ = writeln!(
            text,
            "latch{axis}:\n  %i{axis}.next = add nuw nsw i64 %i{axis}, 1\n  br label %head{axis}"
        );
    }
    text + "done:\n  ret void\n}\n"
}
