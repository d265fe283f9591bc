//! A signature compiled once into what a call needs: how each argument is converted, which shapes must agree, what may not overlap.

use std::collections::BTreeMap;

use pixie_format::Platform;
use pixie_format::manifest::{ExportView, Gil};
use pixie_format::signature::{
    Array, Default, Dim, Layout, Mode, Param, Return, Scalar, ScalarKind, Signature, Type,
};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::call::numpy;

/// The most parameters that a signature can have (spec §7.6), so that a call's slots fit on the stack.
pub const MAX_PARAMS: usize = 64;

/// Everything about an export that a call needs.
pub struct Plan {
    /// The arguments that Python passes: positional ones first, then `out` arrays, which go by keyword alone.
    pub inputs: Box<[Input]>,
    /// How many inputs can be given by position.
    pub positional: usize,
    /// How many inputs have no default; they come first.
    pub required: usize,
    /// What must hold between shapes and arguments once all are known.
    pub checks: Box<[Check]>,
    /// Pairs of inputs, arrays both, that must not share memory: one is written, one is `restrict` in C.
    pub apart: Box<[(u8, u8)]>,
    /// Whether some input is an `out` array, which the careful road allocates.
    pub has_outputs: bool,
    /// What the function returns.
    pub ret: Return,
    /// The bits of an integer result that count, and whether they are signed.
    pub ret_integer: Integer,
    /// The author's words for results of a `status` function.
    pub status: BTreeMap<i32, String>,
    /// The author's word on the interpreter's lock.
    pub gil: Option<Gil>,
    /// One bit for each slot whose value is signed.
    pub signed_slots: u64,
    /// The signature, for messages.
    pub signature: Signature,
}

/// An argument that Python passes.
pub struct Input {
    /// The slot in the thunk's argument array, and the index of the parameter.
    pub slot: u8,
    /// How the object becomes the slot.
    pub kind: Kind,
    /// The slot's bits where the argument is left out.
    pub default: Option<u64>,
    /// The name, interned, so that keywords are found by identity.
    pub name: Py<PyString>,
}

/// How an object becomes a slot.
pub enum Kind {
    /// `f64`
    F64,
    /// `f32`
    F32,
    /// Any integer type.
    Integer(Integer),
    /// `bool`
    Bool,
    /// `ptr`
    Pointer,
    /// An array; boxed, so that the inputs of a call lie close together.
    Array(Box<ArrayPlan>),
}

impl Kind {
    /// How a number of this type is passed.
    pub fn of_number(scalar: Scalar, platform: Platform) -> Kind {
        match scalar.kind() {
            ScalarKind::Bool => Kind::Bool,
            ScalarKind::Signed | ScalarKind::Unsigned => Kind::Integer(Integer::of(scalar, platform)),
            ScalarKind::Float if scalar == Scalar::F32 => Kind::F32,
            // Complex never stands by value (spec §7.2).
            ScalarKind::Float | ScalarKind::Complex => Kind::F64,
        }
    }
}

/// The range of a C integer type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Integer {
    /// The width, 8 to 64.
    pub bits: u32,
    /// Two's complement or not.
    pub signed: bool,
}

impl Integer {
    /// The range of `scalar` on `platform`.
    pub fn of(scalar: Scalar, platform: Platform) -> Integer {
        Integer { bits: scalar.size(platform) * 8, signed: scalar.kind() == ScalarKind::Signed }
    }

    /// The lowest and the highest value.
    pub fn range(self) -> (i128, i128) {
        match self.signed {
            true => (-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1),
            false => (0, (1 << self.bits) - 1),
        }
    }

    /// Whether `value` can be represented.
    #[inline(always)]
    pub fn holds_i64(self, value: i64) -> bool {
        let unused = 64 - self.bits;
        match self.signed {
            true => (value << unused) >> unused == value,
            false => value >= 0 && (value as u64) << unused >> unused == value as u64,
        }
    }
}

