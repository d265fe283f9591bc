//! Which features a processor has and the operating system has enabled: pure decoding here, asking in `cpuid` and `sys`.

pub mod aarch64;
#[cfg(target_arch = "x86_64")]
pub(crate) mod cpuid;
pub mod model;
pub mod x86;
