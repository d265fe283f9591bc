//! Everything that can go wrong between a file and a callable function, with who, what was expected and what was found.

use std::path::PathBuf;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error about a module, an object or the host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be opened or read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The container is damaged, of another version, or no container at all.
    #[error("`{file}`: {source}")]
    Format {
        /// The file, or the name that the caller gave the bytes.
        file: String,
        /// What is wrong, with the offset.
        source: Box<pixie_format::Error>,
    },
    /// The file changed while it was read.
    #[error(
        "`{file}` changed while it was read\nhint: load it again; a file that is in use is replaced whole, by renaming"
    )]
    Changed {
        /// The file.
        file: String,
    },
    /// This system is none that pixie has objects for.
    #[error("pixie has no objects for this system ({system}); it knows {known}")]
    UnknownHost {
        /// Operating system and processor as Rust names them.
        system: &'static str,
        /// The platforms there are.
        known: String,
    },
    /// Objects of another platform cannot be executed here.
    #[error("objects of {platform} cannot run on {host}\nhint: {hint}")]
    Foreign {
        /// The platform that was asked for.
        platform: pixie_format::Platform,
        /// The platform of this process.
        host: pixie_format::Platform,
        /// What would work.
        hint: String,
    },
    /// The module has nothing for this platform.
    #[error(
        "`{module}` holds no objects for {platform}, only for {present}\nhint: build it again with `--platform {platform}`"
    )]
    NoPlatform {
        /// The module.
        module: String,
        /// The platform of this process.
        platform: pixie_format::Platform,
        /// The platforms there are.
        present: String,
    },
    /// The module was thinned to other platforms.
    #[error(
        "`{module}`: the objects for {platform} were thinned away, only those for {present} are in this file\nhint: take the full module, or the copy that was thinned to {platform}"
    )]
    Thinned {
        /// The module.
        module: String,
        /// The platform of this process.
        platform: String,
        /// The platforms whose objects are there.
        present: String,
    },
    /// No variant fits the processor.
    #[error(
        "no variant of `{module}` for {platform} runs on this processor, {host}\n{refusals}\nhint: build the module again with a lower `--isa {platform}=…`"
    )]
    NoVariant {
        /// The module.
        module: String,
        /// The platform.
        platform: String,
        /// The processor's name and features.
        host: String,
        /// One line for each variant: what it needs, what is missing.
        refusals: String,
    },
    /// A level was forced that the module does not have.
    #[error(
        "`{module}` has no variant `{forced}` for {platform}\nhint: expected one of {present}, or `baseline` for the first of them"
    )]
    UnknownIsa {
        /// The module.
        module: String,
        /// The platform.
        platform: String,
        /// The level asked for.
        forced: String,
        /// The levels there are.
        present: String,
    },
    /// A level was forced that the processor cannot run.
    #[error(
        "the variant `{forced}` of `{module}` needs {missing}, which this processor ({cpu}) lacks\nhint: {usable}"
    )]
    UnsupportedIsa {
        /// The module.
        module: String,
        /// The level asked for.
        forced: String,
        /// The features that are missing.
        missing: String,
        /// The processor's name.
        cpu: String,
        /// What can be forced instead.
        usable: String,
    },
    /// An object cannot be parsed or linked.
    #[error("{object}: {source}")]
    Link {
        /// Which object: file, platform and level.
        object: String,
        /// What is wrong.
        source: Box<LinkError>,
    },
    /// An export of the manifest has no symbol in the object.
    #[error(
        "{object}: the manifest's export `{export}` needs the {kind} `{symbol}`, which the object does not define\nhint: build the module again"
    )]
    MissingExport {
        /// Which object.
        object: String,
        /// The export's name.
        export: String,
        /// `function` or `thunk`.
        kind: &'static str,
        /// The symbol that is missing.
        symbol: String,
    },
    /// The operating system refused memory or a protection.
    #[error("{object}: cannot {what} (an image of {size} bytes): {source}\nhint: {hint}")]
    Memory {
        /// Which object.
        object: String,
        /// What was asked for.
        what: &'static str,
        /// Bytes.
        size: u64,
        /// What the operating system said.
        source: std::io::Error,
        /// What the user can do.
        hint: &'static str,
    },
    /// An environment variable has a value that means nothing.
    #[error("the variable `{variable}` is `{found}`\nhint: expected {expected}")]
    Variable {
        /// The variable.
        variable: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Modules cannot be thinned or merged as asked.
    #[error("{0}")]
    Rewrite(String),
    /// An object that was to be packed is refused.
    #[error("{origin}: {what}")]
    Refused {
        /// The object: where it came from, platform and level.
        origin: String,
        /// Why, with hints.
        what: String,
    },
}

/// Why an object cannot be linked: what, where, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The object breaks its format's rules.
    #[error("{place}: {what}")]
    Malformed {
        /// The section, symbol or table, and the offset.
        place: String,
        /// Expected and found.
        what: String,
    },
    /// The object is valid but uses something that is not supported.
    #[error("{place}: {what} is not supported{hint}")]
    Unsupported {
        /// The section or symbol.
        place: String,
        /// What it uses.
        what: String,
        /// A line that begins `hint:`, or nothing.
        hint: &'static str,
    },
    /// A relocation of a kind that this linker does not know.
    #[error(
        "section `{section}` offset {offset:#x}: unknown relocation {kind}\nhint: build the module again with a pixie of the same version as the runtime"
    )]
    UnknownRelocation {
        /// The section.
        section: String,
        /// Bytes from the start of the section.
        offset: u64,
        /// The relocation's name or number.
        kind: String,
    },
    /// A value does not fit the field that a relocation fills.
    #[error(
        "section `{section}` offset {offset:#x}: {kind} to `{symbol}` is out of reach: {} does not fit {bits} bits",
        signed_hex(*.value)
    )]
    Overflow {
        /// The section.
        section: String,
        /// Bytes from the start of the section.
        offset: u64,
        /// The relocation's name.
        kind: String,
        /// What it refers to.
        symbol: String,
        /// The value.
        value: i128,
        /// The width of the field.
        bits: u32,
    },
    /// The object needs a symbol that nobody provides.
    #[error("undefined symbol `{symbol}`, needed by {place}{hint}")]
    Undefined {
        /// The symbol.
        symbol: String,
        /// What refers to it: a section, or an image, which does not remember its sections.
        place: String,
        /// A line that begins `hint:`, or nothing.
        hint: String,
    },
    /// The image would be too large.
    #[error("{what} would take {size} bytes, more than the {limit} that pixie loads")]
    TooLarge {
        /// The section or the whole image.
        what: String,
        /// Bytes.
        size: u64,
        /// The bound.
        limit: u64,
    },
}

/// `-0x10` rather than the 32 digits of its complement.
fn signed_hex(value: i128) -> String {
    format!("{}{:#x}", if value < 0 { "-" } else { "" }, value.unsigned_abs())
}
