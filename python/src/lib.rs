//! `pixie._core`: loads fat modules and calls their functions from Python. Knows the container and the linker, no LLVM.

mod call;
mod ctypes;
mod errors;
mod export;
mod host;
mod loader;
mod module;
mod plan;
mod upstream;

use pyo3::prelude::*;

/// The native half of the package `pixie`.
#[pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::export::{Export, info};
    #[pymodule_export]
    use super::host::{Host, host};
    #[pymodule_export]
    use super::loader::{Loader, load, restore};
    #[pymodule_export]
    use super::module::FatModule;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // What every module needs is asked for once, here: under a hypervisor each question to the processor costs some
        // microseconds, the loader and BLAKE3 ask thirty, and a module's own import should cost what its own code costs. On a system
        // that pixie does not know, loading says so.
        pixie_ld::Host::detect().ok();
        pixie_format::Hash::of(&[]);
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
