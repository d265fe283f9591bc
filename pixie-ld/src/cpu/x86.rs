//! From the answers of `cpuid` and `xgetbv` to features (Intel SDM vol. 2A CPUID, vol. 1 §13.3; AMD APM vol. 3 appendix E).

use pixie_format::{Feature, FeatureSet};

/// The answers, as the processor gave them; zero where it has no such leaf.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Leaves {
    /// The vendor, 12 bytes of leaf 0.
    pub vendor: [u8; 12],
    /// Leaf 1: eax, ebx, ecx, edx.
    pub leaf1: [u32; 4],
    /// Leaf 7, subleaf 0.
    pub leaf7: [u32; 4],
    /// Leaf 7, subleaf 1.
    pub leaf7_1: [u32; 4],
    /// Leaf 0xd, subleaf 1.
    pub leaf_d1: [u32; 4],
    /// Leaf 0x14, subleaf 0.
    pub leaf14: [u32; 4],
    /// Leaf 0x19.
    pub leaf19: [u32; 4],
    /// Leaf 0x1e, subleaf 1.
    pub leaf1e_1: [u32; 4],
    /// Leaf 0x24.
    pub leaf24: [u32; 4],
    /// Leaf 0x80000001.
    pub extended1: [u32; 4],
    /// Leaf 0x80000008.
    pub extended8: [u32; 4],
    /// The name: the registers of leaves 0x80000002 to 0x80000004 in order.
    pub brand: [u32; 12],
    /// Extended control register 0: which register state the operating system saves. Zero where it may not be read.
    pub xcr0: u64,
}

/// A bit of an answer: the register's letter, the leaf, and the bit's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bit {
    /// Leaf 1, ecx.
    C1(u32),
    /// Leaf 1, edx.
    D1(u32),
    /// Leaf 7, ebx.
    B7(u32),
    /// Leaf 7, ecx.
    C7(u32),
    /// Leaf 7, edx.
    D7(u32),
    /// Leaf 7, subleaf 1, eax.
    A71(u32),
    /// Leaf 7, subleaf 1, edx.
    D71(u32),
    /// Leaf 0xd, subleaf 1, eax.
    AD1(u32),
    /// Leaf 0x14, ebx.
    B14(u32),
    /// Leaf 0x19, ebx.
    B19(u32),
    /// Leaf 0x1e, subleaf 1, eax.
    A1E(u32),
    /// Leaf 0x80000001, ecx.
    CX(u32),
    /// Leaf 0x80000001, edx.
    DX(u32),
    /// Leaf 0x80000008, ebx.
    B88(u32),
}

/// Register state that must be enabled for a feature to work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// None beyond SSE's, which every 64-bit system saves.
    Plain,
    /// The operating system has turned on xsave at all.
    Xsave,
    /// ymm: bits 1 and 2.
    Avx,
    /// zmm and masks: bits 5 to 7 as well.
    Avx512,
    /// Tiles: bits 17 and 18.
    Amx,
    /// The sixteen additional general registers: bit 19.
    Apx,
}

/// Each x86-64 feature of spec §6.2, the bit that tells, and the state it needs.
const FEATURES: &[(Feature, Bit, State)] = &[
    (Feature::Cx16, Bit::C1(13), State::Plain),
    (Feature::Sahf, Bit::CX(0), State::Plain),
    (Feature::Popcnt, Bit::C1(23), State::Plain),
    (Feature::Sse3, Bit::C1(0), State::Plain),
    (Feature::Ssse3, Bit::C1(9), State::Plain),
    (Feature::Sse41, Bit::C1(19), State::Plain),
    (Feature::Sse42, Bit::C1(20), State::Plain),
    (Feature::Avx, Bit::C1(28), State::Avx),
    (Feature::Avx2, Bit::B7(5), State::Avx),
    (Feature::Bmi, Bit::B7(3), State::Plain),
    (Feature::Bmi2, Bit::B7(8), State::Plain),
    (Feature::F16c, Bit::C1(29), State::Avx),
    (Feature::Fma, Bit::C1(12), State::Avx),
    (Feature::Lzcnt, Bit::CX(5), State::Plain),
    (Feature::Movbe, Bit::C1(22), State::Plain),
    // Bit 26 says that the processor can, 27 (OSXSAVE) that the system has turned it on.
    (Feature::Xsave, Bit::C1(27), State::Xsave),
    (Feature::Avx512f, Bit::B7(16), State::Avx512),
    (Feature::Avx512bw, Bit::B7(30), State::Avx512),
    (Feature::Avx512cd, Bit::B7(28), State::Avx512),
    (Feature::Avx512dq, Bit::B7(17), State::Avx512),
    (Feature::Avx512vl, Bit::B7(31), State::Avx512),
    (Feature::Avx512ifma, Bit::B7(21), State::Avx512),
    (Feature::Avx512vbmi, Bit::C7(1), State::Avx512),
    (Feature::Avx512vbmi2, Bit::C7(6), State::Avx512),
    (Feature::Avx512vnni, Bit::C7(11), State::Avx512),
    (Feature::Avx512bitalg, Bit::C7(12), State::Avx512),
    (Feature::Avx512vpopcntdq, Bit::C7(14), State::Avx512),
    (Feature::Avx512bf16, Bit::A71(5), State::Avx512),
    (Feature::Avx512fp16, Bit::D7(23), State::Avx512),
    (Feature::Avxvnni, Bit::A71(4), State::Avx),
    (Feature::Gfni, Bit::C7(8), State::Plain),
];

