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

#[cfg(test)]
mod tests {
    use pixie_format::Platform;

    use super::*;

    #[test]
    fn levels_of_known_processors() {
        let best = |hwcap, hwcap2| {
            let features = features(hwcap, hwcap2);
            let fits = |level: &&pixie_format::IsaLevel| features.contains_all(level.features);
            Platform::LinuxAarch64.levels().iter().rfind(fits).map(|level| level.name)
        };
        let bits = |all: &[u32]| all.iter().fold(0u64, |word, bit| word | 1 << bit);
        let v8_2 = [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 20];
        let sve: Vec<u32> = v8_2.into_iter().chain([14, 15, 22]).collect();
        assert_eq!(best(0, 0), None);
        // Cortex-A53, Neoverse N1, A64FX (no dot products), Neoverse N2.
        assert_eq!(best(bits(&[0, 1, 3, 4, 5, 6, 7]), 0), Some("armv8-a"));
        assert_eq!(best(bits(&v8_2), 0), Some("armv8.2-a"));
        assert_eq!(best(bits(&sve) & !(1 << 20), 0), Some("sve"));
        assert_eq!(best(bits(&sve), 1 << 1), Some("sve2"));
        // SVE2 without SVE is a kernel that hides the registers.
        assert_eq!(best(bits(&v8_2), 1 << 1), Some("armv8.2-a"));
    }

    #[test]
    fn halves_do_not_make_a_feature() {
        assert!(!features(1 << 9, 0).contains(Feature::Fullfp16));
        assert!(!features(1 << 3, 0).contains(Feature::Aes));
        assert!(features(1 << 3 | 1 << 4, 0).contains(Feature::Aes));
    }
}
