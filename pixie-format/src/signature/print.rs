//! The canonical text of a signature (spec §7.1): what parses to an equal value, with one spelling.

use std::fmt;

use super::{Array, Default, Dim, Layout, Mode, Param, Return, Signature, Type};

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (i, param) in self.params.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            self.param(f, param)?;
        }
        f.write_str(")")?;
        match self.ret {
            Return::Void => Ok(()),
            Return::Scalar(scalar) => write!(f, " -> {}", scalar.name()),
            Return::Ptr => f.write_str(" -> ptr"),
            Return::Status => f.write_str(" -> status"),
        }
    }
}

impl Signature {
    /// Appends the canonical text.
    pub(crate) fn write_to(&self, text: &mut String) {
        use fmt::Write;
        // Writing to a string cannot fail.
        let _ = write!(text, "{self}");
    }

    fn param(&self, f: &mut fmt::Formatter<'_>, param: &Param) -> fmt::Result {
        write!(f, "{}: {}", param.name, param.mode.prefix())?;
        match &param.ty {
            Type::Scalar(scalar) => f.write_str(scalar.name())?,
            Type::Ptr => f.write_str("ptr")?,
            Type::Array(array) => f.write_str(&self.array_text(array))?,
        }
        match param.default {
            None => Ok(()),
            Some(default) => write!(f, " = {default}"),
        }
    }

    /// The text of an array type, for example `f64[m, n]`, as messages and stubs show it.
    pub fn array_text(&self, array: &Array) -> String {
        if array.is_scalar_out() {
            return array.element.name().to_owned();
        }
        let dims: Vec<String> = array.dims.iter().map(|dim| self.dim_text(dim)).collect();
        let layout = match array.layout {
            Layout::C => String::new(),
            Layout::F => "; order=F".to_owned(),
            Layout::Strided(param) => format!("; stride={}", self.params[param].name),
        };
        let optional = if array.optional { " | None" } else { "" };
        format!("{}[{}{layout}]{optional}", array.element.name(), dims.join(", "))
    }

    /// The text of an extent, for example `2*n+1`.
    pub fn dim_text(&self, dim: &Dim) -> String {
        match dim {
            Dim::Const(value) => value.to_string(),
            Dim::Param(index) => self.params[*index].name.clone(),
            Dim::Add(a, b) => format!("{}+{}", self.dim_text(a), self.grouped(b)),
            Dim::Sub(a, b) => format!("{}-{}", self.dim_text(a), self.grouped(b)),
            Dim::Mul(a, b) => {
                let left = match **a {
                    Dim::Add(..) | Dim::Sub(..) => format!("({})", self.dim_text(a)),
                    _ => self.dim_text(a),
                };
                let right = match **b {
                    Dim::Mul(..) => format!("({})", self.dim_text(b)),
                    _ => self.grouped(b),
                };
                format!("{left}*{right}")
            }
        }
    }

    /// A right operand: sums need parentheses there, products only under a product.
    fn grouped(&self, dim: &Dim) -> String {
        match dim {
            Dim::Add(..) | Dim::Sub(..) => format!("({})", self.dim_text(dim)),
            _ => self.dim_text(dim),
        }
    }
}

impl Mode {
    /// The word before the type, with its space.
    pub const fn prefix(self) -> &'static str {
        match self {
            Mode::In => "",
            Mode::InOut => "inout ",
            Mode::Out => "out ",
        }
    }
}

impl fmt::Display for Default {
    /// Python's own spelling, but for `inf` and `nan`, which Python has no literals for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Default::Bool(value) => f.write_str(if *value { "True" } else { "False" }),
            Default::Int(value) => value.fmt(f),
            Default::Float(bits) if f64::from_bits(*bits).is_nan() => f.write_str("nan"),
            Default::Float(bits) => write!(f, "{:?}", f64::from_bits(*bits)),
            Default::None => f.write_str("None"),
        }
    }
}
