//! Everything that can be wrong with a module, a name or a signature, with where, what was expected and what was found.

use crate::hash::Hash;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error about a module, a name or a signature. The caller adds the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first bytes are not those of a fat module (spec M1).
    #[error("not a fat module: the file begins with `{}`, expected `{}`{}", .found.escape_ascii(), crate::header::MAGIC.escape_ascii(), .hint)]
    Magic {
        /// The first bytes, at most eight.
        found: Vec<u8>,
        /// What probably happened, on a line of its own, or nothing.
        hint: &'static str,
    },
    /// The file is newer than this reader (spec M3).
    #[error("the module has format version {found_major}.{found_minor}, this reader knows {}.{} and later minors\nhint: install a newer version of pixie", crate::FORMAT_VERSION.0, crate::FORMAT_VERSION.1)]
    Version {
        /// Major version in the file.
        found_major: u16,
        /// Minor version in the file.
        found_minor: u16,
    },
    /// The module needs a feature of the format that this reader does not know (spec M15).
    #[error("the module (format {found_major}.{found_minor}) marks `{field}` as critical, which this reader of format {}.{} does not know\nhint: install a newer version of pixie", crate::FORMAT_VERSION.0, crate::FORMAT_VERSION.1)]
    Critical {
        /// The field's name.
        field: String,
        /// Major version in the file.
        found_major: u16,
        /// Minor version in the file.
        found_minor: u16,
    },
    /// A number or a run of bytes in the file is not what the format demands.
    #[error("{what} at offset {offset}: expected {expected}, found {found} (rule {rule})")]
    Field {
        /// The rule's number in the spec.
        rule: &'static str,
        /// What is wrong, in the spec's words.
        what: &'static str,
        /// Bytes from the start of the file.
        offset: u64,
        /// What the spec demands.
        expected: String,
        /// What the file holds.
        found: String,
    },
    /// The file has another length than its header says (spec M5).
    #[error(
        "the file has {found} bytes, its header says {expected}\nhint: the file was truncated or appended to; copy or build it again"
    )]
    Length {
        /// Bytes that the header states.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// A hash does not match (spec M2, M8, M34).
    #[error(
        "{what} at offset {offset}, {size} bytes, is damaged: its BLAKE3 hash is {found}, expected {expected}\nhint: copy or build the module again"
    )]
    Damaged {
        /// The rule's number in the spec.
        rule: &'static str,
        /// The header, the manifest, or a blob with its role.
        what: String,
        /// Bytes from the start of the file.
        offset: u64,
        /// Length in bytes.
        size: u64,
        /// The hash on record.
        expected: Hash,
        /// The hash of the bytes that are there.
        found: Hash,
    },
    /// The manifest is not deterministic CBOR (spec §4.1).
    #[error("manifest byte {offset}: {what} (rule {rule})")]
    Cbor {
        /// The rule's number in the spec.
        rule: &'static str,
        /// Bytes from the start of the manifest.
        offset: usize,
        /// What is wrong.
        what: String,
    },
    /// The manifest's content breaks a rule (spec §5).
    #[error("manifest: {path} breaks rule {rule}: {what}")]
    Manifest {
        /// The rule's number in the spec.
        rule: &'static str,
        /// Where in the manifest, for example `exports[3].symbol`.
        path: String,
        /// Expected and found.
        what: String,
    },
    /// An image breaks the rules of its form (spec M35).
    #[error("image: {what} (rule M35)")]
    Image {
        /// Expected and found.
        what: String,
    },
    /// A blob was left out by `pixie thin` and is asked for.
    #[error(
        "{what} is not in this file, only its hash is: the module was thinned\nhint: take the full module, or merge the missing part"
    )]
    Absent {
        /// Which blob.
        what: String,
    },
    /// A signature does not parse or breaks a rule (spec §7).
    #[error("signature `{text}`, column {column}: {what}")]
    Signature {
        /// The text as given.
        text: String,
        /// Characters from the start, counted from 1.
        column: usize,
        /// Expected and found, with a hint where there is one.
        what: String,
    },
    /// A name of a fixed list is misspelt.
    #[error("unknown {what} `{found}`\nhint: expected {expected}")]
    UnknownName {
        /// The kind of name.
        what: &'static str,
        /// The name as given.
        found: String,
        /// The names there are.
        expected: String,
    },
}

impl Error {
    /// The number of the rule of the spec that the file breaks; none where the file is not at fault.
    pub fn rule(&self) -> Option<&'static str> {
        match self {
            Error::Magic { .. } => Some("M1"),
            Error::Version { .. } => Some("M3"),
            Error::Length { .. } => Some("M5"),
            Error::Critical { .. } => Some("M15"),
            Error::Image { .. } => Some("M35"),
            Error::Field { rule, .. }
            | Error::Damaged { rule, .. }
            | Error::Cbor { rule, .. }
            | Error::Manifest { rule, .. } => Some(rule),
            Error::Absent { .. } | Error::Signature { .. } | Error::UnknownName { .. } => None,
        }
    }
}

/// Renders "one of `a`, `b`".
pub(crate) fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("one of {}", names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
}
