//! What can go wrong between a module without code for this host and one that has it.

use std::path::PathBuf;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why nothing was compiled or nothing could be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The toolchain is not installed.
    #[error("{0}")]
    NoTool(String),
    /// The command cannot be started or asked.
    #[error("cannot run `{}`: {source}", .path.display())]
    Start {
        /// The command.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The command has refused or failed; the message is its own.
    #[error("{0}")]
    Compile(String),
    /// The caller has asked to stop.
    #[error("stopped")]
    Stopped,
    /// A cache folder that others can write to.
    #[error(
        "the cache folder `{}` is not used: {why}\nhint: make it yours alone (`chmod go-w`), or choose another one in PIXIE_CACHE_DIR",
        .path.display()
    )]
    Shared {
        /// The folder.
        path: PathBuf,
        /// Who may write.
        why: String,
    },
    /// A file or folder of the cache cannot be read or written.
    #[error("cannot {what} `{}`: {source}", .path.display())]
    File {
        /// What was to be done: `read`, `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is no place for a cache: no home folder and no variable that names one.
    #[error("there is no folder for the cache\nhint: name one in PIXIE_CACHE_DIR")]
    NoFolder,
    /// The module cannot be loaded.
    #[error(transparent)]
    Load(#[from] pixie_ld::Error),
}
