//! Typed signatures of exports: `dot(a: f64[n], b: f64[n], n: usize) -> f64` (spec §7).

mod bind;
mod parse;
mod print;
mod token;
mod ufunc;
mod validate;

pub use bind::Known;
pub(crate) use parse::is_keyword;
pub use ufunc::{Operand, Operands};

use crate::error::Result;
use crate::targets::Platform;

/// A scalar type, as a parameter, a result or an array element (spec §7.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scalar {
    /// C `bool`, 1 byte.
    Bool,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
    /// C `size_t`, 64 bits on every platform of format 1.
    Usize,
    /// C `long`: 32 bits on win-64, 64 elsewhere.
    Long,
    /// C `unsigned long`: 32 bits on win-64, 64 elsewhere.
    Ulong,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
    /// A pair of binary32, real part first; an array element only.
    C64,
    /// A pair of binary64, real part first; an array element only.
    C128,
}

/// What the bits of a scalar mean.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ScalarKind {
    /// `bool`
    Bool,
    /// Two's complement integers.
    Signed,
    /// Unsigned integers.
    Unsigned,
    /// IEEE 754 binary floating point.
    Float,
    /// A real and an imaginary part.
    Complex,
}

impl Scalar {
    /// Every scalar type, in spec order.
    pub const ALL: [Scalar; 16] = [
        Scalar::Bool,
        Scalar::I8,
        Scalar::I16,
        Scalar::I32,
        Scalar::I64,
        Scalar::U8,
        Scalar::U16,
        Scalar::U32,
        Scalar::U64,
        Scalar::Usize,
        Scalar::Long,
        Scalar::Ulong,
        Scalar::F32,
        Scalar::F64,
        Scalar::C64,
        Scalar::C128,
    ];

    /// The name in a signature.
    pub const fn name(self) -> &'static str {
        match self {
            Scalar::Bool => "bool",
            Scalar::I8 => "i8",
            Scalar::I16 => "i16",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::U8 => "u8",
            Scalar::U16 => "u16",
            Scalar::U32 => "u32",
            Scalar::U64 => "u64",
            Scalar::Usize => "usize",
            Scalar::Long => "long",
            Scalar::Ulong => "ulong",
            Scalar::F32 => "f32",
            Scalar::F64 => "f64",
            Scalar::C64 => "c64",
            Scalar::C128 => "c128",
        }
    }

    /// Looks a type up by name.
    pub fn from_name(name: &str) -> Option<Scalar> {
        // A match looks at the length first; this is asked for each parameter of a module that is loaded.
        Some(match name {
            "bool" => Scalar::Bool,
            "i8" => Scalar::I8,
            "i16" => Scalar::I16,
            "i32" => Scalar::I32,
            "i64" => Scalar::I64,
            "u8" => Scalar::U8,
            "u16" => Scalar::U16,
            "u32" => Scalar::U32,
            "u64" => Scalar::U64,
            "usize" => Scalar::Usize,
            "long" => Scalar::Long,
            "ulong" => Scalar::Ulong,
            "f32" => Scalar::F32,
            "f64" => Scalar::F64,
            "c64" => Scalar::C64,
            "c128" => Scalar::C128,
            _ => return None,
        })
    }

    /// What the bits mean.
    pub const fn kind(self) -> ScalarKind {
        match self {
            Scalar::Bool => ScalarKind::Bool,
            Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::Long => ScalarKind::Signed,
            Scalar::U8 | Scalar::U16 | Scalar::U32 | Scalar::U64 | Scalar::Usize | Scalar::Ulong => {
                ScalarKind::Unsigned
            }
            Scalar::F32 | Scalar::F64 => ScalarKind::Float,
            Scalar::C64 | Scalar::C128 => ScalarKind::Complex,
        }
    }

    /// The size in bytes on `platform`.
    pub const fn size(self, platform: Platform) -> u32 {
        match self {
            Scalar::Bool | Scalar::I8 | Scalar::U8 => 1,
            Scalar::I16 | Scalar::U16 => 2,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => 4,
            Scalar::I64 | Scalar::U64 | Scalar::Usize | Scalar::F64 | Scalar::C64 => 8,
            Scalar::Long | Scalar::Ulong => platform.long_bits() / 8,
            Scalar::C128 => 16,
        }
    }

    /// The alignment in bytes on `platform`: that of one part for the complex types.
    pub const fn align(self, platform: Platform) -> u32 {
        match self {
            Scalar::C64 | Scalar::C128 => self.size(platform) / 2,
            _ => self.size(platform),
        }
    }

    /// Whether a dimension can have this type.
    pub const fn is_integer(self) -> bool {
        matches!(self.kind(), ScalarKind::Signed | ScalarKind::Unsigned)
    }
}

/// The extent of one axis: an expression over integer parameters (spec §7.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Dim {
    /// A literal.
    Const(u64),
    /// The parameter with this index.
    Param(usize),
    /// A sum.
    Add(Box<Dim>, Box<Dim>),
    /// A difference.
    Sub(Box<Dim>, Box<Dim>),
    /// A product.
    Mul(Box<Dim>, Box<Dim>),
}

