//! Signatures as NumPy's ufuncs have them: operands, core dimensions (spec §4.3).

use super::{Array, Dim, Layout, Mode, Param, Return, Scalar, Signature, Type};

/// What a ufunc goes over: an argument, the result, or an `out` parameter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operand {
    /// The index of the parameter; `None` for the result.
    pub param: Option<usize>,
    /// The type of an element.
    pub element: Scalar,
    /// The core dimension of each axis, an index into [`Operands::dims`]; empty for a number.
    pub axes: Vec<usize>,
}

/// The operands of a ufunc, in the order of spec §4.3.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Operands {
    /// Inputs, then outputs.
    pub all: Vec<Operand>,
    /// How many of them are inputs.
    pub inputs: usize,
    /// The core dimensions, hidden parameters and constants, in the order in which operands have them.
    pub dims: Vec<Dim>,
}

/// How many inputs a ufunc has, and the axes of each operand, by which the types of one ufunc must agree.
pub type Shape = (usize, Vec<Vec<usize>>, Vec<Option<u64>>);

impl Operands {
    fn push(&mut self, param: Option<usize>, element: Scalar, axes: &[Dim]) {
        let mut number = |dim: &Dim| {
            self.dims.iter().position(|known| known == dim).unwrap_or_else(|| {
                self.dims.push(dim.clone());
                self.dims.len() - 1
            })
        };
        let axes = axes.iter().map(&mut number).collect();
        self.all.push(Operand { param, element, axes });
    }
}

impl Signature {
    /// The operands, if this is the signature of a ufunc.
    pub fn operands(&self) -> Operands {
        let mut operands = Operands::default();
        for (index, param) in self.params.iter().enumerate() {
            match &param.ty {
                Type::Scalar(scalar) if !self.is_hidden(index) => operands.push(Some(index), *scalar, &[]),
                Type::Array(array) if param.mode != Mode::Out => {
                    operands.push(Some(index), array.element, &array.dims);
                }
                _ => {}
            }
        }
        operands.inputs = operands.all.len();
        if let Return::Scalar(scalar) = self.ret {
            operands.push(None, scalar, &[]);
        }
        for (index, param) in self.outputs() {
            if let Type::Array(array) = &param.ty {
                operands.push(Some(index), array.element, &array.dims);
            }
        }
        operands
    }

    /// What the types of one ufunc have in common.
    pub fn ufunc_shape(&self) -> Shape {
        let operands = self.operands();
        let constant = |dim: &Dim| if let Dim::Const(value) = dim { Some(*value) } else { None };
        let dims = operands.dims.iter().map(constant).collect();
        (operands.inputs, operands.all.into_iter().map(|operand| operand.axes).collect(), dims)
    }

    /// Whether a ufunc of this signature can reduce: two numbers in, one out.
    pub fn can_reduce(&self) -> bool {
        let operands = self.operands();
        operands.inputs == 2 && operands.all.len() == 3 && operands.dims.is_empty()
    }

    /// Rule M21: whether the signature is that of an element-wise ufunc, or with `core` that of a generalised one.
    pub fn check_ufunc(&self, core: bool) -> Result<(), String> {
        match core {
            true => self.core_operands(),
            false => self.element_operands(),
        }
    }

    /// An element-wise ufunc: scalars in, scalars out.
    fn element_operands(&self) -> Result<(), String> {
        let is_out = |param: &Param| matches!(&param.ty, Type::Array(array) if array.is_scalar_out());
        let fits = self.params.iter().all(|param| matches!(param.ty, Type::Scalar(_)) || is_out(param));
        let inputs = self.params.iter().any(|param| param.mode == Mode::In);
        let result = matches!(self.ret, Return::Scalar(_));
        let outputs = result || self.params.iter().any(is_out);
        if fits && inputs && outputs && (result || self.ret == Return::Void) {
            return Ok(());
        }
        Err("expected scalar parameters and a scalar result or `out` scalars".to_owned())
    }

    /// A generalised ufunc: arrays whose axes are parameters or constants, in C order.
    fn core_operands(&self) -> Result<(), String> {
        let plain = |array: &Array| {
            let axis = |dim: &Dim| match dim {
                Dim::Const(_) => true,
                Dim::Param(index) => self.is_hidden(*index),
                _ => false,
            };
            !array.optional && array.layout == Layout::C && array.dims.iter().all(axis)
        };
        let fits = self.params.iter().all(|param| match &param.ty {
            Type::Scalar(_) => true,
            Type::Ptr => false,
            Type::Array(array) => param.mode != Mode::InOut && plain(array),
        });
        let result = matches!(self.ret, Return::Scalar(_));
        let inputs = self
            .params
            .iter()
            .enumerate()
            .any(|(index, param)| param.mode == Mode::In && !self.is_hidden(index));
        let outputs = result || self.params.iter().any(|param| param.mode == Mode::Out);
        if fits && inputs && outputs && (result || self.ret == Return::Void) {
            return Ok(());
        }
        let what = "expected inputs and outputs in C order, their axes constants or parameters that an input determines";
        Err(what.to_owned())
    }
}
