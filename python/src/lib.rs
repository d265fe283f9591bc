//! `pixie._core`: loads fat modules and calls their functions from Python. Knows the container and the linker, no LLVM.

mod bitcode;
mod call;
mod ctypes;
mod errors;
mod export;
mod fuse;
mod home;
mod host;
mod inspect;
mod jit;
mod loader;
mod module;
mod once;
mod plan;
mod travel;
mod typed;
mod ufunc;
mod upstream;
mod variants;

use pyo3::prelude::*;

/// Which functions lie together; cargo links again when it changes.
const _: &str = include_str!("../order.ld");

/// Bytes of heap that are touched when pixie is imported: what the first module takes, and below the size from which glibc gives
/// memory back.
const WARM_HEAP: usize = 48 << 10;

/// The native half of the package `pixie`.
#[pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::export::{Export, info};
    #[pymodule_export]
    use super::fuse::fuse;
    #[pymodule_export]
    use super::host::{Host, host};
    #[pymodule_export]
    use super::loader::{Loader, load, load_into};
    #[pymodule_export]
    use super::module::FatModule;
    #[pymodule_export]
    use super::travel::{portable, restore, restore_about};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::only_interpreter()?;
        super::home::settle(module)?;
        // What every module needs is asked for once, here: under a hypervisor each question to the processor costs some
        // microseconds, the loader, BLAKE3 and the standard library ask thirty, and a module's own import should cost what its own code costs. On a system
        // that pixie does not know, loading says so.
        pixie_ld::Host::detect().ok();
        pixie_format::Hash::of(&[]);
        #[cfg(target_arch = "x86_64")]
        let _ = std::arch::is_x86_feature_detected!("avx2");
        // A fresh page of the heap costs 4 us on a virtual machine, and every module needs some to be read into and linked from.
        // The allocator keeps what is freed, so these serve them all.
        drop(std::hint::black_box(vec![1_u8; super::WARM_HEAP]));
        // PyO3 makes names of its own once, for messages that name a type; a fork must not find them half made (`once.rs`).
        module.py().get_type::<FatModule>().fully_qualified_name()?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

/// Refuses a second interpreter of the process: types and interned names belong to the first, and a module that is initialised in
/// phases is not stopped by PyO3 itself.
fn only_interpreter() -> PyResult<()> {
    use std::sync::atomic::{AtomicI64, Ordering};
    static FIRST: AtomicI64 = AtomicI64::new(-1);
    // SAFETY: a module is initialised with the lock held, in an interpreter.
    let id = unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) };
    match FIRST.compare_exchange(-1, id, Ordering::Relaxed, Ordering::Relaxed) {
        Err(first) if first != id => Err(pyo3::exceptions::PyImportError::new_err(
            "pixie runs in one interpreter of a process, and another one has imported it\nhint: subinterpreters are not supported yet; use processes",
        )),
        _ => Ok(()),
    }
}