/// What an array argument must be and what is taken from it.
pub struct ArrayPlan {
    /// The type of an element.
    pub element: Scalar,
    /// Bytes of an element.
    pub size: usize,
    /// Bytes that the first element's address must be a multiple of.
    pub align: usize,
    /// How many axes.
    pub rank: usize,
    /// Whether the function writes it.
    pub writable: bool,
    /// Whether it is allocated where the caller gives none.
    pub output: bool,
    /// Whether None may stand for it.
    pub optional: bool,
    /// The order in memory.
    pub layout: Layout,
    /// NumPy's type numbers that fit, as bits.
    pub numpy_dtypes: u32,
    /// NumPy's flags that must be set.
    pub numpy_flags: i32,
    /// The slots that this array's shape fills.
    pub binds: Box<[Bind]>,
    /// The slot that this array's stride fills.
    pub stride: Option<Bind>,
}

/// A slot that is filled from an array.
pub struct Bind {
    /// The axis whose extent is taken; unused for a stride.
    pub axis: u8,
    /// The slot to fill.
    pub slot: u8,
    /// The C type that must hold the value.
    pub integer: Integer,
}

/// A condition on an array once every slot is filled.
pub enum Check {
    /// The extent of `axis` is that of slot `slot`.
    Slot {
        /// The input.
        input: u8,
        /// The axis.
        axis: u8,
        /// The slot.
        slot: u8,
    },
    /// The extent of `axis` is what the expression gives.
    Expr {
        /// The input.
        input: u8,
        /// The axis.
        axis: u8,
    },
    /// The stride is that of slot `slot`.
    Stride {
        /// The input.
        input: u8,
        /// The slot.
        slot: u8,
    },
}

impl Input {
    /// Whether this is an `out` scalar, which no caller passes and Python gets as a number.
    pub fn is_scalar_out(&self) -> bool {
        matches!(&self.kind, Kind::Array(array) if array.output && array.rank == 0)
    }

    /// Whether `object` asks for an `out` array to be made, as its absence does.
    pub fn is_left_out(&self, object: &Bound<'_, PyAny>) -> bool {
        object.is_none() && matches!(&self.kind, Kind::Array(array) if array.output)
    }
}

impl Plan {
    /// Compiles the signature of an export, with what the manifest says of it.
    pub fn compile(
        py: Python<'_>,
        platform: Platform,
        signature: Signature,
        export: &ExportView<'_>,
    ) -> Plan {
        let mut order: Vec<(usize, &Param)> = signature.positional().collect();
        let positional = order.len();
        order.extend(signature.outputs());
        let mut compiler = Compiler { signature: &signature, platform, bound: 0, checks: Vec::new() };
        let mut inputs = Vec::with_capacity(order.len());
        for (at, (index, param)) in order.iter().enumerate() {
            let kind = compiler.kind(at, param);
            let default = param.default.map(|default| default_slot(default, &kind));
            let name = PyString::intern(py, &param.name).unbind();
            inputs.push(Input { slot: *index as u8, kind, default, name });
        }
        let required = inputs[..positional].iter().take_while(|input| input.default.is_none()).count();
        let checks = compiler.checks.into_boxed_slice();
        let signed =
            |param: &Param| matches!(param.ty, Type::Scalar(scalar) if scalar.kind() == ScalarKind::Signed);
        let signed_slots = (0..)
            .zip(&signature.params)
            .fold(0, |bits, (slot, param)| bits | u64::from(signed(param)) << slot);
        Plan {
            apart: apart(&inputs, &export.restrict().collect::<Vec<_>>()),
            inputs: inputs.into_boxed_slice(),
            positional,
            required,
            checks,
            has_outputs: order.len() > positional,
            ret: signature.ret,
            ret_integer: match signature.ret {
                Return::Scalar(scalar) => Integer::of(scalar, platform),
                _ => Integer { bits: 32, signed: true },
            },
            status: export.status().map(|status| (status.code, status.text)).collect(),
            gil: export.gil,
            signed_slots,
            signature,
        }
    }

    /// The parameter behind an input.
    pub fn param(&self, input: &Input) -> &Param {
        &self.signature.params[input.slot as usize]
    }

    /// The array type behind an input that is one.
    pub fn array(&self, input: &Input) -> Option<&Array> {
        match &self.param(input).ty {
            Type::Array(array) => Some(array),
            _ => None,
        }
    }
}