/// How the elements of an array lie in memory (spec §7.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Layout {
    /// C order, contiguous: the last index varies fastest.
    C,
    /// Fortran order, contiguous: the first index varies fastest (`; order=F`).
    F,
    /// One axis; the distance of its elements, in elements, is passed in this parameter (`; stride=s`).
    Strided(usize),
}

/// An array parameter; C sees a pointer to its first element (spec §7.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Array {
    /// The type of an element.
    pub element: Scalar,
    /// The extent of each axis; empty for an `out` scalar (`mean: out f64`), which C sees as a pointer to one element.
    pub dims: Vec<Dim>,
    /// The order in memory.
    pub layout: Layout,
    /// Whether None may stand for it; C then sees a null pointer (`| None`).
    pub optional: bool,
}

/// The type of a parameter.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// Passed by value. Never complex.
    Scalar(Scalar),
    /// An address of unknown extent (`ptr`); offered only with `--unsafe-pointers`.
    Ptr,
    /// A pointer to the first element of an array whose shape is checked.
    Array(Array),
}

/// What the function does with a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// Reads it.
    In,
    /// Reads and writes the array.
    InOut,
    /// Writes the array, which is allocated for the caller and returned.
    Out,
}

/// The default of a parameter (spec §7.5). Floats are kept as bits so that signatures compare exactly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Default {
    /// `True` or `False`.
    Bool(bool),
    /// An integer, also for a float parameter.
    Int(i128),
    /// The bits of a binary64.
    Float(u64),
    /// `None`, for an optional array.
    None,
}

/// A parameter.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Param {
    /// The name, also for keyword arguments.
    pub name: String,
    /// In, inout or out.
    pub mode: Mode,
    /// The type.
    pub ty: Type,
    /// The value when the caller gives none.
    pub default: Option<Default>,
}

/// What a function returns.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Return {
    /// Nothing.
    Void,
    /// A scalar, never complex.
    Scalar(Scalar),
    /// An address.
    Ptr,
    /// A C `int` that is 0 on success (`status`); anything else raises.
    Status,
}

/// A typed signature (spec §7). Parameters are those of the C function, in its order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Signature {
    /// The name that Python sees.
    pub name: String,
    /// The parameters of the C function, in order.
    pub params: Vec<Param>,
    /// The result.
    pub ret: Return,
}

/// The argument of `--export`: a signature, and the symbol where it differs from the name (`add = add_f64(x: f64) -> f64`),
/// or a name alone, whose signature is to be derived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExportSpec {
    /// The name that Python sees.
    pub name: String,
    /// The symbol in the IR.
    pub symbol: String,
    /// The signature, if one was written.
    pub signature: Option<Signature>,
}

impl Array {
    /// Whether this is an `out` scalar: one element, which Python gets as a number.
    pub fn is_scalar_out(&self) -> bool {
        self.dims.is_empty()
    }
}

impl Signature {
    /// Parses the text of a signature and checks the rules of spec §7.6.
    pub fn parse(text: &str) -> Result<Signature> {
        parse::signature(text)
    }

    /// Whether the parameter with this index is hidden from Python, because an array that is not `out` has it as the whole
    /// extent of an axis, or as its stride (spec §7.4).
    pub fn is_hidden(&self, index: usize) -> bool {
        self.params.iter().any(|param| match &param.ty {
            // An optional array may be absent, and then determines nothing.
            Type::Array(array) if param.mode != Mode::Out && !array.optional => {
                array.layout == Layout::Strided(index) || array.dims.contains(&Dim::Param(index))
            }
            _ => false,
        })
    }

    /// Whether some parameter is an array, `out` scalars aside.
    pub fn has_arrays(&self) -> bool {
        self.params.iter().any(|param| matches!(&param.ty, Type::Array(array) if !array.is_scalar_out()))
    }

    /// The parameters that Python passes by position, each with its index: neither hidden nor `out`.
    pub fn positional(&self) -> impl Iterator<Item = (usize, &Param)> {
        let params = self.params.iter().enumerate();
        params.filter(|(index, param)| param.mode != Mode::Out && !self.is_hidden(*index))
    }

    /// The `out` parameters, each with its index: what a call returns behind the result. Arrays may be passed by keyword.
    pub fn outputs(&self) -> impl Iterator<Item = (usize, &Param)> {
        self.params.iter().enumerate().filter(|(_, param)| param.mode == Mode::Out)
    }

    /// Whether some parameter or the result is a bare address.
    pub fn has_pointers(&self) -> bool {
        self.ret == Return::Ptr || self.params.iter().any(|param| param.ty == Type::Ptr)
    }
}

impl ExportSpec {
    /// Parses the argument of `--export`.
    pub fn parse(text: &str) -> Result<ExportSpec> {
        parse::export(text)
    }
}
