//! What can be wrong with a project.

use std::io;
use std::path::PathBuf;

/// Why there is no wheel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `pyproject.toml` is no TOML.
    #[error("`{}` is not valid TOML: {message}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What the parser says, with the line.
        message: String,
    },
    /// A key of `pyproject.toml` is missing, unknown, or has a wrong value.
    #[error("`{}`: {key}: {what}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The key with its tables, as `tool.pixie.sources`.
        key: String,
        /// What is wrong with it, hints included.
        what: String,
    },
    /// A file that the project names, or that stands in the way.
    #[error("`{}`: {what}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, hints included.
        what: String,
    },
    /// Something about the project as a whole.
    #[error("{0}")]
    Project(String),
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An archive cannot be made.
    #[error("cannot make the archive")]
    Archive(#[from] io::Error),
}

/// Of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl From<zip::result::ZipError> for Error {
    fn from(error: zip::result::ZipError) -> Error {
        Error::Archive(error.into())
    }
}

/// The system's words without Rust's number.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}
