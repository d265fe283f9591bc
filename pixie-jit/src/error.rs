//! Everything that can be wrong with input IR, a signature or a compilation, with what was found and what helps.

use pixie_format::Platform;
use serde::{Deserialize, Serialize};

use crate::wire;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error about input, a signature or a compilation. It crosses the border of a compile worker, so it holds plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// LLVM cannot read the input.
    #[error("`{file}` is not valid LLVM {kind}: {message}")]
    Parse {
        /// The input's name.
        file: String,
        /// `IR` or `bitcode`.
        kind: String,
        /// LLVM's own words, with line and column for text.
        message: String,
    },
    /// A typed pointer in text of LLVM 14 or older whose meaning cannot be told.
    #[error("`{file}` line {line}: `{text}`: {what}\nhint: {}", crate::typed_pointers::HINT)]
    TypedPointer {
        /// The input's name.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The line's text.
        text: String,
        /// What is not clear.
        what: String,
    },
    /// The input reads well but breaks a rule of the IR.
    #[error("`{file}` breaks a rule of LLVM IR: {message}")]
    Verify {
        /// The input's name.
        file: String,
        /// LLVM's own words.
        message: String,
    },
    /// Two inputs do not fit together.
    #[error("`{file}` cannot be linked with the inputs before it: {message}")]
    Link {
        /// The later input.
        file: String,
        /// LLVM's own words.
        message: String,
    },
    /// A fused function that would have variables of its own.
    #[error(
        "`{function}` writes the variable {globals}, which would be another one than its module's\nhint: pass the state in as an argument"
    )]
    State {
        /// The function.
        function: String,
        /// The variables.
        globals: String,
    },
    /// A function that is called through a pointer as if it were of another type.
    #[error(
        "`{function}` calls `{name}` as `{expected}`, but it is `{found}`\nhint: the pointer's type in the source must be that of the function"
    )]
    CalledAs {
        /// The function that is made.
        function: String,
        /// What it calls.
        name: String,
        /// The type that the function has, as LLVM writes it.
        found: String,
        /// The type that it is called as.
        expected: String,
    },
    /// Stored bitcode that was not made for the platform that a manifest names.
    #[error(
        "the bitcode for {platform} was made for {what} `{found}`; expected `{expected}`\nhint: the module is no work of pixie's; build it again"
    )]
    Foreign {
        /// The platform.
        #[serde(with = "wire::platform")]
        platform: Platform,
        /// `the triple` or `the data layout`.
        what: String,
        /// The bitcode's.
        found: String,
        /// The platform's.
        expected: String,
    },
    /// No such processor.
    #[error("there is no processor `{name}` for {platform}\nhint: did you mean one of {nearest}?")]
    UnknownProcessor {
        /// The name.
        name: String,
        /// The platform.
        #[serde(with = "wire::platform")]
        platform: Platform,
        /// Names like it.
        nearest: String,
    },
    /// The input was made for another platform.
    #[error("`{file}` was compiled for `{triple}`, {serves}; asked for {platform}\nhint: {hint}")]
    WrongPlatform {
        /// The input's name.
        file: String,
        /// Its triple.
        triple: String,
        /// What that triple serves.
        serves: String,
        /// The platform asked for.
        #[serde(with = "wire::platform")]
        platform: Platform,
        /// What to do.
        hint: String,
    },
    /// The input holds something that cannot be compiled for the platform.
    #[error("`{file}`: {place}: {what}, which a module for {platform} may not have\nhint: {hint}")]
    Refused {
        /// The input's name.
        file: String,
        /// The platform.
        #[serde(with = "wire::platform")]
        platform: Platform,
        /// Function, global or instruction.
        place: String,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// A symbol that is to be exported is not there, or cannot be.
    #[error("`{symbol}` on {platform}: {what}\nhint: {hint}")]
    Symbol {
        /// The symbol in the IR.
        symbol: String,
        /// The platform.
        #[serde(with = "wire::platform")]
        platform: Platform,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// A function that is to be shown is not in the code.
    #[error("the code has no function `{symbol}`\nhint: {hint}")]
    NoFunction {
        /// The symbol asked for.
        symbol: String,
        /// What there is instead.
        hint: String,
    },
    /// A signature disagrees with the function, or cannot be derived.
    #[error("signature of `{symbol}` on {platform}: {what}\nhint: {hint}")]
    Signature {
        /// The symbol in the IR.
        symbol: String,
        /// The platform.
        #[serde(with = "wire::platform")]
        platform: Platform,
        /// The parameter, with both sides of the disagreement.
        what: String,
        /// What to do.
        hint: String,
    },
    /// LLVM refuses to compile, and says so in an orderly way.
    #[error("cannot compile for {platform}, {level}{}: {message}", .function.as_ref().map(|name| format!(", function `{name}`")).unwrap_or_default())]
    Compile {
        /// The platform.
        #[serde(with = "wire::platform")]
        platform: Platform,
        /// The ISA level.
        level: String,
        /// The function, where it could be found.
        function: Option<String>,
        /// LLVM's own words.
        message: String,
    },
    /// LLVM ended the process that was compiling.
    #[error("LLVM failed {task}{}: {message}\nhint: {hint}", .function.as_ref().map(|name| format!(", function `{name}`")).unwrap_or_default())]
    Fatal {
        /// What was being done: `compiling for linux-64, x86-64-v3`.
        task: String,
        /// The function that LLVM was working on, where it said so.
        function: Option<String>,
        /// LLVM's own words, or how the process ended.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A compile worker cannot be started or spoken to.
    #[error("compile worker: {message}")]
    Worker {
        /// The system's words.
        message: String,
    },
    /// LLVM does not do what this crate relies on. It is our bug.
    #[error("LLVM: {message}\nhint: this is a bug of pixie; please report it with the input")]
    Llvm {
        /// What went wrong.
        message: String,
    },
}

impl Error {
    /// The error of reading an input, with what helps on a line of its own.
    #[must_use]
    pub(crate) fn hinting(mut self, hint: &str) -> Error {
        if let Error::Parse { message, .. } | Error::Verify { message, .. } = &mut self {
            *message += "\nhint: ";
            *message += hint;
        }
        self
    }
}
