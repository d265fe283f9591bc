//! `__cpu_model` and `__cpu_features2` as libgcc and compiler-rt lay them out, for code that asks `__builtin_cpu_supports`.

mod bits;
mod names;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use crate::cpu::x86::Leaves;

/// The two variables in memory: words of 32 bits, little-endian.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CpuModel {
    /// `__cpu_model`: vendor, type, subtype, features 0 to 31.
    pub model: [u8; 16],
    /// `__cpu_features2`: features 32 to 127.
    pub features2: [u8; 12],
}

impl CpuModel {
    /// What these answers of the processor amount to.
    pub fn new(leaves: &Leaves) -> CpuModel {
        let features = bits::features(leaves);
        let (vendor, kind, subtype) = names::identify(leaves);
        let mut model = CpuModel { model: [0; 16], features2: [0; 12] };
        let words = [vendor, kind, subtype, features as u32];
        for (to, word) in model.model.chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        model.features2.copy_from_slice(&features.to_le_bytes()[4..]);
        model
    }
}

/// Those of this host. On a processor of another architecture every answer is no.
pub(crate) fn host() -> &'static CpuModel {
    static MODEL: OnceLock<CpuModel> = OnceLock::new();
    MODEL.get_or_init(|| CpuModel::new(&answers()))
}

#[cfg(target_arch = "x86_64")]
fn answers() -> Leaves {
    crate::cpu::cpuid::all_leaves()
}

#[cfg(not(target_arch = "x86_64"))]
fn answers() -> Leaves {
    Leaves::default()
}
