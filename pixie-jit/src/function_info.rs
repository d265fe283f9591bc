//! What is known of each function of a module: its lowered type, and its C type where debug metadata tells.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A function of a module.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FunctionInfo {
    /// The symbol in the IR.
    pub name: String,
    /// Whether it has a body here.
    pub defined: bool,
    /// Whether it is `static`, so that it cannot be exported.
    pub local: bool,
    /// LLVM's number of the calling convention; 0 is C.
    pub calling_convention: u32,
    /// Whether it takes variable arguments.
    pub variadic: bool,
    /// The parameters as lowered for the target.
    pub params: Vec<IrParam>,
    /// The result as lowered for the target.
    pub ret: IrType,
    /// The type in the source language, from debug metadata.
    pub debug: Option<DebugSignature>,
}

/// A parameter in the IR.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IrParam {
    /// Its type.
    pub ty: IrType,
    /// Whether it is `restrict` (`noalias`).
    pub restrict: bool,
    /// `byval` or `sret`, where memory stands for a struct.
    pub indirect: Option<String>,
    /// What the body does to the memory behind a pointer.
    pub access: Access,
}

/// What a function does to the memory that a pointer parameter points to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Access {
    /// It never writes there.
    Reads,
    /// A store of its own goes there.
    Writes,
    /// It may write there, or pass the pointer to code that does.
    #[default]
    Unknown,
}

/// A type of the IR, as far as a signature can name it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum IrType {
    /// `void`
    Void,
    /// An integer of so many bits.
    Int(u32),
    /// `float`
    Float,
    /// `double`
    Double,
    /// `ptr`
    Pointer,
    /// Anything else, as LLVM writes it.
    Other(String),
}

impl fmt::Display for IrType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IrType::Void => f.write_str("void"),
            IrType::Int(bits) => write!(f, "i{bits}"),
            IrType::Float => f.write_str("float"),
            IrType::Double => f.write_str("double"),
            IrType::Pointer => f.write_str("ptr"),
            IrType::Other(text) => f.write_str(text),
        }
    }
}

impl FunctionInfo {
    /// The lowered type, for example `double (ptr, i64)`.
    pub fn ir_type(&self) -> String {
        let mut params: Vec<String> = self.params.iter().map(|param| param.ty.to_string()).collect();
        if self.variadic {
            params.push("...".to_owned());
        }
        format!("{} ({})", self.ret, params.join(", "))
    }

    /// Where it is defined, `file:line`, from debug metadata.
    pub fn location(&self) -> Option<&str> {
        self.debug.as_ref().and_then(|debug| debug.location.as_deref())
    }
}

/// The type of a function as its author wrote it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DebugSignature {
    /// `file:line`.
    pub location: Option<String>,
    /// The parameters, with their names where the body keeps them.
    pub params: Vec<(Option<String>, CType)>,
    /// The result.
    pub ret: CType,
}

/// A C type, as far as a signature can name it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CType {
    /// `void`
    Void,
    /// `_Bool`
    Bool,
    /// An integer whose width is the same everywhere.
    Int {
        /// 8, 16, 32 or 64.
        bits: u32,
        /// Whether it is signed.
        signed: bool,
    },
    /// `long` or `unsigned long`
    Long {
        /// Whether it is signed.
        signed: bool,
    },
    /// `size_t`
    Usize,
    /// `float`
    Float,
    /// `double`
    Double,
    /// A pointer.
    Pointer {
        /// What it points to; an array of the source counts as its element.
        to: Box<CType>,
        /// Whether that is `const`.
        constant: bool,
    },
    /// `char`, which is signed on some platforms only.
    Char {
        /// Whether it is signed here.
        signed: bool,
    },
    /// A complex number.
    Complex {
        /// The bits of one part, 32 or 64.
        part_bits: u32,
    },
    /// `...`
    Variadic,
    /// What a signature has no word for, described.
    Other(String),
}

impl CType {
    /// A pointer to something that may be written.
    pub fn pointer_to(to: CType) -> CType {
        CType::Pointer { to: Box::new(to), constant: false }
    }

    /// A pointer to something that is `const`.
    pub fn pointer_to_const(to: CType) -> CType {
        CType::Pointer { to: Box::new(to), constant: true }
    }
}

impl fmt::Display for CType {
    /// The type as C has it, integers by their fixed-width names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CType::Void => f.write_str("void"),
            CType::Bool => f.write_str("bool"),
            CType::Int { bits, signed } => write!(f, "{}int{bits}_t", if *signed { "" } else { "u" }),
            CType::Long { signed: true } => f.write_str("long"),
            CType::Long { signed: false } => f.write_str("unsigned long"),
            CType::Usize => f.write_str("size_t"),
            CType::Float => f.write_str("float"),
            CType::Double => f.write_str("double"),
            CType::Char { .. } => f.write_str("char"),
            CType::Complex { part_bits: 32 } => f.write_str("float _Complex"),
            CType::Complex { .. } => f.write_str("double _Complex"),
            CType::Variadic => f.write_str("..."),
            CType::Other(name) => f.write_str(name),
            CType::Pointer { to, constant } => {
                let stars = if matches!(**to, CType::Pointer { .. }) { "*" } else { " *" };
                write!(f, "{}{to}{stars}", if *constant { "const " } else { "" })
            }
        }
    }
}