struct Compiler<'s> {
    signature: &'s Signature,
    platform: Platform,
    /// One bit for each slot that an array seen so far fills.
    bound: u64,
    checks: Vec<Check>,
}

impl Compiler<'_> {
    fn kind(&mut self, at: usize, param: &Param) -> Kind {
        match &param.ty {
            Type::Ptr => Kind::Pointer,
            Type::Array(array) => Kind::Array(Box::new(self.array(at, param, array))),
            Type::Scalar(scalar) => Kind::of_number(*scalar, self.platform),
        }
    }

    fn array(&mut self, at: usize, param: &Param, array: &Array) -> ArrayPlan {
        let input = at as u8;
        // An optional array may be absent and an `out` array is made to measure: neither determines anything.
        let determines = !array.optional && param.mode != Mode::Out;
        let mut binds = Vec::new();
        for (axis, dim) in (0..).zip(&array.dims) {
            match dim {
                Dim::Param(slot) if determines && self.bind(*slot) => {
                    binds.push(Bind { axis, slot: *slot as u8, integer: self.integer(*slot) });
                }
                Dim::Param(slot) => self.checks.push(Check::Slot { input, axis, slot: *slot as u8 }),
                _ => self.checks.push(Check::Expr { input, axis }),
            }
        }
        let mut stride = None;
        if let Layout::Strided(slot) = array.layout {
            if determines && self.bind(slot) {
                stride = Some(Bind { axis: 0, slot: slot as u8, integer: self.integer(slot) });
            } else {
                self.checks.push(Check::Stride { input, slot: slot as u8 });
            }
        }
        let size = array.element.size(self.platform) as usize;
        ArrayPlan {
            element: array.element,
            size,
            numpy_dtypes: numpy::dtypes(array.element, size),
            numpy_flags: numpy::required_flags(array.layout, param.mode != Mode::In),
            align: array.element.align(self.platform) as usize,
            rank: array.dims.len(),
            writable: param.mode != Mode::In,
            output: param.mode == Mode::Out,
            optional: array.optional,
            layout: array.layout,
            binds: binds.into_boxed_slice(),
            stride,
        }
    }

    /// Notes that an array fills `slot`; false where an earlier one does.
    fn bind(&mut self, slot: usize) -> bool {
        let fresh = self.bound & (1 << slot) == 0;
        self.bound |= 1 << slot;
        fresh
    }

    fn integer(&self, slot: usize) -> Integer {
        match self.signature.params[slot].ty {
            Type::Scalar(scalar) => Integer::of(scalar, self.platform),
            // A dimension is always an integer parameter (spec §7.6).
            _ => Integer { bits: 64, signed: true },
        }
    }
}

fn apart(inputs: &[Input], restrict: &[u32]) -> Box<[(u8, u8)]> {
    let writable = |input: &Input| match &input.kind {
        Kind::Array(array) => Some(array.writable),
        _ => None,
    };
    let restrict = |input: &Input| restrict.contains(&u32::from(input.slot));
    let mut pairs = Vec::new();
    for (j, second) in inputs.iter().enumerate() {
        for (i, first) in inputs[..j].iter().enumerate() {
            if let (Some(a), Some(b)) = (writable(first), writable(second))
                && (a || b)
                && (restrict(first) || restrict(second))
            {
                pairs.push((i as u8, j as u8));
            }
        }
    }
    pairs.into_boxed_slice()
}

/// The slot of a default. The signature's rules made sure that it fits.
fn default_slot(default: Default, kind: &Kind) -> u64 {
    match (default, kind) {
        (Default::Bool(value), _) => u64::from(value),
        (Default::Int(value), Kind::F64) => (value as f64).to_bits(),
        (Default::Int(value), Kind::F32) => u64::from((value as f32).to_bits()),
        (Default::Int(value), _) => value as u64,
        (Default::Float(bits), Kind::F32) => u64::from((f64::from_bits(bits) as f32).to_bits()),
        (Default::Float(bits), _) => bits,
        (Default::None, _) => 0,
    }
}
