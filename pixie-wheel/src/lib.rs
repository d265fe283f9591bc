//! Python wheels and source distributions around fat modules: what stands in `pyproject.toml`, the metadata of a distribution, and archives
//! whose bytes depend on nothing but the project.
//!
//! Knows neither LLVM nor Python. Whoever builds modules gives their bytes.

mod archive;
mod error;
mod keys;
mod metadata;
mod module;
mod names;
mod package;
mod project;
mod shim;
mod standalone;
mod wheel;

pub use archive::{Member, recorded};
pub use error::{Error, Result};
pub use module::ModuleConfig;
pub use names::normalized;
pub use project::Project;
pub use standalone::Runtime;
pub use wheel::{Archive, Built, Kind, in_place, metadata_folder, sdist, wheel};