impl Leaves {
    /// Whether the processor has what the bit stands for.
    pub(crate) fn has(&self, bit: Bit) -> bool {
        let (register, at) = match bit {
            Bit::C1(at) => (self.leaf1[2], at),
            Bit::D1(at) => (self.leaf1[3], at),
            Bit::B7(at) => (self.leaf7[1], at),
            Bit::C7(at) => (self.leaf7[2], at),
            Bit::D7(at) => (self.leaf7[3], at),
            Bit::A71(at) => (self.leaf7_1[0], at),
            Bit::D71(at) => (self.leaf7_1[3], at),
            Bit::AD1(at) => (self.leaf_d1[0], at),
            Bit::B14(at) => (self.leaf14[1], at),
            Bit::B19(at) => (self.leaf19[1], at),
            Bit::A1E(at) => (self.leaf1e_1[0], at),
            Bit::CX(at) => (self.extended1[2], at),
            Bit::DX(at) => (self.extended1[3], at),
            Bit::B88(at) => (self.extended8[1], at),
        };
        register >> at & 1 == 1
    }

    /// Whether the operating system saves this state.
    pub(crate) fn enabled(&self, state: State) -> bool {
        let osxsave = self.leaf1[2] >> 27 & 1 == 1;
        let saved = |mask: u64| osxsave && self.xcr0 & mask == mask;
        match state {
            State::Plain => true,
            State::Xsave => osxsave,
            State::Avx => saved(0b110),
            State::Avx512 => saved(0b1110_0110),
            State::Amx => saved(0b11 << 17),
            State::Apx => saved(1 << 19),
        }
    }

    /// The features that work.
    pub fn features(&self) -> FeatureSet {
        let mut set = FeatureSet::default();
        for (feature, bit, state) in FEATURES {
            if self.has(*bit) && self.enabled(*state) {
                set.insert(*feature);
            }
        }
        set
    }

    /// Vendor, family and model (leaf 1, eax, without the stepping).
    pub fn model(&self) -> String {
        let mut model = String::from_utf8_lossy(&self.vendor).trim_end_matches('\0').to_owned();
        model.push(' ');
        // `format!` is code that an import has not run yet.
        model
            .extend((1..8).rev().filter_map(|digit| char::from_digit(self.leaf1[0] >> (4 * digit) & 15, 16)));
        model
    }

    /// The processor's name, or its vendor where it gives none.
    pub fn name(&self) -> String {
        let clean = |bytes: &[u8]| {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
        };
        let name = clean(&self.brand.map(u32::to_le_bytes).concat());
        if name.is_empty() { clean(&self.vendor) } else { name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A processor that has everything, under a system that saves `xcr0`.
    fn with(osxsave: bool, xcr0: u64) -> FeatureSet {
        let all = [u32::MAX; 4];
        let mut leaf1 = all;
        if !osxsave {
            leaf1[2] &= !(1 << 27);
        }
        Leaves { leaf1, leaf7: all, extended1: all, xcr0, ..Leaves::default() }.features()
    }

    fn level(name: &str) -> FeatureSet {
        pixie_format::Platform::Linux64.level(name).unwrap().features
    }

    #[test]
    fn the_operating_system_counts() {
        let cases = [
            // No xsave at all: whatever the register would say, nothing wider than SSE.
            (false, 0xe7, "x86-64-v2", Feature::Avx),
            // SSE state alone.
            (true, 0b011, "x86-64-v2", Feature::Avx),
            // ymm without SSE is no valid state.
            (true, 0b101, "x86-64-v2", Feature::Avx2),
            (true, 0b111, "x86-64-v3", Feature::Avx512f),
            // Masks without the upper halves of zmm, and the other way round.
            (true, 0b0010_0111, "x86-64-v3", Feature::Avx512f),
            (true, 0b1100_0111, "x86-64-v3", Feature::Avx512bw),
        ];
        for (osxsave, xcr0, has, lacks) in cases {
            let features = with(osxsave, xcr0);
            assert!(features.contains_all(level(has)), "{osxsave} {xcr0:#b}: {features}");
            assert!(!features.contains(lacks), "{osxsave} {xcr0:#b}: {features}");
        }
        assert!(with(true, 0b1110_0111).contains_all(level("x86-64-v4")));
        assert!(!with(false, 0).contains(Feature::Xsave));
    }

    #[test]
    fn each_bit_is_one_feature() {
        for (feature, bit, _) in FEATURES {
            let mut leaves = Leaves { xcr0: u64::MAX, ..Leaves::default() };
            match bit {
                Bit::C1(at) => leaves.leaf1[2] |= 1 << at,
                Bit::B7(at) => leaves.leaf7[1] |= 1 << at,
                Bit::CX(at) => leaves.extended1[2] |= 1 << at,
                Bit::C7(at) => leaves.leaf7[2] |= 1 << at,
                Bit::D7(at) => leaves.leaf7[3] |= 1 << at,
                Bit::A71(at) => leaves.leaf7_1[0] |= 1 << at,
                other => panic!("{other:?} tells of no level's feature"),
            }
            // Without OSXSAVE the wide ones stay off, so turn it on and look at what was added.
            let before = Leaves { leaf1: [0, 0, 1 << 27, 0], xcr0: u64::MAX, ..Leaves::default() }.features();
            leaves.leaf1[2] |= 1 << 27;
            let added: Vec<Feature> = leaves.features().difference(before).iter().collect();
            let expected: &[Feature] = if *feature == Feature::Xsave { &[] } else { &[*feature] };
            assert_eq!(added, expected);
        }
    }

    #[test]
    fn names_fall_back_to_the_vendor() {
        let mut leaves = Leaves { vendor: *b"GenuineIntel", ..Leaves::default() };
        assert_eq!(leaves.name(), "GenuineIntel");
        leaves.brand[0] = u32::from_le_bytes(*b"  Ab");
        assert_eq!(leaves.name(), "Ab");
    }
}
