//! From Linux's hardware capability words to features (Linux, Documentation/arch/arm64/elf_hwcaps.rst).

use pixie_format::{Feature, FeatureSet};

/// Each AArch64 feature with the bits of `AT_HWCAP` and of `AT_HWCAP2` that must all be set.
const FEATURES: &[(Feature, &[u32], &[u32])] = &[
    (Feature::Neon, &[1], &[]),
    (Feature::Crc, &[7], &[]),
    (Feature::Lse, &[8], &[]),
    (Feature::Rdm, &[12], &[]),
    // Scalar and vector halves.
    (Feature::Fullfp16, &[9, 10], &[]),
    (Feature::Dotprod, &[20], &[]),
    (Feature::Fp16fml, &[23], &[]),
    (Feature::Jsconv, &[13], &[]),
    (Feature::Complxnum, &[14], &[]),
    (Feature::Rcpc, &[15], &[]),
    // LLVM's `aes` includes the polynomial multiplication, `sha2` SHA-1, `sha3` SHA-512.
    (Feature::Aes, &[3, 4], &[]),
    (Feature::Sha2, &[5, 6], &[]),
    (Feature::Sha3, &[17, 21], &[]),
    (Feature::Bf16, &[], &[14]),
    (Feature::I8mm, &[], &[13]),
    (Feature::Sve, &[22], &[]),
    (Feature::Sve2, &[22], &[1]),
];

/// The features that the kernel reports.
pub fn features(hwcap: u64, hwcap2: u64) -> FeatureSet {
    let all = |word: u64, bits: &[u32]| bits.iter().all(|bit| word >> bit & 1 == 1);
    let mut set = FeatureSet::default();
    for (feature, first, second) in FEATURES {
        if all(hwcap, first) && all(hwcap2, second) {
            set.insert(*feature);
        }
    }
    set
}
