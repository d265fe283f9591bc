//! The canonical text of a signature (spec §7.1): what parses to an equal value, with one spelling.
//!
//! It is written without the formatting machinery, which took a tenth of the time to read a manifest.

use std::fmt;

use super::{Array, Default, Dim, Layout, Mode, Param, Return, Signature, Type};

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_to(&mut text);
        f.write_str(&text)
    }
}

impl Signature {
    /// Appends the canonical text.
    pub(crate) fn write_to(&self, text: &mut String) {
        text.push_str(&self.name);
        text.push('(');
        for (i, param) in self.params.iter().enumerate() {
            text.push_str(if i == 0 { "" } else { ", " });
            self.write_param(text, param);
        }
        text.push(')');
        match self.ret {
            Return::Void => {}
            Return::Scalar(scalar) => text.extend([" -> ", scalar.name()]),
            Return::Ptr => text.push_str(" -> ptr"),
            Return::Status => text.push_str(" -> status"),
        }
    }

    fn write_param(&self, text: &mut String, param: &Param) {
        text.extend([&param.name, ": ", param.mode.prefix()]);
        match &param.ty {
            Type::Scalar(scalar) => text.push_str(scalar.name()),
            Type::Ptr => text.push_str("ptr"),
            Type::Array(array) => self.write_array(text, array),
        }
        if let Some(default) = param.default {
            text.push_str(&format!(" = {default}"));
        }
    }

    /// The text of an array type, for example `f64[m, n]`, as messages and stubs show it.
    pub fn array_text(&self, array: &Array) -> String {
        let mut text = String::new();
        self.write_array(&mut text, array);
        text
    }

    fn write_array(&self, text: &mut String, array: &Array) {
        text.push_str(array.element.name());
        if array.is_scalar_out() {
            return;
        }
        text.push('[');
        for (i, dim) in array.dims.iter().enumerate() {
            text.push_str(if i == 0 { "" } else { ", " });
            self.write_dim(text, dim);
        }
        match array.layout {
            Layout::C => {}
            Layout::F => text.push_str("; order=F"),
            Layout::Strided(param) => text.extend(["; stride=", &self.params[param].name]),
        }
        text.push_str(if array.optional { "] | None" } else { "]" });
    }

    /// The text of an extent, for example `2*n+1`.
    pub fn dim_text(&self, dim: &Dim) -> String {
        let mut text = String::new();
        self.write_dim(&mut text, dim);
        text
    }

    fn write_dim(&self, text: &mut String, dim: &Dim) {
        let is_sum = |dim: &Dim| matches!(dim, Dim::Add(..) | Dim::Sub(..));
        let (a, operator, b) = match dim {
            Dim::Const(value) => return text.push_str(&value.to_string()),
            Dim::Param(index) => return text.push_str(&self.params[*index].name),
            Dim::Add(a, b) => (a, '+', b),
            Dim::Sub(a, b) => (a, '-', b),
            Dim::Mul(a, b) => (a, '*', b),
        };
        // Operators of one rank group from the left, so a right operand of the same rank needs parentheses.
        let product = operator == '*';
        self.write_operand(text, a, product && is_sum(a));
        text.push(operator);
        self.write_operand(text, b, is_sum(b) || product && matches!(**b, Dim::Mul(..)));
    }

    fn write_operand(&self, text: &mut String, dim: &Dim, grouped: bool) {
        text.push_str(if grouped { "(" } else { "" });
        self.write_dim(text, dim);
        text.push_str(if grouped { ")" } else { "" });
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
